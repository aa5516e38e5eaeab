//! Memories: full text kept, deduplicated by content, and findable as soon as the write is acknowledged.

mod browse;
mod changed;
mod vectors;
mod write;

pub use browse::{Browsed, Browsing};
pub use changed::Changed;
use futures::FutureExt;
use sqlx::AssertSqlSafe;
pub use vectors::{Embedded, Unembedded};
pub use write::{MOST_TAGS, Quota};

use super::{Owner, Store, StoreError, now, words_from_text, words_to_text};

/// How long a memory is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Working notes.
    Short,
    /// Semantic notes.
    Mid,
    /// Durable facts, kept for good.
    Long,
}

impl Level {
    /// Returns the name in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Mid => "mid",
            Self::Long => "long",
        }
    }

    fn read(text: &str) -> Result<Self, StoreError> {
        [Self::Short, Self::Mid, Self::Long]
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or(StoreError::Corrupt("a memory level"))
    }
}

/// What is to be remembered.
#[derive(Debug, Clone, PartialEq)]
pub struct NewMemory {
    /// Whose and by whom.
    pub owner: Owner,
    /// The caller's `project_id`.
    pub project: String,
    /// How long.
    pub level: Level,
    /// The text, kept whole.
    pub content: String,
    /// The text segmented for the index, by the analysis of this version.
    pub terms: String,
    /// Free labels.
    pub tags: Vec<String>,
    /// Kind of knowledge.
    pub category: Option<String>,
    /// Trust in it, 0..1.
    pub confidence: Option<f64>,
    /// Estimated tokens of the text.
    pub tokens: i64,
    /// When it ends, UTC milliseconds.
    pub expires_at: Option<i64>,
    /// What its project and its tenant may keep.
    pub quota: Quota,
    /// When it was first written, UTC milliseconds; absent is now.
    pub created_at: Option<i64>,
}

/// What became of a memory that was to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its id, that of the earlier one when the content was known.
    pub id: String,
    /// The level it has now.
    pub level: Level,
    /// When it was first stored.
    pub created_at: i64,
    /// When it ends.
    pub expires_at: Option<i64>,
    /// Whether the content was known already.
    pub deduplicated: bool,
}

/// A memory as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// Its id.
    pub id: String,
    /// How long it is kept.
    pub level: Level,
    /// The text.
    pub content: String,
    /// Free labels.
    pub tags: Vec<String>,
    /// Kind of knowledge.
    pub category: Option<String>,
    /// Trust in it, 0..1.
    pub confidence: Option<f64>,
    /// Estimated tokens of the text.
    pub tokens: i64,
    /// Who stored it.
    pub author: String,
    /// The development session it was stored in.
    pub session: Option<String>,
    /// How many answers it was part of.
    pub found: i64,
    /// When.
    pub created_at: i64,
    /// When it ends.
    pub expires_at: Option<i64>,
}

const COLUMNS: &str =
    "id, level, content, tags, category, confidence, tokens, author, session, found, created_at, expires_at";

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    level: String,
    content: String,
    tags: String,
    category: Option<String>,
    confidence: Option<f64>,
    tokens: i64,
    author: String,
    session: Option<String>,
    found: i64,
    created_at: i64,
    expires_at: Option<i64>,
}

/// The memories of the store.
pub struct MemoryRepository<'a>(pub(super) &'a Store);

