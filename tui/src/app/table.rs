//! A table: rows, which of them are shown in which order, and which is selected. The selection follows its row, not its
//! place: rows move while somebody looks at them.

use std::collections::VecDeque;

use super::column::{Column, Place, fit};

/// Something that stands in a table.
pub(crate) trait Row: Sized + 'static {
    /// What tells it from all others.
    type Id: Clone + PartialEq;
    /// How it is sorted at first: column, and whether descending. Without, rows stand as they came.
    const SORT: Option<(usize, bool)> = None;
    /// Whether the end is followed while nothing is selected.
    const FOLLOWS: bool = false;

    /// Returns what tells it from all others.
    fn id(&self) -> Self::Id;

    /// Returns the columns it is shown in.
    fn columns() -> &'static [Column<Self>];

    /// Returns how much it matters; rows below the table's floor are hidden.
    fn weight(&self) -> u8 {
        0
    }
}

/// A step of the selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Up,
    Down,
    PageUp,
    PageDown,
    First,
    Last,
}

/// Rows and how they are shown.
pub(crate) struct Table<R: Row> {
    /// All rows, as they came.
    rows: VecDeque<R>,
    /// Indices of the rows that are shown, in order.
    shown: Vec<usize>,
    /// Which row is selected.
    selected: Option<R::Id>,
    /// Where the selected row stands in `shown`.
    cursor: usize,
    /// The first line of the window.
    offset: usize,
    sort: Option<(usize, bool)>,
    filter: String,
    floor: u8,
    is_stale: bool,
}

impl<R: Row> Default for Table<R> {
    fn default() -> Self {
        Self {
            rows: VecDeque::new(),
            shown: Vec::new(),
            selected: None,
            cursor: 0,
            offset: 0,
            sort: R::SORT,
            filter: String::new(),
            floor: 0,
            is_stale: false,
        }
    }
}

impl<R: Row> Table<R> {
    /// Puts other rows in place of those there.
    pub(crate) fn replace(&mut self, rows: Vec<R>) {
        self.rows = rows.into();
        self.is_stale = true;
    }

    /// Adds rows at the end and forgets the oldest over `limit`.
    pub(crate) fn extend(&mut self, rows: impl IntoIterator<Item = R>, limit: usize) {
        self.rows.extend(rows);
        let over = self.rows.len().saturating_sub(limit);
        self.rows.drain(..over);
        self.is_stale = true;
    }

    /// Hides rows that weigh less than `floor`.
    pub(crate) fn set_floor(&mut self, floor: u8) {
        self.floor = floor;
        self.is_stale = true;
    }

    /// Returns how many rows there are, hidden ones included.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Returns how many rows are shown.
    pub(crate) fn shown(&self) -> usize {
        self.shown.len()
    }

    /// Returns the selected row.
    pub(crate) fn selected(&self) -> Option<&R> {
        self.selected.as_ref()?;
        let row = self.rows.get(*self.shown.get(self.cursor)?)?;
        (Some(row.id()) == self.selected).then_some(row)
    }

    /// Returns the rows of a window of `height` lines, each with whether it is selected.
    pub(crate) fn window(&self, height: usize) -> impl Iterator<Item = (&R, bool)> {
        let lines = self.shown.iter().enumerate().skip(self.offset).take(height);
        lines.filter_map(move |(line, &row)| {
            let is_selected = self.selected.is_some() && line == self.cursor;
            Some((self.rows.get(row)?, is_selected))
        })
    }

    /// Returns the column rows are sorted by, and whether descending.
    pub(crate) fn sort(&self) -> Option<(usize, bool)> {
        self.sort
    }

    /// Returns whether the newest row is followed.
    pub(crate) fn is_following(&self) -> bool {
        R::FOLLOWS && self.selected.is_none() && self.sort.is_none()
    }

