//! Disks that fail, fill up and become read-only, and descriptors that run out: nothing is acknowledged that is not kept,
//! reads go on, everybody sees that something is wrong, and it ends by itself.
//!
//! These need root; `./check` runs them where it has that.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and tells its figures"
)]

mod support;

use std::{
    collections::HashSet,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use mcpd_ipc::{
    CallError,
    audit::AuditVerify,
    keys::KeysList,
    life::{Status, StatusReport},
};
use serde_json::{Value, json};
use support::{
    Daemon, Peer, ROOMY, eventually,
    faults::{Failing, Mounted, need_root},
    in_time, plain_key,
    shapes::{Line, post},
};

const WRITERS: usize = 8;

/// Clients that write and read without a pause.
struct Crowd {
    stop: Arc<AtomicBool>,
    acknowledged: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
    reads: Arc<AtomicU64>,
    tasks: Vec<tokio::task::JoinHandle<HashSet<String>>>,
}

impl Crowd {
    fn start(daemon: &Daemon) -> Self {
        let (stop, counters) = (Arc::<AtomicBool>::default(), [(); 3].map(|()| Arc::<AtomicU64>::default()));
        let [acknowledged, refused, reads] = counters;
        let writers = (0..WRITERS).map(|writer| {
            let (peer, stop) = (daemon.peer(), Arc::clone(&stop));
            let (acknowledged, refused) = (Arc::clone(&acknowledged), Arc::clone(&refused));
            tokio::spawn(async move {
                let mut kept = HashSet::new();
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let title = format!("w{writer}n{number}");
                    let answer =
                        call(&peer, "create_todo", json!({ "project_id": "p", "title": title })).await;
                    if answer["isError"] == json!(false) {
                        acknowledged.fetch_add(1, Ordering::SeqCst);
                        kept.insert(title);
                    } else {
                        // A clean failure of the tool, with what to do and an id for the log, and nothing of the system.
                        let text = answer["content"][0]["text"].as_str().unwrap_or_default();
                        assert!(text.contains("nothing was written"), "{answer}");
                        assert!(!text.contains("SQL") && !text.contains("disk I/O"), "{answer}");
                        refused.fetch_add(1, Ordering::SeqCst);
                    }
                }
                kept
            })
        });
        let mut tasks: Vec<_> = writers.collect();
        let (peer, ending, counted) = (daemon.peer(), Arc::clone(&stop), Arc::clone(&reads));
        tasks.push(tokio::spawn(async move {
            while !ending.load(Ordering::Relaxed) {
                let answer = call(&peer, "list_todos", json!({ "project_id": "p", "limit": 1 })).await;
                assert_eq!(answer["isError"], json!(false), "reads go on: {answer}");
                counted.fetch_add(1, Ordering::SeqCst);
            }
            HashSet::new()
        }));
        Self { stop, acknowledged, refused, reads, tasks }
    }

    fn counts(&self) -> [u64; 3] {
        [&self.acknowledged, &self.refused, &self.reads].map(|counter| counter.load(Ordering::SeqCst))
    }

    /// Returns everything that was acknowledged.
    async fn end(self) -> HashSet<String> {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = HashSet::new();
        for task in self.tasks {
            all.extend(task.await.unwrap());
        }
        all
    }
}

async fn call(peer: &Peer, tool: &str, arguments: Value) -> Value {
    let (status, body) = peer.ask("tools/call", json!({ "name": tool, "arguments": arguments }), &[]).await;
    assert_eq!(status, 200, "{body}");
    body["result"].clone()
}

async fn todos(peer: &Peer) -> HashSet<String> {
    let (mut found, mut offset) = (HashSet::new(), Some(0));
    while let Some(from) = offset {
        let page = peer.tool("list_todos", json!({ "project_id": "p", "limit": 500, "offset": from })).await;
        let titles = page["todos"].as_array().unwrap().iter();
        found.extend(titles.map(|todo| todo["title"].as_str().unwrap().to_owned()));
        offset = page["next_offset"].as_u64();
    }
    found
}

