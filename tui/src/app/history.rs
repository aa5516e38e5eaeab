//! The last ten minutes, from one picture to the next: rates, percentiles and processor use of each interval. Where the
//! daemon was away there is a gap; where it began anew, so does this.

use std::collections::{BTreeMap, VecDeque};

use mcpd_ipc::feed::{Bucket, Picture};

/// How far back it reaches, in milliseconds.
pub(crate) const REACH: i64 = 600_000;

/// One interval between two pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    /// When it began, milliseconds since 1970.
    pub(crate) from: i64,
    /// When it ended.
    pub(crate) at: i64,
    /// Requests per second.
    pub(crate) rate: f64,
    /// p50, p95 and p99 in milliseconds; absent when nothing was answered.
    pub(crate) latency: Option<[f64; 3]>,
}

/// Per second, over the last interval.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Rates {
    /// Requests.
    pub(crate) requests: f64,
    /// Of the requests, the share that succeeded; absent without requests.
    pub(crate) success: Option<f64>,
    /// Processor time: 1 is one core.
    pub(crate) cpu: f64,
    /// Calls of each tool.
    pub(crate) tools: BTreeMap<String, f64>,
    /// Requests of each key, by its id.
    pub(crate) keys: BTreeMap<String, f64>,
}

/// What was seen of the daemon.
#[derive(Default)]
pub(crate) struct History {
    picture: Option<Box<Picture>>,
    points: VecDeque<Point>,
    rates: Option<Rates>,
    /// Whether the next picture continues the last one.
    is_joined: bool,
}

impl History {
    /// Returns the last picture.
    pub(crate) fn picture(&self) -> Option<&Picture> {
        self.picture.as_deref()
    }

    /// Returns the intervals of the last ten minutes, oldest first.
    pub(crate) fn points(&self) -> &VecDeque<Point> {
        &self.points
    }

    /// Returns the rates of the last interval; absent before the second picture.
    pub(crate) fn rates(&self) -> Option<&Rates> {
        self.rates.as_ref()
    }

    /// Notes that the daemon is away: the next picture begins a new interval.
    pub(crate) fn interrupt(&mut self) {
        self.is_joined = false;
        self.rates = None;
    }

    /// Takes a picture.
    pub(crate) fn take(&mut self, picture: Box<Picture>) {
        let before = self.picture.replace(picture);
        let was_joined = std::mem::replace(&mut self.is_joined, true);
        let (Some(before), Some(after)) = (before, self.picture.as_deref()) else { return };
        if is_restart(&before, after) {
            self.points.clear();
            self.rates = None;
            return;
        }
        if !was_joined || after.at <= before.at {
            return;
        }
        let seconds = (after.at - before.at) as f64 / 1000.0;
        let rates = rates(&before, after, seconds);
        let latency = percentiles(&before.durations, &after.durations);
        self.points.push_back(Point { from: before.at, at: after.at, rate: rates.requests, latency });
        self.rates = Some(rates);
        let horizon = after.at - REACH;
        while self.points.front().is_some_and(|point| point.at <= horizon) {
            self.points.pop_front();
        }
    }
}

fn is_restart(before: &Picture, after: &Picture) -> bool {
    before.status.instance != after.status.instance
        || after.stats.total_requests < before.stats.total_requests
        || after.stats.process.cpu_seconds < before.stats.process.cpu_seconds
}

fn rates(before: &Picture, after: &Picture, seconds: f64) -> Rates {
    let per_second = |after: u64, before: u64| after.saturating_sub(before) as f64 / seconds;
    let (old, new) = (&before.stats, &after.stats);
    let answered = new.total_requests - old.total_requests;
    let succeeded = new.successful_requests.saturating_sub(old.successful_requests);
    let tools = new.tools.iter().map(|(name, tool)| {
        let before = old.tools.get(name).map_or(0, |tool| tool.calls);
        (name.clone(), per_second(tool.calls, before))
    });
    // Only the busiest keys are told: of one that was not among them before nothing is known.
    let keys = new.keys.iter().filter_map(|key| {
        let before = old.keys.iter().find(|old| old.id == key.id)?;
        Some((key.id.clone(), per_second(key.requests, before.requests)))
    });
    Rates {
        requests: answered as f64 / seconds,
        success: (answered > 0).then(|| (succeeded as f64 / answered as f64).min(1.0)),
        cpu: (new.process.cpu_seconds - old.process.cpu_seconds).max(0.0) / seconds,
        tools: tools.collect(),
        keys: keys.collect(),
    }
}

