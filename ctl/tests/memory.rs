//! Memories that come from files and go into files: what is read, what is sent, what is said of what is bad.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use fake::{Fake, Said, Script, memories::IDS, replies, surroundings};
use mcpd_ipc::{FRAME_LIMIT, Fault, FaultKind, Request};
use serde_json::{Value, json};

/// A folder with files in it, and a daemon.
struct Files {
    dir: tempfile::TempDir,
    fake: Fake,
}

impl Files {
    fn new(script: Script, files: &[(&str, &str)]) -> Self {
        let files_of = Self { dir: tempfile::tempdir().unwrap(), fake: Fake::start(script) };
        for (name, text) in files {
            let path = files_of.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        files_of
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Runs a line in which `~/` is the folder.
    async fn run(&self, line: &str) -> Said {
        let folder = format!("{}/", self.dir.path().display());
        let args: Vec<String> = line.split_whitespace().map(|word| word.replace("~/", &folder)).collect();
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        self.fake.run(&args).await.without(self.dir.path(), "~")
    }

    async fn transcript(&self, line: &str) -> String {
        format!("{}\n", self.run(line).await.transcript(&[line]))
    }

    /// Returns what was sent to be imported.
    fn sent(&self) -> Vec<Value> {
        let requests = self.fake.requests.lock().unwrap();
        let imports = requests.iter().filter(|request| request["command"] == "memory_import");
        imports.map(|request| request["args"].clone()).collect()
    }

    fn sent_texts(&self) -> Vec<String> {
        let sent = self.sent();
        let entries = sent.iter().flat_map(|frame| frame["entries"].as_array().unwrap());
        entries.map(|entry| entry["content"].as_str().unwrap().to_owned()).collect()
    }
}

/// What the official memory server writes.
const GRAPH: &str = r#"{"type":"entity","name":"John_Smith","entityType":"person","observations":["Speaks fluent Spanish","Graduated in 2019"]}
{"type":"entity","name":"Anthropic","entityType":"organization","observations":[]}
{"type":"relation","from":"John_Smith","to":"Anthropic","relationType":"works_at"}
"#;

#[tokio::test]
async fn the_official_servers_graph_is_told_in_sentences() {
    let files = Files::new(replies::PLENTY, &[("memory.jsonl", GRAPH)]);
    let said = files.transcript("memory import ~/memory.jsonl --project demo").await;
    insta::assert_snapshot!(said, @r"
    $ mcpctl memory import ~/memory.jsonl --project demo
    ~/memory.jsonl: 4 stored, 0 known already, 0 refused, 0 skipped
    ");
    insta::assert_json_snapshot!(files.sent());
    for flags in ["--format server", "--level short --tenant team"] {
        assert_eq!(files.run(&format!("memory import ~/memory.jsonl --project demo {flags}")).await.code, 0);
    }
    let last = files.sent().pop().unwrap();
    assert_eq!((&last["tenant"], &last["entries"][0]["level"]), (&json!("team"), &json!("short")));
}

#[tokio::test]
async fn a_folder_of_markdown_is_read_and_what_is_hidden_or_linked_is_not() {
    let note = "---\ntitle: Coffee\ntype: note\npermalink: coffee\ntags:\n- brewing\ncreated: 2025-02-01\n---\n\n\
                # Coffee\n\n- [method] Pour over\n";
    let files = Files::new(
        replies::PLENTY,
        &[
            ("notes/coffee.md", note),
            ("notes/daily/2025-02-01.md", "Nothing but a body.\r\nIn two lines.\r\n"),
            ("notes/daily/empty.md", "---\ntitle: Empty\n---\n"),
            ("notes/.obsidian/workspace.md", "hidden"),
            ("notes/picture.png", "no note"),
        ],
    );
    std::os::unix::fs::symlink("..", files.path("notes/daily/up")).unwrap();
    std::os::unix::fs::symlink("coffee.md", files.path("notes/link.md")).unwrap();
    insta::assert_snapshot!(files.transcript("memory import ~/notes --project demo").await, @r"
    $ mcpctl memory import ~/notes --project demo
    ~/notes: 2 stored, 0 known already, 0 refused, 2 skipped
    ");
    insta::assert_json_snapshot!(files.sent());
    let one = files.run("memory import ~/notes/coffee.md --project demo").await;
    assert_eq!(one.stdout, "~/notes/coffee.md: 1 stored, 0 known already, 0 refused, 0 skipped\n");
}

#[tokio::test]
async fn what_is_bad_is_told_with_its_place_and_the_rest_is_stored() {
    let line = |content: &str| format!("{}\n", json!({"type": "memory", "project": "p", "content": content}));
    let text = [
        &line("one"),
        "not JSON\u{1b}[2J\n",
        &line("known"),
        &line(" "),
        "{\"type\":\"memory\",\"content\":\"of no project\"}\n",
        &line("to refuse"),
        &line(&"x".repeat((1 << 20) + 1)),
        &line(&"\u{1}".repeat(200_000)),
        "{\"type\":\"memory\",\"project\":\"bad\\nname\",\"content\":\"two\"}\n",
        "\n",
        &line("three secret"),
    ];
    let files = Files::new(replies::PLENTY, &[("some.jsonl", &text.concat())]);
    let mut all = String::new();
    for flags in ["", "--json", "--dry-run", "--strict", "--project q"] {
        all += &files.transcript(&format!("memory import ~/some.jsonl {flags}")).await;
    }
    insta::assert_snapshot!("bad_lines", all);
    assert!(!all.contains('\u{1b}'));
}

#[tokio::test]
async fn a_wrong_file_does_not_flood_the_screen() {
    let files = Files::new(replies::PLENTY, &[("log.txt", &"a line of a log\n".repeat(1_500))]);
    let said = files.run("memory import ~/log.txt --project p").await;
    assert_eq!(said.code, 1);
    assert_eq!(said.stderr.lines().count(), 21, "{}", said.stderr);
    assert!(
        said.stderr.ends_with("and 1480 more that are bad; --json lists some of them\n"),
        "{}",
        said.stderr
    );
    let listed: Value =
        serde_json::from_str(&files.run("memory import ~/log.txt --json").await.stdout).unwrap();
    assert_eq!(
        (listed["refused"].as_u64(), listed["problems"].as_array().unwrap().len()),
        (Some(1_500), 1_000)
    );
    assert!(files.sent().is_empty());
}

#[tokio::test]
async fn a_dry_run_sends_nothing() {
    let files = Files::new(replies::PLENTY, &[("memory.jsonl", GRAPH)]);
    let said = files.run("memory import ~/memory.jsonl --project p --dry-run").await;
    assert_eq!(said.stdout, "~/memory.jsonl: 4 to store, 0 refused, 0 skipped; nothing was changed\n");
    assert_eq!((said.code, files.sent().len()), (0, 0));
}

#[tokio::test]
async fn frames_stay_small_and_each_is_of_one_project() {
    let lines = (0..3_000).map(|index| {
        let (project, content) = (["a", "b"][index % 2], format!("{index} {}", "words ".repeat(60)));
        format!("{}\n", json!({"type": "memory", "project": project, "content": content}))
    });
    let text: String = lines.collect();
    let files = Files::new(replies::PLENTY, &[("many.jsonl", &text)]);
    let said = files.run("memory import ~/many.jsonl").await;
    assert_eq!(said.stdout, "~/many.jsonl: 3000 stored, 0 known already, 0 refused, 0 skipped\n");
    let sent = files.sent();
    assert!(sent.len() >= 6, "{}", sent.len());
    for frame in &sent {
        assert!(frame.to_string().len() < FRAME_LIMIT / 2);
        let begins = frame["entries"][0]["content"].as_str().unwrap().split(' ').next().unwrap();
        let odd = begins.parse::<usize>().unwrap() % 2;
        assert_eq!(frame["project"], ["a", "b"][odd]);
    }
    let texts = files.sent_texts();
    assert_eq!(texts.len(), 3_000);
    assert_eq!(texts.iter().collect::<std::collections::BTreeSet<_>>().len(), 3_000);
}

#[tokio::test]
async fn a_large_note_is_split_and_nothing_of_it_is_lost() {
    let sections =
        (0..40).map(|index| format!("## Part {index}\n\n{}\n\n", "words and words. ".repeat(2_000)));
    let body: String = sections.collect();
    let files = Files::new(replies::PLENTY, &[("long.md", &format!("---\ntitle: Long\n---\n{body}"))]);
    let said = files.run("memory import ~/long.md --project p").await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    let texts = files.sent_texts();
    assert!(
        texts.len() >= 3 && texts.iter().all(|text| text.starts_with("# Long\n\n## Part ")),
        "{}",
        texts.len()
    );
    let without = |text: &str| text.replace("# Long\n", "").replace(char::is_whitespace, "");
    assert_eq!(without(&texts.concat()), without(&body));
}

/// Answers like a daemon that breaks in the middle.
fn breaking(request: &Request) -> Result<Value, Fault> {
    if matches!(request, Request::MemoryImport(import) if import.project == "z") {
        return Err(Fault::new(FaultKind::Internal, "internal error 7f3a"));
    }
    (replies::PLENTY.answer)(request)
}

#[tokio::test]
async fn an_import_that_breaks_off_says_what_is_stored() {
    let line = |project: &str| format!("{}\n", json!({"type": "memory", "project": project, "content": "x"}));
    let text = [line("a"), line("z")].concat();
    let files = Files::new(Script { answer: breaking, ..replies::PLENTY }, &[("two.jsonl", &text)]);
    insta::assert_snapshot!(files.transcript("memory import ~/two.jsonl").await, @r"
    $ mcpctl memory import ~/two.jsonl
    --- stderr
    error: internal error 7f3a
    hint: 1 memory is stored already; import again for the rest, none is stored twice
    --- exit 1
    ");
    let gone = files.run("memory import ~/none.jsonl").await;
    assert_eq!((gone.code, gone.stderr.starts_with("error: cannot read ~/none.jsonl: ")), (1, true));
    let folder = files.run("memory import ~/ --project p").await;
    assert_eq!(folder.code, 1);
    assert!(folder.stderr.contains("there is no Markdown file in ~"), "{}", folder.stderr);
    let wrong = files.run("memory import ~/ --format jsonl").await;
    assert_eq!(wrong.code, 2, "{}", wrong.stderr);
}

#[tokio::test]
async fn lines_are_read_from_stdin_too() {
    let files = Files::new(replies::PLENTY, &[]);
    let piped = mcpctl::Surroundings {
        stdin: Box::new(io::Cursor::new(GRAPH)),
        ..surroundings(&files.fake.socket())
    };
    let said = files.fake.run_in(&["memory", "import", "-", "--project", "p"], piped).await;
    assert_eq!(said.stdout, "stdin: 4 stored, 0 known already, 0 refused, 0 skipped\n");
}

#[tokio::test]
async fn an_export_is_a_private_file_that_import_reads_back() {
    let files = Files::new(replies::PLENTY, &[]);
    let mut all = String::new();
    for line in [
        "memory export ~/out.jsonl",
        "memory export ~/out.jsonl",
        "memory export ~/out.jsonl --force --json",
        "memory export ~/",
        "memory export ~/no/out.jsonl",
    ] {
        all += &files.transcript(line).await;
    }
    insta::assert_snapshot!("exports", all);
    let mode = fs::metadata(files.path("out.jsonl")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(fs::read_dir(files.dir.path()).unwrap().count(), 1, "nothing is left beside it");
    let text = fs::read_to_string(files.path("out.jsonl")).unwrap();
    assert!(!text.chars().any(|char| char != '\n' && char.is_control()), "{text}");

    let said = files.run("memory import ~/out.jsonl").await;
    assert_eq!(said.stdout, "~/out.jsonl: 3 stored, 0 known already, 0 refused, 0 skipped\n");
    let sent = files.sent();
    let evil = sent.iter().find(|frame| frame["tenant"] == "团队").unwrap();
    assert_eq!(evil["project"], "evil\u{1b}[2Jproject");
    assert_eq!(evil["entries"][0]["content"], "会话\u{202e} \u{1b}[31mred\nhint: rm -rf /");
    let asked = files.fake.requests.lock().unwrap();
    let after = asked.iter().filter(|request| request["command"] == "memory_export");
    let after: Vec<&Value> = after.map(|request| &request["args"]["after"]).collect();
    assert_eq!(after[..2], [&Value::Null, &json!(IDS[1])]);
}

/// How often the model was looked at; a script is a plain function and cannot carry it.
static LOOKS: AtomicU64 = AtomicU64::new(0);

/// Answers like a daemon that embeds memories while somebody watches.
fn embedding(request: &Request) -> Result<Value, Fault> {
    let mut reply = (replies::PLENTY.answer)(request)?;
    if matches!(request, Request::MemoryModelShow(_)) {
        reply["embedded"] = json!(LOOKS.fetch_add(1, Ordering::Relaxed) * 600);
    }
    Ok(reply)
}

#[tokio::test]
async fn embedding_is_watched_on_one_line_until_it_is_done() {
    let fake = Fake::start(Script { answer: embedding, ..replies::PLENTY });
    let screen = mcpctl::Terminal { stderr: true, width: Some(80), ..mcpctl::Terminal::default() };
    let watched = mcpctl::Surroundings { terminal: screen, ..surroundings(&fake.socket()) };
    let said = fake.run_in(&["memory", "model", "--watch"], watched).await;
    let lines: Vec<&str> = said.stderr.split("\r\u{1b}[K").collect();
    let bars = [
        "",
        "[....................] 0 of 1200 memories have a vector",
        "[##########..........] 600 of 1200 memories have a vector",
        "",
    ];
    assert_eq!(lines, bars);
    assert!(said.stdout.ends_with("embedded    1200 of 1200 memories have a vector\n"), "{}", said.stdout);
}

#[tokio::test]
async fn an_export_that_fails_leaves_the_file_that_was_there() {
    let files = Files::new(replies::REFUSALS, &[("out.jsonl", "before")]);
    let said = files.run("memory export ~/out.jsonl --force").await;
    assert_eq!(said.code, 1);
    assert_eq!(fs::read_to_string(files.path("out.jsonl")).unwrap(), "before");
    assert_eq!(fs::read_dir(files.dir.path()).unwrap().count(), 1);
}
