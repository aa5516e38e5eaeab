//! Issues as the tools show them, and of which state of the code an answer is.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    code::Freshness,
    quality::{Detected, Scored},
    store::Issue,
    tools::time,
};

/// An issue in few words.
#[derive(Serialize, JsonSchema)]
pub(super) struct IssueView {
    issue_id: String,
    #[serde(rename = "type")]
    kind: String,
    title: String,
    file: String,
    line: i64,
    /// id for find_entity and its like
    entity_id: String,
    suggestion: String,
    /// how sure it is, 0..1
    confidence: f64,
    estimated_hours: f64,
}

impl From<Issue> for IssueView {
    fn from(issue: Issue) -> Self {
        Self {
            issue_id: issue.id,
            kind: issue.kind,
            title: issue.title,
            file: issue.path,
            line: issue.line,
            entity_id: issue.entity,
            suggestion: issue.suggestion,
            confidence: issue.confidence as f64 / 100.0,
            estimated_hours: issue.hours,
        }
    }
}

/// Open issues by severity.
#[derive(Serialize, JsonSchema)]
pub(super) struct BySeverity {
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
}

impl BySeverity {
    pub(super) fn of(issues: &[Issue]) -> Self {
        let count = |severity: &str| issues.iter().filter(|issue| issue.severity == severity).count();
        Self { critical: count("critical"), high: count("high"), medium: count("medium"), low: count("low") }
    }
}

/// What became of issues in a run.
#[derive(Serialize, JsonSchema)]
pub(super) struct Changes {
    /// found for the first time
    new: u64,
    /// found again
    unchanged: u64,
    /// resolved before, and there again
    reopened: u64,
    /// no longer found: closed
    fixed: u64,
    /// found, and still ignored
    ignored: u64,
    /// kept open: what they are in could not be looked at
    unseen: u64,
}

impl From<&Detected> for Changes {
    fn from(detected: &Detected) -> Self {
        let done = &detected.done;
        Self {
            new: done.new,
            unchanged: done.unchanged,
            reopened: done.reopened,
            fixed: done.fixed,
            ignored: done.ignored,
            unseen: done.unseen,
        }
    }
}

/// Of which state of the code an answer is.
#[derive(Serialize, JsonSchema)]
pub(super) struct AsOf {
    /// when the code was read
    indexed_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    /// files that changed since and are not judged as they are now
    changed_since: usize,
    /// what else to know
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<&Freshness> for AsOf {
    fn from(fresh: &Freshness) -> Self {
        let cut = fresh.cut.as_ref().map(|cut| {
            format!("the index is incomplete ({cut}): nothing is called unused, and issues between files stay open")
        });
        let notes: Vec<String> = cut.into_iter().chain(fresh.unknown.clone()).collect();
        Self {
            indexed_at: time::text(fresh.indexed_at),
            commit: fresh.commit.clone(),
            changed_since: fresh.changed.len(),
            note: (!notes.is_empty()).then(|| notes.join("; ")),
        }
    }
}

/// One dimension.
#[derive(Serialize, JsonSchema)]
pub(super) struct DimensionView {
    /// 0..10, higher is better; null where nothing was measured
    score: Option<f64>,
    /// how the score follows from the evidence
    formula: &'static str,
    /// what was measured
    evidence: serde_json::Map<String, serde_json::Value>,
}

impl From<&Scored> for DimensionView {
    fn from(scored: &Scored) -> Self {
        let evidence =
            scored.evidence.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        Self { score: scored.score, formula: scored.dimension.formula(), evidence }
    }
}
