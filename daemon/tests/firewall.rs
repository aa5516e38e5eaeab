//! Known errors as clients meet them: what is told before an operation and why, what is refused, and whose they are.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use serde_json::{Value, json};
use support::{Daemon, Peer, ROOMY, plain_key};

/// Records an error with more about it.
async fn record(peer: &Peer, more: Value) -> Value {
    let mut error = json!({
        "error_type": "npm_install", "error_scene": "react 18 beside react 17",
        "error_message": "npm ERR! code ERESOLVE could not resolve dependency tree",
        "error_pattern": { "package": "react", "version": "^18" },
    });
    error.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    peer.tool("error_firewall_record", error).await
}

async fn check(peer: &Peer, project: Option<&str>, params: Value) -> Value {
    let operation =
        json!({ "operation_type": "npm_install", "operation_params": params, "project_id": project });
    peer.tool("error_firewall_check", operation).await
}

fn react() -> Value {
    json!({ "Package": "react", "version": "18.2.0" })
}

#[tokio::test]
async fn a_known_failure_is_blocked_with_its_solution_and_found_again_by_id() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let more = json!({ "project_id": "p", "block_level": "block", "solution": "remove react 17 first",
                       "solution_confidence": 0.9, "auto_fix": true });
    let error = record(&peer, more).await;
    let blocked = check(&peer, Some("p"), react()).await;
    assert_eq!(
        (&blocked["should_block"], &blocked["should_warn"], &blocked["risk_level"]),
        (&json!(true), &json!(false), &json!("high"))
    );
    assert_eq!(blocked["why"][2], "version: \"18.2.0\" is in the range \"^18\"");
    assert_eq!(blocked["matched_error"]["error_id"], error["error_id"]);
    assert_eq!(
        (&blocked["matched_error"]["match_confidence"], &blocked["solution_confidence"]),
        (&json!(1.0), &json!(0.9))
    );
    assert_eq!(
        (&blocked["solution"], &blocked["auto_fix_available"]),
        (&json!("remove react 17 first"), &json!(true))
    );
    let allowed = check(&peer, Some("p"), json!({ "package": "vue" })).await;
    assert_eq!(
        (&allowed["verdict"], &allowed["matched_error"], &allowed["risk_level"]),
        (&json!("allow"), &Value::Null, &json!("none"))
    );

    let whole = peer.tool("error_firewall_query", json!({ "error_id": error["error_id"] })).await;
    let whole = &whole["errors"][0];
    assert_eq!(whole["error_pattern"], json!({ "package": "react", "version": "^18" }));
    assert_eq!((&whole["block_count"], &whole["project_id"]), (&json!(1), &json!("p")));
    assert_eq!(
        whole["solutions"][0]["basis"],
        "(2 x 0.90 stated + 0 solved) / (2 + 0 solved + 0 not solved)"
    );
    assert_eq!(whole["recent_checks"][0]["check_id"], blocked["check_id"]);

    let figures = peer.tool("error_firewall_stats", json!({ "project_id": "p", "days": 7 })).await;
    assert_eq!(
        (&figures["total_errors"], &figures["total_occurrences"], &figures["total_blocks"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(
        (&figures["block_rate"], &figures["avg_confidence"], &figures["auto_fixable"]),
        (&json!(0.5), &json!(0.9), &json!(1))
    );
    let by_type = json!([{ "error_type": "npm_install", "errors": 1, "occurrences": 1, "blocks": 1 }]);
    assert_eq!(figures["by_type"], by_type);
    assert_eq!(figures["recent_intercepts"][0]["check_id"], blocked["check_id"]);
}

#[tokio::test]
async fn a_repeat_adds_and_says_what_it_took() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    record(&peer, json!({ "solution": "wait", "solution_confidence": 0.5, "block_level": "block" })).await;
    let better = record(
        &peer,
        json!({ "error_pattern": { "version": "^18", " PACKAGE": ["react"] }, "solution": "remove it",
                "solution_confidence": 0.8, "outcome": "not_solved", "error_scene": "another scene" }),
    )
    .await;
    assert_eq!(
        (&better["is_new"], &better["occurrence_count"], &better["block_level"]),
        (&json!(false), &json!(2), &json!("block"))
    );
    assert_eq!(better["solution"], "remove it");
    let taken = better["taken"].to_string();
    assert!(taken.contains("error_scene") && taken.contains("trusted most now"), "{taken}");
    assert_eq!(better["kept"], json!(["block_level block"]));
    let weaker =
        record(&peer, json!({ "solution": "pray", "solution_confidence": 0.1, "block_level": "none" })).await;
    assert_eq!((&weaker["solution"], &weaker["block_level"]), (&json!("remove it"), &json!("none")));
    assert!(weaker["kept"].to_string().contains("the known solution"), "{weaker}");
    let solved = record(&peer, json!({ "outcome": "solved" })).await;
    // (2 x 0.8 + 1) / (2 + 1)
    assert_eq!(solved["solution_confidence"], json!(0.8667));
    let whole = peer.tool("error_firewall_query", json!({ "error_id": solved["error_id"] })).await;
    let solutions: Vec<&str> = whole["errors"][0]["solutions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["solution"].as_str().unwrap())
        .collect();
    assert_eq!(solutions, ["remove it", "wait", "pray"]);
    let known = check(&peer, None, react()).await;
    assert_eq!(
        (&known["verdict"], &known["matched_error"]["block_level"]),
        (&json!("allow"), &json!("none"))
    );
}

#[tokio::test]
async fn projects_have_their_own_errors_and_share_those_without_one() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let mine = record(&peer, json!({ "project_id": "a", "block_level": "block" })).await;
    let theirs = record(&peer, json!({ "project_id": "b" })).await;
    assert_ne!(mine["error_id"], theirs["error_id"], "the same error in another project is another");
    assert_eq!(check(&peer, Some("a"), react()).await["verdict"], "block");
    assert_eq!(check(&peer, Some("b"), react()).await["verdict"], "warn");
    assert_eq!(check(&peer, None, react()).await["verdict"], "allow");
    let shared = record(&peer, json!({ "shared": true, "block_level": "block" })).await;
    assert_eq!(shared["shared"], true);
    for project in [None, Some("a"), Some("b")] {
        assert_eq!(check(&peer, project, react()).await["verdict"], "block");
    }
    let count = async |project: Option<&str>| {
        peer.tool("error_firewall_query", json!({ "project_id": project })).await["total"].as_i64().unwrap()
    };
    assert_eq!((count(Some("a")).await, count(None).await), (2, 1));
    let query = |project: &str| json!({ "project_id": project, "error_id": mine["error_id"] });
    assert_eq!(peer.tool("error_firewall_query", query("a")).await["count"], 1);
    assert_eq!(peer.tool("error_firewall_query", query("b")).await["error"]["code"], "not_found");
    let stats = peer.tool("error_firewall_stats", json!({ "project_id": "b" })).await;
    assert_eq!(
        (&stats["total_errors"], &stats["total_checks"], &stats["total_blocks"]),
        (&json!(2), &json!(2), &json!(1))
    );
}

#[tokio::test]
async fn two_tenants_never_see_each_other() {
    let daemon = Daemon::start(ROOMY);
    let mut other = plain_key("other");
    other.tenant = Some("elsewhere".into());
    let (_, secret) = daemon.issue(other).await;
    let (mine, theirs) = (daemon.peer(), Peer::new(&daemon.base, &secret));
    let shared = record(&mine, json!({ "block_level": "block" })).await;
    record(&mine, json!({ "project_id": "p" })).await;
    let session = mine.tool("start_dev_session", json!({ "project_id": "p", "goals": "g" })).await;
    theirs.tool("start_dev_session", json!({ "project_id": "p", "goals": "g" })).await;
    for project in [None, Some("p")] {
        assert_eq!(check(&theirs, project, react()).await["verdict"], "allow");
        let listed =
            theirs.tool("error_firewall_query", json!({ "project_id": project, "text": "ERESOLVE" })).await;
        assert_eq!(listed["total"], 0);
        let stats = theirs.tool("error_firewall_stats", json!({ "project_id": project })).await;
        assert_eq!((&stats["total_errors"], &stats["total_blocks"]), (&json!(0), &json!(0)));
    }
    let by_id = theirs.tool("error_firewall_query", json!({ "error_id": shared["error_id"] })).await;
    assert_eq!(by_id["error"]["code"], "not_found");
    let under = json!({ "operation_type": "x", "operation_params": {}, "session_id": session["session_id"] });
    assert_eq!(theirs.tool("error_firewall_check", under).await["error"]["code"], "not_found");
    assert_eq!(record(&theirs, json!({})).await["is_new"], true, "the same error is theirs anew");
}

#[tokio::test]
async fn bad_input_gets_a_clear_answer() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    record(&peer, json!({ "project_id": "p" })).await;
    let deep = (0..9).fold(json!(1), |inner, _| json!({ "a": inner }));
    for (more, told) in [
        (json!({ "block_level": "maybe" }), "block_level"),
        (json!({ "solution_confidence": 1.5 }), "solution_confidence"),
        (json!({ "outcome": "perhaps" }), "outcome"),
        (json!({ "error_pattern": "react" }), "error_pattern"),
        (json!({ "error_pattern": deep }), "8 deep"),
        (json!({ "error_pattern": { "a": "x".repeat(10_000) } }), "bytes"),
        (json!({ "error_pattern": { "A": 1, "a": 2 } }), "two keys"),
        (json!({ "error_type": " - " }), "error_type"),
        (json!({ "error_scene": "" }), "error_scene"),
        (json!({ "project_id": "p", "shared": true }), "shared"),
        (json!({ "shared": false }), "shared"),
        (json!({ "error_id": "x" }), "error_id"),
    ] {
        let answer = record(&peer, more).await;
        assert_eq!(answer["error"]["code"], "invalid_arguments", "{told}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(told) && message.len() < 1000, "{told}: {message}");
        assert!(answer["error"]["hint"].is_string());
    }
    for (tool, arguments, code) in [
        (
            "error_firewall_check",
            json!({ "operation_type": "x", "operation_params": {}, "project_id": "typo" }),
            "unknown_project",
        ),
        (
            "error_firewall_check",
            json!({ "operation_type": "x", "operation_params": [] }),
            "invalid_arguments",
        ),
        (
            "error_firewall_check",
            json!({ "operation_type": "x", "operation_params": {}, "session_id": "s" }),
            "not_found",
        ),
        ("error_firewall_query", json!({ "error_id": "0190163d-8694-739b-aea5-966c26f8ad91" }), "not_found"),
        ("error_firewall_query", json!({ "limit": 0 }), "invalid_arguments"),
        ("error_firewall_query", json!({ "project_id": "typo" }), "unknown_project"),
        ("error_firewall_stats", json!({ "project_id": "typo" }), "unknown_project"),
        ("error_firewall_stats", json!({ "days": 0 }), "invalid_arguments"),
    ] {
        let answer = peer.tool(tool, arguments).await;
        assert_eq!(answer["error"]["code"], code, "{tool}: {answer}");
    }
    let session = peer.tool("start_dev_session", json!({ "project_id": "other", "goals": "g" })).await;
    let under = json!({ "operation_type": "x", "operation_params": {}, "project_id": "p", "session_id": session["session_id"] });
    assert_eq!(
        peer.tool("error_firewall_check", under).await["error"]["code"],
        "not_found",
        "another project's session"
    );
    let logged = peer.tool("error_firewall_stats", json!({ "project_id": "p" })).await;
    assert_eq!(logged["total_checks"], 0, "what was refused is not logged");
}

#[tokio::test]
async fn secrets_are_not_kept_with_checks_and_warned_of_in_errors() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let error = record(&peer, json!({})).await;
    assert_eq!(error["warning"], Value::Null);
    let params =
        json!({ "package": "react", "version": "18.0.0", "token": "hunter2", "key": "AKIAIOSFODNN7EXAMPLE" });
    check(&peer, None, params).await;
    let whole = peer.tool("error_firewall_query", json!({ "error_id": error["error_id"] })).await;
    let kept = &whole["errors"][0]["recent_checks"][0]["operation_params"];
    assert_eq!(
        (&kept["token"], &kept["key"], &kept["package"]),
        (&json!("(withheld)"), &json!("(withheld)"), &json!("react"))
    );
    let warned = record(&peer, json!({ "error_message": "denied for AKIAIOSFODNN7EXAMPLE" })).await;
    assert!(
        warned["warning"].as_str().unwrap().contains("error_message looks like an AWS access key"),
        "{warned}"
    );
    let strict = Daemon::start(&format!("{ROOMY}[memory]\nsecrets = \"refuse\"\n"));
    let refused = record(&strict.peer(), json!({ "solution": "use AKIAIOSFODNN7EXAMPLE" })).await;
    assert_eq!(refused["error"]["code"], "refused", "{refused}");
    assert!(!refused.to_string().contains("AKIA"), "it is not said again");
}

