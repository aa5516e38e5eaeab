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

/// The largest file that is changed, in bytes: nobody configures a client with more.
const LARGEST: u64 = 16 << 20;

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
        let text = read_text(&path)?;
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

    /// Copies the file, mode kept, to a neighbour `<file>.<word>-<UTC time>`; an empty one where there is no file.
    fn back_up(&self, word: &str, now: i64) -> Result<PathBuf, Error> {
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
        take_after(&self.path, &fresh, copy)
            .and_then(|()| write_durably(&fresh, self.text.as_deref().unwrap_or_default()))
            .inspect_err(|_| drop(fs::remove_file(copy)))
    }

    /// Returns the copies made before with `word`, oldest first.
    pub(crate) fn copies(&self, word: &str) -> Vec<PathBuf> {
        let Some((parent, name)) = self.path.parent().zip(self.path.file_name()) else { return Vec::new() };
        let begin = format!("{}.{word}-", name.to_string_lossy());
        let entries = fs::read_dir(parent).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_copy = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.strip_prefix(&begin).is_some_and(text::is_stamp)
        };
        let mut copies: Vec<_> = entries.filter(is_copy).collect();
        copies.sort();
        copies
    }

    /// Makes ready to put something in the file's place, so that what can fail fails before anything else is done.
    pub(crate) fn prepare(&self) -> Result<Successor<'_>, Error> {
        let path = &self.path;
        let failed = |error| cannot("write", path, error);
        let parent = path.parent().unwrap_or(Path::new("."));
        make_directories(parent).map_err(failed)?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let place = parent.join(format!(".{name}.mcpctl-{}", std::process::id()));
        let fresh = new_file(&place).map_err(failed)?;
        let successor = Successor { file: self, fresh, place, copy: None, is_in_place: false };
        take_after(path, &successor.fresh, &successor.place).map_err(failed)?;
        Ok(successor)
    }

    /// Does the same and keeps a copy `<file>.<word>-<UTC time>` of what is there.
    pub(crate) fn prepare_with_copy(&self, word: &str, now: i64) -> Result<Successor<'_>, Error> {
        let mut successor = self.prepare()?;
        successor.copy = Some(self.back_up(word, now)?);
        Ok(successor)
    }

    /// Puts `text` in the file's place at once and whole, unless somebody has changed the file since it was read.
    pub(crate) fn replace(&self, text: &str) -> Result<(), Error> {
        self.prepare()?.put(text).map(drop)
    }

    /// Takes the file away.
    pub(crate) fn remove(&self) -> Result<(), Error> {
        self.check_unchanged()?;
        fs::remove_file(&self.path).map_err(|error| cannot("remove", &self.path, error))
    }

    fn check_unchanged(&self) -> Result<(), Error> {
        let now = match read_small(&self.path, LARGEST) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind == Kind::NotFound => None,
            Err(error) => return Err(error),
        };
        if now.as_deref() == self.text.as_deref().map(str::as_bytes) {
            return Ok(());
        }
        let message = format!("somebody else has changed {} meanwhile", self.path.display());
        Err(Error::new(Kind::Conflict, message).hint("try again"))
    }
}

/// What will stand in a file's place; dropped before that, it leaves nothing behind.
pub(crate) struct Successor<'f> {
    file: &'f CarefulFile,
    fresh: File,
    /// Where it is until then.
    place: PathBuf,
    copy: Option<PathBuf>,
    is_in_place: bool,
}

impl Successor<'_> {
    /// Puts it in place with `text`, unless somebody has changed the file since it was read; returns the copy.
    pub(crate) fn put(mut self, text: &str) -> Result<Option<PathBuf>, Error> {
        let failed = |error| cannot("write", &self.file.path, error);
        write_durably(&self.fresh, text).map_err(failed)?;
        self.file.check_unchanged()?;
        fs::rename(&self.place, &self.file.path).map_err(failed)?;
        self.is_in_place = true;
        Ok(self.copy.take())
    }
}

impl Drop for Successor<'_> {
    fn drop(&mut self) {
        if !self.is_in_place {
            let made = [Some(&self.place), self.copy.as_ref()];
            made.into_iter().flatten().for_each(|path| drop(fs::remove_file(path)));
        }
    }
}

