//! Trees that are made to hurt whoever reads them: each is analysed within its budget, says what of it is missing, and
//! keeps nobody else waiting.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod support;

use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use mcpd_ipc::projects::{
    AnalysisPhase, AnalysisReport, ProjectDetail, ProjectsAnalysis, ProjectsAnalyze, ProjectsShow,
};
use serde_json::{Value, json};
use support::{Daemon, Peer, plain_key, trees::Tree};

/// What one file and one analysis may take here.
const BUDGET: &str = "file_deadline = \"3s\"\ndeadline = \"30s\"\n";
/// Beyond it an analysis has not kept to its budget.
const OVERDUE: Duration = Duration::from_secs(60);
/// Brackets in one another.
const NESTED: usize = 100_000;
/// Small files of one tree.
const MANY: usize = 60_000;

/// An analysis that has ended well.
struct Ended {
    report: AnalysisReport,
    shown: ProjectDetail,
}

impl Ended {
    /// Returns why a file was passed over.
    fn skipped(&self, path: &str) -> Option<&str> {
        let named = self.shown.skipped.iter().find(|one| one.path == path);
        named.map(|one| one.reason.as_str())
    }
}

/// A daemon, and a second client with a key of its own.
struct Place {
    daemon: Daemon,
    other: Peer,
}

impl Place {
    /// Starts a daemon that may read a tree, and keeps to a budget.
    async fn of(tree: &Tree, more: &str) -> Self {
        let daemon = Daemon::start(&format!("{}{more}", tree.config()));
        let (_, secret) = daemon.issue(plain_key("somebody else")).await;
        let other = Peer::new(&daemon.base, &secret);
        Self { daemon, other }
    }

    /// Has a folder analysed; the second client reads and writes all the while, and everything is answered.
    async fn analyze(&mut self, folder: &Path) -> Ended {
        let project = || "p".to_owned();
        let path = Some(folder.display().to_string());
        let began = Instant::now();
        self.daemon.obey(ProjectsAnalyze { tenant: None, project: project(), name: None, path }).await;
        let mut calls = 0;
        let ended = loop {
            let todo = json!({ "project_id": "q", "title": format!("todo {calls}") });
            assert_eq!(self.other.tool("create_todo", todo).await["success"], true);
            let todos = json!({ "project_id": "q", "limit": 5 });
            assert_eq!(self.other.tool("list_todos", todos).await["success"], true);
            calls += 1;
            let state = self.daemon.obey(ProjectsAnalysis { tenant: None, project: project() }).await;
            if state.phase.is_over() {
                break state;
            }
            assert!(began.elapsed() < OVERDUE, "the analysis does not end: {state:?}");
        };
        assert_eq!((ended.phase, ended.failure), (AnalysisPhase::Done, None));
        assert!(self.daemon.is_alive());
        let ready = format!("{}/ready", self.daemon.base);
        assert_eq!(self.other.http.get(ready).send().await.unwrap().status(), 200);
        let shown = self.daemon.obey(ProjectsShow { tenant: None, project: project() }).await;
        Ended { report: ended.report.unwrap(), shown }
    }

    async fn ask(&self, tool: &str, mut arguments: Value) -> Value {
        arguments["project_id"] = "p".into();
        self.daemon.peer().tool(tool, arguments).await
    }

    async fn find(&self, name: &str) -> Value {
        self.ask("find_entity", json!({ "entity_name": name })).await
    }
}

#[tokio::test]
async fn one_endless_line_is_no_source() {
    let tree = Tree::new(&[("good.js", "function good() { return 1; }\n")]);
    tree.write("endless.js", &"a=[1,{b:2}];".repeat((50 << 20) / 12));
    let mut by_default = Place::of(&tree, BUDGET).await;
    let ended = by_default.analyze(&tree.path()).await;
    assert!(ended.skipped("endless.js").unwrap().contains("more than one file may have"));
    assert_eq!((ended.report.files, ended.report.skipped), (1, 1));

    let mut generous = Place::of(&tree, &format!("{BUDGET}max_file = \"64MiB\"\n")).await;
    let ended = generous.analyze(&tree.path()).await;
    assert!(ended.skipped("endless.js").unwrap().contains("minified or generated"));
    assert_eq!(generous.find("good").await["count"], 1);
}

#[tokio::test]
async fn brackets_without_end_cost_one_file_its_time() {
    let tree = Tree::new(&[("good.py", "def good():\n    pass\n")]);
    let mut names = Vec::new();
    for (ending, before, after) in [
        ("py", "def deep():\n  return ", "\n"),
        ("js", "function deep() { return ", "; }\n"),
        ("c", "int deep(void) { return ", "; }\n"),
        ("rs", "fn deep() -> i32 { ", " }\n"),
    ] {
        for (kind, open, close) in [("closed", "(\n", ")\n"), ("open", "([\n", "")] {
            let text = format!("{before}{}1{}{after}", open.repeat(NESTED), close.repeat(NESTED));
            let name = format!("{kind}.{ending}");
            tree.write(&name, &text);
            names.push(name);
        }
    }
    let mut place = Place::of(&tree, BUDGET).await;
    let ended = place.analyze(&tree.path()).await;
    let (seen, all) = (ended.report.files + ended.report.skipped, names.len() as u64 + 1);
    assert!(seen == all || ended.report.cut.is_some(), "{:?}", ended.report);
    for name in names.iter().filter(|name| name.starts_with("open")) {
        let in_part = ended.shown.parse_errors.iter().any(|one| one.path == *name);
        let is_said = in_part || ended.skipped(name).is_some() || ended.report.cut.is_some();
        assert!(is_said, "{name} is whole: {:?}", ended.report);
    }
    assert_eq!(place.find("good").await["count"], 1);
}

