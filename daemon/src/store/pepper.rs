//! The mark of the pepper that the keys were hashed with, by which another one is told from it. It is no secret: nobody
//! finds the pepper by it.

use futures::FutureExt;
use sqlx::SqliteConnection;

use super::{Store, StoreError};

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
        self.0.writer.run(move |connection| keep(connection, mark).boxed()).await
    }
}

async fn keep(connection: &mut SqliteConnection, mark: String) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM settings WHERE tenant = ? AND name = ?")
        .bind(TENANT)
        .bind(MARK)
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO settings (tenant, name, value) VALUES (?, ?, ?)")
        .bind(TENANT)
        .bind(MARK)
        .bind(mark)
        .execute(connection)
        .await?;
    Ok(())
}
