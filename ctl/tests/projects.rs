//! Code graphs: analyses that are watched, and trees that are pushed, over the socket and over HTTP.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use std::{
    ffi::OsStr,
    fs, io,
    os::unix::{
        ffi::OsStrExt,
        fs::{PermissionsExt, symlink},
    },
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
};

use fake::{
    Fake, Said, Script, projects, replies, surroundings,
    web::{self, KEY, Web},
};
use mcpd_ipc::{FRAME_LIMIT, Fault, Request};
use serde_json::{Value, json};

/// A folder with a tree in it, and a daemon.
struct Folder {
    dir: tempfile::TempDir,
    fake: Fake,
}

impl Folder {
    fn new(script: Script, files: &[(&str, &[u8])]) -> Self {
        let folder = Self { dir: tempfile::tempdir().unwrap(), fake: Fake::start(script) };
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
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

    /// Returns what was sent with one kind of command.
    fn sent(&self, command: &str, list: &str) -> Vec<Value> {
        let requests = self.fake.requests.lock().unwrap();
        let sent = requests.iter().filter(|request| request["command"] == command);
        sent.flat_map(|request| request["args"][list].as_array().unwrap().clone()).collect()
    }
}

/// A tree with something of everything.
const TREE: &[(&str, &[u8])] = &[
    ("tree/a.py", b"x = 1\n"),
    ("tree/src/lib.rs", b"fn main() {}\n"),
    ("tree/src/types.d.ts", b"type A = 1;\n"),
    ("tree/src/known.rs", b"fn known() {}\n"),
    ("tree/src/latin.py", b"# caf\xe9\n"),
    ("tree/README.md", b"no code"),
    ("tree/.hidden.py", b"hidden"),
    ("tree/.venv/x.py", b"hidden"),
    ("tree/venv/pyvenv.cfg", b""),
    ("tree/venv/lib/x.py", b"foreign"),
    ("tree/cache/CACHEDIR.TAG", b""),
    ("tree/cache/x.py", b"foreign"),
    ("tree/node_modules/x/y.py", b"foreign"),
    ("tree/__pycache__/x.py", b"foreign"),
    ("tree/.gitignore", b"/out/\n*_pb2.py\n"),
    ("tree/out/x.py", b"ignored"),
    ("tree/src/x_pb2.py", b"ignored"),
    (".gitignore", b"*\n"),
    ("elsewhere.py", b"elsewhere"),
];

#[tokio::test]
async fn what_is_code_is_offered_and_what_is_wanted_is_sent() {
    let folder = Folder::new(replies::PLENTY, TREE);
    symlink("a.py", folder.path("tree/link.py")).unwrap();
    symlink("..", folder.path("tree/up")).unwrap();
    insta::assert_snapshot!(folder.transcript("projects push ~/tree --project demo --name Demo").await);
    insta::assert_json_snapshot!(*folder.fake.requests.lock().unwrap());
}

#[tokio::test]
async fn a_second_push_of_the_same_sends_nothing_and_says_so() {
    let folder = Folder::new(replies::NOTHING, &TREE[..2]);
    let said = folder.transcript("projects push ~/tree --project demo --tenant team").await;
    insta::assert_snapshot!(said, @r"
    $ mcpctl projects push ~/tree --project demo --tenant team
    ~/tree: 2 files of code (19 B), all known already: nothing was sent
    the code graph of project demo (team) is current
    files      1204 (none new, changed or gone)
    lines      310442
    entities   18320
    relations  61007
    left out   0 files
    in part    0 files
    took       4.2s
    ");
    let commands = ["push_begin", "push_offer", "push_end", "projects_analysis"];
    assert_eq!(folder.fake.commands(), commands);
    assert_eq!(folder.fake.requests.lock().unwrap()[3]["args"]["tenant"], "team");
}

#[tokio::test]
async fn what_cannot_be_pushed_is_told_and_the_rest_is_pushed() {
    let folder = Folder::new(replies::PLENTY, &TREE[..2]);
    folder.write("tree/binary.py", b"\0");
    folder.write("tree/large.py", &[b'x'; 2_001]);
    // Every byte becomes three.
    folder.write("tree/latin.py", &[0xe9; 1_000]);
    folder.write("tree/evil\u{1b}[2J.py", b"x");
    folder.write("tree/known.py", b"x");
    fs::write(folder.path("tree").join(OsStr::from_bytes(b"\xff.py")), "x").unwrap();
    let mut all = String::new();
    for flags in ["", "--json", "--dry-run"] {
        all += &folder.transcript(&format!("projects push ~/tree --project demo {flags}")).await;
    }
    insta::assert_snapshot!("not_pushed", all);
    assert!(!all.contains('\u{1b}'));
    let unchanged = folder.fake.commands().split_off(10);
    assert_eq!(unchanged, ["push_begin", "push_offer"], "a dry run sends nothing");
}

#[tokio::test]
async fn trees_that_are_none_or_too_large_are_not_pushed() {
    let folder = Folder::new(replies::PLENTY, &[("none/README.md", b"no code")]);
    for index in 0..60 {
        folder.write(&format!("large/{index}.py"), &[b'x'; 1_900]);
    }
    let mut all = String::new();
    for (tree, project) in
        [("none", "demo"), ("large", "demo"), ("large", "theirs"), ("none/README.md", "demo")]
    {
        all += &folder.transcript(&format!("projects push ~/{tree} --project {project}")).await;
    }
    folder.write("small/a.py", b"x");
    for project in ["broken", "stopped", "huge"] {
        all += &folder.transcript(&format!("projects push ~/small --project {project}")).await;
    }
    insta::assert_snapshot!("no_push", all);
    assert!(folder.sent("push_files", "files").len() <= 3);
}

/// Takes more than the usual script does, in frames of the usual size.
fn roomy(request: &Request) -> Result<Value, Fault> {
    let mut reply = (replies::PLENTY.answer)(request)?;
    if matches!(request, Request::PushBegin(_)) {
        reply["total_bytes"] = json!(1 << 30);
        reply["file_bytes"] = json!(1 << 30);
    }
    Ok(reply)
}

#[tokio::test]
async fn frames_stay_small_and_nothing_is_sent_twice() {
    let folder = Folder::new(Script { answer: roomy, ..replies::PLENTY }, &[]);
    for index in 0..4_000 {
        folder
            .write(&format!("tree/{}/{index}.py", index % 7), format!("x = {index}\n").repeat(60).as_bytes());
    }
    folder.write("tree/large.py", &vec![b'x'; FRAME_LIMIT - (32 << 10)]);
    folder.write("tree/larger.py", &vec![b'\n'; FRAME_LIMIT - (32 << 10)]);
    let said = folder.run("projects push ~/tree --project demo").await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(
        said.stdout.starts_with("not pushed: larger.py: it takes 2.0 MB as JSON, and 1.0 MB go at a time\n"),
        "{}",
        said.stdout
    );
    for (command, list) in [("push_offer", "files"), ("push_files", "files")] {
        let paths: Vec<String> =
            folder.sent(command, list).iter().map(|file| file["path"].to_string()).collect();
        let unique: std::collections::BTreeSet<&String> = paths.iter().collect();
        assert_eq!((paths.len(), unique.len()), (4_001, 4_001), "{command}");
    }
    let requests = folder.fake.requests.lock().unwrap();
    assert!(requests.iter().all(|request| request.to_string().len() < FRAME_LIMIT));
    assert!(requests.len() > 8, "{}", requests.len());
}

/// The file that changes between its offer and its sending; a script is a plain function and cannot carry it.
static CHANGING: std::sync::Mutex<Option<PathBuf>> = std::sync::Mutex::new(None);

/// Changes the file once it was offered.
fn changing(request: &Request) -> Result<Value, Fault> {
    if matches!(request, Request::PushOffer(_))
        && let Some(path) = CHANGING.lock().unwrap().take()
    {
        fs::write(path, "later").unwrap();
    }
    (replies::PLENTY.answer)(request)
}

#[tokio::test]
async fn a_file_that_changes_meanwhile_is_offered_again() {
    let folder = Folder::new(Script { answer: changing, ..replies::PLENTY }, &[("tree/a.py", b"sooner")]);
    *CHANGING.lock().unwrap() = Some(folder.path("tree/a.py"));
    let said = folder.run("projects push ~/tree --project demo").await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    let offers = folder.sent("push_offer", "files");
    assert_eq!(offers.len(), 2);
    assert_ne!(offers[0]["hash"], offers[1]["hash"]);
    assert_eq!(folder.sent("push_files", "files"), [json!({"path": "a.py", "content": "later"})]);
}

/// How often an analysis was looked at.
static LOOKS: AtomicU64 = AtomicU64::new(0);

/// Answers like a daemon that analyses while somebody watches.
fn analysing(request: &Request) -> Result<Value, Fault> {
    if !matches!(request, Request::ProjectsAnalysis(_)) {
        return (replies::PLENTY.answer)(request);
    }
    Ok(match LOOKS.fetch_add(1, Ordering::Relaxed) {
        0 => projects::state("demo", None, "walking", [0, 0]),
        1 => projects::state("demo", None, "walking", [700, 0]),
        2 => projects::state("demo", None, "parsing", [301, 1204]),
        3 => projects::state("demo", None, "storing", [1204, 1204]),
        4 => projects::state("demo", None, "linking", [1, 1]),
        _ => projects::ended("demo", None)?,
    })
}

/// Returns what a terminal of 80 columns would be told.
async fn at_terminal(fake: &Fake, args: &[&str]) -> Said {
    let screen = mcpctl::Terminal { stderr: true, width: Some(80), ..mcpctl::Terminal::default() };
    let watched = mcpctl::Surroundings { terminal: screen, ..surroundings(&fake.socket()) };
    fake.run_in(args, watched).await
}

#[tokio::test]
async fn an_analysis_is_watched_on_one_line_until_it_is_done() {
    let fake = Fake::start(Script { answer: analysing, ..replies::PLENTY });
    let said = at_terminal(&fake, &["projects", "analyze", "demo"]).await;
    let lines: Vec<&str> = said.stderr.split("\r\u{1b}[K").collect();
    let bars = [
        "",
        "waiting: other projects come first",
        "walking",
        "walking: 700 files",
        "[#####...............] parsing: 301 of 1204 files",
        "[####################] storing: 1204 of 1204 files",
        "[####################] linking: 1 of 1 file",
        "",
    ];
    assert_eq!(lines, bars);
    assert!(said.stdout.starts_with("the code graph of project demo is current\n"), "{}", said.stdout);
}

#[tokio::test]
async fn a_push_is_watched_on_one_line_too() {
    let folder = Folder::new(replies::PLENTY, &TREE[..4]);
    let tree = folder.path("tree");
    let said =
        at_terminal(&folder.fake, &["projects", "push", tree.to_str().unwrap(), "--project", "demo"]).await;
    let lines: Vec<&str> = said.stderr.split("\r\u{1b}[K").collect();
    for line in [
        "[##########..........] 2 of 4 files read",
        "[####################] 4 of 4 files read",
        "[####################] 3 of 3 files sent",
        "waiting: other projects come first",
    ] {
        assert!(lines.contains(&line), "{line}: {lines:?}");
    }
}

#[tokio::test]
async fn a_path_is_told_as_the_daemon_has_to_read_it() {
    let fake = Fake::start(replies::PLENTY);
    let said = fake.run(&["projects", "analyze", "demo", "src", "--name", "Demo", "--tenant", "team"]).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    let path = std::env::current_dir().unwrap().join("src");
    let sent = fake.requests.lock().unwrap()[0].clone();
    assert_eq!(sent["args"], json!({"tenant": "team", "project": "demo", "name": "Demo", "path": path}));
}

impl Folder {
    /// Makes a file with a key that nobody else can read.
    fn key(&self, name: &str, text: &str) {
        self.write(name, text.as_bytes());
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// Runs a push to a daemon elsewhere, and puts a word where its address stands.
    async fn over(&self, web: &Web, flags: &str) -> Said {
        let (line, url) = (format!("projects push ~/tree {flags} --url"), web.url());
        let mut said = self.run(&format!("{line} {url}")).await;
        said.stdout = said.stdout.replace(&url, "[url]");
        said.stderr = said.stderr.replace(&url, "[url]");
        assert!(!said.stderr.contains(KEY) && !said.stdout.contains(KEY));
        said
    }
}

#[tokio::test]
async fn a_tree_goes_to_a_daemon_elsewhere_with_a_key() {
    let folder = Folder::new(replies::PLENTY, &TREE[..4]);
    folder.key("key", &format!("{KEY}\n"));
    let web = Web::start(web::plenty).await;
    let said = folder.over(&web, "--project demo --key-file ~/key").await;
    insta::assert_snapshot!(said.transcript(&["projects push ~/tree --project demo"]));
    let commands = ["push_begin", "push_offer", "push_files", "push_end", "projects_analysis"];
    assert_eq!(web.commands(), commands);
    assert_eq!(web.requests.lock().unwrap()[0]["args"]["tenant"], Value::Null);
    assert!(folder.fake.commands().is_empty(), "this machine's daemon is not asked");

    let piped =
        mcpctl::Surroundings { stdin: Box::new(io::Cursor::new(KEY)), ..surroundings(&folder.fake.socket()) };
    let (tree, url) = (folder.path("tree"), format!("{}/mcp", web.url()));
    let args =
        ["projects", "push", tree.to_str().unwrap(), "--project", "demo", "--url", &url, "--key-file", "-"];
    let said = folder.fake.run_in(&args, piped).await;
    assert_eq!(said.code, 0, "{}", said.stderr);
}

#[tokio::test]
async fn each_no_of_a_daemon_elsewhere_is_a_sentence() {
    let folder = Folder::new(replies::PLENTY, &TREE[..2]);
    folder.key("key", KEY);
    folder.key("old", "mcpd_sk_of_old");
    let web = Web::start(web::refuses).await;
    let mut all = String::new();
    for status in ["302", "403", "404", "405", "413", "429", "500", "502", "503"] {
        let flags = format!("--project {status} --key-file ~/key");
        all += &format!("{}\n", folder.over(&web, &flags).await.transcript(&[&flags]));
    }
    for flags in ["--project demo", "--project demo --key-file ~/old"] {
        all += &format!("{}\n", folder.over(&web, flags).await.transcript(&[flags]));
    }
    let plenty = Web::start(web::plenty).await;
    for project in ["theirs", "broken", "gone"] {
        let flags = format!("--project {project} --key-file ~/key");
        all += &format!("{}\n", folder.over(&plenty, &flags).await.transcript(&[&flags]));
    }
    insta::assert_snapshot!("elsewhere", all);
}

#[tokio::test]
async fn a_daemon_that_asks_for_patience_gets_it() {
    let folder = Folder::new(replies::PLENTY, &TREE[..2]);
    folder.key("key", KEY);
    let web = Web::start(web::hesitates).await;
    let said = folder.over(&web, "--project demo --key-file ~/key").await;
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert_eq!(web.commands()[..2], ["push_begin", "push_begin"]);
}

#[tokio::test]
async fn a_key_is_kept_from_others() {
    let folder = Folder::new(replies::PLENTY, &TREE[..2]);
    folder.key("key", KEY);
    folder.key("empty", "\n");
    folder.key("two", "one\ntwo\n");
    folder.write("open", KEY.as_bytes());
    fs::set_permissions(folder.path("open"), fs::Permissions::from_mode(0o640)).unwrap();
    let mut all = String::new();
    for file in ["open", "empty", "two", "none"] {
        let line =
            format!("projects push ~/tree --project demo --url https://mcp.example --key-file ~/{file}");
        all += &folder.transcript(&line).await;
    }
    // Nobody listens there, and nobody is asked: the port is taken and given back.
    let port = std::net::TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap();
    let line = format!("projects push ~/tree --project demo --key-file ~/key --url http://{port}");
    all += &folder.transcript(&line).await.replace(&port.to_string(), "[nobody]");
    insta::assert_snapshot!("keys", all);
    assert!(!all.contains(KEY));
}

#[tokio::test]
async fn whoever_shows_a_key_to_everybody_is_warned() {
    let folder = Folder::new(replies::PLENTY, &TREE[..2]);
    folder.key("key", KEY);
    // Reserved for documentation, so nobody is there.
    let line =
        "projects push ~/tree --project demo --timeout 100ms --url http://192.0.2.1:8765 --key-file ~/key";
    let said = folder.run(line).await;
    assert_eq!(said.code, 3, "{}", said.stderr);
    let first = said.stderr.lines().next().unwrap();
    insta::assert_snapshot!(first, @"warning: http:// shows the key and the code to everybody on the way; https:// does not");
}
