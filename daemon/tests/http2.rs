//! HTTP/2: only where it was asked for, and under the same watch.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use support::{Daemon, PATIENCE, ROOMY};
use tokio::{net::TcpStream, task::JoinHandle};

/// Opens an HTTP/2 connection; the task ends with it.
async fn connect(daemon: &Daemon) -> (SendRequest<Full<Bytes>>, JoinHandle<hyper::Result<()>>) {
    let stream = TcpStream::connect(daemon.address()).await.unwrap();
    let (sender, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    (sender, tokio::spawn(connection))
}

fn ask(daemon: &Daemon, method: &str) -> http::Request<Full<Bytes>> {
    let body = json!({ "jsonrpc": "2.0", "id": method, "method": method }).to_string();
    http::Request::post(format!("{}/mcp", daemon.base))
        .header("authorization", format!("Bearer {}", daemon.key))
        .header("content-type", "application/json")
        .body(Full::from(body))
        .unwrap()
}

#[tokio::test]
async fn requests_share_a_connection_and_http_1_goes_on() {
    let daemon = Daemon::start(&format!("{ROOMY}[server]\nhttp2 = true\n"));
    let (sender, connection) = connect(&daemon).await;
    let answers = ["ping", "tools/list"].map(|method| {
        let mut sender = sender.clone();
        let request = ask(&daemon, method);
        async move {
            let response = sender.send_request(request).await.unwrap();
            assert_eq!(
                (response.status(), response.version()),
                (http::StatusCode::OK, http::Version::HTTP_2)
            );
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let answer: Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(answer["id"], method);
        }
    });
    futures::future::join_all(answers).await;
    let listed = daemon.obey(mcpd_ipc::connections::ConnectionsList {}).await.connections;
    assert_eq!(listed.iter().map(|one| one.requests).collect::<Vec<_>>(), [2]);
    assert_eq!(daemon.peer().ask("ping", json!({}), &[]).await.0, 200);
    drop(sender);
    tokio::time::timeout(PATIENCE, connection).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let daemon = Daemon::start(&format!("{ROOMY}[server]\nhttp2 = true\nkeep_alive = \"500ms\"\n"));
    let (mut sender, connection) = connect(&daemon).await;
    assert_eq!(sender.send_request(ask(&daemon, "ping")).await.unwrap().status(), 200);
    tokio::time::timeout(PATIENCE, connection).await.unwrap().unwrap().unwrap();
    assert!(sender.is_closed());
}

#[tokio::test]
async fn it_is_off_by_default() {
    let daemon = Daemon::start(ROOMY);
    let stream = TcpStream::connect(daemon.address()).await.unwrap();
    let (mut sender, connection) =
        handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    assert!(sender.send_request(ask(&daemon, "ping")).await.is_err());
    assert!(tokio::time::timeout(PATIENCE, connection).await.unwrap().unwrap().is_err());
    assert_eq!(daemon.peer().ask("ping", json!({}), &[]).await.0, 200);
}
