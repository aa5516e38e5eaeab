//! Small sets of tools: families that the configuration names, and families in the lists of keys.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use mcpd_ipc::{
    FaultKind,
    keys::{KeysAdd, KeysShow},
    life::{Reload, Status},
    tools::{ToolsCall, ToolsList, ToolsShow},
};
use serde_json::{Value, json};
use support::{Daemon, Peer, ROOMY, events::Events, plain_key};

async fn names(peer: &Peer) -> Vec<String> {
    let (_, list) = peer.ask("tools/list", json!({}), &[]).await;
    let tools = list["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
}

async fn call(peer: &Peer, name: &str) -> Value {
    peer.ask("tools/call", json!({ "name": name, "arguments": { "project_id": "p" } }), &[]).await.1
}

#[tokio::test]
async fn families_are_named_in_the_configuration_and_change_with_a_reload() {
    let daemon = Daemon::start(&format!("{ROOMY}[tools]\nfamilies = [\"memory\"]\n"));
    let peer = daemon.peer();
    assert_eq!(names(&peer).await, ["store_memory", "retrieve_memory"]);
    let (hidden, unknown) = (call(&peer, "list_todos").await, call(&peer, "list_todoz").await);
    assert_eq!(hidden.to_string().replace("list_todos", "list_todoz"), unknown.to_string());
    assert_eq!(daemon.obey(Status {}).await.tools, 2);
    let listed = daemon.obey(ToolsList {}).await;
    assert!(listed.tools.iter().all(|tool| tool.enabled && tool.left_out != (tool.family == "memory")));
    let by_hand = ToolsCall { name: "list_todos".into(), arguments: json!({ "project_id": "p" }) };
    let refused = daemon.operator().await.call(by_hand).await.unwrap_err().to_string();
    assert!(refused.contains("tools.families"), "{refused}");

    let session = peer.initialize("2025-11-25").await;
    let mut stream = Events::listen(&peer, &session, None).await;
    let file = daemon.state().join("mcpd.toml");
    std::fs::write(&file, format!("{ROOMY}[tools]\nfamilies = [\"memory\", \"context\"]\n")).unwrap();
    assert_eq!(daemon.obey(Reload {}).await.live, ["tools.families"]);
    assert_eq!(stream.told().await["method"], "notifications/tools/list_changed");
    assert!(names(&peer).await.contains(&"list_todos".to_owned()));
    std::fs::write(&file, format!("{ROOMY}[tools]\nfamilies = [\"memroy\"]\n")).unwrap();
    let bad = daemon.operator().await.call(Reload {}).await.unwrap_err().to_string();
    assert!(bad.contains("did you mean \"memory\"?"), "{bad}");
    std::fs::write(&file, ROOMY).unwrap();
    daemon.obey(Reload {}).await;
    assert_eq!(names(&peer).await.len(), daemon.obey(ToolsList {}).await.tools.len());
}

#[tokio::test]
async fn a_family_stands_for_its_tools_in_the_lists_of_a_key() {
    let daemon = Daemon::start(ROOMY);
    let add = |name: &str, tools: &[&str], deny: &[&str]| {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        KeysAdd { tools: words(tools), deny_tools: words(deny), ..plain_key(name) }
    };
    let peer = async |terms: KeysAdd| Peer::new(&daemon.base, &daemon.issue(terms).await.1);
    let small = peer(add("small", &["family:memory", "list_todos"], &["store_memory"])).await;
    assert_eq!(names(&small).await, ["retrieve_memory", "list_todos"]);
    assert_eq!(
        call(&small, "list_todos").await["result"]["structuredContent"]["error"]["code"],
        "unknown_project"
    );
    assert!(call(&small, "create_todo").await["error"].is_object());
    let resources = small.ask("resources/templates/list", json!({}), &[]).await.1;
    let templates = resources["result"]["resourceTemplates"].to_string();
    assert!(templates.contains("/memories/") && !templates.contains("/decisions"), "{templates}");
    let without = peer(add("without", &[], &["family:code", "family:firewall"])).await;
    let left = names(&without).await;
    assert!(left.contains(&"create_todo".to_owned()) && !left.contains(&"find_entity".to_owned()));
    let shown = daemon.obey(KeysShow { key: "small".into() }).await;
    assert_eq!(shown.tools, ["family:memory", "list_todos"]);

    for (word, near) in [
        ("memory", "family:memory"),
        ("family:memroy", "family:memory"),
        ("list_todo", "list_todos"),
        ("family:xyz", "family:NAME"),
    ] {
        let fault = daemon.operator().await.call(add("bad", &[word], &[])).await.unwrap_err();
        let mcpd_ipc::CallError::Refused(fault) = fault else { panic!("{fault}") };
        assert_eq!(fault.kind, FaultKind::NotFound);
        assert!(fault.hint.as_deref().unwrap_or_default().contains(near), "{fault:?}");
    }
    // The key outlives a restart, with its family.
    let key = small.key.clone();
    let daemon = daemon.kill_and_restart();
    assert_eq!(names(&Peer::new(&daemon.base, &key)).await, ["retrieve_memory", "list_todos"]);
}

#[tokio::test]
async fn what_tools_cost_adds_up() {
    let daemon = Daemon::start(ROOMY);
    let listed = daemon.obey(ToolsList {}).await;
    let sum = |family: Option<&str>| {
        let tools = listed.tools.iter().filter(|tool| family.is_none_or(|family| tool.family == family));
        tools
            .map(|tool| (tool.estimated_tokens.whole, tool.estimated_tokens.input))
            .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    };
    assert_eq!((listed.estimated_tokens.whole, listed.estimated_tokens.input), sum(None));
    for family in &listed.families {
        assert_eq!(
            (family.estimated_tokens.whole, family.estimated_tokens.input),
            sum(Some(&family.family)),
            "{}",
            family.family
        );
    }
    let detail = daemon.obey(ToolsShow { name: "create_todo".into() }).await;
    let (_, list) = daemon.peer().ask("tools/list", json!({}), &[]).await;
    let mut tools = list["result"]["tools"].as_array().unwrap().iter();
    let entry = tools.find(|tool| tool["name"] == "create_todo").unwrap();
    let characters = entry.to_string().chars().count() as u64;
    assert_eq!(
        detail.summary.estimated_tokens.whole,
        characters.div_ceil(4),
        "ASCII: a quarter of the characters"
    );
    assert!(detail.summary.estimated_tokens.input < detail.summary.estimated_tokens.whole);
}
