//! `generate_quality_report`: a report for people.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    quality::Quality,
    tools::{
        Call, Family, Tool, ToolError,
        params::{ProjectId, owner},
        tool::Effect,
    },
};

/// Writes a report.
pub(super) struct GenerateQualityReport(pub(super) Arc<Quality>);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// Markdown
    report: String,
    /// the latest snapshot, which the report compares with; null before the first
    snapshot_id: Option<String>,
}

impl Tool for GenerateQualityReport {
    const NAME: &'static str = "generate_quality_report";
    const FAMILY: Family = Family::Quality;
    const TITLE: &'static str = "Generate a quality report";
    const DESCRIPTION: &'static str = "Write a quality report of a project for people, in Markdown: scores, issues, hot spots, \
        dependencies and trend as tables. Measures now and stores nothing.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let report = self.0.stand(&owner(call.who), &args.project_id.0).await?.report;
        Ok(Output { report: report.text, snapshot_id: report.snapshot })
    }
}
