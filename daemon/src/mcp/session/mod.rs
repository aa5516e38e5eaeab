//! Legacy sessions: what `initialize` opens. A session is bound to the principal that opened it; it remembers what was
//! negotiated, and carries what the server has to say on its own.

mod survival;
mod table;
mod track;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering},
};

use bytes::Bytes;
use parking_lot::Mutex;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(super) use table::Opening;
pub use table::{SessionView, Sessions};
pub use track::{Reader, Track};

use super::{Revision, RpcError, exchange::Exchange};
use crate::{
    auth::Principal,
    tools::{LogLevel, Wish},
};
use track::{Kept, Kind};

/// Event streams a session keeps; beyond, the oldest that ended can no longer be resumed.
const TRACKS: usize = 32;
/// Resources one session may subscribe to.
pub(super) const SUBSCRIPTIONS: usize = 256;
/// What a client hears of the log that never asked for another level.
const LEVEL: LogLevel = LogLevel::Notice;

/// One legacy session.
#[derive(Debug)]
pub struct Session {
    /// 128 random bits in hexadecimal.
    pub id: String,
    /// Who opened it.
    pub principal: Arc<Principal>,
    /// The revision negotiated.
    pub revision: Revision,
    /// What the client calls itself, not verified.
    pub client: String,
    /// What the client declared that it can.
    pub(super) abilities: Abilities,
    /// Requests under way in either direction.
    pub exchange: Exchange,
    /// Fires when it ends, by DELETE, by idling, or by a revoked key.
    pub ended: CancellationToken,
    level: AtomicU8,
    /// Resources whose changes the client wants to hear of.
    subscribed: Mutex<Vec<String>>,
    /// When it was opened, UTC milliseconds.
    created_at: i64,
    /// Nanoseconds since the table was made, negative before: a clock that never jumps, fine enough to tell who idles
    /// longest.
    last_used: AtomicI64,
    /// Whether something changed that the store does not know yet.
    changed: AtomicBool,
    way: Way,
}

/// What a client of an older revision declared in `initialize`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Abilities {
    pub(super) elicitation: bool,
    pub(super) sampling: bool,
    pub(super) roots: bool,
}

impl Abilities {
    /// Reads the capabilities a client declares.
    pub(super) fn declared(raw: Option<&RawValue>) -> Result<Self, RpcError> {
        #[derive(Default, Deserialize)]
        struct Declared {
            elicitation: Option<IgnoredAny>,
            sampling: Option<IgnoredAny>,
            roots: Option<IgnoredAny>,
        }
        let Some(raw) = raw.filter(|raw| raw.get() != "{}") else { return Ok(Self::default()) };
        let declared: Declared = serde_json::from_str(raw.get())
            .map_err(|error| RpcError::InvalidParams(format!("capabilities: {error}")))?;
        Ok(Self {
            elicitation: declared.elicitation.is_some(),
            sampling: declared.sampling.is_some(),
            roots: declared.roots.is_some(),
        })
    }

    pub(super) fn can(self, wish: Wish) -> bool {
        match wish {
            Wish::Elicitation => self.elicitation,
            Wish::Sampling => self.sampling,
            Wish::Roots => self.roots,
        }
    }

    /// Returns the words the store keeps.
    fn words(self) -> Vec<String> {
        let all = [Wish::Elicitation, Wish::Sampling, Wish::Roots];
        all.into_iter().filter(|wish| self.can(*wish)).map(|wish| wish.capability().to_owned()).collect()
    }

    fn of_words(words: &[String]) -> Self {
        let has = |wish: Wish| words.iter().any(|word| word == wish.capability());
        Self { elicitation: has(Wish::Elicitation), sampling: has(Wish::Sampling), roots: has(Wish::Roots) }
    }
}

/// How messages reach the client that answer nothing.
#[derive(Debug)]
enum Way {
    /// Over event streams that the client opens.
    Events(Events),
    /// Over the stream the session lives on.
    Stream(mpsc::Sender<Bytes>),
}

#[derive(Debug)]
struct Events {
    tracks: Mutex<Vec<Arc<Track>>>,
    last: AtomicU64,
    kept: Arc<Kept>,
}

