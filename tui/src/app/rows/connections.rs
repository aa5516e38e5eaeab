//! Open connections as a table.

use std::borrow::Cow;

use mcpd_ipc::connections::ConnectionInfo;

use super::{age, bytes, grouped};
use crate::app::{
    column::{Column, Order, REST},
    table::Row,
};

/// A column of this table.
type Of = Column<ConnectionInfo>;

const COLUMNS: [Of; 9] = [
    Of::new("ID", (4, 5), |row, _| row.id.to_string().into(), |row| Order::count(row.id)).figure(),
    Of::new("TRANSPORT", (9, 9), |row, _| (&*row.transport).into(), |row| Order::Text(&row.transport)),
    Of::new("PEER", (15, 21), |row, _| (&*row.peer).into(), |row| Order::Text(&row.peer)),
    Of::new("KEY", (10, 16), |row, _| or_dash(row.key.as_deref()), |row| Order::text(row.key.as_deref())),
    Of::new(
        "CLIENT",
        (10, REST),
        |row, _| or_dash(row.client.as_deref()),
        |row| Order::text(row.client.as_deref()),
    )
    .rank(3),
    Of::new("AGE", (4, 5), |row, now| age(row.since, now).into(), |row| Order::Number(-(row.since as f64)))
        .figure(),
    Of::new("REQUESTS", (8, 9), |row, _| grouped(row.requests).into(), |row| Order::count(row.requests))
        .figure(),
    Of::new("IN", (7, 7), |row, _| bytes(row.bytes_in).into(), |row| Order::count(row.bytes_in))
        .figure()
        .rank(2),
    Of::new("OUT", (7, 7), |row, _| bytes(row.bytes_out).into(), |row| Order::count(row.bytes_out))
        .figure()
        .rank(1),
];

fn or_dash(text: Option<&str>) -> Cow<'_, str> {
    text.unwrap_or("-").into()
}

impl Row for ConnectionInfo {
    type Id = u64;

    fn id(&self) -> u64 {
        self.id
    }

    fn columns() -> &'static [Column<Self>] {
        &COLUMNS
    }
}
