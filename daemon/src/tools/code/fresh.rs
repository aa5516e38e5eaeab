//! How fresh an answer is, as every tool of the family says it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{code::Freshness, tools::time};

/// Files named.
const NAMED: usize = 20;

/// How fresh an answer is.
#[derive(Serialize, JsonSchema)]
pub(in crate::tools) struct Fresh {
    /// when the code was read
    indexed_at: String,
    /// whether files changed since: the answer may be wrong about them
    stale: bool,
    /// files that changed since they were read, the first 20
    changed_since: Vec<String>,
    changed_count: usize,
    /// files that had changed and were read again before this answer
    refreshed: usize,
    /// commit that is checked out
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    /// name of the linked worktree
    #[serde(skip_serializing_if = "Option::is_none")]
    worktree: Option<String>,
    /// files that differ from the commit, the first 20
    dirty: Vec<String>,
    dirty_count: usize,
    /// what to know: a limit that left files out, or that nobody can tell whether files changed
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<&Freshness> for Fresh {
    fn from(fresh: &Freshness) -> Self {
        let first = |all: &[String]| all.iter().take(NAMED).cloned().collect();
        let cut = fresh.cut.as_ref().map(|cut| format!("the index is incomplete: {cut}"));
        let stale =
            (!fresh.changed.is_empty()).then(|| "the changed files are being read again now".to_owned());
        let notes: Vec<String> = cut.into_iter().chain(fresh.unknown.clone()).chain(stale).collect();
        Self {
            indexed_at: time::text(fresh.indexed_at),
            stale: !fresh.changed.is_empty(),
            changed_since: first(&fresh.changed),
            changed_count: fresh.changed.len(),
            refreshed: fresh.refreshed,
            commit: fresh.commit.clone(),
            branch: fresh.branch.clone(),
            worktree: fresh.worktree.clone(),
            dirty: first(&fresh.dirty),
            dirty_count: fresh.dirty.len(),
            note: (!notes.is_empty()).then(|| notes.join("; ")),
        }
    }
}