    fn arrange(&mut self, now: i64) {
        let needle = self.filter.to_lowercase();
        let contains = |row: &R| {
            let mut cells = R::columns().iter().map(|column| (column.text)(row, now));
            needle.is_empty() || cells.any(|cell| cell.to_lowercase().contains(&needle))
        };
        let floor = self.floor;
        let rows = self.rows.iter().enumerate();
        let passing = rows.filter(|(_, row)| row.weight() >= floor && contains(row));
        self.shown = passing.map(|(index, _)| index).collect();
        if let Some((column, descending)) = self.sort {
            let column = &R::columns()[column];
            let rows = &self.rows;
            self.shown.sort_by(|&left, &right| column.compare(&rows[left], &rows[right], descending));
        }
        self.is_stale = false;
    }

    fn order_by(&mut self, sort: Option<(usize, bool)>) {
        self.sort = sort;
        self.is_stale = true;
        // Who sorts wants to see what comes first, unless a row is being followed.
        self.offset = 0;
    }

    fn select(&mut self, line: usize) {
        self.cursor = line.min(self.shown.len().saturating_sub(1));
        let row = self.shown.get(self.cursor).and_then(|&row| self.rows.get(row));
        self.selected = row.map(Row::id);
    }
}

/// What can be done to a table whatever its rows are.
pub(crate) trait Grid {
    /// Brings order, selection and window up to date for `height` lines; nothing else is drawn before.
    fn settle(&mut self, height: usize, now: i64);
    /// Moves the selection.
    fn go(&mut self, step: Step, height: usize);
    /// Selects a line of the window.
    fn pick(&mut self, line: usize);
    /// Lets go of the selection, so that the end is followed.
    fn unpick(&mut self);
    /// Sorts by the next or the previous column.
    fn turn_column(&mut self, forward: bool);
    /// Sorts by a column, or turns the order where it is that one already.
    fn sort_by(&mut self, column: usize);
    /// Turns the order around.
    fn reverse(&mut self);
    /// Returns the text that shown rows contain.
    fn filter(&self) -> &str;
    /// Shows rows that contain `filter` only.
    fn set_filter(&mut self, filter: String);
    /// Returns where the columns stand in a width.
    fn places(&self, width: u16) -> Vec<Place>;
}

impl<R: Row> Grid for Table<R> {
    fn settle(&mut self, height: usize, now: i64) {
        if self.is_stale {
            self.arrange(now);
            let selected = self.selected.as_ref();
            let at = |id: &R::Id| self.shown.iter().position(|&row| self.rows[row].id() == *id);
            match selected.map(|id| (at(id), R::FOLLOWS)) {
                Some((Some(line), _)) => self.cursor = line,
                // Gone or hidden: whatever took its place. A tail goes back to its end.
                Some((None, false)) => self.select(self.cursor),
                Some((None, true)) => self.selected = None,
                None => {}
            }
        }
        if self.selected.is_none() && !R::FOLLOWS {
            self.select(self.cursor);
        }
        let last_offset = self.shown.len().saturating_sub(height.max(1));
        if self.is_following() {
            self.offset = last_offset;
            return;
        }
        if self.selected.is_some() {
            let lowest = (self.cursor + 1).saturating_sub(height.max(1));
            self.offset = self.offset.clamp(lowest, self.cursor.max(lowest));
        }
        self.offset = self.offset.min(last_offset);
    }

    fn go(&mut self, step: Step, height: usize) {
        let end = self.shown.len().saturating_sub(1);
        // A tail is left upwards from its last line, a sorted one from its first.
        let from = match (&self.selected, self.is_following()) {
            (Some(_), _) => self.cursor,
            (None, true) => end + 1,
            (None, false) => 0,
        };
        let page = height.max(2) - 1;
        let line = match step {
            Step::Up => from.saturating_sub(1),
            Step::Down => from + 1,
            Step::PageUp => from.saturating_sub(page),
            Step::PageDown => from + page,
            Step::First => 0,
            Step::Last => end,
        };
        let is_past_end = line > end || step == Step::Last;
        if is_past_end && R::FOLLOWS && self.sort.is_none() {
            return self.unpick();
        }
        self.select(line);
    }

