//! A daemon for tests: pictures, lists and the clock.

use std::collections::BTreeMap;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use mcpd_ipc::{
    allow::{AllowEntry, AllowReport, AllowSource, AllowState},
    connections::{ConnectionInfo, ConnectionList},
    feed::{Bucket, LogBatch, LogLine, Picture, RequestBatch, RequestLine, Severity},
    keys::{KeyInfo, KeyList, KeyState, RateNow},
    life::{KeyStats, ProcessStats, StatsReport, StatusReport, ToolStats},
    sessions::{SessionInfo, SessionList},
    tools::{Tokens, ToolList, ToolSummary},
};

use super::{App, Fixed, update};
use crate::{
    effect::Effect,
    msg::{Msg, Reply, Trouble, Why},
    theme::Theme,
};

/// 2026-11-22 09:00 UTC: the clock of every test.
pub(crate) const NOW: i64 = 1_795_338_000_000;

/// Returns a picture at a time, after that many requests.
pub(crate) fn picture(at: i64, requests: u64) -> Picture {
    let tool = |calls| ToolStats { calls, errors: calls / 50, avg: 2.1, p50: 1.2, p95: 8.4, p99: 21.0 };
    let key =
        |id: &str, name: &str, requests| KeyStats { id: id.into(), name: name.into(), requests, failed: 3 };
    Picture {
        at,
        status: StatusReport {
            status: "healthy".into(),
            reason: None,
            version: "0.1.0".into(),
            pid: 4711,
            uptime_seconds: 93_784,
            instance: "0f3c".into(),
            profile: "unified".into(),
            url: Some("http://127.0.0.1:3100/mcp".into()),
            socket: "/run/user/1000/mcpd/mcpd.sock".into(),
            state_dir: "/home/lin/.local/state/mcpd".into(),
            config_file: None,
            tools: 14,
            active_keys: 4,
            connections: 6,
            sessions: 3,
            calls_in_flight: 2,
        },
        stats: StatsReport {
            uptime_seconds: 93_784,
            total_requests: requests,
            successful_requests: requests - requests / 100,
            failed_requests: requests / 100,
            success_rate: 0.99,
            avg_response_time: 2.3,
            p50: 1.2,
            p95: 8.4,
            p99: 21.0,
            active_connections: 6,
            calls_in_flight: 2,
            refusals: BTreeMap::from([("rate".into(), requests / 200), ("credentials".into(), 12)]),
            tools: BTreeMap::from([
                ("store_memory".into(), tool(requests / 2)),
                ("list_todos".into(), tool(requests / 4)),
                ("retrieve_memory".into(), tool(requests / 5)),
            ]),
            keys: vec![
                key("k7f3a91b20cd", "laptop", requests / 2),
                key("p0e8d7c6b5a4", "ci", requests / 3),
                key("z1y2x3w4v5u6", "会话", requests / 9),
            ],
            process: ProcessStats { resident_bytes: Some(48_300_000), cpu_seconds: requests as f64 * 0.0002 },
        },
        durations: vec![
            Bucket { up_to_ms: 1.0, count: requests / 2 },
            Bucket { up_to_ms: 8.0, count: requests * 45 / 100 },
            Bucket { up_to_ms: 21.0, count: requests / 20 },
        ],
    }
}

/// Returns a dashboard before anything happened.
pub(crate) fn empty(size: (u16, u16), theme: Theme) -> App {
    let fixed = Fixed { theme, refresh: 1_000, start_hint: "mcpd run".into() };
    App::new(fixed, size, NOW)
}

/// Returns a dashboard of a daemon that is new and idle.
pub(crate) fn idle(size: (u16, u16), theme: Theme) -> App {
    let mut app = empty(size, theme);
    update(&mut app, Msg::Connected);
    let mut picture = picture(NOW, 0);
    picture.stats.refusals.clear();
    picture.stats.tools.clear();
    picture.stats.keys.clear();
    picture.durations.clear();
    (picture.stats.active_connections, picture.stats.calls_in_flight) = (0, 0);
    picture.status.sessions = 0;
    picture.stats.success_rate = 1.0;
    update(&mut app, Msg::Picture(Box::new(picture)));
    let replies = [
        Reply::Connections(ConnectionList { connections: vec![] }),
        Reply::Sessions(SessionList { sessions: vec![] }),
        Reply::Keys(KeyList { keys: vec![] }),
        Reply::Allow(AllowReport { state: AllowState::LoopbackOnly, entries: vec![], note: None }),
        Reply::Tools(ToolList { tools: vec![], families: vec![], estimated_tokens: Tokens::default() }),
    ];
    for reply in replies {
        update(&mut app, Msg::Done(Box::new(reply)));
    }
    app
}

