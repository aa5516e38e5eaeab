//! What people see of keys.

use mcpd_ipc::keys::{KeyInfo, KeyList, KeyRevoked, KeyState};

use crate::{
    commands::connect::{Client, KEY_PLACEHOLDER, Line, trust_hint},
    daemon::Daemon,
    page::Page,
    paint::Tone,
    table::Table,
    text,
};

/// Names a key so that whoever is asked about it knows which one.
pub(super) fn mention(key: &KeyInfo, now: i64) -> String {
    let used = match key.last_used_at {
        Some(at) => format!("last used {}", text::relative(at, now)),
        None => "never used".into(),
    };
    format!("key {} ({}), {used}", key.name, key.id)
}

fn terms(key: &KeyInfo, now: i64) -> String {
    let life = key
        .expires_at
        .map_or_else(|| "does not expire".into(), |at| format!("expires {}", text::relative(at, now)));
    format!("key {} ({}): {}; {life}", key.name, key.id, text::list_or(&key.scopes, "no scope"))
}

pub(super) fn created(key: &KeyInfo, url: Option<&str>, daemon: &Daemon, now: i64) -> Page {
    let page = Page::of(terms(key, now))
        .line("its secret is on stdout, this once: it is stored hashed and cannot be shown again");
    match url {
        Some(url) => {
            let page = page
                .line(format!("connect Claude Code, with the secret in place of {KEY_PLACEHOLDER}:"))
                .line(format!("  {}", Line::http(Client::ClaudeCode, "mcpd", url, KEY_PLACEHOLDER)));
            trust_hint(url).into_iter().fold(page, Page::hint)
        }
        None => page.line(format!("connect Claude Code: {}", daemon.line("connect claude-code"))),
    }
}

pub(super) fn imported(key: &KeyInfo, now: i64) -> Page {
    Page::of(terms(key, now)).line("its holder goes on with the secret it has, which is stored hashed")
}

pub(super) fn rotated(key: &KeyInfo, now: i64) -> Page {
    let page =
        Page::of(format!("key {} ({}) has a new secret: it is on stdout, this once", key.name, key.id));
    match key.old_secret_until {
        Some(at) => page.line(format!("the old one works until {}", text::date(at, now))),
        None => page.line("the old one works no longer"),
    }
}

pub(super) fn list(list: &KeyList, daemon: &Daemon, now: i64) -> Page {
    if list.keys.is_empty() {
        return Page::of(format!("there are no keys; issue one: {}", daemon.line("keys add laptop")));
    }
    let headings = [
        "NAME",
        "ID",
        "TENANT",
        "STATE",
        "SCOPES",
        "TOOLS",
        "REQUESTS",
        "RATE NOW",
        "LAST USED",
        "EXPIRES",
        "CREATED",
    ];
    let table = list.keys.iter().fold(Table::new(headings), |table, key| {
        let row = table.row([
            key.name.clone(),
            key.id.clone(),
            key.tenant.clone(),
            state_word(key.state).into(),
            text::list_or(&key.scopes, "none"),
            tools_word(key),
            key.requests.to_string(),
            rate_now(key, "-"),
            text::relative_or(key.last_used_at, now, "never"),
            text::relative_or(key.expires_at, now, "never"),
            text::relative(key.created_at, now),
        ]);
        row.toned(3, state_tone(key.state))
    });
    Page::default().table(table.figures(&[6, 7]).spare(&[10, 2, 5, 4, 9]))
}

pub(super) fn one(key: &KeyInfo, now: i64) -> Page {
    let date_or_never = |at: Option<i64>| at.map_or_else(|| "never".into(), |at| text::date(at, now));
    let old = key.old_secret_until.map(|at| format!("works until {}", text::date(at, now)));
    Page::default().table(Table::fields([
        ("name", key.name.clone()),
        ("id", key.id.clone()),
        ("tenant", key.tenant.clone()),
        ("state", state_word(key.state).into()),
        ("scopes", text::list_or(&key.scopes, "none")),
        ("tools", text::list_or(&key.tools, "all its scopes allow")),
        ("denied tools", text::list_or(&key.deny_tools, "none")),
        ("networks", text::list_or(&key.cidrs, "any the allowlist lets in")),
        ("rate", key.rate.clone().unwrap_or_else(|| "as configured".into())),
        ("rate now", rate_now(key, "not used since the daemon started")),
        ("connections", key.connections.map_or_else(|| "as configured".into(), |limit| limit.to_string())),
        ("requests", format!("{} since the daemon started", key.requests)),
        ("created", text::date(key.created_at, now)),
        ("expires", date_or_never(key.expires_at)),
        ("last used", date_or_never(key.last_used_at)),
        ("secret", if key.imported { "brought along from another deployment" } else { "issued here" }.into()),
        ("old secret", old.unwrap_or_else(|| "none".into())),
    ]))
}

pub(super) fn revoked(revoked: &KeyRevoked) -> Page {
    let closed = text::count(revoked.sessions_closed as u64, "session");
    Page::of(format!("revoked key {} ({}); {closed} closed", revoked.key.name, revoked.key.id))
}

/// Returns the tools of a key in few words; `keys show` names them all.
fn tools_word(key: &KeyInfo) -> String {
    let few = |words: &[String]| match words {
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} +{}", rest.len()),
        [] => String::new(),
    };
    match (key.tools.is_empty(), key.deny_tools.is_empty()) {
        (true, true) => "all".into(),
        (false, true) => few(&key.tools),
        (true, false) => format!("not {}", few(&key.deny_tools)),
        (false, false) => format!("{}, not {}", few(&key.tools), few(&key.deny_tools)),
    }
}

/// Returns how much of its rate a key uses right now: `37/100`.
fn rate_now(key: &KeyInfo, unused: &str) -> String {
    key.rate_now.map_or_else(|| unused.into(), |rate| format!("{}/{}", rate.used, rate.burst))
}

fn state_word(state: KeyState) -> &'static str {
    match state {
        KeyState::Active => "active",
        KeyState::Expired => "expired",
        KeyState::Revoked => "revoked",
    }
}

fn state_tone(state: KeyState) -> Tone {
    match state {
        KeyState::Active => Tone::Good,
        KeyState::Expired => Tone::Warning,
        KeyState::Revoked => Tone::Bad,
    }
}
