//! The allowlist pane.

use mcpd_ipc::allow::AllowState;
use ratatui::layout::Rect;

use super::{
    canvas::Canvas,
    table::{self, Words},
};
use crate::{
    app::{App, rows::allow},
    effect::Listed,
    theme::Tone,
};

/// Draws the pane.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    let empty = "press a to let a network in";
    let mut words = Words::of_list(app, Listed::Allow, "entry", empty);
    if let Some(state) = app.allow_state {
        let tone = match state {
            AllowState::LoopbackOnly | AllowState::Listed => Tone::Plain,
            AllowState::Nobody => Tone::Odd,
        };
        words.aside.push((allow::state(state).into(), tone));
    }
    table::draw(canvas, body, &app.allow, app.now, &words);
}
