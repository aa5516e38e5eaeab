//! What `mcpctl` does to files and daemons when something is in the way: steps back that are made once, keys that are
//! taken back, lines to type that reach the same daemon.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod fake;

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
};

use fake::{Fake, Said, Script, Shared, replies, surroundings};
use mcpd_ipc::{Fault, FaultKind, Request};
use serde_json::Value;

/// The file that somebody else writes into while a key is issued; a script is a plain function and cannot carry it.
static RACED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Answers like a daemon that issues keys while somebody else changes the file they are for.
fn raced(request: &Request) -> Result<Value, Fault> {
    if let (Request::KeysAdd(_), Some(path)) = (request, &*RACED.lock().unwrap()) {
        fs::write(path, "{\"theirs\": 1}").unwrap();
    }
    (replies::PLENTY.answer)(request)
}

/// Answers like a daemon that has a key of that name.
fn taken(request: &Request) -> Result<Value, Fault> {
    if matches!(request, Request::KeysAdd(_)) {
        let fault = Fault::new(FaultKind::Conflict, "a key named \"x\" exists");
        return Err(fault.hint("choose another name, or revoke it first: mcpctl keys revoke abc"));
    }
    (replies::PLENTY.answer)(request)
}

/// A home with Cursor's file in it, where there is one.
struct Home {
    dir: tempfile::TempDir,
    fake: Fake,
}