/// Returns a dashboard of a daemon that has been busy for ten minutes.
pub(crate) fn busy(size: (u16, u16), theme: Theme) -> App {
    let mut app = empty(size, theme);
    update(&mut app, Msg::Connected);
    let mut requests = 1_000_000;
    for second in 0..600_i64 {
        // A wave with a burst, and a minute in which the daemon was away.
        let wave = 40.0 + 30.0 * (second as f64 / 60.0).sin();
        requests += wave as u64 + if (380..400).contains(&second) { 160 } else { 0 };
        let mut picture = picture(NOW - 599_000 + second * 1000, requests);
        let slow = 1.0 + 0.5 * (second as f64 / 25.0).cos();
        picture.durations = durations(second, slow);
        if (200..260).contains(&second) {
            app.history.interrupt();
        } else {
            update(&mut app, Msg::Picture(Box::new(picture)));
        }
    }
    for reply in lists() {
        update(&mut app, Msg::Done(Box::new(reply)));
    }
    update(&mut app, Msg::Requests(RequestBatch { skipped: 120, requests: requests_seen() }));
    update(&mut app, Msg::Logs(LogBatch { skipped: 0, lines: lines_seen() }));
    app
}

/// Returns how long requests took until a second: more and more in each bucket.
fn durations(second: i64, slow: f64) -> Vec<Bucket> {
    let edges = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];
    let share = |edge: f64| (900.0 / (1.0 + (edge / slow).powi(2))) as u64 + u64::from(second % 60 == 0) * 40;
    let count = |edge: f64| (0..=second as u64).map(|_| share(edge)).sum::<u64>();
    edges.map(|edge| Bucket { up_to_ms: edge * slow.ceil(), count: count(edge) }).to_vec()
}

/// Returns the lists of a daemon in use.
pub(crate) fn lists() -> Vec<Reply> {
    let connection = |id: u64, transport: &str, key: Option<&str>, client: Option<&str>| ConnectionInfo {
        id,
        transport: transport.into(),
        peer: if transport == "local" { "uid 1000".into() } else { format!("192.168.3.{id}:5{id:04}") },
        key: key.map(str::to_owned),
        client: client.map(str::to_owned),
        since: NOW - 61_000 * id as i64,
        requests: 30_412 / id,
        bytes_in: 4_100_000 / id,
        bytes_out: 99_300_000 / id,
    };
    let session = |id: &str, key: &str, client: &str, heard| SessionInfo {
        id: id.repeat(4),
        key: key.into(),
        client: client.into(),
        revision: "2025-06-18".into(),
        since: NOW - 7_300_000,
        last_used_at: NOW - 4_000,
        heard,
        subscriptions: u64::from(heard) * 2,
    };
    let tool = |name: &str, family: &str, title: &str, calls: u64, enabled| ToolSummary {
        name: name.into(),
        family: family.into(),
        title: title.into(),
        read_only: name.starts_with("list") || name.starts_with("retrieve"),
        enabled,
        left_out: false,
        estimated_tokens: Tokens { whole: 600, input: 250 },
        calls,
        errors: calls / 900,
        p95_ms: (calls > 0).then_some(8.4),
    };
    let network = |cidr: &str, source| AllowEntry { cidr: cidr.into(), source };
    vec![
        Reply::Connections(ConnectionList {
            connections: vec![
                connection(1, "http", Some("laptop"), Some("claude-code/2.4.1")),
                connection(2, "sse", Some("ci"), Some("runner")),
                connection(4, "websocket", Some("会话助手"), Some("会话客户端 1.0")),
                connection(7, "local", None, None),
            ],
        }),
        Reply::Sessions(SessionList {
            sessions: vec![
                session("0f3c9ab1", "laptop", "claude-code/2.4.1", true),
                session("77aa01cd", "会话助手", "会话客户端 1.0", false),
            ],
        }),
        Reply::Keys(KeyList {
            keys: vec![
                key("k7f3a91b20cd", "laptop", Some(NOW + 90 * 86_400_000), KeyState::Active),
                key("p0e8d7c6b5a4", "ci", Some(NOW + 7 * 86_400_000), KeyState::Active),
                key("z1y2x3w4v5u6", "会话助手", None, KeyState::Active),
                key(
                    "m4n5b6v7c8x9",
                    "a-very-long-name-of-a-key-for-the-nightly-build",
                    None,
                    KeyState::Revoked,
                ),
                key("q9w8e7r6t5y4", "contractor", Some(NOW - 86_400_000), KeyState::Expired),
            ],
        }),
        Reply::Allow(AllowReport {
            state: AllowState::Listed,
            entries: vec![
                network("127.0.0.0/8", AllowSource::File),
                network("192.168.3.0/24", AllowSource::Operator),
                network("fd00:1234:5678:9abc::/64", AllowSource::Operator),
            ],
            note: None,
        }),
        Reply::Tools(ToolList {
            families: vec![],
            estimated_tokens: Tokens::default(),
            tools: vec![
                tool("create_todo", "context", "Create a todo", 1_310, true),
                tool("list_todos", "context", "List todos", 9_102, true),
                tool("retrieve_memory", "memory", "Retrieve memories", 120_331, true),
                tool("store_memory", "memory", "Store a memory", 18_204, true),
                tool("update_todo_status", "context", "Update a todo", 0, false),
            ],
        }),
    ]
}

