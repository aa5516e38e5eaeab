//! The results of methods as JSON text, in the shape of each era.

use serde_json::{Value, json};

use super::{Revision, era::MODERN};
use crate::tools::Answer;

/// How long a client may keep a list, in milliseconds. Lists differ by key, so shared caches keep none.
const LIST_TTL: u64 = 60_000;

/// What a model reads about this server as a whole.
const INSTRUCTIONS: &str = "mcpd keeps what a project's people and agents should not forget. Pick one project_id per \
    repository and keep to it. At the start of work call get_project_context, and retrieve_memory with a question; \
    store facts worth keeping with store_memory; plan with create_todo, take get_next_todo, close with \
    update_todo_status; write decisions down with record_design_decision.";

/// The shape results take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// With `resultType` and the server's name in `_meta`.
    Modern,
    /// As revisions before 2026-07-28 have it.
    Legacy,
}

fn server_info() -> Value {
    json!({ "name": "mcpd", "title": "mcpd", "version": env!("CARGO_PKG_VERSION") })
}

/// Members every modern result has, with a comma behind them.
fn preamble(shape: Shape) -> String {
    match shape {
        Shape::Legacy => String::new(),
        Shape::Modern => {
            let info = server_info();
            format!(r#""resultType":"complete","_meta":{{"io.modelcontextprotocol/serverInfo":{info}}},"#)
        }
    }
}

/// `initialize`.
pub(super) fn initialize(revision: Revision) -> String {
    json!({
        "protocolVersion": revision.as_str(),
        "capabilities": { "tools": {}, "logging": {} },
        "serverInfo": server_info(),
        "instructions": INSTRUCTIONS,
    })
    .to_string()
}

/// `server/discover`.
pub(super) fn discover() -> String {
    json!({
        "resultType": "complete",
        "supportedVersions": [MODERN],
        "capabilities": { "tools": {} },
        "instructions": INSTRUCTIONS,
        "ttlMs": LIST_TTL,
        "cacheScope": "public",
        "_meta": { "io.modelcontextprotocol/serverInfo": server_info() },
    })
    .to_string()
}

/// A result that says nothing: `ping`, `logging/setLevel`.
pub(super) const EMPTY: &str = "{}";

/// `tools/list`, given the array of tools.
pub(super) fn tools_list(shape: Shape, tools: &[u8]) -> String {
    let tools = String::from_utf8_lossy(tools);
    let caching = match shape {
        Shape::Legacy => String::new(),
        Shape::Modern => format!(r#","ttlMs":{LIST_TTL},"cacheScope":"private""#),
    };
    format!(r#"{{{}"tools":{tools}{caching}}}"#, preamble(shape))
}

/// `tools/call`.
pub(super) fn tools_call(shape: Shape, answer: &Answer) -> String {
    let preamble = preamble(shape);
    match answer {
        Answer::Object { json, is_error } => {
            let text = Value::from(json.as_str());
            format!(
                r#"{{{preamble}"content":[{{"type":"text","text":{text}}}],"structuredContent":{json},"isError":{is_error}}}"#
            )
        }
        #[cfg(feature = "testing")]
        Answer::Blocks { json, is_error } => {
            format!(r#"{{{preamble}"content":{json},"isError":{is_error}}}"#)
        }
        #[cfg(feature = "testing")]
        Answer::NeedsCapability(name) => {
            let text = Value::from(format!("the client has the capability {name}"));
            format!(r#"{{{preamble}"content":[{{"type":"text","text":{text}}}],"isError":false}}"#)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn every_result_is_json_in_the_shape_of_its_era() {
        let answer = Answer::Object { json: r#"{"success":true,"a":"\"x\""}"#.into(), is_error: false };
        let legacy = read(&tools_call(Shape::Legacy, &answer));
        assert_eq!(legacy["content"][0]["text"], r#"{"success":true,"a":"\"x\""}"#);
        assert_eq!(legacy["structuredContent"]["a"], "\"x\"");
        assert!(legacy.get("resultType").is_none());
        let modern = read(&tools_call(Shape::Modern, &answer));
        assert_eq!(modern["resultType"], "complete");
        assert_eq!(modern["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "mcpd");
        let list = read(&tools_list(Shape::Modern, b"[]"));
        assert_eq!((&list["ttlMs"], &list["cacheScope"]), (&json!(LIST_TTL), &json!("private")));
        assert_eq!(read(&tools_list(Shape::Legacy, b"[]")), json!({ "tools": [] }));
    }
}
