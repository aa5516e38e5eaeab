//! Operating the daemon from outside: reload, figures, the hello of the control socket.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use mcpd_ipc::{
    FaultKind,
    tools::{ToolsCall, ToolsDisable, ToolsEnable, ToolsSwitched},
};
use serde_json::{Value, json};
use support::{Daemon, Peer, ROOMY, eventually, plain_key};

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
    Peer::new(&daemon.base, "nobody").ask("ping", json!({}), &[]).await;
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
    for (protocol, older) in [(1, "the client is older"), (99, "the daemon is older")] {
        let mut stream = tokio::net::UnixStream::connect(daemon.state().join("run/mcpd.sock")).await.unwrap();
        let hello = json!({ "protocol": protocol, "purpose": "something new", "client": "test" });
        mcpd_ipc::write_frame(&mut stream, &hello, 4096).await.unwrap();
        let answer: Value = mcpd_ipc::read_frame(&mut stream, 4096).await.unwrap();
        assert!(answer.to_string().contains(older), "{answer}");
    }
}

fn disable(names: &[&str]) -> ToolsDisable {
    ToolsDisable { names: names.iter().map(ToString::to_string).collect() }
}

fn names(listed: &Value) -> Vec<String> {
    let tools = listed["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

async fn offered(peer: &Peer) -> Vec<String> {
    names(&peer.ask("tools/list", json!({}), &[]).await.1)
}

#[tokio::test]
async fn a_disabled_tool_is_as_if_it_were_not_there() {
    let daemon = Daemon::start(ROOMY);
    let mut ask = plain_key("narrow");
    ask.tools = vec!["create_todo".into(), "list_todos".into()];
    let (_, secret) = daemon.issue(ask).await;
    let (peer, narrow) = (daemon.peer(), Peer::new(&daemon.base, &secret));
    let all = offered(&peer).await;
    let counted = async || {
        let health = reqwest::get(format!("{}/health", daemon.base)).await.unwrap();
        health.json::<Value>().await.unwrap()["tools_count"].as_u64().unwrap()
    };
    assert_eq!(counted().await, all.len() as u64);

    let unknown = daemon.operator().await.call(disable(&["create_todo", "x", "y"])).await.unwrap_err();
    assert_eq!(unknown.to_string(), "there are no tools [\"x\", \"y\"]");
    assert_eq!(offered(&peer).await, all, "nothing was changed");
    let switched = daemon.obey(disable(&["create_todo", "store_memory", "create_todo"])).await;
    let changed = vec!["create_todo".to_owned(), "store_memory".to_owned()];
    assert_eq!(switched, ToolsSwitched { enabled: false, changed, already: vec![] });
    let left: Vec<_> = all.iter().filter(|name| !switched.changed.contains(name)).cloned().collect();
    assert_eq!(offered(&peer).await, left);
    assert_eq!(offered(&narrow).await, ["list_todos"]);
    assert_eq!(counted().await, left.len() as u64);

    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    for peer in [&peer, &narrow] {
        let legacy = async |name: &str| peer.ask("tools/call", json!({ "name": name }), &[]).await;
        let modern = async |name: &str| {
            let head =
                [("mcp-protocol-version", "2026-07-28"), ("mcp-method", "tools/call"), ("mcp-name", name)];
            peer.ask("tools/call", json!({ "_meta": meta, "name": name }), &head).await
        };
        let same = |refused: (u16, Value), unknown: (u16, Value)| {
            let told = unknown.1.to_string().replace("create_toda", "create_todo");
            assert_eq!((refused.0, refused.1.to_string()), (unknown.0, told));
            assert!(refused.1["error"]["message"].as_str().unwrap().contains("create_todo"), "{}", refused.1);
        };
        same(legacy("create_todo").await, legacy("create_toda").await);
        same(modern("create_todo").await, modern("create_toda").await);
    }
    let call = ToolsCall { name: "create_todo".into(), arguments: json!({}) };
    let mcpd_ipc::CallError::Refused(fault) = daemon.operator().await.call(call).await.unwrap_err() else {
        panic!("an operator is told");
    };
    assert_eq!(
        (fault.kind, fault.hint.as_deref()),
        (FaultKind::Refused, Some("mcpctl tools enable create_todo"))
    );

    let again = daemon.obey(disable(&["store_memory"])).await;
    assert_eq!((again.changed, again.already), (vec![], vec!["store_memory".to_owned()]));
    let switched = daemon.obey(ToolsEnable { names: switched.changed }).await;
    assert_eq!(switched.changed.len(), 2);
    assert_eq!(offered(&peer).await, all, "in the order they had");
    peer.tool("create_todo", json!({ "project_id": "p", "title": "t" })).await;
    let who = rustix::process::geteuid().as_raw();
    eventually("the log says who switched what", async || {
        let log = daemon.logged();
        let line =
            |change: &str| format!("change=\"{change}\" tools=\"create_todo store_memory\" operator={who}");
        ["disabled", "enabled"].iter().all(|change| log.matches(&line(change)).count() == 1)
    })
    .await;
}

#[tokio::test]
async fn a_disabled_tool_stays_so_over_a_restart_and_without_a_daemon() {
    use std::{io::Write, process::Stdio};
    let daemon = Daemon::start(ROOMY);
    daemon.obey(disable(&["create_todo"])).await;
    let mut daemon = daemon.kill_and_restart();
    let left = offered(&daemon.peer()).await;
    assert!(!left.contains(&"create_todo".to_owned()), "{left:?}");
    daemon.signal("TERM");
    assert!(daemon.wait().success());

    let home = daemon.take_home();
    let mut alone = support::mcpd(home.path());
    alone.arg("stdio").arg("--state-dir").arg(home.path().join("state"));
    let mut alone = alone.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let list = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    writeln!(alone.stdin.take().unwrap(), "{list}").unwrap();
    let said = alone.wait_with_output().unwrap();
    assert_eq!(names(&serde_json::from_slice(said.stdout.trim_ascii()).unwrap()), left);
}
