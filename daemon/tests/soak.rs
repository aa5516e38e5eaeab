//! Half an hour of mixed load with a fault each minute: memory and file descriptors stay flat, and nobody meets an error
//! that no fault explains. It needs root, and is run by hand:
//! `cargo test --release -p mcpd --test soak -- --ignored --nocapture`; `MCPD_SOAK_MINUTES` makes it shorter or longer.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and tells its figures"
)]

mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use mcpd_ipc::{audit::AuditVerify, care::Backup, keys::KeysRevoke, life::Status};
use parking_lot::Mutex;
use serde_json::{Value, json};
use support::{
    Daemon, Peer, ROOMY, eventually,
    faults::{Failing, need_root},
    plain_key,
    shapes::{Shape, stall},
    siege::{mutate, resident, sse},
};
use tokio_util::sync::CancellationToken;

const MINUTE: Duration = Duration::from_secs(60);
/// How long a fault lasts.
const FAULT: Duration = Duration::from_secs(5);
/// How long after its end it may still explain an error: what it held up has come through by then.
const AFTERMATH: Duration = Duration::from_secs(5);
/// How far memory may go up from the first third of the time to the last, in KiB.
const ROOM: i64 = 32 * 1024;

/// What happens in one minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    SyncFails,
    WriteFails,
    DiskFull,
    AuditAway,
    BadReload,
    Reload,
    NoDescriptors,
    Stalls,
    Mutants,
    KeyRevoked,
    Backup,
    StreamsCut,
}

impl Fault {
    const ALL: [Self; 12] = [
        Self::SyncFails,
        Self::Stalls,
        Self::WriteFails,
        Self::Reload,
        Self::DiskFull,
        Self::BadReload,
        Self::AuditAway,
        Self::KeyRevoked,
        Self::NoDescriptors,
        Self::Mutants,
        Self::Backup,
        Self::StreamsCut,
    ];

    /// Answers whether it may make a write fail.
    fn excuses_writes(self) -> bool {
        matches!(self, Self::SyncFails | Self::WriteFails | Self::DiskFull)
    }
}

/// What the clients met.
#[derive(Default)]
struct Met {
    calls: AtomicU64,
    excused: AtomicU64,
    /// Since when writes may fail, or until when they could.
    excuse: Mutex<Option<Result<(), Instant>>>,
    unexplained: Mutex<BTreeMap<String, u64>>,
}

impl Met {
    fn failed(&self, writes: bool, what: String) {
        let excused = writes
            && match *self.excuse.lock() {
                Some(Ok(())) => true,
                Some(Err(ended)) => ended.elapsed() < AFTERMATH,
                None => false,
            };
        if excused {
            self.excused.fetch_add(1, Ordering::Relaxed);
        } else {
            *self.unexplained.lock().entry(what).or_default() += 1;
        }
    }
}

