//! What must hold under thousands of hostile connections. Long, so not among the daily tests:
//! `cargo test --release --test under -- --ignored --nocapture --test-threads 1`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and these report figures"
)]

mod support;

use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use support::{
    Daemon, Peer, plain_key,
    shapes::{Shape, Stalled, stall},
};
use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

/// Stalled connections, all shapes together.
const STALLED: usize = 5000;
/// The time in which nearly all of them must be closed.
const REAPED: Duration = Duration::from_secs(40);
/// How often the good client calls.
const BEAT: Duration = Duration::from_millis(50);

/// Rates that are not what is tested; deadlines are the defaults.
const RATES: &str = "[limits]\nper_key = \"100000000/60s\"\nper_peer = \"100000000/60s\"\n";

/// Calls a tool at each beat until told to stop, and returns how long each call took.
async fn good_client(peer: Peer, stop: CancellationToken) -> Vec<Duration> {
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut took = Vec::new();
    while !stop.is_cancelled() {
        beat.tick().await;
        let began = Instant::now();
        let answer = peer.tool("list_todos", json!({ "project_id": "p" })).await;
        assert_eq!(answer["success"], true, "{answer}");
        took.push(began.elapsed());
    }
    took
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

/// Stalls on all connections at once, prints what came of it, and checks it.
async fn besiege(what: &str, config: &str) {
    let files = getrlimit(Resource::Nofile).maximum;
    setrlimit(Resource::Nofile, Rlimit { current: files, maximum: files }).unwrap();
    let daemon = Daemon::start(config);
    let good = daemon.peer();
    good.tool("create_todo", json!({ "project_id": "p", "title": "t" })).await;
    let mut ask = plain_key("stalled");
    ask.connections = None;
    let (_, key) = daemon.issue(ask).await;

    let stop = CancellationToken::new();
    let client = tokio::spawn(good_client(good, stop.clone()));
    let mut stalls = JoinSet::new();
    for number in 0..STALLED {
        let (address, key, shape) = (daemon.address(), key.clone(), Shape::ALL[number % Shape::ALL.len()]);
        stalls.spawn(async move { stall(address, &key, shape, Duration::from_secs(1)).await.unwrap() });
    }
    let all = tokio::time::timeout(REAPED * 3, stalls.join_all());
    let stalled: Vec<Stalled> = all.await.expect("every stalled connection is closed in the end");
    stop.cancel();
    let mut took = client.await.expect("no call of the good client fails");

    let slow = |one: &&Stalled| one.lasted > REAPED;
    let late = stalled.iter().filter(slow).count();
    println!("{what}: {STALLED} stalled connections, {late} open for longer than {REAPED:?}");
    for shape in Shape::ALL {
        let mut lasted: Vec<_> =
            stalled.iter().filter(|one| one.shape == shape).map(|one| one.lasted).collect();
        lasted.sort_unstable();
        let [median, most] = [50, 100].map(|percent| percentile(&lasted, percent));
        println!("  {shape:?}: closed after {median:.1?} (median), {most:.1?} (longest)");
    }
    took.sort_unstable();
    let [median, high, most] = [50, 99, 100].map(|percent| percentile(&took, percent));
    println!("  good client: {} calls, median {median:.1?}, p99 {high:.1?}, longest {most:.1?}", took.len());

    assert!(late * 100 <= STALLED, "{late} of {STALLED} were not closed in {REAPED:?}");
    assert!(high < Duration::from_millis(500), "p99 of the good client is {high:?}");
    assert!(!daemon.logged().contains("panicked"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: run with cargo test --release --test under -- --ignored"]
async fn stalled_connections_with_a_place_for_each() {
    let config = format!("{RATES}connections = 6000\nconnections_per_key = 6000\n");
    besiege("limits raised", &config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: run with cargo test --release --test under -- --ignored"]
async fn stalled_connections_beyond_the_default_limits() {
    besiege("default limits", RATES).await;
}
