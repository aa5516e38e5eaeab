//! Where things stand: functions of state and size alone, used by drawing, by the mouse and by scrolling, so that these
//! cannot disagree.

use mcpd_ipc::text::escape;
use ratatui::{buffer::CellWidth, layout::Rect, style::Style, text::Span};

use crate::{
    app::{
        App, Link, Pane,
        detail::{Detail, Part},
    },
    keymap::{Action, Binding, Context, KEYMAP, heading, press_for},
    msg::Trouble,
};

/// The smallest terminal in which everything has its place.
pub(crate) const SMALLEST: (u16, u16) = (80, 24);
/// Cells of the names beside values in details.
pub(crate) const LABEL: usize = 14;
/// Most cells a popup takes.
const WIDEST: u16 = 100;

/// The parts of the screen, from top to bottom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Regions {
    /// What the daemon is.
    pub(crate) header: Rect,
    /// The tabs.
    pub(crate) tabs: Rect,
    /// That the daemon is away; empty while it is here.
    pub(crate) banner: Rect,
    /// The pane.
    pub(crate) body: Rect,
    /// Hints, a notice, or the filter that is typed.
    pub(crate) footer: Rect,
}

/// Returns whether the terminal is too small to show anything.
pub(crate) fn is_too_small((width, height): (u16, u16)) -> bool {
    width < SMALLEST.0 || height < SMALLEST.1
}

/// Returns whether a screen of a size shows the state, and not only that it cannot.
pub(crate) fn fits(app: &App, size: (u16, u16)) -> bool {
    !is_too_small(size) && size == app.size
}

/// Returns what a screen that is too small says instead: its size, and what can be done.
pub(crate) fn too_small_lines(app: &App, (width, height): (u16, u16)) -> Vec<String> {
    let quit = press_for(&app.contexts(), Action::Quit).map(|press| format!("{} quits", press.label()));
    // Nothing leaves a secret that nobody saw.
    let way_out = quit.unwrap_or_else(|| "make it larger: a secret waits".into());
    let (least_width, least_height) = SMALLEST;
    let words = format!("too small: {width}x{height}; {least_width}x{least_height} is needed; {way_out}");
    wrap(&words, width.into())
}

/// Returns the parts of the screen.
pub(crate) fn regions(app: &App) -> Regions {
    let (width, height) = app.size;
    let banner = banner_lines(app).len() as u16;
    let footer = notice_lines(app).len().max(1) as u16;
    let line = |y, height| Rect { x: 0, y, width, height };
    let body = height.saturating_sub(2 + banner + footer);
    Regions {
        header: line(0, 1.min(height)),
        tabs: line(1, 1),
        banner: line(2, banner),
        body: line(2 + banner, body),
        footer: line(2 + banner + body, footer),
    }
}

/// The parts of a pane that is a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TableArea {
    /// What is shown of how much.
    pub(crate) title: Rect,
    /// The headings of the columns.
    pub(crate) headings: Rect,
    /// The rows.
    pub(crate) rows: Rect,
}

/// Returns the parts of a table.
pub(crate) fn table(body: Rect) -> TableArea {
    let inner = Rect { x: body.x + 1, width: body.width.saturating_sub(2), ..body };
    let line = |y: u16, height| Rect { y: body.y + y, height, ..inner };
    TableArea { title: line(0, 1), headings: line(1, 1), rows: line(2, body.height.saturating_sub(2)) }
}

/// Returns where each tab stands.
pub(crate) fn tabs(area: Rect) -> [(Pane, Rect); 8] {
    let gap = if area.width >= 100 { 3 } else { 1 };
    let mut x = area.x + 1;
    Pane::ALL.map(|pane| {
        let width = pane.title().len() as u16 + 2;
        let tab = Rect { x, width, ..area };
        x += width + gap;
        (pane, tab)
    })
}

/// Returns the lines of what came of the last action, three at most.
pub(crate) fn notice_lines(app: &App) -> Vec<String> {
    let Some(notice) = app.notice.as_ref().filter(|_| app.typing.is_none()) else { return vec![] };
    wrap_within(&notice.words, app.size.0.saturating_sub(2).into(), 3)
}

