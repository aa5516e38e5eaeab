//! The allowlist as a table.

use mcpd_ipc::allow::{AllowEntry, AllowSource, AllowState};

use crate::app::{
    column::{Column, Order, REST},
    table::Row,
};

/// A column of this table.
type Of = Column<AllowEntry>;

const COLUMNS: [Of; 2] = [
    Of::new("NETWORK", (20, 43), |row, _| (&*row.cidr).into(), |row| Order::Text(&row.cidr)),
    Of::new("FROM", (18, REST), |row, _| source(row.source).into(), |row| Order::Text(source(row.source))),
];

/// Returns the words for where an entry comes from.
pub(crate) fn source(source: AllowSource) -> &'static str {
    match source {
        AllowSource::File => "configuration file",
        AllowSource::Operator => "mcpctl allow add",
    }
}

/// Returns a sentence that says what the allowlist means.
pub(crate) fn state(state: AllowState) -> &'static str {
    match state {
        AllowState::LoopbackOnly => "there is no allowlist: only this machine may connect",
        AllowState::Nobody => "the allowlist is empty: nobody may connect",
        AllowState::Listed => "only these networks may connect",
    }
}

impl Row for AllowEntry {
    type Id = String;

    fn id(&self) -> String {
        // The file and an operator may name the same network.
        format!("{}/{}", source(self.source), self.cidr)
    }

    fn columns() -> &'static [Column<Self>] {
        &COLUMNS
    }
}
