//! The calls of the family of known errors.

use serde_json::json;

use crate::Checking;

/// Calls every tool of the family, in the ways that answer differently.
pub(crate) async fn firewall_tools(tools: &Checking) {
    let p = "firewall";
    let session = tools.good("start_dev_session", json!({ "project_id": p, "goals": "install" })).await;
    let mut error = json!({
        "error_type": "npm_install", "error_scene": "react 18 beside react 17", "error_message": "ERESOLVE could not resolve",
        "error_pattern": { "package": "react", "version": ">=18 <19" }, "project_id": p,
    });
    let bare = tools.good("error_firewall_record", error.clone()).await;
    assert_eq!((&bare["is_new"], bare.get("confidence_basis")), (&json!(true), None));
    for (key, value) in [
        ("solution", json!("remove react 17 first")),
        ("solution_confidence", json!(0.8)),
        ("block_level", json!("block")),
        ("auto_fix", json!(true)),
        ("outcome", json!("solved")),
    ] {
        error[key] = value;
    }
    let again = tools.good("error_firewall_record", error).await;
    assert_eq!((&again["error_id"], &again["occurrence_count"]), (&bare["error_id"], &json!(2)));
    let empty = json!({ "error_type": "x", "error_scene": "s", "error_message": "m", "error_pattern": {}, "outcome": "solved" });
    assert_eq!(tools.call("error_firewall_record", empty).await["error"]["code"], "conflict");

    let operation = |version: &str| {
        json!({ "operation_type": "npm_install", "operation_params": { "package": "react", "version": version },
                "project_id": p, "session_id": session["session_id"], "message": "ERESOLVE" })
    };
    let blocked = tools.good("error_firewall_check", operation("18.2.0")).await;
    assert_eq!((&blocked["verdict"], &blocked["auto_fix_available"]), (&json!("block"), &json!(true)));
    let allowed = json!({ "operation_type": "other", "operation_params": {} });
    assert!(tools.good("error_firewall_check", allowed).await["matched_error"].is_null());
    let nobody = json!({ "operation_type": "x", "operation_params": {}, "session_id": "none" });
    assert_eq!(tools.call("error_firewall_check", nobody).await["error"]["code"], "not_found");

    let by_id = tools.good("error_firewall_query", json!({ "error_id": bare["error_id"] })).await;
    assert_eq!(by_id["errors"][0]["recent_checks"][0]["check_id"], blocked["check_id"]);
    tools.good("error_firewall_query", json!({ "project_id": p, "text": "resolve", "limit": 1 })).await;
    assert_eq!(
        tools.call("error_firewall_query", json!({ "error_id": "none" })).await["error"]["code"],
        "not_found"
    );
    let figures = tools.good("error_firewall_stats", json!({ "project_id": p, "days": 1 })).await;
    assert_eq!(figures["recent_intercepts"][0]["check_id"], blocked["check_id"]);
    assert!(tools.good("error_firewall_stats", json!({})).await["avg_confidence"].is_null());
}