/// Returns the error of something that could not be done with a file.
pub(crate) fn cannot(verb: &str, path: &Path, error: io::Error) -> Error {
    let kind = if error.kind() == io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Failed };
    Error::new(kind, format!("cannot {verb} {}", path.display())).because(error)
}

/// Reads a file of a sensible size; what is no file might never end, or do something when it is read.
pub(crate) fn read_small(path: &Path, limit: u64) -> Result<Vec<u8>, Error> {
    let failed = |error| cannot("read", path, error);
    // Looked at before it is opened: to open a pipe is to wait for whoever writes into it.
    if !fs::metadata(path).map_err(failed)?.is_file() {
        return Err(Error::new(Kind::Failed, format!("{} is no regular file", path.display())));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > limit {
        let message = format!("{} is larger than {}", path.display(), text::bytes(limit));
        return Err(Error::new(Kind::Failed, message));
    }
    Ok(bytes)
}

/// Reads a file or a copy of one.
pub(crate) fn read_text(path: &Path) -> Result<String, Error> {
    String::from_utf8(read_small(path, LARGEST)?).map_err(|_| {
        Error::new(Kind::Failed, format!("{} is not UTF-8; it is left as it is", path.display()))
    })
}

/// Opens a file that was not there, for its user alone.
pub(crate) fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Gives a new file the mode and owner of `model` where there is one.
fn take_after(model: &Path, fresh: &File, path: &Path) -> io::Result<()> {
    let Ok(model) = fs::metadata(model) else { return Ok(()) };
    keep_owner(&model, fresh, path)?;
    fresh.set_permissions(model.permissions())
}

fn write_durably(mut file: &File, text: &str) -> io::Result<()> {
    file.write_all(text.as_bytes())?;
    file.sync_all()
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
        let copy = file.prepare_with_copy("before-x", 0).unwrap().put("new").unwrap().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!((fs::read_to_string(&real).unwrap().as_str(), mode(&real)), ("new", 0o644));
        assert_eq!((fs::read_to_string(&copy).unwrap().as_str(), mode(&copy)), ("old", 0o644));
        assert!(copy.ends_with("real.json.before-x-19700101T000000Z"), "{copy:?}");
        assert_eq!(file.back_up("before-x", 0).unwrap().extension().unwrap(), "before-x-19700101T000000Z-02");
        assert_eq!(file.copies("before-x").len(), 2);
    }

    #[test]
    fn copies_are_told_by_their_whole_name() {
        let dir = tempfile::tempdir().unwrap();
        for name in
            ["-19700101T000000Z", "-2-19700101T000000Z", "-19700101T000000Z.txt", "-19700101T000000Z-02"]
        {
            fs::write(dir.path().join(format!("c.json.before-x{name}")), "").unwrap();
        }
        let copies = CarefulFile::read(&dir.path().join("c.json")).unwrap().copies("before-x");
        let names: Vec<_> = copies.iter().map(|copy| copy.extension().unwrap()).collect();
        assert_eq!(names, ["before-x-19700101T000000Z", "before-x-19700101T000000Z-02"]);
    }

    #[test]
    fn what_is_prepared_and_not_put_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.json");
        fs::write(&path, "one").unwrap();
        let file = CarefulFile::read(&path).unwrap();
        drop(file.prepare_with_copy("before-x", 0).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        let successor = file.prepare_with_copy("before-x", 0).unwrap();
        fs::write(&path, "two").unwrap();
        assert_eq!(successor.put("three").unwrap_err().kind, Kind::Conflict);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_files_of_a_sensible_size_are_read() {
        let dir = tempfile::tempdir().unwrap();
        let said = |path: &Path| CarefulFile::read(path).err().unwrap().to_string();
        assert!(said(dir.path()).ends_with(" is no regular file"));
        let socket = dir.path().join("socket");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        assert!(said(&socket).ends_with("socket is no regular file"));
        let large = dir.path().join("large");
        File::create(&large).unwrap().set_len(LARGEST + 1).unwrap();
        assert!(said(&large).ends_with("large is larger than 16.7 MB"));
        fs::write(&large, [0xff]).unwrap();
        assert!(said(&large).ends_with("large is not UTF-8; it is left as it is"));
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
