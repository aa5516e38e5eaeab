//! The feeds of the control socket: the whole first, then the newest; the figures of `/metrics`; nobody waits for who
//! reads slowly.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use mcpd_ipc::{
    CallError, Feed, Hello, Purpose, Subscription, Watcher,
    feed::{Picture, Severity, WatchDaemon, WatchLogs, WatchRequests},
    write_frame,
};
use serde_json::json;
use support::{Daemon, PATIENCE, Peer, ROOMY, eventually};
use tokio::io::Interest;

async fn watch<F: Feed>(daemon: &Daemon, feed: F) -> Watcher<F> {
    Watcher::open(&daemon.state().join("run/mcpd.sock"), "test", feed).await.unwrap()
}

async fn next<F: Feed>(watcher: &mut Watcher<F>) -> F::News {
    let next = tokio::time::timeout(PATIENCE, watcher.next()).await.expect("nothing comes");
    next.unwrap().expect("the feed has ended")
}

fn often() -> WatchDaemon {
    WatchDaemon { every_ms: 100 }
}

async fn metrics(daemon: &Daemon) -> String {
    let figures = daemon.peer().http.get(format!("{}/metrics", daemon.base)).bearer_auth(&daemon.key);
    figures.send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn the_picture_has_the_figures_of_metrics() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    for number in 0..20 {
        peer.tool("create_todo", json!({ "project_id": "p", "title": format!("todo {number}") })).await;
    }
    peer.tool("create_todo", json!({ "project_id": "p", "title": "t", "priority": 9 })).await;
    peer.tool("list_todos", json!({ "project_id": "p" })).await;
    for _ in 0..3 {
        Peer::new(&daemon.base, "nobody").ask("ping", json!({}), &[]).await;
    }
    // One connection for the figures, open before the picture is taken.
    metrics(&daemon).await;
    let mut watcher = watch(&daemon, often()).await;
    let picture: Picture = next(&mut watcher).await;
    let text = metrics(&daemon).await;
    let value = |name: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("{name} is not in\n{text}"))
            .rsplit(' ')
            .next()
            .unwrap()
            .parse()
            .unwrap()
    };
    let stats = &picture.stats;
    let mut same = vec![
        ("mcp_requests_total".to_owned(), stats.total_requests as f64),
        ("mcp_requests_successful".to_owned(), stats.successful_requests as f64),
        ("mcp_requests_failed".to_owned(), stats.failed_requests as f64),
        ("mcp_response_time_avg".to_owned(), stats.avg_response_time / 1e3),
        ("mcp_request_duration_seconds_count".to_owned(), stats.total_requests as f64),
        ("mcp_calls_in_flight".to_owned(), stats.calls_in_flight as f64),
    ];
    for (reason, count) in &stats.refusals {
        same.push((format!("mcp_refusals_total{{reason=\"{reason}\"}}"), *count as f64));
    }
    for (tool, figures) in &stats.tools {
        same.push((format!("mcp_tool_calls_total{{tool=\"{tool}\"}}"), figures.calls as f64));
        same.push((format!("mcp_tool_errors_total{{tool=\"{tool}\"}}"), figures.errors as f64));
    }
    for key in &stats.keys {
        same.push((format!("mcp_key_requests_total{{key=\"{}\"}}", key.id), key.requests as f64));
        same.push((format!("mcp_key_requests_failed_total{{key=\"{}\"}}", key.id), key.failed as f64));
    }
    for (name, shown) in &same {
        assert_eq!(value(name), *shown, "{name}");
    }
    assert_eq!(stats.keys[0].name, "first");
    assert_eq!((stats.keys[0].requests, stats.keys[0].failed), (22, 1));
    assert_eq!((stats.refusals["credentials"], stats.tools.len()), (3, 2));
    // The buckets are those of the histogram, only finer.
    for line in text.lines().filter(|line| line.starts_with("mcp_request_duration_seconds_bucket")) {
        let edge = line.split('"').nth(1).unwrap().replace("+Inf", "inf").parse::<f64>().unwrap();
        let counted: f64 = line.rsplit(' ').next().unwrap().parse().unwrap();
        let within = picture.durations.iter().filter(|bucket| bucket.up_to_ms / 1e3 <= edge * 1.000_001);
        assert_eq!(within.map(|bucket| bucket.count).sum::<u64>() as f64, counted, "{line}");
    }
    assert!(
        stats.process.cpu_seconds > 0.0 && stats.process.cpu_seconds <= value("process_cpu_seconds_total")
    );
    assert_eq!(stats.process.resident_bytes.is_some(), cfg!(target_os = "linux"));
    assert_eq!((picture.status.status.as_str(), picture.status.active_keys), ("healthy", 1));

    peer.ask("ping", json!({}), &[]).await;
    let before = stats.total_requests;
    eventually("the next picture is newer", async || {
        next(&mut watcher).await.stats.total_requests == before + 1
    })
    .await;
}

