//! A histogram of durations in atomics: eight buckets per doubling from 1 microsecond to about 134 seconds, so that a
//! percentile is at most 9 % off and recording costs two additions.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use metrics::HistogramFn;

/// Buckets per doubling.
const STEPS: usize = 8;
/// Doublings covered, starting at one microsecond.
const DOUBLINGS: usize = 27;
const BUCKETS: usize = STEPS * DOUBLINGS + 1;

/// Durations of one kind.
#[derive(Debug, Clone)]
pub(super) struct Durations(Arc<Cells>);

#[derive(Debug)]
struct Cells {
    /// Index `i` counts durations up to `2^(i / STEPS)` microseconds; the last counts all longer ones.
    buckets: [AtomicU64; BUCKETS],
    nanoseconds: AtomicU64,
}

/// A histogram at one moment. Times are in milliseconds; zero when nothing was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Summary {
    /// Durations recorded.
    pub count: u64,
    /// Mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
}

impl Default for Durations {
    fn default() -> Self {
        let buckets = std::array::from_fn(|_| AtomicU64::new(0));
        Self(Arc::new(Cells { buckets, nanoseconds: AtomicU64::new(0) }))
    }
}

impl HistogramFn for Durations {
    /// Records a duration in seconds.
    fn record(&self, seconds: f64) {
        self.0.buckets[bucket(seconds)].fetch_add(1, Ordering::Relaxed);
        self.0.nanoseconds.fetch_add((seconds * 1e9) as u64, Ordering::Relaxed);
    }
}

fn bucket(seconds: f64) -> usize {
    let microseconds = (seconds * 1e6).max(1.0);
    ((microseconds.log2() * STEPS as f64).ceil() as usize).min(BUCKETS - 1)
}

/// Upper edge of a bucket in milliseconds.
fn edge(index: usize) -> f64 {
    (index as f64 / STEPS as f64).exp2() / 1e3
}

impl Durations {
    /// Returns count, mean and percentiles.
    pub(super) fn summary(&self) -> Summary {
        let counts = self.counts();
        let count = counts.iter().sum::<u64>();
        if count == 0 {
            return Summary::default();
        }
        let at = |share: f64| {
            let rank = (share * count as f64).ceil() as u64;
            let mut seen = 0;
            let reached = counts.iter().position(|bucket| {
                seen += bucket;
                seen >= rank
            });
            edge(reached.unwrap_or(BUCKETS - 1))
        };
        let mean = self.sum_seconds() * 1e3 / count as f64;
        Summary { count, mean, p50: at(0.50), p95: at(0.95), p99: at(0.99) }
    }

    /// Returns the sum of all durations in seconds.
    pub(super) fn sum_seconds(&self) -> f64 {
        self.0.nanoseconds.load(Ordering::Relaxed) as f64 / 1e9
    }

    /// Returns for every second doubling its edge in seconds and how many durations are not longer: exact, since the
    /// edges are edges of our buckets.
    pub(super) fn cumulative(&self) -> Vec<(f64, u64)> {
        let counts = self.counts();
        let mut seen = 0;
        let mut steps = Vec::with_capacity(DOUBLINGS / 2 + 1);
        for (index, count) in counts.iter().enumerate() {
            seen += count;
            if index % (2 * STEPS) == 0 && index + 1 < BUCKETS {
                steps.push((edge(index) / 1e3, seen));
            }
        }
        steps
    }

    /// Returns the buckets that hold something: upper edge in milliseconds, and how many. The last bucket has no edge and
    /// is given that of what it would be.
    pub(super) fn filled(&self) -> Vec<(f64, u64)> {
        let counts = self.counts().into_iter().enumerate();
        counts.filter(|(_, count)| *count > 0).map(|(index, count)| (edge(index), count)).collect()
    }

    fn counts(&self) -> Vec<u64> {
        self.0.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_within_a_tenth() {
        let durations = Durations::default();
        for millisecond in 1..=1000 {
            durations.record(f64::from(millisecond) / 1e3);
        }
        let summary = durations.summary();
        assert_eq!(summary.count, 1000);
        assert!((summary.mean - 500.5).abs() < 0.1, "{summary:?}");
        for (found, truth) in [(summary.p50, 500.0), (summary.p95, 950.0), (summary.p99, 990.0)] {
            assert!((found - truth).abs() / truth < 0.1, "{found} for {truth}");
        }
    }

    #[test]
    fn extremes_are_counted_and_nothing_is_no_division_by_zero() {
        let durations = Durations::default();
        assert_eq!(durations.summary(), Summary::default());
        durations.record(0.0);
        durations.record(1e6);
        assert_eq!(durations.summary().count, 2);
        assert_eq!(durations.cumulative().last().unwrap().1, 1, "the longest only counts at +Inf");
    }
}
