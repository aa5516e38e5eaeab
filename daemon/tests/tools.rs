//! Every tool keeps what it publishes: answers fit the output schema, and docs/tools.md says what `tools/list` says.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;
mod tools {
    pub(crate) mod ai;
    pub(crate) mod firewall;
    pub(crate) mod quality;
}

use std::{collections::HashMap, path::Path};

use mcpd_ipc::keys::KeysAdd;
use serde_json::{Value, json};
use support::{Daemon, Peer, ROOMY, trees::Tree};

/// A peer that checks each answer against the published schema.
struct Checking {
    peer: Peer,
    schemas: HashMap<String, jsonschema::Validator>,
    /// What `tools/list` says of results.
    outlines: HashMap<String, jsonschema::Validator>,
    called: std::cell::RefCell<std::collections::BTreeSet<String>>,
}

async fn published(peer: &Peer) -> Vec<Value> {
    let (_, list) = peer.ask("tools/list", json!({}), &[]).await;
    list["result"]["tools"].as_array().unwrap().clone()
}

/// Returns what operators see of each tool: the schema of its results is whole there.
async fn reference(daemon: &Daemon) -> Vec<Value> {
    let mut tools = Vec::new();
    for tool in published(&daemon.peer()).await {
        let name = tool["name"].as_str().unwrap().to_owned();
        let whole = daemon.obey(mcpd_ipc::tools::ToolsShow { name }).await.published;
        assert_eq!(whole["inputSchema"], tool["inputSchema"]);
        tools.push(whole);
    }
    tools
}

impl Checking {
    async fn new(daemon: &Daemon) -> Self {
        let peer = daemon.peer();
        let outlines = published(&peer).await;
        let outlined = outlines.iter().map(|tool| {
            let validator = jsonschema::validator_for(&tool["outputSchema"]).unwrap();
            (tool["name"].as_str().unwrap().to_owned(), validator)
        });
        let outlines = outlined.collect();
        let tools = reference(daemon).await;
        let schemas = tools.iter().map(|tool| {
            let validator = jsonschema::validator_for(&tool["outputSchema"]).unwrap();
            (tool["name"].as_str().unwrap().to_owned(), validator)
        });
        Self { schemas: schemas.collect(), outlines, peer, called: Default::default() }
    }

    async fn call(&self, name: &str, arguments: Value) -> Value {
        let (_, answer) =
            self.peer.ask("tools/call", json!({ "name": name, "arguments": arguments }), &[]).await;
        let result = &answer["result"];
        let structured = result["structuredContent"].clone();
        let errors: Vec<String> = self.schemas[name]
            .iter_errors(&structured)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{name} does not keep its schema: {errors:?}\n{structured}");
        assert!(self.outlines[name].is_valid(&structured), "{name} does not keep its outline\n{structured}");
        let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, structured, "text and structured content are the same object");
        assert_eq!(result["isError"], json!(structured["success"] == false));
        self.called.borrow_mut().insert(name.to_owned());
        structured
    }

    async fn good(&self, name: &str, arguments: Value) -> Value {
        let answer = self.call(name, arguments).await;
        assert_eq!(answer["success"], true, "{name}: {answer}");
        answer
    }
}

