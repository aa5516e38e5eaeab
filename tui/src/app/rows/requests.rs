//! Requests as they were answered, as a table.

use std::borrow::Cow;

use mcpd_ipc::{feed::RequestLine, text::millis};

use crate::{
    app::{
        column::{Column, Order, REST},
        table::Row,
        tail::Numbered,
        time::clock,
    },
    theme::Tone,
};

/// One request and its number in the tail.
pub(crate) type RequestRow = Numbered<RequestLine>;

/// A column of this table.
type Of = Column<RequestRow>;

const COLUMNS: [Of; 7] = [
    Of::new("TIME UTC", (8, 8), |row, _| clock(row.line.at).into(), |row| Order::Number(row.line.at as f64)),
    Of::new("KEY", (12, 18), |row, _| key(row), |row| Order::text(row.line.key.as_deref()))
        .tone(|row| if row.line.key.is_some() { Tone::Plain } else { Tone::Quiet }),
    Of::new("PEER", (15, 22), |row, _| (&*row.line.peer).into(), |row| Order::Text(&row.line.peer)).rank(1),
    Of::new("TOOL OR METHOD", (16, REST), |row, _| what(row).into(), |row| Order::Text(what(row))),
    Of::new("OUTCOME", (10, 10), |row, _| word(row).into(), |row| Order::Text(&row.line.outcome))
        .tone(|row| tone(&row.line.outcome)),
    Of::new(
        "HTTP",
        (4, 4),
        |row, _| row.line.status.map_or("-".into(), |status| status.to_string().into()),
        |row| row.line.status.map_or(Order::Nothing, |status| Order::count(status.into())),
    )
    .figure()
    .rank(2),
    Of::new(
        "TOOK",
        (7, 7),
        |row, _| millis(row.line.duration_ms).into(),
        |row| Order::Number(row.line.duration_ms),
    )
    .figure(),
];

fn key(row: &RequestRow) -> Cow<'_, str> {
    row.line.key.as_deref().unwrap_or("no key").into()
}

fn what(row: &RequestRow) -> &str {
    row.line.tool.as_deref().unwrap_or(&row.line.method)
}

fn word(row: &RequestRow) -> String {
    row.line.outcome.replace('_', " ")
}

/// Returns how a request ended: `ok, HTTP 200`, `refused, HTTP 429`, `gone`.
pub(crate) fn outcome(row: &RequestRow) -> String {
    row.line.status.map_or_else(|| word(row), |status| format!("{}, HTTP {status}", word(row)))
}

fn tone(outcome: &str) -> Tone {
    match outcome {
        "ok" => Tone::Good,
        "tool_error" | "refused" => Tone::Odd,
        "gone" => Tone::Quiet,
        _ => Tone::Bad,
    }
}

impl Row for RequestRow {
    type Id = u64;
    const FOLLOWS: bool = true;

    fn id(&self) -> u64 {
        self.number
    }

    fn columns() -> &'static [Column<Self>] {
        &COLUMNS
    }
}
