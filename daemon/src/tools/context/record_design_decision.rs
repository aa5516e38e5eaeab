//! `record_design_decision`: records a decision with its reasons.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::choices::DecisionCategory;
use crate::{
    store::{NewDecision, Store, StoreError},
    tools::{
        Call, Code, Family, Tool, ToolError,
        params::{ProjectId, owner, unique},
        time,
        tool::Effect,
    },
};

/// Records a decision.
pub(super) struct RecordDesignDecision(pub(super) Store);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project; the project is made on first use
    project_id: ProjectId,
    /// short title
    #[schemars(length(min = 1, max = 512), regex(pattern = r"\S"))]
    title: String,
    /// why this option
    #[schemars(length(min = 1, max = 65536), regex(pattern = r"\S"))]
    reasoning: String,
    /// kind of decision, architecture when absent
    category: Option<DecisionCategory>,
    /// details
    #[schemars(length(max = 65536))]
    description: Option<String>,
    /// options considered
    #[schemars(length(max = 50))]
    alternatives: Option<Vec<Alternative>>,
    /// what it affects
    #[schemars(length(max = 4096))]
    impact_scope: Option<String>,
    /// ids of active decisions this one takes the place of
    #[schemars(length(max = 50))]
    supersedes: Option<Vec<String>>,
}

/// An option that was considered.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Alternative {
    /// its name
    name: String,
    /// what speaks for it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pros: Option<String>,
    /// what speaks against it
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cons: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    decision_id: String,
    title: String,
    category: DecisionCategory,
    created_at: String,
    /// ids of the decisions that are no longer active
    superseded: Vec<String>,
}

impl Tool for RecordDesignDecision {
    const NAME: &'static str = "record_design_decision";
    const FAMILY: Family = Family::Context;
    const TITLE: &'static str = "Record a design decision";
    const DESCRIPTION: &'static str = "Record an architectural or technical decision with its reasons and the \
        alternatives considered, so that nobody has to guess later why it is so.";
    const EFFECT: Effect = Effect::Adds;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let category = args.category.unwrap_or(DecisionCategory::Architecture);
        let superseded = unique(args.supersedes);
        let alternatives = serde_json::to_string(&args.alternatives.unwrap_or_default())
            .map_err(|error| ToolError::internal(&error))?;
        let decision = NewDecision {
            owner: owner(who),
            project: args.project_id.0,
            title: args.title.clone(),
            category: category.as_str().to_owned(),
            description: args.description,
            reasoning: args.reasoning,
            alternatives,
            impact_scope: args.impact_scope,
            supersedes: superseded.clone(),
        };
        match self.0.decisions().create(decision).await {
            Err(StoreError::NotFound) => Err(ToolError::new(
                Code::NotFound,
                format!(
                    "supersedes names a decision that is not active in this project: {}",
                    superseded.join(", ")
                ),
            )
            .hint("list_design_decisions shows the active ones; nothing was recorded")),
            created => {
                let (decision_id, created_at) = created?;
                let created_at = time::text(created_at);
                Ok(Output { decision_id, title: args.title, category, created_at, superseded })
            }
        }
    }
}