/// Returns a key.
pub(crate) fn key(id: &str, name: &str, expires_at: Option<i64>, state: KeyState) -> KeyInfo {
    let is_new = expires_at.is_none();
    KeyInfo {
        id: id.into(),
        name: name.into(),
        tenant: "default".into(),
        state,
        scopes: vec!["read".into(), "write".into()],
        tools: vec![],
        deny_tools: vec![],
        cidrs: vec!["10.0.0.0/8".into()],
        rate: Some("100/60s".into()),
        connections: Some(4),
        created_at: NOW - 40 * 86_400_000,
        expires_at,
        last_used_at: (!is_new).then_some(NOW - 180_000),
        imported: false,
        old_secret_until: None,
        requests: if is_new { 0 } else { 30_412 },
        rate_now: (!is_new).then_some(RateNow { used: (name.len() as u32 * 15).min(100), burst: 100 }),
    }
}

/// Returns requests that were answered in the last minute.
pub(crate) fn requests_seen() -> Vec<RequestLine> {
    let outcomes = [
        ("ok", Some(200)),
        ("ok", Some(200)),
        ("tool_error", Some(200)),
        ("refused", Some(429)),
        ("gone", None),
    ];
    let seen = (0..300_usize).map(|number| {
        let (outcome, status) = outcomes[number % outcomes.len()];
        RequestLine {
            at: NOW - 60_000 + number as i64 * 200,
            request: format!("019a{number:04x}"),
            method: if number.is_multiple_of(7) { "tools/list".into() } else { "tools/call".into() },
            tool: (!number.is_multiple_of(7)).then(|| ["retrieve_memory", "store_memory"][number % 2].into()),
            key: [Some("laptop"), Some("会话助手"), None][number % 3].map(str::to_owned),
            peer: format!("192.168.3.{}:51204", number % 9),
            outcome: outcome.into(),
            status,
            duration_ms: (number * number % 4_001) as f64 / 10.0,
        }
    });
    seen.collect()
}

/// Returns lines that were written in the last five minutes.
pub(crate) fn lines_seen() -> Vec<LogLine> {
    let levels = [Severity::Info, Severity::Debug, Severity::Warn, Severity::Info, Severity::Error];
    let texts = [
        "request answered request=019a0001 method=tools/call tool=retrieve_memory key=laptop took=1.2ms",
        "checkpoint of the store took 4ms",
        "refused reason=rate key=会话助手 peer=192.168.3.4:51204 retry_after=12s",
        "key issued name=ci id=p0e8d7c6b5a4 by=uid 1000",
        "the store could not be written: disk is full; memories are refused until there is space again",
    ];
    let seen = (0..300_usize).map(|number| LogLine {
        at: Some(NOW - 300_000 + number as i64 * 1000),
        level: levels[number % 5],
        target: ["mcpd::request", "mcpd::store", "mcpd::refused", "mcpd::control", "mcpd::store"][number % 5]
            .into(),
        text: texts[number % 5].into(),
    });
    seen.collect()
}

/// Returns that nobody answers.
pub(crate) fn away() -> Msg {
    let words = "no daemon answers at /run/user/1000/mcpd/mcpd.sock: Connection refused".into();
    Msg::Away { why: Why { kind: Trouble::Gone, words, hint: None }, until: NOW + 3_200 }
}

/// Lets the screen be drawn and time pass, in milliseconds.
pub(crate) fn see(app: &mut App, wait: i64) {
    let (width, height) = app.size;
    update(app, Msg::Drawn(width, height));
    update(app, Msg::Now(app.now + wait));
}

/// Presses keys, named as in the help, and returns what they ask for.
pub(crate) fn press(app: &mut App, keys: &[&str]) -> Vec<Effect> {
    let mut effects = Vec::new();
    for name in keys {
        app.settle();
        effects.extend(update(app, Msg::Key(event(name))));
    }
    app.settle();
    effects
}

fn event(name: &str) -> KeyEvent {
    let code = match name {
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "Up" => KeyCode::Up,
        "Down" => KeyCode::Down,
        "End" => KeyCode::End,
        "Ctrl-C" => return KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL),
        one => KeyCode::Char(one.chars().next().unwrap()),
    };
    KeyEvent::new(code, KeyModifiers::NONE)
}

/// Types a text.
pub(crate) fn write(app: &mut App, text: &str) {
    update(app, Msg::Paste(text.into()));
}
