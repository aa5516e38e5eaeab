//! The quality of a project's code: look for issues, score, and say what to do first.

mod assess_technical_debt;
mod choices;
mod detect_code_smells;
mod generate_quality_report;
mod get_quality_trends;
mod identify_debt_hotspots;
mod ignore_quality_issue;
mod list_quality_issues;
mod resolve_quality_issue;
mod view;

use std::sync::Arc;

use super::{
    ToolError,
    registry::{BadSchema, Building},
};
use crate::quality::{Quality, QualityError};

/// Adds the family.
pub(super) fn register(registry: &mut Building<'_>, quality: &Arc<Quality>) -> Result<(), BadSchema> {
    let judge = || Arc::clone(quality);
    registry.add(detect_code_smells::DetectCodeSmells(judge()))?;
    registry.add(assess_technical_debt::AssessTechnicalDebt(judge()))?;
    registry.add(identify_debt_hotspots::IdentifyDebtHotspots(judge()))?;
    registry.add(get_quality_trends::GetQualityTrends(judge()))?;
    registry.add(resolve_quality_issue::ResolveQualityIssue(judge()))?;
    registry.add(ignore_quality_issue::IgnoreQualityIssue(judge()))?;
    registry.add(generate_quality_report::GenerateQualityReport(judge()))?;
    registry.add(list_quality_issues::ListQualityIssues(judge()))
}

impl From<QualityError> for ToolError {
    fn from(error: QualityError) -> Self {
        match error {
            QualityError::UnknownIssue(id) => Self::not_found(
                "quality issue",
                &id,
                "list_quality_issues shows the ids of a project's issues",
            ),
            QualityError::Code(error) => error.into(),
            QualityError::Store(error) => error.into(),
        }
    }
}