    fn pick(&mut self, line: usize) {
        if self.offset + line < self.shown.len() {
            self.select(self.offset + line);
        }
    }

    fn unpick(&mut self) {
        self.selected = None;
        self.cursor = 0;
    }

    fn turn_column(&mut self, forward: bool) {
        let columns = R::columns().len();
        let next = match (self.sort, forward) {
            (None, true) => Some(0),
            (None, false) => Some(columns - 1),
            (Some((column, _)), true) => Some(column + 1).filter(|&next| next < columns),
            (Some((column, _)), false) => column.checked_sub(1),
        };
        self.order_by(next.map(|column| (column, R::columns()[column].is_figure)));
    }

    fn sort_by(&mut self, column: usize) {
        let figures_first = R::columns()[column].is_figure;
        let descending = match self.sort {
            Some((same, descending)) if same == column => !descending,
            Some(_) | None => figures_first,
        };
        self.order_by(Some((column, descending)));
    }

    fn reverse(&mut self) {
        let (column, descending) = self.sort.unwrap_or((0, false));
        self.order_by(Some((column, !descending)));
    }

    fn filter(&self) -> &str {
        &self.filter
    }

    fn set_filter(&mut self, filter: String) {
        self.filter = filter;
        self.is_stale = true;
    }

    fn places(&self, width: u16) -> Vec<Place> {
        fit(R::columns(), width)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::column::Order, *};

    struct Pair(u64, &'static str);

    impl Row for Pair {
        type Id = u64;
        fn id(&self) -> u64 {
            self.0
        }
        fn columns() -> &'static [Column<Self>] {
            const COLUMNS: [Column<Pair>; 2] = [
                Column::new("N", (4, 4), |row: &Pair, _| row.0.to_string().into(), |row| Order::count(row.0))
                    .figure(),
                Column::new("WORD", (4, 9), |row, _| row.1.into(), |row| Order::Text(row.1)),
            ];
            &COLUMNS
        }
    }

    fn table() -> Table<Pair> {
        let mut table = Table::default();
        table.replace(vec![Pair(1, "pear"), Pair(2, "Apple"), Pair(3, "fig")]);
        table.settle(2, 0);
        table
    }

    fn shown(table: &mut Table<Pair>) -> Vec<u64> {
        table.settle(9, 0);
        table.window(9).map(|(row, _)| row.0).collect()
    }

    #[test]
    fn the_selection_follows_its_row() {
        let mut table = table();
        table.go(Step::Last, 2);
        assert_eq!(table.selected().unwrap().0, 3);
        table.sort_by(1);
        assert_eq!(shown(&mut table), [2, 3, 1]);
        assert_eq!(table.selected().unwrap().0, 3);
        table.replace(vec![Pair(1, "pear"), Pair(2, "Apple")]);
        table.settle(2, 0);
        assert_eq!(table.selected().unwrap().0, 1, "what took its place is selected");
        table.replace(vec![]);
        table.settle(2, 0);
        assert!(table.selected().is_none());
    }

    #[test]
    fn figures_are_sorted_with_the_largest_first_and_a_second_click_turns_it() {
        let mut table = table();
        table.sort_by(0);
        assert_eq!(shown(&mut table), [3, 2, 1]);
        table.sort_by(0);
        assert_eq!(shown(&mut table), [1, 2, 3]);
        table.turn_column(true);
        assert_eq!(table.sort(), Some((1, false)));
        table.turn_column(true);
        assert_eq!(table.sort(), None);
        table.turn_column(false);
        table.reverse();
        assert_eq!(shown(&mut table), [1, 3, 2]);
    }

    #[test]
    fn a_filter_looks_into_every_cell_whatever_the_case() {
        let mut table = table();
        table.set_filter("AP".into());
        assert_eq!(shown(&mut table), [2]);
        table.set_filter("3".into());
        assert_eq!(shown(&mut table), [3]);
        assert_eq!(table.len(), 3);
    }
}
