//! One event stream of a session: its events numbered, the last of them kept, so that a client that lost its
//! connection goes on where it was (MCP 2025-11-25, Resumability and Redelivery).

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// Events nobody has read yet that a stream holds; the oldest give way.
const UNREAD: usize = 64;
/// Events a stream keeps after they were read.
const KEPT: usize = 64;
/// Bytes of all events of all sessions that are kept after they were read.
const KEPT_BYTES: usize = 64 * 1024 * 1024;
/// How long a stream that ended, or that nobody reads, can be resumed.
pub(super) const RESUMABLE: Duration = Duration::from_secs(60);

/// What streams carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The answer to one request and what is said on the way.
    Call,
    /// What the server says on its own.
    Standing,
}

/// Bytes kept for clients that may come back, of all sessions together.
#[derive(Debug, Default)]
pub(super) struct Kept(AtomicUsize);

/// An event stream.
#[derive(Debug)]
pub struct Track {
    pub(super) number: u64,
    pub(super) kind: Kind,
    state: Mutex<State>,
    more: Notify,
    kept: Arc<Kept>,
}

#[derive(Debug)]
struct State {
    events: VecDeque<Bytes>,
    /// Number of the first event held.
    first: u64,
    /// Number of the first event nobody has read.
    unread: u64,
    ended: bool,
    /// Which reader reads; an earlier one is replaced by its client's next connection.
    reader: u64,
    reading: bool,
    touched: Instant,
}

impl State {
    fn next(&self) -> u64 {
        self.first + self.events.len() as u64
    }
}

/// One connection that reads a stream.
#[derive(Debug)]
pub struct Reader {
    track: Arc<Track>,
    position: u64,
    number: u64,
    begins: bool,
}

impl Track {
    pub(super) fn new(number: u64, kind: Kind, kept: &Arc<Kept>) -> Arc<Self> {
        let state = State {
            events: VecDeque::new(),
            first: 0,
            unread: 0,
            ended: false,
            reader: 0,
            reading: false,
            touched: Instant::now(),
        };
        Arc::new(Self { number, kind, state: Mutex::new(state), more: Notify::new(), kept: Arc::clone(kept) })
    }

    /// Adds an event.
    pub fn push(&self, event: Bytes) {
        let mut state = self.state.lock();
        self.kept.0.fetch_add(event.len(), Ordering::Relaxed);
        state.events.push_back(event);
        state.touched = Instant::now();
        self.trim(&mut state);
        drop(state);
        self.more.notify_waiters();
    }

    /// Adds the only event, which is being sent, and ends the stream.
    pub(super) fn sent(&self, event: Bytes) {
        self.push(event);
        let mut state = self.state.lock();
        state.unread = state.next();
        state.ended = true;
        self.trim(&mut state);
    }

    /// Adds an event unless the same waits to be read already: what says only that something changed need not be said
    /// twice.
    pub(super) fn push_once(&self, event: &Bytes) {
        let known = {
            let state = self.state.lock();
            let read = usize::try_from(state.unread.saturating_sub(state.first)).unwrap_or(usize::MAX);
            state.events.iter().skip(read).any(|waiting| waiting == event)
        };
        if !known {
            self.push(event.clone());
        }
    }

    /// Ends the stream after what it holds.
    pub fn end(&self) {
        self.state.lock().ended = true;
        self.more.notify_waiters();
    }

    /// Returns a reader of everything.
    pub fn reader(self: &Arc<Self>) -> Reader {
        self.read(0)
    }

    /// Returns a reader from event `position` on; whoever read before reads no more.
    pub(super) fn read(self: &Arc<Self>, position: u64) -> Reader {
        let mut state = self.state.lock();
        state.reader += 1;
        state.reading = true;
        let number = state.reader;
        // An id of the future is none of ours: who shows it reads on from now.
        let position = position.min(state.next());
        let begins = position == 0 && state.next() == 0;
        drop(state);
        self.more.notify_waiters();
        Reader { track: Arc::clone(self), position, number, begins }
    }

    /// Ends the connection that reads, not the stream: its client comes back for the rest.
    pub fn hang_up(&self) {
        let mut state = self.state.lock();
        state.reader += 1;
        state.reading = false;
        state.touched = Instant::now();
        drop(state);
        self.more.notify_waiters();
    }

    /// Answers whether a connection reads it and keeps up.
    pub(super) fn is_read(&self) -> bool {
        let state = self.state.lock();
        state.reading && state.next() - state.unread < UNREAD as u64
    }

