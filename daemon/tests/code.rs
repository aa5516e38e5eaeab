//! The code of projects as clients meet it: what is found, how fresh it is, what is refused, and whose it is.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod code {
    mod freshness;
}
mod support;

use std::{
    fs,
    time::{Duration, Instant},
};

use mcpd_ipc::projects::{
    AnalysisPhase, ProjectsAnalysis, ProjectsAnalyze, ProjectsForget, ProjectsList, ProjectsShow,
    ProjectsStop,
};
use serde_json::{Value, json};
use support::{Daemon, Peer, eventually, plain_key, trees::Tree};

async fn ask(peer: &Peer, tool: &str, mut arguments: Value) -> Value {
    arguments["project_id"] = "p".into();
    peer.tool(tool, arguments).await
}

async fn find(peer: &Peer, name: &str) -> Value {
    ask(peer, "find_entity", json!({ "entity_name": name })).await
}

fn ids(found: &Value) -> Vec<&str> {
    found["entities"].as_array().unwrap().iter().map(|one| one["entity_id"].as_str().unwrap()).collect()
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_tree_is_analysed_and_asked() {
    let tree = Tree::small();
    let daemon = tree.daemon();
    let peer = daemon.peer();
    let done = tree.analyze(&peer, "p").await;
    assert_eq!((done["status"].as_str(), done["success"].as_bool()), (Some("done"), Some(true)), "{done}");
    let stats = &done["stats"];
    assert_eq!(stats["languages"], json!({ "python": 3, "typescript": 1 }));
    assert_eq!(stats["entities_by_type"]["class"], 2);
    assert_eq!(done["incremental"], json!({ "added": 4, "changed": 0, "removed": 0 }));

    let store = find(&peer, "Store").await;
    assert_eq!(ids(&store)[0], "app/store.py#class:Store");
    let put = ask(&peer, "find_entity", json!({ "name": "Store.put", "include_source": true })).await;
    assert!(put["entities"][0]["source"].as_str().unwrap().contains("self.log(thing)"), "{put}");
    assert_eq!(
        ask(&peer, "find_entity", json!({ "entity_name": "Store", "entity_type": "function" })).await["count"],
        0
    );

    let calls = ask(&peer, "trace_function_calls", json!({ "function_name": "run" })).await;
    let tree_of_calls = calls["call_tree"].as_array().unwrap();
    let named: Vec<_> = tree_of_calls.iter().map(|one| one["qualified_name"].as_str().unwrap()).collect();
    assert_eq!(named, ["Store", "Store.put", "Base.close", "run"]);
    assert_eq!((tree_of_calls[3]["cycle"].as_bool(), calls["cycles"].as_u64()), (Some(true), Some(1)));
    assert_eq!(tree_of_calls[1]["calls"][0]["qualified_name"], "Store.log");
    let unresolved = calls["unresolved_calls"].to_string();
    assert!(unresolved.contains("range") && unresolved.contains("later"), "{unresolved}");
    let callers =
        ask(&peer, "trace_function_calls", json!({ "function_name": "Store.log", "direction": "callers" }))
            .await;
    assert_eq!(callers["caller_tree"][0]["calls"][0]["qualified_name"], "run");

    let about = ask(&peer, "find_dependencies", json!({ "entity_name": "Store" })).await;
    assert!(about["depends_on"].to_string().contains("app/store.py#class:Base"), "{about}");
    assert!(about["depended_by"].to_string().contains("app/main.py#function:run"), "{about}");
    assert!(about["transitive"]["depended_by_count"].as_u64().unwrap() >= 2, "{about}");

    for (pattern, target, who) in [
        ("inherits_from", "Base", "Store"),
        ("calls_function", "Store.put", "run"),
        ("calls_function", "print", "log"),
        ("uses_decorator", "cached", "run"),
    ] {
        let found = ask(&peer, "search_code_pattern", json!({ "pattern": pattern, "target": target })).await;
        assert_eq!(found["results"][0]["name"], who, "{pattern} {target}: {found}");
    }
    let modules = ask(&peer, "list_modules", json!({ "folder": "app", "limit": 2 })).await;
    assert_eq!((modules["count"].as_u64(), modules["total"].as_u64()), (Some(2), Some(3)), "{modules}");
    let module = ask(&peer, "explain_module", json!({ "file_path": "app/store.py" })).await;
    assert_eq!(module["module_doc"], "Keeps things.");
    assert_eq!(module["imported_by"], json!(["app/main.py"]));
    let outline = ask(&peer, "get_file_outline", json!({ "file_path": "web/api.ts" })).await;
    assert_eq!(outline["outline"][2]["name"], "serve", "{outline}");
    let shape = ask(&peer, "query_architecture", json!({})).await;
    assert_eq!(shape["entry_points"], json!(["app/main.py"]), "{shape}");
    let explored = ask(&peer, "explore_code", json!({ "question": "how does the store put a thing?" })).await;
    assert_eq!(explored["definitions"][0]["qualified_name"], "Store.put", "{explored}");
}

#[tokio::test]
async fn what_is_not_indexed_is_not_what_is_not_found() {
    let tree = Tree::small();
    let daemon = tree.daemon();
    let peer = daemon.peer();
    assert_eq!(code(&find(&peer, "Store").await), "unknown_project");
    ask(&peer, "create_todo", json!({ "title": "a project without code" })).await;
    assert_eq!(code(&find(&peer, "Store").await), "not_indexed");
    tree.analyze(&peer, "p").await;
    let nothing = find(&peer, "Nowhere").await;
    assert_eq!((nothing["success"].as_bool(), nothing["count"].as_u64()), (Some(true), Some(0)), "{nothing}");
    let nobody = ask(&peer, "trace_function_calls", json!({ "function_name": "Stor" })).await;
    assert_eq!(code(&nobody), "not_found");
    assert!(nobody["error"]["hint"].as_str().unwrap().contains("app/store.py#class:Store"), "{nobody}");
    let file = ask(&peer, "explain_module", json!({ "file_path": "store.py" })).await;
    assert!(file["error"]["hint"].as_str().unwrap().contains("app/store.py"), "{file}");
}

#[tokio::test]
async fn a_folder_that_may_not_be_read_stores_nothing() {
    let tree = Tree::small();
    let daemon = tree.daemon();
    let peer = daemon.peer();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret.py"), "canary = 1\n").unwrap();
    std::os::unix::fs::symlink(outside.path(), tree.root().join("door")).unwrap();
    let inside = tree.path().display().to_string();
    for (path, told) in [
        (outside.path().display().to_string(), "outside"),
        (format!("{inside}/../../{}", outside.path().file_name().unwrap().to_str().unwrap()), "outside"),
        (tree.root().join("door").display().to_string(), "outside"),
        ("/nowhere/at/all".to_owned(), "outside"),
        ("/proc/self".to_owned(), "outside"),
        ("tree".to_owned(), "absolute"),
        (format!("{inside}/missing"), "no such directory"),
        (format!("{inside}/app/store.py"), "not a directory"),
    ] {
        let arguments = json!({ "project_id": "p", "project_name": "p", "project_path": path });
        let refused = peer.tool("analyze_codebase", arguments).await;
        assert_eq!(code(&refused), "refused", "{path}: {refused}");
        assert!(refused["error"]["message"].as_str().unwrap().contains(told), "{path}: {refused}");
    }
    let wrong =
        json!({ "project_id": "p", "project_name": "p", "project_path": inside, "language": "cobol" });
    assert_eq!(code(&peer.tool("analyze_codebase", wrong).await), "invalid_arguments");
    assert_eq!(code(&find(&peer, "x").await), "unknown_project", "no project was made");
    let nowhere = Daemon::start("[code]\nroots = []\n");
    let refused = tree.analyze(&nowhere.peer(), "p").await;
    assert!(refused["error"]["message"].as_str().unwrap().contains("code.roots"), "{refused}");
}

#[tokio::test]
async fn nothing_outside_the_tree_is_in_any_answer() {
    let tree = Tree::small();
    let canary = tree.root().join("canary.py");
    fs::write(&canary, "def canary_function():\n    return 'canary text'\n").unwrap();
    std::os::unix::fs::symlink(&canary, tree.path().join("linked.py")).unwrap();
    fs::hard_link(&canary, tree.path().join("hard.py")).unwrap();
    std::os::unix::fs::symlink(tree.path(), tree.path().join("loop")).unwrap();
    assert!(
        std::process::Command::new("mkfifo").arg(tree.path().join("pipe.py")).status().unwrap().success()
    );
    let daemon = tree.daemon();
    let peer = daemon.peer();
    let done = tree.analyze(&peer, "p").await;
    let skipped = done["stats"]["skipped"].to_string();
    for (name, why) in [("linked.py", "symbolic link"), ("hard.py", "hard link"), ("pipe.py", "pipe")] {
        assert!(skipped.contains(name) && skipped.contains(why), "{skipped}");
    }
    assert_eq!(find(&peer, "canary").await["count"], 0);
    // Swapped after it was read: the lines of the link's target are not shown.
    tree.remove("app/main.py");
    std::os::unix::fs::symlink(&canary, tree.path().join("app/main.py")).unwrap();
    let explored = ask(&peer, "explore_code", json!({ "question": "run cached canary" })).await;
    assert!(!explored.to_string().contains("canary text"), "{explored}");
}

#[tokio::test]
async fn the_code_outlives_a_restart_and_a_forgotten_one_is_gone() {
    let tree = Tree::small();
    let daemon = tree.daemon();
    tree.analyze(&daemon.peer(), "p").await;
    let daemon = daemon.kill_and_restart();
    let peer = daemon.peer();
    assert_eq!(ids(&find(&peer, "Store").await), ["app/store.py#class:Store"]);
    let listed = daemon.obey(ProjectsList { tenant: None }).await.projects;
    assert_eq!((listed.len(), listed[0].files, listed[0].complete), (1, 4, true));
    let shown = daemon.obey(ProjectsShow { tenant: None, project: "p".into() }).await;
    assert_eq!(shown.languages[0].name, "python");

    let mut other = plain_key("other");
    other.tenant = Some("elsewhere".into());
    let (_, secret) = daemon.issue(other).await;
    let theirs = Peer::new(&daemon.base, &secret);
    assert_eq!(code(&find(&theirs, "Store").await), "unknown_project", "another tenant has its own");

    let forgotten = daemon.obey(ProjectsForget { tenant: None, project: "p".into() }).await;
    assert_eq!(forgotten.files, 4);
    assert_eq!(code(&find(&peer, "Store").await), "not_indexed");
    assert!(daemon.obey(ProjectsList { tenant: None }).await.projects.is_empty());
    tree.analyze(&peer, "p").await;
    assert_eq!(ids(&find(&peer, "Store").await), ["app/store.py#class:Store"]);
}

/// Returns a tree that takes a while.
fn large() -> Tree {
    let tree = Tree::new(&[]);
    let body: String = (0..150)
        .map(|number| format!("def f{number}(a, b):\n    return f{number}(a, [b, {{a: b}}])\n\n"))
        .collect();
    for number in 0..300 {
        tree.write(&format!("d{}/m{number}.py", number % 40), &format!("# {number}\n{body}"));
    }
    tree
}

#[tokio::test]
async fn long_work_shows_itself_and_stops_when_told() {
    let tree = large();
    let daemon = tree.daemon();
    let project = || "p".to_owned();
    let path = Some(tree.path().display().to_string());
    let begun = daemon
        .obey(ProjectsAnalyze { tenant: None, project: project(), name: None, path: path.clone() })
        .await;
    assert!(!begun.phase.is_over(), "{begun:?}");
    let now = async || daemon.obey(ProjectsAnalysis { tenant: None, project: project() }).await;
    eventually("files are parsed", async || {
        let state = now().await;
        state.phase == AnalysisPhase::Parsing && state.done > 0 && state.total == 300
    })
    .await;
    assert_eq!(code(&find(&daemon.peer(), "f1").await), "not_indexed", "half of it is nothing");
    let told = Instant::now();
    daemon.obey(ProjectsStop { tenant: None, project: project() }).await;
    eventually("it has stopped", async || now().await.phase == AnalysisPhase::Stopped).await;
    assert!(told.elapsed() < Duration::from_secs(5), "{:?}", told.elapsed());
    assert_eq!(code(&find(&daemon.peer(), "f1").await), "not_indexed");

    // A call that is cancelled ends its analysis, too.
    let peer = daemon.peer();
    let call = tokio::spawn({
        let (peer, path) = (peer.clone(), tree.path());
        async move {
            let arguments = json!({ "project_id": "q", "project_name": "q", "project_path": path });
            peer.tool("analyze_codebase", arguments).await
        }
    });
    let now = async || {
        let listed = daemon.obey(ProjectsList { tenant: None }).await.projects;
        listed.into_iter().find(|one| one.project == "q").and_then(|one| one.running).map(|one| one.phase)
    };
    eventually("it runs", async || now().await == Some(AnalysisPhase::Parsing)).await;
    call.abort();
    eventually("it has stopped", async || now().await == Some(AnalysisPhase::Stopped)).await;
}

#[tokio::test]
async fn progress_counts_files() {
    let tree = large();
    let daemon = tree.daemon();
    let peer = daemon.peer();
    let arguments = json!({ "project_id": "p", "project_name": "p", "project_path": tree.path() });
    let params =
        json!({ "name": "analyze_codebase", "arguments": arguments, "_meta": { "progressToken": "t" } });
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let mut events = support::events::Events::of(peer.post_bytes(body.to_string(), &[]).await);
    let (mut told, mut last) = (Vec::new(), Value::Null);
    while let Some(message) = events.message().await {
        match message["method"].as_str() {
            Some("notifications/progress") => told.push(message["params"].clone()),
            _ => last = message,
        }
    }
    assert!(
        told.iter().any(|one| one["total"] == 302.0 && one["progress"].as_f64().unwrap() > 0.0),
        "{told:?}"
    );
    let grows = |pair: &[Value]| pair[0]["progress"].as_f64() < pair[1]["progress"].as_f64();
    assert!(told.windows(2).all(grows), "{told:?}");
    assert_eq!(last["result"]["structuredContent"]["stats"]["total_files"], 300, "{last}");
}

#[tokio::test]
async fn a_budget_gives_an_honest_part() {
    let tree = large();
    let config = format!("{}max_files = 100\n", tree.config());
    let daemon = Daemon::start(&config);
    let peer = daemon.peer();
    let done = tree.analyze(&peer, "p").await;
    assert_eq!(done["stats"]["total_files"], 100, "{done}");
    assert!(done["note"].as_str().unwrap().contains("incomplete"), "{done}");
    let found = find(&peer, "f1").await;
    assert!(
        found["freshness"]["note"].as_str().unwrap().contains("incomplete"),
        "every answer says so: {found}"
    );
    assert!(!daemon.obey(ProjectsList { tenant: None }).await.projects[0].complete);
}
