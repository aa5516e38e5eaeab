//! API keys: their digests and terms, never their secrets.

use futures::FutureExt;
use sqlx::SqliteConnection;

use super::{Store, StoreError, words_from_text, words_to_text};

/// A key as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// The twelve public characters.
    pub id: String,
    /// Whose data it sees.
    pub tenant: String,
    /// Name for people.
    pub name: String,
    /// HMAC-SHA-256 of the whole key under the pepper.
    pub digest: Vec<u8>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Tools it may call; empty means all that its scopes allow.
    pub tools: Vec<String>,
    /// Tools it may not call.
    pub deny_tools: Vec<String>,
    /// Networks it may be used from; empty means any.
    pub cidrs: Vec<String>,
    /// Own rate, `COUNT/PERIOD`.
    pub rate: Option<String>,
    /// Own limit of connections.
    pub connections: Option<u32>,
    /// When it was issued.
    pub created_at: i64,
    /// When it expires.
    pub expires_at: Option<i64>,
    /// When it was revoked.
    pub revoked_at: Option<i64>,
    /// When it was last used.
    pub last_used_at: Option<i64>,
    /// The secret before the last rotation.
    pub previous: Option<PreviousSecret>,
}

/// A secret that was replaced and opens the door a while longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousSecret {
    /// HMAC-SHA-256 of the whole key under the pepper.
    pub digest: Vec<u8>,
    /// Until when, UTC milliseconds.
    pub until: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    tenant: String,
    name: String,
    digest: Vec<u8>,
    scopes: String,
    tools: String,
    deny_tools: String,
    cidrs: String,
    rate: Option<String>,
    connections: Option<i64>,
    created_at: i64,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    last_used_at: Option<i64>,
    previous_digest: Option<Vec<u8>>,
    previous_until: Option<i64>,
}

/// The keys of the store.
pub struct KeyRepository<'a>(pub(super) &'a Store);

impl KeyRepository<'_> {
    /// Keeps a new key; a living one with the same name is a `Duplicate`.
    pub async fn insert(&self, key: KeyRow) -> Result<(), StoreError> {
        self.0.writer.run(move |connection| insert(connection, key).boxed()).await
    }

    /// Returns every key, oldest first.
    pub async fn all(&self) -> Result<Vec<KeyRow>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, tenant, name, digest, scopes, tools, deny_tools, cidrs, rate, connections, created_at, \
             expires_at, revoked_at, last_used_at, previous_digest, previous_until FROM api_keys ORDER BY created_at, id",
        )
        .fetch_all(&self.0.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// Marks a key as revoked at `at`.
    pub async fn revoke(&self, id: &str, at: i64) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.0.writer.run(move |connection| revoke(connection, id, at).boxed()).await
    }

    /// Gives a key another secret and keeps the one before.
    pub async fn rotate(
        &self,
        id: &str,
        digest: Vec<u8>,
        previous: PreviousSecret,
    ) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.0.writer.run(move |connection| rotate(connection, id, digest, previous).boxed()).await
    }

    /// Gives a key another name; that of another living one is a `Duplicate`.
    pub async fn rename(&self, id: &str, name: &str) -> Result<(), StoreError> {
        let (id, name) = (id.to_owned(), name.to_owned());
        self.0.writer.run(move |connection| rename(connection, id, name).boxed()).await
    }

    /// Writes when keys were last used, all at once.
    pub async fn touch(&self, used: Vec<(String, i64)>) -> Result<(), StoreError> {
        self.0.writer.run(|connection| touch(connection, used).boxed()).await
    }
}

async fn revoke(connection: &mut SqliteConnection, id: String, at: i64) -> Result<(), StoreError> {
    sqlx::query("UPDATE api_keys SET revoked_at = ? WHERE id = ?")
        .bind(at)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

async fn rotate(
    connection: &mut SqliteConnection,
    id: String,
    digest: Vec<u8>,
    previous: PreviousSecret,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE api_keys SET digest = ?, previous_digest = ?, previous_until = ? WHERE id = ?")
        .bind(digest)
        .bind(previous.digest)
        .bind(previous.until)
        .bind(id)
        .execute(connection)
        .await?;
    Ok(())
}

async fn rename(connection: &mut SqliteConnection, id: String, name: String) -> Result<(), StoreError> {
    sqlx::query("UPDATE api_keys SET name = ? WHERE id = ?").bind(name).bind(id).execute(connection).await?;
    Ok(())
}

async fn touch(connection: &mut SqliteConnection, used: Vec<(String, i64)>) -> Result<(), StoreError> {
    for (id, at) in used {
        sqlx::query("UPDATE api_keys SET last_used_at = ? WHERE id = ?")
            .bind(at)
            .bind(id)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn insert(connection: &mut SqliteConnection, key: KeyRow) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO api_keys (id, tenant, name, digest, scopes, tools, deny_tools, cidrs, rate, connections, \
                               created_at, expires_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&key.id)
    .bind(&key.tenant)
    .bind(&key.name)
    .bind(&key.digest)
    .bind(words_to_text(&key.scopes))
    .bind(words_to_text(&key.tools))
    .bind(words_to_text(&key.deny_tools))
    .bind(words_to_text(&key.cidrs))
    .bind(key.rate.as_deref())
    .bind(key.connections)
    .bind(key.created_at)
    .bind(key.expires_at)
    .execute(connection)
    .await?;
    Ok(())
}

fn read(row: Row) -> Result<KeyRow, StoreError> {
    Ok(KeyRow {
        id: row.id,
        tenant: row.tenant,
        name: row.name,
        digest: row.digest,
        scopes: words_from_text(&row.scopes)?,
        tools: words_from_text(&row.tools)?,
        deny_tools: words_from_text(&row.deny_tools)?,
        cidrs: words_from_text(&row.cidrs)?,
        rate: row.rate,
        connections: row.connections.and_then(|limit| u32::try_from(limit).ok()),
        created_at: row.created_at,
        expires_at: row.expires_at,
        revoked_at: row.revoked_at,
        last_used_at: row.last_used_at,
        previous: row
            .previous_digest
            .zip(row.previous_until)
            .map(|(digest, until)| PreviousSecret { digest, until }),
    })
}
