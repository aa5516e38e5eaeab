//! A file of our own in the making: for its user alone, and in its place whole or not at all.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use crate::{
    error::{Error, Kind},
    file::{cannot, new_file},
};

/// A file that is written piece by piece; dropped before it is finished, it leaves nothing behind.
pub(crate) struct FreshFile {
    /// Where it will stand: links are followed, not replaced.
    path: PathBuf,
    /// Where it is until then.
    place: PathBuf,
    writer: BufWriter<File>,
    written: u64,
    is_in_place: bool,
}

impl FreshFile {
    /// Begins a file; one that is there is only replaced where `force` says so, and only when it is a regular one.
    pub(crate) fn create(path: &Path, force: bool) -> Result<Self, Error> {
        let failed = |error| cannot("write", path, error);
        let path = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(failed(error)),
            Ok(_) => {
                let real = fs::canonicalize(path).map_err(failed)?;
                if !fs::metadata(&real).map_err(failed)?.is_file() {
                    return Err(Error::new(Kind::Usage, format!("{} is no regular file", path.display())));
                }
                if !force {
                    return Err(Error::new(Kind::Conflict, format!("{} is there already", path.display())));
                }
                real
            }
        };
        let Some(name) = path.file_name() else {
            return Err(Error::new(Kind::Usage, format!("{} does not name a file", path.display())));
        };
        let place = path.with_file_name(format!(".{}.mcpctl-{}", name.to_string_lossy(), std::process::id()));
        let writer = BufWriter::new(new_file(&place).map_err(|error| cannot("write", &path, error))?);
        Ok(Self { path, place, writer, written: 0, is_in_place: false })
    }

    /// Writes what comes next.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.written += bytes.len() as u64;
        self.writer.write_all(bytes).map_err(|error| cannot("write", &self.path, error))
    }

    /// Puts the file in its place, for good, and returns its size.
    pub(crate) fn finish(mut self) -> Result<u64, Error> {
        let written = self.writer.flush().and_then(|()| self.writer.get_ref().sync_all());
        let named = written.and_then(|()| fs::rename(&self.place, &self.path));
        named.map_err(|error| cannot("write", &self.path, error))?;
        self.is_in_place = true;
        Ok(self.written)
    }
}

impl Drop for FreshFile {
    fn drop(&mut self) {
        if !self.is_in_place {
            let _ = fs::remove_file(&self.place);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn made(path: &Path, force: bool, text: &str) -> Result<u64, Error> {
        let mut file = FreshFile::create(path, force)?;
        file.write(text.as_bytes())?;
        file.finish()
    }

    #[test]
    fn it_is_private_and_only_replaces_what_it_may() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("out"), dir.path().join("link"));
        assert_eq!(made(&path, false, "one").unwrap(), 3);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(made(&path, false, "two").unwrap_err().kind, Kind::Conflict);
        symlink("out", &link).unwrap();
        made(&link, true, "three").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "three");
        for no_file in [dir.path(), Path::new("/dev/null")] {
            assert_eq!(made(no_file, true, "").unwrap_err().kind, Kind::Usage, "{no_file:?}");
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn what_is_not_finished_leaves_nothing_behind() {
        let dir = tempfile::tempdir().unwrap();
        let mut file = FreshFile::create(&dir.path().join("out"), false).unwrap();
        file.write(b"half").unwrap();
        drop(file);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        let nowhere = FreshFile::create(&dir.path().join("no/out"), false).err().unwrap();
        assert_eq!(nowhere.kind, Kind::NotFound);
    }
}
