//! What lies where the daemon lives, looked at before it is used: others must not be able to change it, nor to read what
//! is secret, and a link must not lead elsewhere. Each refusal is one line that mends it.

use std::{
    fs::Metadata,
    io::ErrorKind,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::{Boot, LifeError, error::file};
use crate::auth::own_uid;

/// Permission to write for the group and others.
const OTHERS_WRITE: u32 = 0o022;
/// Any permission for the group and others.
const OTHERS: u32 = 0o077;

/// Makes a directory for its user alone, with those above it.
pub(super) fn private_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    std::os::unix::fs::DirBuilderExt::mode(builder.recursive(true), 0o700);
    builder.create(path)
}

/// Makes the state directory if there is none, and refuses one that others can write to.
pub(super) fn state_directory(state: &Path) -> Result<(), LifeError> {
    private_directory(state).map_err(file("the state directory", state, "made"))?;
    let found = std::fs::metadata(state).map_err(file("the state directory", state, "read"))?;
    if found.mode() & OTHERS_WRITE != 0 {
        return Err(LifeError::OpenState(state.to_owned()));
    }
    if found.uid() != own_uid() {
        return Err(elsewhere("the state directory", state, &found));
    }
    Ok(())
}

/// Refuses a database and its companions that are links, somebody else's, or open to others.
pub(super) fn files(boot: &Boot, database: &Path) -> Result<(), LifeError> {
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
    // On many systems a user has a group alone, which may write what the user makes.
    let own_group = found.gid() == rustix::process::getegid().as_raw();
    let others = if own_group { OTHERS_WRITE & 0o007 } else { OTHERS_WRITE };
    if found.mode() & others != 0 {
        return Err(unsafe_file(
            what,
            path,
            format!("can be written by others: chmod go-w {}", path.display()),
        ));
    }
    if found.uid() != 0 && found.uid() != own_uid() {
        return Err(elsewhere(what, path, &found));
    }
    Ok(())
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
