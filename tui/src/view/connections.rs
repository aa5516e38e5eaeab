//! The connections pane, and the sessions behind it.

use ratatui::layout::Rect;

use super::{
    canvas::Canvas,
    table::{self, Words},
};
use crate::{app::App, effect::Listed, theme::Tone};

/// Draws the pane.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    if app.shows_sessions {
        let mut words = Words::of_list(app, Listed::Sessions, "session", "no client has a session");
        words.aside.push(("s shows connections".into(), Tone::Quiet));
        table::draw(canvas, body, &app.sessions, app.now, &words);
        return;
    }
    let empty = "nobody is connected; to connect Claude Code: mcpctl connect claude-code";
    let mut words = Words::of_list(app, Listed::Connections, "connection", empty);
    words.aside.push(("s shows sessions".into(), Tone::Quiet));
    table::draw(canvas, body, &app.connections, app.now, &words);
}
