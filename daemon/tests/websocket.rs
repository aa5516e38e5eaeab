//! WebSocket: who gets in and how, both eras on one socket, and one defined end for everything that goes wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use serde_json::{Value, json};
use support::{
    Daemon, ROOMY, eventually, hold, in_flight, plain_key,
    socket::{Socket, open},
};
use tokio_tungstenite::tungstenite::{Bytes, Message, protocol::frame::coding::CloseCode};

const MODERN: &str = "2026-07-28";

async fn connect(daemon: &Daemon) -> Socket {
    let bearer = format!("Bearer {}", daemon.key);
    let headers = [("authorization", bearer.as_str()), ("sec-websocket-protocol", "mcp")];
    open(&format!("{}/ws", daemon.base), &headers).await.map_err(|status| status.to_string()).unwrap()
}

#[tokio::test]
async fn the_key_comes_before_the_upgrade_in_a_header_or_as_a_subprotocol() {
    let daemon = Daemon::start(ROOMY);
    let url = format!("{}/ws", daemon.base);
    let (bearer, offered) = (format!("Bearer {}", daemon.key), format!("mcp, mcpd.key.{}", daemon.key));
    let token = format!("{url}?token={}", daemon.key);
    let protocol = ("sec-websocket-protocol", "mcp");
    for (url, headers, expected) in [
        (&url, vec![protocol], Some(401)),
        (&url, vec![protocol, ("authorization", "Bearer wrong")], Some(401)),
        (&url, vec![("sec-websocket-protocol", "mcp, mcpd.key.wrong")], Some(401)),
        (&token, vec![protocol], Some(401)),
        (&url, vec![("authorization", &bearer)], Some(400)),
        (&url, vec![protocol, ("authorization", &bearer), ("origin", "https://evil.example")], Some(403)),
        (&url, vec![protocol, ("authorization", &bearer)], None),
        (&url, vec![("sec-websocket-protocol", &offered)], None),
    ] {
        let opened = open(url, &headers).await;
        assert_eq!(opened.err(), expected, "{headers:?}");
    }
    let plain = daemon.peer().http.get(&url).bearer_auth(&daemon.key).header(protocol.0, protocol.1);
    assert_eq!(plain.send().await.unwrap().status(), 426, "no upgrade was asked for");
}

#[tokio::test]
async fn a_key_in_the_address_only_counts_where_the_operator_says_so_and_is_never_logged() {
    let daemon = Daemon::start("[auth]\nquery_token = true\n");
    let url = format!("{}/ws?token={}", daemon.base, daemon.key);
    let mut socket =
        open(&url, &[("sec-websocket-protocol", "mcp")]).await.map_err(|s| s.to_string()).unwrap();
    assert_eq!(socket.ask("ping", json!({})).await["result"], json!({}));
    let missed = format!("{}/ws?token=mcpd_sk_not_a_key", daemon.base);
    assert_eq!(open(&missed, &[("sec-websocket-protocol", "mcp")]).await.err(), Some(401));
    let elsewhere = daemon.peer().http.get(format!("{}/stats?token={}", daemon.base, daemon.key));
    assert_eq!(elsewhere.send().await.unwrap().status(), 401, "nowhere else");
    drop(socket);
    let logs = std::fs::read_dir(daemon.state().join("logs")).unwrap();
    for log in logs {
        let text = std::fs::read_to_string(log.unwrap().path()).unwrap();
        assert!(!text.contains("token=") && !text.contains(&daemon.key), "{text}");
    }
}

#[tokio::test]
async fn a_session_that_an_operator_ended_is_gone_and_its_client_begins_anew() {
    let daemon = Daemon::start(ROOMY);
    let mut socket = connect(&daemon).await;
    let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    socket.ask("initialize", hello.clone()).await;
    let sessions = daemon.obey(mcpd_ipc::sessions::SessionsList {}).await.sessions;
    assert_eq!((sessions.len(), sessions[0].heard), (1, true));
    daemon.obey(mcpd_ipc::sessions::SessionsClose { id: sessions[0].id.clone() }).await;
    assert!(socket.ask("ping", json!({})).await["error"].is_object());
    assert!(socket.ask("initialize", hello).await["result"].is_object());
    assert_eq!(socket.ask("ping", json!({})).await["result"], json!({}));
    let one = daemon.obey(mcpd_ipc::connections::ConnectionsList {}).await.connections.remove(0);
    assert_eq!((one.transport.as_str(), one.client.as_deref(), one.requests), ("ws", Some("t"), 5));
}

