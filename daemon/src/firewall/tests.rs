use serde_json::json;

use super::*;
use crate::store::{MatchedBy, SolutionFate, Verdict};

struct Bench {
    firewall: Firewall,
    _config: watch::Sender<Arc<Config>>,
    _dir: tempfile::TempDir,
}

fn owner(tenant: &str) -> Owner {
    Owner { tenant: tenant.to_owned(), author: "key:test".to_owned() }
}

async fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("t.db"), 2).await.unwrap();
    let (sender, config) = watch::channel(Arc::new(Config::load(None, &[]).unwrap()));
    Bench { firewall: Firewall::new(store, config), _config: sender, _dir: dir }
}

fn occurrence(kind: &str, pattern: Value, text: &str) -> Occurrence {
    Occurrence {
        owner: owner("t"),
        project: None,
        error_type: kind.to_owned(),
        scene: format!("{kind} fails"),
        pattern: pattern.as_object().unwrap().clone(),
        message: text.to_owned(),
        level: None,
        solution: None,
        confidence: None,
        auto_fix: None,
        outcome: None,
    }
}

impl Bench {
    async fn record(&self, occurred: Occurrence) -> ErrorRecorded {
        self.firewall.record(occurred).await.unwrap().recorded
    }

    async fn check(&self, kind: &str, params: Value, message: Option<&str>) -> Checked {
        let operation = Operation {
            owner: owner("t"),
            whose: whose(),
            operation_type: kind.to_owned(),
            params: params.as_object().unwrap().clone(),
            message: message.map(str::to_owned),
            session: None,
        };
        self.firewall.check(operation).await.unwrap()
    }
}

fn whose() -> Whose {
    Whose { tenant: "t".to_owned(), project: None }
}

#[tokio::test]
async fn only_a_whole_pattern_blocks() {
    let bench = bench().await;
    let mut known =
        occurrence("npm-*", json!({ "package": "react", "version": "^18", "os": "linux" }), "ERESOLVE");
    known.level = Some(BlockLevel::Block);
    bench.record(known).await;
    let whole = bench
        .check("npm_install", json!({ "Package": "React", "version": "18.2.0", "os": "linux", "x": 1 }), None)
        .await;
    assert_eq!(
        (whole.verdict, whole.risk, whole.met[0].by),
        (Verdict::Block, Risk::High, MatchedBy::Pattern)
    );
    assert!((whole.met[0].score - 1.0).abs() < 1e-9);
    let part = bench.check("npm_install", json!({ "package": "react", "version": "18.2.0" }), None).await;
    assert_eq!((part.verdict, part.risk, part.met[0].by), (Verdict::Warn, Risk::Medium, MatchedBy::Part));
    let other = bench
        .check("npm_install", json!({ "package": "react", "version": "17.0.0", "os": "linux" }), None)
        .await;
    assert_eq!((other.verdict, other.risk), (Verdict::Warn, Risk::Low), "{:?}", other.met[0].why);
    let little = bench.check("npm_install", json!({ "package": "react" }), None).await;
    assert_eq!((little.verdict, little.met.len(), little.known), (Verdict::Allow, 0, 1));
    let elsewhere = bench
        .check("pip_install", json!({ "package": "react", "version": "18.2.0", "os": "linux" }), None)
        .await;
    assert_eq!(elsewhere.verdict, Verdict::Allow);
}

#[tokio::test]
async fn texts_that_are_alike_warn_and_never_block() {
    let bench = bench().await;
    let mut known = occurrence(
        "build",
        json!({}),
        "error[E0308]: mismatched types in src/a/b.rs:12, expected u32 found String",
    );
    known.level = Some(BlockLevel::Block);
    let id = bench.record(known).await.error.id;
    for number in 0..20 {
        bench
            .record(occurrence(
                "build",
                json!({}),
                &format!("unrelated trouble of kind w{number}x with the linker"),
            ))
            .await;
    }
    let seen =
        "Compiling app\nerror[E0308]: mismatched types in lib/x/y.rs:99, expected u32 found String\naborting";
    let checked = bench.check("cargo_run", json!({}), Some(seen)).await;
    assert_eq!((checked.verdict, checked.met[0].by), (Verdict::Warn, MatchedBy::Message));
    assert_eq!(checked.met[0].error.id, id);
    assert!(checked.met[0].score > 0.9, "{:?}", checked.met[0]);
    let nothing = bench.check("cargo_run", json!({}), Some("connection refused by the server")).await;
    assert_eq!(nothing.verdict, Verdict::Allow, "{:?}", nothing.met);
    let empty = bench.check("build", json!({ "any": "thing" }), None).await;
    assert_eq!(
        empty.verdict,
        Verdict::Allow,
        "an empty pattern is matched by its words alone: {:?}",
        empty.met
    );
}

