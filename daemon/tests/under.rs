//! What must hold under thousands of hostile connections. Long, so not among the daily tests:
//! `cargo test --release --test under -- --ignored --nocapture --test-threads 1`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and these report figures"
)]

mod support;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde_json::json;
use support::{
    Daemon, Peer, plain_key,
    shapes::{Shape, Stalled, head, stall},
    siege::{mutate, resident},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: run with cargo test --release --test under -- --ignored"]
async fn ten_thousand_mutants_are_answered() {
    let mut daemon = Arc::new(Daemon::start(&format!("{RATES}connections_per_key = 900\n")));
    daemon.peer().tool("create_todo", json!({ "project_id": "p", "title": "t" })).await;
    let began = Instant::now();
    let came = mutate(&daemon, 10_000).await;
    println!("10000 mutants in {:.1?}: {came:?}", began.elapsed());
    let log = daemon.logged();
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
    assert!(Arc::get_mut(&mut daemon).unwrap().is_alive());
}

/// Memory that may stay, in KiB.
const LEFT: i64 = 32 * 1024;
/// Keys that open sessions, and how many each opens: together twice what the default limits let live.
const OPENERS: usize = 10;
const OPENED: usize = 2000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: run with cargo test --release --test under -- --ignored"]
async fn sessions_that_nobody_ends_leave_no_memory_behind() {
    let daemon = Arc::new(Daemon::start(&format!("{RATES}session_idle = \"30s\"\n")));
    daemon.peer().initialize("2025-11-25").await;
    let before = resident(daemon.pid());
    let mut openers = JoinSet::new();
    for opener in 0..OPENERS {
        let (_, secret) = daemon.issue(plain_key(&format!("opener {opener}"))).await;
        let peer = Peer::new(&daemon.base, &secret);
        openers.spawn(async move {
            for _ in 0..OPENED {
                peer.initialize("2025-11-25").await;
            }
        });
    }
    openers.join_all().await;
    let status = || daemon.obey(mcpd_ipc::life::Status {});
    let (most, full) = (status().await.sessions, resident(daemon.pid()));
    let began = Instant::now();
    while status().await.sessions > 0 {
        assert!(began.elapsed() < Duration::from_secs(120), "sessions do not expire");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // The round that ends them also forgets them in the store.
    tokio::time::sleep(Duration::from_secs(5)).await;
    let after = resident(daemon.pid());
    println!(
        "{} sessions, {most} at a time: {before} KiB before, {full} full, {after} after",
        OPENERS * OPENED
    );
    assert!(after - before < LEFT, "{} KiB stay", after - before);
}

/// Peers that a proxy speaks for.
const SPOOFED: u32 = 1_000_000;
/// Requests in one write.
const PIPELINED: u32 = 64;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: run with cargo test --release --test under -- --ignored"]
async fn a_million_spoofed_peers_leave_no_memory_behind() {
    // A slow rate keeps each bucket for long: the limiter fills up, and what is beyond shares one.
    // Nobody reads its standard error meanwhile, which must not fill its memory either.
    let config = "[network]\nallow = [\"0.0.0.0/0\"]\ntrusted_proxies = [\"127.0.0.1\"]\n\
                  [limits]\nper_key = \"100000000/60s\"\nper_peer = \"20/60s\"\n";
    let daemon = Arc::new(Daemon::start(config));
    let before = resident(daemon.pid());
    let began = Instant::now();
    let (address, key) = (daemon.address(), daemon.key.clone());
    let each = SPOOFED / 8;
    let mut most = before;
    let mut proxies = JoinSet::new();
    for proxy in 0..8 {
        let key = key.clone();
        proxies.spawn(async move {
            let (mut answered, mut refused) = (0, 0);
            let mut at = proxy * each;
            while at < (proxy + 1) * each {
                let mut stream = TcpStream::connect(address).await.unwrap();
                let goes_on = spoof(&mut stream, &key, &mut at, (proxy + 1) * each, &mut answered).await;
                refused += u64::from(!goes_on);
            }
            (answered, refused)
        });
    }
    let (mut answered, mut refused) = (0, 0);
    while !proxies.is_empty() {
        let done = tokio::time::timeout(Duration::from_secs(1), proxies.join_next()).await;
        if let Ok(Some(done)) = done {
            let (more, less) = done.unwrap();
            (answered, refused) = (answered + more, refused + less);
        }
        most = most.max(resident(daemon.pid()));
    }
    let after = resident(daemon.pid());
    println!(
        "{SPOOFED} spoofed peers in {:.1?}: {answered} answered 200, {refused} refused; \
         {before} KiB before, {most} at most, {after} after",
        began.elapsed()
    );
    assert!(after - before < LEFT, "{} KiB stay", after - before);
    assert!(!daemon.logged().contains("panicked"));
}

/// Asks as one peer after another until `end`, or until a refusal, which closes the connection; `at` goes on behind what
/// was answered.
async fn spoof(stream: &mut TcpStream, key: &str, at: &mut u32, end: u32, answered: &mut u64) -> bool {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let head = head(key, body.len());
    let mut buffer = vec![0; 64 * 1024];
    while *at < end {
        let count = PIPELINED.min(end - *at);
        let requests = (*at..*at + count).map(|number| {
            let peer = std::net::Ipv4Addr::from(0x2000_0000 + number);
            format!("{}x-forwarded-for: {peer}\r\n\r\n{body}", &head[..head.len() - 2])
        });
        if stream.write_all(requests.collect::<String>().as_bytes()).await.is_err() {
            *at += 1;
            return false;
        }
        let mut left = count;
        let mut came = String::new();
        while left > 0 {
            let read = stream.read(&mut buffer).await.unwrap_or(0);
            came.push_str(&String::from_utf8_lossy(&buffer[..read]));
            let good = came.matches("HTTP/1.1 200 ").count() as u32;
            if read == 0 || came.contains("HTTP/1.1 429 ") {
                // The refused one was heard as well.
                *at += good + 1;
                *answered += u64::from(good);
                return false;
            }
            left = count - good.min(count);
        }
        *at += count;
        *answered += u64::from(count);
    }
    true
}
