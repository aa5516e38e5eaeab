//! Figures about one project, each list counted once.

use std::collections::BTreeMap;

use super::{Store, StoreError, now};

/// Figures about one project.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// Sessions ever opened.
    pub sessions: i64,
    /// Of these, how many are open.
    pub open_sessions: i64,
    /// Time spent in sessions in milliseconds; an open one counts until now.
    pub session_millis: i64,
    /// Todos by status.
    pub todos: BTreeMap<String, i64>,
    /// Decisions in force.
    pub decisions: i64,
    /// Notes.
    pub notes: i64,
    /// Notes of category `issue` that are not resolved.
    pub unresolved_issues: i64,
    /// Living memories.
    pub memories: i64,
}

#[derive(sqlx::FromRow)]
struct Row {
    sessions: i64,
    open_sessions: i64,
    session_millis: i64,
    decisions: i64,
    notes: i64,
    unresolved_issues: i64,
    memories: i64,
}

/// The figures of the store.
pub struct StatisticsRepository<'a>(pub(super) &'a Store);

impl StatisticsRepository<'_> {
    /// Counts a project.
    pub async fn project(&self, project: &str) -> Result<Statistics, StoreError> {
        let row: Row = sqlx::query_as(
            "SELECT \
               (SELECT count(*) FROM dev_sessions WHERE project = p.id) AS sessions, \
               (SELECT count(*) FROM dev_sessions WHERE project = p.id AND ended_at IS NULL) AS open_sessions, \
               (SELECT coalesce(sum(coalesce(ended_at, ?) - started_at), 0) FROM dev_sessions \
                  WHERE project = p.id) AS session_millis, \
               (SELECT count(*) FROM decisions WHERE project = p.id AND superseded_by IS NULL) AS decisions, \
               (SELECT count(*) FROM notes WHERE project = p.id) AS notes, \
               (SELECT count(*) FROM notes WHERE project = p.id AND category = 'issue' \
                  AND resolved_at IS NULL) AS unresolved_issues, \
               (SELECT count(*) FROM memories WHERE project = p.id \
                  AND (expires_at IS NULL OR expires_at > ?)) AS memories \
             FROM projects p WHERE p.id = ?",
        )
        .bind(now())
        .bind(now())
        .bind(project)
        .fetch_one(&self.0.readers)
        .await?;
        let todos: Vec<(String, i64)> =
            sqlx::query_as("SELECT status, count(*) FROM todos WHERE project = ? GROUP BY status")
                .bind(project)
                .fetch_all(&self.0.readers)
                .await?;
        Ok(Statistics {
            sessions: row.sessions,
            open_sessions: row.open_sessions,
            session_millis: row.session_millis,
            todos: todos.into_iter().collect(),
            decisions: row.decisions,
            notes: row.notes,
            unresolved_issues: row.unresolved_issues,
            memories: row.memories,
        })
    }
}
