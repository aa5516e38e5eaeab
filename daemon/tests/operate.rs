//! Operating the daemon from outside: reload, figures, the hello of the control socket.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use serde_json::{Value, json};
use support::{Daemon, ROOMY, eventually};

#[tokio::test]
async fn a_reload_is_all_or_nothing() {
    let daemon = Daemon::start(ROOMY);
    let file = daemon.state().join("mcpd.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("1000000/60s", "1000001/60s") + "calls = 7\n[store]\nreaders = 2\n")
        .unwrap();
    let report = daemon.obey(mcpd_ipc::life::Reload {}).await;
    assert_eq!(report.restart, ["store.readers"]);
    assert!(report.live.contains(&"limits.calls".to_owned()), "{report:?}");

    std::fs::write(&file, "[limits]\nper_key = \"none\"\n").unwrap();
    let refused = daemon.operator().await.call(mcpd_ipc::life::Reload {}).await.unwrap_err().to_string();
    assert!(refused.contains("mcpd.toml:2: limits.per_key"), "{refused}");
    daemon.signal("HUP");
    let (code, _) = daemon.peer().ask("ping", json!({}), &[]).await;
    assert_eq!(code, 200, "the old configuration stays in force");
}

#[tokio::test]
async fn figures_agree_wherever_they_are_read() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    peer.tool("create_todo", json!({ "project_id": "p", "title": "t" })).await;
    peer.tool("create_todo", json!({ "project_id": "p", "title": "t", "priority": 9 })).await;
    support::Peer::new(&daemon.base, "nobody").ask("ping", json!({}), &[]).await;
    let get = |path: &str| peer.http.get(format!("{}{path}", daemon.base)).bearer_auth(&daemon.key).send();
    let stats: Value = get("/stats").await.unwrap().json().await.unwrap();
    assert_eq!(
        (&stats["total_requests"], &stats["successful_requests"], &stats["failed_requests"]),
        (&json!(3), &json!(1), &json!(2))
    );
    assert_eq!(stats["refusals"], json!({ "credentials": 1 }));
    assert_eq!(
        (&stats["tools"]["create_todo"]["calls"], &stats["tools"]["create_todo"]["errors"]),
        (&json!(2), &json!(1))
    );
    let metrics = get("/metrics").await.unwrap().text().await.unwrap();
    for line in ["mcp_requests_total 3", "mcp_requests_successful 1", "mcp_requests_failed 2"] {
        assert!(metrics.lines().any(|found| found == line), "{line}\n{metrics}");
    }
    let told = daemon.obey(mcpd_ipc::life::Stats {}).await;
    assert_eq!((told.total_requests, told.failed_requests), (3, 2));
}

#[tokio::test]
async fn prometheus_has_an_address_of_its_own_without_a_key() {
    let daemon = Daemon::start(&format!("{ROOMY}[telemetry]\nlisten = \"127.0.0.1:0\"\n"));
    let log = std::fs::read_dir(daemon.state().join("logs")).unwrap().next().unwrap().unwrap().path();
    let mut port = String::new();
    eventually("the log names the address", async || {
        let text = std::fs::read_to_string(&log).unwrap();
        let told = text.split("figures=\"127.0.0.1:").nth(1).and_then(|rest| rest.split('"').next());
        port = told.unwrap_or_default().to_owned();
        !port.is_empty()
    })
    .await;
    let get = |path: &str| reqwest::get(format!("http://127.0.0.1:{port}{path}"));
    let metrics = get("/metrics").await.unwrap().text().await.unwrap();
    assert!(metrics.contains("\nmcp_requests_total 0\n"), "{metrics}");
    assert_eq!(get("/health").await.unwrap().status(), 200);
    assert_eq!(get("/mcp").await.unwrap().status(), 401, "nothing else is there");
    let evil =
        daemon.peer().http.get(format!("http://127.0.0.1:{port}/metrics")).header("host", "evil.example.com");
    assert_eq!(evil.send().await.unwrap().status(), 403);
    let keyless = reqwest::get(format!("{}/metrics", daemon.base)).await.unwrap();
    assert_eq!(keyless.status(), 401);
}

#[tokio::test]
async fn a_peer_of_another_protocol_is_told_which_side_is_older() {
    let daemon = Daemon::start("");
    let name = interprocess::local_socket::ToFsName::to_fs_name::<interprocess::local_socket::GenericFilePath>(
        daemon.state().join("run/mcpd.sock"),
    );
    use interprocess::local_socket::tokio::prelude::*;
    let mut stream = interprocess::local_socket::tokio::Stream::connect(name.unwrap()).await.unwrap();
    let hello = json!({ "protocol": 99, "purpose": "control", "client": "test" });
    mcpd_ipc::write_frame(&mut stream, &hello, 4096).await.unwrap();
    let answer: Value = mcpd_ipc::read_frame(&mut stream, 4096).await.unwrap();
    assert!(answer.to_string().contains("the daemon is older"), "{answer}");
}
