//! What a run found against what is kept, in one transaction: what is new comes, what is there again stays what people
//! said of it, what is gone closes.

use std::collections::HashMap;

use futures::FutureExt;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{
    QualityRepository,
    issues::{COLUMNS, Issue, Row, read},
};
use crate::store::{StoreError, new_id, now, words_to_text};

/// Time after which what was resolved is forgotten, in milliseconds: a year.
const FORGOTTEN: i64 = 365 * 24 * 60 * 60 * 1000;

/// Something that a run found.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundIssue {
    /// What makes it the same one in every run.
    pub fingerprint: String,
    /// Kind of smell.
    pub kind: &'static str,
    /// How bad it is.
    pub severity: &'static str,
    /// The same as a number, the worst the greatest.
    pub severity_rank: i64,
    /// What is wrong, in one line.
    pub title: String,
    /// What to do about it.
    pub suggestion: &'static str,
    /// Id of the definition or file it is about.
    pub entity: String,
    /// File it is in.
    pub path: String,
    /// Line it is at.
    pub line: i64,
    /// Every file that is part of it.
    pub files: Vec<String>,
    /// JSON of what was measured.
    pub measures: String,
    /// How sure it is, in hundredths.
    pub confidence: i64,
    /// Hours that putting it right is estimated to take.
    pub hours: f64,
}

/// Says of an issue that was not found again whether it is gone: whether the run would have seen it.
pub type Closing = Box<dyn Fn(&Issue) -> bool + Send + Sync>;

/// A run.
pub struct Run {
    /// Whose.
    pub tenant: String,
    /// Our id of the project.
    pub project: String,
    /// Commit that was checked out.
    pub commit: Option<String>,
    /// Kinds that were looked for; no other closes.
    pub kinds: Vec<&'static str>,
    /// What was found.
    pub found: Vec<FoundIssue>,
    /// Which of the others are gone.
    pub closing: Closing,
}

/// What became of issues.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Found for the first time.
    pub new: u64,
    /// Found again, and still as they were.
    pub unchanged: u64,
    /// Found again after they had been resolved.
    pub reopened: u64,
    /// Found again, and still ignored.
    pub ignored: u64,
    /// Not found any more.
    pub fixed: u64,
    /// Not found, and kept: what they are in could not be looked at.
    pub unseen: u64,
    /// When.
    pub at: i64,
}

impl QualityRepository<'_> {
    /// Brings what is kept to what a run found.
    pub async fn reconcile(&self, run: Run) -> Result<Reconciled, StoreError> {
        self.0.writer.run(move |connection| reconcile(connection, run).boxed()).await
    }
}

async fn reconcile(connection: &mut SqliteConnection, run: Run) -> Result<Reconciled, StoreError> {
    let at = now();
    let mut kept = kept(connection, &run).await?;
    let mut done = Reconciled { at, ..Reconciled::default() };
    for found in &run.found {
        match kept.remove(&found.fingerprint) {
            None => {
                insert(connection, &run, found, at).await?;
                done.new += 1;
            }
            Some(issue) => {
                let returns = issue.status == "resolved";
                match issue.status.as_str() {
                    "resolved" => done.reopened += 1,
                    "ignored" => done.ignored += 1,
                    _ => done.unchanged += 1,
                }
                if returns || !is_same(&issue, found) {
                    update(connection, &issue.id, found, returns.then_some(at)).await?;
                }
            }
        }
    }
    for issue in kept.into_values().filter(|issue| matches!(&*issue.status, "open" | "in_progress")) {
        if (run.closing)(&issue) {
            close(connection, &issue.id, at).await?;
            done.fixed += 1;
        } else {
            done.unseen += 1;
        }
    }
    note(connection, &run, at).await?;
    Ok(done)
}

