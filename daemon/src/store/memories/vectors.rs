//! Vectors of memories: one for each, of one model; those of two models never stand beside each other in an index.

use sqlx::SqliteConnection;

use super::MemoryRepository;
use crate::store::{StoreError, words_to_text};

/// A memory that has no vector of a model yet.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Unembedded {
    /// Its row.
    pub seq: i64,
    /// Its id: a row's number may be given again, an id never is.
    pub id: String,
    /// The text to embed.
    pub content: String,
}

/// How far a model has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Embedded {
    /// Memories with a vector of the model.
    pub done: i64,
    /// Memories in all.
    pub all: i64,
}

impl MemoryRepository<'_> {
    /// Returns up to `limit` memories of any project without a vector of `model`, behind the row `after`.
    pub async fn unembedded(
        &self,
        model: &str,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Unembedded>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT seq, id, content FROM memories WHERE seq > ? AND NOT EXISTS \
               (SELECT 1 FROM memory_vectors v WHERE v.model = ? AND v.seq = memories.seq) \
             ORDER BY seq LIMIT ?",
        )
        .bind(after)
        .bind(model)
        .bind(limit)
        .fetch_all(&self.0.readers)
        .await?)
    }

    /// Returns those of some memories that are still there, with their texts.
    pub async fn to_embed(&self, ids: &[String]) -> Result<Vec<Unembedded>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT seq, id, content FROM (SELECT value AS wanted FROM json_each(?)) \
             CROSS JOIN memories ON id = wanted",
        )
        .bind(words_to_text(ids))
        .fetch_all(&self.0.readers)
        .await?)
    }

    /// Keeps vectors of `model` in place of those of another; of a memory that is gone by now, none.
    pub async fn put_vectors(
        &self,
        model: &str,
        vectors: Vec<(Unembedded, Vec<u8>)>,
    ) -> Result<(), StoreError> {
        let model = model.to_owned();
        let work = async move |connection: &mut SqliteConnection| -> Result<(), StoreError> {
            for (memory, vector) in vectors {
                put(connection, &model, memory, vector).await?;
            }
            Ok(())
        };
        self.0.writer.run(move |connection| Box::pin(work(connection))).await
    }

    /// Returns the vectors of memories that `model` made, by id, in no order.
    pub async fn vectors(&self, model: &str, ids: &[String]) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        // CROSS JOIN keeps SQLite from walking the vectors and asking the list about each.
        Ok(sqlx::query_as(
            "SELECT id, vector FROM (SELECT value AS wanted FROM json_each(?)) \
             CROSS JOIN memories ON id = wanted CROSS JOIN memory_vectors v ON v.seq = memories.seq \
             WHERE v.model = ?",
        )
        .bind(words_to_text(ids))
        .bind(model)
        .fetch_all(&self.0.readers)
        .await?)
    }

    /// Returns how far `model` has come with all memories.
    pub async fn embedded(&self, model: &str) -> Result<Embedded, StoreError> {
        Ok(sqlx::query_as(
            "SELECT (SELECT count(*) FROM memory_vectors WHERE model = ?) AS done, \
                    (SELECT coalesce(sum(memory_count), 0) FROM projects) AS \"all\"",
        )
        .bind(model)
        .fetch_one(&self.0.readers)
        .await?)
    }
}

async fn put(
    connection: &mut SqliteConnection,
    model: &str,
    memory: Unembedded,
    vector: Vec<u8>,
) -> Result<(), StoreError> {
    let project: Option<String> = sqlx::query_scalar("SELECT project FROM memories WHERE seq = ? AND id = ?")
        .bind(memory.seq)
        .bind(memory.id)
        .fetch_optional(&mut *connection)
        .await?;
    let Some(project) = project else { return Ok(()) };
    sqlx::query(
        "INSERT INTO memory_vectors (seq, model, vector) VALUES (?, ?, ?) \
         ON CONFLICT (seq) DO UPDATE SET model = excluded.model, vector = excluded.vector",
    )
    .bind(memory.seq)
    .bind(model)
    .bind(vector)
    .execute(&mut *connection)
    .await?;
    let revision = super::write::count(connection, &project, 0, 0).await?;
    sqlx::query("UPDATE memories SET revision = ? WHERE seq = ?")
        .bind(revision)
        .bind(memory.seq)
        .execute(connection)
        .await?;
    Ok(())
}