#[tokio::test]
async fn concurrent_records_of_one_error_make_one_row() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let same = |number: usize| {
        let pattern =
            if number.is_multiple_of(2) { json!({ "a": 1, "b": 2 }) } else { json!({ "B ": "2", "A": "1" }) };
        record(&peer, json!({ "error_pattern": pattern, "project_id": "p" }))
    };
    let all = futures::future::join_all((0..40).map(same)).await;
    let news = all.iter().filter(|one| one["is_new"] == true).count();
    assert_eq!(news, 1);
    assert!(all.iter().all(|one| one["error_id"] == all[0]["error_id"]));
    let listed = peer.tool("error_firewall_query", json!({ "project_id": "p" })).await;
    assert_eq!((&listed["total"], &listed["errors"][0]["occurrence_count"]), (&json!(1), &json!(40)));
}

#[tokio::test]
async fn without_a_pattern_the_message_tells_errors_apart() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let say = async |text: &str| {
        let error =
            record(&peer, json!({ "error_type": "build", "error_pattern": {}, "error_message": text })).await;
        error["error_id"].clone()
    };
    let first = say("Timeout after 3000 ms in /srv/a/b at 2026-01-02T03:04:05Z").await;
    assert_eq!(say("timeout after 12 ms in /home/x at 2027-05-06T07:08:09Z").await, first);
    assert_ne!(say("the disk is full").await, first);
    let seen = json!({ "operation_type": "deploy", "operation_params": {}, "message": "error: Timeout after 99 ms in ./c/d" });
    let warned = peer.tool("error_firewall_check", seen).await;
    assert_eq!(
        (&warned["verdict"], &warned["matched_error"]["matched_by"]),
        (&json!("warn"), &json!("message"))
    );
    assert_eq!(warned["matched_error"]["error_id"], first);
}

