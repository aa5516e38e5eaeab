//! Reading known errors: by id, in lists, and what changed for those who hold them in memory.

use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{BlockLevel, FirewallRepository, KnownError, SHARED, Solution, days::scopes, solutions};
use crate::store::{Page, StoreError, words_to_text};

/// Which errors are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorFilter {
    /// Only types like this: a pattern of SQL's `LIKE` in which `!` takes the meaning of what follows.
    pub type_like: Option<String>,
    /// Only these ids.
    pub ids: Option<Vec<String>>,
}

/// An error as those hold it who compare operations with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedError {
    /// Its id.
    pub id: String,
    /// Kind of operation; may hold wildcards.
    pub error_type: String,
    /// The canonical pattern.
    pub pattern: String,
    /// Its terms; absent when an older analysis made them.
    pub terms: Option<String>,
    /// What a match brings about.
    pub level: BlockLevel,
}

const COLUMNS: &str = "SELECT e.id, p.name AS project, e.error_type, e.scene, e.pattern, e.message, e.level, \
     e.occurrences, e.blocked, e.warned, e.author, e.created_at, e.seen_at, s.id AS solution_id, s.solution, s.stated, \
     s.auto_fix, s.solved, s.not_solved, s.author AS solution_author, s.created_at AS solution_at \
     FROM firewall_errors e LEFT JOIN projects p ON p.id = e.project \
     LEFT JOIN firewall_solutions s ON s.id = e.solution";

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    project: Option<String>,
    error_type: String,
    scene: String,
    pattern: String,
    message: String,
    level: String,
    occurrences: i64,
    blocked: i64,
    warned: i64,
    author: String,
    created_at: i64,
    seen_at: i64,
    solution_id: Option<String>,
    solution: Option<String>,
    stated: Option<f64>,
    auto_fix: Option<bool>,
    solved: Option<i64>,
    not_solved: Option<i64>,
    solution_author: Option<String>,
    solution_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct ChangedRow {
    id: String,
    error_type: String,
    pattern: String,
    terms: Option<String>,
    level: String,
}