impl Home {
    fn new(script: Script, text: &str) -> Self {
        let home = Self { dir: tempfile::tempdir().unwrap(), fake: Fake::start(script) };
        fs::write(home.file(), text).unwrap();
        home
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("mcp.json")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    fn beside(&self) -> Vec<String> {
        let names = fs::read_dir(self.dir.path()).unwrap();
        let mut names: Vec<_> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    async fn connect(&self, line: &str) -> Said {
        let line = format!("connect {line}");
        let file = self.file();
        let args: Vec<&str> = line.split_whitespace().chain(["--file", file.to_str().unwrap()]).collect();
        self.fake.run(&args).await.without(self.dir.path(), "~")
    }
}

fn assert_says(said: &Said, code: u8, words: &str) {
    assert!(said.code == code && said.stderr.contains(words), "{}{}", said.stdout, said.stderr);
}

#[tokio::test]
async fn each_step_back_is_made_once() {
    let home = Home::new(replies::PLENTY, "{}\n");
    for key in ["one", "two"] {
        assert_eq!(home.connect(&format!("cursor --write --key {key}")).await.code, 0);
    }
    let by_hand = home.text().replacen('{', "{\n  \"mine\": 1,", 1);
    fs::write(home.file(), &by_hand).unwrap();
    assert_eq!(home.connect("cursor --undo").await.code, 0);
    assert_eq!(home.text(), by_hand.replace("two", "one"));
    assert_eq!(home.connect("cursor --undo").await.code, 0);
    let left = home.text();
    assert!(left.contains("\"mine\": 1") && !left.contains("one"), "{left}");
    for _ in 0..2 {
        assert_says(&home.connect("cursor --undo").await, 1, "there is nothing to undo for the server mcpd");
        assert_eq!(home.text(), left);
    }
    let beside = home.beside();
    assert!(beside.len() == 3 && beside[1..].iter().all(|name| name.contains(".undone-mcpd-")), "{beside:?}");
}

#[tokio::test]
async fn each_server_is_undone_by_itself() {
    let home = Home::new(replies::PLENTY, "{}\n");
    for name in ["mcpd", "mcpd-2"] {
        assert_eq!(home.connect(&format!("cursor --write --key k --name {name}")).await.code, 0);
    }
    let both = home.text();
    assert_eq!(home.connect("cursor --undo").await.code, 0);
    assert!(!home.text().contains("\"mcpd\"") && home.text().contains("\"mcpd-2\""), "{both}");
    assert_says(&home.connect("cursor --undo").await, 1, "nothing to undo");
    assert_eq!(home.connect("cursor --undo --name mcpd-2").await.code, 0);
    assert!(!home.text().contains("mcpd"), "{}", home.text());
}

#[tokio::test]
async fn marks_and_line_ends_of_other_editors_stay() {
    for (client, text) in [
        ("cursor", "\u{feff}{\r\n  \"mcpServers\": {}\r\n}\r\n"),
        ("codex", "\u{feff}# mine\r\nmodel = \"o9\"\r\n"),
    ] {
        let home = Home::new(replies::PLENTY, text);
        let said = home.connect(&format!("{client} --write --key k")).await;
        assert_eq!(said.code, 0, "{}", said.stderr);
        let written = home.text();
        assert!(written.starts_with('\u{feff}') && written.contains("Bearer k"), "{written:?}");
        assert_eq!(written.matches('\n').count(), written.matches("\r\n").count(), "{written:?}");
        assert_eq!(home.connect(&format!("{client} --undo")).await.code, 0);
        assert_eq!(home.text(), text);
    }
}

#[tokio::test]
async fn no_key_is_issued_for_a_file_that_cannot_be_written() {
    let home = Home::new(replies::PLENTY, "{}");
    // The name is as long as names may be, and what is written beside the file has a longer one.
    let long = home.dir.path().join("x".repeat(250));
    let said = home.fake.run(&["connect", "cursor", "--write", "--file", long.to_str().unwrap()]).await;
    assert_says(&said, 1, "error: cannot write ");
    assert!(!home.fake.commands().contains(&"keys_add".into()), "{:?}", home.fake.commands());
    assert_eq!(home.beside(), ["mcp.json"]);
}

#[tokio::test]
async fn a_key_that_nobody_will_have_is_revoked() {
    let home = Home::new(Script { answer: raced, ..replies::PLENTY }, "{}");
    *RACED.lock().unwrap() = Some(home.file());
    let said = home.connect("cursor --write").await;
    insta::assert_snapshot!(said.transcript(&["connect", "cursor", "--write"]), @r"
    $ mcpctl connect cursor --write
    --- stderr
    error: somebody else has changed ~/mcp.json meanwhile
    hint: try again
    hint: the key cursor (k7Qm2ZpXa91B) that was issued for it is revoked again
    --- exit 1
    ");
    assert_eq!(home.fake.commands().last().unwrap(), "keys_revoke");
    assert_eq!((home.text().as_str(), home.beside()), ("{\"theirs\": 1}", vec!["mcp.json".into()]));
}

#[tokio::test]
async fn what_is_no_file_is_neither_read_nor_replaced() {
    let home = Home::new(replies::PLENTY, "{}");
    fs::remove_file(home.file()).unwrap();
    assert!(Command::new("mkfifo").arg(home.file()).status().unwrap().success());
    for line in ["cursor --write --key k", "cursor --undo"] {
        assert_says(&home.connect(line).await, 1, "error: ~/mcp.json is no regular file\n");
    }
    let pipe = home.file();
    let said = home.fake.run(&["import-env", pipe.to_str().unwrap(), "--yes"]).await;
    assert_says(&said, 1, " is no regular file\n");
    assert_eq!(home.beside(), ["mcp.json"]);
}

#[tokio::test]
async fn stdin_is_not_read_for_ever() {
    let fake = Fake::start(replies::PLENTY);
    for (args, limit) in [
        (&["keys", "import", "laptop"][..], "65.5 kB"),
        (&["tools", "call", "search", "--args", "-"], "16.7 MB"),
    ] {
        let endless = mcpctl::Surroundings {
            stdin: Box::new(io::repeat(b'x').take(1 << 30)),
            ..surroundings(&fake.socket())
        };
        let said = fake.run_in(args, endless).await;
        assert_says(&said, 1, &format!("could not be read from stdin: it is longer than {limit}\n"));
    }
    assert!(fake.commands().is_empty());
}

#[tokio::test]
async fn a_daemon_that_hangs_is_not_well() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("mcpd.sock");
    // It takes connections and says nothing.
    let _silent = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    fs::set_permissions(&socket, fs::Permissions::from_mode(0o600)).unwrap();
    let hello = mcpctl::Surroundings { socket: Some(socket), ..mcpctl::Surroundings::default() };
    let said = fake::run(&["doctor", "--timeout", "200ms"], hello, Shared::default()).await;
    assert_says(&said, 3, "error: the daemon did not answer within 200ms\n");
    assert!(said.stdout.starts_with("ok       socket "), "{}", said.stdout);
    assert!(
        said.stdout.ends_with("\n\nthe daemon did not answer; only files were looked at\n"),
        "{}",
        said.stdout
    );
}

/// Runs a line with flags that name the daemon.
async fn named(script: Script, line: &str) -> Said {
    let fake = Fake::start(script);
    let socket = fake.socket();
    let flags = ["--state-dir", "/srv/my team", "--socket", socket.to_str().unwrap()];
    let args: Vec<&str> = flags.into_iter().chain(line.split_whitespace()).collect();
    let surroundings = surroundings(Path::new("/nobody.sock"));
    fake.run_in(&args, surroundings).await
}

#[tokio::test]
async fn lines_to_type_reach_the_daemon_that_was_named() {
    let theirs = Script { answer: taken, ..replies::PLENTY };
    let mut all = String::new();
    for (script, line) in [
        (replies::PLENTY, "restore /f"),
        (replies::PLENTY, "import-env /srv/.env"),
        (replies::PLENTY, "backup /there"),
        (replies::PLENTY, "keys show nobody"),
        (replies::PLENTY, "keys import x"),
        (replies::PLENTY, "tools call x --args 7"),
        (replies::PLENTY, "connect cursor --name team --file /srv/mcp.json"),
        (replies::PLENTY, "connect cursor --key k"),
        (replies::PLENTY, "connect claude-code"),
        (replies::PLENTY, "reload"),
        (replies::NOTHING, "connect cursor --write --name team"),
        (replies::NOTHING, "keys list"),
        (replies::NOTHING, "keys add laptop"),
        (replies::NOTHING, "allow list"),
        (replies::NOTHING, "connections"),
        (theirs, "keys add x"),
    ] {
        all += &format!("{}\n", named(script, line).await.transcript(&["[flags]", line]));
    }
    insta::assert_snapshot!("named", all);
    let mut lost = surroundings(Path::new("/nobody.sock"));
    lost.state_dir = Some("/env".into());
    let said = fake::run(&["--socket", "/gone.sock", "status"], lost, Shared::default()).await;
    assert_says(&said, 3, "hint: start it with: mcpd --socket /gone.sock\n");
}

#[tokio::test]
async fn a_secret_that_could_not_be_shown_is_revoked_where_it_was_issued() {
    let fake = Fake::start(replies::PLENTY);
    let socket = fake.socket();
    for (verb, next) in [("add", "revoke"), ("rotate", "rotate")] {
        let args = ["--socket", socket.to_str().unwrap(), "keys", verb, "laptop"];
        let lost = Shared::failing(io::ErrorKind::StorageFull);
        let said = fake::run(&args, surroundings(Path::new("/nobody.sock")), lost).await;
        let line = format!("hint: mcpctl --socket {} keys {next} k7Qm2ZpXa91B\n", socket.display());
        assert_says(&said, 1, &line);
    }
}

#[tokio::test]
async fn a_wrong_line_is_told_the_example_of_its_command() {
    let fake = Fake::start(replies::PLENTY);
    for line in
        ["--socket connect keys add", "--timeout 5s keys add", "--color=never keys --json --state-dir x add"]
    {
        let args: Vec<&str> = line.split_whitespace().collect();
        let said = fake.run(&args).await;
        assert_says(&said, 2, "\nExample:\n  mcpctl keys add laptop\n");
    }
}
