//! The life of a key beyond its issue: rotated with an overlap, renamed, brought along from another deployment; and the
//! sessions and connections operators see and close.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use mcpd_ipc::{
    connections::ConnectionsList,
    keys::{KeysImport, KeysList, KeysRename, KeysRotate, KeysShow, RateNow, Shown},
    sessions::{SessionsClose, SessionsList},
    tools::ToolsDisable,
};
use serde_json::{Value, json};
use support::{Daemon, Peer, ROOMY, events::Events, eventually, plain_key};

async fn status(daemon: &Daemon, secret: &str) -> u16 {
    Peer::new(&daemon.base, secret).ask("ping", json!({}), &[]).await.0
}

fn rotate(grace: u64) -> KeysRotate {
    KeysRotate { key: "laptop".into(), grace: Some(grace) }
}

#[tokio::test]
async fn a_rotation_lets_both_secrets_in_and_the_one_before_the_last_no_more() {
    let daemon = Daemon::start(ROOMY);
    let (id, first) = daemon.issue(plain_key("laptop")).await;
    // One connection for all, on which the first secret was recognised.
    let peer = Peer::new(&daemon.base, &first);
    assert_eq!(peer.ask("ping", json!({}), &[]).await.0, 200);
    let rotated = daemon.obey(rotate(3600)).await;
    let second = rotated.secret.reveal().to_owned();
    assert_eq!(rotated.key.id, id);
    assert!(second.starts_with(&format!("mcpd_sk_{id}_")) && second != first);
    assert!(rotated.key.old_secret_until.unwrap() > rotated.key.created_at);
    assert_eq!(peer.ask("ping", json!({}), &[]).await.0, 200);
    assert_eq!(status(&daemon, &second).await, 200);

    let third = daemon.obey(rotate(3600)).await.secret;
    assert_eq!(peer.ask("ping", json!({}), &[]).await.0, 401, "also where it was recognised before");
    assert_eq!([status(&daemon, &second).await, status(&daemon, third.reveal()).await], [200, 200]);

    let daemon = daemon.kill_and_restart();
    assert_eq!(status(&daemon, &first).await, 401);
    assert_eq!([status(&daemon, &second).await, status(&daemon, third.reveal()).await], [200, 200]);
    let fourth = daemon.obey(rotate(0)).await.secret;
    assert_eq!([status(&daemon, third.reveal()).await, status(&daemon, fourth.reveal()).await], [401, 200]);
}

#[tokio::test]
async fn changes_at_the_same_time_leave_memory_and_store_of_one_mind() {
    let daemon = Daemon::start(ROOMY);
    let (_, first) = daemon.issue(plain_key("laptop")).await;
    let secrets = futures::future::join_all((0..4).map(|_| daemon.obey(rotate(3600)))).await;
    let secrets: Vec<String> = secrets.iter().map(|one| one.secret.reveal().to_owned()).collect();
    let open = async |daemon: &Daemon| {
        let mut open = Vec::new();
        for (number, secret) in secrets.iter().enumerate() {
            if status(daemon, secret).await == 200 {
                open.push(number);
            }
        }
        open
    };
    let before = open(&daemon).await;
    assert_eq!(before.len(), 2, "the newest and the one before: {before:?}");
    assert_eq!(status(&daemon, &first).await, 401);

    let import = |number: u32| KeysImport {
        terms: plain_key(&format!("twin-{number}")),
        secret: Shown::new("sk-0123456789abcdef0123456789abcdef"),
    };
    let imported = futures::future::join_all(
        (0..4).map(async |number| daemon.operator().await.call(import(number)).await.is_ok()),
    );
    assert_eq!(imported.await.into_iter().filter(|taken| *taken).count(), 1);
    let daemon = daemon.kill_and_restart();
    assert_eq!(open(&daemon).await, before);
}

#[tokio::test]
async fn a_rotation_without_grace_ends_what_the_old_secret_opened() {
    let daemon = Daemon::start(ROOMY);
    let (_, old) = daemon.issue(plain_key("laptop")).await;
    let peer = Peer::new(&daemon.base, &old);
    let session = peer.initialize("2025-11-25").await;
    let mut stream = Events::listen(&peer, &session, None).await;
    let other = daemon.peer();
    let untouched = other.initialize("2025-11-25").await;
    let mut kept = Events::listen(&other, &untouched, None).await;
    let new = daemon.obey(rotate(0)).await.secret;
    stream.end().await;
    // The session is the key's, whichever secret it shows.
    let again = Peer::new(&daemon.base, new.reveal());
    assert_eq!(again.ask("ping", json!({}), &[("mcp-session-id", &session)]).await.0, 200);
    assert_eq!(status(&daemon, &old).await, 401);
    daemon.obey(ToolsDisable { names: vec!["create_todo".into()] }).await;
    assert!(kept.message().await.is_some(), "others are not disturbed");
}

