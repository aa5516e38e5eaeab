//! A drain under load, in small: what runs is answered, and streams of every kind end as they should. The full figures
//! are in `under_drain.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use serde_json::json;
use sqlx::Connection;
use support::{
    Daemon, ROOMY, eventually, hold, in_flight,
    siege::{socket, streams, to_the_end},
};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

const CALLS: u64 = 40;
const STREAMS: usize = 15;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn forty_calls_are_answered_and_streams_of_every_kind_end_cleanly() {
    let mut daemon = Daemon::start(ROOMY);
    let mut reading = JoinSet::new();
    for stream in streams(&daemon.peer(), STREAMS).await {
        reading.spawn(to_the_end(stream));
    }
    let mut open = socket(&daemon).await;
    let held = hold(&daemon).await;
    let mut calls = JoinSet::new();
    for number in 0..CALLS {
        let peer = daemon.peer();
        let arguments = json!({ "project_id": "drain", "title": format!("call {number}") });
        calls.spawn(async move { peer.tool("create_todo", arguments).await });
    }
    eventually("all calls run", async || in_flight(&daemon).await == CALLS).await;
    daemon.signal("TERM");
    assert_eq!(open.next().await, Err(Some(CloseCode::Away)));
    eventually("streams that wait for nothing end first", async || {
        while reading.try_join_next().map(|stream| stream.unwrap().expect("no stream breaks off")).is_some() {
        }
        reading.is_empty()
    })
    .await;
    assert_eq!(in_flight(&daemon).await, CALLS, "and no call with them");
    held.close().await.unwrap();
    for answer in calls.join_all().await {
        assert_eq!(answer["success"], true, "every call in flight is answered");
    }
    assert!(daemon.wait().success());
}
