//! `get_project_statistics`: numbers about a project.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    store::{Statistics, Store},
    tools::{Call, Family, Tool, ToolError, params::ProjectId, tool::Effect},
};

/// Counts a project.
pub(super) struct GetProjectStatistics(pub(super) Store);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    project_id: String,
    statistics: Figures,
}

#[derive(Serialize, JsonSchema)]
struct Figures {
    total_sessions: i64,
    open_sessions: i64,
    /// hours spent in sessions; an open one counts until now
    total_development_hours: f64,
    todos: TodoFigures,
    /// decisions in force
    decisions_count: i64,
    notes_count: i64,
    /// notes of category issue that nobody resolved
    unresolved_issues: i64,
    memories_count: i64,
}

#[derive(Serialize, JsonSchema)]
struct TodoFigures {
    total: i64,
    by_status: BTreeMap<String, i64>,
    /// completed over all that were not cancelled, 0 to 1; null without todos
    completion_rate: Option<f64>,
}

impl Tool for GetProjectStatistics {
    const NAME: &'static str = "get_project_statistics";
    const FAMILY: Family = Family::Context;
    const TITLE: &'static str = "Get project statistics";
    const DESCRIPTION: &'static str = "Numbers about a project: sessions and hours, todos by status and completion \
        rate, decisions, notes, unresolved issues, memories.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let project = args.project_id.find(&self.0, who).await?;
        let counted = self.0.statistics().project(&project.id).await?;
        Ok(Output { project_id: project.name, statistics: figures(counted) })
    }
}

fn figures(counted: Statistics) -> Figures {
    let total: i64 = counted.todos.values().sum();
    let of = |status: &str| counted.todos.get(status).copied().unwrap_or(0);
    let wanted = total - of("cancelled");
    let rate = (wanted > 0).then(|| of("completed") as f64 / wanted as f64);
    Figures {
        total_sessions: counted.sessions,
        open_sessions: counted.open_sessions,
        total_development_hours: (counted.session_millis as f64 / 36_000.0).round() / 100.0,
        todos: TodoFigures { total, completion_rate: rate, by_status: counted.todos },
        decisions_count: counted.decisions,
        notes_count: counted.notes,
        unresolved_issues: counted.unresolved_issues,
        memories_count: counted.memories,
    }
}
