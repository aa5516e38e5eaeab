//! How long a secret opens the door: for the life of its key, or until the grace of a rotation is over.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio_util::sync::CancellationToken;

/// The time of one secret. Whoever was recognised by it holds it, and so hears of its end.
#[derive(Debug, Default)]
pub struct Lease {
    /// When it ends, UTC milliseconds; zero while it has no end of its own.
    until: AtomicI64,
    over: CancellationToken,
}

impl Lease {
    /// Makes one that ends then.
    pub(super) fn until(until: i64) -> Self {
        Self { until: until.into(), ..Self::default() }
    }

    /// Sets its end, because there is a newer secret.
    pub(super) fn end_at(&self, until: i64) {
        self.until.store(until.max(1), Ordering::Relaxed);
    }

    /// Ends it now, with every stream it opened.
    pub(super) fn end(&self) {
        self.end_at(1);
        self.over.cancel();
    }

    /// Answers whether it is over. Most have no end, and the clock need not be asked for them.
    pub fn is_over(&self, now: impl FnOnce() -> i64) -> bool {
        let until = self.until.load(Ordering::Relaxed);
        until != 0 && until <= now()
    }

    /// Returns when it ends, if there is a newer secret.
    pub fn ends_at(&self) -> Option<i64> {
        Some(self.until.load(Ordering::Relaxed)).filter(|until| *until != 0)
    }

    /// Returns the token that fires at its end; an end that was set ahead is noticed within a round of the upkeep.
    pub fn over(&self) -> &CancellationToken {
        &self.over
    }
}
