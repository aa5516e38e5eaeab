//! Memories as an operator looks through them: of every tenant, page by page, and removed for good.

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{COLUMNS, Level, Memory, MemoryRepository, Row, read, write};
use crate::store::{
    StoreError,
    changes::{Part, Telling},
    now,
};

/// Which memories are wanted; absent is any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Browsing {
    /// Of this tenant.
    pub tenant: Option<String>,
    /// Of this `project_id`.
    pub project: Option<String>,
    /// Of this level.
    pub level: Option<Level>,
    /// Behind this id: pages follow each other by the last id seen.
    pub after: Option<String>,
}

/// A memory and whose it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Browsed {
    /// The tenant.
    pub tenant: String,
    /// The caller's `project_id`.
    pub project: String,
    /// The memory.
    pub memory: Memory,
}

#[derive(sqlx::FromRow)]
struct Owned {
    owner: String,
    name: String,
    #[sqlx(flatten)]
    row: Row,
}

/// The projects beside their memories, with names that no column of a memory has.
const FROM: &str = "FROM memories JOIN (SELECT id AS place, tenant AS owner, name FROM projects) ON place = project \
     WHERE (expires_at IS NULL OR expires_at > ?1)";

impl MemoryRepository<'_> {
    /// Returns up to `limit` living memories, oldest first.
    pub async fn browse(&self, wanted: &Browsing, limit: i64) -> Result<Vec<Browsed>, StoreError> {
        let sql = format!(
            "SELECT owner, name, {COLUMNS} {FROM} AND id > ?2 AND (?3 IS NULL OR owner = ?3) \
             AND (?4 IS NULL OR name = ?4) AND (?5 IS NULL OR level = ?5) ORDER BY id LIMIT ?6"
        );
        let rows: Vec<Owned> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(now())
            .bind(wanted.after.as_deref().unwrap_or_default())
            .bind(wanted.tenant.as_deref())
            .bind(wanted.project.as_deref())
            .bind(wanted.level.map(Level::as_str))
            .bind(limit)
            .fetch_all(&self.0.readers)
            .await?;
        rows.into_iter().map(browsed).collect()
    }

    /// Returns a living memory of any tenant by its id.
    pub async fn by_id(&self, id: &str) -> Result<Browsed, StoreError> {
        let sql = format!("SELECT owner, name, {COLUMNS} {FROM} AND id = ?2");
        let row: Owned =
            sqlx::query_as(AssertSqlSafe(sql)).bind(now()).bind(id).fetch_one(&self.0.readers).await?;
        browsed(row)
    }

    /// Removes memories by their ids for good and returns how many there were: rows, vectors, and their traces in the
    /// write-ahead log, those as soon as nobody reads an older state.
    pub async fn delete(&self, ids: Vec<String>) -> Result<usize, StoreError> {
        let work = async move |connection: &mut SqliteConnection, telling: &mut Telling| {
            let mut rows = Vec::with_capacity(ids.len());
            for id in ids {
                let row: Option<(i64, String, String)> =
                    sqlx::query_as("SELECT seq, id, project FROM memories WHERE id = ?")
                        .bind(id)
                        .fetch_optional(&mut *connection)
                        .await?;
                rows.extend(row);
            }
            write::forget(connection, telling, rows).await
        };
        let gone =
            self.0.writer.run_telling(move |connection, telling| Box::pin(work(connection, telling))).await?;
        self.0.writer.owe_a_clean_log();
        self.0.writer.clean_log().await?;
        Ok(gone)
    }

    /// Gives a memory a longer or shorter life.
    pub async fn set_level(&self, id: &str, level: Level, expires_at: Option<i64>) -> Result<(), StoreError> {
        let id = id.to_owned();
        let work = async move |connection: &mut SqliteConnection, telling: &mut Telling| {
            let (project, tenant, name): (String, String, String) = sqlx::query_as(
                "SELECT project, projects.tenant, name FROM memories JOIN projects ON projects.id = project \
                 WHERE memories.id = ?",
            )
            .bind(&id)
            .fetch_one(&mut *connection)
            .await?;
            let revision = write::count(connection, &project, 0, 0).await?;
            sqlx::query("UPDATE memories SET level = ?, expires_at = ?, revision = ? WHERE id = ?")
                .bind(level.as_str())
                .bind(expires_at)
                .bind(revision)
                .bind(&id)
                .execute(connection)
                .await?;
            telling.tell(&tenant, &name, || Part::Memories(id));
            Ok(())
        };
        self.0.writer.run_telling(move |connection, telling| Box::pin(work(connection, telling))).await
    }
}

fn browsed(owned: Owned) -> Result<Browsed, StoreError> {
    Ok(Browsed { tenant: owned.owner, project: owned.name, memory: read(owned.row)? })
}
