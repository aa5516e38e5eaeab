//! Secrets of every kind, driven through what succeeds, fails and is logged at its loudest: none of them is in a log,
//! the figures, the audit, the dashboard or a bundle, neither plain nor in base 64, hexadecimal or URL-encoded.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod pty;
mod real;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
};

use portable_pty::CommandBuilder;
use pty::Terminal;
use real::{Mcpd, Said};
use serde_json::{Value, json};

/// Everything is logged, and providers are asked.
const CONFIG: &str = r#"
[auth]
query_token = true

[audit]
calls = "all"

[telemetry]
log = "trace"

[ai]
provider = "anthropic"
model = "m"
url = "PROVIDER"
key_file = "HOME/ai.key"
retries = 0

[embeddings]
source = "endpoint"
url = "PROVIDER"
model = "m"
key_file = "HOME/embeddings.key"

[limits]
per_key = "100000/60s"
per_peer = "100000/60s"
"#;

/// Secrets without a form of their own, each by its kind: what keeps these out is that nobody writes them.
const KINDS: [&str; 21] = [
    "imported key",
    "provider key",
    "provider key of the environment",
    "embeddings key",
    "foreign bearer",
    "basic password",
    "cookie",
    "x-api-key",
    "proxy password",
    "query token",
    "query of the endpoint",
    "websocket key",
    "session id",
    "last event id",
    "origin",
    "password in arguments",
    "content of a memory",
    "tool name",
    "method",
    "firewall password",
    "goal",
];

/// Returns the canary of a kind: a word that occurs nowhere else.
fn canary(kind: &str) -> String {
    let place = KINDS.iter().position(|one| *one == kind).unwrap_or_else(|| panic!("no kind {kind}"));
    format!("Kanari{place:02}xQ9vLm3ZtRw7Yp")
}

/// A provider that refuses everything and tells back what it was sent.
fn telling_provider() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/messages", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || tell_back(stream));
        }
    });
    url
}

fn tell_back(stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut head, mut length) = (String::new(), 0);
        while !head.ends_with("\r\n\r\n") {
            let start = head.len();
            if reader.read_line(&mut head).ok()? == 0 {
                return None;
            }
            let line = head[start..].to_lowercase();
            length =
                line.strip_prefix("content-length: ").map_or(length, |text| text.trim().parse().unwrap());
        }
        reader.read_exact(&mut vec![0; length]).ok()?;
        let body = json!({ "error": { "message": format!("invalid request: {head}") } }).to_string();
        let length = body.len();
        let head =
            format!("HTTP/1.1 401 no\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n");
        reader.get_mut().write_all(format!("{head}{body}").as_bytes()).ok()?;
    }
}

/// Sends raw bytes and reads what comes within a moment.
fn raw(mcpd: &Mcpd, head: &str) -> String {
    let host = mcpd.url.trim_start_matches("http://").trim_end_matches("/mcp");
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!("{}\r\nhost: {host}\r\nconnection: close\r\n\r\n", head.replace('\n', "\r\n"));
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = vec![0; 4096];
    let length = stream.read(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes[..length]).into_owned()
}

fn call(mcpd: &Mcpd, key: &str, tool: &str, arguments: &Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
                       "params": { "name": tool, "arguments": arguments } });
    mcpd.post(key, &body.to_string()).body
}