/// Returns the issues of the kinds that were looked for, by fingerprint.
async fn kept(connection: &mut SqliteConnection, run: &Run) -> Result<HashMap<String, Issue>, StoreError> {
    let sql = format!("{COLUMNS} WHERE project = ? AND tenant = ?");
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql))
        .bind(&run.project)
        .bind(&run.tenant)
        .fetch_all(&mut *connection)
        .await?;
    let issues = rows.into_iter().map(read).collect::<Result<Vec<Issue>, StoreError>>()?;
    let looked_for = issues.into_iter().filter(|issue| run.kinds.contains(&issue.kind.as_str()));
    Ok(looked_for.map(|issue| (issue.fingerprint.clone(), issue)).collect())
}

fn is_same(issue: &Issue, found: &FoundIssue) -> bool {
    let seen = (issue.severity.as_str(), &issue.title, &issue.entity, &issue.path, issue.line, &issue.files);
    seen == (found.severity, &found.title, &found.entity, &found.path, found.line, &found.files)
        && issue.measures == found.measures
        && issue.suggestion == found.suggestion
        && (issue.confidence, issue.hours) == (found.confidence, found.hours)
}

async fn insert(
    connection: &mut SqliteConnection,
    run: &Run,
    found: &FoundIssue,
    at: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO quality_issues (id, tenant, project, fingerprint, kind, severity, severity_rank, status, title, \
                suggestion, entity, path, line, files, measures, confidence, hours, detected_at, status_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(new_id())
    .bind(&run.tenant)
    .bind(&run.project)
    .bind(&found.fingerprint)
    .bind(found.kind)
    .bind(found.severity)
    .bind(found.severity_rank)
    .bind(&found.title)
    .bind(found.suggestion)
    .bind(&found.entity)
    .bind(&found.path)
    .bind(found.line)
    .bind(words_to_text(&found.files))
    .bind(&found.measures)
    .bind(found.confidence)
    .bind(found.hours)
    .bind(at)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(())
}

/// Writes what is seen now, and opens the issue again at that time if there is one.
async fn update(
    connection: &mut SqliteConnection,
    id: &str,
    found: &FoundIssue,
    reopened: Option<i64>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE quality_issues SET severity = ?, severity_rank = ?, title = ?, suggestion = ?, entity = ?, path = ?, \
                line = ?, files = ?, measures = ?, confidence = ?, hours = ? WHERE id = ?",
    )
    .bind(found.severity)
    .bind(found.severity_rank)
    .bind(&found.title)
    .bind(found.suggestion)
    .bind(&found.entity)
    .bind(&found.path)
    .bind(found.line)
    .bind(words_to_text(&found.files))
    .bind(&found.measures)
    .bind(found.confidence)
    .bind(found.hours)
    .bind(id)
    .execute(&mut *connection)
    .await?;
    if let Some(at) = reopened {
        sqlx::query(
            "UPDATE quality_issues SET status = 'open', status_at = ?, status_by = NULL, note = NULL, \
                    resolved_at = NULL WHERE id = ?",
        )
        .bind(at)
        .bind(id)
        .execute(connection)
        .await?;
    }
    Ok(())
}

async fn close(connection: &mut SqliteConnection, id: &str, at: i64) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE quality_issues SET status = 'resolved', status_at = ?, status_by = NULL, resolved_at = ? WHERE id = ?",
    )
    .bind(at)
    .bind(at)
    .bind(id)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that the run was, and forgets what was resolved long ago.
async fn note(connection: &mut SqliteConnection, run: &Run, at: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM quality_runs WHERE project = ?")
        .bind(&run.project)
        .execute(&mut *connection)
        .await?;
    sqlx::query("INSERT INTO quality_runs (project, tenant, ran_at, commit_id) VALUES (?, ?, ?, ?)")
        .bind(&run.project)
        .bind(&run.tenant)
        .bind(at)
        .bind(run.commit.as_deref())
        .execute(&mut *connection)
        .await?;
    sqlx::query("DELETE FROM quality_issues WHERE project = ? AND status = 'resolved' AND resolved_at < ?")
        .bind(&run.project)
        .bind(at - FORGOTTEN)
        .execute(connection)
        .await?;
    Ok(())
}
