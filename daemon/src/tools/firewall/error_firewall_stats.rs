//! `error_firewall_stats`: figures about known errors and checks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Asking,
    view::{CheckView, short},
};
use crate::{
    store::{Solution, TypeFigures, Window},
    tools::{Call, Family, Tool, ToolError, params::ProjectId, tool::Effect},
};

/// Counts errors.
pub(super) struct ErrorFirewallStats(pub(super) Asking);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// this project's errors and the shared ones; without it the shared ones alone
    project_id: Option<ProjectId>,
    /// only the last so many UTC days, today among them; all when absent
    #[schemars(range(min = 1, max = 365))]
    days: Option<u16>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    total_errors: i64,
    total_occurrences: i64,
    /// checks that blocked, made under this project_id
    total_blocks: i64,
    total_warnings: i64,
    total_checks: i64,
    /// mean over the errors with a solution; null when none has one
    avg_confidence: Option<f64>,
    blocking_errors: i64,
    auto_fixable: usize,
    /// total_blocks of total_checks, 0 to 1; null without checks
    block_rate: Option<f64>,
    /// most occurrences first, at most 20
    by_type: Vec<ByType>,
    /// the newest checks that warned or blocked
    recent_intercepts: Vec<CheckView>,
}

#[derive(Serialize, JsonSchema)]
struct ByType {
    error_type: String,
    errors: i64,
    occurrences: i64,
    blocks: i64,
}

impl Tool for ErrorFirewallStats {
    const NAME: &'static str = "error_firewall_stats";
    const FAMILY: Family = Family::Firewall;
    const TITLE: &'static str = "Firewall statistics";
    const DESCRIPTION: &'static str = "Count the recorded errors, their occurrences by type, the checks that warned or \
        blocked, and the mean trust in the solutions, of a project or of what all share, in all or in the last days.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let whose = self.0.whose(call.who, args.project_id.as_ref()).await?;
        let (figures, recent) = self.0.firewall.figures(&whose, Window::of_days(args.days)).await?;
        let solutions = &figures.solutions;
        let trust: f64 = solutions.iter().map(Solution::confidence).sum();
        let share = |part: f64, whole: usize| (whole > 0).then(|| short(part / whole as f64));
        Ok(Output {
            total_errors: figures.errors,
            total_occurrences: figures.occurrences,
            total_blocks: figures.blocks,
            total_warnings: figures.warnings,
            total_checks: figures.checks,
            avg_confidence: share(trust, solutions.len()),
            blocking_errors: figures.blocking,
            auto_fixable: solutions.iter().filter(|solution| solution.auto_fix).count(),
            block_rate: share(figures.blocks as f64, usize::try_from(figures.checks).unwrap_or(0)),
            by_type: figures.by_type.into_iter().map(Into::into).collect(),
            recent_intercepts: recent.into_iter().map(Into::into).collect(),
        })
    }
}

impl From<TypeFigures> for ByType {
    fn from(figures: TypeFigures) -> Self {
        let TypeFigures { error_type, errors, occurrences, blocks } = figures;
        Self { error_type, errors, occurrences, blocks }
    }
}
