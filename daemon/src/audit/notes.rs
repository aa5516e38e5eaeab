//! What is recorded within a second rather than at once: deeds that are alike become one record with their number, so
//! that a flood of refusals fills no disk, pushes nothing else out, and none of it goes uncounted.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::{Deed, Fate};

/// Deeds of strangers and clients that are told apart within a second; what is beyond is counted by what it was, not by
/// who did it or why.
const MOST: usize = 1024;
/// Deeds of all together: what operators did stays apart for longer.
const MOST_OF_ALL: usize = 16 * MOST;

/// Who stands in the records for those.
const OTHERS: &str = "others";

/// How long it takes until one more refusal of strangers and clients is told apart, once `MOST` were in a row. Somebody
/// with many addresses would otherwise bring the oldest files to their end within the hour; with this and one record a
/// second for all the others, a flood that never stops takes two months to fill the 1 GiB that is kept as packaged.
const ONE_MORE: Duration = Duration::from_secs(10);

/// When a deed happened first, and how often.
pub(super) type Tally = (DateTime<Utc>, u64);

/// What waits to be recorded.
#[derive(Clone, Default)]
pub(super) struct Notes(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    deeds: HashMap<Deed, Tally>,
    refusals: Allowance,
}

/// How many refusals may still be told apart: a token bucket, full at first.
struct Allowance {
    left: usize,
    /// When the last one was added.
    since: Instant,
}

impl Notes {
    /// Adds a deed.
    pub(super) fn add(&self, deed: Deed) {
        let deed = deed.clean();
        let mut waiting = self.0.lock();
        let known = waiting.deeds.contains_key(&deed);
        let apart = known || !is_refusal_of_others(&deed) || waiting.refusals.take(Instant::now());
        waiting.put(if apart { deed } else { of_others(deed) }, (Utc::now(), 1));
    }

    /// Takes everything that waits, in the order in which it happened first.
    pub(super) fn take(&self) -> Vec<(Deed, Tally)> {
        let mut taken: Vec<_> = std::mem::take(&mut self.0.lock().deeds).into_iter().collect();
        taken.sort_by_key(|(_, (at, _))| *at);
        taken
    }

    /// Puts back what could not be recorded.
    pub(super) fn put_back(&self, notes: Vec<(Deed, Tally)>) {
        let mut waiting = self.0.lock();
        notes.into_iter().for_each(|(deed, tally)| waiting.put(deed, tally));
    }
}

impl Waiting {
    fn put(&mut self, deed: Deed, (at, times): Tally) {
        let most = if is_operators(&deed) { MOST_OF_ALL } else { MOST };
        let full = self.deeds.len() >= most && !self.deeds.contains_key(&deed);
        let (first, count) = self.deeds.entry(if full { of_others(deed) } else { deed }).or_insert((at, 0));
        (*first, *count) = ((*first).min(at), count.saturating_add(times));
    }
}

impl Default for Allowance {
    fn default() -> Self {
        Self { left: MOST, since: Instant::now() }
    }
}

impl Allowance {
    /// Takes one, if there is one at `now`.
    fn take(&mut self, now: Instant) -> bool {
        let more = now.saturating_duration_since(self.since).as_secs() / ONE_MORE.as_secs();
        self.since += ONE_MORE * u32::try_from(more).unwrap_or(u32::MAX);
        self.left = self.left.saturating_add(usize::try_from(more).unwrap_or(MOST)).min(MOST);
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        true
    }
}

fn is_operators(deed: &Deed) -> bool {
    deed.actor.starts_with("uid:")
}

fn is_refusal_of_others(deed: &Deed) -> bool {
    deed.fate == Fate::Denied && !is_operators(deed)
}

fn of_others(deed: Deed) -> Deed {
    Deed { actor: OTHERS.to_owned(), subject: None, why: None, ..deed }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn many_addresses_are_told_apart_once_and_then_counted_together() {
        let notes = Notes::default();
        (0..MOST).for_each(|address| notes.add(denied(address.to_string())));
        assert_eq!(notes.take().len(), MOST);
        (0..MOST).for_each(|address| notes.add(denied(format!("peer:{address}"))));
        notes.add(Deed { actor: "key:7".into(), fate: Fate::Done, ..denied(String::new()) });
        notes.add(denied("uid:1000".into()));
        let mut actors: Vec<_> =
            notes.take().into_iter().map(|(deed, (_, times))| (deed.actor, times)).collect();
        actors.sort();
        let told = [("key:7", 1), ("others", MOST as u64), ("uid:1000", 1)];
        assert_eq!(actors, told.map(|(actor, times)| (actor.to_owned(), times)));
    }

    #[test]
    fn one_more_is_told_apart_every_ten_seconds() {
        let mut allowance = Allowance::default();
        let start = allowance.since;
        assert_eq!((0..=MOST).filter(|_| allowance.take(start)).count(), MOST);
        assert!(!allowance.take(start + Duration::from_secs(9)));
        assert!(allowance.take(start + Duration::from_secs(10)));
        assert!(!allowance.take(start + Duration::from_secs(19)));
        assert!(allowance.take(start + Duration::from_secs(25)));
        assert!(allowance.take(start + Duration::from_secs(30)), "what is left of a wait counts");
        assert!(!allowance.take(start + Duration::from_secs(31)));
        let later = start + Duration::from_secs(10 * 24 * 60 * 60);
        assert_eq!((0..=MOST).filter(|_| allowance.take(later)).count(), MOST, "no more than at first");
    }
}
