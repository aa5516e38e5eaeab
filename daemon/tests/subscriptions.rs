//! `subscriptions/listen` of 2026-07-28: acknowledged first, tagged, filtered, and ended in good form.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{io::Write, process::Stdio};

use mcpd_ipc::{
    connections::ConnectionsList,
    tools::{ToolsDisable, ToolsEnable},
};
use serde_json::{Value, json};
use support::{Daemon, Peer, ROOMY, events::Events, eventually, plain_key, siege};

const MODERN: &str = "2026-07-28";
const ID: &str = "io.modelcontextprotocol/subscriptionId";

fn listen(id: &Value, notifications: Value) -> Value {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({ "_meta": meta, "notifications": notifications });
    json!({ "jsonrpc": "2.0", "id": id, "method": "subscriptions/listen", "params": params })
}

async fn subscribe(peer: &Peer, id: &Value, notifications: Value) -> Events {
    let head = [("mcp-protocol-version", MODERN), ("mcp-method", "subscriptions/listen")];
    Events::of(peer.post_bytes(listen(id, notifications).to_string(), &head).await)
}

async fn todo(peer: &Peer, project: &str) {
    let made = peer.tool("create_todo", json!({ "project_id": project, "title": "t" })).await;
    assert_eq!(made["success"], true);
}

#[tokio::test]
async fn what_is_acknowledged_is_heard_tagged_and_nothing_else() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let wanted = json!({
        "toolsListChanged": true,
        "promptsListChanged": true,
        "resourceSubscriptions": ["mcpd://p/todos", "file:///etc/passwd"],
    });
    let mut stream = subscribe(&peer, &json!("sub"), wanted).await;
    let acknowledged = stream.message().await.unwrap();
    assert_eq!(acknowledged["method"], "notifications/subscriptions/acknowledged");
    let honoured = json!({ "toolsListChanged": true, "resourceSubscriptions": ["mcpd://p/todos"] });
    assert_eq!(acknowledged["params"], json!({ "_meta": { ID: "sub" }, "notifications": honoured }));
    todo(&peer, "other").await;
    peer.tool("store_memory", json!({ "project_id": "p", "content": "unheard" })).await;
    todo(&peer, "p").await;
    let told = stream.message().await.unwrap();
    assert_eq!(told["method"], "notifications/resources/updated");
    assert_eq!(told["params"], json!({ "_meta": { ID: "sub" }, "uri": "mcpd://p/todos" }));
}

#[tokio::test]
async fn a_new_project_changes_the_list_of_its_tenant_only() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let mut other = plain_key("other");
    other.tenant = Some("elsewhere".into());
    let (_, secret) = daemon.issue(other).await;
    let other = Peer::new(&daemon.base, &secret);
    let wanted = || json!({ "resourcesListChanged": true, "resourceSubscriptions": ["mcpd://p/todos"] });
    let mut mine = subscribe(&peer, &json!(7), wanted()).await;
    let mut theirs = subscribe(&other, &json!(8), wanted()).await;
    for stream in [&mut mine, &mut theirs] {
        assert_eq!(stream.message().await.unwrap()["method"], "notifications/subscriptions/acknowledged");
    }
    todo(&peer, "p").await;
    let mut heard = [mine.message().await.unwrap(), mine.message().await.unwrap()];
    heard.sort_by_key(|one| one["method"].to_string());
    assert_eq!(heard[0]["method"], "notifications/resources/list_changed");
    assert_eq!(heard[1]["params"]["uri"], "mcpd://p/todos");
    // What the others hear next is their own.
    todo(&other, "q").await;
    let told = theirs.message().await.unwrap();
    assert_eq!(told["method"], "notifications/resources/list_changed");
    assert_eq!(told["params"]["_meta"][ID], 8);
}

#[tokio::test]
async fn who_listens_hears_once_that_tools_were_switched() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    todo(&peer, "p").await;
    let uri = "mcpd://p/todos";
    let session = peer.initialize("2025-11-25").await;
    let in_session = [("mcp-session-id", session.as_str())];
    assert_eq!(peer.ask("resources/subscribe", json!({ "uri": uri }), &in_session).await.0, 200);
    let mut legacy = Events::listen(&peer, &session, None).await;
    let wanted = json!({ "toolsListChanged": true, "resourceSubscriptions": [uri] });
    let mut modern = subscribe(&peer, &json!("sub"), wanted).await;
    assert_eq!(modern.message().await.unwrap()["method"], "notifications/subscriptions/acknowledged");
    let names = || vec!["list_todos".to_owned(), "get_next_todo".to_owned()];
    let mut next_on_both = async || {
        let (legacy, modern) = (legacy.told().await, modern.told().await);
        assert_eq!(legacy["method"], modern["method"]);
        legacy["method"].as_str().unwrap().to_owned()
    };
    daemon.obey(ToolsDisable { names: names() }).await;
    assert_eq!(next_on_both().await, "notifications/tools/list_changed");
    // Those are so already, and what is not there changes nothing: the next thing heard is the todo.
    daemon.obey(ToolsDisable { names: names() }).await;
    let unknown = ToolsEnable { names: vec!["list_todos".into(), "nothing".into()] };
    daemon.operator().await.call(unknown).await.unwrap_err();
    todo(&peer, "p").await;
    assert_eq!(next_on_both().await, "notifications/resources/updated");
    daemon.obey(ToolsEnable { names: names() }).await;
    assert_eq!(next_on_both().await, "notifications/tools/list_changed");
    todo(&peer, "p").await;
    assert_eq!(next_on_both().await, "notifications/resources/updated");
}

