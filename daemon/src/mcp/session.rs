//! Legacy sessions: what `initialize` opens. Bound to the principal that opened them; a foreign id answers like an
//! unknown one. Clients forget to end them, so they are capped and expire when idle.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use dashmap::DashMap;
use mcpd_config::Limits;
use parking_lot::Mutex;
use rand::Rng;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::Revision;
use crate::{
    auth::{Principal, PrincipalId},
    guard::Denied,
};

/// Messages a stream may fall behind; one that reads slower misses the rest.
const STREAM_QUEUE: usize = 16;

/// Log levels of MCP, least severe first (RFC 5424).
const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
/// Index of `info`: what a client hears that never asked for another level.
const INFO: u8 = 1;

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
    /// Fires when it ends, by DELETE, by idling, or by a revoked key.
    pub ended: CancellationToken,
    level: AtomicU8,
    /// Nanoseconds since the table was made: a clock that never jumps, fine enough to tell who idles longest.
    last_used: AtomicU64,
    streams: Mutex<Vec<mpsc::Sender<Bytes>>>,
}

/// A session as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Its id.
    pub id: String,
    /// Name of the principal.
    pub principal: String,
    /// What the client calls itself.
    pub client: String,
    /// The revision negotiated.
    pub revision: &'static str,
}

impl Session {
    /// Opens a stream that hears what the server has to say on its own.
    pub fn listen(&self) -> mpsc::Receiver<Bytes> {
        let (sender, receiver) = mpsc::channel(STREAM_QUEUE);
        self.streams.lock().push(sender);
        receiver
    }

    /// Sets the least severe level the client wants to hear; `false` for a word that is no level.
    pub(super) fn set_level(&self, level: &str) -> bool {
        let Some(index) = LEVELS.iter().position(|known| *known == level) else { return false };
        self.level.store(index as u8, Ordering::Relaxed);
        true
    }

    /// Tells one of the session's streams, the first that listens, a line of log. A client without a stream misses it.
    fn notify(&self, level: &str, text: &str) {
        let severity = LEVELS.iter().position(|known| *known == level).unwrap_or(0);
        if severity < usize::from(self.level.load(Ordering::Relaxed)) {
            return;
        }
        let message = serde_json::json!({
            "jsonrpc": "2.0",
            "method": "notifications/message",
            "params": { "level": level, "logger": "mcpd", "data": text },
        });
        let message = Bytes::from(message.to_string());
        let mut streams = self.streams.lock();
        streams.retain(|stream| !stream.is_closed());
        streams.iter().any(|stream| stream.try_send(message.clone()).is_ok());
    }
}

/// Every legacy session.
pub struct Sessions {
    table: DashMap<String, Arc<Session>>,
    began: Instant,
    limit: AtomicUsize,
    limit_per_key: AtomicUsize,
    idle_millis: AtomicU64,
}

impl Sessions {
    /// Makes an empty table.
    pub fn new(limits: &Limits) -> Self {
        let sessions = Self {
            table: DashMap::new(),
            began: Instant::now(),
            limit: AtomicUsize::new(0),
            limit_per_key: AtomicUsize::new(0),
            idle_millis: AtomicU64::new(0),
        };
        sessions.reload(limits);
        sessions
    }

    /// Puts other limits in force.
    pub fn reload(&self, limits: &Limits) {
        self.limit.store(limits.sessions as usize, Ordering::Relaxed);
        self.limit_per_key.store(limits.sessions_per_key as usize, Ordering::Relaxed);
        let idle = u64::try_from(limits.session_idle.as_millis()).unwrap_or(u64::MAX);
        self.idle_millis.store(idle, Ordering::Relaxed);
    }

    /// Opens a session. When the principal has as many as it may, its longest idle one makes room; when all places are
    /// taken by others, it is refused.
    pub(super) fn open(
        &self,
        principal: &Arc<Principal>,
        revision: Revision,
        client: String,
    ) -> Result<Arc<Session>, Denied> {
        let full = self.table.len() >= self.limit.load(Ordering::Relaxed);
        let own = self.of(&principal.id);
        if full || own.len() >= self.limit_per_key.load(Ordering::Relaxed) {
            let idlest = own.iter().min_by_key(|session| session.last_used.load(Ordering::Relaxed));
            self.end(&idlest.ok_or(Denied::Sessions)?.id);
        }
        let mut random = [0u8; 16];
        rand::rng().fill_bytes(&mut random);
        let session = Arc::new(Session {
            id: random.iter().map(|byte| format!("{byte:02x}")).collect(),
            principal: Arc::clone(principal),
            revision,
            client,
            ended: principal.revoked.child_token(),
            level: AtomicU8::new(INFO),
            last_used: AtomicU64::new(self.now()),
            streams: Mutex::default(),
        });
        self.table.insert(session.id.clone(), Arc::clone(&session));
        Ok(session)
    }

    /// Returns the session of that id if it is the principal's own.
    pub fn find(&self, id: &str, principal: &PrincipalId) -> Option<Arc<Session>> {
        let session = self.table.get(id)?;
        if session.principal.id != *principal || self.expired(&session) || session.ended.is_cancelled() {
            return None;
        }
        session.last_used.store(self.now(), Ordering::Relaxed);
        Some(Arc::clone(&session))
    }

