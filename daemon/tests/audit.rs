//! The audit as operators and clients fill it: every command, every denied call, calls as configured; and nothing is
//! done that cannot be recorded.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::{io::Write, path::Path, process::Stdio, time::Duration};

use mcpd_ipc::{
    CallError, FaultKind,
    allow::AllowAdd,
    audit::{AuditRecord, AuditTail, AuditVerify},
    keys::{KeyInfo, KeysList, KeysRevoke},
    life::{Reload, Status},
};
use serde_json::{Value, json};
use support::{Daemon, Peer, eventually, mcpd, plain_key};

async fn records(daemon: &Daemon) -> Vec<AuditRecord> {
    let all = AuditTail { limit: 1000, after: 0, actor: None, action: None };
    daemon.obey(all).await.records
}

fn told(record: &AuditRecord) -> String {
    let subject = record.subject.clone().unwrap_or_default();
    format!("{} {} [{subject}] {}", record.action, record.fate, record.why.clone().unwrap_or_default())
}

#[tokio::test]
async fn commands_and_denied_calls_are_recorded_with_who_gave_them() {
    let mut daemon = Daemon::start("");
    let ask = mcpd_ipc::keys::KeysAdd { tools: vec!["store_memory".into()], ..plain_key("laptop") };
    let (id, secret) = daemon.issue(ask).await;
    let peer = Peer::new(&daemon.base, &secret);
    let call = json!({ "name": "create_todo", "arguments": { "project_id": "p", "title": "t" } });
    for _ in 0..3 {
        peer.ask("tools/call", call.clone(), &[]).await;
    }
    let stranger = Peer::new(&daemon.base, "mcpd_sk_nobody");
    assert_eq!(stranger.ask("ping", json!({}), &[]).await.0, 401);
    daemon.obey(KeysList {}).await;
    daemon.obey(Status {}).await;
    let gone = daemon.operator().await.call(KeysRevoke { key: "nobody".into() }).await;
    assert!(matches!(gone, Err(CallError::Refused(fault)) if fault.kind == FaultKind::NotFound));
    daemon.signal("HUP");
    eventually("the signal is recorded", async || {
        records(&daemon).await.iter().any(|record| record.actor == "signal" && record.action == "reload")
    })
    .await;
    let all = records(&daemon).await;
    let own = rustix::process::geteuid().as_raw();
    let of = |actor: &str, action: &str| -> Vec<String> {
        let wanted = |one: &&AuditRecord| one.actor == actor && one.action == action;
        all.iter().filter(wanted).map(told).collect()
    };
    let operator = format!("uid:{own}");
    assert_eq!(
        of(&operator, "keys add"),
        [
            "keys add asked [name=laptop tools=store_memory] ".to_owned(),
            format!("keys add done [name=laptop tools=store_memory] key {id}"),
        ]
    );
    assert_eq!(of(&operator, "keys revoke")[1], "keys revoke failed [key=nobody] there is no key \"nobody\"");
    assert_eq!(of(&operator, "keys list").len(), 1);
    assert_eq!(of(&operator, "status"), [""; 0], "what is asked all the time tells nothing");
    assert_eq!(of("peer:127.0.0.1", "call"), ["call denied [] malformed key"]);
    assert_eq!(daemon.obey(AuditVerify { after: 0, checkpoint: None }).await.bad, None);
    daemon.signal("TERM");
    daemon.wait();
    let text = std::fs::read_to_string(daemon.state().join("audit/audit-000000000001.jsonl")).unwrap();
    assert!(!text.contains(&secret[21..]) && !text.contains("mcpd_sk_"), "no secret is in it");
    // What is denied again waits, but not beyond the end.
    let denied: u64 = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|one| one["actor"] == format!("key:{id}") && one["fate"] == "denied")
        .inspect(|one| assert_eq!(one["subject"], "create_todo"))
        .map(|one| one["times"].as_u64().unwrap_or(1))
        .sum();
    assert_eq!(denied, 3);
}

