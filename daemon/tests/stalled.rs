//! Connections that stall are closed, and those who ask are served meanwhile, whatever is running out.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{sync::Arc, time::Duration};

use futures::future::join_all;
use serde_json::json;
use support::{
    Daemon, ROOMY, eventually, in_time,
    shapes::{Line, Shape, stall},
};

/// Deadlines that a test can wait for; idling is not among them, so that each shape meets its own.
const SHORT: &str = "[server]\nfirst_byte_deadline = \"3s\"\nheader_deadline = \"3s\"\nbody_deadline = \"3s\"\n\
                     write_deadline = \"3s\"\nkeep_alive = \"300s\"\n";

/// A daemon that closes nothing by itself while a test runs.
const PATIENT: &str = "first_byte_deadline = \"300s\"\nkeep_alive = \"300s\"";

fn with(server: &str) -> String {
    format!("{ROOMY}[server]\n{server}\n")
}

#[tokio::test]
async fn each_shape_is_closed_while_others_are_served() {
    let daemon = Daemon::start(&format!("{ROOMY}{SHORT}"));
    let address = daemon.address();
    let shapes = Shape::ALL.repeat(4);
    let pace = Duration::from_millis(50);
    let stalls = join_all(shapes.into_iter().map(|shape| stall(address, &daemon.key, shape, pace)));
    let mut stalls = std::pin::pin!(stalls);
    let peer = daemon.peer();
    let stalled = loop {
        tokio::select! {
            stalled = in_time(&mut stalls) => break stalled,
            (status, _) = peer.ask("ping", json!({}), &[]) => assert_eq!(status, 200),
        }
    };
    for one in stalled {
        let one = one.unwrap();
        assert!(one.lasted >= Duration::from_millis(2900), "{one:?}");
        match one.shape {
            Shape::Silent | Shape::HalfHead => assert_eq!(one.told, "", "{one:?}"),
            Shape::NoBody => assert!(one.told.starts_with("HTTP/1.1 408 "), "{one:?}"),
            Shape::Trickle | Shape::Deaf => {}
        }
    }
    assert_eq!(peer.ask("ping", json!({}), &[]).await.0, 200);
    eventually("their places are given back", async || {
        daemon.obey(mcpd_ipc::connections::ConnectionsList {}).await.connections.len() == 1
    })
    .await;
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_an_old_one_finishes_first() {
    let daemon = Daemon::start(&with("keep_alive = \"500ms\""));
    let mut idle = Line::open(daemon.address()).await.unwrap();
    assert_eq!(idle.ping(&daemon.key).await.unwrap(), 200);
    in_time(idle.closed()).await;

    let daemon = Daemon::start(&with("connection_age = \"500ms\""));
    // A machine that pauses may let one grow old before its first request.
    eventually("an old one has been answered and is closed", async || {
        let mut old = Line::open(daemon.address()).await.unwrap();
        let mut answered = 0;
        let talk = async {
            while let Ok(status) = old.ping(&daemon.key).await {
                assert_eq!(status, 200);
                answered += 1;
            }
        };
        in_time(talk).await;
        answered > 0
    })
    .await;
}

#[tokio::test]
async fn deadlines_are_live() {
    let daemon = Daemon::start(&with("first_byte_deadline = \"300s\""));
    std::fs::write(daemon.state().join("mcpd.toml"), with("first_byte_deadline = \"200ms\"")).unwrap();
    daemon.obey(mcpd_ipc::life::Reload {}).await;
    in_time(stall(daemon.address(), "", Shape::Silent, Duration::ZERO)).await.unwrap();
}

#[tokio::test]
async fn a_newcomer_takes_the_place_of_the_oldest_stranger_and_of_no_other() {
    let daemon = Daemon::start(&format!("{ROOMY}connections = 3\n[server]\n{PATIENT}\n"));
    let address = daemon.address();
    let count = async || daemon.obey(mcpd_ipc::connections::ConnectionsList {}).await.connections.len();
    let mut known = Line::open(address).await.unwrap();
    assert_eq!(known.ping(&daemon.key).await.unwrap(), 200);
    let mut oldest = Line::open(address).await.unwrap();
    eventually("the stranger has its place", async || count().await == 2).await;
    let mut younger = Line::open(address).await.unwrap();
    eventually("the house is full", async || count().await == 3).await;

    let mut newcomer = Line::open(address).await.unwrap();
    assert_eq!(newcomer.ping(&daemon.key).await.unwrap(), 200);
    in_time(oldest.closed()).await;
    assert_eq!(younger.ping(&daemon.key).await.unwrap(), 200, "the younger stranger kept its place");
    let mut last = Line::open(address).await.unwrap();
    assert_eq!(last.ping(&daemon.key).await.unwrap(), 503, "nobody is a stranger any more");
    assert_eq!(known.ping(&daemon.key).await.unwrap(), 200);
    eventually("it is logged", async || daemon.logged().contains("reason=\"pushed_out\"")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_descriptors_operators_and_the_store_go_on() {
    let daemon = Arc::new(Daemon::start_with_descriptors(96, &with(PATIENT)));
    let address = daemon.address();
    // Strangers first: each pushes out another. Then those with a key, who stay.
    let mut strangers = Vec::new();
    for _ in 0..300 {
        strangers.push(in_time(Line::open(address)).await.unwrap());
    }
    let (mut known, mut refused) = (Vec::new(), 0);
    for _ in 0..200 {
        let mut line = in_time(Line::open(address)).await.unwrap();
        match in_time(line.ping(&daemon.key)).await {
            Ok(200) => known.push(line),
            Ok(503) | Err(_) => refused += 1,
            Ok(other) => assert_eq!(other, 503),
        }
        let listed = in_time(daemon.obey(mcpd_ipc::connections::ConnectionsList {})).await;
        assert!(listed.connections.len() <= 22, "{}", listed.connections.len());
    }
    assert_eq!((known.len(), refused), (22, 178), "as many as the descriptors allow");
    let operators = join_all((0..16).map(|_| daemon.operator())).await;
    assert_eq!(operators.len(), 16, "many operators at a time");
    let status = in_time(daemon.obey(mcpd_ipc::life::Status {})).await;
    assert_eq!(status.status, "healthy", "the store answers");
    for line in &mut known {
        assert_eq!(in_time(line.ping(&daemon.key)).await.unwrap(), 200);
    }
    let log = daemon.logged();
    assert!(log.contains("limits.connections = 1000 is more than"), "{log}");
    assert_eq!(log.matches("cannot be accepted").count(), 0, "descriptors never ran out: {log}");
}
