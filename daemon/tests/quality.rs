//! The quality of code as clients meet it: the life of an issue, scores that follow from what is there, hot spots by
//! what git says, and whose all that is.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use mcpd_ipc::projects::ProjectsForget;
use serde_json::{Value, json};
use support::{
    Daemon, Peer, eventually, plain_key,
    trees::{Tree, find_anew},
};

async fn ask(peer: &Peer, tool: &str, mut arguments: Value) -> Value {
    if !matches!(tool, "resolve_quality_issue" | "ignore_quality_issue") {
        arguments["project_id"] = "p".into();
    }
    peer.tool(tool, arguments).await
}

async fn good(peer: &Peer, tool: &str, arguments: Value) -> Value {
    let answer = ask(peer, tool, arguments).await;
    assert_eq!(answer["success"], true, "{tool}: {answer}");
    answer
}

fn code(answer: &Value) -> &str {
    answer["error"]["code"].as_str().unwrap_or_default()
}

/// Returns every issue of a project as (kind, file, id, status, line), sorted.
async fn issues(peer: &Peer) -> Vec<(String, String, String, String, u64)> {
    let listed = good(peer, "list_quality_issues", json!({ "limit": 500 })).await;
    let text = |one: &Value, key: &str| one[key].as_str().unwrap().to_owned();
    let mut all: Vec<_> = listed["issues"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let line = one["line"].as_u64().unwrap();
            (text(one, "type"), text(one, "file"), text(one, "issue_id"), text(one, "status"), line)
        })
        .collect();
    all.sort();
    all
}

async fn status_of(peer: &Peer, kind: &str) -> String {
    issues(peer).await.into_iter().find(|issue| issue.0 == kind).unwrap().3
}

const GREEDY: &str = "def take(a, b, c, d, e, f, g, h):\n    return a\n";

/// Returns a function with so many decisions.
fn tangled(decisions: usize) -> String {
    format!("def tangled(a):\n{}    return a\n", "    if a:\n        a += 1\n".repeat(decisions))
}

/// A tree with some of the faults, each for what it is.
fn faulty() -> Tree {
    Tree::new(&[
        ("a.py", &format!("import b\n\n{GREEDY}\n\ndef _gone():\n    pass\n")),
        ("b.py", &format!("import a\n\n{}", tangled(20))),
        ("tests/test_a.py", "import a\n\ndef test_take():\n    assert a.take(1, 2, 3, 4, 5, 6, 7, 8)\n"),
    ])
}

#[tokio::test]
async fn an_issue_is_the_same_until_it_is_fixed() {
    let tree = faulty();
    let daemon = tree.daemon();
    let peer = daemon.peer();
    tree.analyze(&peer, "p").await;
    let first = good(&peer, "detect_code_smells", json!({})).await;
    assert_eq!((&first["total_issues"], &first["changes"]["new"]), (&json!(4), &json!(4)), "{first}");
    let kinds = issues(&peer).await;
    let named: Vec<&str> = kinds.iter().map(|issue| issue.0.as_str()).collect();
    assert_eq!(named, ["circular_dependency", "dead_code", "high_complexity", "long_parameter_list"]);
    let found = &first["issues"]["high"][0];
    assert_eq!(
        (found["type"].as_str(), found["file"].as_str()),
        (Some("high_complexity"), Some("b.py")),
        "{first}"
    );
    let entity = found["entity_id"].as_str().unwrap();
    let there = good(&peer, "find_entity", json!({ "entity_name": entity })).await;
    assert_eq!(there["entities"][0]["entity_id"], entity, "ids work in the other tools");

    // Twice: the same.
    let second = good(&peer, "detect_code_smells", json!({})).await;
    assert_eq!(
        (&second["changes"]["new"], &second["changes"]["unchanged"]),
        (&json!(0), &json!(4)),
        "{second}"
    );
    assert_eq!(issues(&peer).await, kinds);

    // A hundred lines further down: the same.
    let moved = format!("{}import b\n\n{GREEDY}\n\ndef _gone():\n    pass\n", "# a line\n".repeat(100));
    tree.write("a.py", &moved);
    find_anew(&peer, "take").await;
    let third = good(&peer, "detect_code_smells", json!({})).await;
    assert_eq!((&third["changes"]["new"], &third["changes"]["fixed"]), (&json!(0), &json!(0)), "{third}");
    let after = issues(&peer).await;
    let ids = |all: &[(String, String, String, String, u64)]| {
        all.iter().map(|one| one.2.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&after), ids(&kinds));
    assert_eq!(after[3].4, kinds[3].4 + 100, "and where it is now is told");

    // One is fixed in the source.
    tree.write("b.py", &format!("import a\n\n{}", tangled(2)));
    find_anew(&peer, "take").await;
    let fourth = good(&peer, "detect_code_smells", json!({})).await;
    assert_eq!((&fourth["changes"]["fixed"], &fourth["total_issues"]), (&json!(1), &json!(3)), "{fourth}");
    assert_eq!(status_of(&peer, "high_complexity").await, "resolved");
    let open = good(&peer, "list_quality_issues", json!({ "status": "open" })).await;
    assert_eq!(open["total"], 3, "{open}");
}