#[tokio::test]
async fn the_values_of_an_operation_are_compared_with_errors_of_its_kind() {
    let bench = bench().await;
    let mut known = occurrence("deploy", json!({ "host": "prod1" }), "the migration of table invoices hangs");
    known.scene = "deploying invoices to prod1".to_owned();
    bench.record(known).await;
    let params = json!({ "command": "deploy migration invoices table" });
    assert_eq!(bench.check("deploy", params.clone(), None).await.met[0].by, MatchedBy::Message);
    assert!(bench.check("test", params, None).await.met.is_empty(), "another kind");
}

#[tokio::test]
async fn what_is_none_is_told_and_does_nothing() {
    let bench = bench().await;
    let mut known = occurrence("x", json!({ "a": 1 }), "m");
    known.level = Some(BlockLevel::None);
    bench.record(known).await;
    let checked = bench.check("x", json!({ "a": 1 }), None).await;
    assert_eq!((checked.verdict, checked.risk, checked.met.len()), (Verdict::Allow, Risk::None, 1));
    let error = &bench.firewall.get(&whose(), &checked.met[0].error.id).await.unwrap();
    assert_eq!((error.error.blocked, error.error.warned, error.checks.len()), (0, 0, 1));
}

#[tokio::test]
async fn the_worst_of_what_matches_decides() {
    let bench = bench().await;
    bench.record(occurrence("x", json!({ "a": 1, "b": 2 }), "narrow")).await;
    let mut known = occurrence("x", json!({ "a": 1 }), "wide");
    known.level = Some(BlockLevel::Block);
    bench.record(known).await;
    let checked = bench.check("x", json!({ "a": 1, "b": 2 }), None).await;
    assert_eq!((checked.verdict, checked.met[0].error.message.as_str()), (Verdict::Block, "wide"));
    assert_eq!(checked.met[1].error.message, "narrow");
}

#[tokio::test]
async fn solutions_improve_and_none_is_lost() {
    let bench = bench().await;
    let with = |solution: Option<&str>, confidence: Option<f64>, outcome: Option<Outcome>| {
        let base = occurrence("x", json!({ "a": 1 }), "m");
        Occurrence { solution: solution.map(str::to_owned), confidence, outcome, ..base }
    };
    let first = bench.record(with(Some("restart"), Some(0.6), None)).await;
    assert_eq!((first.is_new, first.fate), (true, SolutionFate::First));
    let weaker = bench.record(with(Some("wait"), Some(0.5), None)).await;
    assert_eq!((weaker.fate, weaker.error.occurrences), (SolutionFate::Alternative, 2));
    assert_eq!(weaker.error.solution.unwrap().solution, "restart");
    // (2 x 0.6 + 0) / (2 + 1) = 0.4: the alternative rises.
    let failed = bench.record(with(None, None, Some(Outcome::NotSolved))).await;
    assert_eq!(failed.fate, SolutionFate::AlternativeRose);
    let risen = failed.error.solution.unwrap();
    assert_eq!((risen.solution.as_str(), risen.confidence()), ("wait", 0.5));
    let better = bench.record(with(Some("reinstall"), Some(0.9), Some(Outcome::NotSolved))).await;
    assert_eq!(better.fate, SolutionFate::Better);
    assert_eq!(better.outcome_of, Some(risen.id), "what is new did not fail: the one before did");
    let solved = bench.record(with(Some(" reinstall "), None, Some(Outcome::Solved))).await;
    assert_eq!((solved.fate, solved.error.occurrences), (SolutionFate::Same, 5));
    let best = solved.error.solution.unwrap();
    assert!((best.confidence() - (1.8 + 1.0) / 3.0).abs() < 1e-9, "{}", best.basis());
    assert_eq!(best.basis(), "(2 x 0.90 stated + 1 solved) / (2 + 1 solved + 0 not solved)");
    let whole = bench.firewall.get(&whose(), &solved.error.id).await.unwrap();
    let texts: Vec<&str> = whole.solutions.iter().map(|one| one.solution.as_str()).collect();
    assert_eq!(texts, ["reinstall", "restart", "wait"]);
}

