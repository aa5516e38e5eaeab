//! A daemon as a person starts it: the built `mcpd` in a home of its own, and the built `mcpctl` pointed at it.

#![allow(dead_code, reason = "each test file uses its part")]

use std::{
    fs::File,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

/// How long anything may take that takes an idle machine a moment.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Limits that no test reaches by accident, and no deadline that closes what a test wants closed by an order.
pub(crate) const CONFIG: &str = r#"[server]
header_deadline = "300s"
keep_alive = "300s"
body_limit = "3MiB"

[limits]
per_key = "100000/60s"
per_peer = "100000/60s"
"#;

/// A running daemon; dropping it ends the process.
pub(crate) struct Mcpd {
    child: Child,
    home: tempfile::TempDir,
    /// The endpoint it announced on standard output.
    pub(crate) url: String,
    /// The key its first start made.
    pub(crate) first_key: String,
}

impl Mcpd {
    /// Starts a daemon in a home of its own and waits until it says that it is ready.
    pub(crate) fn start() -> Self {
        Self::start_with(CONFIG, &[])
    }

    /// Starts a daemon with this configuration and these variables. What stands for `HOME` is its home.
    pub(crate) fn start_with(config: &str, variables: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().unwrap();
        let state = home.path().join("state");
        std::fs::create_dir(&state).unwrap();
        let config = config.replace("HOME", home.path().to_str().unwrap());
        std::fs::write(state.join("mcpd.toml"), config).unwrap();
        let (child, greeting) = run(home.path(), variables);
        // From here on a failure must not leave the process behind.
        let mut mcpd = Self { child, home, url: String::new(), first_key: String::new() };
        let greeting = greeting.read(mcpd.home.path());
        mcpd.url = word_from(&greeting, "http://");
        mcpd.first_key = word_from(&greeting, "mcpd_sk_");
        mcpd
    }

    /// Kills the daemon as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts another daemon in the same home.
    pub(crate) fn start_again(&mut self) {
        let (child, greeting) = run(self.home.path(), &[]);
        self.child = child;
        self.url = word_from(&greeting.read(self.home.path()), "http://");
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.home.path().join("state")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.state().join("mcpd.toml")
    }

    /// Runs `mcpctl` with the words of `line`.
    pub(crate) fn ctl(&self, line: &str) -> Said {
        self.ctl_args(&line.split_whitespace().collect::<Vec<_>>())
    }

    /// Returns the line that gives this daemon a command, as hints write it.
    pub(crate) fn line(&self, command: &str) -> String {
        format!("mcpctl --state-dir {} {command}", self.state().display())
    }

    /// Runs `mcpctl` with these arguments.
    pub(crate) fn ctl_args(&self, args: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mcpctl"));
        command.env_clear().env("HOME", self.home.path());
        // A disk that others keep busy may hold an answer back.
        command.args(["--timeout", "60s", "--state-dir"]).arg(self.state()).args(args).stdin(Stdio::null());
        Said::by(&mut command)
    }

    /// Opens a connection to the endpoint.
    pub(crate) fn connect(&self) -> Connection {
        let host = self.url.trim_start_matches("http://").trim_end_matches("/mcp").to_owned();
        let stream = TcpStream::connect(&host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Connection { stream: BufReader::new(stream), host }
    }

    /// Sends one request to the endpoint over a connection of its own.
    #[track_caller]
    pub(crate) fn post(&self, key: &str, body: &str) -> Answer {
        self.connect().post(key, body).expect("an answer")
    }

    /// Returns how the process ended, which it must do by itself and soon.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begin.elapsed() < PATIENCE, "mcpd still runs");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Mcpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the daemon's program, which this package does not build.
fn program() -> PathBuf {
    let program = Path::new(env!("CARGO_BIN_EXE_mcpctl")).with_file_name("mcpd");
    assert!(program.is_file(), "{} is missing; run: cargo build --bin mcpd", program.display());
    program
}

/// Starts the daemon of a home.
fn run(home: &Path, variables: &[(&str, &str)]) -> (Child, Greeting) {
    let mut command = Command::new(program());
    command.env_clear().env("HOME", home).envs(variables.iter().copied());
    command.arg("--state-dir").arg(home.join("state")).args(["--listen", "127.0.0.1:0"]);
    let log = File::create(home.join("mcpd.err")).unwrap();
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    (child, Greeting::of(stdout))
}

/// What a daemon says when it is ready.
struct Greeting(mpsc::Receiver<String>);

impl Greeting {
    /// Reads on after the greeting: a daemon whose output nobody reads would be another daemon. Ends with the process.
    fn of(stdout: impl Read + Send + 'static) -> Self {
        let (lines_in, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = lines_in.send(line);
            }
        });
        Self(lines)
    }

    /// Returns it, up to the last line of a first start or of a later one.
    fn read(self, home: &Path) -> String {
        let begin = Instant::now();
        let mut greeting = String::new();
        loop {
            let line = self.0.recv_timeout(PATIENCE.saturating_sub(begin.elapsed())).unwrap_or_else(|_| {
                panic!("mcpd did not greet: {}", std::fs::read_to_string(home.join("mcpd.err")).unwrap())
            });
            greeting.push_str(&line);
            greeting.push('\n');
            if line.starts_with("More keys:") || line.starts_with("Add a client with:") {
                return greeting;
            }
        }
    }
}

/// Returns the first word that begins with `start`, up to white space or a quote.
fn word_from(text: &str, start: &str) -> String {
    let begin = text.find(start).unwrap_or_else(|| panic!("no {start} in {text}"));
    text[begin..].split(|char: char| char.is_whitespace() || char == '"').next().unwrap().to_owned()
}

/// A connection over which requests go one after another.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    /// Sends a request and reads its answer, or returns `None` when the daemon has closed the connection.
    pub(crate) fn post(&mut self, key: &str, body: &str) -> Option<Answer> {
        let (host, length) = (&self.host, body.len());
        let request = format!(
            "POST /mcp HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            match self.stream.read_line(&mut head) {
                Ok(0) => return None,
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return None,
                read => drop(read.unwrap()),
            }
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.unwrap_or_else(|| panic!("no length: {head}")).parse().unwrap()];
        self.stream.read_exact(&mut body).unwrap();
        Some(Answer { status, body: serde_json::from_slice(&body).unwrap() })
    }

    /// Waits until the daemon closes the connection.
    #[track_caller]
    pub(crate) fn assert_closed(mut self) {
        match self.stream.read(&mut [0]) {
            Ok(0) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
            other => panic!("the connection is still open: {other:?}"),
        }
    }

    /// Returns the address it comes from.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.stream.get_ref().local_addr().unwrap()
    }
}

/// What came back over HTTP.
#[derive(Debug)]
#[must_use]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

/// What a program showed and how it ended.
#[derive(Debug)]
#[must_use]
pub(crate) struct Said {
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) code: i32,
}

impl Said {
    /// Runs a program to its end.
    pub(crate) fn by(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code().unwrap(),
        }
    }

    /// Returns stdout of a run that did what it was asked.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, 0, "{self:#?}");
        self.stdout
    }

    /// Returns stderr of a run that ended with `code`, showed nothing else, and says what to do next.
    #[track_caller]
    pub(crate) fn refused(self, code: i32) -> String {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:#?}");
        assert!(self.stderr.starts_with("error: "), "{self:#?}");
        assert!(self.stderr.contains("\nhint: "), "no hint in {self:#?}");
        self.stderr
    }

    /// Returns the JSON on stdout of a run that did what it was asked.
    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.done()).unwrap()
    }
}
