//! The mark of the pepper that the keys were hashed with, by which another one is told from it. It is no secret: nobody
//! finds the pepper by it.

use futures::FutureExt;

use super::{Store, StoreError, settings};

const TENANT: &str = "default";
const MARK: &str = "keys.pepper";

/// What the store knows of the pepper.
pub struct PepperRepository<'a>(pub(super) &'a Store);

impl PepperRepository<'_> {
    /// Returns the mark; absent when an mcpd that kept none wrote the database last.
    pub async fn mark(&self) -> Result<Option<String>, StoreError> {
        let mark = sqlx::query_scalar("SELECT value FROM settings WHERE tenant = ? AND name = ?");
        Ok(mark.bind(TENANT).bind(MARK).fetch_optional(&self.0.readers).await?)
    }

    /// Keeps the mark in place of the one before.
    pub async fn keep(&self, mark: String) -> Result<(), StoreError> {
        self.0.writer.run(move |connection| settings::put(connection, (TENANT, MARK), mark).boxed()).await
    }
}
