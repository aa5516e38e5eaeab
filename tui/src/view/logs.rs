//! The logs pane: the log of the daemon, as it is written.

use mcpd_ipc::feed::Severity;
use ratatui::layout::Rect;

use super::{
    canvas::Canvas,
    requests::{asides, trouble},
    table::{self, Words},
};
use crate::{
    app::{App, rows::logs::level},
    msg::FeedName,
    theme::Tone,
};

/// Draws the pane.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    let mut words = Words::new("line", "no line of the log is known");
    let shows_all = app.level == Severity::Trace;
    let levels = if shows_all { "every level".into() } else { format!("{} and worse", level(app.level)) };
    if !shows_all && app.logs.table.len() > 0 {
        words.empty = "no line is that severe; l shows the next level too";
    }
    words.aside = vec![(levels, Tone::Quiet)];
    words.aside.extend(asides(&app.logs, app.is_here()));
    words.trouble = trouble(app, FeedName::Logs);
    table::draw(canvas, body, &app.logs.table, app.now, &words);
}