/// Returns the lines of the banner: none while the daemon is here.
pub(crate) fn banner_lines(app: &App) -> Vec<String> {
    let Link::Away { why, until } = &app.link else { return vec![] };
    let seconds = (until - app.now).max(0).div_euclid(1000) + i64::from((until - app.now).max(0) % 1000 > 0);
    let next = match seconds {
        0 => "trying now".into(),
        seconds => format!("next try in {seconds}s, Enter tries now"),
    };
    let what = match why.kind {
        Trouble::Gone | Trouble::Broken => "The daemon is away",
        Trouble::NotPermitted => "You are not let in",
        Trouble::Refused => "The daemon refuses this dashboard",
    };
    let width = usize::from(app.size.0.saturating_sub(2));
    let mut lines = vec![format!("{what}: {next}")];
    lines.extend(wrap_within(&why.words, width, 2));
    let start =
        (!app.was_here && why.kind == Trouble::Gone).then(|| format!("start it: {}", app.fixed.start_hint));
    lines.extend(why.hint.iter().cloned().chain(start).map(|hint| escape(&hint).into_owned()));
    lines
}

/// What a click is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// A tab.
    Tab(Pane),
    /// The heading of a column.
    Heading(usize),
    /// A line of the table, from the top of its window.
    Line(usize),
}

/// Returns what is at a place of the screen.
pub(crate) fn hit(app: &mut App, x: u16, y: u16) -> Option<Target> {
    let regions = regions(app);
    let is_in = |area: Rect| area.contains((x, y).into());
    if let Some((pane, _)) = tabs(regions.tabs).into_iter().find(|(_, tab)| is_in(*tab)) {
        return Some(Target::Tab(pane));
    }
    let area = table(regions.body);
    let grid = app.grid()?;
    if is_in(area.headings) {
        let places = grid.places(area.headings.width);
        let x = x - area.headings.x;
        return places
            .into_iter()
            .find(|place| (place.x..place.x + place.width).contains(&x))
            .map(|place| Target::Heading(place.column));
    }
    is_in(area.rows).then(|| Target::Line(usize::from(y - area.rows.y)))
}

/// Returns the area of a popup of a size in the middle of the screen.
pub(crate) fn popup((width, height): (u16, u16), lines: usize) -> Rect {
    let inner_width = width.saturating_sub(2).min(WIDEST);
    let inner_height =
        u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2).min(height.saturating_sub(2));
    Rect {
        x: (width - inner_width) / 2,
        y: height.saturating_sub(inner_height) / 2,
        width: inner_width,
        height: inner_height,
    }
}

/// One line of the details: a name, or none, and a text, both escaped and cut to width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DetailLine {
    /// The name, on the first line of its value.
    pub(crate) label: String,
    /// The text.
    pub(crate) text: String,
}

/// Where the details stand.
pub(crate) struct DetailArea {
    /// The popup.
    pub(crate) area: Rect,
    /// All lines.
    pub(crate) lines: Vec<DetailLine>,
    /// Lines that can be seen at once.
    pub(crate) height: usize,
}

/// Returns the lines of the details and their place.
pub(crate) fn detail(detail: &Detail, size: (u16, u16)) -> DetailArea {
    let width = usize::from(popup(size, 0).width.saturating_sub(4));
    let mut lines = Vec::new();
    for part in &detail.parts {
        match part {
            Part::Gap => lines.push(DetailLine { label: String::new(), text: String::new() }),
            Part::Text(text) => {
                let wrapped = text.lines().flat_map(|line| wrap(line, width));
                lines.extend(wrapped.map(|text| DetailLine { label: String::new(), text }));
            }
            Part::Field(name, value) => {
                let name = escape(name);
                let is_long = usize::from(name.cell_width()) > LABEL;
                if is_long {
                    lines.push(DetailLine { label: name.clone().into_owned(), text: String::new() });
                }
                for (index, text) in wrap(value, width.saturating_sub(LABEL + 2)).into_iter().enumerate() {
                    let label =
                        if index == 0 && !is_long { name.clone().into_owned() } else { String::new() };
                    // A line without a name of its own belongs to the one above: both stand in the second column.
                    let label = if label.is_empty() { " ".into() } else { label };
                    lines.push(DetailLine { label, text });
                }
            }
        }
    }
    let area = popup(size, lines.len());
    DetailArea { area, lines, height: usize::from(area.height.saturating_sub(2)) }
}

