//! A backup that was checked and laid beside the database takes its place at the next start, before anything opens it.
//! Each step can be cut short and is then taken up where it was.

use std::path::{Path, PathBuf};

use super::{LifeError, error::file};
use crate::store::beside;

/// Puts what was laid ready in place and returns where the database that was there is kept.
pub(super) fn put_in_place(database: &Path, pepper: &Path) -> Result<Option<PathBuf>, LifeError> {
    crate::control::forget_unready(database, pepper);
    let ready = beside(database, crate::control::READY);
    if !ready.exists() {
        return Ok(None);
    }
    let kept = crate::control::kept_at(database);
    if database.exists() {
        // What is not in the database yet lies in these, and belongs to it.
        for suffix in ["-wal", "-shm"] {
            let part = beside(database, suffix);
            if part.exists() {
                std::fs::rename(&part, beside(&kept, suffix)).map_err(failed(&part))?;
            }
        }
        std::fs::rename(database, &kept).map_err(failed(database))?;
    }
    let new_pepper = beside(pepper, crate::control::READY);
    if new_pepper.exists() {
        if pepper.exists() {
            std::fs::rename(pepper, crate::control::kept_at(pepper)).map_err(failed(pepper))?;
        }
        std::fs::rename(&new_pepper, pepper).map_err(failed(&new_pepper))?;
    }
    std::fs::rename(&ready, database).map_err(failed(&ready))?;
    Ok(Some(kept))
}

fn failed(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> LifeError {
    file("a restored database", path, "put in place")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(dir: &Path) -> Vec<String> {
        let names = std::fs::read_dir(dir).unwrap();
        let mut names: Vec<_> = names.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn what_never_became_ready_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        for name in ["m.db", "pepper", "m.db.restore.part", "m.db.restore.part-journal", "pepper.restore"] {
            std::fs::write(at(name), name).unwrap();
        }
        assert_eq!(put_in_place(&at("m.db"), &at("pepper")).unwrap(), None);
        assert_eq!(files(dir.path()), ["m.db", "pepper"]);
    }

    #[test]
    fn a_restore_that_was_cut_short_goes_on() {
        // After which renames the power went.
        for done in 0..5 {
            let dir = tempfile::tempdir().unwrap();
            let at = |name: &str| dir.path().join(name);
            let all = [
                ("m.db-wal", "m.db.before-restore-wal"),
                ("m.db", "m.db.before-restore"),
                ("pepper", "pepper.before-restore"),
                ("pepper.restore", "pepper"),
            ];
            for (name, text) in [
                ("m.db", "old"),
                ("m.db-wal", "w"),
                ("pepper", "old"),
                ("m.db.restore", "new"),
                ("pepper.restore", "new"),
            ] {
                std::fs::write(at(name), text).unwrap();
            }
            for (from, to) in all.iter().take(done) {
                std::fs::rename(at(from), at(to)).unwrap();
            }
            put_in_place(&at("m.db"), &at("pepper")).unwrap().unwrap();
            let read = |name: &str| std::fs::read_to_string(at(name)).unwrap();
            assert_eq!((read("m.db"), read("pepper")), ("new".into(), "new".into()), "after {done}");
            assert_eq!(read("m.db.before-restore"), "old");
            assert_eq!(read("pepper.before-restore"), "old");
            assert_eq!(files(dir.path()).len(), 5, "{:?}", files(dir.path()));
            assert_eq!(put_in_place(&at("m.db"), &at("pepper")).unwrap(), None);
        }
    }
}
