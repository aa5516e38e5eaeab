//! The daemon as tests run it: the built binary in a home of its own, on a free port, stopped when the value drops.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "each test file uses its part"
)]

pub mod cut;
pub mod events;
pub mod faults;
pub mod mutants;
pub mod past;
pub mod provider;
pub mod secure;
pub mod shapes;
pub mod siege;
pub mod socket;
pub mod trees;

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use mcpd_ipc::{Client, Command as Ask, keys::KeysAdd};
use reqwest::Response;
use serde_json::{Value, json};
use sqlx::ConnectOptions;

/// How long anything may take before a test gives up waiting.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running daemon.
pub struct Daemon {
    child: Child,
    home: tempfile::TempDir,
    /// `http://127.0.0.1:PORT`, or https.
    pub base: String,
    /// The key the first start printed.
    pub key: String,
    /// Everything printed up to the end of the greeting.
    pub greeting: String,
}

/// Limits high enough that only tests about limits meet them.
pub const ROOMY: &str = "[limits]\nper_key = \"1000000/60s\"\nper_peer = \"1000000/60s\"\n";

/// Returns a home directory with this configuration in its state directory.
pub fn home(config: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let state = home.path().join("state");
    std::fs::create_dir(&state).unwrap();
    std::fs::write(state.join("mcpd.toml"), config).unwrap();
    home
}

/// Returns the command that runs the built binary in `home` and nothing of this environment.
pub fn mcpd(home: &Path) -> Command {
    program(Path::new(env!("CARGO_BIN_EXE_mcpd")), home)
}

fn program(binary: &Path, home: &Path) -> Command {
    let mut command = Command::new(binary);
    command.env_clear().env("HOME", home).stdin(Stdio::null());
    command
}

impl Daemon {
    /// Starts a daemon with this configuration.
    pub fn start(config: &str) -> Self {
        Self::start_in(home(config), &[])
    }

    /// Starts another build of the daemon with this configuration.
    pub fn start_program(binary: &Path, config: &str) -> Self {
        let home = home(config);
        let command = program(binary, home.path());
        Self::spawn(command, home, &[])
    }

    /// Starts a daemon in a home, with more flags.
    pub fn start_in(home: tempfile::TempDir, flags: &[&str]) -> Self {
        let command = mcpd(home.path());
        Self::spawn(command, home, flags)
    }

    /// Starts a daemon with more in its environment.
    pub fn start_with_env(config: &str, variables: &[(&str, &str)]) -> Self {
        let home = home(config);
        let mut command = mcpd(home.path());
        command.envs(variables.iter().copied());
        Self::spawn(command, home, &[])
    }

    /// Starts a daemon from a command that was prepared for this home.
    pub fn start_command(command: Command, home: tempfile::TempDir) -> Self {
        Self::spawn(command, home, &[])
    }

    /// Starts a daemon that may have so many files open.
    pub fn start_with_descriptors(descriptors: usize, config: &str) -> Self {
        let home = home(config);
        let mut command = program(Path::new("/bin/sh"), home.path());
        let bounded = format!("ulimit -n {descriptors} && exec \"$0\" \"$@\"");
        command.args(["-c", &bounded, env!("CARGO_BIN_EXE_mcpd")]);
        Self::spawn(command, home, &[])
    }

    /// Returns the address of the endpoint.
    pub fn address(&self) -> std::net::SocketAddr {
        self.base.split_once("://").unwrap().1.parse().unwrap()
    }

    /// Returns everything that was logged.
    pub fn logged(&self) -> String {
        let files = std::fs::read_dir(self.state().join("logs")).unwrap();
        files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }

    fn spawn(mut command: Command, home: tempfile::TempDir, flags: &[&str]) -> Self {
        command.arg("--state-dir").arg(home.path().join("state"));
        command.args(["--listen", "127.0.0.1:0"]).args(flags);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let greeting = greeting(&mut child);
        let base = word_after(&greeting, "endpoint").trim_end_matches("/mcp").to_owned();
        let key = greeting.split("Bearer ").nth(1).and_then(|rest| rest.split('"').next());
        Self { child, home, base, key: key.unwrap_or_default().to_owned(), greeting }
    }

    /// Starts a daemon from a whole command and waits until it is ready; only its process matters.
    pub fn spawn_quiet(mut command: Command) -> Quiet {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        greeting(&mut child);
        Quiet(child)
    }

    /// Kills the daemon as a power cut would and starts another in the same home.
    pub fn kill_and_restart(mut self) -> Self {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let home = self.take_home();
        let key = std::mem::take(&mut self.key);
        let mut again = Self::start_in(home, &[]);
        again.key = key;
        again
    }

    /// Returns the home of a daemon that has ended, for another to start in.
    pub fn take_home(&mut self) -> tempfile::TempDir {
        std::mem::replace(&mut self.home, tempfile::tempdir().unwrap())
    }