#[tokio::test]
async fn both_eras_share_a_socket() {
    let daemon = Daemon::start(ROOMY);
    let mut socket = connect(&daemon).await;
    let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
    let welcome = socket.ask("initialize", hello).await;
    assert_eq!(welcome["result"]["protocolVersion"], "2025-06-18");
    socket.send(json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }).to_string()).await;
    let meta = json!({ "_meta": {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    } });
    let discovered = socket.ask("server/discover", meta.clone()).await;
    assert_eq!(discovered["result"]["supportedVersions"], json!([MODERN]));
    let mut call = meta;
    call["name"] = "create_todo".into();
    call["arguments"] = json!({ "project_id": "p", "title": "over a socket" });
    let called = socket.ask("tools/call", call).await;
    assert_eq!(called["result"]["structuredContent"]["success"], true, "{called}");
    let subscribed = socket.ask("resources/subscribe", json!({ "uri": "mcpd://p/todos" })).await;
    assert_eq!(subscribed["result"], json!({}));
    daemon.peer().tool("create_todo", json!({ "project_id": "p", "title": "elsewhere" })).await;
    let mut told = socket.next().await.unwrap();
    // The first todo made the project, of which the session may hear before or after it subscribed.
    if told["method"] == "notifications/resources/list_changed" {
        told = socket.next().await.unwrap();
    }
    assert_eq!(told["method"], "notifications/resources/updated");
    let listed = daemon.obey(mcpd_ipc::connections::ConnectionsList {}).await.connections;
    assert!(listed.iter().any(|one| one.transport == "ws"), "{listed:?}");
}

#[tokio::test]
async fn what_fills_a_socket_can_still_be_cancelled() {
    let daemon = Daemon::start(ROOMY);
    let mut held = hold(&daemon).await;
    let mut socket = connect(&daemon).await;
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    for id in 0..17 {
        let params = json!({ "_meta": meta, "notifications": {} });
        let listen =
            json!({ "jsonrpc": "2.0", "id": id, "method": "subscriptions/listen", "params": params });
        socket.send(listen.to_string()).await;
    }
    let mut told = Vec::new();
    for _ in 0..17 {
        told.push(socket.next().await.unwrap());
    }
    let refused: Vec<_> = told.iter().filter(|one| one["error"]["code"] == -32600).collect();
    assert_eq!(refused.len(), 1, "sixteen are enough for one stream: {told:?}");
    // More calls than may run: those that wait must not keep the rest from being read.
    for id in 100..180 {
        let arguments = json!({ "project_id": "p", "title": "t" });
        let params = json!({ "name": "create_todo", "arguments": arguments });
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
        socket.send(call.to_string()).await;
    }
    for id in 100..180 {
        let params = json!({ "requestId": id });
        let cancel = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params });
        socket.send(cancel.to_string()).await;
    }
    eventually("the first are cancelled", async || in_flight(&daemon).await < 48).await;
    sqlx::query("ROLLBACK").execute(&mut held).await.unwrap();
}

#[tokio::test]
async fn every_malformed_frame_has_one_end() {
    let daemon = Daemon::start(&format!("{ROOMY}[server]\nbody_limit = \"64KiB\"\n"));
    let mut socket = connect(&daemon).await;
    for (text, code) in [
        ("", -32700),
        ("   ", -32700),
        ("{", -32700),
        ("[]", -32600),
        (r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32600),
        (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32600),
        (r#"{"jsonrpc":"2.0","id":1,"method":"no/such"}"#, -32601),
    ] {
        socket.send(text).await;
        let answer: Value = socket.next().await.unwrap();
        assert_eq!(answer["error"]["code"], code, "{text:?}: {answer}");
    }
    assert_eq!(socket.ask("ping", json!({})).await["result"], json!({}), "the socket goes on");
    socket.send(Message::Binary(Bytes::from_static(b"{}"))).await;
    assert_eq!(socket.next().await, Err(Some(CloseCode::Unsupported)));

    let mut socket = connect(&daemon).await;
    socket.send("x".repeat(70_000)).await;
    assert_eq!(socket.next().await, Err(Some(CloseCode::Size)));
}

#[tokio::test]
async fn a_revoked_key_and_an_operator_close_it_and_a_drain_says_goodbye() {
    let mut daemon = Daemon::start(ROOMY);
    let (_, secret) = daemon.issue(plain_key("laptop")).await;
    let offered = format!("mcp, mcpd.key.{secret}");
    let url = format!("{}/ws", daemon.base);
    let headers = [("sec-websocket-protocol", offered.as_str())];
    let mut revoked = open(&url, &headers).await.map_err(|status| status.to_string()).unwrap();
    daemon.obey(mcpd_ipc::keys::KeysRevoke { key: "laptop".into() }).await;
    assert_eq!(revoked.next().await, Err(Some(CloseCode::Policy)));

    let mut closed = connect(&daemon).await;
    let listed = daemon.obey(mcpd_ipc::connections::ConnectionsList {}).await.connections;
    let one = listed.iter().find(|one| one.transport == "ws").unwrap();
    daemon.obey(mcpd_ipc::connections::ConnectionsClose { id: one.id }).await;
    assert_eq!(closed.next().await, Err(Some(CloseCode::Policy)));

    let mut drained = connect(&daemon).await;
    assert_eq!(drained.ask("ping", json!({})).await["result"], json!({}));
    daemon.signal("TERM");
    assert_eq!(drained.next().await, Err(Some(CloseCode::Away)));
    assert!(daemon.wait().success());
}
