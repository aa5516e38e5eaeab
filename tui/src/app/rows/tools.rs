//! Tools as a table.

use std::borrow::Cow;

use mcpd_ipc::{text::millis, tools::ToolSummary};

use super::grouped;
use crate::{
    app::{
        column::{Column, Order, REST},
        table::Row,
    },
    theme::Tone,
};

/// A column of this table.
type Of = Column<ToolSummary>;

const COLUMNS: [Of; 8] = [
    Of::new("NAME", (22, 28), |tool, _| (&*tool.name).into(), |tool| Order::Text(&tool.name)),
    Of::new("FAMILY", (8, 10), |tool, _| (&*tool.family).into(), |tool| Order::Text(&tool.family)).rank(1),
    Of::new("ACCESS", (6, 6), |tool, _| access(tool).into(), |tool| Order::Text(access(tool))).rank(2),
    Of::new("STATE", (8, 8), |tool, _| state(tool).into(), |tool| Order::Text(state(tool)))
        .tone(|tool| if tool.enabled && !tool.left_out { Tone::Good } else { Tone::Odd }),
    Of::new("CALLS", (7, 9), |tool, _| grouped(tool.calls).into(), |tool| Order::count(tool.calls)).figure(),
    Of::new("ERRORS", (6, 7), |tool, _| grouped(tool.errors).into(), |tool| Order::count(tool.errors))
        .figure()
        .tone(|tool| if tool.errors > 0 { Tone::Odd } else { Tone::Plain }),
    Of::new("P95", (7, 7), |tool, _| p95(tool), |tool| tool.p95_ms.map_or(Order::Nothing, Order::Number))
        .figure(),
    Of::new("TITLE", (16, REST), |tool, _| (&*tool.title).into(), |tool| Order::Text(&tool.title)).rank(3),
];

/// Returns whether a tool only reads, in a word.
pub(crate) fn access(tool: &ToolSummary) -> &'static str {
    if tool.read_only { "read" } else { "write" }
}

/// Returns whether clients have a tool, in two words at most.
pub(crate) fn state(tool: &ToolSummary) -> &'static str {
    if tool.enabled && tool.left_out { "left out" } else { switched(tool.enabled) }
}

/// Returns how an operator switched a tool, in a word.
pub(crate) fn switched(enabled: bool) -> &'static str {
    if enabled { "enabled" } else { "disabled" }
}

/// Returns the 95th percentile of a tool's duration.
pub(crate) fn p95(tool: &ToolSummary) -> Cow<'_, str> {
    tool.p95_ms.map_or(Cow::Borrowed("-"), |ms| millis(ms).into())
}

impl Row for ToolSummary {
    type Id = String;

    fn id(&self) -> String {
        self.name.clone()
    }

    fn columns() -> &'static [Column<Self>] {
        &COLUMNS
    }
}
