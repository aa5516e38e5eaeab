//! Forms and lines of input.

use ratatui::layout::Rect;
use tui_input::Input;

use super::canvas::{Canvas, cells};
use crate::{
    app::form::{Form, Said},
    keymap::Context,
    layout::{self, wrap_within},
    theme::Tone,
};

/// Cells of the names of fields.
const LABEL: u16 = 14;

/// Draws a form before everything else.
pub(super) fn draw(canvas: &mut Canvas<'_>, size: (u16, u16), form: &Form) {
    let width = usize::from(layout::popup(size, 0).width.saturating_sub(4));
    let (said, tone) = match &form.said {
        Said::Nothing => (String::new(), Tone::Plain),
        Said::Sending(_) => ("waiting for the daemon…".into(), Tone::Quiet),
        Said::Wrong(words) => (words.clone(), Tone::Bad),
        Said::Answer(words) => (words.clone(), Tone::Strong),
    };
    // Each field, an empty line, the help of the one typed into, what is said, an empty line, the keys.
    let others = form.fields.len() + 4;
    // What is said takes what these, the frame, and a line of the screen above and below leave: it may quote whatever
    // was pasted.
    let said = wrap_within(&said, width, usize::from(size.1).saturating_sub(others + 4));
    let area = layout::popup(size, others + said.len());
    let inner = canvas.frame(area, &form.title);
    for (index, field) in form.fields.iter().enumerate() {
        let y = inner.y + index as u16;
        let has_focus = index == form.focus && !form.is_sending();
        canvas.put((inner.x, y), LABEL, field.label, if has_focus { Tone::Strong } else { Tone::Plain });
        let line_area = Rect { x: inner.x + LABEL, y, width: inner.width.saturating_sub(LABEL), height: 1 };
        if field.input.value().is_empty() && !has_focus {
            canvas.put((line_area.x, y), line_area.width, "·", Tone::Quiet);
        } else {
            line(canvas, line_area, &field.input, has_focus);
        }
    }
    let mut y = inner.y + form.fields.len() as u16 + 1;
    if let Some(field) = form.fields.get(form.focus) {
        canvas.put((inner.x, y), inner.width, &format!("{}: {}", field.label, field.help), Tone::Quiet);
    }
    for line in &said {
        y += 1;
        canvas.put((inner.x, y), inner.width, line, tone);
    }
    super::hints(canvas, Rect { y: y + 2, height: 1, ..inner }, &[Context::Form]);
}

/// Draws a line of input so that its cursor is seen.
pub(super) fn line(canvas: &mut Canvas<'_>, area: Rect, input: &Input, has_cursor: bool) {
    // Escapes are longer than what they stand for, so the cursor stands behind the escaped text before it.
    let before: String = input.value().chars().take(input.cursor()).collect();
    let before = mcpd_ipc::text::escape(&before);
    let (mut start, mut used) = (0, cells(&before));
    for (index, char) in before.char_indices() {
        if used < area.width.max(1) {
            break;
        }
        used -= cells(char.encode_utf8(&mut [0; 4]));
        start = index + char.len_utf8();
    }
    let shown = mcpd_ipc::text::escape(input.value());
    let tail = shown.get(start..).unwrap_or_default();
    canvas.put((area.x, area.y), area.width, tail, Tone::Plain);
    if has_cursor {
        canvas.cursor((area.x + used).min(area.right().saturating_sub(1)), area.y);
    }
}