#[tokio::test]
async fn who_comes_to_the_socket_is_recorded_whatever_they_say() {
    let daemon = Daemon::start("");
    let connect = || std::os::unix::net::UnixStream::connect(daemon.state().join("run/mcpd.sock")).unwrap();
    connect().write_all(&[0xff; 64]).unwrap();
    connect().write_all(b"\0\0\0\x02{}").unwrap();
    drop(connect()); // a look whether somebody answers
    let mut stdio = mcpd(daemon.home());
    stdio.args(["stdio", "--state-dir"]).arg(daemon.state()).stdin(Stdio::null()).stdout(Stdio::null());
    assert!(stdio.status().unwrap().success());
    let own = format!("uid:{}", rustix::process::geteuid().as_raw());
    let expected = [
        "bridge done [] ",
        "hello denied [] a frame of 4294967295 bytes is over the limit of 4096",
        "hello denied [] the hello cannot be read",
    ];
    let mut told = Vec::new();
    eventually("all of them are recorded", async || {
        let came =
            |one: &&AuditRecord| one.actor == own && ["bridge", "hello"].contains(&one.action.as_str());
        let all = records(&daemon).await;
        told = all.iter().filter(came).flat_map(|one| vec![self::told(one); one.times as usize]).collect();
        told.len() >= 3
    })
    .await;
    told.sort();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn calls_are_recorded_as_configured_and_live() {
    let daemon = Daemon::start("");
    let calls = async |daemon: &Daemon| {
        let peer = daemon.peer();
        peer.tool("create_todo", json!({ "project_id": "p", "title": "t" })).await;
        peer.tool("list_todos", json!({ "project_id": "p" })).await;
        let of_calls =
            AuditTail { limit: 100, after: 0, actor: Some("key:".into()), action: Some("call".into()) };
        daemon.obey(of_calls).await.records.iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(calls(&daemon).await, [""; 0]);
    for (setting, expected) in [
        ("writes", vec!["call done [create_todo] "]),
        ("all", vec!["call done [create_todo] ", "call done [create_todo] ", "call done [list_todos] "]),
    ] {
        std::fs::write(daemon.state().join("mcpd.toml"), format!("[audit]\ncalls = \"{setting}\"\n"))
            .unwrap();
        assert_eq!(daemon.obey(Reload {}).await.live, ["audit.calls"]);
        assert_eq!(calls(&daemon).await, expected);
    }
}

#[tokio::test]
async fn what_cannot_be_recorded_is_not_done_and_that_ends_by_itself() {
    let daemon = Daemon::start("[audit]\nfile_size = 1\n");
    let keys = daemon.obey(KeysList {}).await.keys.len();
    let (here, away) = (daemon.state().join("audit"), daemon.state().join("away"));
    std::fs::rename(&here, &away).unwrap();
    let mut operator = daemon.operator().await;
    for _ in 0..2 {
        let Err(CallError::Refused(fault)) = operator.call(plain_key("more")).await else {
            panic!("it was done")
        };
        assert!(fault.message.starts_with("the audit cannot be written: "), "{}", fault.message);
        assert!(fault.message.ends_with("; nothing was changed"), "{}", fault.message);
    }
    let Err(CallError::Refused(_)) = operator.call(AllowAdd { cidr: "10.0.0.0/8".into() }).await else {
        panic!("it was done")
    };
    let living = |keys: Vec<KeyInfo>| keys.len();
    assert_eq!(living(daemon.obey(KeysList {}).await.keys), keys, "looking is allowed");
    let status = daemon.obey(Status {}).await;
    assert_eq!(
        (status.status.as_str(), status.reason.as_deref()),
        ("degraded", Some("the audit cannot be written"))
    );
    let health = reqwest::get(format!("{}/health", daemon.base)).await.unwrap().text().await.unwrap();
    assert!(health.contains("degraded") && health.contains("the audit cannot be written"), "{health}");
    daemon.peer().tool("create_todo", json!({ "project_id": "p", "title": "calls go on" })).await;
    std::fs::rename(&away, &here).unwrap();
    eventually("it is well again", async || daemon.obey(Status {}).await.status == "healthy").await;
    daemon.obey(plain_key("more")).await;
    let all = records(&daemon).await;
    assert!(all.iter().any(|one| one.action == "audit_writes_again"));
    assert_eq!(
        all.iter()
            .filter(|one| one.actor != "mcpd" && one.action == "keys add" && one.fate == "done")
            .count(),
        1
    );
}

#[tokio::test]
async fn a_record_survives_a_kill_and_a_restart_goes_on() {
    let daemon = Daemon::start("");
    let (id, _) = daemon.issue(plain_key("kept")).await;
    let daemon = daemon.kill_and_restart();
    let all = records(&daemon).await;
    assert!(all.iter().any(|one| told(one).ends_with(&format!("key {id}"))));
    assert_eq!(all.iter().filter(|one| one.action == "started").count(), 2);
    assert_eq!(daemon.obey(AuditVerify { after: 0, checkpoint: None }).await.bad, None);
}

/// Looks through the audit of a home without a daemon, and returns what is said and the exit code.
fn verified(home: &Path, more: &[&str]) -> (String, Option<i32>) {
    let mut command = mcpd(home);
    command.args(["verify", "--state-dir"]).arg(home.join("state")).args(more);
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (String::from_utf8(said).unwrap().replace(home.to_str().unwrap(), "HOME"), output.status.code())
}

#[tokio::test]
async fn it_is_looked_through_without_a_daemon_too() {
    let mut daemon = Daemon::start("");
    daemon.obey(plain_key("laptop")).await;
    let checkpoint = daemon.obey(AuditVerify { after: 0, checkpoint: None }).await.checkpoint;
    daemon.signal("KILL");
    daemon.wait();
    let home = daemon.take_home();
    let look = |more: &[&str]| verified(home.path(), more);
    let (said, code) = look(&[]);
    assert!(said.starts_with("the audit is sound: ") && said.contains("\ncheckpoint "), "{said}");
    assert_eq!(code, Some(0), "{said}");
    let checkpoint = format!("{}:{}", checkpoint.seq, checkpoint.mac);
    assert_eq!(look(&["--checkpoint", &checkpoint]).1, Some(0));
    let (said, code) = look(&["--checkpoint", "1:short"]);
    assert!(said.contains("SEQ:MAC with 64 hexadecimal digits"), "{said}");
    assert_eq!(code, Some(2));

    let (audit, copy) = (home.path().join("state/audit"), home.path().join("copy"));
    std::fs::create_dir(&copy).unwrap();
    let text = std::fs::read_to_string(audit.join("audit-000000000001.jsonl")).unwrap();
    std::fs::write(copy.join("audit-000000000001.jsonl"), &text).unwrap();
    let copied = ["--directory", copy.to_str().unwrap()];
    let (said, code) = look(&copied);
    assert!(said.contains("the note of the last record is gone"), "{said}");
    assert_eq!(code, Some(1));
    std::fs::copy(audit.join("head"), copy.join("head")).unwrap();
    assert_eq!(look(&copied).1, Some(0));
    std::fs::write(copy.join("audit-000000000001.jsonl"), text.replace("name=laptop", "name=desktop"))
        .unwrap();
    let (said, code) = look(&copied);
    assert!(said.starts_with("the audit is not what was written\nrecord "), "{said}");
    assert!(said.contains("(HOME/copy/audit-000000000001.jsonl, line "), "{said}");
    assert_eq!(code, Some(1));

    std::fs::remove_file(home.path().join("state/audit.key")).unwrap();
    let (said, code) = look(&[]);
    let missing = "mcpd: the audit cannot be looked at: HOME/state/audit.key: No such file or directory";
    assert!(said.starts_with(missing), "{said}");
    assert_eq!(code, Some(1));
    assert!(!home.path().join("state/audit.key").exists(), "a look makes nothing");
}

#[tokio::test]
async fn who_finds_no_place_at_the_socket_or_says_nothing_there_is_recorded() {
    let daemon = Daemon::start_with_descriptors(400, "");
    let socket = daemon.state().join("run/mcpd.sock");
    let silent: Vec<_> = (0..40).map(|_| std::os::unix::net::UnixStream::connect(&socket).unwrap()).collect();
    let why = |record: &AuditRecord| record.why.clone().unwrap_or_default();
    eventually("their deadline has passed", async || {
        let Ok(mut operator) = mcpd_ipc::Client::connect(&socket, "test", Duration::from_secs(5)).await
        else {
            return false;
        };
        let all = AuditTail { limit: 1000, after: 0, actor: None, action: Some("hello".into()) };
        let Ok(page) = operator.call(all).await else { return false };
        let told: Vec<_> = page.records.iter().map(why).collect();
        ["too many operators at once", "no hello in time"].iter().all(|why| told.iter().any(|one| one == why))
    })
    .await;
    drop(silent);
}