/// Breaks a text into lines of at most `width` cells, between words where it can. Dangerous characters are shown
/// escaped, line breaks among them.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let text = escape(text);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let cells = usize::from(word.trim_end().cell_width_or_zero());
        if used > 0 && used + cells > width {
            lines.push(String::new());
            used = 0;
        }
        for grapheme in Span::raw(word).styled_graphemes(Style::new()) {
            let cells = usize::from(grapheme.symbol.cell_width_or_zero());
            if used + cells > width {
                if grapheme.symbol == " " {
                    continue;
                }
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push_str(grapheme.symbol);
            }
            used += cells;
        }
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// Breaks a text into at most `most` lines, with a sign at the end where something is missing.
pub(crate) fn wrap_within(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines = wrap(text, width);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            while usize::from(last.cell_width_or_zero()) >= width.max(1) {
                last.pop();
            }
            last.push('…');
        }
    }
    lines
}

trait Cells {
    fn cell_width_or_zero(&self) -> u16;
}

impl Cells for str {
    /// Returns the width in cells, of an empty text too.
    fn cell_width_or_zero(&self) -> u16 {
        if self.is_empty() { 0 } else { self.cell_width() }
    }
}

/// One line of the help pane.
#[derive(Clone, Copy)]
pub(crate) enum HelpLine {
    /// Where the keys below mean something.
    Heading(&'static str),
    /// A binding.
    Binding(&'static Binding),
    /// An empty line.
    Gap,
}

/// Returns the rows of the help pane, each as one or two columns, depending on its width.
pub(crate) fn help_lines(width: u16) -> Vec<[Option<HelpLine>; 2]> {
    let order = [
        Context::Anywhere,
        Context::Always,
        Context::Table,
        Context::In(Pane::Requests),
        Context::In(Pane::Connections),
        Context::In(Pane::Keys),
        Context::In(Pane::Allowlist),
        Context::In(Pane::Tools),
        Context::In(Pane::Logs),
        Context::Away,
        Context::Filter,
        Context::Form,
        Context::Question,
        Context::Detail,
        Context::Secret,
    ];
    let mut lines = Vec::new();
    for context in order {
        let bindings = KEYMAP.iter().filter(|binding| binding.context == context);
        lines.push(HelpLine::Heading(heading(context)));
        lines.extend(bindings.map(HelpLine::Binding));
        lines.push(HelpLine::Gap);
    }
    if width < 120 {
        return lines.into_iter().map(|line| [Some(line), None]).collect();
    }
    // Cut at the gap nearest to the middle.
    let middle = lines.len().div_ceil(2);
    let gaps = lines.iter().enumerate().filter(|(_, line)| matches!(line, HelpLine::Gap));
    let cut = gaps.map(|(index, _)| index + 1).min_by_key(|index| index.abs_diff(middle)).unwrap_or(middle);
    let right = lines.split_off(cut.min(lines.len()));
    let rows = lines.len().max(right.len());
    (0..rows).map(|row| [lines.get(row).copied(), right.get(row).copied()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_breaks_between_words_and_long_words_anywhere() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("会话会话", 5), ["会话", "会话"]);
        assert_eq!(wrap("a\nb\u{202e}", 80), ["a\\u{a}b\\u{202e}"]);
        assert_eq!(wrap("", 10), [""]);
        assert_eq!(wrap("12345678 9", 8), ["12345678", "9"]);
    }

    #[test]
    fn text_that_needs_more_lines_than_there_are_says_so() {
        assert_eq!(wrap_within("one two three", 8, 2), ["one two", "three"]);
        assert_eq!(wrap_within("one two three", 8, 1), ["one two…"]);
        assert_eq!(wrap_within("abcdefghij", 4, 2), ["abcd", "efg…"]);
        assert_eq!(wrap_within("会话会话会话", 4, 2), ["会话", "会…"]);
        assert_eq!(wrap_within("abc", 1, 0), Vec::<String>::new());
    }

    #[test]
    fn help_holds_every_binding_in_one_column_and_in_two() {
        for width in [80, 200] {
            let lines = help_lines(width);
            let shown = lines.iter().flatten().flatten().filter(|line| matches!(line, HelpLine::Binding(_)));
            assert_eq!(shown.count(), KEYMAP.len());
        }
    }
}
