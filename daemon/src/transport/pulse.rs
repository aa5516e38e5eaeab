//! What a connection does, noted as it happens, and which deadline that puts it under.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use mcpd_config::Server;
use tokio::time::Instant;

/// How long a connection may take for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadlines {
    /// For its first byte.
    pub(super) first_byte: Duration,
    /// For a whole head, from its first byte.
    pub(super) header: Duration,
    /// For taking the next bytes of an answer.
    pub(super) write: Duration,
    /// For idling between requests.
    pub(super) keep_alive: Duration,
    /// For everything.
    pub(super) age: Duration,
}

impl Deadlines {
    /// Reads them from the settings.
    pub(super) fn new(server: &Server) -> Self {
        Self {
            first_byte: server.first_byte_deadline,
            header: server.header_deadline,
            write: server.write_deadline,
            keep_alive: server.keep_alive,
            age: server.connection_age,
        }
    }
}

/// A deadline that a connection can miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Missed {
    /// It never said anything.
    FirstByte,
    /// It began a head and did not finish it.
    Header,
    /// It idled.
    KeepAlive,
    /// It does not take its answer.
    Write,
    /// It is old.
    Age,
}

/// No moment: nothing of the kind is under way.
const NEVER: u64 = u64::MAX;

/// What a connection does. The connection's own task writes nearly all of it, so nothing here is contended: a request
/// costs a few atomic stores and two or three looks at the clock.
pub(super) struct Pulse {
    /// When it was accepted; moments are microseconds since.
    born: Instant,
    /// Requests being served, streams among them.
    serving: Arc<AtomicU32>,
    /// Whether a request was ever served.
    served: AtomicBool,
    /// Whether several requests share it (HTTP/2): what comes in between them is not the begin of a head.
    shared: AtomicBool,
    /// The first byte since it became idle.
    head: AtomicU64,
    /// When it became idle.
    idle: AtomicU64,
    /// Since when an answer waits to be taken.
    stalled: AtomicU64,
    /// Whether what is still to be sent is given up.
    aborted: AtomicBool,
}

impl Pulse {
    /// Begins with a new connection, which counts its requests in `serving`.
    pub(super) fn new(serving: Arc<AtomicU32>) -> Self {
        Self {
            born: Instant::now(),
            serving,
            served: AtomicBool::new(false),
            shared: AtomicBool::new(false),
            head: AtomicU64::new(NEVER),
            idle: AtomicU64::new(0),
            stalled: AtomicU64::new(NEVER),
            aborted: AtomicBool::new(false),
        }
    }

    /// Notes that bytes came in.
    pub(super) fn heard(&self) {
        if !self.is_busy() && self.head.load(Ordering::Relaxed) == NEVER {
            self.head.store(self.moment(), Ordering::Relaxed);
        }
    }

    /// Notes that the peer took bytes.
    pub(super) fn took(&self) {
        if self.stalled.load(Ordering::Relaxed) != NEVER {
            self.stalled.store(NEVER, Ordering::Relaxed);
        }
        // An answer that leaves slowly is no idling.
        if !self.is_busy() {
            self.idle.store(self.moment(), Ordering::Relaxed);
        }
    }

    /// Notes that the peer takes nothing now.
    pub(super) fn stalls(&self) {
        if self.stalled.load(Ordering::Relaxed) == NEVER {
            self.stalled.store(self.moment(), Ordering::Relaxed);
        }
    }

    /// Notes that requests share the connection.
    pub(super) fn share(&self) {
        self.shared.store(true, Ordering::Relaxed);
    }

    /// Gives up what is still to be sent: the system shall not go on trying.
    pub(super) fn abort(&self) {
        self.aborted.store(true, Ordering::Relaxed);
    }

    /// Answers whether what is still to be sent was given up.
    pub(super) fn is_aborted(&self) -> bool {
        self.aborted.load(Ordering::Relaxed)
    }

    /// Answers whether a request is being served.
    pub(super) fn is_busy(&self) -> bool {
        self.serving.load(Ordering::Relaxed) > 0
    }

    /// Answers whether something began that may be due before anything that was due so far: a head, or a write that
    /// waits.
    pub(super) fn is_urgent(&self) -> bool {
        self.head.load(Ordering::Relaxed) != NEVER || self.stalled.load(Ordering::Relaxed) != NEVER
    }

    /// Returns the next deadline, as things stand. `old` says that the age was met already.
    pub(super) fn due(&self, deadlines: &Deadlines, old: bool) -> Option<(Instant, Missed)> {
        let at = |moment: u64, wait: Duration| self.born + Duration::from_micros(moment) + wait;
        let moment = |noted: &AtomicU64| {
            let moment = noted.load(Ordering::Relaxed);
            (moment != NEVER).then_some(moment)
        };
        let age = (!old).then(|| (at(0, deadlines.age), Missed::Age));
        let write = moment(&self.stalled).map(|since| (at(since, deadlines.write), Missed::Write));
        let read = if self.is_busy() {
            None // a body has a deadline of its own, and so has a call
        } else {
            let served = self.served.load(Ordering::Relaxed);
            let shared = served && self.shared.load(Ordering::Relaxed);
            match moment(&self.head) {
                Some(since) if !shared => Some((at(since, deadlines.header), Missed::Header)),
                None if !served => Some((at(0, deadlines.first_byte), Missed::FirstByte)),
                None | Some(_) => {
                    let since = self.idle.load(Ordering::Relaxed);
                    Some((at(since, deadlines.keep_alive), Missed::KeepAlive))
                }
            }
        };
        [write, read, age].into_iter().flatten().min_by_key(|(due, _)| *due)
    }

