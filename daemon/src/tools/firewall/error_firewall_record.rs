//! `error_firewall_record`: remembers an error and what helped.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::view::short;
use crate::{
    firewall::{Firewall, Noted, Occurrence},
    store::{BlockLevel, ErrorRecorded, Outcome, SolutionFate},
    tools::{
        Call, Code, Family, Tool, ToolError,
        params::{ProjectId, owner},
        tool::Effect,
    },
};

/// Records an error.
pub(super) struct ErrorFirewallRecord {
    pub(super) firewall: Arc<Firewall>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// kind of operation that failed, e.g. npm_install; * and ? are wildcards
    #[schemars(length(min = 1, max = 128), regex(pattern = r"\S"))]
    error_type: String,
    /// the situation in one line
    #[schemars(length(min = 1, max = 512), regex(pattern = r"\S"))]
    error_scene: String,
    /// features of the failing operation; values may be *, ^1.4, >=1 <2, or lists; {} = by message alone
    error_pattern: Map<String, Value>,
    /// full error text
    #[schemars(length(min = 1, max = 65536), regex(pattern = r"\S"))]
    error_message: String,
    /// recommended fix
    #[schemars(length(min = 1, max = 16384), regex(pattern = r"\S"))]
    solution: Option<String>,
    /// trust in the fix, 0 when absent
    #[schemars(range(min = 0.0, max = 1.0))]
    solution_confidence: Option<f64>,
    /// what a match does, warning when absent
    block_level: Option<Level>,
    /// whether the fix can be applied automatically
    auto_fix: Option<bool>,
    /// whether the given or the known fix helped; not_solved with a new one is about the known one
    outcome: Option<OutcomeWord>,
    /// the project it belongs to, made on first use; without it every project sees it
    project_id: Option<ProjectId>,
    /// true = every project sees it; not with project_id
    shared: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Level {
    None,
    Warning,
    Block,
}

impl From<Level> for BlockLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::None => Self::None,
            Level::Warning => Self::Warning,
            Level::Block => Self::Block,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum OutcomeWord {
    Solved,
    NotSolved,
}

impl From<OutcomeWord> for Outcome {
    fn from(outcome: OutcomeWord) -> Self {
        match outcome {
            OutcomeWord::Solved => Self::Solved,
            OutcomeWord::NotSolved => Self::NotSolved,
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    error_id: String,
    is_new: bool,
    occurrence_count: i64,
    shared: bool,
    block_level: &'static str,
    /// the most trusted one now
    solution: Option<String>,
    solution_confidence: Option<f64>,
    /// how it is reckoned
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence_basis: Option<String>,
    /// the solution the outcome was counted for
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome_of: Option<String>,
    /// what of this call counts now
    taken: Vec<String>,
    /// what was there and stays
    kept: Vec<String>,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

impl Tool for ErrorFirewallRecord {
    const NAME: &'static str = "error_firewall_record";
    const FAMILY: Family = Family::Firewall;
    const TITLE: &'static str = "Record an error";
    const DESCRIPTION: &'static str = "Remember an error that occurred, the features of the operation that failed, and \
        the fix, so that error_firewall_check warns before it is repeated. Record it again to count it, to give a \
        better fix, or to say whether the known one helped.";
    const EFFECT: Effect = Effect::Adds;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let project = project(&args)?;
        let told = Told::of(&args);
        let noted = self
            .firewall
            .record(Occurrence {
                owner: owner(call.who),
                project,
                error_type: args.error_type,
                scene: args.error_scene,
                pattern: args.error_pattern,
                message: args.error_message,
                level: args.block_level.map(Into::into),
                solution: args.solution,
                confidence: args.solution_confidence,
                auto_fix: args.auto_fix,
                outcome: args.outcome.map(Into::into),
            })
            .await?;
        Ok(output(noted, told))
    }
}

/// Returns the project an error belongs to; none for one that is shared.
fn project(args: &Args) -> Result<Option<String>, ToolError> {
    match (&args.project_id, args.shared) {
        (Some(_), Some(true)) => Err(ToolError::new(
            Code::InvalidArguments,
            "shared: an error belongs to a project or to all of them, not to both",
        )
        .hint("leave project_id out to share it")),
        (None, Some(false)) => Err(ToolError::new(
            Code::InvalidArguments,
            "shared: without project_id there is no project to keep it in",
        )
        .hint("give project_id")),
        (Some(project), Some(false) | None) => Ok(Some(project.0.clone())),
        (None, Some(true) | None) => Ok(None),
    }
}

/// What was said about the solution, to answer to.
struct Told {
    confidence: bool,
    auto_fix: bool,
    level: bool,
}

impl Told {
    fn of(args: &Args) -> Self {
        Self {
            confidence: args.solution_confidence.is_some(),
            auto_fix: args.auto_fix.is_some(),
            level: args.block_level.is_some(),
        }
    }
}

fn output(Noted { recorded, suspicion }: Noted, told: Told) -> Output {
    let (taken, kept) = (taken(&recorded, &told), kept(&recorded, &told));
    let warning = suspicion.map(|(what, kind)| {
        format!("{what} looks like {kind}: everyone who sees this error can read it; if it is one, change the secret")
    });
    let ErrorRecorded { error, is_new, outcome_of, .. } = recorded;
    let message = if is_new {
        "a new error: the next error_firewall_check knows it".to_owned()
    } else {
        format!("a known error, recorded {} times", error.occurrences)
    };
    let solution = error.solution;
    Output {
        error_id: error.id,
        is_new,
        occurrence_count: error.occurrences,
        shared: error.project.is_none(),
        block_level: error.level.as_str(),
        solution_confidence: solution.as_ref().map(|solution| short(solution.confidence())),
        confidence_basis: solution.as_ref().map(crate::store::Solution::basis),
        solution: solution.map(|solution| solution.solution),
        outcome_of,
        taken,
        kept,
        message,
        warning,
    }
}

/// Says what of a record counts now.
fn taken(recorded: &ErrorRecorded, told: &Told) -> Vec<String> {
    let mut taken = Vec::new();
    if let Some(former) = &recorded.former_scene {
        taken.push(format!("error_scene, in place of {former:?}"));
    }
    if recorded.is_message_new {
        taken.push("error_message, in place of that of the occurrence before".to_owned());
    }
    if let Some(former) = recorded.former_level {
        taken.push(format!("block_level, in place of {}", former.as_str()));
    }
    let solution = match recorded.fate {
        SolutionFate::NotGiven => None,
        SolutionFate::First => Some("solution: it is the first"),
        SolutionFate::Same => Some("solution: it is the most trusted one, known already"),
        SolutionFate::Better => {
            Some("solution: it is trusted most now, and the one before is an alternative")
        }
        SolutionFate::Alternative => Some("solution: as an alternative"),
        SolutionFate::AlternativeRose => {
            Some("outcome: an alternative is trusted more now, and takes the place")
        }
    };
    taken.extend(solution.map(str::to_owned));
    if told.confidence && recorded.error.solution.is_some() {
        taken.push("solution_confidence, as what is stated of that solution".to_owned());
    }
    if told.auto_fix && recorded.error.solution.is_some() {
        taken.push("auto_fix, of that solution".to_owned());
    }
    taken
}

/// Says what stays as it was though it could have changed.
fn kept(recorded: &ErrorRecorded, told: &Told) -> Vec<String> {
    let mut kept = Vec::new();
    if !recorded.is_new && !told.level {
        kept.push(format!("block_level {}", recorded.error.level.as_str()));
    }
    if recorded.fate == SolutionFate::Alternative {
        kept.push("the known solution: it is trusted as much or more".to_owned());
    }
    if let Some(dropped) = &recorded.dropped {
        kept.push(format!("not the alternative trusted least, of too many: {dropped:?}"));
    }
    kept
}
