//! `error_firewall_check`: asks whether an operation is known to fail.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Asking, view::short};
use crate::{
    firewall::{Checked, Met, Operation},
    store::Verdict,
    tools::{
        Call, Family, Tool, ToolError,
        params::{ProjectId, owner},
        tool::Effect,
    },
};

/// Checks an operation.
pub(super) struct ErrorFirewallCheck(pub(super) Asking);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// kind of operation, e.g. npm_install
    #[schemars(length(min = 1, max = 128), regex(pattern = r"\S"))]
    operation_type: String,
    /// its parameters; nested ones are compared as a.b
    operation_params: Map<String, Value>,
    /// error text that was seen, compared with known ones by its words
    #[schemars(length(min = 1, max = 65536), regex(pattern = r"\S"))]
    message: Option<String>,
    /// ask this project's errors and the shared ones; without it the shared ones alone
    project_id: Option<ProjectId>,
    /// development session to log the check under
    #[schemars(length(min = 1, max = 64))]
    session_id: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    check_id: String,
    /// allow, warn or block
    verdict: &'static str,
    should_block: bool,
    should_warn: bool,
    /// none, low, medium or high
    risk_level: &'static str,
    /// how each feature fared
    why: Vec<String>,
    matched_error: Option<Matched>,
    /// the known fix
    solution: Option<String>,
    /// 0 to 1; null without a solution
    solution_confidence: Option<f64>,
    /// how it is reckoned
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence_basis: Option<String>,
    auto_fix_available: bool,
    /// other errors that match, the surest first
    others: Vec<Matched>,
    message: String,
}

#[derive(Serialize, JsonSchema)]
struct Matched {
    error_id: String,
    error_type: String,
    error_scene: String,
    /// 0 to 1: share of the pattern's keys, or of the telling words of the text
    match_confidence: f64,
    /// pattern, part or message
    matched_by: &'static str,
    block_level: &'static str,
    shared: bool,
}

impl Tool for ErrorFirewallCheck {
    const NAME: &'static str = "error_firewall_check";
    const FAMILY: Family = Family::Firewall;
    const TITLE: &'static str = "Check an operation";
    const DESCRIPTION: &'static str = "Ask before an operation whether it is known to fail, or after an error whether \
        it is known: allow, warn or block, why, and the fix that helped before. Compares the parameters with recorded \
        patterns, and a message by its words.";
    // It writes nothing but its log, as retrieve_memory counts what it found: who may only read may ask.
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let whose = self.0.whose(call.who, args.project_id.as_ref()).await?;
        let has_message = args.message.is_some();
        let operation = Operation {
            owner: owner(call.who),
            whose,
            operation_type: args.operation_type,
            params: args.operation_params,
            message: args.message,
            session: args.session_id,
        };
        Ok(output(self.0.firewall.check(operation).await?, has_message))
    }
}

fn output(checked: Checked, has_message: bool) -> Output {
    let message = message(&checked, has_message);
    let Checked { id, verdict, risk, met, .. } = checked;
    let mut met = met.into_iter();
    let first = met.next();
    let solution = first.as_ref().and_then(|met| met.error.solution.clone());
    let why = first.as_ref().map(|met| met.why.clone()).unwrap_or_default();
    Output {
        check_id: id,
        verdict: verdict.as_str(),
        should_block: verdict == Verdict::Block,
        should_warn: verdict == Verdict::Warn,
        risk_level: risk.as_str(),
        why,
        matched_error: first.map(Into::into),
        solution_confidence: solution.as_ref().map(|solution| short(solution.confidence())),
        confidence_basis: solution.as_ref().map(crate::store::Solution::basis),
        auto_fix_available: solution.as_ref().is_some_and(|solution| solution.auto_fix),
        solution: solution.map(|solution| solution.solution),
        others: met.map(Into::into).collect(),
        message,
    }
}

/// Says in a sentence what came of it.
fn message(checked: &Checked, has_message: bool) -> String {
    let Some(met) = checked.met.first() else {
        let by = if has_message {
            "neither its parameters nor the message match"
        } else {
            "its parameters match none"
        };
        return format!("nothing speaks against it: of {} known errors {by}", checked.known);
    };
    let times = met.error.occurrences;
    let next =
        if met.error.solution.is_some() { "do what the solution says" } else { "no solution is known" };
    match checked.verdict {
        Verdict::Block => format!("do not do it: it failed {times} times in the same way; {next}"),
        Verdict::Warn => format!("take care: it resembles what failed {times} times; {next}"),
        Verdict::Allow => {
            format!("nothing speaks against it, though it is known and failed {times} times; {next}")
        }
    }
}

impl From<Met> for Matched {
    fn from(met: Met) -> Self {
        Self {
            error_id: met.error.id,
            error_type: met.error.error_type,
            error_scene: met.error.scene,
            match_confidence: short(met.score),
            matched_by: met.by.as_str(),
            block_level: met.error.level.as_str(),
            shared: met.error.project.is_none(),
        }
    }
}
