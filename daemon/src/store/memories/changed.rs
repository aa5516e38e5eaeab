//! What an index in memory reads: the memories of a project that changed since a number it knows.

use futures::TryStreamExt;

use super::{Level, MemoryRepository, Unembedded};
use crate::store::StoreError;

/// Removals that are kept for indexes which have not seen them.
const GONE: i64 = 10_000;

/// One thing that happened to a project's memories.
#[derive(Debug, Clone, PartialEq)]
pub enum Changed {
    /// What is known of the project is too old to be brought up to date: forget it.
    Anew,
    /// A row is gone.
    Gone(i64),
    /// A row is new or differs.
    Row {
        /// The row; its number may have been that of another memory before.
        seq: i64,
        /// The memory's id.
        id: String,
        /// Its terms, separated by spaces.
        terms: String,
        /// How long it is kept.
        level: Level,
        /// Kind of knowledge.
        category: Option<String>,
        /// Estimated tokens of its content.
        tokens: i64,
        /// When it ends.
        expires_at: Option<i64>,
        /// Its vector of the model asked for.
        vector: Option<Vec<u8>>,
    },
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    id: String,
    terms: String,
    level: String,
    category: Option<String>,
    tokens: i64,
    expires_at: Option<i64>,
    vector: Option<Vec<u8>>,
}

impl MemoryRepository<'_> {
    /// Returns the number of the last change of a project's memories.
    pub async fn revision(&self, project: &str) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT memory_revision FROM projects WHERE id = ?")
            .bind(project)
            .fetch_one(&self.0.readers)
            .await?)
    }

    /// Calls `visit` with what happened to a project's memories after change number `since`, in an order that may be
    /// applied as it comes, and returns the number of the last change. With `model`, rows come with its vectors. Who asks
    /// from 0 knows nothing: removals are not told.
    pub async fn changed(
        &self,
        project: &str,
        since: i64,
        model: Option<&str>,
        mut visit: impl FnMut(Changed) + Send,
    ) -> Result<i64, StoreError> {
        // One snapshot for all of it: a change between two reads would be lost.
        let mut snapshot = self.0.readers.begin().await?;
        let (revision, floor): (i64, i64) =
            sqlx::query_as("SELECT memory_revision, memory_floor FROM projects WHERE id = ?")
                .bind(project)
                .fetch_one(&mut *snapshot)
                .await?;
        let since = if since < floor {
            visit(Changed::Anew);
            0
        } else {
            since
        };
        if since > 0 {
            let mut gone =
                sqlx::query_scalar("SELECT seq FROM memories_gone WHERE project = ? AND revision > ?")
                    .bind(project)
                    .bind(since)
                    .fetch(&mut *snapshot);
            while let Some(seq) = gone.try_next().await? {
                visit(Changed::Gone(seq));
            }
        }
        // Rows after what is gone: SQLite gives the number of a removed last row to the next.
        let mut rows = sqlx::query_as::<_, Row>(
            "SELECT m.seq, m.id, m.terms, m.level, m.category, m.tokens, m.expires_at, v.vector \
             FROM memories m LEFT JOIN memory_vectors v ON v.seq = m.seq AND v.model = ? \
             WHERE m.project = ? AND m.revision > ? ORDER BY m.seq",
        )
        .bind(model)
        .bind(project)
        .bind(since)
        .fetch(&mut *snapshot);
        while let Some(row) = rows.try_next().await? {
            visit(Changed::Row {
                seq: row.seq,
                id: row.id,
                terms: row.terms,
                level: Level::read(&row.level)?,
                category: row.category,
                tokens: row.tokens,
                expires_at: row.expires_at,
                vector: row.vector,
            });
        }
        Ok(revision)
    }

    /// Returns up to `limit` memories of any project whose terms an older analysis made.
    pub async fn analysed_otherwise(&self, limit: i64) -> Result<Vec<Unembedded>, StoreError> {
        Ok(sqlx::query_as("SELECT seq, id, content FROM memories WHERE analysis < ? LIMIT ?")
            .bind(mcpd_recall::ANALYSIS)
            .bind(limit)
            .fetch_all(&self.0.readers)
            .await?)
    }

    /// Keeps new terms of memories, by id, made by the analysis of this version.
    pub async fn analysed(&self, terms: Vec<(String, String)>) -> Result<(), StoreError> {
        let work = async move |connection: &mut sqlx::SqliteConnection| -> Result<(), StoreError> {
            for (id, terms) in terms {
                let project: Option<String> = sqlx::query_scalar("SELECT project FROM memories WHERE id = ?")
                    .bind(&id)
                    .fetch_optional(&mut *connection)
                    .await?;
                let Some(project) = project else { continue };
                let revision = super::write::count(connection, &project, 0, 0).await?;
                sqlx::query("UPDATE memories SET terms = ?, analysis = ?, revision = ? WHERE id = ?")
                    .bind(terms)
                    .bind(mcpd_recall::ANALYSIS)
                    .bind(revision)
                    .bind(id)
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(())
        };
        self.0.writer.run(move |connection| Box::pin(work(connection))).await
    }

    /// Forgets the numbers of rows that went long ago; who knows the project from before then begins anew.
    pub async fn trim_gone(&self) -> Result<(), StoreError> {
        let work = async |connection: &mut sqlx::SqliteConnection| -> Result<(), StoreError> {
            for sql in [
                "UPDATE projects SET memory_floor = coalesce((SELECT revision FROM memories_gone WHERE \
                   project = projects.id ORDER BY revision DESC LIMIT 1 OFFSET ?1), memory_floor) \
                 WHERE EXISTS (SELECT 1 FROM memories_gone WHERE project = projects.id \
                   ORDER BY revision DESC LIMIT 1 OFFSET ?1)",
                "DELETE FROM memories_gone WHERE revision <= \
                   (SELECT memory_floor FROM projects WHERE id = memories_gone.project) AND ?1 > 0",
            ] {
                sqlx::query(sql).bind(GONE).execute(&mut *connection).await?;
            }
            Ok(())
        };
        self.0.writer.run(move |connection| Box::pin(work(connection))).await
    }
}

#[cfg(test)]
impl MemoryRepository<'_> {
    /// Makes all terms those of an older analysis.
    pub(crate) async fn spoil_analysis(&self, terms: &str) {
        let terms = terms.to_owned();
        let work = async |connection: &mut sqlx::SqliteConnection, terms: String| -> Result<(), StoreError> {
            for sql in [
                "UPDATE projects SET memory_revision = memory_revision + 1 WHERE ?1 IS NOT NULL",
                "UPDATE memories SET terms = ?1, analysis = 0, \
                   revision = (SELECT memory_revision FROM projects WHERE id = project)",
            ] {
                sqlx::query(sql).bind(&terms).execute(&mut *connection).await?;
            }
            Ok(())
        };
        self.0.writer.run(move |connection| Box::pin(work(connection, terms))).await.unwrap();
    }
}