#[tokio::test]
async fn hostile_patterns_do_not_hold_anybody_up() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    for number in 0..30 {
        let wild: Vec<String> = (0..16).map(|item| format!("{}b{number}.{item}", "*a?".repeat(60))).collect();
        let error = record(&peer, json!({ "error_type": "*", "error_pattern": { "a": wild } })).await;
        assert_eq!(error["success"], true, "{error}");
    }
    let began = std::time::Instant::now();
    let answer = check(&peer, None, json!({ "a": "a".repeat(16_000) })).await;
    assert_eq!(answer["verdict"], "allow", "{answer}");
    assert!(began.elapsed() < support::PATIENCE, "{:?}", began.elapsed());
}

#[tokio::test]
async fn lists_come_in_pages_and_the_log_survives_a_restart() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    for number in 0..5 {
        record(&peer, json!({ "error_type": format!("kind_{number}"), "error_message": format!("word{} fails", ["a", "b"][number % 2]) })).await;
    }
    let page = async |offset: usize| {
        let ask = json!({ "error_type": "KIND", "limit": 2, "offset": offset });
        let answer = peer.tool("error_firewall_query", ask).await;
        (answer["count"].as_i64().unwrap(), answer["total"].as_i64().unwrap(), answer["next_offset"].as_i64())
    };
    assert_eq!((page(0).await, page(4).await, page(9).await), ((2, 5, Some(2)), (1, 5, None), (0, 5, None)));
    let told = peer.tool("error_firewall_query", json!({ "text": "wordb", "limit": 1 })).await;
    assert_eq!((&told["count"], &told["total"], &told["next_offset"]), (&json!(1), &json!(2), &json!(1)));
    let daemon = daemon.kill_and_restart();
    let checked = json!({ "operation_type": "kind_3", "operation_params": react() });
    assert_eq!(daemon.peer().tool("error_firewall_check", checked).await["verdict"], "warn");
}

#[tokio::test]
async fn a_few_vague_words_say_nothing_of_another_kind() {
    let daemon = Daemon::start(ROOMY);
    let peer = daemon.peer();
    let error = json!({ "error_type": "npm_install", "error_scene": "two of react", "error_pattern": { "package": "react" },
                        "error_message": "npm ERR! could not resolve dependency tree", "solution": "--legacy-peer-deps" });
    assert_eq!(peer.tool("error_firewall_record", error).await["success"], true);
    let check = async |kind: &str, message: &str| {
        let asked =
            json!({ "operation_type": kind, "operation_params": { "image": "x" }, "message": message });
        peer.tool("error_firewall_check", asked).await
    };
    assert_eq!(check("docker_build", "could not").await["verdict"], "allow");
    assert_eq!(check("npm_install", "could not resolve").await["verdict"], "warn");
    let whole = check("docker_build", "could not resolve dependency tree").await;
    assert_eq!((&whole["verdict"], &whole["risk_level"]), (&json!("warn"), &json!("low")), "{whole}");
}
