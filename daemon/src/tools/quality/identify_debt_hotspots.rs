//! `identify_debt_hotspots`: the files in which debt costs most.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::view::AsOf;
use crate::{
    quality::{Quality, SPOTS_FORMULA, Spot, Spots},
    tools::{
        Call, Family, Tool, ToolError,
        params::{ProjectId, owner},
        time,
        tool::Effect,
    },
};

/// Files returned when nobody asks for another number.
const MANY: u16 = 10;

/// Names hot spots.
pub(super) struct IdentifyDebtHotspots(pub(super) Arc<Quality>);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// number of files, 10 when absent
    #[schemars(range(min = 1, max = 200))]
    top_k: Option<u16>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// files with open issues
    total_hotspots: usize,
    /// highest debt first
    hotspots: Vec<Hotspot>,
    formula: &'static str,
    history: History,
    as_of: AsOf,
}

#[derive(Serialize, JsonSchema)]
struct Hotspot {
    file: String,
    debt_score: f64,
    /// critical, high, medium or low
    priority: &'static str,
    issues_count: usize,
    /// the three worst
    main_issues: Vec<Main>,
    estimated_hours: f64,
    /// commits that changed it; null without a history
    commits: Option<u32>,
    /// files that refer to it
    fan_in: usize,
    /// largest cyclomatic complexity in it
    complexity: u32,
}

#[derive(Serialize, JsonSchema)]
struct Main {
    /// absent until detect_code_smells has kept it
    #[serde(skip_serializing_if = "Option::is_none")]
    issue_id: Option<String>,
    severity: &'static str,
    title: String,
}

#[derive(Serialize, JsonSchema)]
struct History {
    known: bool,
    /// commits that were looked at
    commits: usize,
    /// time of the oldest
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<String>,
    /// what ended the look, or why there is none
    ended: &'static str,
}

impl Tool for IdentifyDebtHotspots {
    const NAME: &'static str = "identify_debt_hotspots";
    const FAMILY: Family = Family::Quality;
    const TITLE: &'static str = "Identify debt hot spots";
    const DESCRIPTION: &'static str = "Say where to begin with technical debt: files ranked by their issues, weighed by how \
        often git says they change, how many files use them and how complex they are. Stores nothing.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let most = usize::from(args.top_k.unwrap_or(MANY));
        let (spots, fresh) = self.0.hot_spots(&owner(call.who), &args.project_id.0).await?;
        Ok(Output {
            total_hotspots: spots.spots.len(),
            hotspots: spots.spots.iter().take(most).map(Hotspot::from).collect(),
            formula: SPOTS_FORMULA,
            history: History::from(&spots),
            as_of: AsOf::from(&fresh),
        })
    }
}

impl From<&Spot> for Hotspot {
    fn from(spot: &Spot) -> Self {
        let main = spot.main_issues().iter().map(|one| Main {
            issue_id: one.id.clone(),
            severity: one.found.severity,
            title: one.found.title.clone(),
        });
        Self {
            file: spot.file.clone(),
            debt_score: spot.debt_score,
            priority: spot.priority,
            issues_count: spot.issues.len(),
            main_issues: main.collect(),
            estimated_hours: spot.hours,
            commits: spot.commits,
            fan_in: spot.fan_in,
            complexity: spot.complexity,
        }
    }
}

impl From<&Spots> for History {
    fn from(spots: &Spots) -> Self {
        match &spots.history {
            Ok(history) => Self {
                known: true,
                commits: history.commits,
                since: history.oldest.map(time::text),
                ended: history.ended,
            },
            Err(why) => Self { known: false, commits: 0, since: None, ended: why.as_str() },
        }
    }
}
