//! What lies where the daemon lives, looked at before it is used: others must not be able to change it, nor to read what
//! is secret, and a link must not lead elsewhere. Each refusal is one line that mends it.

use std::{
    fs::Metadata,
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{Boot, LifeError, error::file};
use crate::secret::{folder_of, is_trusted, look_at_folder, others_may_write, own_uid, private_folder};

/// Permission to write for the group and others.
const OTHERS_WRITE: u32 = 0o022;
/// Any permission for the group and others.
const OTHERS: u32 = 0o077;

/// Makes the state directory if there is none, and refuses one that others can write to or replace.
pub(super) fn state_directory(state: &Path) -> Result<(), LifeError> {
    private_folder(state).map_err(file("the state directory", state, "made"))?;
    let found = std::fs::metadata(state).map_err(file("the state directory", state, "read"))?;
    if found.mode() & OTHERS_WRITE != 0 {
        return Err(LifeError::OpenState(state.to_owned()));
    }
    if found.uid() != own_uid() {
        return Err(elsewhere("the state directory", state, &found));
    }
    in_a_shut_folder("the state directory", state)
}

/// Refuses a database and its companions that are links, somebody else's, or open to others.
pub(super) fn files(boot: &Boot, database: &Path) -> Result<(), LifeError> {
    in_a_shut_folder("the database", database)?;
    for suffix in ["", "-wal", "-shm", ".migrate", ".use"] {
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
    if !found.is_file() {
        let mend = match std::fs::canonicalize(path) {
            Ok(target) if found.is_symlink() => {
                format!("is a link; put the file itself there: mv {} {}", target.display(), path.display())
            }
            _ => "is no file; move it away".to_owned(),
        };
        return Err(unsafe_file(what, path, mend));
    }
    if found.uid() != own_uid() {
        return Err(elsewhere(what, path, &found));
    }
    if found.mode() & OTHERS != 0 {
        return Err(unsafe_file(what, path, format!("can be used by others: chmod 600 {}", path.display())));
    }
    Ok(())
}

/// Refuses what others than its owner, or others than root and ourselves, can change. Links are followed: what they lead
/// to counts.
pub(super) fn unwritten_by_others(what: &'static str, path: &Path) -> Result<(), LifeError> {
    let found = std::fs::metadata(path).map_err(file(what, path, "read"))?;
    if others_may_write(&found) {
        return Err(unsafe_file(
            what,
            path,
            format!("can be written by others: chmod go-w {}", path.display()),
        ));
    }
    if !is_trusted(found.uid()) {
        return Err(elsewhere(what, path, &found));
    }
    in_a_shut_folder(what, path)
}

/// Refuses what lies where others can put something else in its place.
fn in_a_shut_folder(what: &'static str, path: &Path) -> Result<(), LifeError> {
    look_at_folder(folder_of(path)).map_err(|open| unsafe_file(what, path, open.to_string()))
}

fn elsewhere(what: &'static str, path: &Path, found: &Metadata) -> LifeError {
    let (theirs, ours) = (found.uid(), own_uid());
    unsafe_file(
        what,
        path,
        format!("is user {theirs}'s, and the daemon runs as user {ours}: chown {ours} {}", path.display()),
    )
}

fn unsafe_file(what: &'static str, path: &Path, mend: String) -> LifeError {
    LifeError::Unsafe { what, path: PathBuf::from(path), mend }
}
