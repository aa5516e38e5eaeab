//! `get_quality_trends`: how a project went.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    quality::{self, Quality},
    store::{QualitySnapshot, Scores, now},
    tools::{
        Call, Family, Tool, ToolError,
        params::{ProjectId, owner},
        time,
        tool::Effect,
    },
};

/// Days looked back when nobody asks for another number.
const DAYS: u16 = 30;
/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;
/// Snapshots returned, the latest ones.
const SHOWN: usize = 100;

/// Tells how a project went.
pub(super) struct GetQualityTrends(pub(super) Arc<Quality>);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// look-back window in days, 30 when absent
    #[schemars(range(min = 1, max = 3650))]
    days: Option<u16>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    period_days: u16,
    /// snapshots in the period
    data_points: i64,
    /// improving, stable, worsening or insufficient_data (fewer than two snapshots)
    trend_direction: &'static str,
    /// change of each score in 30 days by least squares; null for too few or too close snapshots
    slopes: ScoresView,
    /// oldest first, the last 100
    trends: Vec<Point>,
}

#[derive(Serialize, JsonSchema)]
struct ScoresView {
    overall: Option<f64>,
    code_quality: Option<f64>,
    test_quality: Option<f64>,
    documentation: Option<f64>,
    dependencies: Option<f64>,
    todos: Option<f64>,
}

#[derive(Serialize, JsonSchema)]
struct Point {
    date: String,
    snapshot_id: String,
    overall_score: Option<f64>,
    issues_count: i64,
    estimated_days: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
}

impl Tool for GetQualityTrends {
    const NAME: &'static str = "get_quality_trends";
    const FAMILY: Family = Family::Quality;
    const TITLE: &'static str = "Get quality trends";
    const DESCRIPTION: &'static str = "Tell whether the quality of a project improves or worsens over time: the snapshots \
        that assess_technical_debt took, and the slope of each score through all of them.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let days = args.days.unwrap_or(DAYS);
        let since = now() - i64::from(days) * DAY;
        let found = self.0.trends(&owner(call.who), &args.project_id.0, since).await?;
        let skipped = found.snapshots.len().saturating_sub(SHOWN);
        Ok(Output {
            period_days: days,
            data_points: found.total,
            trend_direction: found.trend.direction.as_str(),
            slopes: found.trend.slopes.into(),
            trends: found.snapshots.into_iter().skip(skipped).map(Point::from).collect(),
        })
    }
}

impl From<Scores> for ScoresView {
    fn from(scores: Scores) -> Self {
        let Scores { overall, code_quality, test_quality, documentation, dependencies, todos } = scores;
        Self { overall, code_quality, test_quality, documentation, dependencies, todos }
    }
}

impl From<QualitySnapshot> for Point {
    fn from(snapshot: QualitySnapshot) -> Self {
        Self {
            date: time::text(snapshot.taken_at),
            snapshot_id: snapshot.id,
            overall_score: snapshot.scores.overall,
            issues_count: snapshot.issues,
            estimated_days: quality::days(snapshot.hours),
            commit: snapshot.commit,
        }
    }
}
