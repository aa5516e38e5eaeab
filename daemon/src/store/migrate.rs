//! Before the store is used: the linked SQLite is checked and the schema brought up to date under a lock, so that
//! a daemon and any number of `mcpd stdio` processes may start at the same moment.

use std::{fs::File, path::Path};

use sqlx::{ConnectOptions, Connection, SqliteConnection, migrate::Migrator, sqlite::SqliteConnectOptions};

use super::StoreError;

/// First SQLite without the write-ahead-log reset that could corrupt a database.
const OLDEST_SQLITE: (&str, [u32; 3]) = ("3.51.3", [3, 51, 3]);

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations/sqlite");

/// Creates and migrates the database at `path`.
pub(super) async fn prepare(path: &Path, options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let _lock = lock(path).await?;
    let mut connection = options.connect().await?;
    let found: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await?;
    check_version(&found)?;
    MIGRATIONS.run(&mut connection).await?;
    connection.close().await?;
    Ok(())
}

/// Checks that a database was written by no newer version.
pub(super) async fn check_known(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    let newest: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(connection).await?;
    match newest.filter(|version| !MIGRATIONS.version_exists(*version)) {
        Some(version) => Err(StoreError::Newer(version)),
        None => Ok(()),
    }
}

/// Takes the migration lock beside the database; it is given back when the file is closed.
async fn lock(path: &Path) -> Result<File, StoreError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".migrate");
    let file = File::options().create(true).truncate(false).write(true).open(name)?;
    let locked = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
    Ok(locked.map_err(|_| StoreError::Closed)??)
}

fn check_version(found: &str) -> Result<(), StoreError> {
    let numbers: Vec<u32> = found.split('.').filter_map(|part| part.parse().ok()).collect();
    let (wanted, least) = OLDEST_SQLITE;
    if numbers.as_slice() < least.as_slice() {
        return Err(StoreError::OldSqlite { found: found.to_owned(), wanted });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_sound_sqlite_is_used() {
        assert!(check_version("3.51.3").is_ok());
        assert!(check_version("3.52.0").is_ok());
        assert!(check_version("3.51.2").is_err());
        assert!(check_version("3.9.9").is_err());
        assert!(check_version("unknown").is_err());
    }
}