/// Reads a key from standard input, as scripts do.
fn import(mcpd: &Mcpd, secret: &str) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mcpctl"));
    command.env_clear().env("HOME", mcpd.home()).arg("--state-dir").arg(mcpd.state());
    command.args(["keys", "import", "old"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(secret.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// Returns every form in which a secret could be written.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex = |upper: bool| -> String {
        secret.iter().map(|byte| if upper { format!("{byte:02X}") } else { format!("{byte:02x}") }).collect()
    };
    let url: String = secret.iter().map(|byte| format!("%{byte:02X}")).collect();
    let mut forms = vec![secret.to_vec(), hex(false).into(), hex(true).into(), url.into()];
    for shift in 0..3 {
        // Wherever it begins in what was encoded; the edges depend on what is beside it.
        let shifted: Vec<u8> = vec![0; shift].into_iter().chain(secret.iter().copied()).collect();
        let text = base64(&shifted);
        let whole = text.trim_end_matches('=');
        let inner = &whole[if shift == 0 { 0 } else { 4 }..whole.len() - 2];
        forms.push(inner.as_bytes().to_vec());
        forms.push(inner.replace('+', "-").replace('/', "_").into_bytes());
    }
    forms
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().chain([0, 0].iter()).take(3).fold(0u32, |word, byte| word << 8 | u32::from(*byte));
        for place in 0..=chunk.len() {
            text.push(char::from(DIGITS[(word >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

fn files(folder: &Path) -> Vec<u8> {
    let all = std::fs::read_dir(folder).unwrap().map(|entry| std::fs::read(entry.unwrap().path()).unwrap());
    all.collect::<Vec<_>>().concat()
}

#[test]
fn no_secret_is_seen_anywhere() {
    let config = CONFIG.replace("PROVIDER", &telling_provider());
    let mcpd = Mcpd::start_with(&config, &[("MCPD_AI_KEY", &canary("provider key of the environment"))]);
    std::fs::write(mcpd.home().join("ai.key"), canary("provider key")).unwrap();
    std::fs::write(mcpd.home().join("embeddings.key"), canary("embeddings key")).unwrap();
    let mut secrets: Vec<(String, Vec<u8>)> =
        KINDS.iter().map(|kind| ((*kind).to_owned(), canary(kind).into_bytes())).collect();
    // The secret of a key is what follows its public id.
    let mut keep = |kind: &str, key: &str| secrets.push((kind.to_owned(), key.as_bytes()[21..].to_vec()));

    // Keys, by every way they are made and shown.
    let first = mcpd.first_key.clone();
    keep("first key", &first);
    let issued = mcpd.ctl("keys add laptop").done().trim().to_owned();
    keep("issued key", &issued);
    let rotated = mcpd.ctl("keys rotate laptop").done().trim().to_owned();
    keep("rotated key", &rotated);
    import(&mcpd, &canary("imported key"));
    assert_eq!(mcpd.post(&canary("imported key"), r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#).status, 200);
    let revoked = mcpd.ctl("keys add gone").done().trim().to_owned();
    keep("revoked key", &revoked);
    mcpd.ctl("keys revoke gone").done();
    let mut wrong = issued.clone();
    wrong.replace_range(30..50, "WrongWrongWrongWrong");
    keep("wrong key", &wrong);
    for key in [&issued, &rotated, &revoked, &wrong, &canary("foreign bearer"), "ghp_Kanari0123456789"] {
        let _ = mcpd.post(key, r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    }
    // Headers and addresses of strangers.
    for (kind, head) in [
        ("basic password", "GET /mcp HTTP/1.1\nauthorization: Basic {64}"),
        ("cookie", "GET /mcp HTTP/1.1\ncookie: session={}"),
        ("x-api-key", "POST /mcp HTTP/1.1\nx-api-key: {}\ncontent-length: 0"),
        ("proxy password", "GET /mcp HTTP/1.1\nproxy-authorization: Basic {64}"),
        ("query token", "GET /ws?token={} HTTP/1.1\nupgrade: websocket\nconnection: upgrade"),
        ("query of the endpoint", "GET /mcp?api_key={} HTTP/1.1"),
        ("websocket key", "GET /ws HTTP/1.1\nsec-websocket-protocol: mcp, mcpd.key.{}\nupgrade: websocket"),
        ("session id", "GET /mcp HTTP/1.1\nauthorization: Bearer {first}\nmcp-session-id: {}"),
        ("last event id", "GET /mcp HTTP/1.1\nauthorization: Bearer {first}\nlast-event-id: {}"),
        ("origin", "GET /mcp HTTP/1.1\norigin: http://ada:{}@evil.example"),
    ] {
        let secret = canary(kind);
        let head = head.replace("{64}", &base64(format!("ada:{secret}").as_bytes()));
        let answer = raw(&mcpd, &head.replace("{first}", &first).replace("{}", &secret));
        assert!(answer.starts_with("HTTP/1.1 4") && !answer.contains(&secret), "{kind}: {answer}");
    }
    // Calls that succeed, fail, and ask providers that tell back what they were sent.
    let (password, content) = (canary("password in arguments"), canary("content of a memory"));
    let stored = call(
        &mcpd,
        &first,
        "store_memory",
        &json!({ "project_id": "p", "content": format!("the vault opens with {content}") }),
    );
    assert_eq!(stored["result"]["isError"], json!(false), "{stored}");
    call(&mcpd, &first, "retrieve_memory", &json!({ "project_id": "p", "query": content }));
    call(&mcpd, &first, "store_memory", &json!({ "project_id": "p", "content": 7, "password": password }));
    call(&mcpd, &first, &canary("tool name"), &json!({}));
    let operation = json!({ "command": "deploy", "password": canary("firewall password") });
    call(
        &mcpd,
        &first,
        "error_firewall_check",
        &json!({ "project_id": "p", "operation_type": "shell", "operation_params": operation }),
    );
    call(
        &mcpd,
        &first,
        "ai_generate_todos_from_goal",
        &json!({ "project_id": "p", "goal": format!("rotate {}", canary("goal")) }),
    );
    let session =
        json!({ "jsonrpc": "2.0", "id": 1, "method": canary("method"), "params": { "token": password } });
    let _ = mcpd.post(&first, &session.to_string());
    // What the operators' side does with files that hold secrets, and with mistakes.
    let backup = mcpd.home().join("backup");
    mcpd.ctl_args(&["backup", backup.to_str().unwrap()]).done();
    assert_eq!(mcpd.ctl_args(&["keys", "show", &issued]).code, 1);
    mcpd.ctl("reload").done();
    secrets.push(("pepper".into(), std::fs::read(mcpd.state().join("pepper")).unwrap()));
    secrets.push(("key of the audit".into(), std::fs::read(mcpd.state().join("audit.key")).unwrap()));
    assert!(secrets.len() >= 25, "{}", secrets.len());

    let mut seen: Vec<(&str, Vec<u8>)> = vec![("dashboard", dashboard(&mcpd).into_bytes())];
    for line in [
        "stats --json",
        "audit tail -n 500 --json",
        "logs -n 10000 --json",
        "keys list --json",
        "doctor --json",
        "connections --json",
        "sessions --json",
    ] {
        let Said { stdout, stderr, .. } = mcpd.ctl(line);
        seen.push((line, (stdout + &stderr).into_bytes()));
    }
    seen.push((
        "metrics",
        raw(&mcpd, &format!("GET /metrics HTTP/1.1\nauthorization: Bearer {first}")).into_bytes(),
    ));
    let bundle = mcpd.home().join("bundle.txt");
    mcpd.ctl_args(&["bundle", bundle.to_str().unwrap()]).done();
    seen.push(("bundle", std::fs::read(&bundle).unwrap()));
    mcpd.ctl("drain").done();
    seen.push(("log files", files(&mcpd.state().join("logs"))));
    seen.push(("audit files", files(&mcpd.state().join("audit"))));
    seen.push(("standard error", std::fs::read(mcpd.home().join("mcpd.err")).unwrap()));

    let loud = &seen.iter().find(|(place, _)| *place == "log files").unwrap().1;
    let has = |haystack: &[u8], needle: &[u8]| haystack.windows(needle.len()).any(|part| part == needle);
    assert!(has(loud, b"TRACE") && has(loud, b"prompt not answered"), "the log is at its loudest");
    let mut found = Vec::new();
    for (kind, secret) in &secrets {
        for form in forms(secret) {
            for (place, text) in seen.iter().filter(|(_, text)| has(text, &form)) {
                let at = text.windows(form.len()).position(|part| part == form).unwrap();
                let around = &text[at.saturating_sub(160)..(at + form.len() + 40).min(text.len())];
                found.push(format!("{kind} in {place}: {}", String::from_utf8_lossy(around)));
            }
        }
    }
    assert!(found.is_empty(), "{} hits\n{}", found.len(), found.join("\n\n"));
}

/// Opens every pane and returns all that was on the screen.
fn dashboard(mcpd: &Mcpd) -> String {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_mcpctl"));
    command.env_clear();
    command.env("HOME", mcpd.home());
    command.env("TERM", "xterm-256color");
    command.args(["--state-dir", mcpd.state().to_str().unwrap(), "top"]);
    let mut terminal = Terminal::open(160, 50, command);
    let mut shown = String::new();
    for (key, text) in [
        ("1", "Requests per second"),
        ("2", "METHOD"),
        ("3", "PEER"),
        ("4", "SCOPES"),
        ("6", "FAMILY"),
        ("7", "mcpd::"),
    ] {
        terminal.press_until(key, &[text]);
        shown.push_str(&terminal.shown());
    }
    terminal.press("q");
    shown
}
