//! The rest of the tables of malformed input in docs/protocol.md: heads, GET and DELETE, posted streams, frames, lines.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{
    io::{Read, Write},
    net::TcpStream,
    process::Stdio,
};

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use support::{Daemon, PATIENCE, ROOMY, events::Events};
use tokio_tungstenite::tungstenite::{Bytes, Message, protocol::frame::coding::CloseCode};

const MODERN: &str = "2026-07-28";

/// Sends bytes and returns all that comes back until the daemon closes.
fn raw(daemon: &Daemon, bytes: &str) -> String {
    let mut stream = TcpStream::connect(daemon.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(bytes.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn heads_that_are_none_are_answered_and_closed() {
    let daemon = Daemon::start(ROOMY);
    let long = format!("GET /health HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    for (head, status) in [
        (long.as_str(), "431"),
        ("nonsense\r\n\r\n", "400"),
        ("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "400"),
    ] {
        let answer = raw(&daemon, head);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer:?}");
    }
}

#[tokio::test]
async fn get_and_delete_have_one_answer_each() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let session = peer.initialize("2025-11-25").await;
    let own = ("mcp-session-id", session.as_str());
    let stream = ("accept", "text/event-stream");
    let ask = async |method: &str, headers: &[(&str, &str)]| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = peer.http.request(method, &peer.url).bearer_auth(&peer.key);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    };
    for method in ["GET", "DELETE"] {
        let refused = ask(method, &[own, stream, ("mcp-protocol-version", MODERN)]).await;
        assert_eq!((refused.status().as_u16(), refused.headers()["allow"].to_str().unwrap()), (405, "POST"));
        assert_eq!(ask(method, &[stream]).await.status(), 400, "no session");
        assert_eq!(ask(method, &[own, own, stream]).await.status(), 400, "two sessions");
        assert_eq!(ask(method, &[own, stream, ("mcp-protocol-version", "1999-01-01")]).await.status(), 400);
        assert_eq!(ask(method, &[("mcp-session-id", "0"), stream]).await.status(), 404);
    }
    assert_eq!(ask("GET", &[own, ("accept", "application/json")]).await.status(), 406);
    for id in ["", "-", "nonsense", "1-1", "18446744073709551615-18446744073709551615"] {
        let mut fresh = Events::listen(&peer, &session, Some(id)).await;
        assert!(fresh.next().await.unwrap_or_default().data.is_empty(), "{id:?} opens a new stream");
    }
    assert_eq!(ask("PUT", &[own]).await.headers()["allow"], "POST, GET, DELETE");
    let (status, body) = peer.ask("logging/setLevel", json!({ "level": "info" }), &[]).await;
    assert_eq!((status, body["error"]["code"].as_i64()), (400, Some(-32600)), "it needs a session");
    let (_, body) = peer.ask("logging/setLevel", json!({ "level": "loud" }), &[own]).await;
    assert_eq!(body["error"]["code"], -32602);
    let (_, body) = peer.ask("ping", json!({ "_meta": 3 }), &[]).await;
    assert_eq!(body["error"]["code"], -32602, "{body}");
}

#[tokio::test]
async fn a_header_twice_costs_as_much_as_a_call() {
    let daemon = Daemon::start("[limits]\nper_key = \"5/60s\"\n");
    let peer = daemon.peer();
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }).to_string();
    let twice = [("mcp-protocol-version", MODERN), ("mcp-protocol-version", MODERN)];
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(peer.post_bytes(body.clone(), &twice).await.status().as_u16());
    }
    assert_eq!((statuses[0], *statuses.last().unwrap()), (400, 429), "{statuses:?}");
    let stats = daemon.obey(mcpd_ipc::life::Stats {}).await;
    assert_eq!(stats.total_requests, 7, "each is counted");
}

#[tokio::test]
async fn what_is_posted_for_a_stream_and_broken_is_told_at_once() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let get = peer.http.get(format!("{}/sse", daemon.base)).bearer_auth(&peer.key);
    let mut stream = Events::of(get.send().await.unwrap());
    let messages = format!("{}{}", daemon.base, stream.next().await.unwrap().data);
    for (body, status) in [("[1,", 400), ("[]", 202)] {
        let post =
            peer.http.post(&messages).bearer_auth(&peer.key).header("content-type", "application/json");
        assert_eq!(post.body(body).send().await.unwrap().status(), status, "{body}");
    }
    assert_eq!(stream.message().await.unwrap()["error"]["code"], -32600, "no batches without a session");
}

#[tokio::test]
async fn frames_that_are_none_close_the_socket() {
    let daemon = Daemon::start(ROOMY);
    let url = format!("{}/ws", daemon.base);
    let put = daemon.peer().http.put(&url).bearer_auth(&daemon.key).send().await.unwrap();
    assert_eq!((put.status().as_u16(), put.headers()["allow"].to_str().unwrap()), (405, "GET"));
    let bearer = format!("Bearer {}", daemon.key);
    let headers = [("authorization", bearer.as_str()), ("sec-websocket-protocol", "mcp")];
    let mut socket =
        support::socket::open(&url, &headers).await.map_err(|status| status.to_string()).unwrap();
    let wrong = json!({ "jsonrpc": "2.0", "method": "notifications/unknown", "params": 3 });
    socket.send(wrong.to_string()).await;
    assert_eq!(socket.next().await.unwrap()["error"]["code"], -32600, "it is no message");
    socket.send(json!({ "jsonrpc": "2.0", "method": "notifications/unknown" }).to_string()).await;
    assert_eq!(socket.ask("ping", json!({})).await["result"], json!({}), "and nothing came before");
    let inner = socket.inner();
    inner.send(Message::Frame(text_frame(b"\xff\xfe"))).await.unwrap();
    let end = inner.next().await;
    let closed = match end {
        Some(Ok(Message::Close(frame))) => frame.is_none_or(|frame| frame.code == CloseCode::Invalid),
        Some(Err(_)) | None => true,
        Some(Ok(_)) => false,
    };
    assert!(closed, "text that is no UTF-8 ends it");
}

fn text_frame(bytes: &'static [u8]) -> tokio_tungstenite::tungstenite::protocol::frame::Frame {
    use tokio_tungstenite::tungstenite::protocol::frame::{
        Frame,
        coding::{Data, OpCode},
    };
    Frame::message(Bytes::from_static(bytes), OpCode::Data(Data::Text), true)
}

#[test]
fn lines_that_are_none_are_answered_or_passed_over() {
    let home = support::home("");
    let mut command = support::mcpd(home.path());
    command.args(["stdio", "--state-dir"]).arg(home.path().join("state"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let lines = [
        "",
        "   ",
        "{",
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","method":"notifications/unknown"}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"no/such"}"#,
    ];
    lines.iter().for_each(|line| writeln!(input, "{line}").unwrap());
    write!(input, r#"{{"jsonrpc":"2.0","id":3,"method":"ping"}}"#).unwrap();
    drop(input);
    let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let mut codes: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["error"]["code"].clone())
        .collect();
    codes.sort_by_key(|code| code.as_i64());
    assert_eq!(codes, [Value::Null, json!(-32700), json!(-32601), json!(-32600)]);
}
