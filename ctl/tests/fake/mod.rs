//! A daemon that answers from a script, and a terminal that remembers what was shown.

#![allow(dead_code, reason = "each test program uses what it needs")]

mod audit;
pub(crate) mod memories;
pub(crate) mod projects;
pub(crate) mod replies;
pub(crate) mod web;

use std::{
    ffi::OsString,
    fs::Permissions,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use mcpctl::{Output, Surroundings, Terminal};
use mcpd_ipc::{
    FRAME_LIMIT, Fault, HELLO_LIMIT, Hello, Outcome, PROTOCOL, Purpose, Request, Subscription, Welcome,
    read_frame, write_frame,
};
use serde_json::{Value, json};
use tokio::{
    net::{UnixListener, UnixStream},
    task::JoinHandle,
};

/// 2026-11-22 09:00 UTC: the clock of every transcript.
pub(crate) const NOW: i64 = 1_795_338_000_000;

/// What the fake says.
#[derive(Clone, Copy)]
pub(crate) struct Script {
    /// What it answers to a request.
    pub(crate) answer: fn(&Request) -> Result<Value, Fault>,
    /// What it tells whoever listens, before it says goodbye.
    pub(crate) news: fn(&Subscription) -> Vec<Result<Value, Fault>>,
}

/// A daemon that answers from a script until it is told to end.
pub(crate) struct Fake {
    dir: tempfile::TempDir,
    serving: JoinHandle<()>,
    /// Requests in the order they came, as they crossed the socket.
    pub(crate) requests: Arc<Mutex<Vec<Value>>>,
}

impl Fake {
    pub(crate) fn start(script: Script) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("mcpd.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        std::fs::set_permissions(&socket, Permissions::from_mode(0o600)).unwrap();
        let requests = Arc::default();
        let serving = tokio::spawn(serve(listener, script, Arc::clone(&requests)));
        Self { dir, serving, requests }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("mcpd.sock")
    }

    /// Runs one command against this daemon.
    pub(crate) async fn run(&self, args: &[&str]) -> Said {
        self.run_in(args, surroundings(&self.socket())).await
    }

    /// Runs one command in surroundings of its own.
    pub(crate) async fn run_in(&self, args: &[&str], surroundings: Surroundings) -> Said {
        run(args, surroundings, Shared::default()).await.without(self.dir.path(), "[dir]")
    }

    /// Returns the names of the commands that came.
    pub(crate) fn commands(&self) -> Vec<String> {
        let requests = self.requests.lock().unwrap();
        requests.iter().filter_map(|request| request["command"].as_str().map(str::to_owned)).collect()
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Serves one connection after another; returns, and so closes the socket, after `drain` or `shutdown`.
async fn serve(listener: UnixListener, script: Script, requests: Arc<Mutex<Vec<Value>>>) {
    let mut daemon = Daemon { script, requests, instance: "first" };
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let hello: Hello = read_frame(&mut stream, HELLO_LIMIT).await.unwrap();
        assert!(hello.client.starts_with("mcpctl/"));
        let welcome =
            Welcome::Welcome { protocol: PROTOCOL, version: "0.1.0".into(), state: "/srv/mcpd".into() };
        write_frame(&mut stream, &welcome, HELLO_LIMIT).await.unwrap();
        match hello.purpose {
            Purpose::Control => {
                if daemon.obey(&mut stream).await {
                    return;
                }
            }
            Purpose::Watch => daemon.tell(&mut stream).await,
            Purpose::Mcp => panic!("mcpctl speaks no MCP"),
        }
    }
}

struct Daemon {
    script: Script,
    requests: Arc<Mutex<Vec<Value>>>,
    /// Another one after a restore, as if it had started again.
    instance: &'static str,
}

impl Daemon {
    /// Answers requests; returns whether one of them ended the daemon.
    async fn obey(&mut self, stream: &mut UnixStream) -> bool {
        while let Ok(request) = read_frame::<Request>(stream, FRAME_LIMIT).await {
            self.requests.lock().unwrap().push(serde_json::to_value(&request).unwrap());
            let outcome = match (self.script.answer)(&request) {
                Ok(mut reply) => {
                    if matches!(request, Request::Status(_)) {
                        reply["instance"] = json!(self.instance);
                    }
                    Outcome::Ok(reply)
                }
                Err(fault) => Outcome::Err(fault),
            };
            write_frame(stream, &outcome, FRAME_LIMIT).await.unwrap();
            if matches!((&request, &outcome), (Request::Drain(_) | Request::Shutdown(_), Outcome::Ok(_))) {
                return true;
            }
            if matches!(request, Request::Restore(_)) {
                self.instance = "second";
            }
        }
        false
    }

    /// Tells the news and hangs up.
    async fn tell(&self, stream: &mut UnixStream) {
        let asked: Subscription = read_frame(stream, FRAME_LIMIT).await.unwrap();
        self.requests.lock().unwrap().push(serde_json::to_value(&asked).unwrap());
        for news in (self.script.news)(&asked) {
            let news = news.map_or_else(Outcome::Err, Outcome::Ok);
            write_frame(stream, &news, FRAME_LIMIT).await.unwrap();
        }
        if matches!(&asked, Subscription::WatchLogs(logs) if logs.contains.as_deref() == Some("forever")) {
            let hung_up: Result<Value, _> = read_frame(stream, FRAME_LIMIT).await;
            assert!(hung_up.is_err());
        }
    }
}

/// What a run showed and how it ended.
#[must_use]
pub(crate) struct Said {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: u8,
}

impl Said {
    /// Puts a word where a path stands that differs from run to run.
    pub(crate) fn without(mut self, path: &Path, word: &str) -> Self {
        let path = path.to_str().unwrap();
        self.stdout = self.stdout.replace(path, word);
        self.stderr = self.stderr.replace(path, word);
        self
    }

    /// Returns all of it as one text to compare.
    pub(crate) fn transcript(&self, args: &[&str]) -> String {
        let mut text = format!("$ mcpctl {}\n{}", args.join(" "), self.stdout);
        if !self.stderr.is_empty() {
            text.push_str(&format!("--- stderr\n{}", self.stderr));
        }
        if self.code != 0 {
            text.push_str(&format!("--- exit {}\n", self.code));
        }
        text
    }
}

/// Returns sealed surroundings in which the environment names `socket`; the home is one that is only named.
pub(crate) fn surroundings(socket: &Path) -> Surroundings {
    Surroundings {
        socket: Some(socket.to_owned()),
        home: Some("/home/ada".into()),
        now: NOW,
        ..Surroundings::default()
    }
}

/// Returns the same with a person at the terminal, who types `typed`.
pub(crate) fn attended(socket: &Path, typed: &'static str) -> Surroundings {
    Surroundings {
        stdin: Box::new(io::Cursor::new(typed)),
        terminal: Terminal { stdin: true, ..Terminal::default() },
        ..surroundings(socket)
    }
}

/// Runs one command with its stdout going to `stdout`.
pub(crate) async fn run(args: &[&str], surroundings: Surroundings, stdout: Shared) -> Said {
    let stderr = Shared::default();
    let out = Output::new(Box::new(stdout.clone()), Box::new(stderr.clone()));
    let line = std::iter::once(&"mcpctl").chain(args).map(OsString::from);
    let code = mcpctl::run(line, surroundings, out).await;
    Said { stdout: stdout.text(), stderr: stderr.text(), code }
}

/// A writer whose text can be read afterwards, or one that fails.
#[derive(Clone, Default)]
pub(crate) struct Shared {
    written: Arc<Mutex<Vec<u8>>>,
    fails_with: Option<io::ErrorKind>,
}

impl Shared {
    /// Makes a writer that fails.
    pub(crate) fn failing(kind: io::ErrorKind) -> Self {
        Self { fails_with: Some(kind), ..Self::default() }
    }

    fn text(&self) -> String {
        String::from_utf8(self.written.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(kind) = self.fails_with {
            return Err(kind.into());
        }
        self.written.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
