//! The life of the daemon from outside: first start, orders, drain, and what it leaves behind.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::os::unix::fs::PermissionsExt;

use mcpd_ipc::allow::{AllowAdd, AllowRemove};
use serde_json::{Value, json};
use sqlx::Connection;
use support::{Daemon, ROOMY, eventually, hold, in_flight, plain_key};

#[tokio::test]
async fn the_first_start_makes_what_it_needs_and_says_how_to_connect() {
    let home = tempfile::tempdir().unwrap();
    let mut daemon = Daemon::start_in(home, &[]);
    let line = daemon.greeting.lines().find(|line| line.contains("claude mcp add")).unwrap().trim();
    let told = format!(
        "claude mcp add --transport http mcpd {}/mcp --header \"Authorization: Bearer {}\"",
        daemon.base, daemon.key
    );
    assert_eq!(line, told);
    let whole = daemon.key.len() == 8 + 12 + 1 + 43 + 6 && daemon.key.starts_with("mcpd_sk_");
    assert!(whole, "{}", daemon.key);
    for (name, mode) in [
        ("", 0o700),
        ("mcpd.db", 0o600),
        ("pepper", 0o600),
        ("mcpd.toml", 0o600),
        ("mcpd.lock", 0o600),
        ("run", 0o700),
        ("run/mcpd.sock", 0o600),
        ("logs", 0o700),
    ] {
        let found = std::fs::metadata(daemon.state().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{name}");
    }
    assert_eq!(daemon.peer().ask("ping", json!({}), &[]).await.0, 200);
    let secret = &daemon.key[21..];
    for entry in std::fs::read_dir(daemon.state()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "the secret lies in {}", path.display());
        }
    }
    daemon.signal("TERM");
    assert!(daemon.wait().success());
    for name in ["mcpd.db-wal", "mcpd.db-shm"] {
        assert!(!daemon.state().join(name).exists(), "{name}: after an orderly end the database is one file");
    }
    let again = Daemon::start_in(daemon.take_home(), &[]);
    assert!(!again.greeting.contains("Bearer"), "a key is shown once: {}", again.greeting);
}

#[test]
#[cfg(target_os = "linux")]
fn no_core_dump_is_left_in_which_keys_would_be() {
    let daemon = Daemon::start("");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let bounds: Vec<_> = core.split_whitespace().skip(4).take(2).collect();
    assert_eq!(bounds, ["0", "0"], "{core}");
}

#[test]
#[cfg(target_os = "linux")]
fn memory_comes_in_small_pages() {
    let daemon = Daemon::start("");
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let huge = status.lines().find(|line| line.starts_with("THP_enabled:"));
    assert!(huge.is_none_or(|line| line.ends_with('0')), "{huge:?}");
}

