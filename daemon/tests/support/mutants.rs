//! Requests of every method in both eras, changed in ways that repeat: the same seed makes the same mutants.

use serde_json::{Value, json};

use super::Peer;

const MODERN: &str = "2026-07-28";

/// Words that tend to break readers.
const WORDS: &[&str] = &[
    "\"",
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "null",
    "true",
    "-",
    "1e999",
    "-0",
    "\\ud800",
    "\\u0000",
    "\u{feff}",
    "\"\"",
    "9999999999999999999",
    "0.1",
    "\n",
    "\r\n\r\n",
    "\t",
    "\u{202e}",
    "%00",
    "../",
    "'; DROP TABLE todos; --",
    "\"jsonrpc\":\"2.0\"",
    "\"id\":1,",
    "\"method\":\"initialize\",",
    "\"_meta\":{}",
    "\"params\":[]",
];

/// Bytes on the way to the endpoint, with the headers that went with the original.
#[derive(Debug, Clone)]
pub struct Mutant {
    pub body: Vec<u8>,
    pub headers: Vec<(&'static str, String)>,
}

/// Makes mutants without end (splitmix64).
pub struct Mutants {
    state: u64,
    originals: Vec<(Value, Vec<(&'static str, String)>)>,
}

impl Mutants {
    pub fn new(seed: u64) -> Self {
        Self { state: seed, originals: originals() }
    }

    fn next(&mut self, below: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % below.max(1) as u64) as usize
    }

    /// Makes the next.
    pub fn make(&mut self) -> Mutant {
        let which = self.next(self.originals.len());
        let (mut request, mut headers) = self.originals[which].clone();
        if self.next(2) == 0 {
            for _ in 0..=self.next(3) {
                self.change(&mut request);
            }
        }
        let mut body = request.to_string().into_bytes();
        if self.next(3) != 0 {
            for _ in 0..=self.next(4) {
                self.damage(&mut body);
            }
        }
        if self.next(8) == 0 && !headers.is_empty() {
            headers.remove(self.next(headers.len()));
        }
        Mutant { body, headers }
    }

    /// Puts something else in the place of one value.
    fn change(&mut self, value: &mut Value) {
        let inside = match value {
            Value::Object(members) if !members.is_empty() => {
                let at = self.next(members.len());
                members.values_mut().nth(at)
            }
            Value::Array(items) if !items.is_empty() => {
                let at = self.next(items.len());
                items.get_mut(at)
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
            Value::Array(_) | Value::Object(_) => None,
        };
        match inside {
            Some(inside) if self.next(4) != 0 => self.change(inside),
            _ => *value = self.oddity(),
        }
    }

    fn oddity(&mut self) -> Value {
        match self.next(12) {
            0 => Value::Null,
            1 => json!(true),
            2 => json!(-1),
            3 => json!(u64::MAX),
            4 => json!(1.5),
            5 => json!(""),
            6 => json!("x".repeat(5000)),
            7 => json!([]),
            8 => json!({}),
            9 => (0..70).fold(json!(1), |inside, _| json!([inside])),
            10 => json!("\u{0}\u{202e}世界\u{1f600}"),
            _ => json!(["p", { "project_id": 7 }, null]),
        }
    }

    /// Changes bytes without looking at what they mean.
    fn damage(&mut self, body: &mut Vec<u8>) {
        let (from, to) = (self.next(body.len() + 1), self.next(body.len() + 1));
        let (from, to) = (from.min(to), from.max(to).min(from.min(to) + 40));
        match self.next(6) {
            0 if !body.is_empty() => {
                let at = from.min(body.len() - 1);
                body[at] ^= 1 << self.next(8);
            }
            1 if !body.is_empty() => {
                let at = from.min(body.len() - 1);
                body[at] = self.next(256) as u8;
            }
            2 => drop(body.drain(from..to)),
            3 => {
                let again = body[from..to].to_vec();
                body.splice(from..from, again);
            }
            4 => body.truncate(from),
            _ => {
                let word = WORDS[self.next(WORDS.len())];
                body.splice(from..from, word.bytes());
            }
        }
    }
}

/// A valid request of each method.
fn originals() -> Vec<(Value, Vec<(&'static str, String)>)> {
    let hello = json!({ "protocolVersion": "2025-11-25", "capabilities": { "roots": {} },
                        "clientInfo": { "name": "m", "version": "1" } });
    let alone = [
        ("initialize", hello),
        ("ping", json!({})),
        ("logging/setLevel", json!({ "level": "debug" })),
        ("resources/subscribe", json!({ "uri": "mcpd://p/todos" })),
        ("resources/unsubscribe", json!({ "uri": "mcpd://p/todos" })),
    ];
    let argument = json!({ "ref": { "type": "ref/prompt", "name": "resume-work" },
                           "argument": { "name": "project_id", "value": "p" } });
    let tool = |name: &str, arguments: Value| ("tools/call", json!({ "name": name, "arguments": arguments }));
    let shared = [
        ("tools/list", json!({})),
        tool("create_todo", json!({ "project_id": "p", "title": "t", "priority": 3, "depends_on": [] })),
        tool("list_todos", json!({ "project_id": "p", "limit": 5, "offset": 0 })),
        tool("store_memory", json!({ "project_id": "p", "content": "a fact to keep" })),
        tool("retrieve_memory", json!({ "project_id": "p", "query": "fact OR \"keep", "top_k": 3 })),
        tool("get_project_context", json!({ "project_id": "p" })),
        ("resources/list", json!({})),
        ("resources/templates/list", json!({})),
        ("resources/read", json!({ "uri": "mcpd://p/context" })),
        ("prompts/list", json!({ "cursor": "MQ==" })),
        ("prompts/get", json!({ "name": "resume-work", "arguments": { "project_id": "p" } })),
        ("completion/complete", argument),
    ];
    let mut all = Vec::new();
    for (method, params) in alone.into_iter().chain(shared.clone()) {
        all.push((json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }), vec![]));
    }
    let wanted =
        json!({ "notifications": { "toolsListChanged": true, "resourceSubscriptions": ["mcpd://p/todos"] } });
    let modern = [("server/discover", json!({})), ("subscriptions/listen", wanted)];
    for (method, mut params) in modern.into_iter().chain(shared) {
        let name = ["name", "uri"].iter().find_map(|name| params[*name].as_str()).map(str::to_owned);
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
            "progressToken": "token",
        });
        let mut headers =
            vec![("mcp-protocol-version", MODERN.to_owned()), ("mcp-method", method.to_owned())];
        headers.extend(name.map(|name| ("mcp-name", name)));
        all.push((json!({ "jsonrpc": "2.0", "id": "m", "method": method, "params": params }), headers));
    }
    for (method, params) in [
        ("notifications/initialized", json!({})),
        ("notifications/cancelled", json!({ "requestId": 1, "reason": "none" })),
        ("notifications/roots/list_changed", json!({})),
        ("notifications/progress", json!({ "progressToken": 1, "progress": 0.5 })),
    ] {
        all.push((json!({ "jsonrpc": "2.0", "method": method, "params": params }), vec![]));
    }
    all.push((json!({ "jsonrpc": "2.0", "id": 9, "result": { "roots": [] } }), vec![]));
    let batch = json!([{ "jsonrpc": "2.0", "id": 1, "method": "ping" }, { "jsonrpc": "2.0", "method": "n" }]);
    all.push((batch, vec![("mcp-protocol-version", "2025-03-26".to_owned())]));
    all
}

impl Peer {
    /// Posts a mutant and returns status and body; of an event stream, which need not end, only that it began.
    pub async fn mutant(&self, url: &str, mutant: Mutant) -> (u16, Option<Value>) {
        let mut post = self.http.post(url).bearer_auth(&self.key).header("content-type", "application/json");
        post = post.header("accept", "application/json, text/event-stream");
        for (name, value) in &mutant.headers {
            post = post.header(*name, value);
        }
        let answer = post.body(mutant.body.clone()).send().await.unwrap_or_else(|error| {
            panic!("{error}: no answer to {:?}", String::from_utf8_lossy(&mutant.body))
        });
        let status = answer.status().as_u16();
        assert_eq!(status == 503, answer.headers().contains_key("retry-after"), "{status} to {mutant:?}");
        if answer.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream") {
            return (status, None);
        }
        let text = answer.text().await.unwrap();
        let body = (!text.is_empty()).then(|| serde_json::from_str(&text).unwrap());
        (status, body)
    }
}
