//! Real clients against the built binary: `rmcp` here, and through `tests/peers` the TypeScript and Python SDKs, the
//! inspector, Claude Code and the official conformance suite. `tests/peers/install` brings what those need.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use rmcp::{
    ClientLifecycleMode, ClientServiceExt,
    model::{CallToolRequestParams, ProtocolVersion},
    service::{RoleClient, RunningService},
    transport::{
        StreamableHttpClientTransport, TokioChildProcess,
        streamable_http_client::StreamableHttpClientTransportConfig,
    },
};
use serde_json::{Value, json};
use support::{
    Daemon, ROOMY,
    secure::{Authority, Files},
};

type Client = RunningService<RoleClient, ()>;

async fn call(client: &Client, name: &'static str, arguments: Value) -> Value {
    let arguments = arguments.as_object().cloned().unwrap();
    let result = client.call_tool(CallToolRequestParams::new(name).with_arguments(arguments)).await.unwrap();
    result.structured_content.unwrap()
}

/// What every real client does: list, remember, find, plan, complete.
async fn scenario(client: Client, project: &str) {
    let tools = client.list_all_tools().await.unwrap();
    assert_eq!(tools.len(), 43);
    let fact = "部署密钥 are rotated every ninety days";
    let stored = call(&client, "store_memory", json!({ "project_id": project, "content": fact })).await;
    let found =
        call(&client, "retrieve_memory", json!({ "project_id": project, "query": "密钥 rotated" })).await;
    assert_eq!(found["memories"][0]["memory_id"], stored["memory_id"]);
    let todo = call(&client, "create_todo", json!({ "project_id": project, "title": "rotate" })).await;
    let next = call(&client, "get_next_todo", json!({ "project_id": project })).await;
    assert_eq!(next["todo"]["todo_id"], todo["todo_id"]);
    let change = json!({ "todo_id": todo["todo_id"], "status": "completed" });
    assert_eq!(call(&client, "update_todo_status", change).await["progress"], 100);
    client.cancel().await.unwrap();
}

fn modern() -> ClientLifecycleMode {
    ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] }
}

#[tokio::test]
async fn rmcp_over_http_in_both_eras() {
    let daemon = Daemon::start(ROOMY);
    for (name, mode) in [("legacy", ClientLifecycleMode::Initialize), ("modern", modern())] {
        let config = StreamableHttpClientTransportConfig::with_uri(format!("{}/mcp", daemon.base))
            .auth_header(daemon.key.clone());
        let transport = StreamableHttpClientTransport::from_config(config);
        scenario(().serve_with_lifecycle(transport, mode).await.unwrap(), name).await;
    }
}

#[tokio::test]
async fn rmcp_over_stdio_in_both_eras_in_process_and_bridged() {
    let daemon = Daemon::start(ROOMY);
    let alone = support::home("");
    for (name, home) in [("bridged", daemon.home()), ("alone", alone.path())] {
        for mode in [ClientLifecycleMode::Initialize, modern()] {
            let project = format!("{name}-{}", mode == modern());
            let mut command = tokio::process::Command::from(support::mcpd(home));
            command.args(["stdio", "--state-dir"]).arg(home.join("state"));
            let transport = TokioChildProcess::new(command).unwrap();
            scenario(().serve_with_lifecycle(transport, mode).await.unwrap(), &project).await;
        }
    }
    let counted = daemon.peer().tool("get_project_statistics", json!({ "project_id": "bridged-true" })).await;
    assert_eq!(counted["statistics"]["memories_count"], 1, "the bridge wrote into the daemon's database");
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Runs a script of `tests/peers` against a daemon and shows what it printed when it fails.
fn run(script: &str, daemon: &Daemon, stdio: &str) {
    run_with(Command::new(root().join("tests/peers").join(script)), daemon, stdio);
}

fn run_with(mut command: Command, daemon: &Daemon, stdio: &str) {
    let done = command
        .env("MCPD_URL", format!("{}/mcp", daemon.base))
        .env("MCPD_KEY", &daemon.key)
        .env("MCPD_STDIO", stdio)
        .env("PROJECT", "peers")
        .env("CODE_TREE", root().join("tests/peers"))
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?} failed (tests/peers/install brings what it needs)\n{told}");
}

#[test]
fn real_clients_over_every_transport() {
    // One of them can show its key over a WebSocket in no other way.
    let code = format!("[code]\nroots = [{:?}]\n", root().join("tests/peers"));
    let daemon = Daemon::start(&format!("[auth]\nquery_token = true\n{ROOMY}{code}"));
    let home = support::home(&code);
    let state = home.path().join("state");
    run("run", &daemon, &format!("{} stdio --state-dir {}", env!("CARGO_BIN_EXE_mcpd"), state.display()));
}

#[test]
fn real_clients_believe_an_authority_of_ones_own() {
    let authority = Authority::new("authority");
    let files = Files::new(&authority.issue(&["localhost", "127.0.0.1"]));
    let code = format!("[code]\nroots = [{:?}]\n", root().join("tests/peers"));
    let config = format!("{ROOMY}{}{code}", files.section(""));
    let daemon = Daemon::start(&config);
    let home = support::home(&code);
    let stdio = format!("{} stdio --state-dir {:?}", env!("CARGO_BIN_EXE_mcpd"), home.path().join("state"));
    let mut command = Command::new(root().join("tests/peers/run"));
    command.args(["ts2", "claude"]);
    command.env("NODE_EXTRA_CA_CERTS", files.write("authority.pem", &authority.pem(), 0o644));
    run_with(command, &daemon, &stdio.replace('"', ""));
}

#[test]
fn conformance_suite() {
    let fixtures = Path::new(env!("CARGO_BIN_EXE_mcpd")).with_file_name("mcpd-fixtures");
    assert!(fixtures.exists(), "build it: cargo build -p mcpd --features testing --bin mcpd-fixtures");
    let daemon = Daemon::start_program(&fixtures, ROOMY);
    run("conformance", &daemon, "");
}
