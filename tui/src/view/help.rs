//! The help pane: the keymap, as it is.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use crate::{
    app::App,
    layout::{HelpLine, help_lines},
    theme::Tone,
};

/// Cells of the keys beside their words.
const KEYS: u16 = 16;

/// Draws the pane.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    // Help is as true as ever while the daemon is away.
    canvas.is_old = false;
    let lines = help_lines(body.width);
    let half = body.width / 2;
    let has_two = lines.iter().any(|line| line[1].is_some());
    let width = if has_two { half } else { body.width }.saturating_sub(2);
    for (row, line) in lines.iter().skip(app.help_offset).take(body.height.into()).enumerate() {
        let y = body.y + row as u16;
        for (column, part) in line.iter().enumerate() {
            let area = Rect { x: body.x + 1 + half * column as u16, y, width, height: 1 };
            if let Some(part) = part {
                draw_line(canvas, area, part);
            }
        }
    }
    let below = lines.len().saturating_sub(app.help_offset + usize::from(body.height));
    if below > 0 {
        let words = format!("{below} more lines: ↓");
        canvas.right((body.x, body.bottom() - 1), body.width - 1, &words, Tone::Quiet);
    }
}

fn draw_line(canvas: &mut Canvas<'_>, area: Rect, line: &HelpLine) {
    match line {
        HelpLine::Gap => {}
        HelpLine::Heading(words) => {
            canvas.put((area.x, area.y), area.width, words, Tone::Strong);
        }
        HelpLine::Binding(binding) => {
            let labels: Vec<_> = binding.keys.iter().map(|press| press.label()).collect();
            canvas.put((area.x + 2, area.y), KEYS - 2, &labels.join(", "), Tone::Key);
            let width = area.width.saturating_sub(KEYS + 2);
            canvas.put((area.x + KEYS + 2, area.y), width, binding.words, Tone::Plain);
        }
    }
}
