//! Every code tool through a real client on a real open-source project: the `humantime` crate that this workspace is
//! built with. The answers were read beside its source and are kept as snapshots.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{path::PathBuf, process::Command};

use rmcp::{
    ServiceExt,
    model::CallToolRequestParams,
    transport::{StreamableHttpClientTransport, streamable_http_client::StreamableHttpClientTransportConfig},
};
use serde_json::{Value, json};
use support::{Daemon, ROOMY};

/// Returns the folder of a crate this workspace depends on.
fn crate_folder(name: &str) -> PathBuf {
    let cargo = |arguments: &[&str]| {
        Command::new(env!("CARGO")).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
    };
    let version = String::from_utf8(cargo(&["-vV"]).stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // Crates of other platforms are not here.
    let told =
        cargo(&["metadata", "--format-version", "1", "--offline", "--locked", "--filter-platform", host]);
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let metadata: Value = serde_json::from_slice(&told.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let package = packages.iter().find(|package| package["name"] == name).expect("a dependency of ours");
    PathBuf::from(package["manifest_path"].as_str().unwrap()).parent().unwrap().to_owned()
}

/// Takes out what differs from run to run.
fn without_times(mut answer: Value) -> Value {
    if answer.get("duration_ms").is_some() {
        answer["duration_ms"] = json!("[ms]");
    }
    if let Some(fresh) = answer.get_mut("freshness") {
        fresh["indexed_at"] = json!("[time]");
    }
    answer
}

#[tokio::test]
async fn every_code_tool_answers_about_a_real_project() {
    let folder = crate_folder("humantime");
    let daemon = Daemon::start(&format!("{ROOMY}[code]\nroots = [{folder:?}]\n"));
    let config = StreamableHttpClientTransportConfig::with_uri(format!("{}/mcp", daemon.base))
        .auth_header(daemon.key.clone());
    let client = ().serve(StreamableHttpClientTransport::from_config(config)).await.unwrap();
    let calls = [
        ("analyze_codebase", json!({ "project_name": "humantime", "project_path": folder })),
        ("query_architecture", json!({})),
        ("find_entity", json!({ "entity_name": "parse_duration", "include_source": true })),
        ("trace_function_calls", json!({ "function_name": "parse_duration", "depth": 3 })),
        ("trace_function_calls", json!({ "function_name": "Parser.parse_unit", "direction": "callers" })),
        ("find_dependencies", json!({ "entity_name": "FormattedDuration" })),
        ("list_modules", json!({})),
        ("explain_module", json!({ "file_path": "src/wrapper.rs" })),
        ("search_code_pattern", json!({ "pattern": "calls_function", "target": "two_digits" })),
        ("search_code_pattern", json!({ "pattern": "inherits_from", "target": "fmt::Display" })),
        ("search_code_pattern", json!({ "pattern": "uses_decorator", "target": "derive" })),
        ("get_file_outline", json!({ "file_path": "src/duration.rs" })),
        ("explore_code", json!({ "question": "how is a timestamp formatted?", "token_budget": 2500 })),
    ];
    for (number, (tool, mut arguments)) in calls.into_iter().enumerate() {
        arguments["project_id"] = "humantime".into();
        let arguments = arguments.as_object().cloned().unwrap();
        let result =
            client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await.unwrap();
        let answer = result.structured_content.unwrap();
        assert_eq!(answer["success"], true, "{tool}: {answer}");
        insta::assert_json_snapshot!(format!("{number:02}_{tool}"), without_times(answer));
    }
    client.cancel().await.unwrap();
}
