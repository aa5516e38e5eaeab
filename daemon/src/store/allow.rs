//! The operators' part of the allowlist. Whether there is a list at all is kept apart from its entries, since an
//! empty list (nobody) differs from none (loopback only).

use futures::FutureExt;
use ipnet::IpNet;
use sqlx::SqliteConnection;

use super::{Store, StoreError, now};

const TENANT: &str = "default";
const EXISTS: &str = "allowlist";

/// The allowlist entries of the store.
pub struct AllowRepository<'a>(pub(super) &'a Store);

impl AllowRepository<'_> {
    /// Returns the networks operators listed, or `None` when they never made a list.
    pub async fn all(&self) -> Result<Option<Vec<IpNet>>, StoreError> {
        let exists: Option<String> =
            sqlx::query_scalar("SELECT value FROM settings WHERE tenant = ? AND name = ?")
                .bind(TENANT)
                .bind(EXISTS)
                .fetch_optional(&self.0.readers)
                .await?;
        if exists.is_none() {
            return Ok(None);
        }
        let cidrs: Vec<String> =
            sqlx::query_scalar("SELECT cidr FROM allow_entries ORDER BY created_at, cidr")
                .fetch_all(&self.0.readers)
                .await?;
        // A row that is no network lets nobody in.
        Ok(Some(cidrs.iter().filter_map(|cidr| cidr.parse().ok()).collect()))
    }

    /// Adds networks, making the list if there was none. A network listed already stays.
    pub async fn add(&self, cidrs: Vec<String>) -> Result<(), StoreError> {
        self.0.writer.run(|connection| add(connection, cidrs).boxed()).await
    }

    /// Removes a network; `NotFound` when it is not listed.
    pub async fn remove(&self, cidr: String) -> Result<(), StoreError> {
        self.0.writer.run(|connection| remove(connection, cidr).boxed()).await
    }
}

async fn add(connection: &mut SqliteConnection, cidrs: Vec<String>) -> Result<(), StoreError> {
    // SQLite and PostgreSQL spell this upsert alike; MariaDB will need its own.
    sqlx::query("INSERT INTO settings (tenant, name, value) VALUES (?, ?, 'listed') ON CONFLICT DO NOTHING")
        .bind(TENANT)
        .bind(EXISTS)
        .execute(&mut *connection)
        .await?;
    for cidr in cidrs {
        sqlx::query(
            "INSERT INTO allow_entries (tenant, cidr, created_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        )
        .bind(TENANT)
        .bind(cidr)
        .bind(now())
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn remove(connection: &mut SqliteConnection, cidr: String) -> Result<(), StoreError> {
    let removed =
        sqlx::query("DELETE FROM allow_entries WHERE cidr = ?").bind(cidr).execute(connection).await?;
    if removed.rows_affected() == 0 { Err(StoreError::NotFound) } else { Ok(()) }
}