/// Returns p50, p95 and p99 of what was added between two states of a histogram, as upper edges of its buckets: the
/// daemon's own percentiles are so too.
fn percentiles(before: &[Bucket], after: &[Bucket]) -> Option<[f64; 3]> {
    let mut old = before.iter().peekable();
    let added: Vec<(f64, u64)> = after
        .iter()
        .map(|bucket| {
            while old.next_if(|old| old.up_to_ms < bucket.up_to_ms).is_some() {}
            let was = old.next_if(|old| old.up_to_ms == bucket.up_to_ms).map_or(0, |old| old.count);
            (bucket.up_to_ms, bucket.count.saturating_sub(was))
        })
        .collect();
    let total: u64 = added.iter().map(|(_, count)| count).sum();
    if total == 0 {
        return None;
    }
    let at = |share: f64| {
        let rank = (share * total as f64).ceil() as u64;
        let mut seen = 0;
        let reached = added.iter().find(|(_, count)| {
            seen += count;
            seen >= rank
        });
        reached.map_or(0.0, |(edge, _)| *edge)
    };
    Some([at(0.50), at(0.95), at(0.99)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::sample::picture;

    fn history(pictures: impl IntoIterator<Item = Picture>) -> History {
        let mut history = History::default();
        for picture in pictures {
            history.take(Box::new(picture));
        }
        history
    }

    #[test]
    fn rates_are_differences() {
        let (mut first, mut second) = (picture(10_000, 100), picture(12_000, 300));
        first.stats.process.cpu_seconds = 1.0;
        second.stats.process.cpu_seconds = 1.5;
        first.durations = vec![Bucket { up_to_ms: 1.0, count: 100 }];
        second.durations = vec![
            Bucket { up_to_ms: 0.5, count: 98 },
            Bucket { up_to_ms: 1.0, count: 200 },
            Bucket { up_to_ms: 8.0, count: 2 },
        ];
        let history = history([first, second]);
        let rates = history.rates().unwrap();
        assert_eq!((rates.requests, rates.cpu), (100.0, 0.25));
        let point = history.points()[0];
        assert_eq!((point.rate, point.latency), (100.0, Some([1.0, 1.0, 1.0])));
        assert_eq!(
            percentiles(&[], &[Bucket { up_to_ms: 1.0, count: 90 }, Bucket { up_to_ms: 9.0, count: 10 }]),
            Some([1.0, 9.0, 9.0])
        );
        assert_eq!(
            percentiles(&[Bucket { up_to_ms: 1.0, count: 5 }], &[Bucket { up_to_ms: 1.0, count: 5 }]),
            None
        );
    }

    #[test]
    fn ten_minutes_are_kept() {
        let history = history((0..700).map(|second| picture(second * 1000, second as u64)));
        assert_eq!(history.points().len(), 600);
        assert_eq!(history.points()[0].at, 100_000);
    }

    #[test]
    fn an_absence_is_a_gap_and_a_restart_a_new_beginning() {
        let mut history = history([picture(1_000, 10), picture(2_000, 20)]);
        history.interrupt();
        assert_eq!(history.rates(), None);
        history.take(Box::new(picture(30_000, 500)));
        assert_eq!(history.points().len(), 1, "what happened meanwhile is not spread over the gap");
        history.take(Box::new(picture(31_000, 510)));
        assert_eq!(history.points().len(), 2);
        let mut other = picture(32_000, 600);
        other.status.instance = "another".into();
        history.take(Box::new(other));
        assert_eq!(history.points().len(), 0);
        assert_eq!(history.picture().unwrap().at, 32_000);
        history.take(Box::new(picture(33_000, 5)));
        assert_eq!((history.points().len(), history.rates()), (0, None));
    }
}
