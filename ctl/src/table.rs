//! Tables without borders, as wide as the terminal where there is one; cells are escaped on the way in.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Width, presets};

use crate::{
    paint::{Tone, paint},
    text,
};

/// Tables are never squeezed below this many columns: a terminal that is narrower breaks their lines itself.
const NARROWEST: u16 = 60;

/// Cells up to this length are kept on one line when a column has to become narrower.
const CELL: usize = 12;

/// Words up to this length are kept whole.
const WORD: usize = 24;

/// A column whose cells are cut is never narrower than this.
const CUT: usize = 16;

/// A line below a table may be so long at any terminal.
const LINE: usize = 80;

/// Columns between two columns.
const GAP: usize = 2;

/// A table; it is laid out when it is shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
    figures: Vec<usize>,
    spare: Vec<usize>,
    whole: Vec<usize>,
    cut: Option<usize>,
}

impl Table {
    /// Makes a table with a line of headings.
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { headings: headings.map(str::to_owned).into(), ..Self::default() }
    }

    /// Makes a table of names and values without headings.
    pub(crate) fn fields<const N: usize>(fields: [(&str, String); N]) -> Self {
        fields.into_iter().fold(Self::default(), |table, (name, value)| table.row([name.to_owned(), value]))
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(mut self, cells: [String; N]) -> Self {
        self.rows.push(cells.map(|cell| text::escape(&cell).into_owned()).into());
        self
    }

    /// Colours a cell of the row added last.
    pub(crate) fn toned(mut self, column: usize, tone: Tone) -> Self {
        if let Some(cell) = self.rows.last_mut().and_then(|row| row.get_mut(column)) {
            *cell = tone.mark(cell);
        }
        self
    }

    /// Aligns the numbered columns to the right, as figures stand.
    pub(crate) fn figures(mut self, columns: &[usize]) -> Self {
        self.figures = columns.into();
        self
    }

    /// Names the columns that are left out where a terminal has no room for them, the least important first.
    pub(crate) fn spare(mut self, columns: &[usize]) -> Self {
        self.spare = columns.into();
        self
    }

    /// Names the columns whose cells stay on one line however long they are: what people copy.
    pub(crate) fn whole(mut self, columns: &[usize]) -> Self {
        self.whole = columns.into();
        self
    }

    /// Names the column that takes what room the others leave; its cells carry no colours and are cut to one line.
    pub(crate) fn cut(mut self, column: usize) -> Self {
        self.cut = Some(column);
        self
    }

    /// Returns the table with its marks, every line ended, at most `width` wide if its words allow.
    pub(crate) fn render(&self, width: Option<u16>) -> String {
        let width = width.map(|width| width.max(NARROWEST));
        let shown = self.shown_columns(width);
        let mut table = comfy_table::Table::new();
        table.load_preset(presets::NOTHING);
        if let Some(width) = width {
            table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
        }
        if !self.headings.is_empty() {
            table
                .set_header(shown.iter().filter_map(|at| self.headings.get(*at)).map(|words| heading(words)));
        }
        let room = width.map(|width| self.room(usize::from(width), &shown));
        for row in &self.rows {
            let cells = shown.iter().filter_map(|at| Some((*at, row.get(*at)?)));
            table.add_row(cells.map(|(at, cell)| match room {
                Some(room) if self.cut == Some(at) => shortened(cell, room),
                Some(_) | None => cell.clone(),
            }));
        }
        for (column, at) in table.column_iter_mut().zip(&shown) {
            column.set_padding((0, GAP as u16));
            if self.figures.contains(at) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if width.is_some() {
                // What carries marks is short, so these are not torn apart either.
                let narrowest = u16::try_from(self.narrowest(*at) + GAP).unwrap_or(u16::MAX);
                column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(narrowest)));
            }
        }
        let lines = table.trim_fmt();
        let lines = lines.lines().map(|line| format!("{}\n", line.trim_end()));
        lines.chain(self.left_out(&shown, width)).collect()
    }

    /// Returns the columns there is room for, in their order.
    fn shown_columns(&self, width: Option<u16>) -> Vec<usize> {
        let all = self.rows.iter().map(Vec::len).max().unwrap_or_default().max(self.headings.len());
        let mut shown: Vec<usize> = (0..all).collect();
        let Some(width) = width.map(usize::from) else { return shown };
        for spare in &self.spare {
            let needed: usize = shown.iter().map(|at| self.narrowest(*at) + GAP).sum();
            if needed <= width + GAP {
                break;
            }
            shown.retain(|at| at != spare);
        }
        shown
    }

    /// Says which columns there was no room for; how many where there is no room for that either.
    fn left_out(&self, shown: &[usize], width: Option<u16>) -> Option<String> {
        let names = self.headings.iter().enumerate().filter(|(at, _)| !shown.contains(at));
        let names: Vec<&str> = names.map(|(_, name)| name.as_str()).collect();
        let said = format!("(a wider terminal shows {} too)", names.join(", "));
        let has_room = width.is_none_or(|width| said.len() <= usize::from(width).max(LINE));
        match names.len() {
            0 => None,
            _ if has_room => Some(format!("{said}\n")),
            more => Some(format!("(a wider terminal shows {more} more columns)\n")),
        }
    }

    /// Returns the width a column needs so that its words, and cells that are short, stay whole.
    fn narrowest(&self, column: usize) -> usize {
        if self.cut == Some(column) {
            return CUT;
        }
        if self.whole.contains(&column) {
            return self.widest(column);
        }
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let heading = self.headings.get(column).into_iter().flat_map(|heading| heading.split_whitespace());
        cells.map(|cell| unbroken(cell)).chain(heading.map(columns)).max().unwrap_or_default()
    }

    /// Returns the width in which every cell of a column stands on one line.
    fn widest(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.chain(self.headings.get(column)).map(|cell| columns(cell)).max().unwrap_or_default()
    }

    /// Returns the room for the column that is cut.
    fn room(&self, width: usize, shown: &[usize]) -> usize {
        let others = shown.iter().filter(|at| self.cut != Some(**at));
        let taken: usize = others.map(|at| self.widest(*at) + GAP).sum();
        width.saturating_sub(taken + GAP).max(CUT)
    }
}

