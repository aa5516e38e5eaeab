//! The results of methods as JSON text, in the shape of each era.

use std::sync::LazyLock;

use bytes::Bytes;
use parking_lot::RwLock;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Revision, RpcError, dispatch::Done, era::MODERN};
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

/// How long a modern client may keep a result (MCP 2026-07-28, Caching).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caching {
    /// Nothing is said.
    None,
    /// As long as a list: changes are told to who subscribes.
    List,
    /// Not at all: it may have changed the moment it was read.
    Moment,
}

fn server_info() -> Value {
    json!({ "name": "mcpd", "title": "mcpd", "version": env!("CARGO_PKG_VERSION") })
}

fn capabilities() -> Value {
    json!({
        "tools": { "listChanged": true },
        "resources": { "subscribe": true, "listChanged": true },
        "prompts": {},
        "completions": {},
        "logging": {},
    })
}

/// Members every modern result has, with a comma behind them.
static PREAMBLE: LazyLock<String> = LazyLock::new(|| {
    let info = server_info();
    format!(r#""resultType":"complete","_meta":{{"io.modelcontextprotocol/serverInfo":{info}}},"#)
});

fn preamble(shape: Shape) -> &'static str {
    match shape {
        Shape::Legacy => "",
        Shape::Modern => &PREAMBLE,
    }
}

/// `initialize`.
pub(super) fn initialize(revision: Revision) -> String {
    json!({
        "protocolVersion": revision.as_str(),
        "capabilities": capabilities(),
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
        "capabilities": capabilities(),
        "instructions": INSTRUCTIONS,
        "ttlMs": LIST_TTL,
        "cacheScope": "public",
        "_meta": { "io.modelcontextprotocol/serverInfo": server_info() },
    })
    .to_string()
}

/// A result that says nothing: `ping`, `logging/setLevel`.
pub(super) const EMPTY: &str = "{}";

