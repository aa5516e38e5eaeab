//! The golden wire: what clients of each era are answered, byte for byte but for what varies.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::fmt::Write;

use serde_json::{Value, json};
use support::{Daemon, Peer, ROOMY};

const MODERN: &str = "2026-07-28";

/// Posts a body and writes status, the headers that matter, and the answer.
async fn exchange(page: &mut String, peer: &Peer, title: &str, body: &Value, headers: &[(&str, &str)]) {
    let response = peer.post_bytes(body.to_string(), headers).await;
    let _ = writeln!(page, "== {title}\n{}", response.status());
    for name in ["content-type", "www-authenticate", "mcp-session-id", "retry-after"] {
        if let Some(value) = response.headers().get(name) {
            let value = if name == "mcp-session-id" { "SESSION" } else { value.to_str().unwrap() };
            let _ = writeln!(page, "{name}: {value}");
        }
    }
    let text = response.text().await.unwrap();
    let _ = writeln!(page, "{}\n", text.replace(env!("CARGO_PKG_VERSION"), "VERSION"));
}

fn request(method: &str, params: Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": "a-1", "method": method, "params": params })
}

fn modern(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    request(method, params)
}

#[tokio::test]
async fn both_eras_are_answered_in_their_own_words() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let mut page = String::new();
    let page = &mut page;
    for revision in ["2025-03-26", "2025-06-18", "2025-11-25", MODERN, "2024-11-05"] {
        let params = json!({ "protocolVersion": revision, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        exchange(page, &peer, &format!("initialize {revision}"), &request("initialize", params), &[]).await;
    }
    let legacy = [("mcp-protocol-version", "2025-11-25")];
    exchange(page, &peer, "ping", &request("ping", json!({})), &legacy).await;
    exchange(
        page,
        &peer,
        "a notification",
        &json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }),
        &legacy,
    )
    .await;
    exchange(page, &peer, "an unknown method", &request("no/such", json!({})), &legacy).await;
    exchange(
        page,
        &peer,
        "an unknown version",
        &request("ping", json!({})),
        &[("mcp-protocol-version", "1999-01-01")],
    )
    .await;
    exchange(page, &peer, "an unknown session", &request("ping", json!({})), &[("mcp-session-id", "0")])
        .await;
    let refused =
        request("tools/call", json!({ "name": "list_todos", "arguments": { "project_id": "none" } }));
    exchange(page, &peer, "a tool that fails", &refused, &legacy).await;
    exchange(page, &Peer::new(&daemon.base, "wrong"), "a wrong key", &request("ping", json!({})), &legacy)
        .await;

    let head = |method| vec![("mcp-protocol-version", MODERN), ("mcp-method", method)];
    exchange(page, &peer, "modern discover", &modern("server/discover", json!({})), &head("server/discover"))
        .await;
    exchange(page, &peer, "modern ping is gone", &modern("ping", json!({})), &head("ping")).await;
    exchange(
        page,
        &peer,
        "modern without Mcp-Method",
        &modern("tools/list", json!({})),
        &head("tools/list")[..1],
    )
    .await;
    exchange(page, &peer, "modern without _meta", &request("tools/list", json!({})), &head("tools/list"))
        .await;
    let mut future = modern("tools/list", json!({}));
    future["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2031-01-01".into();
    let from_it = [("mcp-protocol-version", "2031-01-01"), ("mcp-method", "tools/list")];
    exchange(page, &peer, "modern of the future", &future, &from_it).await;
    let call = modern("tools/call", json!({ "name": "list_todos", "arguments": { "project_id": "none" } }));
    exchange(page, &peer, "modern call without Mcp-Name", &call, &head("tools/call")).await;
    let mut named = head("tools/call");
    named.push(("mcp-name", "=?base64?bGlzdF90b2Rvcw==?="));
    exchange(page, &peer, "modern call, its name encoded", &call, &named).await;
    let only_stream = [("accept", "text/event-stream")];
    let bare = peer.http.post(&peer.url).bearer_auth(&peer.key).header("content-type", "application/json");
    let streamed =
        bare.header(only_stream[0].0, only_stream[0].1).body(request("ping", json!({})).to_string());
    let _ = writeln!(
        page,
        "== ping of a client that only takes streams\n{}",
        streamed.send().await.unwrap().text().await.unwrap()
    );
    insta::assert_snapshot!(page);
}
