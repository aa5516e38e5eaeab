//! Legacy sessions over HTTP: what they survive, what ends them, and streams that go on where they broke.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use serde_json::{Value, json};
use support::{Daemon, Peer, ROOMY, events::Events, eventually, plain_key};

async fn in_session(peer: &Peer, session: &str, method: &str, params: Value) -> (u16, Value) {
    peer.ask(method, params, &[("mcp-session-id", session)]).await
}

async fn subscribe(peer: &Peer, session: &str, uri: &str) {
    let (status, body) = in_session(peer, session, "resources/subscribe", json!({ "uri": uri })).await;
    assert_eq!((status, &body["result"]), (200, &json!({})), "{body}");
}

/// Ends sessions from now on that nobody has used for a second.
async fn end_the_idle(daemon: &Daemon) {
    let config = format!("{ROOMY}session_idle = \"1s\"\n");
    std::fs::write(daemon.state().join("mcpd.toml"), config).unwrap();
    daemon.obey(mcpd_ipc::life::Reload {}).await;
}

async fn todo(peer: &Peer, title: &str) {
    let made = peer.tool("create_todo", json!({ "project_id": "p", "title": title })).await;
    assert_eq!(made["success"], true);
}

#[tokio::test]
async fn twenty_clients_go_on_after_a_restart_and_no_acknowledged_write_is_lost() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let mut sessions = Vec::new();
    for number in 0..20 {
        let session = peer.initialize("2025-06-18").await;
        let call = json!({ "name": "create_todo", "arguments": { "project_id": "p", "title": format!("todo {number}") } });
        assert_eq!(in_session(&peer, &session, "tools/call", call).await.0, 200);
        sessions.push(session);
    }
    // As a power cut would end it; an order to stop is the kinder way and tested below.
    let daemon = daemon.kill_and_restart();
    let peer = daemon.peer();
    for session in &sessions {
        let list = json!({ "name": "list_todos", "arguments": { "project_id": "p" } });
        let (status, body) = in_session(&peer, session, "tools/call", list).await;
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["result"]["structuredContent"]["total"], 20);
    }
}

#[tokio::test]
async fn a_restart_keeps_what_was_asked_for_and_not_what_ended() {
    let mut daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    todo(&peer, "first").await;
    let (kept, ended) = (peer.initialize("2025-11-25").await, peer.initialize("2025-11-25").await);
    let (_, secret) = daemon.issue(plain_key("leaver")).await;
    let leaver = Peer::new(&daemon.base, &secret);
    let revoked = leaver.initialize("2025-11-25").await;
    subscribe(&peer, &kept, "mcpd://p/todos").await;
    let deleted = peer.http.delete(&peer.url).bearer_auth(&peer.key).header("mcp-session-id", &ended);
    assert_eq!(deleted.send().await.unwrap().status(), 204);
    daemon.obey(mcpd_ipc::keys::KeysRevoke { key: "leaver".into() }).await;
    daemon.signal("TERM");
    assert!(daemon.wait().success());

    let key = daemon.key.clone();
    let daemon = Daemon::start_in(daemon.take_home(), &[]);
    let peer = Peer::new(&daemon.base, &key);
    for gone in [&ended, &revoked] {
        let (status, body) = in_session(&peer, gone, "ping", json!({})).await;
        assert_eq!((status, body["error"]["code"].as_i64()), (404, Some(404)), "start again");
    }
    let mut stream = Events::listen(&peer, &kept, None).await;
    todo(&peer, "second").await;
    let told = stream.message().await.unwrap();
    assert_eq!(told["method"], "notifications/resources/updated");
    assert_eq!(told["params"], json!({ "uri": "mcpd://p/todos" }), "it still hears what it subscribed to");
}

