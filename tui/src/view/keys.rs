//! The keys pane.

use ratatui::layout::Rect;

use super::{
    canvas::Canvas,
    table::{self, Words},
};
use crate::{app::App, effect::Listed};

/// Draws the pane.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    let words = Words::of_list(app, Listed::Keys, "key", "there are no keys; press a to issue one");
    table::draw(canvas, body, &app.keys, app.now, &words);
}
