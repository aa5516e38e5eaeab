//! Calls that were denied, before they are recorded. What strangers and clients bring about must not bring older records
//! to their end: the same is recorded once a minute, and only so many are told apart; all are counted.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};

use super::{
    Deed,
    notes::{Tally, count, of_others},
};

/// How long the same waits to be recorded again.
const AGAIN: Duration = Duration::from_secs(60);

/// Refusals that are told apart in a row: those of keys, and those of everybody else.
const MOST: u32 = 1024;

/// How long it takes until one more is told apart. Together with those of others that makes some three records a second
/// at most, of which a GiB, which is what is kept as packaged, holds more than two weeks.
const ONE_MORE: Duration = Duration::from_secs(1);

/// What was denied and waits to be recorded.
#[derive(Default)]
pub(super) struct Refusals {
    waiting: HashMap<Deed, Waiting>,
    /// What was recorded within the last minute, and when. As few as were told apart in that time.
    told: HashMap<Deed, Instant>,
    /// Who has a key is told apart, however many come without one.
    keys: Allowance,
    strangers: Allowance,
}

struct Waiting {
    tally: Tally,
    due: Instant,
}

/// How many may still be told apart: a token bucket, full at first.
struct Allowance {
    left: u32,
    /// When the last one was added.
    since: Option<Instant>,
}

impl Refusals {
    /// Adds one that happened at `at`.
    pub(super) fn add(&mut self, deed: Deed, at: DateTime<Utc>, now: Instant) {
        let known = self.waiting.contains_key(&deed);
        let allowance = if deed.actor.starts_with("key:") { &mut self.keys } else { &mut self.strangers };
        if known || allowance.take(now) {
            let due = self.told.get(&deed).map_or(now, |told| *told + AGAIN);
            self.put(deed, (at, 1), due);
        } else {
            self.put(of_others(deed), (at, 1), now);
        }
    }

    /// Adds some that were taken and could not be recorded.
    pub(super) fn put(&mut self, deed: Deed, tally: Tally, due: Instant) {
        let waiting = self.waiting.entry(deed).or_insert(Waiting { tally: (tally.0, 0), due });
        count(&mut waiting.tally, tally);
    }

    /// Takes what is due at `now`.
    pub(super) fn take(&mut self, now: Instant) -> impl Iterator<Item = (Deed, Tally)> {
        self.told.retain(|_, told| now.saturating_duration_since(*told) < AGAIN);
        let due: Vec<_> = self.waiting.extract_if(|_, waiting| waiting.due <= now).collect();
        self.told.extend(due.iter().map(|(deed, _)| (deed.clone(), now)));
        due.into_iter().map(|(deed, waiting)| (deed, waiting.tally))
    }

    /// Takes what waits, due or not.
    pub(super) fn take_all(&mut self) -> impl Iterator<Item = (Deed, Tally)> {
        std::mem::take(&mut self.waiting).into_iter().map(|(deed, waiting)| (deed, waiting.tally))
    }
}

impl Default for Allowance {
    fn default() -> Self {
        Self { left: MOST, since: None }
    }
}

impl Allowance {
    /// Takes one, if there is one at `now`.
    fn take(&mut self, now: Instant) -> bool {
        let since = self.since.get_or_insert(now);
        let more = now.saturating_duration_since(*since).as_secs() / ONE_MORE.as_secs();
        let more = u32::try_from(more).unwrap_or(u32::MAX);
        *since += ONE_MORE * more;
        self.left = self.left.saturating_add(more).min(MOST);
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Fate;

    fn denied(actor: &str) -> Deed {
        let (actor, why) = (actor.to_owned(), Some("rate".to_owned()));
        Deed { actor, fate: Fate::Denied, why, ..Deed::own("call") }
    }

    /// Returns who is told of at `now`, and how often each was denied.
    fn told(refusals: &mut Refusals, now: Instant) -> Vec<(String, u64)> {
        let mut told: Vec<_> = refusals.take(now).map(|(deed, (_, times))| (deed.actor, times)).collect();
        told.sort();
        told
    }

    #[test]
    fn the_same_is_told_at_once_and_then_each_minute_with_its_number() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        let mut all = Vec::new();
        for second in 0..200 {
            let now = start + Duration::from_secs(second);
            refusals.add(denied("peer:1"), Utc::now(), now);
            all.extend(told(&mut refusals, now).into_iter().map(|(_, times)| (second, times)));
        }
        assert_eq!(all, [(0, 1), (60, 60), (120, 60), (180, 60)]);
        assert_eq!(refusals.take_all().map(|(_, (_, times))| times).sum::<u64>(), 19, "the rest at the end");
        assert!(refusals.strangers.left >= MOST - 2, "one that comes again and again keeps nobody out");
    }

    #[test]
    fn many_addresses_are_told_apart_once_and_then_counted_together() {
        let (mut refusals, now) = (Refusals::default(), Instant::now());
        (0..3000).for_each(|address| refusals.add(denied(&format!("peer:{address}")), Utc::now(), now));
        refusals.add(denied("key:7"), Utc::now(), now);
        let told = told(&mut refusals, now);
        assert_eq!(told.len(), MOST as usize + 2);
        assert!(told.contains(&("others".to_owned(), 3000 - u64::from(MOST))));
        assert!(told.contains(&("key:7".to_owned(), 1)), "a key is told apart all the same");
    }

    #[test]
    fn one_more_is_told_apart_each_second() {
        let (mut allowance, start) = (Allowance::default(), Instant::now());
        let at = |millis| start + Duration::from_millis(millis);
        assert_eq!((0..=MOST).filter(|_| allowance.take(start)).count(), MOST as usize);
        assert!(!allowance.take(at(900)));
        assert!(allowance.take(at(1000)));
        assert!(!allowance.take(at(1900)));
        assert!(allowance.take(at(2500)));
        assert!(allowance.take(at(3000)), "what is left of a wait counts");
        assert!(!allowance.take(at(3100)));
        let later = start + Duration::from_secs(24 * 60 * 60);
        assert_eq!(
            (0..=MOST).filter(|_| allowance.take(later)).count(),
            MOST as usize,
            "no more than at first"
        );
    }
}