impl FirewallRepository<'_> {
    /// Returns a tenant's error with every solution of it, the one trusted most first.
    pub async fn get(&self, tenant: &str, id: &str) -> Result<(KnownError, Vec<Solution>), StoreError> {
        let mut connection = self.0.readers.acquire().await?;
        let error = one(&mut connection, tenant, id).await?;
        let first = error.solution.as_ref().map(|solution| solution.id.as_str());
        let all = solutions::of(&mut connection, id, first).await?;
        Ok((error, all))
    }

    /// Returns a page of the errors of a project and the shared ones, the last seen first, and how many there are.
    pub async fn list(
        &self,
        tenant: &str,
        project: Option<&str>,
        filter: &ErrorFilter,
        page: Page,
    ) -> Result<(Vec<KnownError>, i64), StoreError> {
        const WHERE: &str = "WHERE e.tenant = ? AND (e.scope = ? OR e.scope = ?) \
             AND (? IS NULL OR e.error_type LIKE ? ESCAPE '!') \
             AND (? IS NULL OR e.id IN (SELECT value FROM json_each(?)))";
        let list = format!("{COLUMNS} {WHERE} ORDER BY e.seen_at DESC, e.id DESC LIMIT ? OFFSET ?");
        let count = format!("SELECT count(*) FROM firewall_errors e {WHERE}");
        let (own, shared) = scopes(project);
        let like = filter.type_like.as_deref();
        let ids = filter.ids.as_deref().map(words_to_text);
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(list))
            .bind(tenant)
            .bind(own)
            .bind(shared)
            .bind(like)
            .bind(like)
            .bind(&ids)
            .bind(&ids)
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(&self.0.readers)
            .await?;
        let total = sqlx::query_scalar(AssertSqlSafe(count))
            .bind(tenant)
            .bind(own)
            .bind(shared)
            .bind(like)
            .bind(like)
            .bind(&ids)
            .bind(&ids)
            .fetch_one(&self.0.readers)
            .await?;
        Ok((rows.into_iter().map(read).collect::<Result<_, _>>()?, total))
    }

    /// Answers whether a tenant's error is one of a project or a shared one.
    pub async fn is_in(&self, tenant: &str, project: &str, id: &str) -> Result<bool, StoreError> {
        let scope: Option<String> =
            sqlx::query_scalar("SELECT scope FROM firewall_errors WHERE tenant = ? AND id = ?")
                .bind(tenant)
                .bind(id)
                .fetch_optional(&self.0.readers)
                .await?;
        Ok(scope.is_some_and(|scope| scope == project || scope == SHARED))
    }

    /// Returns the number of the last change of a scope.
    pub async fn revision(&self, tenant: &str, scope: &str) -> Result<i64, StoreError> {
        let revision: Option<i64> =
            sqlx::query_scalar("SELECT revision FROM firewall_scopes WHERE tenant = ? AND scope = ?")
                .bind(tenant)
                .bind(scope)
                .fetch_optional(&self.0.readers)
                .await?;
        Ok(revision.unwrap_or(0))
    }

    /// Calls `visit` with the errors of a scope that changed after change number `since`, and returns the number of the
    /// last change. Errors are never taken away, so there is nothing else to tell.
    pub async fn changed(
        &self,
        (tenant, scope): (&str, &str),
        since: i64,
        mut visit: impl FnMut(ChangedError) + Send,
    ) -> Result<i64, StoreError> {
        // The number first: what is written meanwhile is read again by the next question.
        let revision = self.revision(tenant, scope).await?;
        let mut rows = sqlx::query_as::<_, ChangedRow>(
            "SELECT id, error_type, pattern, CASE WHEN analysis = ? THEN terms ELSE NULL END AS terms, level \
             FROM firewall_errors WHERE tenant = ? AND scope = ? AND revision > ? ORDER BY revision",
        )
        .bind(mcpd_recall::ANALYSIS)
        .bind(tenant)
        .bind(scope)
        .bind(since)
        .fetch(&self.0.readers);
        while let Some(row) = rows.try_next().await? {
            let level = BlockLevel::read(&row.level)?;
            let ChangedRow { id, error_type, pattern, terms, .. } = row;
            visit(ChangedError { id, error_type, pattern, terms, level });
        }
        Ok(revision)
    }

    /// Returns scene and message of an error, of which terms are made.
    pub async fn texts(&self, tenant: &str, id: &str) -> Result<(String, String), StoreError> {
        Ok(sqlx::query_as("SELECT scene, message FROM firewall_errors WHERE tenant = ? AND id = ?")
            .bind(tenant)
            .bind(id)
            .fetch_one(&self.0.readers)
            .await?)
    }
}

/// Returns a tenant's error.
pub(super) async fn one(
    connection: &mut SqliteConnection,
    tenant: &str,
    id: &str,
) -> Result<KnownError, StoreError> {
    let sql = format!("{COLUMNS} WHERE e.tenant = ? AND e.id = ?");
    let row: Row = sqlx::query_as(AssertSqlSafe(sql)).bind(tenant).bind(id).fetch_one(connection).await?;
    read(row)
}

fn read(row: Row) -> Result<KnownError, StoreError> {
    let solution = match row.solution_id {
        Some(id) => Some(Solution {
            id,
            solution: row.solution.unwrap_or_default(),
            stated: row.stated.unwrap_or(0.0),
            auto_fix: row.auto_fix.unwrap_or(false),
            solved: row.solved.unwrap_or(0),
            not_solved: row.not_solved.unwrap_or(0),
            author: row.solution_author.unwrap_or_default(),
            created_at: row.solution_at.unwrap_or(0),
        }),
        None => None,
    };
    Ok(KnownError {
        id: row.id,
        project: row.project,
        error_type: row.error_type,
        scene: row.scene,
        pattern: row.pattern,
        message: row.message,
        level: BlockLevel::read(&row.level)?,
        solution,
        occurrences: row.occurrences,
        blocked: row.blocked,
        warned: row.warned,
        author: row.author,
        created_at: row.created_at,
        seen_at: row.seen_at,
    })
}
