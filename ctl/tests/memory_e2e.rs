//! Memories of the built `mcpd`, looked after with the built `mcpctl`: what comes in is found, and what goes is gone.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod real;

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use real::Mcpd;
use serde_json::{Value, json};

/// What the official memory server writes.
const GRAPH: &str = r#"{"type":"entity","name":"John_Smith","entityType":"person","observations":["Speaks fluent Spanish","Graduated in 2019"]}
{"type":"entity","name":"Anthropic","entityType":"organization","observations":["Makes Claude"]}
{"type":"relation","from":"John_Smith","to":"Anthropic","relationType":"works_at"}
"#;

/// Writes a file into the daemon's home and returns its path.
fn file(mcpd: &Mcpd, name: &str, text: impl AsRef<[u8]>) -> String {
    let path = mcpd.home().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Returns the texts that a question finds.
#[track_caller]
fn found(mcpd: &Mcpd, project: &str, query: &str) -> Vec<String> {
    let arguments = json!({"project_id": project, "query": query}).to_string();
    let said = mcpd.ctl_args(&["tools", "call", "retrieve_memory", "--args", &arguments]).json();
    let memories = said["memories"].as_array().unwrap_or_else(|| panic!("{said}"));
    memories.iter().map(|memory| memory["content"].as_str().unwrap().to_owned()).collect()
}

/// Returns what a list shows of each memory.
#[track_caller]
fn listed(mcpd: &Mcpd, flags: &str, member: &str) -> Vec<String> {
    let list = mcpd.ctl(&format!("memory list --json --limit 10000 {flags}")).json();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    list["memories"].as_array().unwrap().iter().map(|memory| text(&memory[member])).collect()
}

#[test]
fn what_was_imported_is_found_shown_kept_longer_and_forgotten_for_good() {
    let mcpd = Mcpd::start();
    assert!(mcpd.ctl("memory list").done().starts_with("there are no such memories"));
    let graph = file(&mcpd, "memory.jsonl", GRAPH);
    let import = format!("memory import {graph} --project demo --level short");
    assert!(mcpd.ctl(&import).done().ends_with(": 4 stored, 0 known already, 0 refused, 0 skipped\n"));
    assert!(mcpd.ctl(&import).done().ends_with(": 0 stored, 4 known already, 0 refused, 0 skipped\n"));
    assert_eq!(found(&mcpd, "demo", "spanish")[0], "John_Smith (person): Speaks fluent Spanish");

    let (ids, texts) = (listed(&mcpd, "--level short", "id"), listed(&mcpd, "--project demo", "content"));
    assert_eq!((ids.len(), texts.len()), (4, 4));
    let first = &ids[texts.iter().position(|text| text.contains("Spanish")).unwrap()];
    let shown = mcpd.ctl(&format!("memory show {first}")).done();
    assert!(shown.contains("John_Smith (person): Speaks fluent Spanish"), "{shown}");
    let shown = mcpd.ctl(&format!("memory show {first} --json")).json();
    assert_eq!((&shown["tags"], &shown["category"]), (&json!(["person"]), &json!("knowledge-graph")));
    assert!(shown["author"].as_str().unwrap().starts_with("local:"), "{shown}");

    let kept = mcpd.ctl(&format!("memory level {first} long")).done();
    assert_eq!(kept, format!("memory {first} is long now; it is kept for good\n"));
    assert_eq!(listed(&mcpd, "--level long", "id"), [first.as_str()]);
    let shorter = mcpd.ctl(&format!("memory level {first} mid")).done();
    assert!(shorter.contains("is mid now; it expires "), "{shorter}");

    assert_eq!(mcpd.ctl(&format!("memory delete {first}")).done(), "deleted 1 memory for good\n");
    assert!(!found(&mcpd, "demo", "spanish").iter().any(|text| text.contains("Spanish")));
    for gone in ["show", "delete"] {
        let said = mcpd.ctl(&format!("memory {gone} {first}")).refused(1);
        assert!(said.contains(&format!("there is no memory {first:?}")), "{said}");
        assert!(said.contains(&mcpd.line("memory list")), "{said}");
    }
    assert_eq!(mcpd.ctl(&format!("memory level {first} long")).code, 1);
    let bytes = fs::read(mcpd.state().join("mcpd.db")).unwrap();
    let wal = fs::read(mcpd.state().join("mcpd.db-wal")).unwrap_or_default();
    let holds = |bytes: &[u8]| bytes.windows(21).any(|part| part == b"Speaks fluent Spanish");
    assert!(!holds(&bytes) && !holds(&wal), "the text is nowhere in the database");

    assert_eq!(mcpd.ctl("memory delete --project demo --tenant other --all").code, 1);
    assert_eq!(mcpd.ctl("memory delete --project demo --all").done(), "deleted 3 memories for good\n");
    assert!(found(&mcpd, "demo", "anthropic claude").is_empty());
    assert!(mcpd.ctl("memory delete --project demo --all").refused(1).contains("remembers nothing"));
}

#[test]
fn what_is_exported_comes_back_the_same_in_another_project() {
    let mcpd = Mcpd::start();
    let line = |index: usize| {
        let level = ["short", "mid", "long"][index % 3];
        json!({
            "type": "memory", "project": "demo", "content": format!("fact {index}: 会话\u{1b}[31m \"{}\"\n\\", "x".repeat(900)),
            "level": level, "tags": [format!("tag {index}")], "category": "fact",
            "confidence": 0.5, "created_at": 1_700_000_000_000_i64 + index as i64,
        })
        .to_string()
    };
    let lines: Vec<String> = (0..1_500).map(line).collect();
    let from = file(&mcpd, "from.jsonl", lines.join("\n"));
    assert!(mcpd.ctl(&format!("memory import {from}")).done().contains(": 1500 stored"));

    let to = mcpd.home().join("to.jsonl");
    let said = mcpd.ctl(&format!("memory export --project demo {}", to.display())).done();
    assert!(said.contains("(1500 memories, "), "{said}");
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    let again = mcpd.ctl(&format!("memory export {}", to.display())).refused(1);
    assert!(again.contains("is there already"), "{again}");
    let text = fs::read_to_string(&to).unwrap();
    assert_eq!(mcpd.ctl("memory export --project demo").done(), text);

    let back = mcpd.ctl(&format!("memory import {} --project copy", to.display())).done();
    assert!(back.contains(": 1500 stored, 0 known already, 0 refused"), "{back}");
    let without = |project: &str| -> BTreeSet<String> {
        let lines = mcpd.ctl(&format!("memory export --project {project}")).done();
        let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let same = ["content", "level", "tags", "category", "confidence", "created_at", "author", "tenant"];
        lines.map(|line| json!(same.map(|member| line[member].clone())).to_string()).collect()
    };
    let (demo, copy) = (without("demo"), without("copy"));
    assert_eq!((demo.len(), &demo), (1_500, &copy));

    let page = mcpd.ctl("memory list --project demo --limit 600 --json").json();
    assert_eq!((page["memories"].as_array().unwrap().len(), &page["more"]), (600, &json!(true)));
    let last = page["memories"][599]["id"].as_str().unwrap();
    assert_eq!(page["memories"][0]["cut"], true);
    let rest = listed(&mcpd, &format!("--project demo --after {last}"), "id");
    assert_eq!(rest.len(), 900);
    assert_eq!(mcpd.ctl("memory delete --project demo --all").done(), "deleted 1500 memories for good\n");
    assert_eq!(listed(&mcpd, "", "project").len(), 1_500);
}

#[test]
fn a_folder_of_markdown_is_found_by_its_titles() {
    let mcpd = Mcpd::start();
    let coffee = "---\ntitle: Coffee Brewing\ntype: guide\npermalink: coffee/brewing\ntags: [brewing, '#coffee']\n\
                  created: 2025-02-01T09:30:00Z\n---\n\n## Observations\n\n- [method] Pour over keeps the flavour\n";
    file(&mcpd, "notes/Coffee.md", coffee);
    file(&mcpd, "notes/deep/Tea.md", "Green tea wants water of eighty degrees.\n");
    file(&mcpd, "notes/.trash/Secret.md", "thrown away");
    file(&mcpd, "notes/bad.md", [0xff]);
    let notes = mcpd.home().join("notes");
    let line = format!("memory import {} --project notes", notes.display());
    let dry = mcpd.ctl(&format!("{line} --dry-run"));
    assert_eq!((dry.code, listed(&mcpd, "", "id").len()), (1, 0));
    let said = mcpd.ctl(&line);
    assert_eq!(said.code, 1);
    assert!(said.stdout.ends_with(": 2 stored, 0 known already, 1 refused, 0 skipped\n"), "{said:#?}");
    assert!(said.stderr.contains("bad.md: it is not UTF-8"), "{said:#?}");
    assert_eq!(found(&mcpd, "notes", "coffee brewing")[0].lines().next(), Some("# Coffee Brewing"));
    assert_eq!(found(&mcpd, "notes", "Tea")[0].lines().next(), Some("# Tea"));
    let list = mcpd.ctl("memory list --project notes --json").json();
    let memories = list["memories"].as_array().unwrap();
    let coffee = memories.iter().find(|memory| memory["category"] == "guide").unwrap();
    assert_eq!(coffee["tags"], json!(["brewing", "coffee"]));
    assert_eq!((&coffee["created_at"], &coffee["level"]), (&json!(1_738_402_200_000_i64), &json!("long")));
    assert!(!list.to_string().contains("thrown"));
}

#[test]
fn what_a_memory_may_not_be_is_refused_with_its_line() {
    let mcpd = Mcpd::start();
    let line = |more: &str| format!("{{\"type\":\"memory\",\"project\":\"p\",\"content\":\"x\"{more}}}");
    let tags = format!(",\"tags\":{}", json!(vec!["t"; 65]));
    let category = format!(",\"category\":{:?}", "c".repeat(65));
    let lines = [
        line(&tags),
        line(&category),
        line(",\"confidence\":1.5"),
        line(",\"created_at\":-5"),
        line(",\"tenant\":\" \""),
        line("").replace("\"p\"", "\"  \""),
        line(""),
    ];
    let bad = file(&mcpd, "bad.jsonl", lines.join("\n"));
    let said = mcpd.ctl(&format!("memory import {bad}"));
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(said.stdout.ends_with(": 1 stored, 0 known already, 6 refused, 0 skipped\n"), "{said:#?}");
    for (number, why) in [
        (1, "65 tags"),
        (2, "a tag and a category have 1 to 64 characters"),
        (3, "from 0 to 1"),
        (4, "since 1970"),
        (5, "a tenant has"),
        (6, "a project's name has"),
    ] {
        let told = said.stderr.lines().find(|told| told.starts_with(&format!("{bad}:{number}: ")));
        assert!(told.is_some_and(|told| told.contains(why)), "{number} {why}: {said:#?}");
    }
    let key = file(
        &mcpd,
        "key.md",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ\n",
    );
    let told = mcpd.ctl(&format!("memory import {key} --project p"));
    assert!(told.code == 0 && told.stderr.contains("looks like a private key"), "{told:#?}");
    let wrong = mcpd.ctl_args(&["memory", "import", &bad, "--project", " "]);
    assert!(wrong.code == 2 && wrong.stderr.contains("a project's name has"), "{wrong:#?}");
    for line in ["memory import", "memory import notes.md", "memory list --limit 0", "memory level x y"] {
        assert_eq!(mcpd.ctl(line).code, 2, "{line}");
    }
}

/// Returns the model that `packaging/model/build` makes.
fn model() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let model = root.join("target/tools/use-multilingual-3.safetensors");
    assert!(model.is_file(), "{0} is missing; run: packaging/model/build {0}", model.display());
    model
}

