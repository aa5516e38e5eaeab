//! Files read with care: whose they are, who else could read or change them, and that they are what they seem.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::PathBuf,
};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use super::error::{Role, TlsError, Wrong};
use crate::secret::{OTHERS, OTHERS_WRITE, folder_of, is_trusted, own_uid, quoted, refuse_replaceable};

/// Largest file that is read. A bundle of all authorities there are has a quarter of it.
const LARGEST: u64 = 1 << 20;

/// A file that is named in `[tls]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) role: Role,
    pub(super) path: PathBuf,
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    place: (u64, u64),
    size: u64,
    written: (i64, i64),
    changed: (i64, i64),
}

impl Named {
    /// Says what is wrong with it.
    pub(super) fn wrong(&self, wrong: Wrong) -> TlsError {
        TlsError { file: self.role, path: self.path.clone(), wrong }
    }

    /// Returns which state it is in, if it is there.
    pub(super) fn identity(&self) -> Option<Identity> {
        let found = std::fs::symlink_metadata(&self.path).ok()?;
        Some(Identity {
            place: (found.dev(), found.ino()),
            size: found.size(),
            written: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }

    /// Reads it, if nobody but the daemon's user and root can change it; a key must not be readable by others either.
    pub(super) fn read(&self) -> Result<Zeroizing<Vec<u8>>, TlsError> {
        self.check_folder()?;
        // What is looked at is what is read: the last part of the path is not followed, and nothing is waited for.
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let flags = i32::try_from(flags.bits()).unwrap_or_default();
        let opened = File::options().read(true).custom_flags(flags).open(&self.path);
        let file = opened.map_err(|error| self.wrong(self.unopened(&error)))?;
        let found = file.metadata().map_err(|error| self.wrong(Wrong::Unreadable(error.to_string())))?;
        self.check(&found).map_err(|wrong| self.wrong(wrong))?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default()));
        let read = file.take(LARGEST).read_to_end(&mut bytes);
        read.map_err(|error| self.wrong(Wrong::Unreadable(error.to_string())))?;
        Ok(bytes)
    }

    /// Says why it could not be opened.
    fn unopened(&self, error: &io::Error) -> Wrong {
        if let Ok(target) = std::fs::read_link(&self.path) {
            return Wrong::Link(folder_of(&self.path).join(target));
        }
        if [io::ErrorKind::NotFound, io::ErrorKind::NotADirectory].contains(&error.kind()) {
            return Wrong::Missing;
        }
        if error.kind() == io::ErrorKind::PermissionDenied {
            return Wrong::Forbidden { mend: format!("chown {} {}", own_uid(), quoted(&self.path)) };
        }
        Wrong::Unreadable(error.to_string())
    }

    fn check(&self, found: &Metadata) -> Result<(), Wrong> {
        if found.is_dir() {
            return Err(Wrong::Directory);
        }
        if !found.is_file() {
            return Err(Wrong::Special);
        }
        let (owner, mode) = (found.uid(), found.mode() & 0o7777);
        let shown = quoted(&self.path);
        if !is_trusted(owner) {
            return Err(Wrong::Owner { owner, mend: format!("chown {} {shown}", own_uid()) });
        }
        if self.role == Role::Key {
            // A key of root's may be read by a group, whose member the daemon is: it could not read it otherwise.
            let (private, mend) = if owner == 0 { (0o027, "640") } else { (OTHERS, "600") };
            if mode & private != 0 {
                let mend = if owner == own_uid() { "600" } else { mend };
                return Err(Wrong::Shown { mode, mend: format!("chmod {mend} {shown}") });
            }
        }
        if mode & OTHERS_WRITE != 0 {
            return Err(Wrong::Open { mode, mend: format!("chmod go-w {shown}") });
        }
        match found.len() {
            0 => Err(Wrong::Empty(match self.role {
                Role::Certificate => "the certificate",
                Role::Key => "the private key",
                Role::ClientCa => "the authority's certificate",
            })),
            size if size > LARGEST => Err(Wrong::TooLarge),
            _ => Ok(()),
        }
    }

    fn check_folder(&self) -> Result<(), TlsError> {
        refuse_replaceable(&self.path).map_err(|open| self.wrong(open.into()))
    }
}
