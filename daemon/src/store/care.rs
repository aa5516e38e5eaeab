//! The database as a whole: examined, copied while it is written to, and a copy checked before it takes its place.

use std::path::{Path, PathBuf};

use futures::FutureExt;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use zeroize::Zeroizing;

use super::{BUSY_TIMEOUT, Store, StoreError, migrate, writable::touch};

/// What a backup says of itself, and holds beside the tables.
#[derive(Clone, PartialEq, Eq)]
pub struct Label {
    /// When it was made, UTC milliseconds.
    pub made_at: i64,
    /// The version of mcpd that made it.
    pub version: String,
    /// What the keys in it were hashed with.
    pub pepper: Zeroizing<Vec<u8>>,
}

/// How much a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Contents {
    /// Keys, revoked ones included.
    pub keys: i64,
    /// Projects.
    pub projects: i64,
    /// Memories.
    pub memories: i64,
}

/// What an examination found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examined {
    /// What is wrong, in SQLite's words.
    pub complaints: Vec<String>,
    /// When the newest of what is kept was written, UTC milliseconds.
    pub newest: Option<i64>,
}

/// The whole database.
pub struct CareRepository<'a>(pub(super) &'a Store);

impl CareRepository<'_> {
    /// Reads the whole database and says what is wrong with it.
    pub async fn examine(&self) -> Result<Examined, StoreError> {
        // A connection of its own: who reads must not wait for it.
        let mut reader = existing(self.0.path()).read_only(true).connect().await?;
        let complaints = integrity(&mut reader).await?;
        let newest = sqlx::query_scalar(
            "SELECT max(at) FROM (SELECT max(created_at) AS at FROM api_keys \
             UNION ALL SELECT max(created_at) FROM memories UNION ALL SELECT max(created_at) FROM todos)",
        );
        let newest: Option<i64> = newest.fetch_one(&mut reader).await?;
        reader.close().await?;
        Ok(Examined { complaints, newest })
    }

    /// Goes through the writer to the disk and changes nothing that anybody asks for.
    pub async fn sync(&self) -> Result<(), StoreError> {
        self.0.writer.run(|connection| touch(connection).boxed()).await
    }

    /// Takes the write-ahead log into the database, and removes it when nobody else has it open.
    pub(super) async fn fold(&self) -> Result<(), StoreError> {
        let mut last = existing(self.0.path()).connect().await?;
        sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&mut last).await?;
        Ok(last.close().await?)
    }

    /// Writes a copy to `file`, which must not exist, labels it, and checks it.
    pub async fn copy(&self, file: &Path, label: &Label) -> Result<Contents, StoreError> {
        let mut source = existing(self.0.path()).connect().await?;
        sqlx::query("VACUUM INTO ?").bind(utf8(file)?).execute(&mut source).await?;
        source.close().await?;
        let mut copy = existing(file).connect().await?;
        put_label(&mut copy, label).await?;
        let checked = check(&mut copy).await;
        copy.close().await?;
        sync(file).await?;
        checked
    }
}

/// Reads what a backup says of itself and holds, after checking every page of it. It is not changed.
pub async fn read_backup(file: &Path) -> Result<(Label, Contents), StoreError> {
    let mut copy = existing(file).read_only(true).connect().await?;
    let label = read_label(&mut copy).await?;
    migrate::check_known(&mut copy).await?;
    let contents = check(&mut copy).await?;
    copy.close().await?;
    Ok((label, contents))
}

/// Takes the label off a copy of a backup that is about to become the database.
pub async fn take_label_off(file: &Path) -> Result<(), StoreError> {
    // What is dropped is overwritten: the pepper must not lie in the pages of the database.
    let mut copy = existing(file).pragma("secure_delete", "on").connect().await?;
    sqlx::query("DROP TABLE backup").execute(&mut copy).await?;
    copy.close().await?;
    sync(file).await
}

/// Waits until a file is on the disk.
async fn sync(file: &Path) -> Result<(), StoreError> {
    let file = tokio::fs::File::open(file).await?;
    Ok(file.sync_all().await?)
}

fn existing(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(file).create_if_missing(false).busy_timeout(BUSY_TIMEOUT)
}

fn utf8(path: &Path) -> Result<&str, StoreError> {
    path.to_str().ok_or_else(|| StoreError::Unavailable(format!("{} is not UTF-8", path.display())))
}