impl MemoryRepository<'_> {
    /// Stores a memory, or finds the earlier one with the same content and keeps the longer of the two lives.
    pub async fn put(&self, memory: NewMemory) -> Result<Stored, StoreError> {
        self.0
            .writer
            .run_telling(move |connection, telling| write::put(connection, telling, memory).boxed())
            .await
    }

    /// Returns those of some memories that are living ones of a project, in no order.
    pub async fn texts(&self, project: &str, ids: &[String]) -> Result<Vec<Memory>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM (SELECT value AS wanted FROM json_each(?)) CROSS JOIN memories ON id = wanted \
             WHERE project = ? AND (expires_at IS NULL OR expires_at > ?)"
        );
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(words_to_text(ids))
            .bind(project)
            .bind(now())
            .fetch_all(&self.0.readers)
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// Returns a project's newest living memories.
    pub async fn recent(&self, project: &str, limit: i64) -> Result<Vec<Memory>, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM memories WHERE project = ? AND (expires_at IS NULL OR expires_at > ?) \
             ORDER BY created_at DESC, id DESC LIMIT ?"
        );
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(project)
            .bind(now())
            .bind(limit)
            .fetch_all(&self.0.readers)
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// Returns a living memory of a tenant's project.
    pub async fn get(&self, tenant: &str, project: &str, id: &str) -> Result<Memory, StoreError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM memories WHERE tenant = ? AND project = ? AND id = ? AND (expires_at IS NULL OR expires_at > ?)"
        );
        let row: Row = sqlx::query_as(AssertSqlSafe(sql))
            .bind(tenant)
            .bind(project)
            .bind(id)
            .bind(now())
            .fetch_one(&self.0.readers)
            .await?;
        read(row)
    }

    /// Returns the ids of a project's newest living memories that hold `part`, those that begin with it first, then
    /// newest first, and how many of the newest thousand do.
    pub async fn ids_like(
        &self,
        project: &str,
        part: &str,
        limit: i64,
    ) -> Result<(Vec<String>, i64), StoreError> {
        // Only the newest are looked at, so that completing stays cheap however much a project remembers.
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT id, count(*) OVER () FROM \
               (SELECT id, created_at FROM memories WHERE project = ?1 AND (expires_at IS NULL OR expires_at > ?2) \
                ORDER BY created_at DESC, id DESC LIMIT 1000) \
             WHERE instr(id, lower(?3)) > 0 ORDER BY instr(id, lower(?3)) > 1, created_at DESC, id DESC LIMIT ?4",
        )
        .bind(project)
        .bind(now())
        .bind(part)
        .bind(limit)
        .fetch_all(&self.0.readers)
        .await?;
        let total = rows.first().map_or(0, |(_, total)| *total);
        Ok((rows.into_iter().map(|(id, _)| id).collect(), total))
    }

    /// Counts that these memories were part of an answer, and makes mid memories that live `mid_ttl` from now on of those
    /// short ones that were so `promote_after` times; never when that is 0.
    pub async fn found(&self, ids: Vec<String>, promote_after: u32, mid_ttl: i64) -> Result<(), StoreError> {
        self.0
            .writer
            .run_telling(move |connection, telling| {
                write::found(connection, telling, ids, promote_after, mid_ttl).boxed()
            })
            .await
    }

    /// Takes the traces of what was removed out of the write-ahead log, if any are left and nobody reads them.
    pub async fn clean_log(&self) -> Result<(), StoreError> {
        self.0.writer.clean_log().await
    }

    /// Removes up to `limit` memories whose time has run out and returns how many there were.
    pub async fn purge(&self, limit: i64) -> Result<usize, StoreError> {
        let gone = self
            .0
            .writer
            .run_telling(move |connection, telling| write::purge(connection, telling, limit).boxed())
            .await?;
        if gone > 0 {
            self.0.writer.owe_a_clean_log();
        }
        Ok(gone)
    }
}

fn read(row: Row) -> Result<Memory, StoreError> {
    Ok(Memory {
        id: row.id,
        level: Level::read(&row.level)?,
        content: row.content,
        tags: words_from_text(&row.tags)?,
        category: row.category,
        confidence: row.confidence,
        tokens: row.tokens,
        author: row.author,
        session: row.session,
        found: row.found,
        created_at: row.created_at,
        expires_at: row.expires_at,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_a_living_memory_of_the_tenant_and_project_is_got() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("mcpd.db"), 1).await.unwrap();
        let put = async |project: &str, expires_at| {
            let memory = NewMemory {
                owner: Owner { tenant: "t".into(), author: "me".into() },
                project: project.into(),
                level: Level::Short,
                content: format!("{expires_at:?}"),
                terms: String::new(),
                tags: Vec::new(),
                category: None,
                confidence: None,
                tokens: 1,
                expires_at,
                quota: Quota::default(),
                created_at: None,
            };
            store.memories().put(memory).await.unwrap().id
        };
        let (kept, ended, other) =
            (put("p", None).await, put("p", Some(now() - 1)).await, put("q", None).await);
        let project = store.projects().find("t", "p").await.unwrap().id;
        assert_eq!(store.memories().get("t", &project, &kept).await.unwrap().id, kept);
        for (tenant, id) in [("t", &ended), ("t", &other), ("u", &kept)] {
            let got = store.memories().get(tenant, &project, id).await;
            assert!(matches!(got, Err(StoreError::NotFound)), "{tenant} {id}");
        }
        assert_eq!(store.memories().ids_like(&project, "", 9).await.unwrap(), (vec![kept], 1));
    }
}
