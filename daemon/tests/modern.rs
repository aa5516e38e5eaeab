//! 2026-07-28 over HTTP: what a request may say about itself, what closing it does, and what is read beside tools.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use serde_json::{Value, json};
use support::{Daemon, Peer, ROOMY, eventually, hold, in_flight, plain_key};

const MODERN: &str = "2026-07-28";

fn request(method: &str, mut params: Value, meta: Value) -> String {
    let mut all = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    all.as_object_mut().unwrap().extend(meta.as_object().unwrap().clone());
    params["_meta"] = all;
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

async fn ask(peer: &Peer, method: &str, params: Value, meta: Value) -> (u16, Value) {
    let name = params["name"].as_str().or(params["uri"].as_str()).unwrap_or_default().to_owned();
    let mut head = vec![("mcp-protocol-version", MODERN), ("mcp-method", method)];
    if !name.is_empty() {
        head.push(("mcp-name", name.as_str()));
    }
    let response = peer.post_bytes(request(method, params, meta), &head).await;
    let status = response.status().as_u16();
    (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

#[tokio::test]
async fn a_call_ends_with_the_connection_that_waits_for_it() {
    let daemon = Daemon::start(ROOMY);
    let mut held = hold(&daemon).await;
    let peer = daemon.peer();
    let call = json!({ "name": "create_todo", "arguments": { "project_id": "p", "title": "t" } });
    let asked =
        tokio::spawn(async move { ask(&peer, "tools/call", call, json!({ "progressToken": 1 })).await });
    eventually("the call runs", async || in_flight(&daemon).await == 1).await;
    asked.abort();
    eventually("the call has ended", async || in_flight(&daemon).await == 0).await;
    sqlx::query("ROLLBACK").execute(&mut held).await.unwrap();
}

#[tokio::test]
async fn what_a_request_says_about_itself_must_make_sense() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let call = || json!({ "name": "list_todos", "arguments": { "project_id": "p" } });
    for (meta, told) in [
        (json!({ "io.modelcontextprotocol/logLevel": "loud" }), "there is no log level"),
        (json!({ "progressToken": 1.5 }), "progressToken"),
        (json!({ "io.modelcontextprotocol/clientCapabilities": [] }), "clientCapabilities"),
    ] {
        let (_, body) = ask(&peer, "tools/call", call(), meta).await;
        assert_eq!(body["error"]["code"], -32602, "{body}");
        assert!(body["error"]["message"].as_str().unwrap().contains(told), "{body}");
    }
    let mut state = call();
    state["requestState"] = "forged.state".into();
    let (_, body) = ask(&peer, "tools/call", state, json!({})).await;
    assert_eq!(body["error"]["code"], -32602, "{body}");
    for method in [reqwest::Method::GET, reqwest::Method::DELETE] {
        let bare = peer.http.request(method, &peer.url).bearer_auth(&peer.key);
        assert_eq!(bare.header("mcp-protocol-version", MODERN).send().await.unwrap().status(), 405);
    }
}

#[tokio::test]
async fn resources_prompts_and_completions_are_those_of_the_key() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    for number in 0..101 {
        let todo = json!({ "project_id": format!("project {number:03}"), "title": "t" });
        assert_eq!(peer.tool("create_todo", todo).await["success"], true);
    }
    let (status, first) = ask(&peer, "resources/list", json!({}), json!({})).await;
    assert_eq!((status, first["result"]["resources"].as_array().unwrap().len()), (200, 300));
    let cursor = &first["result"]["nextCursor"];
    let (_, second) = ask(&peer, "resources/list", json!({ "cursor": cursor }), json!({})).await;
    assert_eq!(second["result"]["resources"][2]["uri"], "mcpd://project%20100/todos");
    assert!(second["result"].get("nextCursor").is_none());
    let (_, lost) = ask(&peer, "resources/list", json!({ "cursor": "nowhere" }), json!({})).await;
    assert_eq!(lost["error"]["code"], -32602);

    let uri = json!({ "uri": "mcpd://project%20007/todos" });
    let (_, read) = ask(&peer, "resources/read", uri.clone(), json!({})).await;
    assert_eq!(read["result"]["contents"][0]["mimeType"], "text/markdown");
    let (_, missing) = ask(&peer, "resources/read", json!({ "uri": "mcpd://nobody/todos" }), json!({})).await;
    assert_eq!(missing["error"]["data"]["uri"], "mcpd://nobody/todos");
    let prompt = json!({ "name": "resume_work", "arguments": { "project": "project 007" } });
    let (_, got) = ask(&peer, "prompts/get", prompt, json!({})).await;
    assert!(got["result"]["messages"].as_array().unwrap().len() >= 2, "{got}");
    let complete = json!({
        "ref": { "type": "ref/prompt", "name": "resume_work" },
        "argument": { "name": "project", "value": "PROJECT 10" },
    });
    let (_, completed) = ask(&peer, "completion/complete", complete, json!({})).await;
    assert_eq!(completed["result"]["completion"]["values"], json!(["project 100"]));

    let mut narrow = plain_key("narrow");
    narrow.scopes = vec!["write".into()];
    let (_, secret) = daemon.issue(narrow).await;
    let narrow = Peer::new(&daemon.base, &secret);
    let (_, nothing) = ask(&narrow, "resources/list", json!({}), json!({})).await;
    assert_eq!(nothing["result"]["resources"], json!([]));
    assert!(nothing["result"].get("nextCursor").is_none(), "a cursor would name a project: {nothing}");
    let (_, hidden) = ask(&narrow, "resources/read", uri, json!({})).await;
    assert_eq!(hidden["error"]["message"], "Resource not found");
}