#[tokio::test]
async fn what_is_no_text_is_read_as_far_as_it_is() {
    let tree = Tree::new(&[]);
    let write = |name: &OsStr, bytes: &[u8]| fs::write(tree.path().join(name), bytes).unwrap();
    write(
        "latin.py".as_ref(),
        b"# caf\xe9 \xff\xfe\ndef before():\n    return '\xe9'\n\ndef after():\n    pass\n",
    );
    write("cut.rs".as_ref(), b"fn whole() {}\n// \xf0\x9f\x98");
    write("zero.c".as_ref(), b"int zero(void) { return 0; }\0\n");
    write("zeros.py".as_ref(), &vec![0; 1 << 20]);
    write(OsStr::from_bytes(b"latin-\xe9.py"), b"def unnamed():\n    pass\n");
    for name in
        ["line\nbreak.py", "tab\t.py", "\x1b[31mred.py", "bell\x07.py", "\u{202e}turned.py", "quo\"te.py"]
    {
        write(name.as_ref(), b"def oddly_named():\n    pass\n");
    }
    let long = "long_".repeat(820);
    let longer = format!("def {long}():\n    return {long}()\n\n\nclass {long}_type({long}):\n    pass\n");
    write("long.py".as_ref(), longer.as_bytes());
    write("long.rs".as_ref(), format!("fn {long}() {{ {long}::{long}::{long}(); }}\n").as_bytes());
    let mut place = Place::of(&tree, BUDGET).await;
    let ended = place.analyze(&tree.path()).await;
    for name in ["zero.c", "zeros.py"] {
        assert!(ended.skipped(name).unwrap().contains("no text"), "{:?}", ended.shown.skipped);
    }
    let unnamed = ended.shown.skipped.iter().find(|one| one.path.starts_with("latin-")).unwrap();
    assert!(unnamed.reason.contains("not UTF-8"), "{unnamed:?}");
    assert_eq!(ended.report.skipped, 3);
    for (name, count) in [("before", 1), ("after", 1), ("whole", 1), ("oddly_named", 6), ("unnamed", 0)] {
        let found = place.find(name).await;
        let exact = found["entities"].as_array().unwrap().iter().filter(|one| one["fit"] == "exact").count();
        assert_eq!(exact, count, "{name}: {found}");
    }
    // Names of kilobytes may be left out; asking for them is no harm.
    assert_eq!(place.find(&long[..500]).await["success"], true);
    for tool in ["query_architecture", "list_modules"] {
        assert_eq!(place.ask(tool, json!({})).await["success"], true);
    }
    let outline = place.ask("get_file_outline", json!({ "file_path": "line\nbreak.py" })).await;
    assert_eq!(outline["outline"][0]["name"], "oddly_named", "{outline}");
}

#[tokio::test]
async fn loops_and_depths_lead_nowhere() {
    let tree =
        Tree::new(&[("good.py", "def good():\n    pass\n"), ("sub/there.py", "def there():\n    pass\n")]);
    let at = |path: &str| tree.path().join(path);
    symlink("itself.py", at("itself.py")).unwrap();
    symlink("other.py", at("one.py")).unwrap();
    symlink("one.py", at("other.py")).unwrap();
    symlink(".", at("here")).unwrap();
    symlink("../sub", at("sub/again")).unwrap();
    // Each says that the other is its repository.
    fs::write(at(".git"), "gitdir: sub/.git\n").unwrap();
    fs::write(at("sub/.git"), "gitdir: ../.git\n").unwrap();
    let mut deep = tree.path();
    for _ in 0..500 {
        deep.push("d");
        fs::create_dir(&deep).unwrap();
    }
    fs::write(deep.join("deep.py"), "def deep():\n    pass\n").unwrap();
    fs::write(at("d/d/d/shallow.py"), "def shallow():\n    pass\n").unwrap();
    let mut place = Place::of(&tree, BUDGET).await;
    let ended = place.analyze(&tree.path()).await;
    assert_eq!((ended.report.files, &ended.shown.info.commit), (3, &None));
    for name in ["itself.py", "one.py", "other.py"] {
        assert!(ended.skipped(name).unwrap().contains("symbolic link"), "{:?}", ended.shown.skipped);
    }
    let too_deep = ended.shown.skipped.iter().filter(|one| one.reason.contains("deeper")).count();
    assert_eq!((too_deep, ended.report.skipped), (1, 4));
    assert_eq!(place.find("shallow").await["count"], 1);

    // A repository whose branch, whose common folder and whose alternates lead back to themselves.
    fs::remove_file(at(".git")).unwrap();
    fs::remove_file(at("sub/.git")).unwrap();
    for folder in [".git/refs/heads", ".git/objects/info", ".git/modules/sub/objects"] {
        fs::create_dir_all(at(folder)).unwrap();
    }
    for (path, text) in [
        (".git/HEAD", "ref: refs/heads/one\n"),
        (".git/refs/heads/one", "ref: refs/heads/two\n"),
        (".git/refs/heads/two", "ref: refs/heads/one\n"),
        (".git/commondir", ".\n"),
        (".git/objects/info/alternates", "../objects\n"),
        (".git/modules/sub/HEAD", "ref: HEAD\n"),
        (".git/modules/sub/commondir", "../../modules/sub\n"),
        ("sub/.git", "gitdir: ../.git/modules/sub\n"),
    ] {
        fs::write(at(path), text).unwrap();
    }
    for (folder, files) in [(tree.path(), 3), (at("sub"), 1)] {
        let ended = place.analyze(&folder).await;
        assert_eq!((ended.report.files, &ended.shown.info.commit), (files, &None));
    }
}

