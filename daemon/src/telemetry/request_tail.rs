//! Requests as they are answered, for whoever watches. Without a watcher a request pays for one look at a number.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use mcpd_ipc::feed::{RequestBatch, RequestLine};
use tokio::sync::broadcast::{self, error::TryRecvError};

use super::RequestFinished;

/// Requests that wait for watchers at most; who is further behind skips.
const WAITING: usize = 4096;

/// Where requests can be watched.
#[derive(Debug)]
pub struct RequestTail {
    watchers: Arc<AtomicUsize>,
    sender: broadcast::Sender<Arc<RequestLine>>,
}

/// Somebody who watches. Requests are kept for it until it goes.
#[derive(Debug)]
pub struct Tailed {
    watchers: Arc<AtomicUsize>,
    receiver: broadcast::Receiver<Arc<RequestLine>>,
}

impl Default for RequestTail {
    fn default() -> Self {
        // Slow watchers lose the oldest; who is served never waits for them.
        Self { watchers: Arc::default(), sender: broadcast::Sender::new(WAITING) }
    }
}

impl RequestTail {
    /// Begins to watch.
    pub fn watch(&self) -> Tailed {
        let tailed = Tailed { watchers: Arc::clone(&self.watchers), receiver: self.sender.subscribe() };
        self.watchers.fetch_add(1, Ordering::Relaxed);
        tailed
    }

    /// Tells those who watch of a request.
    pub(super) fn tell(&self, finished: &RequestFinished<'_>) {
        if self.watchers.load(Ordering::Relaxed) > 0 {
            // The last watcher may have gone this moment.
            let _ = self.sender.send(Arc::new(line(finished)));
        }
    }
}

fn line(finished: &RequestFinished<'_>) -> RequestLine {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    RequestLine {
        at: i64::try_from(since.as_millis()).unwrap_or(i64::MAX),
        request: finished.request.to_string(),
        method: finished.method.to_owned(),
        tool: finished.tool.map(str::to_owned),
        key: finished.principal.map(str::to_owned),
        peer: finished.peer.to_string(),
        outcome: finished.outcome.as_str().to_owned(),
        status: finished.status,
        duration_ms: finished.duration.as_secs_f64() * 1e3,
    }
}

impl Tailed {
    /// Returns what has come since the last time, the newest `most` of it.
    pub fn take(&mut self, most: usize) -> RequestBatch {
        let (mut skipped, mut requests) = (0, std::collections::VecDeque::new());
        loop {
            match self.receiver.try_recv() {
                Ok(line) => {
                    if requests.len() == most {
                        requests.pop_front();
                        skipped += 1;
                    }
                    requests.push_back(line);
                }
                Err(TryRecvError::Lagged(missed)) => skipped += missed,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        let requests = requests.into_iter().map(|line| RequestLine::clone(&line)).collect();
        RequestBatch { skipped, requests }
    }
}

impl Drop for Tailed {
    fn drop(&mut self) {
        self.watchers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::telemetry::{Origin, Outcome, Recorder, RequestIds};

    fn answer(recorder: &Recorder, ids: &RequestIds) {
        let request = ids.next();
        let (peer, duration) = (Origin::User(7), Duration::from_millis(2));
        RequestFinished {
            request,
            method: "ping",
            tool: None,
            principal: None,
            key: None,
            peer,
            outcome: Outcome::Success,
            status: None,
            duration,
        }
        .emit(recorder);
    }

    #[test]
    fn who_watches_sees_the_newest_and_how_much_it_missed() {
        let (recorder, ids) = (Recorder::default(), RequestIds::default());
        answer(&recorder, &ids);
        let mut tailed = recorder.tail().watch();
        assert_eq!(tailed.take(9).requests, [], "what came before is not kept");
        (0..5).for_each(|_| answer(&recorder, &ids));
        let batch = tailed.take(3);
        let seen: Vec<_> = batch.requests.iter().map(|one| one.request.rsplit('-').next().unwrap()).collect();
        assert_eq!((batch.skipped, seen), (2, vec!["4", "5", "6"]));
        assert_eq!((batch.requests[0].peer.as_str(), batch.requests[0].duration_ms), ("uid 7", 2.0));
        (0..WAITING + 10).for_each(|_| answer(&recorder, &ids));
        let batch = tailed.take(usize::MAX);
        assert_eq!(batch.skipped + batch.requests.len() as u64, WAITING as u64 + 10);
        drop(tailed);
        answer(&recorder, &ids);
        assert_eq!(recorder.tail().sender.len(), 0, "without a watcher nothing is kept");
    }
}
