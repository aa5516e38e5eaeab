//! One daemon for each state directory: the lock file is locked while it lives, and says who it is.

use std::{
    fs::{File, TryLockError},
    io::{Seek, Write},
    path::Path,
};

use mcpd_ipc::{Announcement, Place};

use super::error::{LifeError, file};

/// The lock, held.
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock at once or says who has it.
    pub(super) fn take(place: &Place) -> Result<Self, LifeError> {
        let path = place.lock_file();
        let mut options = File::options();
        let opened = options.create(true).truncate(false).read(true).write(true).open(&path);
        let lock = opened.map_err(file("the lock", &path, "opened"))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { file: lock }),
            Err(TryLockError::WouldBlock) => {
                let who = place.announced().map_or("another mcpd".to_owned(), |other| {
                    format!("another mcpd (process {})", other.pid)
                });
                Err(LifeError::Taken { who, state: place.state.clone() })
            }
            Err(TryLockError::Error(error)) => Err(file("the lock", &path, "locked")(error)),
        }
    }

    /// Tells others which process this is and where it answers.
    pub(super) fn announce(&mut self, socket: &Path) -> Result<(), LifeError> {
        let said = Announcement { pid: std::process::id(), socket: socket.to_owned() };
        self.write(&serde_json::to_vec(&said).map_err(std::io::Error::other)?)
    }

    /// Takes the announcement back and gives the lock up.
    pub(super) fn release(mut self) -> Result<(), LifeError> {
        self.write(b"")
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), LifeError> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(bytes)?;
        Ok(self.file.flush()?)
    }
}
