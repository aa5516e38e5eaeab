//! `list_quality_issues`: lists issues.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::choices::{IssueSeverity, IssueStatus, SmellType};
use crate::{
    quality::Quality,
    store::{Issue, IssueFilter},
    tools::{
        Call, Family, Tool, ToolError,
        params::{Paging, ProjectId, owner},
        time,
        tool::Effect,
    },
};

/// Lists issues.
pub(super) struct ListQualityIssues(pub(super) Arc<Quality>);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// only this severity
    severity: Option<IssueSeverity>,
    /// only this status
    status: Option<IssueStatus>,
    /// only this kind of smell
    smell_type: Option<SmellType>,
    /// only those in this file
    #[schemars(length(min = 1, max = 4096))]
    file_path: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// how many there are in all
    total: i64,
    /// the open ones before the others, the worst first
    issues: Vec<Row>,
    /// offset of the next page, when there is one
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<i64>,
    /// when issues were looked for last; null when never: call detect_code_smells
    last_detection: Option<String>,
}

#[derive(Serialize, JsonSchema)]
struct Row {
    issue_id: String,
    #[serde(rename = "type")]
    kind: String,
    severity: String,
    title: String,
    file: String,
    line: i64,
    entity_id: String,
    status: String,
    detected_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<String>,
    /// reason it is ignored
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    /// what was measured and its limit
    measures: serde_json::Value,
}

impl Tool for ListQualityIssues {
    const NAME: &'static str = "list_quality_issues";
    const FAMILY: Family = Family::Quality;
    const TITLE: &'static str = "List quality issues";
    const DESCRIPTION: &'static str = "List the code issues that detect_code_smells has kept for a project, the worst first, \
        filtered by severity, status, kind or file, page by page.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let filter = IssueFilter {
            severity: args.severity.map(|severity| severity.as_str().to_owned()),
            status: args.status.map(|status| status.as_str().to_owned()),
            kind: args.smell_type.map(|smell| smell.kind().as_str().to_owned()),
            path: args.file_path,
        };
        let listed = self.0.issues(&owner(call.who), &args.project_id.0, &filter, args.paging.page()).await?;
        Ok(Output {
            total: listed.total,
            next_offset: args.paging.next(listed.issues.len(), listed.total),
            issues: listed.issues.into_iter().map(Row::from).collect(),
            last_detection: listed.ran_at.map(time::text),
        })
    }
}

impl From<Issue> for Row {
    fn from(issue: Issue) -> Self {
        Self {
            issue_id: issue.id,
            kind: issue.kind,
            severity: issue.severity,
            title: issue.title,
            file: issue.path,
            line: issue.line,
            entity_id: issue.entity,
            status: issue.status,
            detected_at: time::text(issue.detected_at),
            resolved_at: issue.resolved_at.map(time::text),
            note: issue.note,
            measures: serde_json::from_str(&issue.measures).unwrap_or_default(),
        }
    }
}
