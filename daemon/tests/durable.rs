//! What is acknowledged stays: under many writers, across processes, and when the power goes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and a long one reports figures"
)]

mod support;

use std::{
    io::{BufRead, BufReader, Write},
    process::{ChildStdin, ChildStdout, Stdio},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use support::{Daemon, Peer, ROOMY};

const CLIENTS: usize = 20;
const WRITES: usize = 50;

#[tokio::test(flavor = "multi_thread")]
async fn twenty_clients_write_fifty_each_and_all_is_found() {
    let daemon = Daemon::start(ROOMY);
    let clients = (0..CLIENTS).map(|client| {
        let peer = Peer::new(&daemon.base, &daemon.key);
        tokio::spawn(async move {
            for write in 0..WRITES {
                let content = format!("fact c{client}w{write} of the crowd");
                let stored =
                    peer.tool("store_memory", json!({ "project_id": "crowd", "content": content })).await;
                assert_eq!(stored["success"], true, "{stored}");
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    let peer = daemon.peer();
    for client in 0..CLIENTS {
        for write in 0..WRITES {
            assert_found(&peer, "crowd", &format!("c{client}w{write}")).await;
        }
    }
    let counted = peer.tool("get_project_statistics", json!({ "project_id": "crowd" })).await;
    assert_eq!(counted["statistics"]["memories_count"], (CLIENTS * WRITES) as u64);
}

async fn assert_found(peer: &Peer, project: &str, word: &str) {
    let found =
        peer.tool("retrieve_memory", json!({ "project_id": project, "query": word, "top_k": 1 })).await;
    let content = found["memories"][0]["content"].as_str().unwrap_or_default();
    assert!(content.split(' ').any(|one| one == word), "{word} is not found: {found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_when_the_power_goes() {
    the_power_goes(10).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: run with cargo test --release --test durable -- --ignored"]
async fn nothing_acknowledged_is_lost_when_the_power_goes_fifty_times() {
    let slowest = the_power_goes(50).await;
    assert!(slowest < Duration::from_secs(2), "serving again took {slowest:?}");
}

/// Kills the daemon so many times under eight writers, and returns how long it took at most until it served again.
async fn the_power_goes(rounds: usize) -> Duration {
    let mut daemon = Daemon::start(ROOMY);
    let mut acknowledged: Vec<String> = Vec::new();
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        let (told, mut hears) = tokio::sync::mpsc::channel(4096);
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (peer, told) = (daemon.peer(), told.clone());
                tokio::spawn(async move {
                    for write in 0.. {
                        let word = format!("r{round}w{writer}n{write}");
                        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
                            "name": "create_todo",
                            "arguments": { "project_id": "power", "title": word },
                        } });
                        let request = peer.http.post(&peer.url).bearer_auth(&peer.key);
                        let sent =
                            request.header("content-type", "application/json").body(call.to_string()).send();
                        let Ok(answer) = sent.await else { return };
                        let Ok(text) = answer.text().await else { return };
                        let Ok(answer) = serde_json::from_str::<Value>(&text) else { return };
                        if answer["result"]["structuredContent"]["success"] == true {
                            told.send(word).await.unwrap();
                        }
                    }
                })
            })
            .collect();
        drop(told);
        // Another moment of the work each round.
        for _ in 0..(20 + 7 * round) {
            acknowledged.push(hears.recv().await.unwrap());
        }
        let killed = Instant::now();
        daemon = daemon.kill_and_restart();
        assert_eq!(daemon.peer().ask("ping", json!({}), &[]).await.0, 200);
        slowest = slowest.max(killed.elapsed());
        for writer in writers {
            writer.await.unwrap();
        }
        while let Some(word) = hears.recv().await {
            acknowledged.push(word);
        }
    }
    let peer = daemon.peer();
    let mut kept = std::collections::HashSet::new();
    let mut offset = Some(0);
    while let Some(from) = offset {
        let page =
            peer.tool("list_todos", json!({ "project_id": "power", "limit": 500, "offset": from })).await;
        let titles = page["todos"].as_array().unwrap().iter();
        kept.extend(titles.map(|todo| todo["title"].as_str().unwrap().to_owned()));
        offset = page["next_offset"].as_u64();
    }
    let lost: Vec<_> = acknowledged.iter().filter(|word| !kept.contains(*word)).collect();
    assert!(
        lost.is_empty(),
        "{} of {} acknowledged writes are lost: {lost:?}",
        lost.len(),
        acknowledged.len()
    );
    let intact: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut support::open(&daemon).await)
        .await
        .unwrap();
    assert_eq!(intact, "ok");
    println!(
        "{rounds} kills: {} writes acknowledged, 0 lost; serving again within {slowest:.1?}",
        acknowledged.len()
    );
    slowest
}

/// A client of `mcpd stdio`.
struct Client {
    child: std::process::Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Client {
    fn start(home: &std::path::Path) -> Self {
        let mut command = support::mcpd(home);
        command.args(["stdio", "--state-dir"]).arg(home.join("state"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output) }
    }

    fn tool(&mut self, name: &str, arguments: &Value) -> Value {
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                           "params": { "name": name, "arguments": arguments } });
        writeln!(self.input, "{call}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        answer["result"]["structuredContent"].clone()
    }

    fn end(mut self) {
        drop(self.input);
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn two_stdio_processes_share_one_database() {
    let home = support::home("");
    let path = home.path().to_owned();
    let halves = [0, 1].map(|process| {
        let path = path.clone();
        std::thread::spawn(move || {
            let mut client = Client::start(&path);
            for write in 0..CLIENTS * WRITES / 2 {
                let content = format!("fact p{process}w{write} of two");
                let stored = client.tool("store_memory", &json!({ "project_id": "two", "content": content }));
                assert_eq!(stored["success"], true, "{stored}");
            }
            client.end();
        })
    });
    for half in halves {
        half.join().unwrap();
    }
    let mut client = Client::start(&path);
    for process in 0..2 {
        for write in 0..CLIENTS * WRITES / 2 {
            let word = format!("p{process}w{write}");
            let found =
                client.tool("retrieve_memory", &json!({ "project_id": "two", "query": word, "top_k": 1 }));
            let content = found["memories"][0]["content"].as_str().unwrap_or_default();
            assert!(content.contains(&format!("{word} ")), "{word} is not found: {found}");
        }
    }
    client.end();
}

/// Memories that all processes together store at once.
const AT_ONCE: usize = 20;

#[test]
fn twenty_stored_at_once_are_twenty_after_the_power_went() {
    for processes in [1, 4] {
        let home = support::home("");
        let path = home.path().to_owned();
        let each = AT_ONCE / processes;
        let writing = (0..processes).map(|process| {
            let path = path.clone();
            std::thread::spawn(move || {
                let mut client = Client::start(&path);
                for write in 0..each {
                    let content = json!(format!("fact p{process}w{write} of {processes}"));
                    let arguments = json!({ "project_id": "all", "content": content });
                    let params = json!({ "name": "store_memory", "arguments": arguments });
                    let call =
                        json!({ "jsonrpc": "2.0", "id": write, "method": "tools/call", "params": params });
                    writeln!(client.input, "{call}").unwrap();
                }
                for _ in 0..each {
                    let mut line = String::new();
                    client.output.read_line(&mut line).unwrap();
                    let answer: Value = serde_json::from_str(&line).unwrap();
                    assert_eq!(answer["result"]["structuredContent"]["success"], true, "{answer}");
                }
                // The last answer was read a moment ago.
                client.child.kill().unwrap();
                client.child.wait().unwrap();
            })
        });
        writing.collect::<Vec<_>>().into_iter().for_each(|process| process.join().unwrap());
        let mut client = Client::start(&path);
        let asked = json!({ "project_id": "all", "query": "fact", "top_k": 100 });
        let found = client.tool("retrieve_memory", &asked);
        assert_eq!(found["count"], AT_ONCE as u64, "{processes} processes: {found}");
        client.end();
    }
}
