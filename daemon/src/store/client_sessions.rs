//! Sessions that clients opened with `initialize`, so that a restart does not end them.

use futures::FutureExt;
use sqlx::SqliteConnection;

use super::{Store, StoreError, words_from_text, words_to_text};

/// One session as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSession {
    /// Its id.
    pub id: String,
    /// The tenant of who opened it.
    pub tenant: String,
    /// Who opened it, written as the author of records is.
    pub principal: String,
    /// The revision negotiated.
    pub revision: String,
    /// What the client calls itself.
    pub client: String,
    /// What the client declared that it can.
    pub capabilities: Vec<String>,
    /// Rank of the least severe level of log it wants to hear.
    pub level: u8,
    /// Resources it subscribed to.
    pub subscriptions: Vec<String>,
    /// When it was opened, UTC milliseconds.
    pub created_at: i64,
    /// When it was last used, UTC milliseconds.
    pub last_used_at: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    tenant: String,
    principal: String,
    revision: String,
    client: String,
    capabilities: String,
    level: u8,
    subscriptions: String,
    created_at: i64,
    last_used_at: i64,
}

/// The sessions of the store.
pub struct ClientSessionRepository<'a>(pub(super) &'a Store);

impl ClientSessionRepository<'_> {
    /// Keeps sessions, new ones and those that changed.
    pub async fn keep(&self, sessions: Vec<ClientSession>) -> Result<(), StoreError> {
        self.0.writer.run(|connection| keep(connection, sessions).boxed()).await
    }

    /// Forgets sessions that ended.
    pub async fn forget(&self, ids: Vec<String>) -> Result<(), StoreError> {
        self.0.writer.run(|connection| forget(connection, ids).boxed()).await
    }

    /// Returns every session.
    pub async fn all(&self) -> Result<Vec<ClientSession>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, tenant, principal, revision, client, capabilities, level, subscriptions, created_at, \
             last_used_at FROM client_sessions ORDER BY last_used_at",
        )
        .fetch_all(&self.0.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }
}

async fn keep(connection: &mut SqliteConnection, sessions: Vec<ClientSession>) -> Result<(), StoreError> {
    for session in sessions {
        sqlx::query(
            "INSERT INTO client_sessions (id, tenant, principal, revision, client, capabilities, level, \
                                          subscriptions, created_at, last_used_at) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET level = excluded.level, subscriptions = excluded.subscriptions, \
                                            last_used_at = excluded.last_used_at",
        )
        .bind(session.id)
        .bind(session.tenant)
        .bind(session.principal)
        .bind(session.revision)
        .bind(session.client)
        .bind(words_to_text(&session.capabilities))
        .bind(session.level)
        .bind(words_to_text(&session.subscriptions))
        .bind(session.created_at)
        .bind(session.last_used_at)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

async fn forget(connection: &mut SqliteConnection, ids: Vec<String>) -> Result<(), StoreError> {
    for id in ids {
        sqlx::query("DELETE FROM client_sessions WHERE id = ?").bind(id).execute(&mut *connection).await?;
    }
    Ok(())
}

fn read(row: Row) -> Result<ClientSession, StoreError> {
    Ok(ClientSession {
        id: row.id,
        tenant: row.tenant,
        principal: row.principal,
        revision: row.revision,
        client: row.client,
        capabilities: words_from_text(&row.capabilities)?,
        level: row.level,
        subscriptions: words_from_text(&row.subscriptions)?,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_session_is_kept_changed_and_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("t.db"), 1).await.unwrap();
        let mut session = ClientSession {
            id: "a".into(),
            tenant: "default".into(),
            principal: "key:1".into(),
            revision: "2025-11-25".into(),
            client: "test".into(),
            capabilities: vec!["roots".into()],
            level: 2,
            subscriptions: vec![],
            created_at: 1,
            last_used_at: 1,
        };
        store.client_sessions().keep(vec![session.clone()]).await.unwrap();
        session.subscriptions.push("mcpd://p/todos".into());
        (session.level, session.last_used_at) = (4, 9);
        store.client_sessions().keep(vec![session.clone()]).await.unwrap();
        assert_eq!(store.client_sessions().all().await.unwrap(), [session]);
        store.client_sessions().forget(vec!["a".into()]).await.unwrap();
        assert!(store.client_sessions().all().await.unwrap().is_empty());
    }
}