async fn is_well(daemon: &Daemon) {
    eventually("it is well again", async || daemon.obey(Status {}).await.status == "healthy").await;
}

/// Lets a fault begin and end under a crowd, and holds what must hold of every fault of the disk.
async fn under(
    what: &str,
    mut daemon: Daemon,
    begin: impl AsyncFnOnce(&Daemon),
    end: impl AsyncFnOnce(&Daemon),
) {
    let pid = daemon.pid();
    daemon.peer().tool("create_todo", json!({ "project_id": "p", "title": "first" })).await;
    let crowd = Crowd::start(&daemon);
    eventually("the crowd writes", async || crowd.counts()[0] > 200).await;
    begin(&daemon).await;
    eventually("writes are refused", async || crowd.counts()[1] > 0).await;
    // One group may have been on its way to the disk.
    let [before, ..] = crowd.counts();
    let [_, refused, reads] = crowd.counts();
    eventually("reads go on", async || crowd.counts()[2] > reads + 20 && crowd.counts()[1] > refused + 8)
        .await;
    let [after, ..] = crowd.counts();
    assert!(
        after <= before + WRITERS as u64,
        "{what}: {} were acknowledged after the failure",
        after - before
    );
    let StatusReport { status, reason, .. } = daemon.obey(Status {}).await;
    assert_eq!(
        (status.as_str(), reason.as_deref()),
        ("degraded", Some("the database cannot be written")),
        "{what}"
    );
    let health = daemon.peer().http.get(format!("{}/health", daemon.base)).send().await.unwrap();
    assert!(health.text().await.unwrap().contains("the database cannot be written"));
    let ready = daemon.peer().http.get(format!("{}/ready", daemon.base)).send().await.unwrap();
    assert_eq!(ready.status(), 200, "what only reads is served");
    // What operators order is not done either, since it cannot be recorded, or is not kept; looking is.
    let ordered = daemon.operator().await.call(plain_key("meanwhile")).await;
    assert!(matches!(ordered, Err(CallError::Refused(_))), "{what}: {ordered:?}");
    daemon.obey(KeysList {}).await;
    end(&daemon).await;
    let ended = Instant::now();
    eventually("writes are taken again", async || crowd.counts()[0] > after + 200).await;
    let recovered = ended.elapsed();
    is_well(&daemon).await;
    daemon.obey(plain_key("afterwards")).await;
    assert!(daemon.is_alive() && daemon.pid() == pid, "{what}: it was not restarted");
    let [acknowledged, refused, reads] = crowd.counts();
    let mut expected = crowd.end().await;
    expected.insert("first".to_owned());
    let daemon = daemon.kill_and_restart();
    let lost: Vec<_> = expected.difference(&todos(&daemon.peer()).await).cloned().collect();
    assert!(lost.is_empty(), "{what}: {} acknowledged writes are lost: {lost:?}", lost.len());
    let sound: String = sqlx::query_scalar("PRAGMA integrity_check")
        .fetch_one(&mut support::open(&daemon).await)
        .await
        .unwrap();
    assert_eq!(sound, "ok", "{what}");
    assert_eq!(daemon.obey(AuditVerify { after: 0, checkpoint: None }).await.bad, None, "{what}");
    println!(
        "{what}: {acknowledged} writes acknowledged and kept, {refused} refused, {reads} reads, 200 more writes \
         {recovered:.1?} after its end"
    );
}

