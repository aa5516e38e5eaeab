//! The end under load: a drain with hundreds of calls and streams, and a key that is revoked in the midst of its work.
//! Long: `cargo test --release --test under_drain -- --ignored --nocapture --test-threads 1`, with the fixtures built
//! the same way.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and these report figures"
)]

mod support;

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use support::{
    Daemon, Peer, eventually, in_flight, plain_key,
    siege::{fixtures, streams, to_the_end},
};
use tokio::task::JoinSet;

const CALLS: u64 = 200;
const STREAMS: usize = 50;
/// How long a drain may take after its last answer.
const LEAVES: Duration = Duration::from_secs(3);
/// How long a revoked key may still be served.
const REVOKED: Duration = Duration::from_millis(100);

/// Rates and places for all.
const LIMITS: &str =
    "[limits]\nper_key = \"1000000/60s\"\nper_peer = \"1000000/60s\"\nconnections_per_key = 400\n";

/// Calls a tool that takes its time, and says how and when it ended.
async fn slow(peer: Peer, millis: u64) -> (Result<Value, String>, Instant) {
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "test_slow", "arguments": { "ms": millis } } });
    let request = peer.http.post(&peer.url).bearer_auth(&peer.key).header("content-type", "application/json");
    let answer = async {
        let answer = request.body(call.to_string()).send().await.map_err(|error| error.to_string())?;
        let text = answer.text().await.map_err(|error| error.to_string())?;
        serde_json::from_str::<Value>(&text).map_err(|error| error.to_string())
    };
    (answer.await, Instant::now())
}

/// Answers whether the tool did what it was asked, and not only said that it was interrupted.
fn is_answered(answer: &Result<Value, String>) -> bool {
    let text = answer.as_ref().ok().and_then(|answer| answer["result"]["content"][0]["text"].as_str());
    text.is_some_and(|text| text.starts_with("waited"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: run with cargo test --release --test under_drain -- --ignored"]
async fn a_drain_loses_no_answer_and_ends_every_stream() {
    let mut daemon = Daemon::start_program(&fixtures(), LIMITS);
    let open = streams(&daemon.peer(), STREAMS).await;
    let mut reading = JoinSet::new();
    for stream in open {
        reading.spawn(to_the_end(stream));
    }
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        calls.spawn(slow(daemon.peer(), 1500));
    }
    eventually("all calls run", async || in_flight(&daemon).await == CALLS).await;
    let began = Instant::now();
    daemon.signal("TERM");
    let ended = calls.join_all().await;
    let lost: Vec<_> = ended.iter().filter(|(answer, _)| !is_answered(answer)).collect();
    assert!(lost.is_empty(), "{} answers are lost: {:?}", lost.len(), lost[0]);
    let last = ended.iter().map(|(_, at)| *at).max().unwrap();
    let streams = reading.join_all().await;
    let broken: Vec<_> = streams.iter().filter_map(|stream| stream.as_ref().err()).collect();
    assert!(broken.is_empty(), "{} streams broke off: {:?}", broken.len(), broken[0]);
    assert!(daemon.wait().success());
    let after = last.elapsed();
    println!(
        "drain with {CALLS} calls and {STREAMS} streams: 0 answers lost, every stream ended, last answer after {:.1?}, exit {after:.1?} later",
        last - began
    );
    assert!(after < LEAVES, "{after:?} after the last answer");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: run with cargo test --release --test under_drain -- --ignored"]
async fn a_second_signal_stops_at_once() {
    let mut daemon = Daemon::start_program(&fixtures(), LIMITS);
    let open = streams(&daemon.peer(), STREAMS).await;
    let mut calls = JoinSet::new();
    for _ in 0..CALLS {
        calls.spawn(slow(daemon.peer(), 20_000));
    }
    eventually("all calls run", async || in_flight(&daemon).await == CALLS).await;
    daemon.signal("TERM");
    eventually("it drains", async || daemon.obey(mcpd_ipc::life::Status {}).await.status == "draining").await;
    let began = Instant::now();
    daemon.signal("TERM");
    daemon.wait();
    println!("second signal with {CALLS} calls and {STREAMS} streams: exit after {:.1?}", began.elapsed());
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(calls.join_all().await.iter().all(|(answer, _)| !is_answered(answer)));
    drop(open);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: run with cargo test --release --test under_drain -- --ignored"]
async fn a_revoked_key_loses_everything_at_once_and_others_nothing() {
    let daemon = Daemon::start_program(&fixtures(), LIMITS);
    let (_, secret) = daemon.issue(plain_key("laptop")).await;
    let laptop = Peer::new(&daemon.base, &secret);
    let mut ends = JoinSet::new();
    for stream in streams(&laptop, STREAMS).await {
        ends.spawn(async move {
            let _ = to_the_end(stream).await;
            ("stream", Instant::now())
        });
    }
    for _ in 0..20 {
        let laptop = laptop.clone();
        ends.spawn(async move {
            let (answer, at) = slow(laptop, 20_000).await;
            assert!(!is_answered(&answer), "{answer:?}");
            ("call", at)
        });
    }
    let other = daemon.peer();
    let mut kept = JoinSet::new();
    for stream in streams(&other, 3).await {
        kept.spawn(to_the_end(stream));
    }
    let untouched = tokio::spawn(slow(other.clone(), 3000));
    eventually("all calls run", async || in_flight(&daemon).await == 21).await;
    let mut operator = daemon.operator().await;
    let began = Instant::now();
    operator.call(mcpd_ipc::keys::KeysRevoke { key: "laptop".into() }).await.unwrap();
    let replied = began.elapsed();
    let ended = ends.join_all().await;
    for what in ["stream", "call"] {
        let took =
            ended.iter().filter(|(kind, _)| *kind == what).map(|(_, at)| at.saturating_duration_since(began));
        let took = took.max().unwrap();
        println!(
            "revoked: the last {what} ended {took:.1?} after the order, the reply came after {replied:.1?}"
        );
        assert!(took < REVOKED, "a {what} ended after {took:?}");
    }
    assert!(is_answered(&untouched.await.unwrap().0), "another key's call goes on");
    assert!(kept.try_join_next().is_none(), "another key's streams go on");
    assert_eq!(other.ask("ping", json!({}), &[]).await.0, 200);
}
