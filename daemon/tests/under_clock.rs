//! A wall clock that jumps two days forward and back while the daemon runs: limits, deadlines and sessions go on as if
//! nothing had happened. Keys with an expiry date follow the wall clock on purpose. Needs libfaketime (on Debian:
//! `apt-get install libfaketime`), and is long:
//! `cargo test --release --test under_clock -- --ignored --nocapture`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::json;
use support::{
    Daemon, Peer, eventually, hold, in_flight, plain_key,
    shapes::{Shape, stall},
    siege::{sse, standing},
};

const DAY: u64 = 24 * 60 * 60;

/// Where distributions put it.
fn faketime() -> PathBuf {
    let places = ["x86_64-linux-gnu/", "aarch64-linux-gnu/", ""];
    let all =
        places.iter().map(|place| Path::new("/usr/lib").join(place).join("faketime/libfaketimeMT.so.1"));
    all.into_iter().find(|path| path.exists()).expect("install libfaketime")
}

/// Sets the clock so far from the real one.
fn jump(clock: &Path, to: &str) {
    let written = clock.with_extension("new");
    std::fs::write(&written, format!("{to}\n")).unwrap();
    std::fs::rename(written, clock).unwrap();
}

async fn status(peer: &Peer) -> u16 {
    peer.ask("ping", json!({}), &[]).await.0
}

#[tokio::test]
#[ignore = "needs libfaketime: run with cargo test --release --test under_clock -- --ignored"]
async fn a_clock_that_jumps_two_days_changes_no_limit_no_deadline_and_no_session() {
    let folder = tempfile::tempdir().unwrap();
    let clock = folder.path().join("clock");
    jump(&clock, "+0");
    let (library, file) = (faketime(), clock.to_str().unwrap().to_owned());
    let config = "[server]\nfirst_byte_deadline = \"2s\"\n\
                  [limits]\nper_key = \"1000000/60s\"\nper_peer = \"1000000/60s\"\nsession_idle = \"1h\"\n";
    let daemon = Daemon::start_with_env(
        config,
        &[
            ("LD_PRELOAD", library.to_str().unwrap()),
            ("FAKETIME_TIMESTAMP_FILE", &file),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ],
    );
    let peer = daemon.peer();
    let mut bounded = plain_key("bounded");
    bounded.rate = Some("3/3600s".into());
    let bounded = Peer::new(&daemon.base, &daemon.issue(bounded).await.1);
    for expected in [200, 200, 200, 429] {
        assert_eq!(status(&bounded).await, expected);
    }
    let mut dated = plain_key("dated");
    dated.expires_in = Some(DAY);
    let dated = Peer::new(&daemon.base, &daemon.issue(dated).await.1);
    assert_eq!(status(&dated).await, 200);
    let session = peer.initialize("2025-11-25").await;
    let in_session = async || peer.ask("ping", json!({}), &[("mcp-session-id", session.as_str())]).await.0;
    let mut streams = [standing(&peer).await, sse(&peer).await];
    for stream in &mut streams {
        assert!(stream.chunk().await.unwrap().is_some(), "its first event");
    }

    for (to, expired) in [("+2d", true), ("+0", false), ("-2d", false), ("+0", false)] {
        let held = hold(&daemon).await;
        let caller = peer.clone();
        let running = tokio::spawn(async move {
            caller.tool("create_todo", json!({ "project_id": "p", "title": "over the jump" })).await
        });
        eventually("the call runs", async || in_flight(&daemon).await == 1).await;
        let silent = tokio::spawn(stall(daemon.address(), "", Shape::Silent, Duration::ZERO));
        let began = Instant::now();
        jump(&clock, to);
        // The date of a key tells that the daemon's wall clock did jump.
        eventually("the clock jumps", async || (status(&dated).await == 401) == expired).await;
        assert_eq!(status(&bounded).await, 429, "{to}: no token came or went");
        assert_eq!(in_session().await, 200, "{to}: the session goes on");
        let silent = silent.await.unwrap().unwrap().lasted;
        assert!((1500..5000).contains(&silent.as_millis()), "{to}: the deadline of 2 s took {silent:?}");
        assert!(began.elapsed() < Duration::from_secs(20), "{to}: {:?}", began.elapsed());
        drop(held);
        assert_eq!(running.await.unwrap()["success"], true, "{to}: what ran is answered");
        for stream in &mut streams {
            let ended = tokio::time::timeout(Duration::from_millis(1), stream.chunk()).await;
            assert!(!matches!(ended, Ok(Ok(None) | Err(_))), "{to}: a stream ended");
        }
    }
    assert!(!daemon.logged().contains("panicked"));
}
