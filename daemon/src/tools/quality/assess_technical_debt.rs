//! `assess_technical_debt`: scores a project.

use std::{collections::BTreeMap, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::view::{AsOf, BySeverity, Changes, DimensionView};
use crate::{
    quality::{self, Quality},
    tools::{
        Call, Family, Tool, ToolError,
        params::{ProjectId, owner},
        tool::Effect,
    },
};

/// Scores a project.
pub(super) struct AssessTechnicalDebt(pub(super) Arc<Quality>);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    snapshot_id: String,
    /// 0..10, higher is better; null when nothing is known
    overall_score: Option<f64>,
    overall_formula: &'static str,
    /// low, moderate, high, critical or unknown
    debt_level: &'static str,
    /// code_quality, test_quality, documentation, dependencies, todos
    breakdown: BTreeMap<&'static str, DimensionView>,
    issues_summary: Summary,
    estimated_days_to_fix: f64,
    estimate_formula: &'static str,
    as_of: AsOf,
}

#[derive(Serialize, JsonSchema)]
struct Summary {
    /// open issues
    total: usize,
    by_severity: BySeverity,
    changes: Changes,
}

impl Tool for AssessTechnicalDebt {
    const NAME: &'static str = "assess_technical_debt";
    const FAMILY: Family = Family::Quality;
    const TITLE: &'static str = "Assess technical debt";
    const DESCRIPTION: &'static str = "Score the technical debt of a project from what is measured: code issues, what tests \
        reach, documentation, dependencies, todo markers, each with evidence and formula, unknown where there is no data. \
        Looks for issues anew and keeps a snapshot for get_quality_trends.";
    const EFFECT: Effect = Effect::Adds;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let assessed = self.0.assess(&owner(call.who), &args.project_id.0).await?;
        let breakdown = assessed.scored.iter().map(|one| (one.dimension.as_str(), DimensionView::from(one)));
        let (snapshot, detected) = (&assessed.snapshot, &assessed.detected);
        Ok(Output {
            snapshot_id: snapshot.id.clone(),
            overall_score: snapshot.scores.overall,
            overall_formula: quality::OVERALL_FORMULA,
            debt_level: quality::level(snapshot.scores.overall),
            breakdown: breakdown.collect(),
            issues_summary: Summary {
                total: detected.issues.len(),
                by_severity: BySeverity::of(&detected.issues),
                changes: Changes::from(detected),
            },
            estimated_days_to_fix: quality::days(snapshot.hours),
            estimate_formula: quality::HOURS_FORMULA,
            as_of: AsOf::from(&detected.fresh),
        })
    }
}
