//! A tail: a table that grows at its end, keeps the newest rows only, and can be held still.

use std::collections::VecDeque;

use super::table::{Row, Table};

/// One thing of a tail.
pub(crate) struct Numbered<T> {
    /// In the order they came.
    pub(crate) number: u64,
    /// What came.
    pub(crate) line: T,
}

/// Rows as they come.
pub(crate) struct Tail<T>
where
    Numbered<T>: Row,
{
    /// What is shown.
    pub(crate) table: Table<Numbered<T>>,
    /// What came while it was held still.
    held: VecDeque<Numbered<T>>,
    /// Whether it is held still.
    pub(crate) is_paused: bool,
    /// How many rows the daemon left out because too many came.
    pub(crate) skipped: u64,
    /// Set where the feed began anew while it was held still: how many were left out until then.
    anew: Option<u64>,
    limit: usize,
    next: u64,
}

impl<T> Tail<T>
where
    Numbered<T>: Row,
{
    /// Makes a tail of at most `limit` rows.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            table: Table::default(),
            held: VecDeque::new(),
            is_paused: false,
            skipped: 0,
            anew: None,
            limit,
            next: 0,
        }
    }

    /// Adds what came.
    pub(crate) fn take(&mut self, skipped: u64, came: Vec<T>) {
        self.skipped += skipped;
        let first = self.next;
        self.next += came.len() as u64;
        let rows = came.into_iter().zip(first..).map(|(line, number)| Numbered { number, line });
        if self.is_paused {
            self.held.extend(rows);
            let over = self.held.len().saturating_sub(self.limit);
            self.held.drain(..over);
        } else {
            self.table.extend(rows, self.limit);
        }
    }

    /// Holds it still, or lets it go on with what came meanwhile.
    pub(crate) fn toggle_pause(&mut self) {
        self.is_paused = !self.is_paused;
        if !self.is_paused {
            if let Some(skipped) = self.anew.take() {
                self.table.replace(Vec::new());
                self.skipped -= skipped;
            }
            let held = std::mem::take(&mut self.held);
            self.table.extend(held, self.limit);
        }
    }

    /// Returns whether it holds as many rows as it keeps, so that older ones are forgotten.
    pub(crate) fn is_full(&self) -> bool {
        self.table.len() >= self.limit
    }

    /// Returns how many rows came while it was held still.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// Returns whether the feed began anew while it was held still: what is shown goes when it goes on.
    pub(crate) fn is_outdated(&self) -> bool {
        self.anew.is_some()
    }

    /// Forgets all rows: the feed begins anew with the whole. What is held still stays until it goes on.
    pub(crate) fn begin_anew(&mut self) {
        self.held.clear();
        if self.is_paused {
            self.anew = Some(self.skipped);
        } else {
            self.table.replace(Vec::new());
            self.skipped = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use mcpd_ipc::feed::{LogLine, Severity};

    use super::*;
    use crate::app::table::{Grid, Step};

    fn lines(count: usize) -> Vec<LogLine> {
        let line = LogLine { at: None, level: Severity::Info, target: "t".into(), text: "x".into() };
        vec![line; count]
    }

    #[test]
    fn a_tail_keeps_the_newest_and_follows_its_end() {
        let mut tail = Tail::new(5);
        tail.take(2, lines(7));
        tail.table.settle(3, 0);
        let numbers =
            |tail: &Tail<LogLine>| tail.table.window(3).map(|(row, _)| row.number).collect::<Vec<_>>();
        assert_eq!((tail.table.len(), tail.skipped, numbers(&tail)), (5, 2, vec![4, 5, 6]));
        // A selected line stays where it is while others come; the end follows again.
        tail.table.go(Step::Up, 3);
        assert_eq!(tail.table.selected().unwrap().number, 6);
        tail.table.go(Step::First, 3);
        tail.table.settle(3, 0);
        tail.take(0, lines(0));
        tail.table.settle(3, 0);
        assert_eq!(numbers(&tail), [2, 3, 4]);
        tail.table.go(Step::Last, 3);
        tail.take(0, lines(1));
        tail.table.settle(3, 0);
        assert_eq!(numbers(&tail), [5, 6, 7]);
    }

    #[test]
    fn what_comes_while_it_is_held_still_is_kept_for_later() {
        let mut tail = Tail::new(4);
        tail.take(0, lines(3));
        tail.toggle_pause();
        tail.take(1, lines(6));
        tail.table.settle(9, 0);
        assert_eq!((tail.table.len(), tail.held(), tail.skipped), (3, 4, 1));
        tail.toggle_pause();
        tail.table.settle(9, 0);
        assert_eq!((tail.table.len(), tail.held()), (4, 0));
        assert_eq!(tail.table.window(9).last().unwrap().0.number, 8);
    }

    #[test]
    fn what_is_held_still_outlives_a_feed_that_begins_anew() {
        let mut tail = Tail::new(4);
        tail.take(2, lines(3));
        tail.toggle_pause();
        tail.take(3, lines(1));
        tail.begin_anew();
        tail.take(1, lines(2));
        assert_eq!((tail.table.len(), tail.held(), tail.is_outdated()), (3, 2, true));
        tail.toggle_pause();
        assert_eq!((tail.table.len(), tail.held(), tail.is_outdated()), (2, 0, false));
        assert_eq!(tail.skipped, 1, "what the feed before left out is forgotten with it");
        tail.begin_anew();
        assert_eq!((tail.table.len(), tail.skipped), (0, 0));
    }
}