/// Returns a heading with each of its words marked: it may be broken between them.
fn heading(words: &str) -> String {
    words.split(' ').map(|word| Tone::Heading.mark(word)).collect::<Vec<_>>().join(" ")
}

/// Returns the columns that a cell needs at least.
fn unbroken(cell: &str) -> usize {
    match columns(cell) {
        whole if whole <= CELL => whole,
        _ => cell.split_whitespace().map(columns).max().unwrap_or_default().min(WORD),
    }
}

/// Returns as much of a cell as has room, with a mark where something is left out.
fn shortened(cell: &str, room: usize) -> String {
    if columns(cell) <= room {
        return cell.to_owned();
    }
    let (mut short, mut taken) = (String::new(), columns("…"));
    for char in cell.chars() {
        taken += if char.is_ascii() { 1 } else { 2 };
        if taken > room {
            break;
        }
        short.push(char);
    }
    format!("{}…", short.trim_end())
}

/// Returns an upper estimate of the columns a text takes: marks take none, wide characters two.
fn columns(text: &str) -> usize {
    paint(text, false).chars().map(|char| if char.is_ascii() { 1 } else { 2 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_headings_and_cells_cannot_break_out() {
        let table = Table::new(["NAME", "CALLS"])
            .row(["会话".into(), "7".into()])
            .row(["evil\x1b[2K\nname".into(), "1200".into()])
            .figures(&[1]);
        let shown = paint(&table.render(None), false);
        insta::assert_snapshot!(shown, @r"
        NAME                    CALLS
        会话                        7
        evil\u{1b}[2K\u{a}name   1200
        ");
    }

    #[test]
    fn a_cut_column_takes_the_room_that_is_left_and_a_whole_one_all_it_needs() {
        let table = Table::new(["ID", "PROJECT", "TEXT"])
            .row(["0199a3f2-7c11-7d4e-9f7c-2b6a1c0d9e11".into(), "demo".into(), "words ".repeat(20)])
            .row(["x".into(), "demo".into(), "会话".repeat(20)])
            .spare(&[1])
            .whole(&[0])
            .cut(2);
        let shown = paint(&table.render(Some(70)), false);
        insta::assert_snapshot!(shown, @r"
        ID                                    PROJECT  TEXT
        0199a3f2-7c11-7d4e-9f7c-2b6a1c0d9e11  demo     words words words w…
        x                                     demo     会话会话会话会话会…
        ");
        assert!(shown.lines().all(|line| columns(line) <= 70), "{shown}");
        assert_eq!(paint(&table.render(None), false).lines().count(), 3);
    }

    #[test]
    fn a_narrow_terminal_wraps_the_longest_column() {
        let table = Table::new(["NAME", "STATE", "WHAT"])
            .row(["laptop".into(), "active".into(), "what it is for is told at some length here ".repeat(2)])
            .toned(1, Tone::Good);
        let shown = paint(&table.render(Some(60)), false);
        insta::assert_snapshot!(shown);
        assert!(shown.lines().all(|line| line.chars().count() <= 60), "{shown}");
        // Narrower than readable is left to the terminal.
        assert_eq!(table.render(Some(10)), table.render(Some(60)));
    }
}