#[tokio::test]
async fn a_key_can_be_renamed_and_its_sessions_go_on() {
    let daemon = Daemon::start(ROOMY);
    let (id, secret) = daemon.issue(plain_key("laptop")).await;
    let session = Peer::new(&daemon.base, &secret).initialize("2025-11-25").await;
    let rename = |key: &str, name: &str| KeysRename { key: key.into(), name: name.into() };
    let renamed = daemon.obey(rename("laptop", "desk")).await;
    assert_eq!((renamed.id.as_str(), renamed.name.as_str()), (id.as_str(), "desk"));
    let (code, _) =
        Peer::new(&daemon.base, &secret).ask("ping", json!({}), &[("mcp-session-id", &session)]).await;
    assert_eq!(code, 200);
    eventually("the log has the new name", async || daemon.logged().contains("principal=\"desk\"")).await;
    let sessions = daemon.obey(SessionsList {}).await.sessions;
    assert_eq!(sessions[0].key, "desk");
    let mut operator = daemon.operator().await;
    for (key, name) in
        [("desk", "first"), ("desk", id.as_str()), ("nobody", "x"), ("desk", "a\u{1b}b"), ("desk", "")]
    {
        assert!(operator.call(rename(key, name)).await.is_err(), "{key} to {name}");
    }
    assert_eq!(daemon.kill_and_restart().obey(KeysShow { key: "desk".into() }).await.id, id);
}

#[tokio::test]
async fn a_key_of_another_deployment_goes_on_with_the_secret_it_has() {
    let daemon = Daemon::start(ROOMY);
    let old = "sk-0123456789abcdef0123456789abcdef";
    assert_eq!(status(&daemon, old).await, 401);
    let import = |name: &str, secret: &str| KeysImport { terms: plain_key(name), secret: Shown::new(secret) };
    let imported = daemon.obey(import("veteran", old)).await;
    assert!(imported.imported && imported.id.starts_with("old-"));
    assert_eq!([status(&daemon, old).await, status(&daemon, &format!("{old}0")).await], [200, 401]);
    let mut operator = daemon.operator().await;
    for (name, secret) in [("again", old), ("veteran", "sk-another-secret-of-old"), ("short", "sk-1")] {
        assert!(operator.call(import(name, secret)).await.is_err(), "{name}");
    }
    let mut lying = String::new();
    for entry in std::fs::read_dir(daemon.state()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            lying += &String::from_utf8_lossy(&std::fs::read(path).unwrap());
        }
    }
    assert!(!lying.contains(old), "it is stored hashed");

    let daemon = daemon.kill_and_restart();
    assert_eq!(status(&daemon, old).await, 200);
    let new = daemon.obey(KeysRotate { key: "veteran".into(), grace: Some(60) }).await.secret;
    assert_eq!([status(&daemon, old).await, status(&daemon, new.reveal()).await], [200, 200]);
    daemon.obey(KeysRotate { key: "veteran".into(), grace: Some(0) }).await;
    assert_eq!([status(&daemon, old).await, status(&daemon, new.reveal()).await], [401, 401]);
}

#[tokio::test]
async fn operators_see_what_a_key_uses_and_who_is_connected() {
    let daemon = Daemon::start("");
    let mut ask = plain_key("laptop");
    ask.rate = Some("50/3600s".into());
    let (_, secret) = daemon.issue(ask).await;
    let peer = Peer::new(&daemon.base, &secret);
    let session = peer.initialize("2025-11-25").await;
    for _ in 0..4 {
        peer.ask("ping", json!({}), &[("mcp-session-id", &session)]).await;
    }
    let keys = daemon.obey(KeysList {}).await.keys;
    let key = keys.iter().find(|key| key.name == "laptop").unwrap();
    assert_eq!((key.requests, key.rate_now), (5, Some(RateNow { used: 5, burst: 50 })));
    assert_eq!(keys.iter().find(|key| key.name == "first").unwrap().rate_now, None);
    let open = daemon.obey(ConnectionsList {}).await.connections;
    let one = open.iter().find(|one| one.key.as_deref() == Some("laptop")).unwrap();
    assert_eq!((one.client.as_deref(), one.requests, one.transport.as_str()), (Some("test"), 5, "http"));
    assert!(one.bytes_in > 1000 && one.bytes_out > 500, "{one:?}");

    let modern = daemon.peer();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": { "name": "brand new", "version": "1" },
    });
    let head = [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/list")];
    assert_eq!(modern.ask("tools/list", json!({ "_meta": meta }), &head).await.0, 200);
    let open = daemon.obey(ConnectionsList {}).await.connections;
    assert!(open.iter().any(|one| one.client.as_deref() == Some("brand new")), "{open:?}");
}

#[tokio::test]
async fn an_operator_ends_a_session_by_the_beginning_of_its_id() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let one = peer.initialize("2025-11-25").await;
    // They are listed by the millisecond they began in.
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    let two = peer.initialize("2025-06-18").await;
    let mut stream = Events::listen(&peer, &one, None).await;
    let listed = daemon.obey(SessionsList {}).await.sessions;
    assert_eq!(listed.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), [&one, &two]);
    assert_eq!((listed[0].heard, listed[1].heard), (true, false));
    assert_eq!((listed[1].revision.as_str(), listed[1].client.as_str()), ("2025-06-18", "test"));
    let mut operator = daemon.operator().await;
    for wrong in ["", "zz"] {
        assert!(operator.call(SessionsClose { id: wrong.into() }).await.is_err(), "{wrong:?}");
    }
    let closed = daemon.obey(SessionsClose { id: one[..12].into() }).await;
    assert_eq!(closed.session.id, one);
    stream.end().await;
    let answer =
        async |id: &str| -> (u16, Value) { peer.ask("ping", json!({}), &[("mcp-session-id", id)]).await };
    assert_eq!((answer(&one).await.0, answer(&two).await.0), (404, 200));
}
