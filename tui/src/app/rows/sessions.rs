//! Legacy sessions as a table.

use mcpd_ipc::{sessions::SessionInfo, text::relative};

use super::age;
use crate::{
    app::{
        column::{Column, Order, REST},
        table::Row,
    },
    theme::Tone,
};

/// How much of an id is shown; the rest is in the detail.
const SHORT: usize = 8;

/// A column of this table.
type Of = Column<SessionInfo>;

const COLUMNS: [Of; 8] = [
    Of::new("ID", (8, 8), |row, _| short(&row.id).into(), |row| Order::Text(&row.id)),
    Of::new("KEY", (12, 14), |row, _| (&*row.key).into(), |row| Order::Text(&row.key)),
    Of::new("CLIENT", (10, REST), |row, _| (&*row.client).into(), |row| Order::Text(&row.client)).rank(1),
    Of::new("REVISION", (10, 10), |row, _| (&*row.revision).into(), |row| Order::Text(&row.revision)).rank(3),
    Of::new("AGE", (4, 5), |row, now| age(row.since, now).into(), |row| Order::Number(-(row.since as f64)))
        .figure(),
    Of::new(
        "LAST USED",
        (9, 9),
        |row, now| relative(row.last_used_at, now).into(),
        |row| Order::Number(row.last_used_at as f64),
    )
    .figure(),
    Of::new("HEARD", (5, 5), |row, _| heard(row.heard).into(), |row| Order::count(row.heard.into()))
        .tone(|row| if row.heard { Tone::Good } else { Tone::Quiet })
        .rank(2),
    Of::new(
        "SUBSCRIBED",
        (10, 10),
        |row, _| row.subscriptions.to_string().into(),
        |row| Order::count(row.subscriptions),
    )
    .figure()
    .rank(4),
];

/// Returns the beginning of an id.
pub(crate) fn short(id: &str) -> &str {
    id.char_indices().nth(SHORT).map_or(id, |(end, _)| &id[..end])
}

fn heard(is_heard: bool) -> &'static str {
    if is_heard { "yes" } else { "no" }
}

impl Row for SessionInfo {
    type Id = String;

    fn id(&self) -> String {
        self.id.clone()
    }

    fn columns() -> &'static [Column<Self>] {
        &COLUMNS
    }
}