#[tokio::test]
async fn every_answer_fits_its_published_schema() {
    let tree = Tree::small();
    let daemon = tree.daemon();
    let tools = Checking::new(&daemon).await;
    let p = "schema";
    for level in ["short", "mid", "long"] {
        let stored = tools
            .good(
                "store_memory",
                json!({ "project_id": p, "content": format!("a {level} fact"), "memory_level": level,
                "tags": ["a"], "category": "c", "confidence": 0.5 }),
            )
            .await;
        assert_eq!(stored.get("expires_at").is_some(), level != "long");
    }
    let again = json!({ "project_id": p, "content": "a short fact", "memory_level": "long", "tags": ["b"], "category": "d" });
    let again = tools.good("store_memory", again).await;
    assert_eq!((&again["deduplicated"], &again["memory_level"]), (&json!(true), &json!("long")));
    let found =
        tools.good("retrieve_memory", json!({ "project_id": p, "query": "short", "category": "d" })).await;
    assert_eq!(found["memories"][0]["tags"], json!(["a", "b"]), "labels of both are kept");
    assert!(found["memories"][0]["relevance_score"].as_f64().unwrap() > 0.0);
    tools.good("retrieve_memory", json!({ "project_id": "never used", "query": "x" })).await;
    // A lone memory has nothing in common with others.
    tools.good("store_memory", json!({ "project_id": "lone", "content": "a fact" })).await;
    let lone = tools.good("retrieve_memory", json!({ "project_id": "lone", "query": "fact" })).await;
    assert_eq!(lone["memories"][0]["related_terms"], json!([]));

    let first = tools.good("start_dev_session", json!({ "project_id": p, "goals": "one" })).await;
    let same = tools.good("start_dev_session", json!({ "project_id": p, "goals": "one" })).await;
    assert_eq!((&same["session_id"], &same["resumed"]), (&first["session_id"], &json!(true)));
    let id = &first["session_id"];
    let done = tools.good("create_todo", json!({ "project_id": p, "title": "in the session" })).await;
    tools.good("update_todo_status", json!({ "todo_id": done["todo_id"], "status": "completed" })).await;
    let end = json!({ "session_id": id, "achievements": "it", "files_modified": ["a.rs"] });
    let ended = tools.good("end_dev_session", end.clone()).await;
    assert_eq!(ended["todos_completed"], json!(["in the session"]));
    assert_eq!(tools.good("end_dev_session", end).await["already_ended"], true);
    for number in 0..25 {
        tools
            .good("start_dev_session", json!({ "project_id": p, "goals": format!("left open {number}") }))
            .await;
    }
    let second = tools.good("start_dev_session", json!({ "project_id": p, "goals": "two" })).await;
    assert_eq!(second["previous_session"]["session_id"], *id, "however many were left open");
    tools.call("end_dev_session", json!({ "session_id": "none", "achievements": "x" })).await;

    let decision = tools
        .good(
            "record_design_decision",
            json!({ "project_id": p, "title": "t", "reasoning": "r", "category": "pattern",
            "alternatives": [{ "name": "x", "pros": "p" }, { "name": "y" }] }),
        )
        .await;
    let newer =
        json!({ "project_id": p, "title": "t2", "reasoning": "r", "supersedes": [decision["decision_id"]] });
    tools.good("record_design_decision", newer.clone()).await;
    assert_eq!(tools.call("record_design_decision", newer).await["error"]["code"], "not_found");
    assert_eq!(tools.good("list_design_decisions", json!({ "project_id": p })).await["total"], 1);
    let all =
        tools.good("list_design_decisions", json!({ "project_id": p, "include_superseded": true })).await;
    assert_eq!(all["total"], 2, "what was refused wrote nothing");

    let note = json!({ "project_id": p, "category": "issue", "title": "t", "content": "c", "importance": 5, "tags": ["x"] });
    let issue = tools.good("add_project_note", note.clone()).await;
    for _ in 0..11 {
        tools.good("add_project_note", note.clone()).await;
    }
    tools.good("add_project_note", json!({ "project_id": p, "category": "pitfall", "title": "mind", "content": "c", "importance": 4 })).await;
    tools.good("add_project_note", json!({ "project_id": p, "category": "tip", "title": "t", "content": "c", "resolves": [issue["note_id"]] })).await;
    assert_eq!(
        tools
            .good(
                "list_project_notes",
                json!({ "project_id": p, "tag": "x", "unresolved_only": true, "limit": 3 })
            )
            .await["next_offset"],
        3
    );

    let a = tools.good("create_todo", json!({ "project_id": p, "title": "a", "priority": 1 })).await;
    let b = tools.good("create_todo", json!({ "project_id": p, "title": "b", "priority": 5, "depends_on": [a["todo_id"]], "estimated_hours": 2 })).await;
    let next = tools.good("get_next_todo", json!({ "project_id": p })).await;
    assert_eq!(next["todo"]["title"], "a", "b waits for it");
    let cycle = json!({ "todo_id": a["todo_id"], "status": "pending", "depends_on": [b["todo_id"]] });
    assert_eq!(tools.call("update_todo_status", cycle).await["error"]["code"], "conflict");
    let context = tools.good("get_project_context", json!({ "project_id": p })).await;
    assert_eq!(context["context"]["important_notes"][0]["title"], "mind", "issues do not push it out");
    assert_eq!(context["context"]["last_session"]["session_id"], *id);
    let freed =
        tools.good("update_todo_status", json!({ "todo_id": a["todo_id"], "status": "completed" })).await;
    assert_eq!(freed["unblocked"][0]["title"], "b");
    let half = json!({ "todo_id": b["todo_id"], "status": "completed", "progress": 50 });
    assert_eq!(tools.call("update_todo_status", half).await["error"]["code"], "invalid_arguments");
    tools
        .good(
            "update_todo_status",
            json!({ "todo_id": b["todo_id"], "status": "in_progress", "progress": 40 }),
        )
        .await;
    assert!(tools.good("get_next_todo", json!({ "project_id": p })).await["todo"].is_null());
    tools.good("get_project_context", json!({ "project_id": p })).await;
    assert_eq!(
        tools.good("list_todos", json!({ "project_id": p, "status": "in_progress" })).await["total"],
        1
    );
    let figures = tools.good("get_project_statistics", json!({ "project_id": p })).await;
    assert_eq!(figures["statistics"]["todos"]["by_status"], json!({ "completed": 2, "in_progress": 1 }));
    tools.good("create_todo", json!({ "project_id": "empty", "title": "only" })).await;
    tools.good("get_project_context", json!({ "project_id": "empty" })).await;
    let unknown = tools.call("list_todos", json!({ "project_id": "nobody" })).await;
    assert_eq!(unknown["error"]["code"], "unknown_project");

    code_tools(&tools, &tree).await;
    tools::ai::tools(&tools).await;
    tools::quality::tools(&tools, &tree).await;
    tools::firewall::firewall_tools(&tools).await;
    let called = tools.called.borrow().len();
    assert_eq!(called, tools.schemas.len(), "every tool was called");
}

