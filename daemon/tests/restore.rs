//! Backups across versions: an older one is migrated, a newer one refused, and a restore that is killed at any of its
//! steps has happened or has not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test fails by panicking, and a long one reports figures"
)]

mod support;

use std::path::Path;

use mcpd_ipc::{
    CallError, Client,
    care::{Backup, Restore},
    life::Status,
};
use serde_json::json;
use sqlx::Connection;
use support::{
    Daemon, PATIENCE, Peer, ROOMY,
    cut::Traced,
    eventually,
    past::{Past, migrations, open},
};

/// Makes a backup as `mcpctl backup` did when that schema was new: a copy in one file, and its label.
async fn backup_of(past: &Past, schema: usize, file: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("mcpd.db");
    past.database(&database, schema).await;
    let mut source = open(&database).await;
    sqlx::query("VACUUM INTO ?").bind(file.to_str().unwrap()).execute(&mut source).await.unwrap();
    source.close().await.unwrap();
    let mut copy = open(file).await;
    for part in [
        "PRAGMA journal_mode = delete",
        "CREATE TABLE backup (made_at INTEGER NOT NULL, version TEXT NOT NULL, pepper BLOB NOT NULL) STRICT",
    ] {
        sqlx::query(part).execute(&mut copy).await.unwrap();
    }
    let label = sqlx::query("INSERT INTO backup VALUES (1768000000000, '0.0.9', ?)").bind(past.pepper());
    label.execute(&mut copy).await.unwrap();
    copy.close().await.unwrap();
}

fn restore(file: &Path) -> Restore {
    Restore { file: file.to_str().unwrap().into() }
}

fn names(folder: &Path) -> Vec<String> {
    let found = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = found.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_backup_of_an_earlier_schema_is_restored_and_migrated() {
    let past = Past::fill().await;
    let all = migrations().await.len();
    for schema in [1, all - 1] {
        let mut daemon = Daemon::start_in(past.home(all).await, &[]);
        let file = daemon.home().join("old.backup");
        backup_of(&past, schema, &file).await;
        let restoring = daemon.obey(restore(&file)).await;
        assert_eq!((restoring.backup.version.as_str(), restoring.backup.memories), ("0.0.9", 2));
        let socket = daemon.state().join("run/mcpd.sock");
        eventually("another instance answers", async || {
            let Ok(mut client) = Client::connect(&socket, "test", PATIENCE).await else { return false };
            let status = client.call(Status {}).await.ok();
            let status = status.filter(|status| status.instance != restoring.instance);
            if let Some(url) = status.and_then(|status| status.url) {
                daemon.base = url.trim_end_matches("/mcp").to_owned();
                return true;
            }
            false
        })
        .await;
        past.is_all_there(&daemon, schema).await;
    }
}

#[tokio::test]
async fn a_backup_of_a_newer_schema_changes_nothing_and_says_what_to_do() {
    let daemon = Daemon::start(ROOMY);
    daemon.peer().tool("create_todo", json!({ "project_id": "p", "title": "kept" })).await;
    let file = daemon.home().join("newer.backup");
    daemon.obey(Backup { file: file.to_str().unwrap().into(), overwrite: false }).await;
    let mut newer = open(&file).await;
    let ahead = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'of tomorrow', 1, x'00', 0)";
    sqlx::query(ahead).execute(&mut newer).await.unwrap();
    newer.close().await.unwrap();
    let before = names(&daemon.state());
    let Err(CallError::Refused(fault)) = daemon.operator().await.call(restore(&file)).await else {
        panic!("it was restored")
    };
    assert!(fault.message.contains("a newer mcpd; start that version"), "{}", fault.message);
    assert_eq!(fault.hint.as_deref(), Some("nothing was changed"));
    assert_eq!(names(&daemon.state()), before);
    let todos = daemon.peer().tool("list_todos", json!({ "project_id": "p" })).await;
    assert_eq!(todos["todos"][0]["title"], "kept");
}

/// Orders a restore of a daemon that is killed at some step of it. Answers whether it was promised.
async fn order(home: &Path, file: &Path, traced: &mut Traced) -> bool {
    let socket = home.join("state/run/mcpd.sock");
    let asked = async {
        let mut client = Client::connect(&socket, "test", PATIENCE).await.ok()?;
        client.call(restore(file)).await.ok()
    };
    let Some(promised) = asked.await else {
        eventually("it is killed", async || traced.has_ended()).await;
        return false;
    };
    let mut back = false;
    eventually("it is killed, or back", async || {
        if traced.has_ended() {
            return true;
        }
        let Ok(mut client) = Client::connect(&socket, "test", PATIENCE).await else { return false };
        let status = client.call(Status {}).await;
        back = status.is_ok_and(|status| status.instance != promised.instance);
        back
    })
    .await;
    true
}

#[tokio::test]
async fn a_restore_that_is_killed_at_any_step_has_happened_or_has_not() {
    let past = Past::fill().await;
    let all = migrations().await.len();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("old.backup");
    backup_of(&past, all - 1, &file).await;
    let mut daemon = Daemon::start(ROOMY);
    let (key, state) = (daemon.key.clone(), daemon.state());
    daemon.signal("TERM");
    daemon.wait();
    let (mut before, mut after) = (0, 0);
    for call in ["rename", "unlink", "fsync", "ftruncate"] {
        for step in 1.. {
            let home = support::home(ROOMY);
            for name in ["mcpd.db", "mcpd.db-wal", "pepper"].iter().filter(|name| state.join(name).exists()) {
                std::fs::copy(state.join(name), home.path().join("state").join(name)).unwrap();
            }
            let mut traced = Traced::start(home.path(), call, step);
            if !traced.up {
                continue;
            }
            let promised = order(home.path(), &file, &mut traced).await;
            let was_killed = traced.has_ended();
            drop(traced);
            let daemon = Daemon::start_in(home, &[]);
            let opens =
                async |key: &str| Peer::new(&daemon.base, key).ask("ping", json!({}), &[]).await.0 == 200;
            let (old, new) = (opens(&key).await, opens(&past.key).await);
            assert!(old != new, "{call} {step}: the old key {old}, the new one {new}");
            assert!(new || !promised, "{call} {step}: what was promised has not happened");
            if new {
                past.is_all_there(&daemon, all - 1).await;
                after += 1;
            } else {
                before += 1;
            }
            let stray: Vec<_> = names(&daemon.state())
                .into_iter()
                .filter(|name| name.ends_with(".restore") || name.contains(".part"))
                .collect();
            println!("{call} {step}: killed {was_killed}, restored {new}, left {stray:?}");
            assert!(stray.is_empty(), "{call} {step} left {stray:?}");
            if !was_killed {
                break;
            }
        }
    }
    println!("{before} times nothing had changed, {after} times all was restored");
    assert!(before > 1 && after > 4, "{before} and {after}");
}