#[tokio::test]
async fn what_people_say_of_an_issue_holds_as_long_as_it_may() {
    let tree = faulty();
    let daemon = tree.daemon();
    let peer = daemon.peer();
    tree.analyze(&peer, "p").await;
    good(&peer, "detect_code_smells", json!({})).await;
    let id = |kind: &'static str| {
        let peer = &peer;
        async move { issues(peer).await.into_iter().find(|issue| issue.0 == kind).unwrap().2 }
    };
    let (greedy, tangled_id) = (id("long_parameter_list").await, id("high_complexity").await);
    let circle = id("circular_dependency").await;
    good(&peer, "ignore_quality_issue", json!({ "issue_id": greedy, "reason": "it has to" })).await;
    let resolved = good(&peer, "resolve_quality_issue", json!({ "issue_id": tangled_id })).await;
    assert!(resolved["resolved_at"].is_string() && resolved["resolved_by"].is_string(), "{resolved}");
    good(&peer, "resolve_quality_issue", json!({ "issue_id": circle, "status": "in_progress" })).await;

    let again = good(&peer, "detect_code_smells", json!({})).await;
    let changes = &again["changes"];
    assert_eq!(
        (&changes["reopened"], &changes["ignored"], &changes["new"]),
        (&json!(1), &json!(1), &json!(0)),
        "{again}"
    );
    assert_eq!(status_of(&peer, "high_complexity").await, "open", "it is still there");
    assert_eq!(status_of(&peer, "long_parameter_list").await, "ignored");
    assert_eq!(status_of(&peer, "circular_dependency").await, "in_progress");
    assert_eq!(again["total_issues"], 3, "what is ignored is not counted");
    let back = good(&peer, "resolve_quality_issue", json!({ "issue_id": greedy, "status": "open" })).await;
    assert_eq!((&back["status"], &back["resolved_at"]), (&json!("open"), &Value::Null));

    // Only what was looked for closes.
    tree.write("a.py", "def take(a):\n    return a\n");
    tree.write("b.py", "import a\n");
    find_anew(&peer, "take").await;
    let some = good(&peer, "detect_code_smells", json!({ "smell_types": ["high_complexity"] })).await;
    assert_eq!((&some["changes"]["fixed"], &some["total_issues"]), (&json!(1), &json!(0)), "{some}");
    assert_eq!(status_of(&peer, "dead_code").await, "open");
    good(&peer, "detect_code_smells", json!({})).await;
    assert!(issues(&peer).await.iter().all(|issue| issue.3 == "resolved"));
}

