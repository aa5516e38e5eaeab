//! The log of checks: the newest of each scope, and what they count for the errors they met.

use futures::FutureExt;
use sqlx::SqliteConnection;

use super::{
    FirewallRepository, KEPT_CHECKS, MatchedBy, SHARED, Verdict,
    days::{self, Counted},
};
use crate::store::{Owner, StoreError, new_id, now};

/// A check to log.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCheck {
    /// Whose and by whom.
    pub owner: Owner,
    /// The project's id; absent when only shared errors were asked.
    pub project: Option<String>,
    /// The development session it belongs to.
    pub session: Option<String>,
    /// Kind of operation.
    pub operation_type: String,
    /// Its canonical parameters, without what looks like a secret.
    pub params: String,
    /// What it came to.
    pub verdict: Verdict,
    /// The error it met: its id, how, and how well.
    pub matched: Option<(String, MatchedBy, f64)>,
}

/// A check as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct PastCheck {
    /// Its id.
    pub id: String,
    /// The error it met.
    pub error: Option<String>,
    /// The development session it belongs to.
    pub session: Option<String>,
    /// Kind of operation.
    pub operation_type: String,
    /// Its canonical parameters, without what looks like a secret.
    pub params: String,
    /// What it came to.
    pub verdict: Verdict,
    /// How the error was met, and how well.
    pub matched: Option<(MatchedBy, f64)>,
    /// When it was.
    pub checked_at: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    error: Option<String>,
    session: Option<String>,
    operation_type: String,
    params: String,
    verdict: String,
    matched_by: Option<String>,
    score: Option<f64>,
    checked_at: i64,
}

impl FirewallRepository<'_> {
    /// Logs a check, counts it, and returns its id. A session that is not the tenant's, or not the project's where one
    /// is named, fails as `NotFound`.
    pub async fn log(&self, check: NewCheck) -> Result<String, StoreError> {
        self.0.writer.run(move |connection| log(connection, check).boxed()).await
    }

    /// Returns the newest checks that met an error.
    pub async fn checks_of(&self, error: &str, limit: i64) -> Result<Vec<PastCheck>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, error, session, operation_type, params, verdict, matched_by, score, checked_at \
             FROM firewall_checks WHERE error = ? ORDER BY id DESC LIMIT ?",
        )
        .bind(error)
        .bind(limit)
        .fetch_all(&self.0.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }

    /// Returns the newest checks of a scope since a time that warned or blocked.
    pub async fn intercepts(
        &self,
        tenant: &str,
        project: Option<&str>,
        since: i64,
        limit: i64,
    ) -> Result<Vec<PastCheck>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT id, error, session, operation_type, params, verdict, matched_by, score, checked_at \
             FROM firewall_checks WHERE tenant = ? AND scope = ? AND verdict <> 'allow' AND checked_at >= ? \
             ORDER BY id DESC LIMIT ?",
        )
        .bind(tenant)
        .bind(project.unwrap_or(SHARED))
        .bind(since)
        .bind(limit)
        .fetch_all(&self.0.readers)
        .await?;
        rows.into_iter().map(read).collect()
    }
}

async fn log(connection: &mut SqliteConnection, check: NewCheck) -> Result<String, StoreError> {
    let (id, at) = (new_id(), now());
    let tenant = &check.owner.tenant;
    let scope = check.project.as_deref().unwrap_or(SHARED);
    if let Some(session) = &check.session {
        let project: String =
            sqlx::query_scalar("SELECT project FROM dev_sessions WHERE tenant = ? AND id = ?")
                .bind(tenant)
                .bind(session)
                .fetch_one(&mut *connection)
                .await?;
        if scope != SHARED && scope != project {
            return Err(StoreError::NotFound);
        }
    }
    let (error, by, score) = match &check.matched {
        Some((error, by, score)) => (Some(error), Some(by.as_str()), Some(*score)),
        None => (None, None, None),
    };
    sqlx::query(
        "INSERT INTO firewall_checks (id, tenant, scope, session, author, operation_type, params, verdict, error, \
                                      matched_by, score, checked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(tenant)
    .bind(scope)
    .bind(check.session.as_deref())
    .bind(&check.owner.author)
    .bind(&check.operation_type)
    .bind(&check.params)
    .bind(check.verdict.as_str())
    .bind(error)
    .bind(by)
    .bind(score)
    .bind(at)
    .execute(&mut *connection)
    .await?;
    days::count_check(connection, (tenant, scope), check.verdict, at).await?;
    if let Some(error) = error.filter(|_| check.verdict != Verdict::Allow) {
        let (_, blocked, warned) = Counted::Met(check.verdict).adds();
        sqlx::query("UPDATE firewall_errors SET blocked = blocked + ?, warned = warned + ? WHERE id = ?")
            .bind(blocked)
            .bind(warned)
            .bind(error)
            .execute(&mut *connection)
            .await?;
        days::count_error(connection, (tenant, error), Counted::Met(check.verdict), at).await?;
    }
    forget(connection, tenant, scope).await?;
    Ok(id)
}

/// Takes the checks away that are beyond those kept.
async fn forget(connection: &mut SqliteConnection, tenant: &str, scope: &str) -> Result<(), StoreError> {
    let last: Option<String> = sqlx::query_scalar(
        "SELECT id FROM firewall_checks WHERE tenant = ? AND scope = ? ORDER BY id DESC LIMIT 1 OFFSET ?",
    )
    .bind(tenant)
    .bind(scope)
    .bind(KEPT_CHECKS)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(last) = last {
        sqlx::query("DELETE FROM firewall_checks WHERE tenant = ? AND scope = ? AND id <= ?")
            .bind(tenant)
            .bind(scope)
            .bind(last)
            .execute(connection)
            .await?;
    }
    Ok(())
}

fn read(row: Row) -> Result<PastCheck, StoreError> {
    let by = row.matched_by.as_deref().map(MatchedBy::read).transpose()?;
    Ok(PastCheck {
        id: row.id,
        error: row.error,
        session: row.session,
        operation_type: row.operation_type,
        params: row.params,
        verdict: Verdict::read(&row.verdict)?,
        matched: by.zip(row.score),
        checked_at: row.checked_at,
    })
}