    /// Ends a session.
    pub fn end(&self, id: &str) {
        if let Some((_, session)) = self.table.remove(id) {
            session.ended.cancel();
        }
    }

    /// Ends every session of a principal and returns how many there were.
    pub fn end_all_of(&self, principal: &PrincipalId) -> usize {
        let own = self.of(principal);
        own.iter().for_each(|session| self.end(&session.id));
        own.len()
    }

    /// Ends sessions that idle, except those somebody listens on.
    pub fn expire(&self) {
        let listening = |session: &Session| {
            let mut streams = session.streams.lock();
            streams.retain(|stream| !stream.is_closed());
            !streams.is_empty()
        };
        self.table.retain(|_, session| {
            let keep = !session.ended.is_cancelled() && (listening(session) || !self.expired(session));
            if !keep {
                session.ended.cancel();
            }
            keep
        });
        self.table.shrink_to_fit();
    }

    /// Returns every session, ordered by id.
    pub fn list(&self) -> Vec<SessionView> {
        let view = |session: &Arc<Session>| SessionView {
            id: session.id.clone(),
            principal: session.principal.name.clone(),
            client: session.client.clone(),
            revision: session.revision.as_str(),
        };
        let mut all: Vec<_> = self.table.iter().map(|session| view(&session)).collect();
        all.sort_by(|left, right| left.id.cmp(&right.id));
        all
    }

    /// Tells every session a line of log.
    pub fn notify_all(&self, level: &str, text: &str) {
        self.table.iter().for_each(|session| session.notify(level, text));
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    fn of(&self, principal: &PrincipalId) -> Vec<Arc<Session>> {
        let own = self.table.iter().filter(|session| session.principal.id == *principal);
        own.map(|session| Arc::clone(&session)).collect()
    }

    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn expired(&self, session: &Session) -> bool {
        let idle = Duration::from_nanos(self.now().saturating_sub(session.last_used.load(Ordering::Relaxed)));
        idle > Duration::from_millis(self.idle_millis.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions(change: impl Fn(&mut Limits)) -> Sessions {
        let mut limits = mcpd_config::Config::load(None, &[]).unwrap().limits;
        change(&mut limits);
        Sessions::new(&limits)
    }

    fn key(id: &str) -> Arc<Principal> {
        let mut principal = Principal::anonymous();
        principal.id = PrincipalId::Key(id.into());
        Arc::new(principal)
    }

    fn open(sessions: &Sessions, who: &Arc<Principal>) -> Result<Arc<Session>, Denied> {
        sessions.open(who, Revision::V2025_11_25, "test".into())
    }

    #[test]
    fn a_foreign_session_is_like_none() {
        let sessions = sessions(|_| {});
        let (mine, other) = (key("mine"), key("other"));
        let session = open(&sessions, &mine).unwrap();
        assert_eq!(session.id.len(), 32);
        assert!(sessions.find(&session.id, &mine.id).is_some());
        assert!(sessions.find(&session.id, &other.id).is_none());
        mine.revoked.cancel();
        assert!(session.ended.is_cancelled(), "a revoked key ends its sessions");
        assert!(sessions.find(&session.id, &mine.id).is_none());
    }

    #[test]
    fn a_key_only_pushes_out_its_own() {
        let sessions = sessions(|limits| (limits.sessions, limits.sessions_per_key) = (3, 2));
        let (mine, other) = (key("mine"), key("other"));
        let first = open(&sessions, &mine).unwrap();
        open(&sessions, &mine).unwrap();
        open(&sessions, &mine).unwrap();
        assert!(first.ended.is_cancelled());
        assert_eq!(sessions.len(), 2);
        open(&sessions, &other).unwrap();
        assert_eq!(open(&sessions, &key("third")).unwrap_err(), Denied::Sessions);
    }

    #[test]
    fn idle_sessions_end_unless_somebody_listens() {
        let sessions = sessions(|limits| limits.session_idle = Duration::ZERO);
        let who = key("mine");
        let (left, heard) = (open(&sessions, &who).unwrap(), open(&sessions, &who).unwrap());
        let _stream = heard.listen();
        std::thread::sleep(Duration::from_millis(5));
        sessions.expire();
        assert!(left.ended.is_cancelled() && !heard.ended.is_cancelled());
        assert_eq!(sessions.len(), 1);
    }

    #[test]
    fn a_stream_hears_what_its_level_lets_through() {
        let sessions = sessions(|_| {});
        let session = open(&sessions, &key("mine")).unwrap();
        let mut stream = session.listen();
        assert!(session.set_level("error") && !session.set_level("loud"));
        sessions.notify_all("notice", "unheard");
        session.set_level("notice");
        sessions.notify_all("notice", "heard");
        let heard = stream.try_recv().unwrap();
        assert!(String::from_utf8_lossy(&heard).contains("\"data\":\"heard\""));
        assert!(stream.try_recv().is_err());
    }
}
