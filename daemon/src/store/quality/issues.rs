//! Issues as they are listed, and what people say of them.

use std::collections::HashMap;

use futures::FutureExt;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::QualityRepository;
use crate::store::{Page, StoreError, now, words_from_text};

/// An issue as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// Its id.
    pub id: String,
    /// What makes it the same one in every run.
    pub fingerprint: String,
    /// Kind of smell.
    pub kind: String,
    /// `critical`, `high`, `medium` or `low`.
    pub severity: String,
    /// `open`, `in_progress`, `resolved` or `ignored`.
    pub status: String,
    /// What is wrong, in one line.
    pub title: String,
    /// What to do about it.
    pub suggestion: String,
    /// Id of the definition or file it is about.
    pub entity: String,
    /// File it is in.
    pub path: String,
    /// Line it is at, as of the last run.
    pub line: i64,
    /// Every file that is part of it.
    pub files: Vec<String>,
    /// JSON of what was measured.
    pub measures: String,
    /// How sure it is, in hundredths.
    pub confidence: i64,
    /// Hours that putting it right is estimated to take.
    pub hours: f64,
    /// When it was found first.
    pub detected_at: i64,
    /// When it was resolved.
    pub resolved_at: Option<i64>,
    /// Who set its status last; absent is a run.
    pub status_by: Option<String>,
    /// What was said with that.
    pub note: Option<String>,
}

/// Which issues of a project are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssueFilter {
    /// Only this severity.
    pub severity: Option<String>,
    /// Only this status.
    pub status: Option<String>,
    /// Only this kind.
    pub kind: Option<String>,
    /// Only those in this file.
    pub path: Option<String>,
}

/// What somebody says of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusChange {
    /// The new status.
    pub status: &'static str,
    /// Whether that is an end of it.
    pub resolves: bool,
    /// Who says so.
    pub by: String,
    /// What is said with it.
    pub note: Option<String>,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    id: String,
    fingerprint: String,
    kind: String,
    severity: String,
    status: String,
    title: String,
    suggestion: String,
    entity: String,
    path: String,
    line: i64,
    files: String,
    measures: String,
    confidence: i64,
    hours: f64,
    detected_at: i64,
    resolved_at: Option<i64>,
    status_by: Option<String>,
    note: Option<String>,
}

pub(super) const COLUMNS: &str = "SELECT id, fingerprint, kind, severity, status, title, suggestion, entity, path, line, \
     files, measures, confidence, hours, detected_at, resolved_at, status_by, note FROM quality_issues";

