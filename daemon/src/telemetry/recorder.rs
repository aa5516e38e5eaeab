//! The one registry of figures, and handles into it that are looked up once and then only counted with.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use metrics::{CounterFn, HistogramFn, Key, Label};
use metrics_util::registry::{Registry, Storage};

use super::{Metric, RequestLog, RequestTail, Summary, histogram::Durations};
use crate::audit::Audit;

/// Keeps every figure of one daemon.
pub struct Recorder {
    registry: Registry<Key, Cells>,
    started: Instant,
    requests: Meter,
    duration: Durations,
    connections: Arc<AtomicU64>,
    calls: Arc<AtomicU64>,
    log: RequestLog,
    tail: RequestTail,
    audit: Audit,
}

/// Counters of something that ends well or badly.
#[derive(Debug, Clone)]
struct Meter {
    total: Arc<AtomicU64>,
    good: Arc<AtomicU64>,
    bad: Arc<AtomicU64>,
}

/// Handles of one tool.
#[derive(Debug, Clone)]
pub struct ToolMeter {
    calls: Arc<AtomicU64>,
    errors: Arc<AtomicU64>,
    duration: Durations,
}

/// Handles of one key.
#[derive(Debug, Clone)]
pub struct KeyMeter {
    requests: Arc<AtomicU64>,
    failed: Arc<AtomicU64>,
}

/// A key's figures at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyTotals {
    /// Its public id.
    pub id: String,
    /// Requests answered, refused ones included.
    pub requests: u64,
    /// Of these, refused or failed.
    pub failed: u64,
}

/// All requests at one moment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Totals {
    /// Answered, refused ones included.
    pub total: u64,
    /// Answered with a result.
    pub successful: u64,
    /// Refused or failed.
    pub failed: u64,
    /// How long they took.
    pub duration: Summary,
    /// Connections open now.
    pub connections: u64,
    /// Calls in flight now.
    pub calls: u64,
}

/// Adds one to a gauge for as long as it lives.
#[derive(Debug)]
pub struct Gauged(Arc<AtomicU64>);

impl Gauged {
    fn new(gauge: &Arc<AtomicU64>) -> Self {
        gauge.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(gauge))
    }
}

impl Drop for Gauged {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// How the registry keeps its figures.
struct Cells;

impl Storage<Key> for Cells {
    type Counter = Arc<AtomicU64>;
    type Gauge = Arc<AtomicU64>;
    type Histogram = Durations;

    fn counter(&self, _: &Key) -> Self::Counter {
        Arc::default()
    }

    fn gauge(&self, _: &Key) -> Self::Gauge {
        Arc::default()
    }

    fn histogram(&self, _: &Key) -> Self::Histogram {
        Durations::default()
    }
}

impl Default for Recorder {
    fn default() -> Self {
        let registry = Registry::new(Cells);
        let counter = |metric: Metric| registry.get_or_create_counter(&plain(metric), Arc::clone);
        let gauge = |metric: Metric| registry.get_or_create_gauge(&plain(metric), Arc::clone);
        let requests = Meter {
            total: counter(Metric::RequestsTotal),
            good: counter(Metric::RequestsSuccessful),
            bad: counter(Metric::RequestsFailed),
        };
        let duration = registry.get_or_create_histogram(&plain(Metric::RequestDuration), Durations::clone);
        let connections = gauge(Metric::ActiveConnections);
        let calls = gauge(Metric::CallsInFlight);
        let (started, log, tail) = (Instant::now(), RequestLog::default(), RequestTail::default());
        let audit = Audit::default();
        Self { requests, duration, connections, calls, registry, started, log, tail, audit }
    }
}

fn plain(metric: Metric) -> Key {
    Key::from_static_name(metric.name())
}

fn labelled(metric: Metric, label: &'static str, value: &str) -> Key {
    Key::from_parts(metric.name(), vec![Label::new(label, value.to_owned())])
}

impl Recorder {
    /// Makes a recorder whose requests are logged, and what must be is recorded.
    pub fn new(log: RequestLog, audit: Audit) -> Self {
        Self { log, audit, ..Self::default() }
    }

    /// Returns where deeds are recorded.
    pub fn audit(&self) -> &Audit {
        &self.audit
    }

    pub(super) fn requests_log(&self) -> &RequestLog {
        &self.log
    }

    /// Returns where requests can be watched as they are answered.
    pub fn tail(&self) -> &RequestTail {
        &self.tail
    }

    /// Returns how long this daemon has been up.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// Counts a finished request.
    pub(super) fn request(&self, good: bool, duration: Duration) {
        self.requests.total.increment(1);
        if good {
            self.requests.good.increment(1)
        } else {
            self.requests.bad.increment(1)
        }
        self.duration.record(duration.as_secs_f64());
    }

