//! TLS on the HTTP port: everything goes through it, certificates are renewed under load, and who stalls is closed.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::time::Instant;

use mcpd_ipc::{
    care::{Doctor, Verdict},
    life::{Reload, Status},
};
use serde_json::{Value, json};
use sqlx::Connection;
use support::{
    Daemon, ROOMY, eventually, hold, home, in_flight, in_time,
    secure::{Authority, Client, Files, to_the_end},
    socket,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "mcp.lan"];

fn served() -> (Authority, Files, Daemon) {
    let authority = Authority::new("authority");
    let files = Files::new(&authority.issue(&NAMES));
    let daemon = files.start();
    (authority, files, daemon)
}

fn client(authority: &Authority, daemon: &Daemon) -> Client {
    Client::new(daemon, authority.client(None), Some(&daemon.key))
}

/// Five open streams, and twenty calls that run for as long as the database is held.
struct Load {
    streams: JoinSet<Result<(), hyper::Error>>,
    held: sqlx::SqliteConnection,
    calls: JoinSet<Result<(u16, Value), String>>,
}

impl Load {
    async fn begin(authority: &Authority, daemon: &Daemon) -> Self {
        let mut streams = JoinSet::new();
        for _ in 0..5 {
            streams.spawn(to_the_end(client(authority, daemon).stream().await));
        }
        let held = hold(daemon).await;
        let mut calls = JoinSet::new();
        for number in 0..20 {
            let client = client(authority, daemon);
            let arguments = json!({ "project_id": "tls", "title": format!("call {number}") });
            let ask = json!({ "name": "create_todo", "arguments": arguments });
            calls.spawn(async move { client.ask("tools/call", ask).await });
        }
        eventually("all calls run", async || in_flight(daemon).await == 20).await;
        Self { streams, held, calls }
    }
}

#[tokio::test]
async fn every_transport_is_served_and_the_daemon_names_and_checks_itself() {
    let (authority, _files, daemon) = served();
    assert!(daemon.base.starts_with("https://127.0.0.1:"), "{}", daemon.greeting);
    assert!(daemon.greeting.contains(&format!("mcpd {}/mcp --header", daemon.base)), "{}", daemon.greeting);
    let client = client(&authority, &daemon);
    assert_eq!(client.ping().await.unwrap(), 200);
    let stream = client.stream().await;
    let tls = authority.connect(daemon.address()).await.unwrap();
    let url = format!("{}/ws", daemon.base);
    let mut open = socket::over(tls, &url, Some(&daemon.key)).await;
    assert_eq!(open.ask("ping", json!({})).await["result"], json!({}));

    assert_eq!(daemon.obey(Status {}).await.url, Some(format!("{}/mcp", daemon.base)));
    let checks = daemon.obey(Doctor {}).await.checks;
    let found = |name: &str| {
        let check = checks.iter().find(|check| check.name == name).unwrap();
        assert_eq!(check.verdict, Verdict::Ok, "{check:?}");
        check.found.clone()
    };
    assert!(found("port").ends_with(" answers over TLS"));
    assert!(found("certificate").contains("for localhost, 127.0.0.1, mcp.lan; it expires on "));
    drop(stream);
}

#[tokio::test]
async fn plain_http_is_told_where_it_went_and_other_noise_is_closed() {
    let (authority, _files, daemon) = served();
    let answer = in_time(reqwest::get(format!("http://{}/health", daemon.address()))).await.unwrap();
    assert_eq!(answer.status(), 400);
    let text = answer.text().await.unwrap();
    assert!(text.contains("TLS is spoken on this port; begin its address with https://"), "{text}");
    let mut noise = TcpStream::connect(daemon.address()).await.unwrap();
    noise.write_all(&[0x80, 0x2e, 1, 0, 2]).await.unwrap();
    let _ = in_time(noise.read_to_end(&mut Vec::new())).await;
    assert_eq!(client(&authority, &daemon).ping().await.unwrap(), 200);
    eventually("both are logged", async || daemon.logged().matches("reason=\"tls\"").count() == 2).await;
}

#[tokio::test]
async fn the_names_of_the_certificate_are_names_of_ours() {
    let (authority, _files, daemon) = served();
    for (host, status) in [("mcp.lan", "200"), ("evil.example.org", "403")] {
        let mut stream = authority.connect(daemon.address()).await.unwrap();
        let head = format!("GET /health HTTP/1.1\r\nhost: {host}:8765\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        in_time(stream.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {answer}");
    }
}

