//! Whether the database can be written now: known from the last write that was tried, and tried again each second while
//! it cannot be.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::SqliteConnection;

use super::{StoreError, now, settings};

/// How often a database that could not be written is tried again.
pub(super) const TRY_AGAIN: Duration = Duration::from_secs(1);

/// What the writer knows of the disk, for all who ask.
#[derive(Debug, Clone, Default)]
pub(super) struct Writable(Arc<AtomicBool>);

impl Writable {
    /// Notes that a write failed because of the disk, the file or SQLite.
    pub(super) fn failed(&self) {
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::error!("the database cannot be written; it is tried again each second");
        }
    }

    /// Notes that a write reached the disk.
    pub(super) fn works(&self) {
        if self.0.swap(false, Ordering::Relaxed) {
            tracing::warn!("the database is written again");
        }
    }

    /// Answers whether the last write failed.
    pub(super) fn is_failing(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Writes something that is there for this alone.
pub(super) async fn touch(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    settings::put(connection, ("", "written"), now().to_string()).await
}
