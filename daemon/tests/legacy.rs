//! What only old revisions have: HTTP with server-sent events (2024-11-05), batches (2025-03-26), and cancelling by a
//! notification.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use reqwest::Response;
use serde_json::{Value, json};
use support::{Daemon, Peer, ROOMY, events::Events, eventually, hold, in_flight, plain_key};

/// A client of 2024-11-05.
struct Old {
    peer: Peer,
    stream: Events,
    messages: String,
}

impl Old {
    async fn connect(daemon: &Daemon) -> Self {
        let peer = daemon.peer();
        let get = peer.http.get(format!("{}/sse", daemon.base)).bearer_auth(&peer.key);
        let mut stream = Events::of(get.header("accept", "text/event-stream").send().await.unwrap());
        let first = stream.next().await.unwrap();
        assert_eq!(first.name, "endpoint");
        // A URI, not JSON: clients resolve it against the address of the stream.
        assert!(first.data.starts_with("/messages?session_id="), "{}", first.data);
        let messages = format!("{}{}", daemon.base, first.data);
        Self { peer, stream, messages }
    }

    async fn post(&self, body: impl Into<reqwest::Body>) -> Response {
        let post = self.peer.http.post(&self.messages).bearer_auth(&self.peer.key);
        post.header("content-type", "application/json").body(body).send().await.unwrap()
    }

    async fn ask(&mut self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        assert_eq!(self.post(body.to_string()).await.status(), 202);
        loop {
            let event = self.stream.next().await.unwrap();
            assert_eq!((event.name.as_str(), event.id.as_ref()), ("message", None));
            let message = event.message();
            // What the server says on its own may come before.
            if message.get("method").is_none() {
                return message;
            }
        }
    }
}

fn hello(revision: &str) -> Value {
    json!({ "protocolVersion": revision, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } })
}

#[tokio::test]
async fn a_client_of_the_first_revision_is_served() {
    let daemon = Daemon::start(ROOMY);
    let mut old = Old::connect(&daemon).await;
    assert_eq!(old.ask("initialize", hello("2024-11-05")).await["result"]["protocolVersion"], "2024-11-05");
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(old.post(initialized.to_string()).await.status(), 202);
    let call = json!({ "name": "create_todo", "arguments": { "project_id": "p", "title": "t" } });
    assert_eq!(old.ask("tools/call", call).await["result"]["isError"], false);
    assert_eq!(old.ask("resources/subscribe", json!({ "uri": "mcpd://p/todos" })).await["result"], json!({}));
    daemon.peer().tool("create_todo", json!({ "project_id": "p", "title": "u" })).await;
    assert_eq!(old.stream.told().await["params"]["uri"], "mcpd://p/todos");
    let listed = daemon.obey(mcpd_ipc::connections::ConnectionsList {}).await.connections;
    assert!(listed.iter().any(|one| one.transport == "sse"), "{listed:?}");
}

#[tokio::test]
async fn what_is_posted_wrong_is_told_at_once_and_a_foreign_stream_is_none() {
    let daemon = Daemon::start(&format!("{ROOMY}[server]\nbody_limit = \"64KiB\"\n"));
    let mut old = Old::connect(&daemon).await;
    for (body, code) in [("{", -32700), ("", -32700), (r#"{"jsonrpc":"2.0","id":1}"#, -32600)] {
        let answer = old.post(body).await;
        assert_eq!(answer.status(), 400);
        let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        assert_eq!(answer["error"]["code"], code, "{body:?}");
    }
    assert_eq!(old.post("x".repeat(70_000)).await.status(), 413);
    let (_, secret) = daemon.issue(plain_key("other")).await;
    let own = std::mem::replace(&mut old.peer, Peer::new(&daemon.base, &secret));
    assert_eq!(old.post("{}").await.status(), 404, "a stream of another key");
    old.peer = Peer::new(&daemon.base, "wrong");
    assert_eq!(old.post("{}").await.status(), 401);
    old.peer = own;
    assert_eq!(old.ask("ping", json!({})).await["result"], json!({}), "the stream goes on");
    let (url, key) = (format!("{}/sse", daemon.base), &daemon.key);
    let posted = old.peer.http.post(&url).bearer_auth(key).body("{}").send().await.unwrap();
    assert_eq!((posted.status().as_u16(), &posted.headers()["allow"]), (405, &"GET".parse().unwrap()));
    drop(old.stream);
    let gone = old.messages.clone();
    eventually("the stream is forgotten", async || {
        let post = old.peer.http.post(&gone).bearer_auth(key).header("content-type", "application/json");
        post.body("{}").send().await.unwrap().status() == 404
    })
    .await;
}

#[tokio::test]
async fn only_2025_03_26_has_batches() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let ping = |id: u8| json!({ "jsonrpc": "2.0", "id": id, "method": "ping" });
    let note = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    let session = peer.initialize("2025-03-26").await;
    for headers in [vec![], vec![("mcp-session-id", session.as_str())]] {
        let body = json!([ping(1), note, ping(2), { "jsonrpc": "2.0" }]).to_string();
        let answers: Vec<Value> =
            serde_json::from_str(&peer.post_bytes(body, &headers).await.text().await.unwrap()).unwrap();
        assert_eq!(answers.len(), 3, "a notification has no answer: {answers:?}");
        assert_eq!(answers[0], json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
        assert_eq!(answers[2]["error"]["code"], -32600);
    }
    assert_eq!(peer.post_bytes(json!([note]).to_string(), &[]).await.status(), 202);
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello("2025-03-26") });
    let begun = peer.post_bytes(json!([hello]).to_string(), &[]).await.text().await.unwrap();
    assert!(begun.contains("initialize is not part of a batch"), "{begun}");
    let lost = [("mcp-session-id", "0123456789abcdef0123456789abcdef")];
    let begin_anew = peer.post_bytes(json!([ping(1)]).to_string(), &lost).await;
    assert_eq!(begin_anew.status(), 404, "a session that is over says so to a batch too");
    let newer = peer.initialize("2025-06-18").await;
    let many = Value::Array((0..101).map(|_| ping(1)).collect());
    for (body, headers) in [
        (json!([]), vec![]),
        (many, vec![]),
        (json!([ping(1)]), vec![("mcp-session-id", newer.as_str())]),
        (json!([ping(1)]), vec![("mcp-protocol-version", "2025-11-25")]),
        (json!([ping(1)]), vec![("mcp-protocol-version", "2026-07-28")]),
        (json!([ping(1)]), vec![("mcp-protocol-version", "2024-11-05")]),
    ] {
        let refused = peer.post_bytes(body.to_string(), &headers).await;
        assert_eq!(refused.status(), 400, "{headers:?}");
        let answer: Value = serde_json::from_str(&refused.text().await.unwrap()).unwrap();
        assert_eq!(answer["error"]["code"], -32600);
    }
}