#[tokio::test]
async fn requests_are_seen_as_they_are_answered() {
    let daemon = Daemon::start(ROOMY);
    daemon.peer().ask("ping", json!({}), &[]).await;
    let mut watcher = watch(&daemon, WatchRequests {}).await;
    assert_eq!(next(&mut watcher).await.requests, [], "what came before is not kept");
    daemon.peer().tool("create_todo", json!({ "project_id": "p", "title": "t" })).await;
    daemon.peer().ask("no\u{202e}such\n", json!({}), &[]).await;
    Peer::new(&daemon.base, "nobody").ask("ping", json!({}), &[]).await;
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.extend(next(&mut watcher).await.requests);
    }
    let first = &seen[0];
    assert_eq!(
        (
            first.method.as_str(),
            first.tool.as_deref(),
            first.key.as_deref(),
            first.outcome.as_str(),
            first.status
        ),
        ("tools/call", Some("create_todo"), Some("first"), "ok", Some(200))
    );
    assert!(first.duration_ms > 0.0 && first.peer == "127.0.0.1");
    assert_eq!((seen[1].method.as_str(), seen[1].outcome.as_str()), ("unknown", "error"));
    assert_eq!((seen[2].key.as_deref(), seen[2].outcome.as_str()), (None, "refused"));
    eventually("the log has the same request", async || daemon.logged().contains(&first.request)).await;
}

fn logs(follow: bool) -> WatchLogs {
    WatchLogs { lines: 1000, follow, level: None, target: None, contains: None }
}

#[tokio::test]
async fn the_log_is_told_from_before_and_as_it_is_written() {
    for format in ["text", "json"] {
        let daemon = Daemon::start(&format!("{ROOMY}[telemetry]\nformat = \"{format}\"\n"));
        eventually("the start is logged", async || daemon.logged().contains("ready")).await;
        let mut watcher = watch(&daemon, logs(true)).await;
        let before = next(&mut watcher).await;
        let ready = before.lines.iter().find(|line| line.text.starts_with("ready ")).unwrap();
        assert_eq!((ready.level, ready.target.as_str()), (Severity::Info, "mcpd::lifecycle"), "{format}");
        assert!(ready.at.is_some());
        Peer::new(&daemon.base, "nobody").ask("ping", json!({}), &[]).await;
        let mut told = Vec::new();
        while !told.iter().any(|line: &mcpd_ipc::feed::LogLine| line.target == "mcpd::refused") {
            told.extend(next(&mut watcher).await.lines);
        }

        let mut narrow = logs(false);
        (narrow.target, narrow.contains) = (Some("mcpd::refused".into()), Some("MALFORMED".into()));
        let mut watcher = watch(&daemon, narrow).await;
        let batch = next(&mut watcher).await;
        assert_eq!(batch.lines.len(), 1, "{format}: {batch:?}");
        assert!(watcher.next().await.unwrap().is_none(), "one that does not follow ends");
    }
}

