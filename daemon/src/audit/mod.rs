//! Who did what: every command of an operator, every denied call, and calls as configured, in a chain of records of
//! which none can be changed, moved or taken out without that being seen.
//!
//! The chain is held by a key beside it. Whoever has both, the daemon's own user for one, can write another chain, and
//! who can write the folder can put back an older state of all of it; what shows that is a checkpoint kept elsewhere.

mod clerk;
mod error;
mod folder;
mod notes;
mod record;
mod refusals;
mod tail;
#[cfg(test)]
mod tests;
mod verify;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use mcpd_config::AuditedCalls;
use parking_lot::RwLock;
use tokio::{sync::oneshot, time::timeout};

pub use error::AuditError;
pub use record::{Deed, Fate, Record};
pub use tail::TailWanted;
pub use verify::{Bad, Checkpoint, Verified, look_at};

use clerk::{Clerk, Order, Shared};
use folder::Folder;

/// How long a record may take to reach the disk.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where deeds are recorded. Without a folder nothing is.
#[derive(Clone, Default)]
pub struct Audit(Option<Arc<Desk>>);

struct Desk {
    orders: std::sync::mpsc::SyncSender<Order>,
    shared: Shared,
    settings: Arc<RwLock<mcpd_config::Audit>>,
    directory: PathBuf,
    seal: record::Seal,
}

/// Keeps the writing thread; dropping it records what waits.
pub struct AuditGuard(Clerk);

impl Audit {
    /// Opens the records in `directory`, sealed with `key`, and starts the thread that writes them.
    ///
    /// Fails when the folder or a file is a link, is open to others, or the key is gone. That nothing can be written now
    /// is no reason: then what needs a record is refused until it can.
    pub fn open(
        directory: &Path,
        key: &Path,
        settings: &mcpd_config::Audit,
    ) -> Result<(Self, AuditGuard), AuditError> {
        let folder = Folder::open(directory, key)?;
        let (settings, seal) = (Arc::new(RwLock::new(settings.clone())), folder.seal().clone());
        let shared = Shared::default();
        let clerk = Clerk::start(folder, shared.clone(), Arc::clone(&settings))?;
        let orders = clerk.orders();
        let desk = Desk { orders, shared, settings, directory: directory.to_owned(), seal };
        Ok((Self(Some(Arc::new(desk))), AuditGuard(clerk)))
    }

    /// Takes other bounds, and other calls to be recorded.
    pub fn reload(&self, settings: &mcpd_config::Audit) {
        if let Some(desk) = &self.0 {
            *desk.settings.write() = settings.clone();
        }
    }

    /// Records a deed and returns its number once the record is on the disk.
    pub async fn record(&self, deed: Deed) -> Result<u64, AuditError> {
        let Some(desk) = &self.0 else { return Ok(0) };
        desk.ask(|answer| Order::Keep(Box::new(deed.clean()), answer)).await?
    }

    /// Records a deed within a second or so, together with others like it. Never waits; a kill, or a disk that refuses up
    /// to the end, loses it.
    pub fn note(&self, deed: Deed) {
        if let Some(desk) = &self.0 {
            desk.shared.notes.add(deed);
        }
    }

    /// Answers whether a call is recorded; whether it writes is only asked where that decides.
    pub fn hears(&self, writes: impl FnOnce() -> bool) -> bool {
        self.0.as_ref().is_some_and(|desk| match desk.settings.read().calls {
            AuditedCalls::None => false,
            AuditedCalls::Writes => writes(),
            AuditedCalls::All => true,
        })
    }

    /// Returns why nothing can be recorded now.
    pub fn trouble(&self) -> Option<String> {
        self.0.as_ref()?.shared.trouble.lock().clone()
    }

    /// Reads the newest records.
    pub async fn tail(&self, wanted: TailWanted) -> Result<Vec<Record>, AuditError> {
        let Some(desk) = self.0.clone() else { return Ok(Vec::new()) };
        // What was noted is to be there, too; if it cannot be written, there is no more to read.
        let _ = desk.ask(Order::Look).await;
        apart(move || tail::tail(&desk.directory, &wanted)).await
    }

    /// Looks through the chain after a record, and for one that a checkpoint names.
    pub async fn verify(&self, after: u64, checkpoint: Option<Checkpoint>) -> Result<Verified, AuditError> {
        let Some(desk) = self.0.clone() else { return Err(AuditError::Closed) };
        let head = desk.ask(Order::Look).await?;
        apart(move || {
            let wanted = verify::Wanted { head, checkpoint: checkpoint.as_ref(), after };
            verify::verify(&desk.directory, &desk.seal, &wanted)
        })
        .await
    }
}

impl AuditGuard {
    /// Records what waits and ends the writing thread.
    pub async fn close(self) {
        // A disk that hangs must not keep the process: the thread ends with it.
        let _ = timeout(
            PATIENCE,
            apart(move || {
                self.0.close();
                Ok(())
            }),
        )
        .await;
    }
}

impl Desk {
    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, AuditError> {
        let (answer, answered) = oneshot::channel();
        self.orders.try_send(order(answer)).map_err(|error| match error {
            std::sync::mpsc::TrySendError::Full(_) => AuditError::Slow,
            std::sync::mpsc::TrySendError::Disconnected(_) => AuditError::Closed,
        })?;
        timeout(PATIENCE, answered).await.map_err(|_| AuditError::Slow)?.map_err(|_| AuditError::Closed)
    }
}

/// Runs what reads files away from the serving threads.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AuditError> + Send + 'static,
) -> Result<T, AuditError> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(AuditError::Closed))
}
