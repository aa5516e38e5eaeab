//! Every pane as a snapshot: at three sizes, empty, busy and while the daemon is away; and what stands before them.

mod cramped;

use mcpd_ipc::{
    allow::{AllowReport, AllowState},
    feed::{LogBatch, Picture, RequestBatch},
    keys::{KeyCreated, KeyState, Shown},
    tools::ToolDetail,
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::Buffer,
    style::{Color, Modifier},
};

use super::draw;
use crate::{
    app::{
        App, Pane,
        sample::{self, busy, empty, idle, press, see, write},
        update,
    },
    effect::{Call, Effect},
    msg::{FeedName, Msg, Reply, Trouble, Why},
    theme::Theme,
};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn screen(app: &mut App) -> Buffer {
    app.settle();
    let (width, height) = app.size;
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(app, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// Returns the characters of a screen, line by line.
fn text(app: &mut App) -> String {
    let buffer = screen(app);
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let mut line = String::new();
        let mut x = 0;
        while x < buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += super::canvas::cells(symbol).max(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn name(pane: Pane, (width, height): (u16, u16), state: &str) -> String {
    format!("{}_{width}x{height}_{state}", pane.title().to_lowercase())
}

#[test]
fn panes() {
    for size in SIZES {
        let mut away = busy(size, Theme::Colour);
        update(&mut away, sample::away());
        let states =
            [("empty", idle(size, Theme::Colour)), ("busy", busy(size, Theme::Colour)), ("away", away)];
        for (state, mut app) in states {
            for pane in Pane::ALL {
                app.pane = pane;
                insta::assert_snapshot!(name(pane, size, state), text(&mut app));
            }
            app.pane = Pane::Connections;
            app.shows_sessions = true;
            let name = name(Pane::Connections, size, state).replace("connections", "sessions");
            insta::assert_snapshot!(name, text(&mut app));
        }
    }
}

#[test]
fn first_start_without_a_daemon() {
    let mut app = empty((80, 24), Theme::Colour);
    insta::assert_snapshot!("start_calling", text(&mut app));
    update(&mut app, sample::away());
    insta::assert_snapshot!("start_away", text(&mut app));
}

#[test]
fn troubles_are_shown_as_what_they_are() {
    let mut app = busy((80, 24), Theme::Colour);
    let mismatch = "the client speaks control protocol 2 and the daemon 3: the client is older";
    let troubles = [
        ("not_permitted", Trouble::NotPermitted, "not permitted to use /run/mcpd/mcpd.sock", "become root"),
        ("mismatch", Trouble::Refused, mismatch, "mcpctl and mcpd may be of different versions"),
        ("broke_off", Trouble::Broken, "the conversation with the daemon broke off: the socket failed", ""),
    ];
    for (name, kind, words, hint) in troubles {
        let hint = Some(hint.to_owned()).filter(|hint| !hint.is_empty());
        update(&mut app, Msg::Away { why: Why { kind, words: words.into(), hint }, until: sample::NOW });
        let shown = text(&mut app).lines().take(6).collect::<Vec<_>>().join("\n");
        insta::assert_snapshot!(format!("trouble_{name}"), shown);
    }
    update(&mut app, Msg::Connected);
    let mut picture = sample::picture(sample::NOW, 2_000_000);
    for (status, reason) in [("degraded", Some("the disk is nearly full")), ("draining", None)] {
        picture.status.status = status.into();
        picture.status.reason = reason.map(str::to_owned);
        update(&mut app, Msg::Picture(Box::new(picture.clone())));
        insta::assert_snapshot!(format!("header_{status}"), text(&mut app).lines().next().unwrap());
    }
}

#[test]
fn popups() {
    let mut app = busy((80, 24), Theme::Colour);
    press(&mut app, &["4", "a"]);
    insta::assert_snapshot!("form_add_key", text(&mut app));
    write(&mut app, "ci");
    press(&mut app, &["Tab", "Tab", "Tab", "Tab", "Tab", "Tab", "Tab"]);
    write(&mut app, "soon");
    press(&mut app, &["Enter"]);
    insta::assert_snapshot!("form_add_key_wrong", text(&mut app));
    press(&mut app, &["Esc", "R"]);
    insta::assert_snapshot!("form_rotate", text(&mut app));
    press(&mut app, &["Esc", "r"]);
    insta::assert_snapshot!("question_revoke", text(&mut app));
    press(&mut app, &["n", "Enter"]);
    insta::assert_snapshot!("detail_key", text(&mut app));
    press(&mut app, &["Esc"]);
    let key = sample::key("n3w0k3y1d2f4", "ci", None, KeyState::Active);
    let secret = Shown::new(format!("mcpd_sk_n3w0k3y1d2f4_{}", "S3cr3tS3cr".repeat(5).get(..49).unwrap()));
    update(&mut app, Msg::Done(Box::new(Reply::KeyCreated(KeyCreated { key, secret }))));
    insta::assert_snapshot!("secret_held", text(&mut app));
    see(&mut app, 1_000);
    insta::assert_snapshot!("secret", text(&mut app));
    press(&mut app, &["c", "2", "Up", "Up", "Enter"]);
    insta::assert_snapshot!("detail_request", text(&mut app));
    press(&mut app, &["Esc", "5", "t"]);
    insta::assert_snapshot!("form_test", text(&mut app));
    press(&mut app, &["Esc", "3", "Enter"]);
    insta::assert_snapshot!("detail_connection", text(&mut app));
    press(&mut app, &["Esc", "6"]);
    update(&mut app, Msg::Done(Box::new(Reply::Tool(tool()))));
    insta::assert_snapshot!("detail_tool", text(&mut app));
}

fn tool() -> ToolDetail {
    let Some(Reply::Tools(list)) = sample::lists().into_iter().last() else { panic!() };
    let published = serde_json::json!({
        "description": "Finds memories of a project by their words and their meaning.\n\nThe best come first; \
            those of other tenants never do.",
        "inputSchema": {
            "properties": {
                "project_id": {"type": "string", "description": "The project."},
                "query": {"type": "string", "description": "What to look for: a sentence finds more than a word, \
                    and names find exactly what they name."},
                "a_remarkably_long_argument": {"enum": ["a", "b"], "description": "Which."},
            },
            "required": ["project_id", "query"],
        },
    });
    ToolDetail { summary: list.tools[2].clone(), published }
}

#[test]
fn typing_a_filter_and_what_comes_of_it() {
    let mut app = busy((80, 24), Theme::Colour);
    press(&mut app, &["2", "/"]);
    write(&mut app, "REFUSED");
    app.settle();
    insta::assert_snapshot!("filter_typing", text(&mut app));
    press(&mut app, &["Enter", " ", "Up"]);
    insta::assert_snapshot!("filter_kept_paused", text(&mut app));
    press(&mut app, &["4", "/"]);
    write(&mut app, "nobody");
    press(&mut app, &["Enter", ">"]);
    insta::assert_snapshot!("filter_finds_nothing", text(&mut app));
}

#[test]
fn what_came_of_an_action_is_said_in_full() {
    let mut app = busy((80, 24), Theme::Colour);
    press(&mut app, &["5"]);
    let note = "this is the first entry; loopback was listed with it, so that programs of this machine go on";
    let report = AllowReport { state: AllowState::Listed, entries: vec![], note: Some(note.into()) };
    update(&mut app, Msg::Done(Box::new(Reply::AllowChanged(report))));
    insta::assert_snapshot!("notice", text(&mut app));
}

/// Text that would turn a terminal around, if it came through.
const EVIL: &str = "\u{1b}[31m\u{202e}evil\n\u{9b}";

/// Puts `EVIL` in front of every text in a value that came from the daemon.
fn poison(value: &mut serde_json::Value) {
    match value {
        // Words the types know stay, or the value would not be read.
        serde_json::Value::String(text) if KNOWN.contains(&text.as_str()) => {}
        serde_json::Value::String(text) => text.insert_str(0, EVIL),
        serde_json::Value::Array(values) => values.iter_mut().for_each(poison),
        serde_json::Value::Object(fields) => {
            for (name, value) in fields {
                poison(value);
                // Names of reasons and tools are texts too; they stand where a name is a key.
                if let ("refusals" | "tools", serde_json::Value::Object(counted)) = (name.as_str(), value) {
                    let counts = std::mem::take(counted).into_iter();
                    *counted = counts.map(|(name, count)| (format!("{EVIL}{name}"), count)).collect();
                }
            }
        }
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

const KNOWN: [&str; 12] = [
    "active",
    "expired",
    "revoked",
    "file",
    "operator",
    "listed",
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "loopback_only",
];

/// Returns a value with every text in it poisoned.
macro_rules! poisoned {
    ($value:expr) => {{
        let mut value = serde_json::to_value($value).unwrap();
        poison(&mut value);
        serde_json::from_value(value).unwrap()
    }};
}

fn hostile(reply: Reply) -> Reply {
    match reply {
        Reply::Connections(list) => Reply::Connections(poisoned!(&list)),
        Reply::Sessions(list) => Reply::Sessions(poisoned!(&list)),
        Reply::Keys(list) => Reply::Keys(poisoned!(&list)),
        Reply::Allow(report) => Reply::Allow(poisoned!(&report)),
        Reply::Tools(list) => Reply::Tools(poisoned!(&list)),
        other @ (Reply::Tool(_) | Reply::ConnectionClosed(_) | Reply::SessionClosed(_)) => other,
        other @ (Reply::KeyCreated(_) | Reply::KeyRotated(_) | Reply::KeyRenamed(_)) => other,
        other @ (Reply::KeyRevoked(_) | Reply::AllowChanged(_) | Reply::Verdict(_)) => other,
        other @ Reply::ToolsSwitched(_) => other,
    }
}

/// Shows a screen on which `EVIL` must be seen and must not work.
fn is_safe(app: &mut App, what: &str) {
    let buffer = screen(app);
    for cell in buffer.content() {
        for char in cell.symbol().chars() {
            assert!(!char.is_control() && !matches!(char, '\u{202a}'..='\u{202e}'), "{what}: {char:?}");
        }
    }
    // The first line is the daemon's name and status, which are poisoned too: they prove nothing about the pane.
    let shown = text(app);
    let is_shown = shown.lines().skip(1).any(|line| line.contains("\\u{1b}"));
    assert!(is_shown || app.pane == Pane::Help, "{what} does not show it:\n{shown}");
}

#[test]
fn nothing_from_the_wire_reaches_the_terminal_unescaped() {
    let size = (200, 60);
    let mut app = empty(size, Theme::Colour);
    update(&mut app, Msg::Connected);
    let mut picture: Picture = poisoned!(&sample::picture(sample::NOW, 1_000));
    picture.status.reason = Some(EVIL.into());
    update(&mut app, Msg::Picture(Box::new(picture)));
    for reply in sample::lists() {
        update(&mut app, Msg::Done(Box::new(hostile(reply))));
    }
    let requests = RequestBatch { skipped: 0, requests: sample::requests_seen() };
    update(&mut app, Msg::Requests(poisoned!(&requests)));
    let logs = LogBatch { skipped: 0, lines: sample::lines_seen() };
    update(&mut app, Msg::Logs(poisoned!(&logs)));
    for pane in Pane::ALL {
        app.pane = pane;
        is_safe(&mut app, pane.title());
    }
    app.shows_sessions = true;
    app.pane = Pane::Connections;
    is_safe(&mut app, "sessions");

    let evil = || Why { kind: Trouble::Refused, words: EVIL.into(), hint: Some(EVIL.into()) };
    let popups: [(&str, &[&str]); 10] = [
        ("request", &["2", "Up", "Enter"]),
        ("session", &["3", "Enter"]),
        ("end session", &["3", "x"]),
        ("connection", &["3", "s", "Enter"]),
        ("close connection", &["3", "x"]),
        ("key", &["4", "Enter"]),
        ("revoke", &["4", "x"]),
        ("rotate", &["4", "R"]),
        ("rename", &["4", "n"]),
        ("line", &["7", "Up", "Enter"]),
    ];
    for (what, keys) in popups {
        app.popup = None;
        press(&mut app, keys);
        assert!(app.popup.is_some(), "{what}");
        is_safe(&mut app, what);
    }
    app.popup = None;
    press(&mut app, &["6"]);
    update(&mut app, Msg::Done(Box::new(Reply::Tool(poisoned!(&tool())))));
    assert!(app.popup.is_some());
    is_safe(&mut app, "tool");
    app.popup = None;
    let call = Call::TestAddress(mcpd_ipc::allow::AllowTest { address: EVIL.into() });
    update(&mut app, Msg::Failed(Box::new(call), evil()));
    is_safe(&mut app, "notice");
    let key = sample::key(EVIL, EVIL, None, KeyState::Active);
    let created = KeyCreated { key, secret: Shown::new(EVIL) };
    update(&mut app, Msg::Done(Box::new(Reply::KeyCreated(created))));
    is_safe(&mut app, "secret");
    see(&mut app, 1_000);
    press(&mut app, &["c"]);
    update(&mut app, Msg::NoFeed(FeedName::Logs, evil()));
    update(&mut app, Msg::Away { why: evil(), until: 0 });
    is_safe(&mut app, "away");
}

/// Returns a screen with what it is drawn with: one letter per cell under each line.
fn styled(app: &mut App) -> String {
    let buffer = screen(app);
    let letter = |modifier: Modifier| match modifier {
        Modifier::BOLD => 'B',
        Modifier::DIM => 'd',
        Modifier::REVERSED => 'R',
        none if none.is_empty() => '.',
        _ => '*',
    };
    let lines = text(app);
    let mut shown = String::new();
    for (y, line) in lines.lines().enumerate() {
        let marks: String = (0..buffer.area.width).map(|x| letter(buffer[(x, y as u16)].modifier)).collect();
        shown.push_str(&format!("{line}\n{}\n", marks.trim_end_matches('.')));
        assert!((0..buffer.area.width).all(|x| buffer[(x, y as u16)].fg == Color::Reset));
    }
    shown
}

#[test]
fn without_colour_attributes_tell() {
    let mut app = busy((80, 24), Theme::Monochrome);
    press(&mut app, &["4", "Down"]);
    insta::assert_snapshot!("monochrome_keys", styled(&mut app));
    update(&mut app, sample::away());
    insta::assert_snapshot!("monochrome_away", styled(&mut app));
}

#[test]
fn help_shows_every_binding() {
    let mut app = busy((200, 60), Theme::Colour);
    app.pane = Pane::Help;
    let shown = text(&mut app);
    for binding in crate::keymap::KEYMAP {
        assert!(shown.contains(binding.words), "{}", binding.words);
        for press in binding.keys {
            assert!(shown.contains(&press.label()), "{}", press.label());
        }
    }
}