#[tokio::test]
async fn a_stream_that_broke_goes_on_after_its_last_event() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let early = peer.initialize("2025-11-25").await;
    let mut told = Events::listen(&peer, &early, None).await;
    todo(&peer, "first").await;
    // It made the project, and who comes while that is told is told, too.
    assert_eq!(told.message().await.unwrap()["method"], "notifications/resources/list_changed");
    let session = peer.initialize("2025-11-25").await;
    subscribe(&peer, &session, "mcpd://p/todos").await;
    let mut stream = Events::listen(&peer, &session, None).await;
    let primed = stream.next().await.unwrap();
    assert!(primed.data.is_empty() && primed.id.is_some(), "an id to come back with: {primed:?}");
    todo(&peer, "second").await;
    let seen = stream.next().await.unwrap();
    drop(stream);
    todo(&peer, "third").await;
    let mut again = Events::listen(&peer, &session, seen.id.as_deref()).await;
    let missed = again.next().await.unwrap();
    assert_eq!(missed.message()["method"], "notifications/resources/updated");
    assert_ne!(missed.id, seen.id);
    let mut from_the_start = Events::listen(&peer, &session, primed.id.as_deref()).await;
    assert_eq!(from_the_start.next().await.unwrap(), seen, "what was sent is sent again");
    assert_eq!(again.next().await, None, "a later connection takes the stream over");
}

#[tokio::test]
async fn an_answer_that_was_lost_on_the_way_is_fetched_again() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let session = peer.initialize("2025-06-18").await;
    let body = json!({ "jsonrpc": "2.0", "id": "x", "method": "ping" }).to_string();
    let post = peer.http.post(&peer.url).bearer_auth(&peer.key).header("content-type", "application/json");
    let post = post.header("accept", "text/event-stream").header("mcp-session-id", &session);
    let mut stream = Events::of(post.body(body).send().await.unwrap());
    let answer = stream.next().await.unwrap();
    assert_eq!(answer.message(), json!({ "jsonrpc": "2.0", "id": "x", "result": {} }));
    assert_eq!(stream.next().await, None);
    let before = format!("{}-", answer.id.as_deref().unwrap().split_once('-').unwrap().0);
    let mut again = Events::listen(&peer, &session, Some(&before)).await;
    assert_eq!(again.next().await.unwrap(), answer);
    assert_eq!(again.next().await, None, "and that was all of it");
}

#[tokio::test]
async fn a_second_stream_steals_nothing_from_the_first() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    todo(&peer, "first").await;
    let session = peer.initialize("2025-06-18").await;
    subscribe(&peer, &session, "mcpd://p/context").await;
    let mut first = Events::listen(&peer, &session, None).await;
    let mut second = Events::listen(&peer, &session, None).await;
    todo(&peer, "second").await;
    assert_eq!(first.told().await["params"]["uri"], "mcpd://p/context");
    drop(first);
    // Once the daemon has seen that the first is gone, the second hears what comes.
    eventually("the second stream hears", async || {
        todo(&peer, "more").await;
        let heard = tokio::time::timeout(std::time::Duration::from_millis(100), second.message()).await;
        heard.is_ok_and(|told| told.unwrap()["params"]["uri"] == "mcpd://p/context")
    })
    .await;
}

#[tokio::test]
async fn an_idle_session_ends_with_the_404_that_makes_a_client_start_again() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let session = peer.initialize("2025-11-25").await;
    assert_eq!(in_session(&peer, &session, "ping", json!({})).await.0, 200);
    end_the_idle(&daemon).await;
    eventually("the session ends", async || {
        // Looking at it would keep it alive.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        in_session(&peer, &session, "ping", json!({})).await.0 == 404
    })
    .await;
}

#[tokio::test]
async fn a_client_that_only_listens_is_not_idle() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let session = peer.initialize("2025-11-25").await;
    let stream = Events::listen(&peer, &session, None).await;
    end_the_idle(&daemon).await;
    tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
    assert_eq!(in_session(&peer, &session, "ping", json!({})).await.0, 200);
    drop(stream);
}
