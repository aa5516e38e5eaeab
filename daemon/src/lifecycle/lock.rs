//! One daemon for each state directory: the lock file is locked while it lives, and says who it is.

use std::{
    fs::{File, TryLockError},
    io::{Seek, Write},
    path::Path,
};

use anyhow::Context;
use mcpd_ipc::{Announcement, Place};

/// The lock, held.
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock at once or says who has it.
    pub(super) fn take(place: &Place) -> anyhow::Result<Self> {
        let path = place.lock_file();
        let file = File::options()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .with_context(|| format!("the lock {} could not be opened", path.display()))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => {
                let who = place.announced().map_or("another mcpd".to_owned(), |other| {
                    format!("another mcpd (process {})", other.pid)
                });
                anyhow::bail!(
                    "{who} runs on {}; stop it with: mcpctl shutdown; or name another directory with --state-dir",
                    place.state.display()
                )
            }
            Err(TryLockError::Error(error)) => {
                Err(error).with_context(|| format!("{} could not be locked", path.display()))
            }
        }
    }

    /// Tells others which process this is and where it answers.
    pub(super) fn announce(&mut self, socket: &Path) -> anyhow::Result<()> {
        let said = Announcement { pid: std::process::id(), socket: socket.to_owned() };
        self.write(&serde_json::to_vec(&said)?)
    }

    /// Takes the announcement back and gives the lock up.
    pub(super) fn release(mut self) -> anyhow::Result<()> {
        self.write(b"")
    }

    fn write(&mut self, bytes: &[u8]) -> anyhow::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(bytes)?;
        Ok(self.file.flush()?)
    }
}