async fn put_label(copy: &mut SqliteConnection, label: &Label) -> Result<(), StoreError> {
    let make =
        "CREATE TABLE backup (made_at INTEGER NOT NULL, version TEXT NOT NULL, pepper BLOB NOT NULL) STRICT";
    sqlx::query(make).execute(&mut *copy).await?;
    sqlx::query("INSERT INTO backup (made_at, version, pepper) VALUES (?, ?, ?)")
        .bind(label.made_at)
        .bind(&label.version)
        .bind(label.pepper.as_slice())
        .execute(copy)
        .await?;
    Ok(())
}

async fn read_label(copy: &mut SqliteConnection) -> Result<Label, StoreError> {
    let row: Result<(i64, String, Vec<u8>), _> =
        sqlx::query_as("SELECT made_at, version, pepper FROM backup").fetch_one(copy).await;
    let (made_at, version, pepper) = row.map_err(|_| StoreError::NoBackup)?;
    Ok(Label { made_at, version, pepper: pepper.into() })
}

async fn check(copy: &mut SqliteConnection) -> Result<Contents, StoreError> {
    let complaints = integrity(copy).await?;
    if !complaints.is_empty() {
        return Err(StoreError::Damaged(complaints.join("; ")));
    }
    let contents = sqlx::query_as(
        "SELECT (SELECT count(*) FROM api_keys) AS keys, (SELECT count(*) FROM projects) AS projects, \
         (SELECT count(*) FROM memories) AS memories",
    );
    Ok(contents.fetch_one(copy).await?)
}

async fn integrity(connection: &mut SqliteConnection) -> Result<Vec<String>, StoreError> {
    // The argument is the number of complaints that are told; it cannot be bound.
    let check = sqlx::query_scalar("PRAGMA integrity_check(5)");
    let said: Vec<String> = check.fetch_all(connection).await?;
    Ok(said.into_iter().filter(|line| line != "ok").collect())
}

/// Returns a path with something after its name.
pub fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label() -> Label {
        Label { made_at: 7, version: "1".into(), pepper: vec![0xa7; 32].into() }
    }

    #[tokio::test]
    async fn a_copy_is_whole_while_the_store_is_written_to() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("t.db"), 1).await.unwrap();
        store.allow().add(vec!["10.0.0.0/8".into()]).await.unwrap();
        store.care().sync().await.unwrap();
        assert_eq!(store.care().examine().await.unwrap(), Examined { complaints: Vec::new(), newest: None });
        let file = dir.path().join("copy.db");
        let contents = store.care().copy(&file, &label()).await.unwrap();
        assert_eq!(contents, Contents { keys: 0, projects: 0, memories: 0 });
        assert!(store.care().copy(&file, &label()).await.is_err(), "nothing is overwritten");
        let (read, found) = read_backup(&file).await.unwrap();
        assert!(read == label() && found == contents);
        take_label_off(&file).await.unwrap();
        assert!(matches!(read_backup(&file).await, Err(StoreError::NoBackup)));
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(32).any(|part| part == [0xa7; 32]), "the pepper is not left in it");
        let again = Store::open(&file, 1).await.unwrap();
        assert_eq!(again.allow().all().await.unwrap().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn who_else_has_the_database_open_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("t.db"), 1).await.unwrap();
        assert!(store.is_alone());
        let other = Store::open(&dir.path().join("t.db"), 1).await.unwrap();
        assert!(!store.is_alone() && !other.is_alone());
        drop(other);
        assert!(store.is_alone());
    }

    #[tokio::test]
    async fn what_is_damaged_or_of_a_newer_mcpd_is_no_backup() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("t.db"), 1).await.unwrap();
        let file = dir.path().join("copy.db");
        store.care().copy(&file, &label()).await.unwrap();
        let mut newer = existing(&file).connect().await.unwrap();
        let raise = "UPDATE _sqlx_migrations SET version = 9000 WHERE version = 1";
        sqlx::query(raise).execute(&mut newer).await.unwrap();
        newer.close().await.unwrap();
        assert!(matches!(read_backup(&file).await, Err(StoreError::Newer(9000))));
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 6000].fill(0xff);
        std::fs::write(&file, bytes).unwrap();
        assert!(read_backup(&file).await.is_err());
        std::fs::write(&file, "no database at all").unwrap();
        assert!(read_backup(&file).await.is_err());
        assert!(read_backup(&dir.path().join("nowhere")).await.is_err());
    }
}