#[tokio::test]
async fn too_many_alternatives_cost_the_least_trusted_one() {
    let bench = bench().await;
    let give = |number: usize| {
        let base = occurrence("x", json!({ "a": 1 }), "m");
        let confidence = Some(number as f64 / 100.0);
        Occurrence { solution: Some(format!("way {number}")), confidence, ..base }
    };
    for number in 1..=20 {
        assert_eq!(bench.record(give(number)).await.dropped, None);
    }
    let more = bench.record(give(21)).await;
    assert_eq!(more.dropped.as_deref(), Some("way 1"));
    assert_eq!(bench.firewall.get(&whose(), &more.error.id).await.unwrap().solutions.len(), 20);
    assert_eq!(bench.record(give(0)).await.dropped.as_deref(), Some("way 2"), "what was just given stays");
}

#[tokio::test]
async fn what_is_said_of_no_solution_is_refused_and_writes_nothing() {
    let bench = bench().await;
    for wrong in [
        Occurrence { outcome: Some(Outcome::Solved), ..occurrence("x", json!({}), "m") },
        Occurrence { auto_fix: Some(true), ..occurrence("x", json!({}), "m") },
        Occurrence { confidence: Some(0.5), ..occurrence("x", json!({}), "m") },
        Occurrence {
            solution: Some("new".to_owned()),
            outcome: Some(Outcome::NotSolved),
            ..occurrence("x", json!({}), "m")
        },
    ] {
        let refused = bench.firewall.record(wrong).await;
        assert!(matches!(refused, Err(FirewallError::Store(StoreError::NoSolution(_)))), "{refused:?}");
    }
    let page = Page { limit: 10, offset: 0 };
    assert_eq!(bench.firewall.list(&whose(), None, None, page).await.unwrap().1, 0);
    let plain =
        Occurrence { confidence: Some(0.0), auto_fix: Some(false), ..occurrence("x", json!({}), "m") };
    assert_eq!(bench.record(plain).await.error.solution, None);
}

#[tokio::test]
async fn types_are_found_by_parts_and_wildcards_and_texts_by_their_words() {
    let bench = bench().await;
    for (kind, text) in
        [("npm_install", "peer dependency react"), ("npmxinstall", "x"), ("pip_install", "wheel of numpy")]
    {
        bench.record(occurrence(kind, json!({}), text)).await;
    }
    let page = Page { limit: 10, offset: 0 };
    let types = async |kind: Option<&str>, text: Option<&str>| {
        let (errors, total) = bench.firewall.list(&whose(), kind, text, page).await.unwrap();
        assert_eq!(errors.len() as i64, total);
        errors.into_iter().map(|error| error.error_type).collect::<Vec<_>>()
    };
    assert_eq!(types(Some("NPM-install"), None).await, ["npm_install"], "no letter stands for another");
    assert_eq!(types(Some("install"), None).await, ["pip_install", "npmxinstall", "npm_install"]);
    assert_eq!(types(Some("p?p*"), None).await, ["pip_install"]);
    assert_eq!(types(None, Some("dependencies of react")).await, ["npm_install"]);
    assert_eq!(types(Some("pip"), Some("numpy wheels")).await, ["pip_install"]);
    assert!(types(Some("pip"), Some("react")).await.is_empty());
    assert!(types(Some("%"), None).await.is_empty());
}

#[tokio::test]
async fn another_process_sees_what_was_recorded() {
    let bench = bench().await;
    let other = Firewall::new(bench.firewall.store.clone(), bench.firewall.config.clone());
    for number in 0..3 {
        bench.record(occurrence("x", json!({ "a": number }), "m")).await;
        let operation = Operation {
            owner: owner("t"),
            whose: whose(),
            operation_type: "x".to_owned(),
            params: json!({ "a": number }).as_object().unwrap().clone(),
            message: None,
            session: None,
        };
        assert_eq!(other.check(operation).await.unwrap().verdict, Verdict::Warn);
    }
}
