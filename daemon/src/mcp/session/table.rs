//! Every legacy session. Clients forget to end them, so they are capped and expire when idle; those that came over HTTP
//! are kept in the store, so that a restart does not end them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use dashmap::DashMap;
use mcpd_config::Limits;
use parking_lot::Mutex;
use rand::Rng;
use tokio::sync::mpsc;

use super::{Abilities, Events, Kept, LEVEL, Session, Way};
use crate::{
    auth::{Principal, PrincipalId},
    guard::Denied,
    mcp::Revision,
    store::{Store, now},
    tools::LogLevel,
};

/// Every legacy session.
pub struct Sessions {
    pub(super) table: DashMap<String, Arc<Session>>,
    /// The sessions of each principal that has any.
    own: DashMap<PrincipalId, Vec<Arc<Session>>>,
    kept: Arc<Kept>,
    /// Where they survive; absent where every session lives and dies with its stream.
    pub(super) store: Option<Store>,
    /// Sessions that ended and that the store still has.
    pub(super) gone: Mutex<Vec<String>>,
    began: Instant,
    limit: AtomicUsize,
    limit_per_key: AtomicUsize,
    pub(super) idle_millis: AtomicU64,
}

/// What `initialize` says about a session to open.
pub(in crate::mcp) struct Opening<'a> {
    pub(in crate::mcp) principal: &'a Arc<Principal>,
    pub(in crate::mcp) revision: Revision,
    pub(in crate::mcp) client: String,
    pub(in crate::mcp) abilities: Abilities,
    /// The stream it lives on; absent over HTTP, where the client opens its own.
    pub(in crate::mcp) stream: Option<mpsc::Sender<Bytes>>,
}

/// A session as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionView {
    /// Its id.
    pub id: String,
    /// Name of the principal.
    pub principal: Arc<str>,
    /// What the client calls itself.
    pub client: String,
    /// The revision negotiated.
    pub revision: &'static str,
    /// When it was opened, UTC milliseconds.
    pub created_at: i64,
    /// When a request named it last, UTC milliseconds.
    pub last_used_at: i64,
    /// Whether somebody reads one of its streams.
    pub heard: bool,
    /// Resources it is subscribed to.
    pub subscriptions: usize,
}

