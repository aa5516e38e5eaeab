//! What lies where the daemon lives, looked at before it is used: others must not be able to change it, nor to read what
//! is secret, and a link must not lead elsewhere. Each refusal is one line that mends it.

use std::{
    fs::{File, Metadata},
    io::{ErrorKind, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{Boot, LifeError, error::file};
use crate::secret::{
    OTHERS, OTHERS_WRITE, UnsafeFile, is_trusted, own_uid, private_folder, quoted, refuse_replaceable,
    refuse_unsafe,
};

/// Makes the state directory if there is none, and looks at it: another may have made it meanwhile.
pub(super) fn make_state_directory(state: &Path) -> Result<(), LifeError> {
    private_folder(state).map_err(file("the state directory", state, "made"))?;
    state_directory(state)
}

/// Refuses a state directory that is somebody else's, or that others can write to. What it lies in is not looked at: where
/// a volume is mounted that is often open, and nobody else is there.
pub(super) fn state_directory(state: &Path) -> Result<(), LifeError> {
    let found = match std::fs::metadata(state) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found.map_err(file("the state directory", state, "read"))?,
    };
    if found.uid() != own_uid() {
        return Err(elsewhere("the state directory", state, &found));
    }
    if found.mode() & OTHERS_WRITE != 0 {
        return Err(LifeError::OpenState(state.to_owned()));
    }
    Ok(())
}

/// Refuses a database and its companions that are links, somebody else's, or open to others.
pub(super) fn files(boot: &Boot, database: &Path) -> Result<(), LifeError> {
    in_a_shut_folder("the database", database)?;
    for suffix in ["", "-wal", "-shm", ".migrate", ".use", crate::control::READY] {
        private("the database", &crate::store::beside(database, suffix))?;
    }
    private("the lock", &boot.place.lock_file())
}

/// Refuses a file that is a link or no file, somebody else's, or open to others. One that is not there is well.
fn private(what: &'static str, path: &Path) -> Result<(), LifeError> {
    let found = match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        found => found.map_err(file(what, path, "read"))?,
    };
    refuse_unsafe(path, &found, OTHERS).map_err(|flaw| unsafe_file(what, path, flaw.to_string()))
}

/// Reads a text that others than its owner, or others than root and ourselves, must not be able to change. A link is
/// followed, and what it leads to counts as well as where it lies; what is looked at is what is read.
pub(super) fn trusted_text(what: &'static str, path: &Path) -> Result<String, LifeError> {
    let mut opened = File::open(path).map_err(file(what, path, "read"))?;
    let found = opened.metadata().map_err(file(what, path, "read"))?;
    if found.mode() & OTHERS_WRITE != 0 {
        let flaw = UnsafeFile::Written { file: quoted(path).into_owned() };
        return Err(unsafe_file(what, path, flaw.to_string()));
    }
    if !is_trusted(found.uid()) {
        return Err(elsewhere(what, path, &found));
    }
    in_a_shut_folder(what, path)?;
    // A pipe leads nowhere.
    if let Ok(target) = std::fs::canonicalize(path) {
        in_a_shut_folder(what, &target)?;
    }
    let mut text = String::new();
    opened.read_to_string(&mut text).map_err(file(what, path, "read"))?;
    Ok(text)
}

/// Refuses what lies where others can put something else in its place.
fn in_a_shut_folder(what: &'static str, path: &Path) -> Result<(), LifeError> {
    refuse_replaceable(path).map_err(|open| unsafe_file(what, path, open.to_string()))
}

fn elsewhere(what: &'static str, path: &Path, found: &Metadata) -> LifeError {
    let flaw = UnsafeFile::Owner { owner: found.uid(), file: quoted(path).into_owned() };
    unsafe_file(what, path, flaw.to_string())
}

fn unsafe_file(what: &'static str, path: &Path, mend: String) -> LifeError {
    LifeError::Unsafe { what, path: PathBuf::from(path), mend }
}