#[test]
fn a_second_daemon_is_refused_and_told_who_is_first() {
    let daemon = Daemon::start("");
    let second = support::mcpd(daemon.home())
        .arg("--state-dir")
        .arg(daemon.state())
        .args(["--listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    let told = String::from_utf8(second.stderr).unwrap();
    assert!(!second.status.success());
    assert!(told.contains(&format!("process {}", daemon.pid())), "{told}");
}

#[test]
fn a_bad_configuration_is_refused_with_every_complaint() {
    let home = support::home("[limits]\nper_key = \"lots\"\ncolour = 3\n[server]\nlisten = 5\n");
    let file = home.path().join("state/mcpd.toml");
    for arguments in [vec!["check".into(), file.clone()], vec!["--config".into(), file.clone()]] {
        let refused = support::mcpd(home.path()).args(arguments).output().unwrap();
        let told = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success());
        for part in
            ["mcpd.toml:2: limits.per_key", "mcpd.toml:3: limits.colour", "mcpd.toml:5: server.listen"]
        {
            assert!(told.contains(part), "{part} is not told:\n{told}");
        }
    }
}

#[tokio::test]
async fn simple_needs_no_key_and_says_so_and_is_not_for_the_open() {
    let mut daemon = Daemon::start_in(support::home(""), &["--profile", "simple"]);
    assert!(daemon.greeting.contains("NO KEYS"), "{}", daemon.greeting);
    assert_eq!(daemon.peer().ask("ping", json!({}), &[]).await.0, 200);
    assert!(daemon.is_alive());
    let home = support::home("[server]\nplaintext_lan = true\n");
    let refused = support::mcpd(home.path())
        .arg("--state-dir")
        .arg(home.path().join("state"))
        .args(["--profile", "simple", "--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && told.contains("network.allow"), "{told}");
}

#[tokio::test]
async fn a_lost_pepper_is_not_replaced_in_silence() {
    let mut daemon = Daemon::start("");
    daemon.signal("TERM");
    daemon.wait();
    std::fs::remove_file(daemon.state().join("pepper")).unwrap();
    let refused = support::mcpd(daemon.home()).arg("--state-dir").arg(daemon.state()).output().unwrap();
    assert!(String::from_utf8(refused.stderr).unwrap().contains("pepper is gone"));
}

#[tokio::test]
async fn a_newer_database_is_refused_with_a_clear_word() {
    let mut daemon = Daemon::start("");
    daemon.signal("TERM");
    daemon.wait();
    let mut database = support::open(&daemon).await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'from the future', 1, x'00', 0)",
    )
    .execute(&mut database)
    .await
    .unwrap();
    database.close().await.unwrap();
    let refused = support::mcpd(daemon.home()).arg("--state-dir").arg(daemon.state()).output().unwrap();
    let told = String::from_utf8(refused.stderr).unwrap();
    let advice = "newer mcpd; start that version, or restore a backup made before the upgrade";
    assert!(told.contains(advice), "{told}");
}

#[tokio::test]
async fn a_drain_answers_what_runs_refuses_what_is_new_and_ends() {
    let mut daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let session = peer.initialize("2025-11-25").await;
    let mut stream = open_stream(&peer, &session).await;
    let mut held = hold(&daemon).await;
    let calls: Vec<_> = (0..10)
        .map(|number| {
            let peer = daemon.peer();
            let arguments = json!({ "project_id": "drain", "title": format!("call {number}") });
            tokio::spawn(async move { peer.tool("create_todo", arguments).await })
        })
        .collect();
    eventually("ten calls run", async || in_flight(&daemon).await == 10).await;
    daemon.signal("TERM");
    eventually("it drains", async || status(&daemon).await == "draining").await;

    let told = read_to_end(&mut stream).await;
    assert!(told.contains("draining"), "the stream heard of it and ended cleanly: {told}");
    let (refused, _) = peer.ask("ping", json!({}), &[]).await;
    assert_eq!(refused, 503, "new work is refused");
    let health = reqwest::get(format!("{}/health", daemon.base)).await.unwrap();
    assert_eq!(health.json::<Value>().await.unwrap()["status"], "draining");
    assert_eq!(reqwest::get(format!("{}/ready", daemon.base)).await.unwrap().status(), 503);

    sqlx::query("ROLLBACK").execute(&mut held).await.unwrap();
    for call in calls {
        assert_eq!(call.await.unwrap()["success"], true, "every call in flight is answered");
    }
    assert!(daemon.wait().success());
    assert!(!daemon.state().join("run/mcpd.sock").exists(), "the socket is gone");
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let mut daemon = Daemon::start(ROOMY);
    let _held = hold(&daemon).await;
    let peer = daemon.peer();
    let call = tokio::spawn(async move {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
            "name": "create_todo", "arguments": { "project_id": "p", "title": "never" } } });
        let request = peer.http.post(&peer.url).bearer_auth(&peer.key);
        request.header("content-type", "application/json").body(body.to_string()).send().await.is_ok()
    });
    eventually("the call runs", async || in_flight(&daemon).await == 1).await;
    daemon.signal("INT");
    eventually("it drains", async || status(&daemon).await == "draining").await;
    daemon.signal("INT");
    daemon.wait();
    assert!(!call.await.unwrap(), "nobody waited for the call");
}

async fn status(daemon: &Daemon) -> String {
    daemon.obey(mcpd_ipc::life::Status {}).await.status
}

async fn open_stream(peer: &support::Peer, session: &str) -> reqwest::Response {
    let request = peer.http.get(&peer.url).bearer_auth(&peer.key).header("accept", "text/event-stream");
    let response = request.header("mcp-session-id", session).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response
}

async fn read_to_end(stream: &mut reqwest::Response) -> String {
    let mut text = String::new();
    while let Ok(Some(chunk)) = stream.chunk().await {
        text.push_str(&String::from_utf8_lossy(&chunk));
    }
    text
}

#[tokio::test]
async fn revoking_a_key_ends_its_next_call_and_its_open_stream() {
    let daemon = Daemon::start(ROOMY);
    let (_, secret) = daemon.issue(plain_key("laptop")).await;
    let (peer, other) = (support::Peer::new(&daemon.base, &secret), daemon.peer());
    let session = peer.initialize("2025-06-18").await;
    let mut stream = open_stream(&peer, &session).await;
    let others = other.initialize("2025-06-18").await;
    let mut others_stream = open_stream(&other, &others).await;
    assert!(others_stream.chunk().await.unwrap().is_some(), "the first comment comes at once");

    let revoked = daemon.obey(mcpd_ipc::keys::KeysRevoke { key: "laptop".into() }).await;
    assert_eq!(revoked.sessions_closed, 1);
    tokio::time::timeout(support::PATIENCE, read_to_end(&mut stream)).await.expect("the stream ends");
    // Its connections were closed too, so the next call comes on a new one.
    let again = support::Peer::new(&daemon.base, &secret);
    assert_eq!(again.ask("ping", json!({}), &[]).await.0, 401);
    assert_eq!(other.ask("ping", json!({}), &[("mcp-session-id", &others)]).await.0, 200);
}

