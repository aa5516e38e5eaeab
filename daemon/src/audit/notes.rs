//! What is recorded within a second rather than at once: deeds that are alike become one record with their number, so
//! that no flood fills the disk and none of it goes uncounted.

use std::{collections::HashMap, sync::Arc, time::Instant};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::{Deed, Fate, refusals::Refusals};

/// Deeds of clients that are told apart within a second; what is beyond is counted by what it was, not by who did it or
/// why.
const MOST: usize = 1024;
/// Deeds of all together: what operators did stays apart for longer.
const MOST_OF_ALL: usize = 16 * MOST;

/// Who stands in the records for those.
const OTHERS: &str = "others";

/// When a deed happened first, and how often.
pub(super) type Tally = (DateTime<Utc>, u64);

/// What waits to be recorded.
#[derive(Clone, Default)]
pub(super) struct Notes(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    refusals: Refusals,
    deeds: HashMap<Deed, Tally>,
}

impl Notes {
    /// Adds a deed.
    pub(super) fn add(&self, deed: Deed) {
        let (deed, at) = (deed.clean(), Utc::now());
        let mut waiting = self.0.lock();
        if is_refusal(&deed) {
            waiting.refusals.add(deed, at, Instant::now());
        } else {
            waiting.put(deed, (at, 1));
        }
    }

    /// Takes what is to be recorded now, in the order in which it happened first.
    pub(super) fn take(&self) -> Vec<(Deed, Tally)> {
        let mut waiting = self.0.lock();
        let refusals: Vec<_> = waiting.refusals.take(Instant::now()).collect();
        sorted(waiting.take_deeds().chain(refusals))
    }

    /// Takes everything that waits.
    pub(super) fn take_all(&self) -> Vec<(Deed, Tally)> {
        let mut waiting = self.0.lock();
        let refusals: Vec<_> = waiting.refusals.take_all().collect();
        sorted(waiting.take_deeds().chain(refusals))
    }

    /// Puts back what could not be recorded.
    pub(super) fn put_back(&self, notes: Vec<(Deed, Tally)>) {
        let mut waiting = self.0.lock();
        for (deed, tally) in notes {
            if is_refusal(&deed) {
                waiting.refusals.put(deed, tally, Instant::now());
            } else {
                waiting.put(deed, tally);
            }
        }
    }
}

impl Waiting {
    fn put(&mut self, deed: Deed, tally: Tally) {
        let most = if is_operators(&deed) { MOST_OF_ALL } else { MOST };
        let full = self.deeds.len() >= most && !self.deeds.contains_key(&deed);
        let deed = if full { of_others(deed) } else { deed };
        count(self.deeds.entry(deed).or_insert((tally.0, 0)), tally);
    }

    fn take_deeds(&mut self) -> impl Iterator<Item = (Deed, Tally)> + use<> {
        std::mem::take(&mut self.deeds).into_iter()
    }
}

/// Adds to how often something happened.
pub(super) fn count((first, times): &mut Tally, (at, more): Tally) {
    (*first, *times) = ((*first).min(at), times.saturating_add(more));
}

/// Returns a deed as one of many that are not told apart.
pub(super) fn of_others(deed: Deed) -> Deed {
    Deed { actor: OTHERS.to_owned(), subject: None, why: None, ..deed }
}

fn sorted(notes: impl Iterator<Item = (Deed, Tally)>) -> Vec<(Deed, Tally)> {
    let mut notes: Vec<_> = notes.collect();
    notes.sort_by_key(|(_, (at, _))| *at);
    notes
}

fn is_operators(deed: &Deed) -> bool {
    deed.actor.starts_with("uid:")
}

/// Answers whether strangers and clients can bring it about; operators are few, and known to the system.
fn is_refusal(deed: &Deed) -> bool {
    deed.fate == Fate::Denied && !is_operators(deed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(actor: String) -> Deed {
        Deed { actor, ..Deed::own("call") }
    }

    #[test]
    fn a_flood_is_counted_to_the_last_and_bounded() {
        let notes = Notes::default();
        for key in 0..3000 {
            notes.add(called(format!("key:{key}")));
            notes.add(called("key:7".to_owned()));
        }
        let taken = notes.take();
        assert_eq!(taken.len(), MOST + 1, "the others are one");
        assert_eq!(taken.iter().map(|(_, (_, times))| times).sum::<u64>(), 6000);
        notes.put_back(taken.clone());
        notes.add(called("key:9999".to_owned()));
        let again = notes.take();
        assert_eq!(again.len(), taken.len());
        assert_eq!(again.iter().map(|(_, (_, times))| times).sum::<u64>(), 6001);
        assert!(notes.take().is_empty());
    }

    #[test]
    fn what_was_denied_waits_for_its_minute_or_for_the_end() {
        let notes = Notes::default();
        let denied = |actor: &str| Deed { fate: Fate::Denied, ..called(actor.to_owned()) };
        (0..3).for_each(|_| notes.add(denied("peer:1")));
        let taken = notes.take();
        assert_eq!(taken.iter().map(|(_, (_, times))| *times).collect::<Vec<_>>(), [3]);
        notes.add(denied("peer:1"));
        notes.add(denied("uid:1000"));
        assert_eq!(notes.take().into_iter().map(|(deed, _)| deed.actor).collect::<Vec<_>>(), ["uid:1000"]);
        notes.put_back(taken);
        assert_eq!(notes.take_all().iter().map(|(_, (_, times))| *times).collect::<Vec<_>>(), [4]);
    }
}