impl QualityRepository<'_> {
    /// Returns a page of a project's issues, the open ones and the worst first, and how many there are in all.
    pub async fn issues(
        &self,
        project: &str,
        filter: &IssueFilter,
        page: Page,
    ) -> Result<(Vec<Issue>, i64), StoreError> {
        const WHERE: &str = "WHERE project = ? AND (? IS NULL OR severity = ?) AND (? IS NULL OR status = ?) \
             AND (? IS NULL OR kind = ?) AND (? IS NULL OR path = ?)";
        let list = format!(
            "{COLUMNS} {WHERE} ORDER BY \
             CASE WHEN status IN ('open', 'in_progress') THEN 0 ELSE 1 END, severity_rank DESC, path, line, id LIMIT ? OFFSET ?"
        );
        let count = format!("SELECT count(*) FROM quality_issues {WHERE}");
        let (severity, status) = (filter.severity.as_deref(), filter.status.as_deref());
        let (kind, path) = (filter.kind.as_deref(), filter.path.as_deref());
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(list))
            .bind(project)
            .bind(severity)
            .bind(severity)
            .bind(status)
            .bind(status)
            .bind(kind)
            .bind(kind)
            .bind(path)
            .bind(path)
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(&self.0.readers)
            .await?;
        let total = sqlx::query_scalar(AssertSqlSafe(count))
            .bind(project)
            .bind(severity)
            .bind(severity)
            .bind(status)
            .bind(status)
            .bind(kind)
            .bind(kind)
            .bind(path)
            .bind(path)
            .fetch_one(&self.0.readers)
            .await?;
        Ok((rows.into_iter().map(read).collect::<Result<_, _>>()?, total))
    }

    /// Returns every issue of a project that is open or being worked on, the worst first.
    pub async fn open_issues(&self, project: &str) -> Result<Vec<Issue>, StoreError> {
        let sql = format!(
            "{COLUMNS} WHERE project = ? AND status IN ('open', 'in_progress') \
             ORDER BY severity_rank DESC, path, line, id"
        );
        let rows: Vec<Row> =
            sqlx::query_as(AssertSqlSafe(sql)).bind(project).fetch_all(&self.0.readers).await?;
        rows.into_iter().map(read).collect()
    }

    /// Returns id and status of every issue of a project, by its fingerprint.
    pub async fn statuses(&self, project: &str) -> Result<HashMap<String, (String, String)>, StoreError> {
        let rows: Vec<(String, String, String)> =
            sqlx::query_as("SELECT fingerprint, id, status FROM quality_issues WHERE project = ?")
                .bind(project)
                .fetch_all(&self.0.readers)
                .await?;
        Ok(rows.into_iter().map(|(fingerprint, id, status)| (fingerprint, (id, status))).collect())
    }

    /// Returns when issues of a project were looked for last, if ever.
    pub async fn last_run(&self, project: &str) -> Result<Option<i64>, StoreError> {
        let ran = sqlx::query_scalar("SELECT ran_at FROM quality_runs WHERE project = ?");
        Ok(ran.bind(project).fetch_optional(&self.0.readers).await?)
    }

    /// Sets the status of a tenant's issue. What has that status keeps when it was given it, and its
    /// reason where no other is given; what changes has the reason of that change alone.
    pub async fn set_status(
        &self,
        tenant: &str,
        id: &str,
        change: StatusChange,
    ) -> Result<Issue, StoreError> {
        let (tenant, id) = (tenant.to_owned(), id.to_owned());
        self.0.writer.run(move |connection| set(connection, tenant, id, change).boxed()).await
    }
}

async fn set(
    connection: &mut SqliteConnection,
    tenant: String,
    id: String,
    change: StatusChange,
) -> Result<Issue, StoreError> {
    let at = now();
    sqlx::query(
        "UPDATE quality_issues SET status_at = CASE WHEN status = ? THEN status_at ELSE ? END, status_by = ?, \
                note = CASE WHEN status = ? THEN coalesce(?, note) ELSE ? END, \
                resolved_at = CASE WHEN status = ? THEN resolved_at WHEN ? THEN ? ELSE NULL END, status = ? \
         WHERE tenant = ? AND id = ?",
    )
    .bind(change.status)
    .bind(at)
    .bind(&change.by)
    .bind(change.status)
    .bind(change.note.as_deref())
    .bind(change.note.as_deref())
    .bind(change.status)
    .bind(change.resolves)
    .bind(at)
    .bind(change.status)
    .bind(&tenant)
    .bind(&id)
    .execute(&mut *connection)
    .await?;
    let sql = format!("{COLUMNS} WHERE tenant = ? AND id = ?");
    let row: Row = sqlx::query_as(AssertSqlSafe(sql)).bind(tenant).bind(id).fetch_one(connection).await?;
    read(row)
}

pub(super) fn read(row: Row) -> Result<Issue, StoreError> {
    Ok(Issue {
        id: row.id,
        fingerprint: row.fingerprint,
        kind: row.kind,
        severity: row.severity,
        status: row.status,
        title: row.title,
        suggestion: row.suggestion,
        entity: row.entity,
        path: row.path,
        line: row.line,
        files: words_from_text(&row.files)?,
        measures: row.measures,
        confidence: row.confidence,
        hours: row.hours,
        detected_at: row.detected_at,
        resolved_at: row.resolved_at,
        status_by: row.status_by,
        note: row.note,
    })
}