#[test]
fn a_model_is_checked_put_in_place_and_taken_away() {
    let mcpd = Mcpd::start();
    let graph = file(&mcpd, "memory.jsonl", GRAPH);
    mcpd.ctl(&format!("memory import {graph} --project demo")).done();
    let off = mcpd.ctl("memory model").done();
    assert!(off.starts_with("the model is off: ") && off.contains("memory model install FILE"), "{off}");

    let broken = file(&mcpd, "broken.safetensors", &fs::read(model()).unwrap()[..100_000]);
    let missing = mcpd.home().join("missing");
    for bad in [broken.as_str(), graph.as_str(), missing.to_str().unwrap(), "/", "/dev/null"] {
        let said = mcpd.ctl(&format!("memory model install {bad}")).refused(1);
        assert!(said.contains("the model cannot be used"), "{bad}: {said}");
        assert_eq!(mcpd.ctl("memory model --json").json()["state"], "off", "{bad}");
    }
    let models = mcpd.state().join("models");
    let left: Vec<_> = fs::read_dir(&models).into_iter().flatten().collect();
    assert!(left.is_empty(), "{left:?}");

    let installed = mcpd.ctl(&format!("memory model install {}", model().display())).done();
    assert!(installed.starts_with("the model is ready: "), "{installed}");
    let kept = models.join("use-multilingual-3.safetensors");
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let report = mcpd.ctl("memory model --watch --json").json();
    assert_eq!((&report["embedded"], &report["all"]), (&json!(4), &json!(4)), "{report}");
    assert_eq!(report["source"], json!(kept.to_str().unwrap()), "{report}");
    assert!(mcpd.ctl("memory model status --watch").done().contains("4 of 4 memories have a vector"));
    // No word of the question stands in any memory.
    let asked = found(&mcpd, "demo", "¿quién habla castellano?");
    assert_eq!(asked.first().map(String::as_str), Some("John_Smith (person): Speaks fluent Spanish"));

    assert!(mcpd.ctl("memory model remove").done().starts_with("the model is off: "));
    assert!(!kept.exists());
    assert!(mcpd.ctl("memory model remove").refused(1).contains("no model was installed here"));
}
