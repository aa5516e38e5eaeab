//! Errors as several tools of the family show them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    store::{KnownError, PastCheck, Solution},
    tools::time,
};

/// A known error.
#[derive(Serialize, JsonSchema)]
pub(super) struct ErrorView {
    error_id: String,
    error_type: String,
    error_scene: String,
    block_level: &'static str,
    occurrence_count: i64,
    /// operations it blocked
    block_count: i64,
    /// operations it warned of
    warn_count: i64,
    /// true when every project sees it
    shared: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    project_id: Option<String>,
    solution: Option<String>,
    /// 0 to 1; null without a solution
    solution_confidence: Option<f64>,
    auto_fix: bool,
    last_seen_at: String,
    #[serde(flatten)]
    details: Option<Details>,
}

/// What is told of an error that was asked for by its id.
#[derive(Serialize, JsonSchema)]
pub(super) struct Details {
    /// canonical form
    error_pattern: Value,
    error_message: String,
    /// every solution, the most trusted first
    solutions: Vec<SolutionView>,
    /// newest first
    recent_checks: Vec<CheckView>,
    author: String,
    created_at: String,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct SolutionView {
    solution_id: String,
    solution: String,
    confidence: f64,
    /// how confidence is reckoned
    basis: String,
    auto_fix: bool,
    author: String,
    created_at: String,
}

/// A check of the log.
#[derive(Serialize, JsonSchema)]
pub(super) struct CheckView {
    check_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<String>,
    operation_type: String,
    /// without what looked like a secret
    operation_params: Value,
    verdict: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    matched_by: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    match_confidence: Option<f64>,
    checked_at: String,
}

/// Returns a share with four digits.
pub(super) fn short(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

impl From<KnownError> for ErrorView {
    fn from(error: KnownError) -> Self {
        let solution = error.solution;
        Self {
            error_id: error.id,
            error_type: error.error_type,
            error_scene: error.scene,
            block_level: error.level.as_str(),
            occurrence_count: error.occurrences,
            block_count: error.blocked,
            warn_count: error.warned,
            shared: error.project.is_none(),
            project_id: error.project,
            solution_confidence: solution.as_ref().map(|solution| short(solution.confidence())),
            auto_fix: solution.as_ref().is_some_and(|solution| solution.auto_fix),
            solution: solution.map(|solution| solution.solution),
            last_seen_at: time::text(error.seen_at),
            details: None,
        }
    }
}

impl ErrorView {
    /// Returns the error with everything that is known of it.
    pub(super) fn whole(error: KnownError, solutions: Vec<Solution>, checks: Vec<PastCheck>) -> Self {
        let details = Details {
            error_pattern: object(&error.pattern),
            error_message: error.message.clone(),
            solutions: solutions.into_iter().map(Into::into).collect(),
            recent_checks: checks.into_iter().map(Into::into).collect(),
            author: error.author.clone(),
            created_at: time::text(error.created_at),
        };
        Self { details: Some(details), ..error.into() }
    }
}

impl From<Solution> for SolutionView {
    fn from(solution: Solution) -> Self {
        Self {
            confidence: short(solution.confidence()),
            basis: solution.basis(),
            solution_id: solution.id,
            solution: solution.solution,
            auto_fix: solution.auto_fix,
            author: solution.author,
            created_at: time::text(solution.created_at),
        }
    }
}

impl From<PastCheck> for CheckView {
    fn from(check: PastCheck) -> Self {
        Self {
            check_id: check.id,
            error_id: check.error,
            session_id: check.session,
            operation_type: check.operation_type,
            operation_params: object(&check.params),
            verdict: check.verdict.as_str(),
            matched_by: check.matched.map(|(by, _)| by.as_str()),
            match_confidence: check.matched.map(|(_, score)| short(score)),
            checked_at: time::text(check.checked_at),
        }
    }
}

/// Returns what the store keeps as a JSON object.
fn object(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}
