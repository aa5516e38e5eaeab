//! The tools pane.

use ratatui::layout::Rect;

use super::{
    canvas::Canvas,
    table::{self, Words},
};
use crate::{app::App, effect::Listed};

/// Draws the pane.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    let words = Words::of_list(app, Listed::Tools, "tool", "this daemon offers no tools");
    table::draw(canvas, body, &app.tools, app.now, &words);
}
