//! `ignore_quality_issue`: takes an issue out of sight for good.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    quality::Quality,
    store::StatusChange,
    tools::{Call, Family, Tool, ToolError, params::owner, tool::Effect},
};

/// Ignores an issue.
pub(super) struct IgnoreQualityIssue(pub(super) Arc<Quality>);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// issue id, as detect_code_smells or list_quality_issues returned it
    #[schemars(length(min = 1, max = 64))]
    issue_id: String,
    /// why it stays as it is, for those who come later
    #[schemars(length(max = 1000))]
    reason: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    issue_id: String,
    status: String,
    title: String,
    reason: Option<String>,
}

impl Tool for IgnoreQualityIssue {
    const NAME: &'static str = "ignore_quality_issue";
    const FAMILY: Family = Family::Quality;
    const TITLE: &'static str = "Ignore a quality issue";
    const DESCRIPTION: &'static str = "Mark a quality issue as not to be fixed, a false alarm for instance: later runs find it \
        and leave it ignored, and no score counts it. resolve_quality_issue with status open takes that back.";
    const EFFECT: Effect = Effect::Settles;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let owner = owner(call.who);
        let change =
            StatusChange { status: "ignored", resolves: false, by: owner.author.clone(), note: args.reason };
        let issue = self.0.set_status(&owner, &args.issue_id, change).await?;
        Ok(Output { issue_id: issue.id, status: issue.status, title: issue.title, reason: issue.note })
    }
}
