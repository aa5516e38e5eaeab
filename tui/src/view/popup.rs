//! What stands before a pane to be read or answered: details, questions, a new secret.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use crate::{
    app::{App, Question, Secret, detail::Detail},
    keymap::Context,
    layout::{self, LABEL, wrap, wrap_within},
    theme::Tone,
};

/// Draws details.
pub(super) fn detail(canvas: &mut Canvas<'_>, size: (u16, u16), detail: &Detail) {
    let shown = layout::detail(detail, size);
    let inner = canvas.frame(shown.area, &detail.title);
    let scroll = detail.scroll.min(shown.lines.len().saturating_sub(shown.height));
    for (row, line) in shown.lines.iter().skip(scroll).take(shown.height).enumerate() {
        let y = inner.y + row as u16;
        if line.label.is_empty() {
            canvas.put((inner.x, y), inner.width, &line.text, Tone::Plain);
            continue;
        }
        let label = LABEL as u16 + 2;
        // A name too long for its column has a line of its own.
        let width = if line.text.is_empty() { inner.width } else { label };
        canvas.put((inner.x, y), width, &line.label, Tone::Quiet);
        canvas.put((inner.x + label, y), inner.width.saturating_sub(label), &line.text, Tone::Plain);
    }
    let last = shown.area.bottom() - 1;
    let keys = Rect { x: inner.x + 1, y: last, width: inner.width / 2, height: 1 };
    super::hints(canvas, keys, &[Context::Detail]);
    let below = shown.lines.len() - scroll - shown.height.min(shown.lines.len() - scroll);
    if below > 0 {
        let words = format!(" {below} more lines: ↓ ");
        canvas.right((inner.x, last), inner.width, &words, Tone::Quiet);
    }
}

/// Draws a question.
pub(super) fn question(canvas: &mut Canvas<'_>, size: (u16, u16), question: &Question) {
    let width = usize::from(layout::popup(size, 0).width.saturating_sub(4));
    let consequence = wrap(question.consequence, width);
    // Beside the words: the consequence, two empty lines, the keys, the frame, and a line of the screen above and below.
    let room = usize::from(size.1).saturating_sub(consequence.len() + 7);
    let words = wrap_within(&question.words, width, room);
    let inner = canvas.frame(layout::popup(size, words.len() + consequence.len() + 3), "Are you sure?");
    let mut y = inner.y;
    for (lines, tone) in [(words, Tone::Strong), (consequence, Tone::Plain)] {
        for line in lines {
            canvas.put((inner.x, y), inner.width, &line, tone);
            y += 1;
        }
        y += 1;
    }
    super::hints(canvas, Rect { y, height: 1, ..inner }, &[Context::Question]);
}

/// Draws a new secret, whole: it is the only time anybody sees it.
pub(super) fn secret(canvas: &mut Canvas<'_>, app: &App, secret: &Secret) {
    let (size, waiting) = (app.size, app.secrets.len());
    let width = usize::from(layout::popup(size, 0).width.saturating_sub(4));
    let shown = wrap(secret.secret.reveal(), width);
    let before = secret.before.as_deref().map(|words| wrap(words, width)).unwrap_or_default();
    let lines = shown.len() + before.len() + 6 + usize::from(waiting > 1);
    let title = format!("Secret of key {} ({})", secret.name, secret.id);
    let inner = canvas.frame(layout::popup(size, lines), &title);
    let mut y = inner.y + 1;
    let mut say = |canvas: &mut Canvas<'_>, words: &str, tone| {
        canvas.put((inner.x, y), inner.width, words, tone);
        y += 1;
    };
    for line in &shown {
        say(canvas, line, Tone::Strong);
    }
    say(canvas, "", Tone::Plain);
    say(canvas, "Copy it now: it is stored hashed and cannot be shown again.", Tone::Odd);
    say(canvas, "The mouse is the terminal's while this is open, so it can be selected.", Tone::Plain);
    for line in &before {
        say(canvas, line, Tone::Plain);
    }
    if waiting > 1 {
        say(canvas, "Another one comes after it.", Tone::Plain);
    }
    say(canvas, "", Tone::Plain);
    if secret.may_close(app.now) {
        super::hints(canvas, Rect { y, height: 1, ..inner }, &[Context::Secret]);
    } else {
        canvas.put(
            (inner.x, y),
            inner.width,
            "No key does anything for a second, so that none closes it unseen.",
            Tone::Quiet,
        );
    }
}
