//! Tables, all drawn alike: what is shown of how much, headings, rows. Only rows that can be seen are looked at.

use ratatui::layout::Rect;

use super::canvas::Canvas;
use crate::{
    app::{
        App,
        rows::grouped,
        table::{Grid, Row, Table},
    },
    effect::Listed,
    layout::{self, TableArea},
    theme::Tone,
};

/// What stands around a table.
pub(super) struct Words<'a> {
    /// What one row is: `key`.
    pub(super) noun: &'a str,
    /// What is said where there are no rows.
    pub(super) empty: &'a str,
    /// What else is said above it.
    pub(super) aside: Vec<(String, Tone)>,
    /// Why the rows are old or missing.
    pub(super) trouble: Option<String>,
}

impl<'a> Words<'a> {
    /// Makes the words around a table.
    pub(super) fn new(noun: &'a str, empty: &'a str) -> Self {
        Self { noun, empty, aside: Vec::new(), trouble: None }
    }

    /// Makes the words around a list that is fetched.
    pub(super) fn of_list(app: &App, listed: Listed, noun: &'a str, empty: &'a str) -> Self {
        let empty = if app.lists.is_loaded(listed) { empty } else { "nothing is known yet" };
        let trouble = app.lists.trouble(listed).map(|why| why.words.clone());
        Self { trouble, ..Self::new(noun, empty) }
    }
}

/// Draws a table into the body.
pub(super) fn draw<R: Row>(
    canvas: &mut Canvas<'_>,
    body: Rect,
    table: &Table<R>,
    now: i64,
    words: &Words<'_>,
) {
    let area = layout::table(body);
    title(canvas, area.title, table, words);
    headings(canvas, &area, table);
    if table.shown() == 0 {
        let empty = match table.filter() {
            "" => words.empty.to_owned(),
            filter if table.len() > 0 => format!("no {} contains {filter:?}", words.noun),
            _ => words.empty.to_owned(),
        };
        let width = area.rows.width;
        canvas.put((area.rows.x, area.rows.y + 1), width, &empty, Tone::Quiet);
        return;
    }
    rows(canvas, area.rows, table, now);
}

fn title<R: Row>(canvas: &mut Canvas<'_>, area: Rect, table: &Table<R>, words: &Words<'_>) {
    let (shown, all) = (table.shown() as u64, table.len() as u64);
    let mut runs = vec![];
    if shown == all {
        runs.push((counted(all, words.noun), Tone::Strong));
    } else {
        runs.push((format!("{} of {}", grouped(shown), counted(all, words.noun)), Tone::Strong));
    }
    if !table.filter().is_empty() {
        runs.push((format!(" with {:?}", table.filter()), Tone::Odd));
    }
    for (aside, tone) in &words.aside {
        runs.push(("  ".into(), Tone::Plain));
        runs.push((aside.clone(), *tone));
    }
    if let Some(trouble) = &words.trouble {
        runs.push((format!("  not up to date: {trouble}"), Tone::Bad));
    }
    let end = canvas.runs(area, &runs);
    let is_seen = |column| table.places(area.width).iter().any(|place| place.column == column);
    if let Some((column, descending)) = table.sort().filter(|(column, _)| !is_seen(*column)) {
        let order = if descending { ", reversed" } else { "" };
        let order = format!("by {}{order}", R::columns()[column].title.to_lowercase());
        let room = area.right().saturating_sub(end + 2);
        if order.len() <= usize::from(room) {
            canvas.right((end + 2, area.y), room, &order, Tone::Quiet);
        }
    }
}

/// Returns `1 key`, `2,000 requests`, `2 entries`.
fn counted(number: u64, noun: &str) -> String {
    let number_words = grouped(number);
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) if noun == "entry" => format!("{number_words} {stem}ies"),
        (_, _) => format!("{number_words} {noun}s"),
    }
}

fn headings<R: Row>(canvas: &mut Canvas<'_>, area: &TableArea, table: &Table<R>) {
    let y = area.headings.y;
    for place in table.places(area.headings.width) {
        let column = &R::columns()[place.column];
        let x = area.headings.x + place.x;
        if column.is_figure {
            canvas.right((x, y), place.width, column.title, Tone::Strong);
        } else {
            canvas.put((x, y), place.width, column.title, Tone::Strong);
        }
        if let Some((sorted, descending)) = table.sort()
            && sorted == place.column
        {
            let arrow = if descending { "▼" } else { "▲" };
            // In the gap, where no heading reaches.
            let at = if column.is_figure { place.width } else { column.title.len() as u16 };
            canvas.put((x + at.min(place.width), y), 1, arrow, Tone::Key);
        }
    }
}

fn rows<R: Row>(canvas: &mut Canvas<'_>, area: Rect, table: &Table<R>, now: i64) {
    let places = table.places(area.width);
    for (line, (row, is_selected)) in table.window(area.height.into()).enumerate() {
        let y = area.y + line as u16;
        for place in &places {
            let column = &R::columns()[place.column];
            let (text, x) = ((column.text)(row, now), area.x + place.x);
            let tone = if is_selected { Tone::Plain } else { (column.tone)(row) };
            if column.is_figure {
                canvas.right((x, y), place.width, &text, tone);
            } else {
                canvas.put((x, y), place.width, &text, tone);
            }
        }
        if is_selected {
            let style = canvas.theme().selected();
            canvas.fill(Rect { x: area.x - 1, y, width: area.width + 2, height: 1 }, style);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_are_counted_in_words() {
        assert_eq!(counted(1, "key"), "1 key");
        assert_eq!(counted(2_000, "key"), "2,000 keys");
        assert_eq!(counted(0, "entry"), "0 entries");
    }
}