/// Members that say how long a result may be kept, with a comma before them.
fn caching(shape: Shape, caching: Caching) -> String {
    match (shape, caching) {
        (Shape::Legacy, _) | (Shape::Modern, Caching::None) => String::new(),
        (Shape::Modern, Caching::List) => format!(r#","ttlMs":{LIST_TTL},"cacheScope":"private""#),
        (Shape::Modern, Caching::Moment) => r#","ttlMs":0,"cacheScope":"private""#.to_owned(),
    }
}

/// A result whose members are those of `value`, which must serialise to an object that has some.
pub(super) fn object(shape: Shape, value: &impl Serialize, keep: Caching) -> Result<Done, RpcError> {
    #[cfg(not(feature = "testing"))]
    let json = serde_json::to_string(value).map_err(|error| RpcError::internal(&error))?;
    #[cfg(feature = "testing")]
    let json = with_fixtures(value).map_err(|error| RpcError::internal(&error))?;
    let members = json.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or_default();
    Ok(Done::plain(format!("{{{}{members}{}}}", preamble(shape), caching(shape, keep))))
}

/// Puts the fixtures of the suite into the lists.
#[cfg(feature = "testing")]
fn with_fixtures(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut json = serde_json::to_value(value)?;
    for name in ["resources", "resourceTemplates", "prompts"] {
        if let Some(Value::Array(list)) = json.get_mut(name) {
            list.extend(super::fixtures::listed(name));
        }
    }
    Ok(json.to_string())
}

/// `tools/list`, given the array of tools.
pub(super) fn tools_list(shape: Shape, tools: &[u8]) -> Bytes {
    let (before, after) = (preamble(shape), caching(shape, Caching::List));
    Bytes::from([b"{", before.as_bytes(), br#""tools":"#, tools, after.as_bytes(), b"}"].concat())
}

/// `tools/list` for those who may have every tool, made once and kept until the tools change.
#[derive(Debug, Default)]
pub(super) struct WholeList(RwLock<Option<Kept>>);

#[derive(Debug)]
struct Kept {
    tools: Bytes,
    legacy: Bytes,
    modern: Bytes,
}

impl WholeList {
    /// Returns the result with this array of tools, which is the same memory for as long as it holds the same.
    pub(super) fn result(&self, shape: Shape, tools: &Bytes) -> Bytes {
        let of = |kept: &Kept| match shape {
            Shape::Legacy => kept.legacy.clone(),
            Shape::Modern => kept.modern.clone(),
        };
        let is_same = |kept: &&Kept| kept.tools.as_ptr() == tools.as_ptr();
        if let Some(kept) = self.0.read().as_ref().filter(is_same) {
            return of(kept);
        }
        let (legacy, modern) = (tools_list(Shape::Legacy, tools), tools_list(Shape::Modern, tools));
        of(self.0.write().insert(Kept { tools: tools.clone(), legacy, modern }))
    }
}

/// `tools/call`.
pub(super) fn tools_call(shape: Shape, answer: &Answer) -> String {
    let preamble = preamble(shape);
    match answer {
        Answer::Object { json, is_error } => {
            let mut result = String::with_capacity(preamble.len() + json.len() * 2 + 128);
            result.push('{');
            result.push_str(preamble);
            result.push_str(r#""content":[{"type":"text","text":"#);
            push_quoted(&mut result, json);
            result.push_str(r#"}],"structuredContent":"#);
            result.push_str(json);
            result.push_str(if *is_error { r#","isError":true}"# } else { r#","isError":false}"# });
            result
        }
        #[cfg(feature = "testing")]
        Answer::Blocks { json, is_error } => {
            let end = if *is_error { r#","isError":true}"# } else { r#","isError":false}"# };
            ["{", preamble, r#""content":"#, json, end].concat()
        }
    }
}

/// Appends JSON text as a JSON string: what it escapes is quotes and backslashes, nothing else stands in it unescaped.
fn push_quoted(result: &mut String, json: &str) {
    result.push('"');
    let mut rest = json;
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest.as_bytes()) {
        let (before, from) = rest.split_at(at);
        result.push_str(before);
        result.push('\\');
        result.push_str(&from[..1]);
        rest = &from[1..];
    }
    result.push_str(rest);
    result.push('"');
}

/// What a call wants of its client before it can go on.
pub(super) fn input_required(wanted: &Map<String, Value>, state: &str) -> String {
    json!({
        "resultType": "input_required",
        "inputRequests": wanted,
        "requestState": state,
        "_meta": { "io.modelcontextprotocol/serverInfo": server_info() },
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: impl AsRef<[u8]>) -> Value {
        serde_json::from_slice(text.as_ref()).unwrap()
    }

    #[test]
    fn the_whole_list_is_made_again_when_the_tools_change() {
        let whole = WholeList::default();
        let (none, one) = (Bytes::from_static(b"[]"), Bytes::from_static(b"[1]"));
        for tools in [&none, &none, &one, &none] {
            for shape in [Shape::Legacy, Shape::Modern] {
                assert_eq!(whole.result(shape, tools), tools_list(shape, tools));
            }
        }
    }

    #[test]
    fn every_result_is_json_in_the_shape_of_its_era() {
        let answer = Answer::Object { json: r#"{"success":true,"a":"\"x\""}"#.into(), is_error: false };
        let legacy = read(tools_call(Shape::Legacy, &answer));
        assert_eq!(legacy["content"][0]["text"], r#"{"success":true,"a":"\"x\""}"#);
        assert_eq!(legacy["structuredContent"]["a"], "\"x\"");
        assert!(legacy.get("resultType").is_none());
        let modern = read(tools_call(Shape::Modern, &answer));
        assert_eq!(modern["resultType"], "complete");
        assert_eq!(modern["_meta"]["io.modelcontextprotocol/serverInfo"]["name"], "mcpd");
        let list = read(tools_list(Shape::Modern, b"[]"));
        assert_eq!((&list["ttlMs"], &list["cacheScope"]), (&json!(LIST_TTL), &json!("private")));
        assert_eq!(read(tools_list(Shape::Legacy, b"[]")), json!({ "tools": [] }));
        let one = object(Shape::Modern, &json!({ "contents": [] }), Caching::Moment).unwrap();
        assert_eq!(read(&one.result)["ttlMs"], 0);
    }
}
