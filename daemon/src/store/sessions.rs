//! Development sessions: what someone set out to do, and what came of it.

use futures::FutureExt;
use sqlx::SqliteConnection;

use super::{
    Owner, Store, StoreError,
    changes::{Part, Telling},
    new_id, now, projects, words_from_text, words_to_text,
};

/// A session to open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSession {
    /// Whose and by whom.
    pub owner: Owner,
    /// The caller's `project_id`.
    pub project: String,
    /// What it should achieve.
    pub goals: String,
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionEnd {
    /// What was completed.
    pub achievements: String,
    /// Where to continue.
    pub next_steps: Option<String>,
    /// Files changed during the session.
    pub files_modified: Vec<String>,
}

/// A session as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevSession {
    /// Its id.
    pub id: String,
    /// The caller's `project_id`.
    pub project: String,
    /// Who opened it.
    pub author: String,
    /// What it should achieve.
    pub goals: String,
    /// When it was opened.
    pub started_at: i64,
    /// When it was closed.
    pub ended_at: Option<i64>,
    /// What was completed.
    pub achievements: Option<String>,
    /// Where to continue.
    pub next_steps: Option<String>,
    /// Files changed during the session.
    pub files_modified: Vec<String>,
}

const COLUMNS: &str = "SELECT s.id, p.name AS project, s.author, s.goals, s.started_at, s.ended_at, s.achievements, \
     s.next_steps, s.files_modified FROM dev_sessions s JOIN projects p ON p.id = s.project";

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    project: String,
    author: String,
    goals: String,
    started_at: i64,
    ended_at: Option<i64>,
    achievements: Option<String>,
    next_steps: Option<String>,
    files_modified: String,
}

/// The development sessions of the store.
pub struct SessionRepository<'a>(pub(super) &'a Store);

impl SessionRepository<'_> {
    /// Opens a session, or returns the author's open one with the same goals; the flag says which.
    pub async fn start(&self, session: NewSession) -> Result<(DevSession, bool), StoreError> {
        self.0
            .writer
            .run_telling(move |connection, telling| start(connection, telling, session).boxed())
            .await
    }

    /// Closes a session of `tenant`. Closing it again changes nothing and returns it as it was closed.
    pub async fn end(
        &self,
        tenant: &str,
        id: &str,
        end: SessionEnd,
    ) -> Result<(DevSession, bool), StoreError> {
        let (tenant, id) = (tenant.to_owned(), id.to_owned());
        self.0
            .writer
            .run_telling(move |connection, telling| finish(connection, telling, (tenant, id), end).boxed())
            .await
    }

    /// Returns a project's open sessions, newest first, without the one named.
    pub async fn open(
        &self,
        project: &str,
        without: Option<&str>,
        limit: i64,
    ) -> Result<Vec<DevSession>, StoreError> {
        let sql = format!(
            "{COLUMNS} WHERE s.project = ? AND s.ended_at IS NULL AND (? IS NULL OR s.id <> ?) \
             ORDER BY s.started_at DESC, s.id DESC LIMIT ?"
        );
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(project)
            .bind(without)
            .bind(without)
            .bind(limit)
            .fetch_all(&self.0.readers)
            .await?;
        rows.into_iter().map(read).collect()
    }

    /// Returns the session of a project that was closed last.
    pub async fn last_closed(&self, project: &str) -> Result<Option<DevSession>, StoreError> {
        let sql = format!(
            "{COLUMNS} WHERE s.project = ? AND s.ended_at IS NOT NULL ORDER BY s.ended_at DESC, s.id DESC LIMIT 1"
        );
        let row: Option<Row> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(project).fetch_optional(&self.0.readers).await?;
        row.map(read).transpose()
    }

    /// Returns the titles of the todos completed while a session was open, in its project.
    pub async fn completed_todos(&self, session: &DevSession) -> Result<Vec<String>, StoreError> {
        Ok(sqlx::query_scalar(
            "SELECT t.title FROM todos t JOIN dev_sessions s ON s.project = t.project \
             WHERE s.id = ? AND t.completed_at >= s.started_at AND t.completed_at <= coalesce(s.ended_at, ?) \
             ORDER BY t.completed_at, t.id",
        )
        .bind(&session.id)
        .bind(now())
        .fetch_all(&self.0.readers)
        .await?)
    }
}

/// Returns the id of the author's newest open session of a project: what decisions, notes and todos belong to.
pub(super) async fn current(
    connection: &mut SqliteConnection,
    project: &str,
    author: &str,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT id FROM dev_sessions WHERE project = ? AND author = ? AND ended_at IS NULL \
         ORDER BY started_at DESC, id DESC LIMIT 1",
    )
    .bind(project)
    .bind(author)
    .fetch_optional(connection)
    .await?)
}

async fn start(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    new: NewSession,
) -> Result<(DevSession, bool), StoreError> {
    let owner = &new.owner;
    let project = projects::ensure(connection, telling, &owner.tenant, &new.project).await?;
    let open: Option<String> = sqlx::query_scalar(
        "SELECT id FROM dev_sessions WHERE project = ? AND author = ? AND goals = ? AND ended_at IS NULL",
    )
    .bind(&project)
    .bind(&owner.author)
    .bind(&new.goals)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(id) = open {
        return Ok((fetch(connection, &owner.tenant, &id).await?, true));
    }
    let id = new_id();
    sqlx::query(
        "INSERT INTO dev_sessions (id, tenant, project, author, goals, started_at) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(&owner.tenant)
    .bind(&project)
    .bind(&owner.author)
    .bind(&new.goals)
    .bind(now())
    .execute(&mut *connection)
    .await?;
    telling.tell(&owner.tenant, &new.project, || Part::Sessions);
    Ok((fetch(connection, &owner.tenant, &id).await?, false))
}

async fn finish(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    (tenant, id): (String, String),
    end: SessionEnd,
) -> Result<(DevSession, bool), StoreError> {
    let session = fetch(connection, &tenant, &id).await?;
    if session.ended_at.is_some() {
        return Ok((session, true));
    }
    sqlx::query(
        "UPDATE dev_sessions SET ended_at = ?, achievements = ?, next_steps = ?, files_modified = ? WHERE id = ?",
    )
    .bind(now())
    .bind(&end.achievements)
    .bind(end.next_steps.as_deref())
    .bind(words_to_text(&end.files_modified))
    .bind(&id)
    .execute(&mut *connection)
    .await?;
    telling.tell(&tenant, &session.project, || Part::Sessions);
    Ok((fetch(connection, &tenant, &id).await?, false))
}

async fn fetch(connection: &mut SqliteConnection, tenant: &str, id: &str) -> Result<DevSession, StoreError> {
    let sql = format!("{COLUMNS} WHERE s.tenant = ? AND s.id = ?");
    let row: Row =
        sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(tenant).bind(id).fetch_one(connection).await?;
    read(row)
}

fn read(row: Row) -> Result<DevSession, StoreError> {
    Ok(DevSession {
        id: row.id,
        project: row.project,
        author: row.author,
        goals: row.goals,
        started_at: row.started_at,
        ended_at: row.ended_at,
        achievements: row.achievements,
        next_steps: row.next_steps,
        files_modified: words_from_text(&row.files_modified)?,
    })
}