    pub fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Sends a signal by name.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the process to end.
    pub fn wait(&mut self) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "the daemon does not end");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns an operator's connection.
    pub async fn operator(&self) -> Client {
        Client::connect(&self.state().join("run/mcpd.sock"), "test", PATIENCE).await.unwrap()
    }

    /// Gives a command and returns its reply.
    pub async fn obey<C: Ask>(&self, command: C) -> C::Reply {
        self.operator().await.call(command).await.unwrap()
    }

    /// Issues a key and returns it with its secret.
    pub async fn issue(&self, ask: KeysAdd) -> (String, String) {
        let created = self.obey(ask).await;
        (created.key.id, created.secret.reveal().to_owned())
    }

    /// Returns a client of the endpoint with the first key.
    pub fn peer(&self) -> Peer {
        Peer::new(&self.base, &self.key)
    }
}

/// A daemon that is stopped when the value drops.
pub struct Quiet(Child);

impl Drop for Quiet {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let mut log = String::new();
            let _ = self.child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut log));
            eprintln!("--- the daemon's log\n{log}");
        }
    }
}

/// Reads standard output up to the last line of the greeting.
fn greeting(child: &mut Child) -> String {
    let stdout = child.stdout.take().unwrap();
    let (lines, read) = mpsc::channel();
    std::thread::spawn(move || {
        BufReader::new(stdout).lines().map_while(Result::ok).for_each(|line| drop(lines.send(line)));
    });
    let mut greeting = String::new();
    while let Ok(line) = read.recv_timeout(PATIENCE) {
        let last = ["More keys:", "Add a client with:", "claude mcp add"];
        let done = last.iter().any(|end| line.trim_start().starts_with(end));
        greeting.push_str(&line);
        greeting.push('\n');
        let more = line.contains("Bearer") && !line.starts_with("More");
        if done && !more {
            return greeting;
        }
    }
    let mut log = String::new();
    let _ = child.stderr.take().map(|mut stderr| stderr.read_to_string(&mut log));
    panic!("the daemon did not come up\n{greeting}\n{log}");
}

fn word_after<'a>(text: &'a str, label: &str) -> &'a str {
    let line = text.lines().find(|line| line.trim_start().starts_with(label)).unwrap();
    line.split_whitespace().nth(1).unwrap()
}

/// A key with read and write and nothing special.
pub fn plain_key(name: &str) -> KeysAdd {
    KeysAdd {
        name: name.into(),
        scopes: vec![],
        tools: vec![],
        deny_tools: vec![],
        cidrs: vec![],
        rate: None,
        connections: None,
        expires_in: None,
        tenant: None,
    }
}

/// A client that speaks HTTP by hand.
#[derive(Clone)]
pub struct Peer {
    pub http: reqwest::Client,
    pub url: String,
    pub key: String,
}

impl Peer {
    pub fn new(base: &str, key: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        Self { http, url: format!("{base}/mcp"), key: key.to_owned() }
    }

    /// Posts bytes with the headers of a legacy client.
    pub async fn post_bytes(&self, body: impl Into<reqwest::Body>, headers: &[(&str, &str)]) -> Response {
        let mut request = self
            .http
            .post(&self.url)
            .header("authorization", format!("Bearer {}", self.key))
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(body).send().await.unwrap()
    }

    /// Posts a request and returns status and body.
    pub async fn ask(&self, method: &str, params: Value, headers: &[(&str, &str)]) -> (u16, Value) {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let response = self.post_bytes(body.to_string(), headers).await;
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Calls a tool and returns its structured result.
    pub async fn tool(&self, name: &str, arguments: Value) -> Value {
        let (status, body) =
            self.ask("tools/call", json!({ "name": name, "arguments": arguments }), &[]).await;
        assert_eq!(status, 200, "{body}");
        let structured = &body["result"]["structuredContent"];
        assert!(structured.is_object(), "{body}");
        structured.clone()
    }

    /// Opens a legacy session and returns its id.
    pub async fn initialize(&self, revision: &str) -> String {
        let params = json!({
            "protocolVersion": revision,
            "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        });
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        let response = self.post_bytes(body.to_string(), &[]).await;
        response.headers()["mcp-session-id"].to_str().unwrap().to_owned()
    }
}

/// Waits for something, but not for ever.
pub async fn in_time<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("in time")
}

/// Waits until `met` holds.
pub async fn eventually(what: &str, mut met: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !met().await {
        assert!(began.elapsed() < PATIENCE, "waited in vain: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Returns what `/metrics` says.
pub async fn metrics(daemon: &Daemon) -> String {
    let asked = daemon.peer().http.get(format!("{}/metrics", daemon.base)).bearer_auth(&daemon.key);
    asked.send().await.unwrap().text().await.unwrap()
}

/// Opens the daemon's database beside it.
pub async fn open(daemon: &Daemon) -> sqlx::SqliteConnection {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(daemon.state().join("mcpd.db"));
    options.busy_timeout(Duration::from_secs(10)).connect().await.unwrap()
}

/// Holds the database's write lock, so that a call that writes stays in flight for as long as the test likes.
pub async fn hold(daemon: &Daemon) -> sqlx::SqliteConnection {
    let mut database = open(daemon).await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut database).await.unwrap();
    database
}

/// Returns how many calls run.
pub async fn in_flight(daemon: &Daemon) -> u64 {
    daemon.obey(mcpd_ipc::life::Status {}).await.calls_in_flight
}
