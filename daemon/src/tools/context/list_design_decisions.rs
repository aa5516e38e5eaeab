//! `list_design_decisions`: lists decisions.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::views::DecisionView;
use crate::{
    store::Store,
    tools::{
        Call, Family, Tool, ToolError,
        params::{Paging, ProjectId},
        tool::Effect,
    },
};

/// Lists decisions.
pub(super) struct ListDesignDecisions(pub(super) Store);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// only this category
    category: Option<String>,
    /// whether decisions that others took the place of are listed too
    include_superseded: Option<bool>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// how many there are in all
    total: i64,
    /// newest first
    decisions: Vec<DecisionView>,
    /// offset of the next page, when there is one
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<i64>,
}

impl Tool for ListDesignDecisions {
    const NAME: &'static str = "list_design_decisions";
    const FAMILY: Family = Family::Context;
    const TITLE: &'static str = "List design decisions";
    const DESCRIPTION: &'static str = "List the design decisions of a project that are in force, newest first, with reasons and alternatives.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let project = args.project_id.find(&self.0, who).await?;
        let with_superseded = args.include_superseded.unwrap_or(false);
        let page = args.paging.page();
        let decisions = self.0.decisions();
        let (found, total) =
            decisions.list(&project.id, args.category.as_deref(), with_superseded, page).await?;
        let next_offset = args.paging.next(found.len(), total);
        let decisions = found.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        Ok(Output { total, decisions, next_offset })
    }
}