/// One client that goes through the tools, a little slower than it could.
async fn client(number: u64, peer: Peer, met: Arc<Met>, stop: CancellationToken) {
    let mut todo: Option<String> = None;
    for turn in 0u64.. {
        if stop.is_cancelled() {
            return;
        }
        let project = format!("p{}", number % 3);
        // As many memories as there are once: what is kept does not grow with time, but for todos, which are small.
        let content = format!("fact {} about the staging database of client {number}", turn % 200);
        // What is created is done soon, so that as many wait as did before.
        let done = todo.take_if(|_| turn % 6 == 4);
        let (tool, writes, arguments) = match turn % 6 {
            4 if done.is_some() => {
                ("update_todo_status", true, json!({ "todo_id": done, "status": "completed" }))
            }
            0 => {
                ("create_todo", true, json!({ "project_id": project, "title": format!("t{number}n{turn}") }))
            }
            1 => ("store_memory", true, json!({ "project_id": project, "content": content })),
            2 => ("retrieve_memory", false, json!({ "project_id": project, "query": "staging database" })),
            3 => ("list_todos", false, json!({ "project_id": project, "limit": 20 })),
            4 => ("get_next_todo", false, json!({ "project_id": project })),
            _ => ("get_project_context", false, json!({ "project_id": project })),
        };
        let body = json!({ "jsonrpc": "2.0", "id": turn, "method": "tools/call",
                           "params": { "name": tool, "arguments": arguments } });
        let sent =
            peer.http.post(&peer.url).bearer_auth(&peer.key).header("content-type", "application/json");
        met.calls.fetch_add(1, Ordering::Relaxed);
        match sent.header("accept", "application/json").body(body.to_string()).send().await {
            Err(error) => met.failed(false, format!("{tool}: {error:?}")),
            Ok(answer) => {
                let status = answer.status().as_u16();
                let body: Value = answer.json().await.unwrap_or_default();
                if status != 200 || body["result"]["isError"] != json!(false) {
                    let said = body["result"]["content"][0]["text"].as_str().unwrap_or_default();
                    met.failed(writes, format!("{tool}: {status} {} {}", body["error"], head(said)));
                }
                todo = body["result"]["structuredContent"]["todo_id"].as_str().map(str::to_owned).or(todo);
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Returns the beginning of a text, which says what it is about.
fn head(text: &str) -> String {
    text.chars().take(80).collect()
}

fn descriptors(pid: u32) -> usize {
    std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count()
}

fn limit(pid: u32, soft: usize) {
    let set = std::process::Command::new("prlimit")
        .args([format!("--pid={pid}"), format!("--nofile={soft}:")])
        .status();
    assert!(set.unwrap().success());
}

async fn strike(fault: Fault, daemon: &Arc<Daemon>, met: &Met) {
    let pid = daemon.pid();
    if fault.excuses_writes() {
        *met.excuse.lock() = Some(Ok(()));
    }
    let failing = async |calls: &str, error: &str| {
        let failing = Failing::begin(pid, calls, error);
        tokio::time::sleep(FAULT).await;
        failing.end();
    };
    match fault {
        Fault::SyncFails => failing("fsync,fdatasync", "EIO").await,
        Fault::WriteFails => failing("pwrite64", "EIO").await,
        Fault::DiskFull => failing("pwrite64,ftruncate,fallocate", "ENOSPC").await,
        Fault::AuditAway => {
            let (here, away) = (daemon.state().join("audit"), daemon.state().join("away"));
            std::fs::rename(&here, &away).unwrap();
            assert!(daemon.operator().await.call(plain_key("never")).await.is_err());
            std::fs::rename(&away, &here).unwrap();
        }
        Fault::BadReload => {
            let file = daemon.state().join("mcpd.toml");
            let good = std::fs::read_to_string(&file).unwrap();
            std::fs::write(&file, "limits = [\n").unwrap();
            assert!(daemon.operator().await.call(mcpd_ipc::life::Reload {}).await.is_err());
            std::fs::write(&file, good).unwrap();
        }
        Fault::Reload => daemon.signal("HUP"),
        Fault::NoDescriptors => {
            limit(pid, 3);
            tokio::time::sleep(FAULT).await;
            limit(pid, 4096);
        }
        Fault::Stalls => {
            let stalls = (0..200).map(|number| {
                let (address, key) = (daemon.address(), daemon.key.clone());
                let shape = Shape::ALL[number % Shape::ALL.len()];
                tokio::spawn(
                    async move { stall(address, &key, shape, Duration::from_secs(1)).await.map(drop) },
                )
            });
            for stalled in stalls.collect::<Vec<_>>() {
                let _ = stalled.await.unwrap();
            }
        }
        Fault::Mutants => drop(mutate(daemon, 1000).await),
        Fault::KeyRevoked => {
            let (id, secret) = daemon.issue(plain_key("passing")).await;
            let peer = Peer::new(&daemon.base, &secret);
            let streams = [sse(&peer).await, sse(&peer).await];
            daemon.obey(KeysRevoke { key: id }).await;
            drop(streams);
        }
        Fault::Backup => {
            let file = daemon.home().join("backup").to_str().unwrap().to_owned();
            daemon.obey(Backup { file, overwrite: true }).await;
        }
        Fault::StreamsCut => {
            for _ in 0..50 {
                drop(sse(&daemon.peer()).await);
            }
        }
    }
    if fault.excuses_writes() {
        *met.excuse.lock() = Some(Err(Instant::now()));
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long, and needs root: cargo test --release -p mcpd --test soak -- --ignored --nocapture"]
async fn half_an_hour_with_a_fault_each_minute() {
    need_root();
    let minutes: usize = std::env::var("MCPD_SOAK_MINUTES").map_or(30, |text| text.parse().unwrap());
    let settings = "[server]\nfirst_byte_deadline = \"3s\"\nheader_deadline = \"3s\"\nbody_deadline = \"5s\"\nkeep_alive = \"3s\"\n";
    let daemon = Arc::new(Daemon::start(&format!("{ROOMY}{settings}[audit]\ncalls = \"writes\"\n")));
    let (pid, met, stop) = (daemon.pid(), Arc::<Met>::default(), CancellationToken::new());
    let clients: Vec<_> = (0..8)
        .map(|number| tokio::spawn(client(number, daemon.peer(), Arc::clone(&met), stop.clone())))
        .collect();
    // Who asks about a project that does not exist yet is told so, whatever fails.
    eventually("every project is there", async || met.calls.load(Ordering::Relaxed) > 500).await;
    let mut seen: Vec<(i64, usize)> = Vec::new();
    for minute in 0..minutes {
        let began = Instant::now();
        let fault = Fault::ALL[minute % Fault::ALL.len()];
        strike(fault, &daemon, &met).await;
        eventually("it is well again", async || daemon.obey(Status {}).await.status == "healthy").await;
        tokio::time::sleep(MINUTE.saturating_sub(began.elapsed())).await;
        seen.push((resident(pid), descriptors(pid)));
        let (calls, excused) = (met.calls.load(Ordering::Relaxed), met.excused.load(Ordering::Relaxed));
        let (kib, open) = seen[minute];
        println!(
            "minute {:>2} {fault:<13} {kib:>7} KiB {open:>4} descriptors {calls:>8} calls, {excused} excused, {} not",
            minute + 1,
            met.unexplained.lock().values().sum::<u64>(),
            fault = format!("{fault:?}"),
        );
    }
    stop.cancel();
    for client in clients {
        client.await.unwrap();
    }
    let unexplained = met.unexplained.lock().clone();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    assert_eq!(daemon.obey(Status {}).await.pid, pid, "it was not restarted");
    let third = (minutes / 3).max(1);
    let most = |part: &[(i64, usize)]| {
        (part.iter().map(|(kib, _)| *kib).max().unwrap(), part.iter().map(|(_, open)| *open).max().unwrap())
    };
    let ((early, early_open), (late, late_open)) = (most(&seen[..third]), most(&seen[minutes - third..]));
    println!("memory {early} to {late} KiB, descriptors {early_open} to {late_open}");
    assert!(late <= early + ROOM, "memory grew from {early} to {late} KiB");
    assert!(late_open <= early_open + 16, "descriptors grew from {early_open} to {late_open}");
    // The records tell of the folder that was moved away, and of nothing else.
    let bad = daemon.obey(AuditVerify { after: 0, checkpoint: None }).await.bad;
    assert!(bad.is_none_or(|bad| bad.why.contains("was changed, moved or removed")));
}
