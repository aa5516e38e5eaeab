//! How projects stood: one row each time somebody asked, so that there is something to compare with.

use futures::FutureExt;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::QualityRepository;
use crate::store::{StoreError, new_id, now};

/// Snapshots kept of a project; the oldest go.
const MOST: i64 = 5_000;

/// Scores from 0 to 10; absent is not known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Scores {
    /// Mean of the others.
    pub overall: Option<f64>,
    /// By issues.
    pub code_quality: Option<f64>,
    /// By what tests reach.
    pub test_quality: Option<f64>,
    /// By what is written.
    pub documentation: Option<f64>,
    /// By what manifests say.
    pub dependencies: Option<f64>,
    /// By markers.
    pub todos: Option<f64>,
}

/// A snapshot to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSnapshot {
    /// Whose.
    pub tenant: String,
    /// Our id of the project.
    pub project: String,
    /// Commit that was checked out.
    pub commit: Option<String>,
    /// The scores.
    pub scores: Scores,
    /// Open issues.
    pub issues: i64,
    /// Hours that putting them right is estimated to take.
    pub hours: f64,
    /// Lines of code.
    pub code_lines: i64,
}

/// A snapshot as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct QualitySnapshot {
    /// Its id.
    pub id: String,
    /// When it was taken.
    pub taken_at: i64,
    /// Commit that was checked out.
    pub commit: Option<String>,
    /// The scores.
    pub scores: Scores,
    /// Open issues.
    pub issues: i64,
    /// Hours that putting them right is estimated to take.
    pub hours: f64,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    taken_at: i64,
    commit_id: Option<String>,
    overall: Option<f64>,
    code_quality: Option<f64>,
    test_quality: Option<f64>,
    documentation: Option<f64>,
    dependencies: Option<f64>,
    todos: Option<f64>,
    issues: i64,
    hours: f64,
}

const COLUMNS: &str = "SELECT id, taken_at, commit_id, overall, code_quality, test_quality, documentation, dependencies, \
     todos, issues, hours FROM quality_snapshots";

impl QualityRepository<'_> {
    /// Keeps a snapshot and returns it.
    pub async fn take_snapshot(&self, new: NewSnapshot) -> Result<QualitySnapshot, StoreError> {
        self.0.writer.run(move |connection| take(connection, new).boxed()).await
    }

    /// Returns the latest so many snapshots of a project that were taken since some time, oldest first, and how many
    /// there are in all.
    pub async fn snapshots(
        &self,
        project: &str,
        since: i64,
        most: i64,
    ) -> Result<(Vec<QualitySnapshot>, i64), StoreError> {
        let sql =
            format!("{COLUMNS} WHERE project = ? AND taken_at >= ? ORDER BY taken_at DESC, id DESC LIMIT ?");
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(project)
            .bind(since)
            .bind(most)
            .fetch_all(&self.0.readers)
            .await?;
        let total =
            sqlx::query_scalar("SELECT count(*) FROM quality_snapshots WHERE project = ? AND taken_at >= ?")
                .bind(project)
                .bind(since)
                .fetch_one(&self.0.readers)
                .await?;
        Ok((rows.into_iter().rev().map(read).collect(), total))
    }
}

async fn take(connection: &mut SqliteConnection, new: NewSnapshot) -> Result<QualitySnapshot, StoreError> {
    let (id, at) = (new_id(), now());
    let Scores { overall, code_quality, test_quality, documentation, dependencies, todos } = new.scores;
    sqlx::query(
        "INSERT INTO quality_snapshots (id, tenant, project, taken_at, commit_id, overall, code_quality, test_quality, \
                documentation, dependencies, todos, issues, hours, code_lines) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(&new.tenant)
    .bind(&new.project)
    .bind(at)
    .bind(new.commit.as_deref())
    .bind(overall)
    .bind(code_quality)
    .bind(test_quality)
    .bind(documentation)
    .bind(dependencies)
    .bind(todos)
    .bind(new.issues)
    .bind(new.hours)
    .bind(new.code_lines)
    .execute(&mut *connection)
    .await?;
    let oldest: Option<i64> = sqlx::query_scalar(
        "SELECT taken_at FROM quality_snapshots WHERE project = ? ORDER BY taken_at DESC LIMIT 1 OFFSET ?",
    )
    .bind(&new.project)
    .bind(MOST)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(oldest) = oldest {
        sqlx::query("DELETE FROM quality_snapshots WHERE project = ? AND taken_at <= ?")
            .bind(&new.project)
            .bind(oldest)
            .execute(connection)
            .await?;
    }
    let NewSnapshot { commit, scores, issues, hours, .. } = new;
    Ok(QualitySnapshot { id, taken_at: at, commit, scores, issues, hours })
}

fn read(row: Row) -> QualitySnapshot {
    let Row { overall, code_quality, test_quality, documentation, dependencies, todos, .. } = row;
    QualitySnapshot {
        id: row.id,
        taken_at: row.taken_at,
        commit: row.commit_id,
        scores: Scores { overall, code_quality, test_quality, documentation, dependencies, todos },
        issues: row.issues,
        hours: row.hours,
    }
}
