//! A file of random bytes that something is hashed or sealed with: private, made once.

use std::{
    fs::File,
    io::{Error, ErrorKind, Read, Result, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

use rand::Rng;
use zeroize::Zeroizing;

use super::custody::{OTHERS, folder_of, is_trusted, own_uid, quoted};

/// Bytes of a key: as many as SHA-256 gives back.
const LENGTH: usize = 32;

/// Longest file that is read as a key.
const LONGEST: u64 = 4096;

/// Reads the key in `path`, at least 32 bytes, and makes a new one where there is none.
///
/// Fails when it is a link or no file, somebody else's, when others than its owner may read it, or when it is too short.
pub(crate) fn key_file(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    match existing_key(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => create(path),
        read => read,
    }
}

/// Reads a key that somebody else keeps and hands over; who may read it is theirs to say.
pub(crate) fn handed_key(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    if bytes.len() < LENGTH {
        return Err(Error::other(format!("it is shorter than {LENGTH} bytes; restore it from a backup")));
    }
    Ok(bytes)
}

/// Reads the key in `path`. Fails as `key_file` does, and when there is none.
pub(crate) fn existing_key(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let found = std::fs::symlink_metadata(path)?;
    if !found.is_file() {
        return Err(Error::other("it is a link or no file; put the file itself there"));
    }
    if !is_trusted(found.uid()) {
        let (owner, shown) = (found.uid(), quoted(path));
        return Err(Error::other(format!(
            "it is user {owner}'s; make it yours: chown {} {shown}",
            own_uid()
        )));
    }
    if found.mode() & OTHERS != 0 {
        return Err(Error::other(format!("others may use it; make it yours: chmod 600 {}", quoted(path))));
    }
    handed_key(path)
}

/// Writes a new one; of two processes starting at once, the second reads what the first wrote.
fn create(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0u8; LENGTH]);
    rand::rng().fill_bytes(&mut bytes);
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".{}", std::process::id()));
    let fresh = Path::new(&fresh);
    let mut options = File::options();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(fresh)?;
    file.write_all(&bytes)?;
    file.sync_all()?;
    let linked = std::fs::hard_link(fresh, path);
    std::fs::remove_file(fresh)?;
    File::open(folder_of(path))?.sync_all()?;
    match linked {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => existing_key(path),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn it_is_made_once_and_only_its_owner_may_read_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        let made = key_file(&path).unwrap();
        assert_eq!((made.len(), &key_file(&path).unwrap()), (LENGTH, &made));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        let mode = |mode| std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        mode(0o640);
        assert!(key_file(&path).unwrap_err().to_string().contains("chmod 600"));
        mode(0o600);
        std::fs::write(&path, "short").unwrap();
        assert!(key_file(&path).unwrap_err().to_string().contains("shorter than 32"));
    }

    #[test]
    fn a_link_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        key_file(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert!(key_file(&link).unwrap_err().to_string().contains("link"));
    }
}
