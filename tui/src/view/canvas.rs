//! What panes draw on. Every text goes through `put`, which shows what a terminal would obey and cuts by width: no pane
//! can forget it, because no pane has another way.

use std::borrow::Cow;

use mcpd_ipc::text::escape;
use ratatui::{
    buffer::{Buffer, CellWidth},
    layout::Rect,
    style::{Modifier, Style},
    text::Span,
    widgets::{Clear, Widget},
};

use crate::theme::{Theme, Tone};

/// The screen, as panes see it.
pub(super) struct Canvas<'a> {
    buffer: &'a mut Buffer,
    theme: Theme,
    /// Whether what is drawn is old because the daemon is away.
    pub(super) is_old: bool,
}

impl<'a> Canvas<'a> {
    /// Makes a canvas of a screen.
    pub(super) fn new(buffer: &'a mut Buffer, theme: Theme) -> Self {
        Self { buffer, theme, is_old: false }
    }

    /// Returns the styles.
    pub(super) fn theme(&self) -> Theme {
        self.theme
    }

    /// Returns the style of a tone.
    pub(super) fn style(&self, tone: Tone) -> Style {
        let style = self.theme.style(tone);
        if self.is_old { self.theme.old(style) } else { style }
    }

    /// Writes a text into at most `width` cells and returns how many it took.
    pub(super) fn put(&mut self, (x, y): (u16, u16), width: u16, text: &str, tone: Tone) -> u16 {
        let style = self.style(tone);
        self.styled((x, y), width, text, style)
    }

    /// Writes a text in a style of the caller's.
    pub(super) fn styled(&mut self, (x, y): (u16, u16), width: u16, text: &str, style: Style) -> u16 {
        if !self.buffer.area.contains((x, y).into()) {
            return 0;
        }
        let escaped = escape(text);
        let cut = cut(&escaped, width);
        let (end, _) = self.buffer.set_stringn(x, y, &cut, width.into(), style);
        end - x
    }

    /// Writes a text at the right end of `width` cells.
    pub(super) fn right(&mut self, (x, y): (u16, u16), width: u16, text: &str, tone: Tone) {
        let used = cells(&escape(text)).min(width);
        self.put((x + width - used, y), used, text, tone);
    }

    /// Writes several texts one after another into an area of one line; returns where they end.
    pub(super) fn runs<T: AsRef<str>>(&mut self, area: Rect, runs: &[(T, Tone)]) -> u16 {
        let mut x = area.x;
        for (text, tone) in runs {
            x += self.put((x, area.y), area.right().saturating_sub(x), text.as_ref(), *tone);
        }
        x
    }

    /// Gives an area a style.
    pub(super) fn fill(&mut self, area: Rect, style: Style) {
        self.buffer.set_style(area, style);
    }

    /// Turns one cell around, as a cursor.
    pub(super) fn cursor(&mut self, x: u16, y: u16) {
        self.fill(Rect { x, y, width: 1, height: 1 }, Style::new().add_modifier(Modifier::REVERSED));
    }

    /// Draws a widget that shows no text.
    pub(super) fn picture(&mut self, area: Rect, widget: impl Widget) {
        widget.render(area.intersection(self.buffer.area), self.buffer);
    }

    /// Empties an area, draws a frame around it, and returns what is inside.
    pub(super) fn frame(&mut self, area: Rect, title: &str) -> Rect {
        let area = area.intersection(self.buffer.area);
        Clear.render(area, self.buffer);
        for y in area.top()..area.bottom() {
            // A wide character that reached into the area has lost its other half.
            if let Some(cell) = self.buffer.cell_mut((area.x.wrapping_sub(1), y))
                && cells(cell.symbol()) > 1
            {
                cell.set_symbol(" ");
            }
        }
        if area.width < 4 || area.height < 2 {
            return area;
        }
        let inner = Rect { x: area.x + 2, y: area.y + 1, width: area.width - 4, height: area.height - 2 };
        let line = "─".repeat(usize::from(area.width - 2));
        let last = area.bottom() - 1;
        self.put((area.x, area.y), area.width, &format!("┌{line}┐"), Tone::Plain);
        self.put((area.x, last), area.width, &format!("└{line}┘"), Tone::Plain);
        for y in area.y + 1..last {
            self.put((area.x, y), 1, "│", Tone::Plain);
            self.put((area.right() - 1, y), 1, "│", Tone::Plain);
        }
        let cut = cut(&escape(title), inner.width.saturating_sub(2)).into_owned();
        self.put((inner.x, area.y), inner.width, &format!(" {cut} "), Tone::Strong);
        inner
    }
}

/// Returns the width of a text in cells.
pub(super) fn cells(text: &str) -> u16 {
    if text.is_empty() { 0 } else { text.cell_width() }
}

/// Returns a text cut to `width` cells, with a sign where something is missing.
fn cut(text: &str, width: u16) -> Cow<'_, str> {
    if cells(text) <= width {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    let mut used = 0;
    for grapheme in Span::raw(text).styled_graphemes(Style::new()) {
        used += cells(grapheme.symbol);
        if used + 1 > width {
            break;
        }
        shown.push_str(grapheme.symbol);
    }
    if width > 0 {
        shown.push('…');
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_by_width_and_says_so() {
        assert_eq!(cut("会话会话", 8), "会话会话");
        assert_eq!(cut("会话会话", 7), "会话会…");
        assert_eq!(cut("会话会话", 6), "会话…");
        assert_eq!(cut("abc", 0), "");
        assert_eq!(cut("abcdef", 3), "ab…");
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let area = Rect::new(0, 0, 40, 1);
        let mut buffer = Buffer::empty(area);
        let mut canvas = Canvas::new(&mut buffer, Theme::Monochrome);
        let used = canvas.put((0, 0), 40, "a\u{1b}[31m\u{202e}\n", Tone::Plain);
        assert_eq!(used, 24);
        let shown: String = buffer.content().iter().map(|cell| cell.symbol()).collect();
        assert_eq!(shown.trim_end(), "a\\u{1b}[31m\\u{202e}\\u{a}");
    }
}