async fn code_tools(tools: &Checking, tree: &Tree) {
    let p = "shop";
    let ask = async |tool: &str, mut arguments: Value| {
        arguments["project_id"] = p.into();
        tools.good(tool, arguments).await
    };
    let folder = json!({ "project_name": "Shop", "project_path": tree.path() });
    ask("analyze_codebase", folder.clone()).await;
    tree.write("app/torn.py", "def torn(:\n");
    tree.write("app/binary.py", "\u{0}");
    let again = ask("analyze_codebase", folder).await;
    assert_eq!(
        (&again["stats"]["skipped_count"], &again["stats"]["parse_error_count"]),
        (&json!(1), &json!(1)),
        "{again}"
    );
    ask("query_architecture", json!({})).await;
    ask("find_entity", json!({ "entity_name": "s", "include_source": true, "limit": 200 })).await;
    let both = json!({ "function_name": "run", "direction": "both", "depth": 5 });
    ask("trace_function_calls", both).await;
    ask("find_dependencies", json!({ "entity_name": "app/store.py", "depth": 10 })).await;
    ask("list_modules", json!({ "limit": 1 })).await;
    ask("explain_module", json!({ "file_path": "app/store.py" })).await;
    let subclasses = json!({ "pattern": "inherits_from", "target": "Base", "transitive": true });
    ask("search_code_pattern", subclasses).await;
    ask("get_file_outline", json!({ "file_path": "web/api.ts" })).await;
    ask("explore_code", json!({ "question": "store" })).await;
    let unknown = json!({ "project_id": p, "file_path": "nowhere.py" });
    assert_eq!(tools.call("explain_module", unknown).await["error"]["code"], "not_found");
}

/// Estimates tokens as `mcpctl tools list` does, which counts schemas somewhat dear: they come to 4.3 characters each.
fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}

#[tokio::test]
async fn lists_of_tools_stay_small() {
    let daemon = Daemon::start(ROOMY);
    let (_, all) = daemon.peer().ask("tools/list", json!({}), &[]).await;
    assert_eq!(all["result"]["tools"].as_array().unwrap().len(), 43);
    let whole = tokens(&all.to_string());
    assert!(whole < 14_000, "the full set takes {whole} tokens");
    // Remember, plan and resume: what a small client begins with.
    let words = "family:memory create_todo update_todo_status get_next_todo list_todos get_project_context";
    let few = KeysAdd { tools: words.split(' ').map(str::to_owned).collect(), ..support::plain_key("few") };
    let (_, secret) = daemon.issue(few).await;
    let (_, few) = Peer::new(&daemon.base, &secret).ask("tools/list", json!({}), &[]).await;
    assert_eq!(few["result"]["tools"].as_array().unwrap().len(), 7);
    let small = tokens(&few.to_string());
    assert!(small < 3_000, "the small set takes {small} tokens");
}

#[tokio::test]
async fn descriptions_are_short_and_begin_with_what_a_tool_is_for() {
    let daemon = Daemon::start(ROOMY);
    for tool in published(&daemon.peer()).await {
        let text = tool["description"].as_str().unwrap();
        let length = text.chars().count();
        assert!((60..=340).contains(&length), "{} has {length} characters", tool["name"]);
        // The first word says what it does: clients search names and first words.
        let first = text.split([' ', ',']).next().unwrap();
        assert!(
            first.chars().next().unwrap().is_uppercase() && !["The", "This", "A", "Tool"].contains(&first),
            "{text}"
        );
        for (name, schema) in tool["inputSchema"]["properties"].as_object().unwrap() {
            let meaning = schema["description"].as_str().unwrap_or_default().chars().count();
            assert!((1..=160).contains(&meaning), "{} of {} has {meaning}", name, tool["name"]);
        }
    }
}

