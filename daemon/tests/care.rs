//! Taking care of a running daemon: a backup while clients write, a restore that keeps what was there, an examination.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::fs::PermissionsExt,
    process::Stdio,
};

use mcpd_ipc::{
    CallError, Client,
    care::{Backup, Doctor, Restore, Verdict},
    life::{Status, StatusReport},
};
use serde_json::json;
use support::{Daemon, PATIENCE, Peer, ROOMY, eventually, plain_key};

fn backup(file: &std::path::Path) -> Backup {
    Backup { file: file.to_str().unwrap().into(), overwrite: false }
}

fn restore(file: &std::path::Path) -> Restore {
    Restore { file: file.to_str().unwrap().into() }
}

async fn todos(peer: &Peer) -> usize {
    let listed = peer.tool("list_todos", json!({ "project_id": "p" })).await;
    listed["todos"].as_array().unwrap().len()
}

/// Waits for the daemon that comes after `instance`.
async fn successor(daemon: &Daemon, instance: &str) -> StatusReport {
    let socket = daemon.state().join("run/mcpd.sock");
    let mut found = None;
    eventually("another instance answers", async || {
        let Ok(mut client) = Client::connect(&socket, "test", PATIENCE).await else { return false };
        found = client.call(Status {}).await.ok().filter(|status| status.instance != instance);
        found.is_some()
    })
    .await;
    found.unwrap()
}

#[tokio::test]
async fn a_backup_made_under_load_is_put_back_and_what_was_there_is_kept() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let (_, laptop) = daemon.issue(plain_key("laptop")).await;
    for _ in 0..5 {
        peer.tool("create_todo", json!({ "project_id": "p", "title": "kept" })).await;
    }
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let peer = daemon.peer();
            tokio::spawn(async move {
                for _ in 0..40 {
                    peer.tool("create_todo", json!({ "project_id": "busy", "title": "meanwhile" })).await;
                }
            })
        })
        .collect();
    let file = daemon.home().join("mcpd.backup");
    let made = daemon.obey(backup(&file)).await;
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!((made.keys, made.file.as_str()), (2, file.to_str().unwrap()));
    assert_eq!(made.bytes, std::fs::metadata(&file).unwrap().len());
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let again = daemon.operator().await.call(backup(&file)).await.unwrap_err().to_string();
    assert!(again.contains("is there already"), "{again}");
    daemon.obey(Backup { overwrite: true, ..backup(&file) }).await;
    let own = Backup { overwrite: true, ..backup(&daemon.state().join("mcpd.db")) };
    assert!(daemon.operator().await.call(own).await.is_err(), "only a backup is replaced");

    let (_, later) = daemon.issue(plain_key("later")).await;
    peer.tool("create_todo", json!({ "project_id": "p", "title": "lost" })).await;
    let restoring = daemon.obey(restore(&file)).await;
    let status = successor(&daemon, &restoring.instance).await;
    assert_eq!(status.pid, daemon.pid(), "the same process");
    // It was told to take any free port, and takes another.
    let base = status.url.unwrap().trim_end_matches("/mcp").to_owned();
    assert_eq!(todos(&Peer::new(&base, &daemon.key)).await, 5);
    let says = async |secret: &str| Peer::new(&base, secret).ask("ping", json!({}), &[]).await.0;
    assert_eq!([says(&daemon.key).await, says(&laptop).await, says(&later).await], [200, 200, 401]);
    let kept = std::path::PathBuf::from(&restoring.kept);
    assert!(kept.is_file(), "{}", kept.display());
    assert_eq!(daemon.obey(restore(&file)).await.kept, format!("{}-2", restoring.kept));
}

#[tokio::test]
async fn a_backup_that_others_may_read_and_nobody_write_becomes_a_private_database() {
    let daemon = Daemon::start(ROOMY);
    let file = daemon.home().join("mcpd.backup");
    daemon.obey(backup(&file)).await;
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o444)).unwrap();
    let pepper = std::fs::read(daemon.state().join("pepper")).unwrap();
    for _ in 0..2 {
        let restoring = daemon.obey(restore(&file)).await;
        successor(&daemon, &restoring.instance).await;
        let database = daemon.state().join("mcpd.db");
        assert_eq!(std::fs::metadata(&database).unwrap().permissions().mode() & 0o777, 0o600);
        let bytes = std::fs::read(&database).unwrap();
        assert!(!bytes.windows(32).any(|part| part == pepper), "the pepper lies in its own file alone");
    }
}

