//! API keys as a table.

use std::borrow::Cow;

use mcpd_ipc::{
    keys::{KeyInfo, KeyState, RateNow},
    text::{list_or, relative_or},
};

use super::grouped;
use crate::{
    app::{
        column::{Column, Order, REST},
        table::Row,
    },
    theme::Tone,
};

const EXPIRES: usize = 7;

/// A column of this table.
type Of = Column<KeyInfo>;

const COLUMNS: [Of; 9] = [
    Of::new("NAME", (14, REST), |key, _| (&*key.name).into(), |key| Order::Text(&key.name)),
    Of::new("ID", (12, 12), |key, _| (&*key.id).into(), |key| Order::Text(&key.id)).rank(3),
    Of::new("STATE", (7, 7), |key, _| state(key.state).into(), |key| Order::Text(state(key.state)))
        .tone(|key| tone(key.state)),
    Of::new(
        "SCOPES",
        (11, 14),
        |key, _| list_or(&key.scopes, "none").into(),
        |key| Order::text(key.scopes.first().map(String::as_str)),
    )
    .rank(2),
    Of::new(
        "LAST USED",
        (9, 9),
        |key, now| relative_or(key.last_used_at, now, "never").into(),
        |key| Order::time(key.last_used_at),
    )
    .figure(),
    Of::new("RATE", (8, 8), |key, _| rate(key), |key| used(key.rate_now)).figure().tone(rate_tone).rank(1),
    Of::new("REQUESTS", (8, 9), |key, _| grouped(key.requests).into(), |key| Order::count(key.requests))
        .figure(),
    Of::new("EXPIRES", (8, 8), |key, now| relative_or(key.expires_at, now, "never").into(), expiry).figure(),
    Of::new("TENANT", (8, 10), |key, _| (&*key.tenant).into(), |key| Order::Text(&key.tenant)).rank(4),
];

/// Orders what needs care soonest first, then what never expires; keys that open nothing any more need none.
fn expiry(key: &KeyInfo) -> Order<'_> {
    match key.state {
        KeyState::Active => Order::Number(key.expires_at.map_or(f64::INFINITY, |at| at as f64)),
        KeyState::Expired | KeyState::Revoked => Order::Nothing,
    }
}

/// Returns the word for where a key stands in its life.
pub(crate) fn state(state: KeyState) -> &'static str {
    match state {
        KeyState::Active => "active",
        KeyState::Expired => "expired",
        KeyState::Revoked => "revoked",
    }
}

fn tone(state: KeyState) -> Tone {
    match state {
        KeyState::Active => Tone::Good,
        KeyState::Expired => Tone::Odd,
        KeyState::Revoked => Tone::Quiet,
    }
}

/// Returns how much of its rate a key has used up: `37/100`.
pub(crate) fn rate(key: &KeyInfo) -> Cow<'_, str> {
    key.rate_now.map_or(Cow::Borrowed("-"), |now| format!("{}/{}", now.used, now.burst).into())
}

fn used(rate: Option<RateNow>) -> Order<'static> {
    rate.map_or(Order::Nothing, |now| Order::Number(f64::from(now.used) / f64::from(now.burst.max(1))))
}

fn rate_tone(key: &KeyInfo) -> Tone {
    match key.rate_now {
        Some(now) if now.used >= now.burst => Tone::Bad,
        Some(now) if now.used.saturating_mul(10) >= now.burst.saturating_mul(8) => Tone::Odd,
        Some(_) => Tone::Plain,
        None => Tone::Quiet,
    }
}

impl Row for KeyInfo {
    type Id = String;
    const SORT: Option<(usize, bool)> = Some((EXPIRES, false));

    fn id(&self) -> String {
        self.id.clone()
    }

    fn columns() -> &'static [Column<Self>] {
        &COLUMNS
    }
}