#[tokio::test]
async fn a_batch_costs_as_much_as_its_messages() {
    let daemon = Daemon::start("[limits]\nper_key = \"10/60s\"\n");
    let ping = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
    let body = Value::Array(vec![ping; 15]).to_string();
    let answers = daemon.peer().post_bytes(body, &[]).await.text().await.unwrap();
    let answers: Vec<Value> = serde_json::from_str(&answers).unwrap();
    let refused = answers.iter().filter(|answer| answer["error"]["code"] == 429).count();
    assert!((4..=5).contains(&refused), "{answers:?}");
}

#[tokio::test]
async fn a_cancelled_call_ends_and_is_not_answered() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let session = peer.initialize("2025-06-18").await;
    let mut held = hold(&daemon).await;
    let call = json!({ "jsonrpc": "2.0", "id": "slow", "method": "tools/call",
        "params": { "name": "create_todo", "arguments": { "project_id": "p", "title": "late" } } });
    let headers = [("mcp-session-id", session.as_str())];
    let (asker, own) = (peer.clone(), session.clone());
    let asked = tokio::spawn(async move {
        asker.post_bytes(call.to_string(), &[("mcp-session-id", &own)]).await.status()
    });
    eventually("the call runs", async || in_flight(&daemon).await == 1).await;
    let cancel = |id: &str| {
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": id } })
            .to_string()
    };
    for other in ["unknown", "Slow"] {
        assert_eq!(peer.post_bytes(cancel(other), &headers).await.status(), 202);
    }
    assert_eq!(in_flight(&daemon).await, 1);
    assert_eq!(peer.post_bytes(cancel("slow"), &headers).await.status(), 202);
    assert_eq!(asked.await.unwrap(), 202, "nobody waits for an answer");
    eventually("it has ended", async || in_flight(&daemon).await == 0).await;
    sqlx::query("ROLLBACK").execute(&mut held).await.unwrap();
}

#[tokio::test]
async fn a_call_in_a_session_goes_on_when_its_client_hangs_up_and_one_without_ends() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let session = peer.initialize("2025-11-25").await;
    let mut held = hold(&daemon).await;
    let mut calls = Vec::new();
    for own in [Some(session), None] {
        let asker = peer.clone();
        calls.push(tokio::spawn(async move {
            let headers: Vec<_> = own.iter().map(|id| ("mcp-session-id", id.as_str())).collect();
            let call = json!({ "name": "create_todo", "arguments": { "project_id": "p", "title": "kept" } });
            asker.ask("tools/call", call, &headers).await
        }));
    }
    eventually("both run", async || in_flight(&daemon).await == 2).await;
    calls.iter().for_each(|call| call.abort());
    eventually("one is left", async || in_flight(&daemon).await == 1).await;
    sqlx::query("ROLLBACK").execute(&mut held).await.unwrap();
    eventually("it is done", async || in_flight(&daemon).await == 0).await;
}
