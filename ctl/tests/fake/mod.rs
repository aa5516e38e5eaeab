//! A daemon that answers from a script, and a terminal that remembers what was shown.

pub(crate) mod replies;

use std::{
    ffi::OsString,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use mcpctl::{Output, Surroundings};
use mcpd_ipc::{
    FRAME_LIMIT, Fault, HELLO_LIMIT, Hello, Outcome, PROTOCOL, Request, Welcome, read_frame, write_frame,
};
use serde_json::Value;
use tokio::{net::UnixListener, task::JoinHandle};

/// 2026-11-22 09:00 UTC: the clock of every transcript.
pub(crate) const NOW: i64 = 1_795_338_000_000;

/// What the fake answers to a request.
pub(crate) type Script = fn(&Request) -> Result<Value, Fault>;

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
        let listener = UnixListener::bind(dir.path().join("mcpd.sock")).unwrap();
        let requests = Arc::default();
        let serving = tokio::spawn(serve(listener, script, Arc::clone(&requests)));
        Self { dir, serving, requests }
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.dir.path().join("mcpd.sock")
    }

    /// Runs one command against this daemon.
    pub(crate) async fn run(&self, args: &[&str]) -> Said {
        run(args, surroundings(&self.socket()), Shared::default()).await
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Serves one connection after another; returns, and so closes the socket, after `drain` or `shutdown`.
async fn serve(listener: UnixListener, script: Script, requests: Arc<Mutex<Vec<Value>>>) {
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let hello: Hello = read_frame(&mut stream, HELLO_LIMIT).await.unwrap();
        assert!(hello.client.starts_with("mcpctl/"));
        let welcome =
            Welcome::Welcome { protocol: PROTOCOL, version: "0.1.0".into(), state: "/srv/mcpd".into() };
        write_frame(&mut stream, &welcome, HELLO_LIMIT).await.unwrap();
        while let Ok(request) = read_frame::<Request>(&mut stream, FRAME_LIMIT).await {
            requests.lock().unwrap().push(serde_json::to_value(&request).unwrap());
            let outcome = match script(&request) {
                Ok(reply) => Outcome::Ok(reply),
                Err(fault) => Outcome::Err(fault),
            };
            write_frame(&mut stream, &outcome, FRAME_LIMIT).await.unwrap();
            if matches!(request, Request::Drain(_) | Request::Shutdown(_)) {
                return;
            }
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

/// Returns sealed surroundings in which the environment names `socket`.
pub(crate) fn surroundings(socket: &Path) -> Surroundings {
    Surroundings {
        socket: Some(socket.to_owned()),
        state_dir: None,
        runtime_dir: None,
        executable: None,
        now: NOW,
        stdin: Box::new(io::empty()),
        stdin_is_terminal: false,
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