impl Sessions {
    /// Makes an empty table.
    pub fn new(limits: &Limits, store: Option<Store>) -> Self {
        let sessions = Self {
            table: DashMap::new(),
            own: DashMap::new(),
            kept: Arc::default(),
            store,
            gone: Mutex::default(),
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

    pub(super) fn events(&self) -> Way {
        // Numbers begin anew with each start, far enough apart that an id of an earlier start names no stream of this.
        let first = u64::from(rand::random::<u32>()) << 20;
        let (last, kept) = (AtomicU64::new(first), Arc::clone(&self.kept));
        Way::Events(Events { tracks: Mutex::default(), last, kept })
    }

    /// Opens a session. When the principal has as many as it may, its longest idle one makes room; when all places are
    /// taken by others, it is refused.
    pub(in crate::mcp) fn open(&self, opening: Opening<'_>) -> Result<Arc<Session>, Denied> {
        let Opening { principal, revision, client, abilities, stream } = opening;
        // A session that lives on a stream ends with it, and there is one for each: connections bound them.
        if stream.is_none() {
            self.make_room(&principal.id)?;
        }
        let mut random = [0u8; 16];
        rand::rng().fill_bytes(&mut random);
        let session = Arc::new(Session {
            id: random.iter().map(|byte| format!("{byte:02x}")).collect(),
            principal: Arc::clone(principal),
            revision,
            client,
            abilities,
            exchange: Default::default(),
            ended: principal.revoked.child_token(),
            level: AtomicU8::new(LEVEL as u8),
            subscribed: Mutex::default(),
            created_at: now(),
            last_used: AtomicI64::new(self.now()),
            changed: AtomicBool::new(false),
            way: stream.map_or_else(|| self.events(), Way::Stream),
        });
        self.insert(&session);
        Ok(session)
    }

    fn make_room(&self, principal: &PrincipalId) -> Result<(), Denied> {
        let full = self.table.len() >= self.limit.load(Ordering::Relaxed);
        let idlest = {
            let own = self.own.get(principal);
            let own = own.as_ref().map_or(&[][..], |own| own.as_slice());
            let mut own = own.iter().filter(|session| matches!(session.way, Way::Events(_)));
            if !full && own.clone().count() < self.limit_per_key.load(Ordering::Relaxed) {
                return Ok(());
            }
            let idlest = own.by_ref().min_by_key(|session| session.last_used.load(Ordering::Relaxed));
            idlest.ok_or(Denied::Sessions)?.id.clone()
        };
        self.end(&idlest);
        Ok(())
    }

    pub(super) fn insert(&self, session: &Arc<Session>) {
        self.own.entry(session.principal.id.clone()).or_default().push(Arc::clone(session));
        self.table.insert(session.id.clone(), Arc::clone(session));
    }

    /// Returns the session of that id if it is the principal's own.
    pub fn find(&self, id: &str, principal: &PrincipalId) -> Option<Arc<Session>> {
        let session = self.table.get(id)?;
        if session.principal.id != *principal || session.ended.is_cancelled() {
            return None;
        }
        // A client that only listens is there all the same.
        if self.expired(&session) && !session.is_heard() {
            return None;
        }
        session.last_used.store(self.now(), Ordering::Relaxed);
        session.changed.store(true, Ordering::Relaxed);
        Some(Arc::clone(&session))
    }

    /// Ends a session.
    pub fn end(&self, id: &str) {
        if let Some((_, session)) = self.table.remove(id) {
            self.ended(&session);
        }
    }

    /// Ends every session of a principal and returns how many there were.
    pub fn end_all_of(&self, principal: &PrincipalId) -> usize {
        let own = self.own.get(principal).map(|own| own.clone()).unwrap_or_default();
        own.iter().for_each(|session| self.end(&session.id));
        own.len()
    }

    /// Ends sessions that idle, except those somebody listens on.
    pub fn expire(&self) {
        let mut past = Vec::new();
        self.table.retain(|_, session| {
            let keep = !session.ended.is_cancelled() && (session.is_heard() || !self.expired(session));
            if !keep {
                past.push(Arc::clone(session));
            }
            keep
        });
        past.iter().for_each(|session| self.ended(session));
        self.table.shrink_to_fit();
        self.own.shrink_to_fit();
    }

    /// What follows when a session has left the table.
    fn ended(&self, session: &Arc<Session>) {
        session.ended.cancel();
        if let Some(mut own) = self.own.get_mut(&session.principal.id) {
            own.retain(|other| other.id != session.id);
        }
        self.own.remove_if(&session.principal.id, |_, own| own.is_empty());
        if self.store.is_some() && matches!(session.way, Way::Events(_)) {
            self.gone.lock().push(session.id.clone());
        }
    }

    /// Returns every session, oldest first.
    pub fn list(&self) -> Vec<SessionView> {
        let view = |session: &Arc<Session>| SessionView {
            id: session.id.clone(),
            principal: session.principal.name(),
            client: session.client.clone(),
            revision: session.revision.as_str(),
            created_at: session.created_at,
            last_used_at: self.last_used_at(session),
            heard: session.is_heard(),
            subscriptions: session.subscribed.lock().len(),
        };
        let mut all: Vec<_> = self.table.iter().map(|session| view(&session)).collect();
        all.sort_by(|left, right| (left.created_at, &left.id).cmp(&(right.created_at, &right.id)));
        all
    }

    /// Returns when a session was last named by a request, UTC milliseconds.
    pub(super) fn last_used_at(&self, session: &Session) -> i64 {
        now().saturating_sub(self.now().saturating_sub(session.last_used.load(Ordering::Relaxed)) / 1_000_000)
    }

    /// Tells every session a line of log.
    pub fn log_all(&self, level: LogLevel, text: &str) {
        let message = super::super::voice::log_message(level, text);
        self.table.iter().for_each(|session| session.log(level, &message));
    }

    /// Tells something to every session whose principal `may` know it.
    pub(in crate::mcp) fn tell_all(&self, may: impl Fn(&Principal) -> bool, message: &Bytes) {
        let knowing = self.table.iter().filter(|session| may(&session.principal));
        knowing.for_each(|session| session.tell(message));
    }

    /// Returns every session that subscribed to a resource.
    pub(in crate::mcp) fn subscribed(&self) -> Vec<Arc<Session>> {
        let all = self.table.iter().filter(|session| !session.subscribed.lock().is_empty());
        all.map(|session| Arc::clone(&session)).collect()
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.table.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    pub(super) fn now(&self) -> i64 {
        nanos(self.began.elapsed())
    }

    fn expired(&self, session: &Session) -> bool {
        let idle = self.now().saturating_sub(session.last_used.load(Ordering::Relaxed));
        let allowed = Duration::from_millis(self.idle_millis.load(Ordering::Relaxed));
        idle > nanos(allowed)
    }
}

pub(super) fn nanos(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn sessions(change: impl Fn(&mut Limits)) -> Sessions {
        let mut limits = mcpd_config::Config::load(None, &[]).unwrap().limits;
        change(&mut limits);
        Sessions::new(&limits, None)
    }

    pub(in crate::mcp::session) fn key(id: &str) -> Arc<Principal> {
        let mut principal = Principal::anonymous();
        principal.id = PrincipalId::Key(id.into());
        Arc::new(principal)
    }

    pub(in crate::mcp::session) fn open(
        sessions: &Sessions,
        principal: &Arc<Principal>,
    ) -> Result<Arc<Session>, Denied> {
        let abilities = Abilities { roots: true, ..Abilities::default() };
        let (revision, client) = (Revision::V2025_11_25, "test".to_owned());
        sessions.open(Opening { principal, revision, client, abilities, stream: None })
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
        assert_eq!(sessions.end_all_of(&mine.id), 2);
        assert!(!sessions.own.contains_key(&mine.id), "who has none is not remembered");
    }

    #[test]
    fn idle_sessions_end_unless_somebody_listens() {
        let sessions = sessions(|limits| limits.session_idle = Duration::ZERO);
        let who = key("mine");
        let (left, heard) = (open(&sessions, &who).unwrap(), open(&sessions, &who).unwrap());
        let _stream = heard.listen(None).unwrap();
        std::thread::sleep(Duration::from_millis(5));
        sessions.expire();
        assert!(left.ended.is_cancelled() && !heard.ended.is_cancelled());
        assert_eq!(sessions.len(), 1);
    }

    #[tokio::test]
    async fn a_stream_hears_what_its_level_lets_through_and_a_second_one_steals_nothing() {
        let sessions = sessions(|_| {});
        let session = open(&sessions, &key("mine")).unwrap();
        let (mut first, mut second) = (session.listen(None).unwrap(), session.listen(None).unwrap());
        session.set_level(LogLevel::Error);
        sessions.log_all(LogLevel::Notice, "unheard");
        session.set_level(LogLevel::Notice);
        sessions.log_all(LogLevel::Notice, "heard");
        let (_, heard) = first.next().await.unwrap();
        assert!(String::from_utf8_lossy(&heard).contains("\"data\":\"heard\""));
        let nothing = tokio::time::timeout(Duration::from_millis(1), second.next()).await;
        assert!(nothing.is_err(), "each message goes to one stream");
    }
}