#[tokio::test]
async fn a_long_argument_is_not_sent_back_whole() {
    let daemon = Daemon::start(ROOMY);
    let arguments = json!({ "project_id": "p", "title": "x".repeat(100_000), "depends_on": vec![3; 1000] });
    let (_, answer) =
        daemon.peer().ask("tools/call", json!({ "name": "create_todo", "arguments": arguments }), &[]).await;
    assert!(answer.to_string().len() < 5_000, "{} bytes", answer.to_string().len());
}

#[tokio::test]
async fn concurrent_updates_keep_the_progress_that_was_acknowledged() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    for _ in 0..50 {
        let todo = peer.tool("create_todo", json!({ "project_id": "p", "title": "t" })).await;
        let id = &todo["todo_id"];
        let with = peer
            .tool("update_todo_status", json!({ "todo_id": id, "status": "in_progress", "progress": 80 }));
        let without = peer.tool("update_todo_status", json!({ "todo_id": id, "status": "in_progress" }));
        tokio::join!(with, without);
        let listed = peer
            .tool("list_todos", json!({ "project_id": "p", "status": "in_progress", "limit": 500 }))
            .await;
        let found = listed["todos"].as_array().unwrap().iter().find(|one| one["todo_id"] == *id).unwrap();
        assert_eq!(found["progress"], 80);
    }
}

#[tokio::test]
async fn the_reference_of_tools_is_what_the_daemon_publishes() {
    let daemon = Daemon::start(ROOMY);
    let mut page = String::from(
        "# Tools\n\nGenerated from the registry; `MCPD_BLESS=1 cargo test -p mcpd --test tools` writes it anew. Fields of results \
         have their whole schemas in `mcpctl tools show NAME --json`. Tokens are estimated: what a tool takes in `tools/list`.\n",
    );
    let costs = daemon.obey(mcpd_ipc::tools::ToolsList {}).await.tools;
    let cost: HashMap<String, _> = costs.into_iter().map(|tool| (tool.name.clone(), tool)).collect();
    let mut family = String::new();
    for tool in reference(&daemon).await {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let name = text(&tool["name"]);
        let of = &cost[&name];
        if of.family != family {
            family.clone_from(&of.family);
            page.push_str(&format!("\n## {family}\n"));
        }
        let access = if of.read_only { "reads" } else { "writes" };
        page.push_str(&format!("\n### {name}\n\n{}\n\n", text(&tool["description"])));
        page.push_str(&format!("{access}, {} tokens\n\n", of.estimated_tokens.whole));
        page.push_str("| argument | type | required | meaning |\n|---|---|---|---|\n");
        let required = tool["inputSchema"]["required"].as_array().cloned().unwrap_or_default();
        for (name, schema) in tool["inputSchema"]["properties"].as_object().unwrap() {
            let must = if required.contains(&json!(name)) { "yes" } else { "" };
            let meaning = schema["description"].as_str().unwrap_or_default();
            page.push_str(&format!("| `{name}` | {} | {must} | {meaning} |\n", kind(schema)));
        }
        let fields: Vec<String> = tool["outputSchema"]["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(|name| format!("`{name}`"))
            .collect();
        page.push_str(&format!("\nReturns {}.\n", fields.join(", ")));
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("docs/tools.md");
    if std::env::var("MCPD_BLESS").is_ok() {
        std::fs::write(&path, &page).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == page, "docs/tools.md is out of date: MCPD_BLESS=1 cargo test -p mcpd --test tools");
}

fn kind(schema: &Value) -> String {
    if let Some(words) = schema["enum"].as_array() {
        return words
            .iter()
            .map(|word| format!("`{}`", word.as_str().unwrap()))
            .collect::<Vec<_>>()
            .join(" ");
    }
    let mut kind = schema["type"].as_str().unwrap_or("any").to_owned();
    if let Some(items) = schema["items"]["type"].as_str() {
        kind = format!("array of {items}");
    }
    match (&schema["minimum"], &schema["maximum"]) {
        (Value::Null, Value::Null) => kind,
        (least, Value::Null) => format!("{kind}, at least {least}"),
        (Value::Null, most) => format!("{kind}, at most {most}"),
        (least, most) => format!("{kind}, {least} to {most}"),
    }
}