#[tokio::test]
async fn a_restore_waits_for_nobody_who_would_go_on_with_the_old_database() {
    let home = support::home(ROOMY);
    let mut alone = support::mcpd(home.path());
    alone.arg("stdio").arg("--state-dir").arg(home.path().join("state"));
    alone.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut alone = alone.spawn().unwrap();
    let mut input = alone.stdin.take().unwrap();
    writeln!(input, "{}", json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" })).unwrap();
    let mut answer = String::new();
    BufReader::new(alone.stdout.as_mut().unwrap()).read_line(&mut answer).unwrap();
    let daemon = Daemon::start_in(home, &[]);
    let file = daemon.home().join("mcpd.backup");
    daemon.obey(backup(&file)).await;
    let refused = daemon.operator().await.call(restore(&file)).await.unwrap_err().to_string();
    assert!(refused.contains("mcpd stdio"), "{refused}");
    drop(input);
    alone.wait().unwrap();
    daemon.obey(restore(&file)).await;
}

#[tokio::test]
async fn what_is_no_backup_changes_nothing() {
    let daemon = Daemon::start(ROOMY);
    let home = daemon.home().to_owned();
    let (noise, torn, good) = (home.join("noise"), home.join("torn"), home.join("good"));
    std::fs::write(&noise, "no database").unwrap();
    daemon.obey(backup(&good)).await;
    let bytes = std::fs::read(&good).unwrap();
    std::fs::write(&torn, &bytes[..bytes.len() / 2]).unwrap();
    let own = daemon.state().join("mcpd.db");
    for wrong in [&noise, &torn, &home.join("nowhere"), &own, &home] {
        let refused = daemon.operator().await.call(restore(wrong)).await.unwrap_err();
        assert!(matches!(refused, CallError::Refused(_)), "{}: {refused}", wrong.display());
    }
    for wrong in ["relative", "/nowhere/at/all/x", home.to_str().unwrap()] {
        let asked = Backup { file: wrong.into(), overwrite: true };
        assert!(daemon.operator().await.call(asked).await.is_err(), "{wrong}");
    }
    assert_eq!(daemon.peer().ask("ping", json!({}), &[]).await.0, 200);
    let left: Vec<_> =
        std::fs::read_dir(daemon.state()).unwrap().map(|one| one.unwrap().file_name()).collect();
    let stray = left.iter().filter(|name| {
        let name = name.to_string_lossy();
        name.contains("restore") || name.ends_with(".part")
    });
    assert_eq!(stray.count(), 0, "{left:?}");
}

#[tokio::test]
async fn the_doctor_finds_what_is_wrong_and_says_what_to_do() {
    let daemon = Daemon::start(ROOMY);
    let healthy = daemon.obey(Doctor {}).await.checks;
    let names: Vec<_> = healthy.iter().map(|check| check.name.as_str()).collect();
    for name in [
        "store",
        "writing",
        "disk",
        "permissions",
        "socket",
        "port",
        "exposure",
        "clock",
        "descriptors",
        "keys",
        "provider",
    ] {
        assert!(names.contains(&name), "{name} is not looked at: {names:?}");
    }
    let sound =
        healthy.iter().filter(|check| !["disk", "writing", "descriptors"].contains(&check.name.as_str()));
    sound.for_each(|check| assert_eq!(check.verdict, Verdict::Ok, "{check:?}"));

    let pepper = daemon.state().join("pepper");
    std::fs::set_permissions(&pepper, std::fs::Permissions::from_mode(0o644)).unwrap();
    let mut soon = plain_key("soon");
    soon.expires_in = Some(3600);
    daemon.issue(soon).await;
    let mut database = support::open(&daemon).await;
    let future = "UPDATE api_keys SET created_at = created_at + 3600000 WHERE name = 'soon'";
    sqlx::query(future).execute(&mut database).await.unwrap();
    let found = daemon.obey(Doctor {}).await.checks;
    let wrong = |name: &str| found.iter().find(|check| check.name == name).unwrap();
    assert_eq!(wrong("permissions").verdict, Verdict::Problem);
    assert!(wrong("permissions").advice.as_ref().unwrap().starts_with("chmod go-rwx "), "{found:?}");
    assert_eq!((wrong("keys").verdict, wrong("clock").verdict), (Verdict::Warning, Verdict::Warning));
    assert!(wrong("keys").found.contains("soon") && wrong("clock").found.contains("future"), "{found:?}");
}
