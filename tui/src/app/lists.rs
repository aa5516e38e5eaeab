//! When lists are fetched: while their pane is visible, one at a time, at each refresh, and at once after a change.

use std::collections::BTreeMap;

use super::{App, Pane};
use crate::{
    effect::{Call, Effect, Listed},
    msg::Why,
};

/// What is known of the lists' freshness.
#[derive(Default)]
pub(crate) struct Lists(BTreeMap<Listed, Entry>);

#[derive(Default)]
struct Entry {
    /// When it was asked for; absent means it is due.
    asked_at: Option<i64>,
    is_pending: bool,
    was_loaded: bool,
    /// Whether what is known is from before the daemon went away.
    is_old: bool,
    trouble: Option<Why>,
}

impl Lists {
    /// Makes every list due: there may be another daemon now.
    pub(crate) fn forget(&mut self) {
        for entry in self.0.values_mut() {
            entry.asked_at = None;
            entry.is_pending = false;
            entry.is_old = entry.was_loaded;
        }
    }

    /// Makes one list due at once: something was changed.
    pub(crate) fn expire(&mut self, listed: Listed) {
        self.0.entry(listed).or_default().asked_at = None;
    }

    /// Notes that a list came.
    pub(crate) fn came(&mut self, listed: Listed) {
        let entry = self.0.entry(listed).or_default();
        entry.is_pending = false;
        entry.was_loaded = true;
        entry.is_old = false;
        entry.trouble = None;
    }

    /// Notes that a list did not come; the next refresh tries again.
    pub(crate) fn failed(&mut self, listed: Listed, why: Why) {
        let entry = self.0.entry(listed).or_default();
        entry.is_pending = false;
        entry.trouble = Some(why);
    }

    /// Returns whether a list ever came.
    pub(crate) fn is_loaded(&self, listed: Listed) -> bool {
        self.0.get(&listed).is_some_and(|entry| entry.was_loaded)
    }

    /// Returns whether what is known of a list is from before the daemon went away.
    pub(crate) fn is_old(&self, listed: Listed) -> bool {
        self.0.get(&listed).is_some_and(|entry| entry.is_old)
    }

    /// Returns why a list did not come the last time.
    pub(crate) fn trouble(&self, listed: Listed) -> Option<&Why> {
        self.0.get(&listed).and_then(|entry| entry.trouble.as_ref())
    }

    fn ask(&mut self, listed: Listed, now: i64, refresh: i64) -> bool {
        let entry = self.0.entry(listed).or_default();
        let is_due = entry.asked_at.is_none_or(|asked| now - asked >= refresh);
        if entry.is_pending || !is_due {
            return false;
        }
        entry.asked_at = Some(now);
        entry.is_pending = true;
        true
    }
}

impl App {
    /// Returns the list of the open pane.
    pub(crate) fn visible_list(&self) -> Option<Listed> {
        match self.pane {
            Pane::Connections if self.shows_sessions => Some(Listed::Sessions),
            Pane::Connections => Some(Listed::Connections),
            Pane::Keys => Some(Listed::Keys),
            Pane::Allowlist => Some(Listed::Allow),
            Pane::Tools => Some(Listed::Tools),
            Pane::Overview | Pane::Requests | Pane::Logs | Pane::Help => None,
        }
    }

    /// Asks for the visible list where it is due.
    pub(super) fn fetch(&mut self) -> Vec<Effect> {
        let (now, refresh) = (self.now, self.fixed.refresh);
        let due = self.visible_list().filter(|_| self.is_here());
        let asked = due.filter(|&listed| self.lists.ask(listed, now, refresh));
        asked.into_iter().map(|listed| Effect::Call(Box::new(Call::List(listed)))).collect()
    }
}
