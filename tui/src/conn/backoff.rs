//! How long to wait before the daemon is called again: twice as long each time, up to a cap.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(500);
/// A daemon that came back is seen after this long at most.
const MAX: Duration = Duration::from_secs(10);

/// The waits between tries.
pub(super) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Backoff {
    /// Returns how long to wait now; the next wait is twice as long.
    pub(super) fn wait(&mut self) -> Duration {
        let wait = self.next;
        self.next = MAX.min(wait * 2);
        wait
    }

    /// Begins anew: the daemon answered.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_ten_seconds_and_begin_anew() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..8).map(|_| backoff.wait().as_millis()).collect();
        assert_eq!(waits, [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000]);
        backoff.reset();
        assert_eq!(backoff.wait().as_millis(), 500);
    }
}
