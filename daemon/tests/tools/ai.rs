//! The calls of the family ai, without a provider; `daemon/tests/ai.rs` has one.

use serde_json::json;

use crate::Checking;

/// Calls every tool of the family, in the project that the code tools have indexed.
pub(crate) async fn tools(tools: &Checking) {
    let p = "shop";
    for (tool, arguments) in [
        ("ai_understand_function", json!({ "project_id": p, "entity_id": "Store.put" })),
        ("ai_understand_module", json!({ "project_id": p, "module_name": "app/store.py" })),
        ("ai_explain_architecture", json!({ "project_id": p })),
        ("ai_generate_resumption_briefing", json!({ "project_id": p })),
        ("ai_analyze_code_quality", json!({ "project_id": p })),
        ("ai_generate_todos_from_goal", json!({ "project_id": p, "goal": "store things", "save": true })),
        (
            "ai_generate_todos_from_goal",
            json!({ "project_id": p, "goal": "x", "todos": [{ "title": "mine" }] }),
        ),
    ] {
        tools.good(tool, arguments).await;
    }
    // Without code, and without words about it.
    let goal = json!({ "project_id": "schema", "goal": "store things" });
    let bare = tools.good("ai_generate_todos_from_goal", goal).await;
    assert!(bare["note"].as_str().unwrap().contains("analyze_codebase"), "{bare}");
    let todo = tools.good("create_todo", json!({ "project_id": p, "title": "store things" })).await;
    let found = tools.good("ai_decompose_task", json!({ "todo_id": todo["todo_id"] })).await;
    assert!(!found["steps"].as_array().unwrap().is_empty(), "{found}");
    let own = json!({ "todo_id": todo["todo_id"], "steps": [{ "title": "one" }, { "title": "two" }] });
    let made = tools.good("ai_decompose_task", own).await;
    assert_eq!(made["created"].as_array().unwrap().len(), 2, "{made}");
    let bare = tools.good("create_todo", json!({ "project_id": "schema", "title": "zzz" })).await;
    let none = tools.good("ai_decompose_task", json!({ "todo_id": bare["todo_id"] })).await;
    assert_eq!(none["steps"], json!([]), "{none}");
    tools.call("ai_understand_module", json!({ "project_id": p, "module_name": "nowhere.py" })).await;
}