#[tokio::test]
async fn what_cannot_be_looked_at_does_not_close() {
    let tree = faulty();
    let daemon = Daemon::start(&format!("{}max_file = \"4KiB\"\n", tree.config()));
    let peer = daemon.peer();
    tree.analyze(&peer, "p").await;
    good(&peer, "detect_code_smells", json!({})).await;
    tree.write("b.py", &format!("import a\n{}\n{}", "# much\n".repeat(2_000), tangled(20)));
    tree.analyze(&peer, "p").await;
    let after = good(&peer, "detect_code_smells", json!({})).await;
    assert_eq!((&after["changes"]["fixed"], &after["changes"]["unseen"]), (&json!(0), &json!(2)), "{after}");
    assert_eq!(status_of(&peer, "high_complexity").await, "open", "the file is too large to be read now");
    tree.remove("b.py");
    tree.analyze(&peer, "p").await;
    let gone = good(&peer, "detect_code_smells", json!({})).await;
    assert_eq!(gone["changes"]["fixed"], 2, "{gone}");
}

#[tokio::test]
async fn scores_follow_from_what_is_there() {
    let tree = faulty();
    let daemon = tree.daemon();
    let peer = daemon.peer();
    tree.analyze(&peer, "p").await;
    let before = good(&peer, "assess_technical_debt", json!({})).await;
    let score = |answer: &Value, of: &str| answer["breakdown"][of]["score"].as_f64();
    assert_eq!(score(&before, "dependencies"), None, "{before}");
    assert_eq!(score(&before, "documentation"), Some(0.0), "nothing is documented, and there is no readme");
    // take, _gone, tangled; the test reaches one of them: 0.7 / 3, and 4 of 44 lines.
    let tested = &before["breakdown"]["test_quality"]["evidence"];
    assert_eq!((&tested["functions"], &tested["reached"]), (&json!(3), &json!(1)), "{before}");
    assert!(before["estimated_days_to_fix"].as_f64().unwrap() > 0.0);
    assert!(before["breakdown"]["todos"]["formula"].as_str().unwrap().contains("markers"));

    tree.write("README.md", "# It\n");
    tree.write("requirements.txt", "a==1\nb\n");
    tree.write(
        "b.py",
        &format!("# TODO: less\nimport a\n\n{}", tangled(2).replace(":\n", ":\n    \"\"\"Says.\"\"\"\n")),
    );
    find_anew(&peer, "tangled").await;
    let after = good(&peer, "assess_technical_debt", json!({})).await;
    assert_eq!(
        score(&after, "dependencies"),
        Some(3.5),
        "half of two is unbounded, nothing is locked: {after}"
    );
    assert!(score(&after, "code_quality") > score(&before, "code_quality"), "{after}");
    assert!(score(&after, "documentation") > score(&before, "documentation"), "{after}");
    assert!(score(&after, "todos") < score(&before, "todos"), "{after}");
    assert_eq!(after["issues_summary"]["changes"]["fixed"], 1, "{after}");

    let trends = good(&peer, "get_quality_trends", json!({})).await;
    assert_eq!((&trends["data_points"], &trends["period_days"]), (&json!(2), &json!(30)), "{trends}");
    assert_eq!(trends["trend_direction"], "improving", "{trends}");
    assert_eq!(trends["slopes"]["overall"], Value::Null, "a second makes no month");
    assert_eq!(trends["trends"][1]["snapshot_id"], after["snapshot_id"]);
    let report = good(&peer, "generate_quality_report", json!({})).await;
    assert_eq!(report["snapshot_id"], after["snapshot_id"]);
    let text = report["report"].as_str().unwrap();
    for part in [
        "# Quality of p",
        "| Dimension | Score |",
        "long parameter list",
        "requirements.txt",
        "over 2 snapshots",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let still = good(&peer, "get_quality_trends", json!({})).await;
    assert_eq!(still["data_points"], 2, "a report takes no snapshot");
}

#[tokio::test]
async fn an_empty_project_is_not_a_good_one() {
    let tree = Tree::new(&[("notes.txt", "nothing to read")]);
    let daemon = tree.daemon();
    let peer = daemon.peer();
    assert_eq!(code(&ask(&peer, "detect_code_smells", json!({})).await), "unknown_project");
    tree.analyze(&peer, "p").await;
    let assessed = good(&peer, "assess_technical_debt", json!({})).await;
    assert_eq!(
        (&assessed["overall_score"], &assessed["debt_level"]),
        (&Value::Null, &json!("unknown")),
        "{assessed}"
    );
    let trends = good(&peer, "get_quality_trends", json!({})).await;
    assert_eq!(trends["trend_direction"], "insufficient_data");
}

#[tokio::test]
async fn a_file_that_changes_often_is_the_hotter_spot() {
    let tree = Tree::new(&[("calm.py", GREEDY), ("busy.py", GREEDY), ("fine.py", "x = 1\n")]);
    tree.git(&["init", "-q"]);
    for round in 0..6 {
        tree.write("busy.py", &format!("# {round}\n{GREEDY}"));
        tree.git(&["add", "-A"]);
        tree.git(&["commit", "-q", "-m", "more"]);
    }
    let daemon = tree.daemon();
    let peer = daemon.peer();
    tree.analyze(&peer, "p").await;
    let spots = good(&peer, "identify_debt_hotspots", json!({})).await;
    let told: Vec<_> = spots["hotspots"]
        .as_array()
        .unwrap()
        .iter()
        .map(|spot| (spot["file"].as_str().unwrap(), spot["commits"].as_u64().unwrap()))
        .collect();
    assert_eq!(told, [("busy.py", 6), ("calm.py", 1)], "{spots}");
    assert_eq!(
        (&spots["history"]["known"], &spots["history"]["commits"]),
        (&json!(true), &json!(6)),
        "{spots}"
    );
    assert!(spots["hotspots"][0]["main_issues"][0].get("issue_id").is_none(), "nothing was kept: {spots}");
    let none = good(&peer, "list_quality_issues", json!({})).await;
    assert_eq!((&none["total"], &none["last_detection"]), (&json!(0), &Value::Null));
}

#[tokio::test]
async fn bad_input_and_other_tenants_are_refused() {
    let tree = faulty();
    let daemon = tree.daemon();
    let peer = daemon.peer();
    good(&peer, "create_todo", json!({ "title": "a project without code" })).await;
    for tool in [
        "detect_code_smells",
        "assess_technical_debt",
        "identify_debt_hotspots",
        "get_quality_trends",
        "generate_quality_report",
        "list_quality_issues",
    ] {
        let refused = ask(&peer, tool, json!({})).await;
        assert_eq!(code(&refused), "not_indexed", "{tool}: {refused}");
        assert!(refused["error"]["hint"].as_str().unwrap().contains("analyze_codebase"), "{refused}");
    }
    tree.analyze(&peer, "p").await;
    good(&peer, "detect_code_smells", json!({})).await;
    for (tool, wrong) in [
        ("detect_code_smells", json!({ "smell_types": ["bad_taste"] })),
        ("detect_code_smells", json!({ "smell_types": [] })),
        ("identify_debt_hotspots", json!({ "top_k": 0 })),
        ("get_quality_trends", json!({ "days": 0 })),
        ("list_quality_issues", json!({ "severity": "dire" })),
        ("list_quality_issues", json!({ "status": "gone" })),
        ("list_quality_issues", json!({ "limit": 501 })),
        ("resolve_quality_issue", json!({})),
    ] {
        assert_eq!(code(&ask(&peer, tool, wrong.clone()).await), "invalid_arguments", "{tool} {wrong}");
    }
    let id = issues(&peer).await[0].2.clone();
    let mut other = plain_key("other");
    other.tenant = Some("elsewhere".into());
    let (_, secret) = daemon.issue(other).await;
    let theirs = Peer::new(&daemon.base, &secret);
    assert_eq!(code(&ask(&theirs, "list_quality_issues", json!({})).await), "unknown_project");
    for tool in ["resolve_quality_issue", "ignore_quality_issue"] {
        let refused = ask(&theirs, tool, json!({ "issue_id": id })).await;
        assert_eq!(code(&refused), "not_found", "{refused}");
        assert!(refused["error"]["hint"].as_str().unwrap().contains("list_quality_issues"), "{refused}");
    }
    assert!(issues(&peer).await.iter().all(|issue| issue.3 == "open"), "nothing came of it");
}

#[tokio::test]
async fn thresholds_are_settings() {
    let tree = faulty();
    let daemon = Daemon::start(&format!(
        "{}[quality]\nparameters = 8\ncomplexity = 30\ndead_confidence = 100\n",
        tree.config()
    ));
    let peer = daemon.peer();
    tree.analyze(&peer, "p").await;
    good(&peer, "detect_code_smells", json!({})).await;
    let kinds: Vec<String> = issues(&peer).await.into_iter().map(|issue| issue.0).collect();
    assert_eq!(kinds, ["circular_dependency"]);
}

#[tokio::test]
async fn who_forgets_the_code_forgets_what_was_found_in_it() {
    let tree = faulty();
    let daemon = tree.daemon();
    let peer = daemon.peer();
    tree.analyze(&peer, "p").await;
    good(&peer, "assess_technical_debt", json!({})).await;
    let id = issues(&peer).await[0].2.clone();
    daemon.obey(ProjectsForget { tenant: None, project: "p".into() }).await;
    assert_eq!(code(&ask(&peer, "ignore_quality_issue", json!({ "issue_id": id })).await), "not_found");
    tree.analyze(&peer, "p").await;
    let anew = good(&peer, "list_quality_issues", json!({})).await;
    assert_eq!((&anew["total"], &anew["last_detection"]), (&json!(0), &Value::Null), "{anew}");
    assert_eq!(good(&peer, "get_quality_trends", json!({})).await["data_points"], 0);
}

#[tokio::test]
async fn what_changes_much_is_read_again_before_it_is_judged() {
    let name = |number: usize| format!("app/m{number}.py");
    let tree = Tree::new(&[]);
    let greedy = "def take(a, b, c, d, e, f, g, h):\n    return a\n\n\ntake(1, 2, 3, 4, 5, 6, 7, 8)\n";
    (0..60).for_each(|number| tree.write(&name(number), greedy));
    let daemon = tree.daemon();
    let peer = daemon.peer();
    tree.analyze(&peer, "shop").await;
    let lists = json!({ "project_id": "shop", "smell_types": ["long_parameter_list"] });
    let first = peer.tool("detect_code_smells", lists.clone()).await;
    assert_eq!(first["changes"]["new"], 60, "{first}");
    // More files than are read again before an answer.
    (0..60).for_each(|number| tree.write(&name(number), "def take(a):\n    return a\n\n\ntake(1)\n"));
    let mut then = Value::Null;
    eventually("the change is seen", async || {
        then = peer.tool("detect_code_smells", lists.clone()).await;
        then["changes"]["fixed"] != 0
    })
    .await;
    assert_eq!((&then["total_issues"], &then["changes"]["fixed"]), (&json!(0), &json!(60)), "{then}");
}

#[tokio::test]
async fn the_last_reason_of_an_issue_counts() {
    let tree = Tree::new(&[("a.py", GREEDY)]);
    let daemon = tree.daemon();
    let peer = daemon.peer();
    tree.analyze(&peer, "p").await;
    let found = good(&peer, "detect_code_smells", json!({ "smell_types": ["long_parameter_list"] })).await;
    let id = &found["issues"]["low"][0]["issue_id"];
    for reason in ["first", "second"] {
        let ignored = good(&peer, "ignore_quality_issue", json!({ "issue_id": id, "reason": reason })).await;
        assert_eq!(ignored["reason"], reason, "{ignored}");
    }
    let bare = good(&peer, "ignore_quality_issue", json!({ "issue_id": id })).await;
    assert_eq!(bare["reason"], "second", "no reason is given, and the one there is stays");
    good(&peer, "resolve_quality_issue", json!({ "issue_id": id, "status": "open" })).await;
    let anew = good(&peer, "ignore_quality_issue", json!({ "issue_id": id })).await;
    assert!(anew["reason"].is_null(), "{anew}");
}