    fn moment(&self) -> u64 {
        u64::try_from(self.born.elapsed().as_micros()).unwrap_or(NEVER - 1)
    }
}

/// Held while a request is served, and by a stream for as long as it lives: the connection is not idle.
#[must_use]
pub(super) struct Busy(Arc<Pulse>);

impl Busy {
    /// Notes that a request is being served.
    pub(super) fn new(pulse: &Arc<Pulse>) -> Self {
        pulse.serving.fetch_add(1, Ordering::Relaxed);
        pulse.served.store(true, Ordering::Relaxed);
        pulse.head.store(NEVER, Ordering::Relaxed);
        Self(Arc::clone(pulse))
    }
}

impl Clone for Busy {
    fn clone(&self) -> Self {
        Self::new(&self.0)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let pulse = &self.0;
        // The moment is noted first: who sees no request any more sees since when.
        if pulse.serving.load(Ordering::Relaxed) == 1 {
            pulse.head.store(NEVER, Ordering::Relaxed);
            pulse.idle.store(pulse.moment(), Ordering::Relaxed);
        }
        pulse.serving.fetch_sub(1, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const DEADLINES: Deadlines = Deadlines {
        first_byte: Duration::from_secs(10),
        header: Duration::from_secs(5),
        write: Duration::from_secs(20),
        keep_alive: Duration::from_secs(30),
        age: Duration::from_secs(1000),
    };

    async fn after(seconds: u64) {
        advance(Duration::from_secs(seconds)).await;
    }

    /// What is due next, in seconds from now.
    fn due(pulse: &Pulse) -> (u64, Missed) {
        let (due, missed) = pulse.due(&DEADLINES, false).unwrap();
        (due.duration_since(Instant::now()).as_millis().div_ceil(1000).try_into().unwrap(), missed)
    }

    #[tokio::test(start_paused = true)]
    async fn each_phase_has_its_deadline() {
        let pulse = Arc::new(Pulse::new(Arc::default()));
        after(4).await;
        assert_eq!(due(&pulse), (6, Missed::FirstByte));
        pulse.heard();
        after(3).await;
        pulse.heard();
        assert_eq!(due(&pulse), (2, Missed::Header), "more bytes of a head win no time");
        let busy = Busy::new(&pulse);
        assert_eq!(due(&pulse), (993, Missed::Age), "a request may take as long as it may");
        pulse.heard();
        after(100).await;
        pulse.took();
        drop(busy);
        assert_eq!(due(&pulse), (30, Missed::KeepAlive), "what was heard meanwhile is no head");
        after(10).await;
        pulse.took();
        assert_eq!(due(&pulse), (30, Missed::KeepAlive), "an answer that leaves is no idling");
        pulse.heard();
        assert_eq!(due(&pulse), (5, Missed::Header));
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_not_taken_has_a_deadline_that_progress_moves() {
        let pulse = Arc::new(Pulse::new(Arc::default()));
        let _busy = Busy::new(&pulse);
        pulse.stalls();
        after(15).await;
        pulse.stalls();
        assert_eq!(due(&pulse), (5, Missed::Write), "trying again wins no time");
        pulse.took();
        assert_eq!(due(&pulse).1, Missed::Age);
        pulse.stalls();
        assert_eq!(due(&pulse), (20, Missed::Write));
    }

    #[tokio::test(start_paused = true)]
    async fn many_may_hold_it_busy() {
        let pulse = Arc::new(Pulse::new(Arc::default()));
        let busy = Busy::new(&pulse);
        let stream = busy.clone();
        drop(busy);
        after(60).await;
        assert_eq!(due(&pulse).1, Missed::Age);
        drop(stream);
        assert_eq!(due(&pulse), (30, Missed::KeepAlive));
    }

    #[tokio::test(start_paused = true)]
    async fn frames_between_requests_are_no_head_and_no_reason_to_stay() {
        let pulse = Arc::new(Pulse::new(Arc::default()));
        pulse.heard();
        assert_eq!(due(&pulse), (5, Missed::Header), "the first request must come in time");
        drop(Busy::new(&pulse));
        pulse.share();
        after(20).await;
        pulse.heard();
        assert_eq!(due(&pulse), (10, Missed::KeepAlive));
    }

    #[tokio::test(start_paused = true)]
    async fn age_is_met_once() {
        let pulse = Arc::new(Pulse::new(Arc::default()));
        let _busy = Busy::new(&pulse);
        assert_eq!(due(&pulse), (1000, Missed::Age));
        assert!(pulse.due(&DEADLINES, true).is_none());
    }
}
