//! `detect_code_smells`: looks for issues.

use std::{collections::BTreeMap, sync::Arc};

use mcpd_codegraph::smells::{Severity, SmellKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    choices::SmellType,
    view::{AsOf, BySeverity, Changes, IssueView},
};
use crate::{
    quality::Quality,
    store::Issue,
    tools::{
        Call, Family, Tool, ToolError,
        params::{ProjectId, owner},
        tool::Effect,
    },
};

/// Issues returned when nobody asks for another number.
const MANY: u16 = 50;

/// Looks for issues.
pub(super) struct DetectCodeSmells(pub(super) Arc<Quality>);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// subset of detectors; absent = all
    #[schemars(length(min = 1, max = 9))]
    smell_types: Option<Vec<SmellType>>,
    /// issues returned at most, the worst first, 50 when absent; all are counted
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u16>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// open issues of these types
    total_issues: usize,
    by_severity: BySeverity,
    /// by severity: critical, high, medium, low; the worst first
    issues: BTreeMap<&'static str, Vec<IssueView>>,
    /// issues not returned here; list_quality_issues pages through them
    more: usize,
    changes: Changes,
    as_of: AsOf,
}

/// Lays issues out by severity; each has its place, also where there are none.
fn laid_out(issues: Vec<Issue>) -> BTreeMap<&'static str, Vec<IssueView>> {
    let mut all: BTreeMap<&'static str, Vec<IssueView>> =
        Severity::ALL.into_iter().map(|severity| (severity.as_str(), Vec::new())).collect();
    for issue in issues {
        if let Some(of) = all.get_mut(issue.severity.as_str()) {
            of.push(issue.into());
        }
    }
    all
}

impl Tool for DetectCodeSmells {
    const NAME: &'static str = "detect_code_smells";
    const FAMILY: Family = Family::Quality;
    const TITLE: &'static str = "Detect code smells";
    const DESCRIPTION: &'static str = "Find code smells in a project (import cycles, god classes, tight coupling, \
        duplicates, long, complex or deeply nested functions, long parameter lists, dead code) and keep them as issues: a \
        second run changes nothing, what is fixed closes itself.";
    const EFFECT: Effect = Effect::Settles;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let kinds = match args.smell_types {
            Some(types) => types.into_iter().map(SmellType::kind).collect(),
            None => SmellKind::ALL.to_vec(),
        };
        let limit = usize::from(args.limit.unwrap_or(MANY));
        let mut detected = self.0.detect(&owner(call.who), &args.project_id.0, kinds).await?;
        let (total, by_severity) = (detected.issues.len(), BySeverity::of(&detected.issues));
        let (changes, as_of) = (Changes::from(&detected), AsOf::from(&detected.fresh));
        detected.issues.truncate(limit);
        Ok(Output {
            total_issues: total,
            by_severity,
            more: total - detected.issues.len(),
            issues: laid_out(detected.issues),
            changes,
            as_of,
        })
    }
}
