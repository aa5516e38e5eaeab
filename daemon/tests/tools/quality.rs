//! The calls of the quality family.

use serde_json::{Value, json};

use crate::{
    Checking,
    support::{eventually, trees::Tree},
};

/// Calls every tool of the family, in the project that the code tools have indexed and in one without code.
pub(crate) async fn tools(tools: &Checking, tree: &Tree) {
    let p = "shop";
    let ask = async |tool: &str, mut arguments: Value| {
        arguments["project_id"] = p.into();
        tools.good(tool, arguments).await
    };
    let never = ask("list_quality_issues", json!({})).await;
    assert_eq!((&never["total"], &never["last_detection"]), (&json!(0), &Value::Null));
    tree.write("app/greedy.py", "def take(a, b, c, d, e, f, g, h):\n    # TODO: fewer\n    pass\n");
    eventually("what was written is read again", async || {
        ask("find_entity", json!({ "entity_name": "take" })).await["count"] == 1
    })
    .await;
    let found = ask("detect_code_smells", json!({ "limit": 500 })).await;
    assert_eq!(found["issues"]["low"][0]["type"], "long_parameter_list", "{found}");
    ask("detect_code_smells", json!({ "smell_types": ["dead_code", "god_class"] })).await;
    let id = &found["issues"]["low"][0]["issue_id"];
    let assessed = ask("assess_technical_debt", json!({})).await;
    assert_eq!(
        assessed["breakdown"]["dependencies"]["score"],
        Value::Null,
        "there is no manifest: {assessed}"
    );
    assert_eq!(assessed["breakdown"]["todos"]["evidence"]["TODO"], 1, "{assessed}");
    let spots = ask("identify_debt_hotspots", json!({ "top_k": 1 })).await;
    assert_eq!(spots["history"]["known"], false, "{spots}");
    ask("get_quality_trends", json!({ "days": 3650 })).await;
    ask("generate_quality_report", json!({})).await;
    let one = json!({ "severity": "low", "status": "open", "smell_type": "long_parameter_list", "file_path": "app/greedy.py", "limit": 1 });
    assert_eq!(ask("list_quality_issues", one).await["total"], 1);
    let resolved = tools.good("resolve_quality_issue", json!({ "issue_id": id, "resolved_by": "Ada" })).await;
    assert_eq!((&resolved["status"], &resolved["resolved_by"]), (&json!("resolved"), &json!("Ada")));
    tools.good("resolve_quality_issue", json!({ "issue_id": id, "status": "in_progress" })).await;
    tools.good("ignore_quality_issue", json!({ "issue_id": id, "reason": "an interface asks for it" })).await;
    let unknown = json!({ "issue_id": "none" });
    assert_eq!(tools.call("ignore_quality_issue", unknown.clone()).await["error"]["code"], "not_found");
    assert_eq!(tools.call("resolve_quality_issue", unknown).await["error"]["code"], "not_found");
    let without = json!({ "project_id": "schema" });
    assert_eq!(tools.call("detect_code_smells", without).await["error"]["code"], "not_indexed");
}