    /// Answers whether nobody will come back for it.
    pub(super) fn is_past(&self) -> bool {
        let state = self.state.lock();
        !state.reading && (state.ended || self.kind == Kind::Standing) && state.touched.elapsed() > RESUMABLE
    }

    pub(super) fn has_ended(&self) -> bool {
        self.state.lock().ended
    }

    fn trim(&self, state: &mut State) {
        loop {
            let read = state.unread.saturating_sub(state.first) as usize;
            let too_many = read > KEPT || state.events.len() - read > UNREAD;
            let held = read > 0 || !state.reading;
            let too_much = held && self.kept.0.load(Ordering::Relaxed) > KEPT_BYTES;
            if !too_many && !too_much {
                return;
            }
            let Some(gone) = state.events.pop_front() else { return };
            self.kept.0.fetch_sub(gone.len(), Ordering::Relaxed);
            state.first += 1;
            state.unread = state.unread.max(state.first);
        }
    }
}

impl Drop for Track {
    fn drop(&mut self) {
        let held: usize = self.state.get_mut().events.iter().map(Bytes::len).sum();
        self.kept.0.fetch_sub(held, Ordering::Relaxed);
    }
}

impl Reader {
    /// Returns the next event and its number; `None` at the end, or when a later reader took over.
    pub async fn next(&mut self) -> Option<(u64, Bytes)> {
        let track = Arc::clone(&self.track);
        loop {
            let mut more = std::pin::pin!(track.more.notified());
            more.as_mut().enable();
            {
                let mut state = track.state.lock();
                if state.reader != self.number {
                    return None;
                }
                self.position = self.position.max(state.first);
                let at = usize::try_from(self.position - state.first).unwrap_or(usize::MAX);
                if let Some(event) = state.events.get(at).cloned() {
                    let number = self.position;
                    self.position += 1;
                    state.unread = state.unread.max(self.position);
                    track.trim(&mut state);
                    return Some((number, event));
                }
                if state.ended {
                    return None;
                }
            }
            more.await;
        }
    }

    /// Answers whether nothing was on the stream yet, so that its client has no id to come back with.
    pub fn begins(&self) -> bool {
        self.begins
    }

    /// Answers whether the stream ends with an answer, which is waited for.
    pub fn answers(&self) -> bool {
        self.track.kind == Kind::Call
    }

    /// Returns the number of the stream.
    pub fn track(&self) -> u64 {
        self.track.number
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.track.state.lock();
        if state.reader == self.number {
            state.reading = false;
            state.touched = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn track() -> Arc<Track> {
        Track::new(1, Kind::Call, &Arc::default())
    }

    #[tokio::test]
    async fn a_reader_that_comes_back_goes_on_where_it_was() {
        let track = track();
        track.push("a".into());
        let mut first = track.read(0);
        assert_eq!(first.next().await, Some((0, "a".into())));
        track.push("b".into());
        drop(first);
        track.push("c".into());
        track.end();
        let mut again = track.read(1);
        assert_eq!(again.next().await, Some((1, "b".into())));
        assert_eq!(again.next().await, Some((2, "c".into())));
        assert_eq!(again.next().await, None);
        let mut from_the_start = track.read(0);
        assert_eq!(from_the_start.next().await, Some((0, "a".into())));
    }

    #[tokio::test]
    async fn a_later_reader_takes_over() {
        let track = track();
        let mut old = track.read(0);
        let waiting = tokio::spawn(async move { old.next().await });
        tokio::task::yield_now().await;
        let mut new = track.read(0);
        assert_eq!(waiting.await.unwrap(), None);
        track.push("a".into());
        assert_eq!(new.next().await, Some((0, "a".into())));
    }

    #[tokio::test]
    async fn what_is_held_is_bounded() {
        let track = track();
        (0..1000).for_each(|number: u64| track.push(number.to_string().into()));
        let mut reader = track.read(0);
        let (first, event) = reader.next().await.unwrap();
        assert_eq!((first, event), (1000 - UNREAD as u64, Bytes::from((1000 - UNREAD).to_string())));
        for _ in 1..UNREAD {
            reader.next().await.unwrap();
        }
        track.end();
        assert_eq!(reader.next().await, None);
        let kept = Arc::clone(&track.kept);
        assert!(kept.0.load(Ordering::Relaxed) > 0);
        drop((reader, track));
        assert_eq!(kept.0.load(Ordering::Relaxed), 0, "what was kept is given back");
    }

    #[test]
    fn the_same_news_wait_once() {
        let track = track();
        let news = Bytes::from_static(b"changed");
        track.push_once(&news);
        track.push_once(&news);
        assert_eq!(track.state.lock().events.len(), 1);
    }
}
