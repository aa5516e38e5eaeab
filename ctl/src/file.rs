//! Files of others that are changed with care: copied first, replaced whole, their mode and owner kept.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Kind},
    text,
};

/// A file somebody else owns the meaning of; it need not be there yet.
pub(crate) struct CarefulFile {
    /// Where it really lies: links are followed, not replaced.
    path: PathBuf,
    /// What it held when it was read; absent when it was not there.
    text: Option<String>,
}

impl CarefulFile {
    /// Reads a file, following links.
    pub(crate) fn read(path: &Path) -> Result<Self, Error> {
        let failed = |error| cannot("read", path, error);
        let path = match fs::canonicalize(path) {
            Ok(real) => real,
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            Err(error) if fs::symlink_metadata(path).is_ok() => return Err(failed(error)),
            Err(_) => return Ok(Self { path: path.to_owned(), text: None }),
        };
        let text = fs::read_to_string(&path).map_err(failed)?;
        Ok(Self { path, text: Some(text) })
    }

    /// Returns where the file really lies.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what it held when it was read.
    pub(crate) fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// Returns whether other users may read the file as it is now.
    #[cfg(unix)]
    pub(crate) fn is_open_to_others(&self) -> bool {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(&self.path).is_ok_and(|file| file.permissions().mode() & 0o077 != 0)
    }

    /// Returns that nothing is known: files have no modes here.
    #[cfg(not(unix))]
    pub(crate) fn is_open_to_others(&self) -> bool {
        false
    }

    /// Copies the file to a neighbour `<file>.<word>-<UTC time>`, mode kept, and returns the copy's path.
    pub(crate) fn back_up(&self, word: &str, now: i64) -> Result<PathBuf, Error> {
        let stem = format!("{}.{word}-{}", self.path.display(), text::stamp(now));
        let free = (1..100).map(|number| match number {
            1 => PathBuf::from(&stem),
            _ => PathBuf::from(format!("{stem}-{number:02}")),
        });
        for copy in free {
            match self.copy_to(&copy) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(cannot("copy to", &copy, error)),
                Ok(()) => return Ok(copy),
            }
        }
        Err(Error::new(Kind::Failed, format!("there are too many copies named {stem}")))
    }

    fn copy_to(&self, copy: &Path) -> io::Result<()> {
        let fresh = new_file(copy)?;
        write_like(&self.path, fresh, copy, self.text.as_deref().unwrap_or_default())
            .inspect_err(|_| drop(fs::remove_file(copy)))
    }

    /// Returns the copies made before with `word`, oldest first.
    pub(crate) fn copies(&self, word: &str) -> Vec<PathBuf> {
        let Some((parent, name)) = self.path.parent().zip(self.path.file_name()) else { return Vec::new() };
        let begin = format!("{}.{word}-", name.to_string_lossy());
        let entries = fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_copy =
            |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&begin));
        let mut copies: Vec<_> = entries.filter(is_copy).collect();
        copies.sort();
        copies
    }

    /// Puts `text` in the file's place at once and whole, unless somebody has changed the file since it was read.
    pub(crate) fn replace(&self, text: &str) -> Result<(), Error> {
        let path = &self.path;
        let failed = |error| cannot("write", path, error);
        let parent = path.parent().unwrap_or(Path::new("."));
        make_directories(parent).map_err(failed)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let fresh_path = parent.join(format!(".{name}.mcpctl-{}", std::process::id()));
        let written = new_file(&fresh_path)
            .and_then(|fresh| write_like(path, fresh, &fresh_path, text))
            .map_err(failed)
            .and_then(|()| self.check_unchanged())
            .and_then(|()| fs::rename(&fresh_path, path).map_err(failed));
        written.inspect_err(|_| drop(fs::remove_file(&fresh_path)))
    }

    /// Takes the file away.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        self.check_unchanged()?;
        fs::remove_file(&self.path).map_err(|error| cannot("remove", &self.path, error))
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        let now = match fs::read(&self.path) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(cannot("read", &self.path, error)),
        };
        if now.as_deref() == self.text.as_deref().map(str::as_bytes) {
            return Ok(());
        }
        let message = format!("somebody else has changed {} meanwhile", self.path.display());
        Err(Error::new(Kind::Conflict, message).hint("try again"))
    }
}

/// Returns the error of something that could not be done with a file.
pub(crate) fn cannot(verb: &str, path: &Path, error: io::Error) -> Error {
    let kind = if error.kind() == io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Failed };
    Error::new(kind, format!("cannot {verb} {}", path.display())).because(error)
}

/// Reads a file that is only looked at, of a sensible size.
pub(crate) fn read_small(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let failed = |error| cannot("read", path, error);
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        let message = format!("{} is larger than {}", path.display(), text::bytes(limit));
        return Err(Error::new(Kind::Failed, message));
    }
    Ok(bytes)
}

/// Opens a file that was not there, for its user alone.
fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Writes `text`, durably, and gives the file the mode and owner of `model` where there is one.
fn write_like(model: &Path, mut fresh: File, path: &Path, text: &str) -> io::Result<()> {
    if let Ok(model) = fs::metadata(model) {
        keep_owner(&model, &fresh, path)?;
        fresh.set_permissions(model.permissions())?;
    }
    fresh.write_all(text.as_bytes())?;
    fresh.sync_all()
}

/// Keeps a user's file the user's when root changes it.
#[cfg(unix)]
fn keep_owner(model: &fs::Metadata, fresh: &File, path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    let own = fresh.metadata()?;
    if (own.uid(), own.gid()) == (model.uid(), model.gid()) {
        return Ok(());
    }
    std::os::unix::fs::chown(path, Some(model.uid()), Some(model.gid()))
}

#[cfg(not(unix))]
fn keep_owner(_: &fs::Metadata, _: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes the directories that are missing, for their user alone.
fn make_directories(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_link_is_followed_and_the_mode_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real.json"), dir.path().join("link.json"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
        symlink("real.json", &link).unwrap();
        let file = CarefulFile::read(&link).unwrap();
        let copy = file.back_up("before-x", 0).unwrap();
        file.replace("new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!((fs::read_to_string(&real).unwrap().as_str(), mode(&real)), ("new", 0o644));
        assert_eq!((fs::read_to_string(&copy).unwrap().as_str(), mode(&copy)), ("old", 0o644));
        assert!(copy.ends_with("real.json.before-x-19700101T000000Z"), "{copy:?}");
        assert_eq!(file.back_up("before-x", 0).unwrap().extension().unwrap(), "before-x-19700101T000000Z-02");
        assert_eq!(file.copies("before-x").len(), 2);
    }

    #[test]
    fn what_is_new_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/c.json");
        CarefulFile::read(&path).unwrap().replace("{}").unwrap();
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_somebody_else_changed_meanwhile_is_not_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.json");
        fs::write(&path, "one").unwrap();
        let file = CarefulFile::read(&path).unwrap();
        fs::write(&path, "two").unwrap();
        assert_eq!(file.replace("three").unwrap_err().kind, Kind::Conflict);
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        symlink("nowhere", dir.path().join("dangling")).unwrap();
        assert!(CarefulFile::read(&dir.path().join("dangling")).is_err());
    }
}