#[tokio::test]
async fn http_2_is_offered_only_where_it_was_asked_for() {
    let authority = Authority::new("authority");
    let files = Files::new(&authority.issue(&NAMES));
    for (server, agreed) in [("", &b"http/1.1"[..]), ("[server]\nhttp2 = true\n", b"h2")] {
        let daemon = Daemon::start_in(home(&format!("{}{server}", files.section(""))), &[]);
        let mut config = authority.client(None);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = TcpStream::connect(daemon.address()).await.unwrap();
        let connector = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config));
        let stream = connector.connect(daemon.address().ip().into(), stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(agreed));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reload_under_load_fails_nobody_and_a_bad_pair_changes_nothing() {
    let (authority, files, daemon) = served();
    let Load { mut streams, held, calls } = Load::begin(&authority, &daemon).await;
    let talking = client(&authority, &daemon);
    let ended = tokio_util::sync::CancellationToken::new();
    let talk = tokio::spawn({
        let (talking, ended) = (talking.clone(), ended.clone());
        async move {
            let mut answered = 0;
            while !ended.is_cancelled() {
                assert_eq!(talking.ping().await, Ok(200));
                answered += 1;
            }
            answered
        }
    });

    let renewed = authority.issue(&NAMES);
    files.put(&renewed);
    daemon.obey(Reload {}).await;
    assert_eq!(authority.shown(daemon.address()).await, renewed.der);

    // A key of another certificate: the new pair is refused, and what is there goes on.
    let other = authority.issue(&NAMES);
    files.write("key.pem", &other.key, 0o600);
    let told = daemon.operator().await.call(Reload {}).await.unwrap_err().to_string();
    let expected = format!(
        "tls.key: {} is not the key of the certificate in {}; name the key that the certificate was made with",
        files.path("key.pem").display(),
        files.path("chain.pem").display()
    );
    assert!(told.contains(&expected), "{told}");
    assert_eq!(authority.shown(daemon.address()).await, renewed.der);

    ended.cancel();
    assert!(talk.await.unwrap() > 0);
    held.close().await.unwrap();
    for answer in calls.join_all().await {
        let (status, body) = answer.unwrap();
        assert_eq!((status, &body["result"]["structuredContent"]["success"]), (200, &json!(true)), "{body}");
    }
    assert!(streams.try_join_next().is_none(), "no stream ended");
}

#[tokio::test]
async fn replaced_files_are_picked_up_and_unusable_ones_are_told_of_once() {
    let (authority, files, daemon) = served();
    let talking = client(&authority, &daemon);
    assert_eq!(talking.ping().await.unwrap(), 200);
    let renewed = authority.issue(&["localhost", "127.0.0.1", "new.lan"]);
    files.put(&renewed);
    let address = daemon.address();
    eventually("it is picked up", async || authority.shown(address).await == renewed.der).await;
    files.write("chain.pem", "nothing\n", 0o644);
    let told = "a new certificate cannot be used; the one before stays in force";
    eventually("it is told", async || daemon.logged().contains(told)).await;
    assert_eq!(authority.shown(address).await, renewed.der);
    let checks = daemon.obey(Doctor {}).await.checks;
    let found = checks.iter().find(|check| check.verdict == Verdict::Problem).unwrap();
    assert!(found.found.starts_with("there is a new one: tls.certificate: "), "{found:?}");
    assert_eq!(talking.ping().await.unwrap(), 200);
    assert_eq!(daemon.logged().matches(told).count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_handshakes_are_closed_while_others_are_served() {
    let authority = Authority::new("authority");
    let files = Files::new(&authority.issue(&NAMES));
    let short = "[server]\nfirst_byte_deadline = \"5s\"\nheader_deadline = \"5s\"\nkeep_alive = \"300s\"\n";
    let daemon = Daemon::start_in(home(&format!("{ROOMY}{}{short}", files.section(""))), &[]);
    let talking = client(&authority, &daemon);
    assert_eq!(talking.ping().await, Ok(200));
    let (address, mut stalls) = (daemon.address(), JoinSet::new());
    for number in 0..60 {
        let authority = authority.client(None);
        stalls.spawn(async move {
            let began = Instant::now();
            let mut stream = TcpStream::connect(address).await.unwrap();
            match number % 3 {
                0 => {}                                                    // silent
                1 => stream.write_all(&[0x16, 3, 1, 2, 0]).await.unwrap(), // a record that never comes
                _ => {
                    // Hands are shaken, and nothing is asked.
                    let tls = tokio_rustls::TlsConnector::from(std::sync::Arc::new(authority));
                    let mut stream = tls.connect(address.ip().into(), stream).await.unwrap();
                    let _ = stream.read_to_end(&mut Vec::new()).await;
                    return began.elapsed();
                }
            }
            let _ = stream.read_to_end(&mut Vec::new()).await;
            began.elapsed()
        });
    }
    while let Some(lasted) = {
        assert_eq!(talking.ping().await, Ok(200));
        stalls.try_join_next().or(if stalls.is_empty() { None } else { in_time(stalls.join_next()).await })
    } {
        let lasted = lasted.unwrap();
        // Before the 10 s that they would have by default.
        assert!((4900..9000).contains(&lasted.as_millis()), "{lasted:?}");
    }
    eventually("their places are given back", async || {
        let open = daemon.obey(mcpd_ipc::connections::ConnectionsList {}).await.connections;
        open.iter().all(|one| one.key.is_some())
    })
    .await;
}

#[tokio::test]
async fn an_address_that_is_not_let_in_gets_no_handshake() {
    let authority = Authority::new("authority");
    let files = Files::new(&authority.issue(&NAMES));
    let nobody = format!("{}[network]\nallow = []\n", files.section(""));
    let daemon = Daemon::start_in(home(&nobody), &[]);
    assert!(in_time(authority.connect(daemon.address())).await.is_err());
    let checks = daemon.obey(Doctor {}).await.checks;
    let port = checks.iter().find(|check| check.name == "port").unwrap();
    assert_eq!(port.verdict, Verdict::Ok, "{port:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_loses_no_answer() {
    let (authority, _files, mut daemon) = served();
    let Load { mut streams, held, calls } = Load::begin(&authority, &daemon).await;
    daemon.signal("TERM");
    while let Some(stream) = streams.join_next().await {
        stream.unwrap().expect("no stream breaks off");
    }
    held.close().await.unwrap();
    for answer in calls.join_all().await {
        assert_eq!(answer.unwrap().1["result"]["structuredContent"]["success"], true);
    }
    assert!(daemon.wait().success());
}
