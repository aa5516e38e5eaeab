//! Single values by their name.

use sqlx::SqliteConnection;

use super::StoreError;

/// Puts a value in place of the one before. Written as two statements, which every kind of database takes.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    (tenant, name): (&'static str, &'static str),
    value: String,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM settings WHERE tenant = ? AND name = ?")
        .bind(tenant)
        .bind(name)
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO settings (tenant, name, value) VALUES (?, ?, ?)")
        .bind(tenant)
        .bind(name)
        .bind(value)
        .execute(connection)
        .await?;
    Ok(())
}
