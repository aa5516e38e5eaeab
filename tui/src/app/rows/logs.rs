//! Lines of the log as a table.

use mcpd_ipc::feed::{LogLine, Severity};

use crate::{
    app::{
        column::{Column, Order, REST},
        table::Row,
        tail::Numbered,
        time::clock,
    },
    theme::Tone,
};

/// One line and its number in the tail.
pub(crate) type LogRow = Numbered<LogLine>;

/// A column of this table.
type Of = Column<LogRow>;

const COLUMNS: [Of; 4] = [
    Of::new(
        "TIME UTC",
        (8, 8),
        |row, _| row.line.at.map_or("-".into(), |at| clock(at).into()),
        |row| Order::time(row.line.at),
    ),
    Of::new(
        "LEVEL",
        (5, 5),
        |row, _| level(row.line.level).into(),
        |row| Order::count(weight(row.line.level).into()),
    )
    .tone(|row| tone(row.line.level)),
    Of::new("TARGET", (13, 16), |row, _| (&*row.line.target).into(), |row| Order::Text(&row.line.target))
        .rank(1)
        .tone(|_| Tone::Quiet),
    Of::new("MESSAGE", (30, REST), |row, _| (&*row.line.text).into(), |row| Order::Text(&row.line.text)),
];

/// Returns the word for how severe a line is.
pub(crate) fn level(level: Severity) -> &'static str {
    match level {
        Severity::Trace => "trace",
        Severity::Debug => "debug",
        Severity::Info => "info",
        Severity::Warn => "warn",
        Severity::Error => "error",
    }
}

/// Returns how much a line matters: severities are in order, least first.
pub(crate) fn weight(level: Severity) -> u8 {
    level as u8
}

/// Returns the next level to filter by: more and more is shown, then errors alone again.
pub(crate) fn next(level: Severity) -> Severity {
    match level {
        Severity::Error => Severity::Warn,
        Severity::Warn => Severity::Info,
        Severity::Info => Severity::Debug,
        Severity::Debug => Severity::Trace,
        Severity::Trace => Severity::Error,
    }
}

fn tone(level: Severity) -> Tone {
    match level {
        Severity::Trace | Severity::Debug => Tone::Quiet,
        Severity::Info => Tone::Plain,
        Severity::Warn => Tone::Odd,
        Severity::Error => Tone::Bad,
    }
}

impl Row for LogRow {
    type Id = u64;
    const FOLLOWS: bool = true;

    fn id(&self) -> u64 {
        self.number
    }

    fn columns() -> &'static [Column<Self>] {
        &COLUMNS
    }

    fn weight(&self) -> u8 {
        weight(self.line.level)
    }
}
