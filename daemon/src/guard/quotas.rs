//! Calls per key and UTC day. Counted in memory: a restart starts the day's count again, and docs/security.md says so.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use dashmap::DashMap;

use super::Denied;
use crate::auth::{Principal, PrincipalId};

const DAY: i64 = 24 * 60 * 60;

/// Who has called how often today.
pub(super) struct Quotas {
    per_day: AtomicU64,
    used: DashMap<PrincipalId, (i64, u64)>,
}

impl Quotas {
    pub(super) fn new(per_day: u64) -> Self {
        Self { per_day: AtomicU64::new(per_day), used: DashMap::new() }
    }

    pub(super) fn reload(&self, per_day: u64) {
        self.per_day.store(per_day, Ordering::Relaxed);
    }

    /// Counts a call; zero means no quota, and the person at the machine has none.
    pub(super) fn check(&self, who: &Principal) -> Result<(), Denied> {
        let per_day = self.per_day.load(Ordering::Relaxed);
        if per_day == 0 || matches!(who.id, PrincipalId::Local(_)) {
            return Ok(());
        }
        self.count(&who.id, chrono::Utc::now().timestamp(), per_day)
    }

    fn count(&self, id: &PrincipalId, now: i64, per_day: u64) -> Result<(), Denied> {
        let today = now.div_euclid(DAY);
        let mut used = self.used.entry(id.clone()).or_insert((today, 0));
        if used.0 != today {
            *used = (today, 0);
        }
        if used.1 >= per_day {
            let rest = DAY - now.rem_euclid(DAY);
            return Err(Denied::Quota(Duration::from_secs(rest.unsigned_abs())));
        }
        used.1 += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_starts_again_at_midnight() {
        let quotas = Quotas::new(2);
        let count = |now| quotas.count(&PrincipalId::Anonymous, now, 2);
        assert_eq!(count(DAY - 10), Ok(()));
        assert_eq!(count(DAY - 10), Ok(()));
        assert_eq!(count(DAY - 10), Err(Denied::Quota(Duration::from_secs(10))));
        assert_eq!(count(DAY), Ok(()));
    }
}
