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

/// Columns between two columns.
const GAP: usize = 2;

/// A table; it is laid out when it is shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
    figures: Vec<usize>,
    spare: Vec<usize>,
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
        for row in &self.rows {
            table.add_row(shown.iter().filter_map(|at| row.get(*at)));
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
        lines.chain(self.left_out(&shown)).collect()
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

    /// Says which columns there was no room for.
    fn left_out(&self, shown: &[usize]) -> Option<String> {
        let names = self.headings.iter().enumerate().filter(|(at, _)| !shown.contains(at));
        let names: Vec<&str> = names.map(|(_, name)| name.as_str()).collect();
        (!names.is_empty()).then(|| format!("(a wider terminal shows {} too)\n", names.join(", ")))
    }

    /// Returns the width a column needs so that its words, and cells that are short, stay whole.
    fn narrowest(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let heading = self.headings.get(column).into_iter().flat_map(|heading| heading.split_whitespace());
        cells.map(|cell| unbroken(cell)).chain(heading.map(columns)).max().unwrap_or_default()
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
