//! A file in the making: private, new, and gone again unless it gets its name.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use crate::store::beside;

/// What SQLite may leave beside a database it was interrupted in.
const TRACES: [&str; 3] = ["-journal", "-wal", "-shm"];

/// A file that is not complete yet.
pub(super) struct Part {
    path: PathBuf,
    named: bool,
}

impl Part {
    /// Makes an empty one for a file of that name. One that was left over is removed first, and no link is followed.
    pub(super) fn of(file: &Path) -> io::Result<(Self, File)> {
        let part = Self { path: beside(file, ".part"), named: false };
        part.remove();
        let mut options = File::options();
        options.write(true).create_new(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let opened = options.open(&part.path)?;
        Ok((part, opened))
    }

    /// Removes one for a file of that name that a process left behind which is no more.
    pub(super) fn forget(file: &Path) {
        drop(Self { path: beside(file, ".part"), named: false });
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name, for good: also after a power cut.
    pub(super) fn name(mut self, file: &Path) -> io::Result<()> {
        std::fs::rename(&self.path, file)?;
        self.named = true;
        File::open(file.parent().unwrap_or(Path::new("/")))?.sync_all()
    }

    fn remove(&self) {
        let all = TRACES.iter().map(|trace| beside(&self.path, trace)).chain([self.path.clone()]);
        all.for_each(|file| drop(std::fs::remove_file(file)));
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.named {
            self.remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_gets_no_name_is_gone_and_a_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (file, other) = (dir.path().join("x"), dir.path().join("other"));
        std::os::unix::fs::symlink(&other, beside(&file, ".part")).unwrap();
        let (part, _) = Part::of(&file).unwrap();
        std::fs::write(beside(part.path(), "-journal"), "left").unwrap();
        drop(part);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "not even where the link led");
        let (part, _) = Part::of(&file).unwrap();
        part.name(&file).unwrap();
        assert!(file.is_file() && !beside(&file, ".part").exists());
    }
}
