//! `resolve_quality_issue`: says what became of an issue.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    quality::Quality,
    store::StatusChange,
    tools::{Call, Family, Tool, ToolError, params::owner, time, tool::Effect},
};

/// Says what became of an issue.
pub(super) struct ResolveQualityIssue(pub(super) Arc<Quality>);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// issue id, as detect_code_smells or list_quality_issues returned it
    #[schemars(length(min = 1, max = 64))]
    issue_id: String,
    /// who resolved it; the caller when absent
    #[schemars(length(min = 1, max = 128), regex(pattern = r"\S"))]
    resolved_by: Option<String>,
    /// resolved when absent; in_progress while somebody works on it; open takes either, or ignored, back
    #[serde(default)]
    status: NewStatus,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum NewStatus {
    #[default]
    Resolved,
    InProgress,
    Open,
}

impl NewStatus {
    fn as_str(self) -> &'static str {
        match self {
            Self::Resolved => "resolved",
            Self::InProgress => "in_progress",
            Self::Open => "open",
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    issue_id: String,
    status: String,
    title: String,
    /// null unless it is resolved
    resolved_at: Option<String>,
    resolved_by: Option<String>,
}

impl Tool for ResolveQualityIssue {
    const NAME: &'static str = "resolve_quality_issue";
    const FAMILY: Family = Family::Quality;
    const TITLE: &'static str = "Resolve a quality issue";
    const DESCRIPTION: &'static str = "Mark a quality issue as resolved, as in progress, or as open again. One that is still \
        in the code opens again with the next detect_code_smells.";
    const EFFECT: Effect = Effect::Settles;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let owner = owner(call.who);
        let change = StatusChange {
            status: args.status.as_str(),
            resolves: args.status == NewStatus::Resolved,
            by: args.resolved_by.unwrap_or_else(|| owner.author.clone()),
            note: None,
        };
        let issue = self.0.set_status(&owner, &args.issue_id, change).await?;
        Ok(Output {
            issue_id: issue.id,
            status: issue.status,
            title: issue.title,
            resolved_by: issue.status_by.filter(|_| issue.resolved_at.is_some()),
            resolved_at: issue.resolved_at.map(time::text),
        })
    }
}
