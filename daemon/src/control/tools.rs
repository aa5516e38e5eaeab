//! The registry, seen and called by operators.

use mcpd_ipc::{
    Fault, FaultKind,
    tools::{
        FamilyCost, Tokens, ToolDetail, ToolList, ToolOutcome, ToolSummary, ToolsCall, ToolsDisable,
        ToolsEnable, ToolsList, ToolsShow, ToolsSwitched,
    },
};
use serde_json::value::RawValue;

use super::{Hands, Operator, dispatch::internal};
use crate::{
    auth::Caller,
    telemetry,
    tools::{Answer, Cost, Silent, Standing, Summarised, SwitchError},
};

pub(super) fn list(hands: &Hands, _: ToolsList) -> Result<ToolList, Fault> {
    let tools = hands.registry.summaries();
    let mut families: Vec<FamilyCost> = Vec::new();
    for tool in &tools {
        let family = tool.family.as_str();
        if families.iter().all(|known| known.family != family) {
            let had = || tools.iter().filter(|other| other.family == tool.family && is_had(other));
            let estimated_tokens = tokens(had().map(|other| other.cost).sum());
            families.push(FamilyCost { family: family.to_owned(), tools: had().count(), estimated_tokens });
        }
    }
    let all = tokens(tools.iter().filter(|tool| is_had(tool)).map(|tool| tool.cost).sum());
    Ok(ToolList { tools: tools.into_iter().map(summary).collect(), families, estimated_tokens: all })
}

/// Answers whether clients have a tool.
fn is_had(tool: &Summarised) -> bool {
    tool.enabled && !tool.left_out
}

fn tokens(cost: Cost) -> Tokens {
    Tokens { whole: cost.whole, input: cost.input }
}

pub(super) fn show(hands: &Hands, ask: ToolsShow) -> Result<ToolDetail, Fault> {
    let found = hands.registry.summaries().into_iter().find(|tool| tool.name == ask.name);
    let (Some(tool), Some(published)) = (found, hands.registry.reference(&ask.name)) else {
        return Err(unknown(&ask.name));
    };
    let published = serde_json::from_str(published).map_err(|error| internal(&error))?;
    Ok(ToolDetail { summary: summary(tool), published })
}

pub(super) async fn enable(
    hands: &Hands,
    operator: Operator,
    ask: ToolsEnable,
) -> Result<ToolsSwitched, Fault> {
    switch(hands, operator, &ask.names, true).await
}

pub(super) async fn disable(
    hands: &Hands,
    operator: Operator,
    ask: ToolsDisable,
) -> Result<ToolsSwitched, Fault> {
    switch(hands, operator, &ask.names, false).await
}

async fn switch(
    hands: &Hands,
    operator: Operator,
    names: &[String],
    enabled: bool,
) -> Result<ToolsSwitched, Fault> {
    let switched =
        hands.registry.switch(&hands.store, names, enabled).await.map_err(|error| match error {
            SwitchError::Unknown(names) => no_such(&names),
            SwitchError::Store(cause) => internal(&cause),
        })?;
    if !switched.changed.is_empty() {
        let change = if enabled { "enabled" } else { "disabled" };
        telemetry::ToolsSwitched { change, tools: &switched.changed, operator: operator.uid }.emit();
    }
    let words = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    Ok(ToolsSwitched { enabled, changed: words(switched.changed), already: words(switched.already) })
}

/// Calls a tool through the same guard as everyone, as the user behind the socket.
pub(super) async fn call(hands: &Hands, operator: Operator, ask: ToolsCall) -> Result<ToolOutcome, Fault> {
    match hands.registry.standing(&ask.name) {
        Some(Standing::Offered) => {}
        Some(Standing::LeftOut) => {
            let reason = format!("tools.families in the configuration leaves the tool {:?} out", ask.name);
            return Err(
                Fault::new(FaultKind::Refused, reason).hint("name its family there, then: mcpctl reload")
            );
        }
        Some(Standing::Disabled) => {
            let fault = Fault::new(FaultKind::Refused, format!("the tool {:?} is disabled", ask.name));
            return Err(fault.hint(format!("mcpctl tools enable {}", ask.name)));
        }
        None => return Err(unknown(&ask.name)),
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
    match hands.registry.call(&permit, &Silent, &ask.name, Some(&arguments)).await {
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

fn no_such(names: &[String]) -> Fault {
    match names {
        [name] => Fault::not_found("tool", name),
        names => Fault::new(FaultKind::NotFound, format!("there are no tools {names:?}")),
    }
    .hint("nothing was changed; mcpctl tools list shows them")
}

fn summary(tool: Summarised) -> ToolSummary {
    ToolSummary {
        name: tool.name.to_owned(),
        family: tool.family.as_str().to_owned(),
        title: tool.title.to_owned(),
        read_only: tool.read_only,
        enabled: tool.enabled,
        left_out: tool.left_out,
        estimated_tokens: tokens(tool.cost),
        calls: tool.calls,
        errors: tool.errors,
        p95_ms: (tool.calls > 0).then_some(tool.duration.p95),
    }
}