/// Makes many small files quickly.
fn fill(folder: &Path, count: usize) {
    let each = 500;
    thread::scope(|scope| {
        for half in 0..2 {
            scope.spawn(move || {
                for part in (half..count.div_ceil(each)).step_by(2) {
                    let folder = folder.join(format!("d{part:03}"));
                    fs::create_dir(&folder).unwrap();
                    for number in part * each..count.min((part + 1) * each) {
                        fs::write(folder.join(format!("m{number}.c")), format!("int f{number};\n")).unwrap();
                    }
                }
            });
        }
    });
}

#[tokio::test]
async fn what_limits_leave_out_is_said() {
    let tree = Tree::new(&[]);
    fill(&tree.path(), MANY);
    let most = 10_000;
    for (limit, told) in [
        (format!("max_files = {most}\n"), "more files than the limit"),
        ("max_tree = \"64KiB\"\n".to_owned(), "larger together than the limit"),
        ("deadline = \"500ms\"\n".to_owned(), "time"),
    ] {
        let mut place = Place::of(&tree, &limit).await;
        let ended = place.analyze(&tree.path()).await;
        let cut = ended.report.cut.unwrap_or_default();
        assert!(cut.contains(told), "{limit}: {cut}");
        assert!(
            !ended.shown.info.complete && ended.report.files < MANY as u64,
            "{limit}: {:?}",
            ended.shown.info
        );
        assert!(!limit.contains("max_files") || ended.report.files == most);
        let found = place.find("f1").await;
        assert!(found["freshness"]["note"].as_str().unwrap().contains("incomplete"), "{limit}: {found}");
    }
}

#[tokio::test]
async fn a_tree_that_changes_while_it_is_read_is_read() {
    let body: String = (0..60).map(|number| format!("def g{number}():\n    return g{number}\n\n")).collect();
    let tree = Tree::new(&[("stays.py", "def stays():\n    pass\n")]);
    for number in 0..300 {
        tree.write(&format!("d{}/m{number}.py", number % 20), &body);
    }
    let root = tree.path();
    let going = Arc::new(AtomicBool::new(true));
    let writer = thread::spawn({
        let (root, going, body) = (root.clone(), Arc::clone(&going), body.clone());
        move || {
            for round in 0.. {
                if !going.load(Ordering::Relaxed) {
                    return;
                }
                trouble(&root, round, &body);
            }
        }
    });
    let mut place = Place::of(&tree, BUDGET).await;
    for _ in 0..3 {
        let ended = place.analyze(&tree.path()).await;
        assert!(ended.report.files > 0, "{:?}", ended.report);
        assert_eq!(place.find("stays").await["entities"][0]["file_path"], "stays.py");
    }
    going.store(false, Ordering::Relaxed);
    writer.join().unwrap();
    tree.write("last/of_all.py", "def the_last():\n    pass\n");
    let ended = place.analyze(&tree.path()).await;
    assert_eq!(ended.report.cut, None);
    assert_eq!(place.find("the_last").await["entities"][0]["fit"], "exact");
}

/// Rewrites, removes, swaps and turns into links what may be read right now.
fn trouble(root: &Path, round: usize, body: &str) {
    let file = root.join(format!("d{}/m{}.py", round % 20, round % 300));
    // Whatever fails here failed because of an earlier round.
    let _ = match round % 7 {
        0 => fs::write(&file, &body[..body.len() / 2]),
        1 => fs::remove_file(&file),
        2 => fs::write(&file, body).and_then(|()| fs::write(&file, format!("{body}# {round}\n"))),
        3 => fs::remove_file(&file).and_then(|()| symlink("/etc/passwd", &file)),
        4 => fs::remove_file(&file).and_then(|()| fs::create_dir(&file)),
        5 => fs::remove_dir(&file).and_then(|()| fs::write(&file, body)),
        _ => {
            let (from, to) = (root.join(format!("d{}", round % 20)), root.join("moved"));
            fs::rename(&from, &to).and_then(|()| fs::rename(&to, &from))
        }
    };
}
