//! Which tools operators switched off: a setting for each, so that two of them are never written over each other.

use futures::FutureExt;
use sqlx::SqliteConnection;

use super::{Store, StoreError};

const TENANT: &str = "default";
const DISABLED: &str = "tools.disabled.";

/// The switches of the tools.
pub struct ToolRepository<'a>(pub(super) &'a Store);

impl ToolRepository<'_> {
    /// Returns the names of the tools that are switched off.
    pub async fn disabled(&self) -> Result<Vec<String>, StoreError> {
        let settings: Vec<String> =
            sqlx::query_scalar("SELECT name FROM settings WHERE tenant = ? AND name LIKE ? ORDER BY name")
                .bind(TENANT)
                .bind(format!("{DISABLED}%"))
                .fetch_all(&self.0.readers)
                .await?;
        Ok(settings.iter().filter_map(|name| name.strip_prefix(DISABLED)).map(str::to_owned).collect())
    }

    /// Switches tools on or off, all of them or none.
    pub async fn switch(&self, names: Vec<&'static str>, enabled: bool) -> Result<(), StoreError> {
        self.0.writer.run(move |connection| switch(connection, names, enabled).boxed()).await
    }
}

async fn switch(
    connection: &mut SqliteConnection,
    names: Vec<&'static str>,
    enabled: bool,
) -> Result<(), StoreError> {
    let write = if enabled {
        "DELETE FROM settings WHERE tenant = ? AND name = ?"
    } else {
        // SQLite and PostgreSQL spell this upsert alike; MariaDB will need its own.
        "INSERT INTO settings (tenant, name, value) VALUES (?, ?, 'disabled') ON CONFLICT DO NOTHING"
    };
    for name in names {
        sqlx::query(write).bind(TENANT).bind(format!("{DISABLED}{name}")).execute(&mut *connection).await?;
    }
    Ok(())
}
