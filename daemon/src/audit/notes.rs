//! What is recorded within a second rather than at once: deeds that are alike become one record with their number, so
//! that a flood of refusals fills no disk and none of it goes uncounted.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::Deed;

/// Deeds of strangers and clients that are told apart within a second; what is beyond is counted by what it was, not by
/// who did it or why.
const MOST: usize = 1024;
/// Deeds of all together: what operators did stays apart for longer.
const MOST_OF_ALL: usize = 16 * MOST;

/// Who stands in the records for those.
const OTHERS: &str = "others";

/// When a deed happened first, and how often.
pub(super) type Tally = (DateTime<Utc>, u64);

/// What waits to be recorded.
#[derive(Clone, Default)]
pub(super) struct Notes(Arc<Mutex<HashMap<Deed, Tally>>>);

impl Notes {
    /// Adds a deed.
    pub(super) fn add(&self, deed: Deed) {
        self.put(deed.clean(), (Utc::now(), 1));
    }

    /// Takes everything that waits, in the order in which it happened first.
    pub(super) fn take(&self) -> Vec<(Deed, Tally)> {
        let mut taken: Vec<_> = std::mem::take(&mut *self.0.lock()).into_iter().collect();
        taken.sort_by_key(|(_, (at, _))| *at);
        taken
    }

    /// Puts back what could not be recorded.
    pub(super) fn put_back(&self, notes: Vec<(Deed, Tally)>) {
        notes.into_iter().for_each(|(deed, tally)| self.put(deed, tally));
    }

    fn put(&self, deed: Deed, (at, times): Tally) {
        let mut waiting = self.0.lock();
        let most = if deed.actor.starts_with("uid:") { MOST_OF_ALL } else { MOST };
        let full = waiting.len() >= most && !waiting.contains_key(&deed);
        let deed =
            if full { Deed { actor: OTHERS.to_owned(), subject: None, why: None, ..deed } } else { deed };
        let (first, count) = waiting.entry(deed).or_insert((at, 0));
        (*first, *count) = ((*first).min(at), count.saturating_add(times));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Fate;

    fn denied(actor: String) -> Deed {
        Deed {
            actor,
            action: "call".into(),
            subject: None,
            fate: Fate::Denied,
            why: Some("rate".into()),
            answers: None,
        }
    }

    #[test]
    fn a_flood_is_counted_to_the_last_and_bounded() {
        let notes = Notes::default();
        for address in 0..3000 {
            notes.add(denied(address.to_string()));
            notes.add(denied("7".to_owned()));
        }
        let taken = notes.take();
        assert_eq!(taken.len(), MOST + 1, "the others are one");
        assert_eq!(taken.iter().map(|(_, (_, times))| times).sum::<u64>(), 6000);
        notes.put_back(taken.clone());
        notes.add(denied("9999".to_owned()));
        let again = notes.take();
        assert_eq!(again.len(), taken.len());
        assert_eq!(again.iter().map(|(_, (_, times))| times).sum::<u64>(), 6001);
        assert!(notes.take().is_empty());
    }
}