#[tokio::test]
async fn an_expired_key_loses_its_stream_too() {
    let daemon = Daemon::start(ROOMY);
    let mut brief = plain_key("brief");
    brief.expires_in = Some(8);
    let (_, secret) = daemon.issue(brief).await;
    let peer = support::Peer::new(&daemon.base, &secret);
    let session = peer.initialize("2025-11-25").await;
    let mut stream = open_stream(&peer, &session).await;
    tokio::time::timeout(support::PATIENCE, read_to_end(&mut stream)).await.expect("the stream ends");
}

#[tokio::test]
async fn a_connection_is_listed_and_closed() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let session = peer.initialize("2025-11-25").await;
    let mut stream = open_stream(&peer, &session).await;
    let listed = daemon.obey(mcpd_ipc::connections::ConnectionsList {}).await.connections;
    assert!(listed.iter().all(|one| one.transport == "http" && one.key.as_deref() == Some("first")));
    for one in listed {
        daemon.obey(mcpd_ipc::connections::ConnectionsClose { id: one.id }).await;
    }
    tokio::time::timeout(support::PATIENCE, read_to_end(&mut stream)).await.expect("the stream ends");
}

#[tokio::test]
async fn an_address_taken_off_the_list_loses_its_streams() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let session = peer.initialize("2025-11-25").await;
    let mut stream = open_stream(&peer, &session).await;
    daemon.obey(AllowAdd { cidr: "10.0.0.0/8".into() }).await;
    assert_eq!(peer.ask("ping", json!({}), &[]).await.0, 200, "loopback is listed with the first entry");
    daemon.obey(AllowRemove { cidr: "127.0.0.0/8".into() }).await;
    tokio::time::timeout(support::PATIENCE, read_to_end(&mut stream)).await.expect("the stream ends");
}

#[tokio::test]
async fn a_call_whose_client_hung_up_is_counted_all_the_same() {
    let daemon = Daemon::start(ROOMY);
    let mut held = hold(&daemon).await;
    let peer = daemon.peer();
    let call =
        tokio::spawn(
            async move { peer.tool("create_todo", json!({ "project_id": "p", "title": "gone" })).await },
        );
    eventually("the call runs", async || in_flight(&daemon).await == 1).await;
    call.abort();
    eventually("the daemon notices", async || in_flight(&daemon).await == 0).await;
    sqlx::query("ROLLBACK").execute(&mut held).await.unwrap();
    eventually("it is counted", async || {
        let stats = daemon.obey(mcpd_ipc::life::Stats {}).await;
        (stats.total_requests, stats.failed_requests) == (1, 1)
    })
    .await;
}

#[test]
fn a_shared_runtime_directory_keeps_two_daemons_and_their_clients_apart() {
    let runtime = tempfile::tempdir().unwrap();
    let start = |home: &std::path::Path| {
        let mut command = support::mcpd(home);
        command.env("XDG_RUNTIME_DIR", runtime.path()).args(["--listen", "127.0.0.1:0"]);
        support::Daemon::spawn_quiet(command)
    };
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let _first = start(one.path());
    let shared = runtime.path().join("mcpd/mcpd.sock");
    assert!(shared.exists(), "the first takes the runtime directory");
    let alone = stdio(two.path(), runtime.path());
    assert_eq!(alone, "[]", "a client of another state directory is not served by it");
    let _second = start(two.path());
    assert!(two.path().join(".local/state/mcpd/run/mcpd.sock").exists(), "the second stays at home");
    assert_eq!(stdio(one.path(), runtime.path()), "[]");
    let listed = std::fs::read_to_string(one.path().join(".local/state/mcpd/mcpd.lock")).unwrap();
    assert!(listed.contains(shared.to_str().unwrap()), "{listed}");
}

/// Opens a session through `mcpd stdio` and returns the others that are open: those of another state are not among them.
fn stdio(home: &std::path::Path, runtime: &std::path::Path) -> String {
    use std::io::Write;
    let mut command = support::mcpd(home);
    command.env("XDG_RUNTIME_DIR", runtime).arg("stdio");
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let goals = home.display().to_string();
    let ask = |name: &str, arguments: Value| json!({ "jsonrpc": "2.0", "id": name, "method": "tools/call", "params": { "name": name, "arguments": arguments } });
    let mut input = child.stdin.take().unwrap();
    writeln!(input, "{}", ask("start_dev_session", json!({ "project_id": "shared", "goals": goals })))
        .unwrap();
    drop(input);
    let said = child.wait_with_output().unwrap();
    assert!(said.status.success());
    let line: Value = serde_json::from_slice(said.stdout.trim_ascii()).unwrap();
    assert_eq!(line["result"]["structuredContent"]["success"], true, "{line}");
    line["result"]["structuredContent"]["other_open_sessions"].to_string()
}