    /// Counts a refusal. `reason` comes from our own enum, never from a caller.
    pub(super) fn refusal(&self, reason: &'static str) {
        let key = labelled(Metric::Refusals, "reason", reason);
        self.registry.get_or_create_counter(&key, |counter| counter.increment(1));
    }

    /// Counts a prompt to a provider. `outcome` comes from our own enum.
    pub(super) fn prompt(&self, outcome: &'static str, input: u64, output: u64) {
        let prompts = labelled(Metric::AiPrompts, "outcome", outcome);
        self.registry.get_or_create_counter(&prompts, |counter| counter.increment(1));
        for (direction, tokens) in [("input", input), ("output", output)] {
            let key = labelled(Metric::AiTokens, "direction", direction);
            self.registry.get_or_create_counter(&key, |counter| counter.increment(tokens));
        }
    }

    /// Returns the handles of a tool.
    pub fn tool(&self, name: &str) -> ToolMeter {
        let counter =
            |metric| self.registry.get_or_create_counter(&labelled(metric, "tool", name), Arc::clone);
        let duration = labelled(Metric::ToolDuration, "tool", name);
        ToolMeter {
            calls: counter(Metric::ToolCalls),
            errors: counter(Metric::ToolErrors),
            duration: self.registry.get_or_create_histogram(&duration, Durations::clone),
        }
    }

    /// Returns the handles of a key. `id` is given by us, never chosen by a caller.
    pub fn key(&self, id: &str) -> KeyMeter {
        let counter = |metric| self.registry.get_or_create_counter(&labelled(metric, "key", id), Arc::clone);
        KeyMeter { requests: counter(Metric::KeyRequests), failed: counter(Metric::KeyFailed) }
    }

    /// Returns the figures of the busiest keys, busiest first.
    pub fn busiest_keys(&self, most: usize) -> Vec<KeyTotals> {
        let mut found = self.counters(Metric::KeyRequests);
        found.sort_by(|(id, requests), (other, more)| more.cmp(requests).then_with(|| id.cmp(other)));
        let totals = |(id, requests): (String, u64)| {
            let failed = self.key(&id).failed.load(Ordering::Relaxed);
            KeyTotals { id, requests, failed }
        };
        found.into_iter().take(most).map(totals).collect()
    }

    /// Returns the durations of all requests as they fell into buckets: upper edge in milliseconds, and how many.
    pub fn durations(&self) -> Vec<(f64, u64)> {
        self.duration.filled()
    }

    /// Counts an open connection until the value drops.
    pub fn connection(&self) -> Gauged {
        Gauged::new(&self.connections)
    }

    /// Counts a call in flight until the value drops.
    pub fn call(&self) -> Gauged {
        Gauged::new(&self.calls)
    }

    /// Returns all requests.
    pub fn totals(&self) -> Totals {
        let read = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        Totals {
            total: read(&self.requests.total),
            successful: read(&self.requests.good),
            failed: read(&self.requests.bad),
            duration: self.duration.summary(),
            connections: read(&self.connections),
            calls: read(&self.calls),
        }
    }

    /// Returns refusals by reason.
    pub fn refusals(&self) -> Vec<(String, u64)> {
        let mut found = self.counters(Metric::Refusals);
        found.sort();
        found
    }

    /// Returns the counters of a metric by the value of their one label.
    fn counters(&self, metric: Metric) -> Vec<(String, u64)> {
        let mut found = Vec::new();
        self.registry.visit_counters(|key, counter| {
            if key.name() == metric.name()
                && let Some(label) = key.labels().next()
            {
                found.push((label.value().to_owned(), counter.load(Ordering::Relaxed)));
            }
        });
        found
    }

    /// Calls `each` with every counter and gauge: key, value, and whether it is a counter.
    pub(super) fn visit_numbers(&self, mut each: impl FnMut(&Key, u64, bool)) {
        self.registry.visit_counters(|key, cell| each(key, cell.load(Ordering::Relaxed), true));
        self.registry.visit_gauges(|key, cell| each(key, cell.load(Ordering::Relaxed), false));
    }

    /// Calls `each` with every histogram.
    pub(super) fn visit_durations(&self, mut each: impl FnMut(&Key, &Durations)) {
        self.registry.visit_histograms(|key, durations| each(key, durations));
    }
}

impl KeyMeter {
    pub(super) fn record(&self, good: bool) {
        self.requests.increment(1);
        if !good {
            self.failed.increment(1);
        }
    }

    /// Returns how many requests there were, refused ones included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }
}

impl ToolMeter {
    pub(super) fn record(&self, failed: bool, duration: Duration) {
        self.calls.increment(1);
        if failed {
            self.errors.increment(1);
        }
        self.duration.record(duration.as_secs_f64());
    }

    /// Returns calls, failed calls and how long they took.
    pub fn read(&self) -> (u64, u64, Summary) {
        let read = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        (read(&self.calls), read(&self.errors), self.duration.summary())
    }
}
