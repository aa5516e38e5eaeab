//! The registry, seen and called by operators.

use mcpd_ipc::{
    Fault, FaultKind,
    tools::{ToolDetail, ToolList, ToolOutcome, ToolSummary, ToolsCall, ToolsList, ToolsShow},
};
use serde_json::value::RawValue;

use super::{Hands, Operator, dispatch::internal};
use crate::{
    auth::Caller,
    tools::{Answer, Summarised},
};

pub(super) fn list(hands: &Hands, _: ToolsList) -> Result<ToolList, Fault> {
    Ok(ToolList { tools: hands.registry.summaries().into_iter().map(summary).collect() })
}

pub(super) fn show(hands: &Hands, ask: ToolsShow) -> Result<ToolDetail, Fault> {
    let found = hands.registry.summaries().into_iter().find(|tool| tool.name == ask.name);
    let (Some(tool), Some(published)) = (found, hands.registry.published(&ask.name)) else {
        return Err(unknown(&ask.name));
    };
    let published = serde_json::from_str(published).map_err(|error| internal(&error))?;
    Ok(ToolDetail { summary: summary(tool), published })
}

/// Calls a tool through the same guard as everyone, as the user behind the socket.
pub(super) async fn call(hands: &Hands, operator: Operator, ask: ToolsCall) -> Result<ToolOutcome, Fault> {
    if hands.registry.published(&ask.name).is_none() {
        return Err(unknown(&ask.name));
    }
    if !ask.arguments.is_object() {
        let fault = Fault::new(FaultKind::Usage, "the arguments of a tool are a JSON object");
        return Err(fault.hint(r#"for example: --args '{"project_id":"demo"}'"#));
    }
    let refused = |denied: crate::guard::Denied| Fault::new(FaultKind::Refused, denied.to_string());
    let visitor = hands.guard.recognise(&Caller::local(operator.uid)).map_err(refused)?;
    hands.guard.enter(&visitor).map_err(refused)?;
    let permit = hands.guard.admit(&visitor, hands.registry.need(&ask.name)).map_err(refused)?;
    let arguments = RawValue::from_string(ask.arguments.to_string()).map_err(|error| internal(&error))?;
    match hands.registry.call(&permit, &ask.name, Some(&arguments)).await {
        Answer::Object { json, is_error } => {
            let result = serde_json::from_str(&json).map_err(|error| internal(&error))?;
            Ok(ToolOutcome { is_error, result })
        }
        #[cfg(feature = "testing")]
        other => Ok(ToolOutcome { is_error: other.is_error(), result: serde_json::Value::Null }),
    }
}

fn unknown(name: &str) -> Fault {
    Fault::not_found("tool", name).hint("mcpctl tools list shows them")
}

fn summary(tool: Summarised) -> ToolSummary {
    ToolSummary {
        name: tool.name.to_owned(),
        family: tool.family.as_str().to_owned(),
        title: tool.title.to_owned(),
        read_only: tool.read_only,
        calls: tool.calls,
        errors: tool.errors,
        p95_ms: (tool.calls > 0).then_some(tool.duration.p95),
    }
}