async fn calls_fail(what: &str, calls: &'static str, error: &'static str) {
    need_root();
    let daemon = Daemon::start(ROOMY);
    let failing = std::cell::RefCell::new(None);
    under(
        what,
        daemon,
        async |daemon| drop(failing.borrow_mut().replace(Failing::begin(daemon.pid(), calls, error))),
        async |_| failing.borrow_mut().take().unwrap().end(),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root: ./check, or cargo test -p mcpd --test faults -- --ignored"]
async fn a_failed_sync_is_no_acknowledgement() {
    calls_fail("fsync fails with EIO", "fsync,fdatasync", "EIO").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root: ./check, or cargo test -p mcpd --test faults -- --ignored"]
async fn a_failed_write_is_no_acknowledgement() {
    calls_fail("write fails with EIO", "pwrite64", "EIO").await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root: ./check, or cargo test -p mcpd --test faults -- --ignored"]
async fn a_write_without_room_is_no_acknowledgement() {
    calls_fail("write fails with ENOSPC", "pwrite64,fallocate,ftruncate", "ENOSPC").await;
}

/// Starts a daemon whose state lies on a file system of its own.
fn on(mounted: &Mounted) -> Daemon {
    let home = tempfile::tempdir_in(mounted.path()).unwrap();
    let state = home.path().join("state");
    std::fs::create_dir(&state).unwrap();
    std::fs::write(state.join("mcpd.toml"), ROOMY).unwrap();
    Daemon::start_in(home, &[])
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root: ./check, or cargo test -p mcpd --test faults -- --ignored"]
async fn a_full_disk_refuses_writes_until_there_is_room() {
    let disk = Mounted::memory(64);
    under("the disk is full", on(&disk), async |_| disk.fill(), async |_| disk.empty()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root: ./check, or cargo test -p mcpd --test faults -- --ignored"]
async fn a_disk_that_became_read_only_still_serves_reads() {
    let disk = Mounted::ext4(64);
    let daemon = on(&disk);
    let peer = daemon.peer();
    let kept: HashSet<String> = (0..50).map(|number| format!("t{number}")).collect();
    for title in &kept {
        peer.tool("create_todo", json!({ "project_id": "p", "title": title })).await;
    }
    disk.abort();
    let refused = call(&peer, "create_todo", json!({ "project_id": "p", "title": "late" })).await;
    assert_eq!(refused["isError"], json!(true), "{refused}");
    assert_eq!(todos(&peer).await, kept);
    let status = daemon.obey(Status {}).await;
    assert_eq!(status.reason.as_deref(), Some("the database cannot be written"));
    println!("the disk became read-only: reads go on, writes are refused, {:?}", status.reason.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs root: ./check, or cargo test -p mcpd --test faults -- --ignored"]
async fn descriptors_that_run_out_keep_newcomers_waiting_and_lose_nobody() {
    need_root();
    let mut daemon = Daemon::start(ROOMY);
    // A client with a pool may open a second connection whenever it likes, and would be a newcomer then.
    let mut line = Line::open(daemon.address()).await.unwrap();
    let mut write = async |title: &str| {
        let params = json!({ "name": "create_todo", "arguments": { "project_id": "p", "title": title } });
        let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
        let (status, answer) = in_time(line.send(&post(&daemon.key, &call))).await.unwrap();
        let answer: Value = serde_json::from_str(&answer).unwrap();
        assert!(status == 200 && answer["result"]["structuredContent"].is_object(), "{answer}");
    };
    write("first").await;
    let limit = |soft: usize| {
        let set = Command::new("prlimit")
            .args([format!("--pid={}", daemon.pid()), format!("--nofile={soft}:")])
            .status();
        assert!(set.unwrap().success());
    };
    // The lowest free number counts, and 0 to 2 are taken.
    limit(3);
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(1)).build().unwrap();
    let newcomer = http.get(format!("{}/health", daemon.base)).send().await;
    assert!(newcomer.is_err(), "there is no descriptor for it");
    for number in 0..100 {
        write(&format!("t{number}")).await;
    }
    limit(256);
    eventually("newcomers are served again", async || {
        http.get(format!("{}/health", daemon.base)).send().await.is_ok_and(|answer| answer.status() == 200)
    })
    .await;
    assert_eq!(todos(&daemon.peer()).await.len(), 101);
    assert!(daemon.is_alive());
    println!("no descriptors: 100 writes of those who were there, newcomers served again");
}