impl Events {
    fn open(&self, kind: Kind) -> Arc<Track> {
        let track = Track::new(self.last.fetch_add(1, Ordering::Relaxed), kind, &self.kept);
        let mut tracks = self.tracks.lock();
        tracks.retain(|old| !old.is_past());
        if tracks.len() >= TRACKS {
            // What ended is missed least, then what nobody reads, then what is oldest.
            let ended = tracks.iter().position(|old| old.has_ended());
            let left = || tracks.iter().position(|old| old.kind == Kind::Standing && !old.is_read());
            let oldest = ended.or_else(left).unwrap_or(0);
            let forgotten = tracks.remove(oldest);
            // An answer on its way still reaches its client; a stream that would hear nothing more ends.
            if forgotten.kind == Kind::Standing {
                forgotten.hang_up();
            }
        }
        tracks.push(Arc::clone(&track));
        track
    }
}

/// Reads where a client goes on: a stream, and its first event not seen. An id without an event is that of the
/// beginning.
pub(crate) fn read_event_id(text: &str) -> Option<(u64, u64)> {
    let (track, event) = text.split_once('-')?;
    let next = if event.is_empty() { 0 } else { event.parse::<u64>().ok()?.saturating_add(1) };
    Some((track.parse().ok()?, next))
}

impl Session {
    /// Opens a stream that hears what the server has to say on its own. With the id of the last event of an earlier
    /// stream, that one is taken up again if it is still known.
    pub fn listen(&self, last_event: Option<&str>) -> Option<Reader> {
        let Way::Events(events) = &self.way else { return None };
        if let Some((number, next)) = last_event.and_then(read_event_id) {
            let known = events.tracks.lock().iter().find(|track| track.number == number).map(Arc::clone);
            if let Some(track) = known {
                return Some(track.read(next));
            }
        }
        Some(events.open(Kind::Standing).read(0))
    }

    /// Opens the stream that answers one request, if the session has streams.
    pub fn answer_stream(&self) -> Option<Arc<Track>> {
        let Way::Events(events) = &self.way else { return None };
        Some(events.open(Kind::Call))
    }

    /// Keeps an answer that is streamed whole, and returns the number of its stream, for a client that loses it on the
    /// way.
    pub fn keep_answer(&self, answer: &Bytes) -> Option<u64> {
        let track = self.answer_stream()?;
        track.sent(answer.clone());
        Some(track.number)
    }

    /// Answers whether its client may be told an event without data, which is only an id to come back with.
    pub fn primes(&self) -> bool {
        self.revision >= Revision::V2025_11_25
    }

    /// Returns the least severe level its client wants to hear.
    pub(super) fn level(&self) -> LogLevel {
        LogLevel::of_rank(self.level.load(Ordering::Relaxed)).unwrap_or(LEVEL)
    }

    pub(super) fn set_level(&self, level: LogLevel) {
        self.level.store(level as u8, Ordering::Relaxed);
        self.changed.store(true, Ordering::Relaxed);
    }

    /// Subscribes to a resource; `false` when the client has as many as it may.
    pub(super) fn subscribe(&self, uri: &str) -> bool {
        let mut subscribed = self.subscribed.lock();
        if subscribed.iter().any(|known| known == uri) {
            return true;
        }
        if subscribed.len() >= SUBSCRIPTIONS {
            return false;
        }
        subscribed.push(uri.to_owned());
        self.changed.store(true, Ordering::Relaxed);
        true
    }

    pub(super) fn unsubscribe(&self, uri: &str) {
        self.subscribed.lock().retain(|known| known != uri);
        self.changed.store(true, Ordering::Relaxed);
    }

    pub(super) fn subscriptions(&self) -> Vec<String> {
        self.subscribed.lock().clone()
    }

    /// Tells the client something on one of its streams: one that is read, else one it may come back to. A client
    /// without any misses it.
    pub(super) fn tell(&self, message: &Bytes) {
        match &self.way {
            Way::Stream(sender) => drop(sender.try_send(message.clone())),
            Way::Events(events) => {
                let tracks = events.tracks.lock();
                let standing = || tracks.iter().filter(|track| track.kind == Kind::Standing);
                let read = standing().find(|track| track.is_read());
                if let Some(track) = read.or_else(|| standing().find(|track| !track.is_past())) {
                    track.push_once(message);
                }
            }
        }
    }

    /// Tells the client a line of log if its level lets it through.
    fn log(&self, level: LogLevel, message: &Bytes) {
        if level >= self.level() {
            self.tell(message);
        }
    }

    /// Answers whether somebody listens on it now.
    fn is_heard(&self) -> bool {
        match &self.way {
            Way::Stream(sender) => !sender.is_closed(),
            Way::Events(events) => {
                let mut tracks = events.tracks.lock();
                tracks.retain(|track| !track.is_past());
                tracks.iter().any(|track| track.is_read())
            }
        }
    }
}
