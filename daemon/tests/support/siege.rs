//! What the long tests share: thousands of mutants, the memory of a process, streams of every kind.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use reqwest::Response;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::Message;

use super::{
    Daemon, Peer,
    mutants::Mutants,
    socket::{Socket, open},
};

/// How long any answer may take.
const HANG: Duration = Duration::from_secs(40);
/// Mutants that one connection sends.
const EACH: usize = 50;

/// Returns the resident memory of a process in KiB.
pub fn resident(pid: u32) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Returns the build of the daemon with tools that take their time.
pub fn fixtures() -> PathBuf {
    let fixtures = Path::new(env!("CARGO_BIN_EXE_mcpd")).with_file_name("mcpd-fixtures");
    assert!(fixtures.exists(), "build it: cargo build -p mcpd --features testing --bin mcpd-fixtures");
    fixtures
}

/// Sends so many mutants over HTTP, HTTP with server-sent events, and WebSocket, and returns how often each answer came.
pub async fn mutate(daemon: &Arc<Daemon>, count: usize) -> BTreeMap<String, usize> {
    let mut rounds = JoinSet::new();
    let mut came = BTreeMap::new();
    for round in 0..count.div_ceil(EACH) {
        let (daemon, mutants) = (Arc::clone(daemon), Mutants::new(round as u64));
        rounds.spawn(async move {
            match round % 4 {
                0 | 1 => over_http(&daemon, mutants).await,
                2 => over_sse(&daemon, mutants).await,
                _ => over_a_socket(&daemon, mutants).await,
            }
        });
        while rounds.len() >= 8 {
            add(&mut came, rounds.join_next().await);
        }
    }
    while let Some(round) = rounds.join_next().await {
        add(&mut came, Some(round));
    }
    came
}

type Round = Result<Vec<String>, tokio::task::JoinError>;

fn add(came: &mut BTreeMap<String, usize>, round: Option<Round>) {
    for answer in round.into_iter().flat_map(|round| round.expect("the round holds")) {
        *came.entry(answer).or_default() += 1;
    }
}

/// Answers must be messages of JSON-RPC, and none tells of a fault of ours.
fn check(body: &Value) {
    let all = body.as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
    for one in all {
        assert_eq!(one["jsonrpc"], "2.0", "{one}");
        assert_ne!(one["error"]["code"], -32603, "{one}");
    }
}

async fn over_http(daemon: &Daemon, mut mutants: Mutants) -> Vec<String> {
    let peer = daemon.peer();
    let mut came = Vec::new();
    for _ in 0..EACH {
        let mutant = mutants.make();
        let (status, body) =
            tokio::time::timeout(HANG, peer.mutant(&peer.url, mutant.clone())).await.unwrap();
        assert!([200, 202, 400, 404].contains(&status), "{status} to {mutant:?}");
        body.iter().for_each(check);
        came.push(format!("http {status}"));
    }
    came
}

async fn over_sse(daemon: &Daemon, mut mutants: Mutants) -> Vec<String> {
    let peer = daemon.peer();
    let mut stream = sse(&peer).await;
    let first = stream.chunk().await.unwrap().unwrap();
    let first = String::from_utf8(first.to_vec()).unwrap();
    let messages = format!("{}{}", daemon.base, first.split("data: ").nth(1).unwrap().trim());
    let listening = tokio::spawn(async move {
        while let Ok(Some(chunk)) = stream.chunk().await {
            assert!(!String::from_utf8_lossy(&chunk).contains("-32603"), "{chunk:?}");
        }
    });
    let mut came = Vec::new();
    for _ in 0..EACH {
        let mutant = mutants.make();
        let (status, body) =
            tokio::time::timeout(HANG, peer.mutant(&messages, mutant.clone())).await.unwrap();
        assert!([202, 400].contains(&status), "{status} to {mutant:?}");
        body.iter().for_each(check);
        came.push(format!("sse {status}"));
    }
    assert!(!listening.is_finished(), "the stream goes on");
    listening.abort();
    came
}

async fn over_a_socket(daemon: &Daemon, mut mutants: Mutants) -> Vec<String> {
    let mut socket = socket(daemon).await;
    let mut came = Vec::new();
    for number in 0..EACH {
        let text = String::from_utf8_lossy(&mutants.make().body).into_owned();
        socket.send(Message::text(text)).await;
        let end = format!("end {number}");
        socket.send(json!({ "jsonrpc": "2.0", "id": end, "method": "ping" }).to_string()).await;
        loop {
            let answer = tokio::time::timeout(HANG, socket.next()).await.unwrap();
            let answer = answer.unwrap_or_else(|code| panic!("the socket was closed with {code:?}"));
            check(&answer);
            if answer["id"] == end.as_str() {
                break;
            }
            came.push("ws message".to_owned());
        }
    }
    came
}

/// Opens a WebSocket.
pub async fn socket(daemon: &Daemon) -> Socket {
    let bearer = format!("Bearer {}", daemon.key);
    let headers = [("authorization", bearer.as_str()), ("sec-websocket-protocol", "mcp")];
    open(&format!("{}/ws", daemon.base), &headers).await.map_err(|status| status.to_string()).unwrap()
}

/// Opens a stream of 2024-11-05.
pub async fn sse(peer: &Peer) -> Response {
    let get = peer.http.get(peer.url.replace("/mcp", "/sse")).bearer_auth(&peer.key);
    began(get.header("accept", "text/event-stream")).await
}

/// Opens the stream of a session.
pub async fn standing(peer: &Peer) -> Response {
    let session = peer.initialize("2025-11-25").await;
    let get = peer.http.get(&peer.url).bearer_auth(&peer.key).header("accept", "text/event-stream");
    began(get.header("mcp-session-id", session)).await
}

/// Opens a subscription of 2026-07-28.
pub async fn listening(peer: &Peer) -> Response {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let params = json!({ "_meta": meta, "notifications": { "toolsListChanged": true } });
    let body = json!({ "jsonrpc": "2.0", "id": "s", "method": "subscriptions/listen", "params": params });
    let post = peer.http.post(&peer.url).bearer_auth(&peer.key).header("content-type", "application/json");
    let post = post.header("accept", "application/json, text/event-stream");
    let post = post.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "subscriptions/listen");
    began(post.body(body.to_string())).await
}

async fn began(request: reqwest::RequestBuilder) -> Response {
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response
}

/// Opens streams of all three kinds.
pub async fn streams(peer: &Peer, count: usize) -> Vec<Response> {
    let mut open = Vec::new();
    for number in 0..count {
        open.push(match number % 3 {
            0 => standing(peer).await,
            1 => listening(peer).await,
            _ => sse(peer).await,
        });
    }
    open
}

/// Reads a stream to its end and returns all of it; the error is an end that was none.
pub async fn to_the_end(mut stream: Response) -> reqwest::Result<String> {
    let mut all = String::new();
    while let Some(chunk) = stream.chunk().await? {
        all.push_str(&String::from_utf8_lossy(&chunk));
    }
    Ok(all)
}