#[tokio::test]
async fn a_drain_answers_the_request_that_began_it() {
    let mut daemon = Daemon::start(ROOMY);
    let mut stream = subscribe(&daemon.peer(), &json!("s"), json!({ "toolsListChanged": true })).await;
    stream.message().await.unwrap();
    daemon.signal("TERM");
    let end = stream.message().await.unwrap();
    let result = json!({ "resultType": "complete", "_meta": { ID: "s" } });
    assert_eq!(end, json!({ "jsonrpc": "2.0", "id": "s", "result": result }));
    assert_eq!(stream.next().await, None);
    assert!(daemon.wait().success());
}

#[tokio::test]
async fn a_revoked_key_hears_nothing_more() {
    let daemon = Daemon::start(ROOMY);
    let (_, secret) = daemon.issue(plain_key("laptop")).await;
    let laptop = Peer::new(&daemon.base, &secret);
    let mut stream = subscribe(&laptop, &json!(1), json!({ "toolsListChanged": true })).await;
    stream.message().await.unwrap();
    daemon.obey(mcpd_ipc::keys::KeysRevoke { key: "laptop".into() }).await;
    while let Some(last) = stream.message().await {
        assert_eq!(last["error"]["code"], 401, "{last}");
    }
    eventually("its connection is gone", async || {
        let listed = daemon.obey(ConnectionsList {}).await.connections;
        listed.iter().all(|one| one.key.as_deref() != Some("laptop"))
    })
    .await;
}

#[tokio::test]
async fn a_client_that_takes_no_stream_is_told_what_to_send() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let head = [("mcp-protocol-version", MODERN), ("mcp-method", "subscriptions/listen")];
    let mut post = peer.http.post(&peer.url).bearer_auth(&peer.key).header("accept", "application/json");
    for (name, value) in head {
        post = post.header(name, value);
    }
    let body = listen(&json!(1), json!({})).to_string();
    let answer = post.header("content-type", "application/json").body(body).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert!(body["error"]["message"].as_str().unwrap().contains("text/event-stream"), "{body}");
}

#[tokio::test]
async fn a_client_that_listens_and_leaves_at_once_leaves_nothing_behind() {
    let daemon = Daemon::start(ROOMY);
    for ids in [[1, 2], [1, 1]] {
        let mut socket = siege::socket(&daemon).await;
        for id in ids {
            socket.send(listen(&json!(id), json!({ "toolsListChanged": true })).to_string()).await;
        }
        drop(socket);
    }
    eventually("their places are free", async || {
        daemon.obey(ConnectionsList {}).await.connections.iter().all(|one| one.transport != "ws")
    })
    .await;
}

#[test]
fn the_end_of_input_ends_a_subscription_and_the_process() {
    let home = support::home("");
    let mut command = support::mcpd(home.path());
    command.args(["stdio", "--state-dir"]).arg(home.path().join("state"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let asked = listen(&json!("s"), json!({ "toolsListChanged": true }));
    writeln!(child.stdin.take().unwrap(), "{asked}").unwrap();
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success());
    let said = String::from_utf8(ended.stdout).unwrap();
    let last: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    assert_eq!((&last["id"], &last["result"]["resultType"]), (&json!("s"), &json!("complete")), "{said}");
}

#[tokio::test]
async fn a_resource_is_heard_of_as_it_is_acknowledged_however_it_was_spelled() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let wanted = json!({ "resourceSubscriptions": ["mcpd://a%2db/todos"] });
    let mut stream = subscribe(&peer, &json!(1), wanted).await;
    let told = stream.message().await.unwrap()["params"]["notifications"]["resourceSubscriptions"].clone();
    assert_eq!(told, json!(["mcpd://a-b/todos"]));
    todo(&peer, "a-b").await;
    assert_eq!(stream.message().await.unwrap()["params"]["uri"], told[0]);
}

#[tokio::test]
async fn what_opens_a_subscription_is_short() {
    let daemon = Daemon::start(ROOMY);
    let mut long = listen(&json!(1), json!({}));
    long["params"]["padding"] = "x".repeat(65 * 1024).into();
    let head = [("mcp-protocol-version", MODERN), ("mcp-method", "subscriptions/listen")];
    let refused: Value = daemon.peer().post_bytes(long.to_string(), &head).await.json().await.unwrap();
    assert_eq!(refused["error"]["code"], -32602, "{refused}");
}