#[tokio::test]
async fn a_feed_nobody_knows_is_refused_with_a_hint() {
    let daemon = Daemon::start("");
    let mut stream = tokio::net::UnixStream::connect(daemon.state().join("run/mcpd.sock")).await.unwrap();
    write_frame(&mut stream, &Hello::new(Purpose::Watch, "test"), 4096).await.unwrap();
    let _: serde_json::Value = mcpd_ipc::read_frame(&mut stream, 4096).await.unwrap();
    write_frame(&mut stream, &json!({ "feed": "watch_paint_dry", "args": {} }), 4096).await.unwrap();
    let told: serde_json::Value = mcpd_ipc::read_frame(&mut stream, 1 << 20).await.unwrap();
    assert_eq!(told["err"]["kind"], "usage", "{told}");
    assert!(mcpd_ipc::read_frame::<serde_json::Value>(&mut stream, 4096).await.is_err(), "and it ends");
}

#[tokio::test]
async fn a_feed_ends_with_the_daemon() {
    let mut daemon = Daemon::start(ROOMY);
    let mut watcher = watch(&daemon, often()).await;
    next(&mut watcher).await;
    daemon.signal("TERM");
    let ended = tokio::time::timeout(PATIENCE, async {
        loop {
            match watcher.next().await {
                Ok(Some(_)) => {}
                Ok(None) | Err(CallError::Broken(_)) => return,
                Err(error) => panic!("{error}"),
            }
        }
    });
    ended.await.unwrap();
    assert!(daemon.wait().success());
}

/// Asks for a feed and never reads it.
async fn deaf(daemon: &Daemon, feed: impl Into<Subscription>) -> tokio::net::UnixStream {
    let mut stream = tokio::net::UnixStream::connect(daemon.state().join("run/mcpd.sock")).await.unwrap();
    write_frame(&mut stream, &Hello::new(Purpose::Watch, "test"), 4096).await.unwrap();
    write_frame(&mut stream, &feed.into(), 4096).await.unwrap();
    stream
}

#[tokio::test]
async fn fifty_watchers_and_deaf_ones_among_them_cost_the_daemon_nothing_that_grows() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let resident =
        async || next(&mut watch(&daemon, often()).await).await.stats.process.resident_bytes.unwrap_or(0);
    let work = async || peer.tool("list_todos", json!({ "project_id": "p" })).await;
    peer.tool("create_todo", json!({ "project_id": "p", "title": "t" })).await;
    for _ in 0..500 {
        work().await;
    }
    let before = resident().await;
    let mut deaf_ones = Vec::new();
    for _ in 0..5 {
        deaf_ones.push(deaf(&daemon, WatchRequests {}).await);
        deaf_ones.push(deaf(&daemon, logs(true)).await);
    }
    let mut watchers = Vec::new();
    for _ in 0..40 {
        watchers.push(watch(&daemon, often()).await);
    }
    let reading = watchers.into_iter().map(|mut watcher| {
        tokio::spawn(async move {
            for _ in 0..50 {
                next(&mut watcher).await;
            }
        })
    });
    let reading: Vec<_> = reading.collect();
    // The deaf are sent more than the system keeps for them, and at last nothing any more.
    let hung_up = async {
        loop {
            for _ in 0..50 {
                work().await;
            }
            let mut left = 0;
            for one in &deaf_ones {
                left += usize::from(!one.ready(Interest::READABLE).await.unwrap().is_read_closed());
            }
            if left == 0 {
                return;
            }
        }
    };
    // Filling what the system keeps takes a thousand calls, and then the daemon waits 10 s.
    tokio::time::timeout(4 * PATIENCE, hung_up).await.expect("the deaf are hung up on");
    for reader in reading {
        reader.await.expect("who reads goes on");
    }
    let after = resident().await;
    // What a queue for each of the deaf would hold by now is several times that.
    assert!(after < before + (24 << 20), "{before} then {after} bytes");
}
