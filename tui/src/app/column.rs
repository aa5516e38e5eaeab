//! Columns of a table: what they show, how they sort, and which fit into a width.

use std::{borrow::Cow, cmp::Ordering};

use crate::theme::Tone;

/// Cells between two columns.
const GAP: u16 = 2;
/// A column that takes what the others leave.
pub(crate) const REST: u16 = u16::MAX;

/// One column of rows of type `R`.
pub(crate) struct Column<R> {
    /// Its heading.
    pub(crate) title: &'static str,
    /// Cells it needs.
    min: u16,
    /// Cells it would like.
    want: u16,
    /// How dispensable it is: where space is short the highest goes first, 0 stays.
    rank: u8,
    /// Whether it holds figures, which stand to the right.
    pub(crate) is_figure: bool,
    /// What it shows of a row at a time.
    pub(crate) text: for<'a> fn(&'a R, i64) -> Cow<'a, str>,
    /// What rows are sorted by.
    order: for<'a> fn(&'a R) -> Order<'a>,
    /// How a cell is meant.
    pub(crate) tone: fn(&R) -> Tone,
}

/// What a row is sorted by.
#[derive(Debug)]
pub(crate) enum Order<'a> {
    /// A text, without regard to the case of its letters.
    Text(&'a str),
    /// A figure or a time.
    Number(f64),
    /// Nothing is there: last, whatever the direction.
    Nothing,
}

impl<'a> Order<'a> {
    /// Makes an order of a whole number.
    pub(crate) fn count(number: u64) -> Self {
        Self::Number(number as f64)
    }

    /// Makes an order of a time that may be missing.
    pub(crate) fn time(at: Option<i64>) -> Self {
        at.map_or(Self::Nothing, |at| Self::Number(at as f64))
    }

    /// Makes an order of a text that may be missing.
    pub(crate) fn text(text: Option<&'a str>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }
}

impl<R> Column<R> {
    /// Makes a column of `min` to `want` cells.
    pub(crate) const fn new(
        title: &'static str,
        (min, want): (u16, u16),
        text: for<'a> fn(&'a R, i64) -> Cow<'a, str>,
        order: for<'a> fn(&'a R) -> Order<'a>,
    ) -> Self {
        Self { title, min, want, rank: 0, is_figure: false, text, order, tone: |_| Tone::Plain }
    }

    /// Says how dispensable the column is.
    pub(crate) const fn rank(mut self, rank: u8) -> Self {
        self.rank = rank;
        self
    }

    /// Says that it holds figures.
    pub(crate) const fn figure(mut self) -> Self {
        self.is_figure = true;
        self
    }

    /// Says how its cells are meant.
    pub(crate) const fn tone(mut self, tone: fn(&R) -> Tone) -> Self {
        self.tone = tone;
        self
    }

    /// Compares two rows by this column.
    pub(crate) fn compare(&self, left: &R, right: &R, descending: bool) -> Ordering {
        let turned = |ordering: Ordering| if descending { ordering.reverse() } else { ordering };
        match ((self.order)(left), (self.order)(right)) {
            (Order::Nothing, Order::Nothing) => Ordering::Equal,
            (Order::Nothing, Order::Text(_) | Order::Number(_)) => Ordering::Greater,
            (Order::Text(_) | Order::Number(_), Order::Nothing) => Ordering::Less,
            (Order::Number(left), Order::Number(right)) => turned(left.total_cmp(&right)),
            (Order::Text(left), Order::Text(right)) => turned(caseless(left, right)),
            (Order::Number(_), Order::Text(_)) => turned(Ordering::Less),
            (Order::Text(_), Order::Number(_)) => turned(Ordering::Greater),
        }
    }
}

fn caseless(left: &str, right: &str) -> Ordering {
    let lower = |byte: u8| byte.to_ascii_lowercase();
    left.bytes().map(lower).cmp(right.bytes().map(lower))
}

/// Where a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Which column.
    pub(crate) column: usize,
    /// Its first cell, from the left edge of the table.
    pub(crate) x: u16,
    /// Its cells.
    pub(crate) width: u16,
}

/// Returns the columns that fit into `width` cells and where they stand. It depends on nothing else, so that columns
/// stand still while rows come and go, and a click finds its column.
pub(crate) fn fit<R>(columns: &[Column<R>], width: u16) -> Vec<Place> {
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let needed = |kept: &[usize]| {
        let cells: u16 = kept.iter().map(|&column| columns[column].min).sum();
        cells + GAP * (kept.len().max(1) as u16 - 1)
    };
    while needed(&kept) > width {
        let Some(worst) = kept.iter().copied().max_by_key(|&column| columns[column].rank) else { break };
        if columns[worst].rank == 0 {
            break;
        }
        kept.retain(|&column| column != worst);
    }
    let mut left = width.saturating_sub(needed(&kept));
    let mut widths: Vec<u16> = kept.iter().map(|&column| columns[column].min).collect();
    // The least dispensable grow first; those that take the rest share it at the end.
    let mut by_rank: Vec<usize> = (0..kept.len()).collect();
    by_rank.sort_by_key(|&index| columns[kept[index]].rank);
    for &index in &by_rank {
        let column = &columns[kept[index]];
        if column.want != REST {
            let more = column.want.saturating_sub(column.min).min(left);
            widths[index] += more;
            left -= more;
        }
    }
    let greedy: Vec<usize> = by_rank.into_iter().filter(|&index| columns[kept[index]].want == REST).collect();
    for (turn, &index) in greedy.iter().enumerate() {
        let share = left / (greedy.len() - turn) as u16;
        widths[index] += share;
        left -= share;
    }
    let mut x = 0;
    let places = kept.into_iter().zip(widths).map(|(column, width)| {
        let place = Place { column, x, width };
        x += width + GAP;
        place
    });
    places.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column<u64>; 3] = [
        Column::new("A", (4, 6), |row, _| row.to_string().into(), |row| Order::count(*row)),
        Column::new("B", (4, 8), |_, _| "".into(), |_| Order::Nothing).rank(2),
        Column::new("C", (4, REST), |_, _| "".into(), |_| Order::Text("x")).rank(1),
    ];

    #[test]
    fn the_most_dispensable_go_first_and_the_rest_is_taken() {
        let shown = |width| {
            let places = fit(&COLUMNS, width);
            places.iter().map(|place| (place.column, place.x, place.width)).collect::<Vec<_>>()
        };
        assert_eq!(shown(40), [(0, 0, 6), (1, 8, 8), (2, 18, 22)]);
        assert_eq!(shown(16), [(0, 0, 4), (1, 6, 4), (2, 12, 4)]);
        assert_eq!(shown(15), [(0, 0, 6), (2, 8, 7)]);
        assert_eq!(shown(9), [(0, 0, 6)]);
        assert_eq!(shown(2), [(0, 0, 4)]);
    }

    #[test]
    fn nothing_is_last_in_both_directions() {
        let column: Column<Option<i64>> = Column::new("T", (1, 1), |_, _| "".into(), |at| Order::time(*at));
        for descending in [false, true] {
            assert_eq!(column.compare(&None, &Some(1), descending), Ordering::Greater);
        }
        assert_eq!(column.compare(&Some(1), &Some(2), true), Ordering::Greater);
        assert_eq!(caseless("beta", "Alpha"), Ordering::Greater);
    }
}
