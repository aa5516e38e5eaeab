//! Open connections: counted against the limits, listed for operators, closed by them, and pushed out by newcomers while
//! nobody has been recognised on them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use mcpd_config::Limits;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use super::Denied;
use crate::{
    auth::{Peer, Principal, PrincipalId},
    telemetry::{Gauged, Recorder},
};

/// Every open connection.
pub(super) struct Connections {
    state: Mutex<State>,
    draining: CancellationToken,
    recorder: Arc<Recorder>,
}

struct State {
    open: BTreeMap<u64, Arc<Entry>>,
    /// Those of `open` on which nobody was ever recognised, longest open first.
    strangers: BTreeMap<u64, Arc<Entry>>,
    /// How many of `open` were last used by each key.
    held: HashMap<PrincipalId, usize>,
    last: u64,
    limit: usize,
    limit_per_key: usize,
    /// What the system's descriptors allow; no limit is above it.
    ceiling: usize,
}

struct Entry {
    id: u64,
    transport: Mutex<&'static str>,
    peer: Peer,
    since: i64,
    requests: AtomicU64,
    serving: Arc<AtomicU32>,
    principal: Mutex<Option<Arc<Principal>>>,
    close: CancellationToken,
    pushed_out: CancellationToken,
    /// Fires with any of the two, and when draining begins: one thing to watch at every request.
    told: CancellationToken,
}

/// A connection's place; dropping it gives the place back.
pub struct Connection {
    connections: Arc<Connections>,
    entry: Arc<Entry>,
    _counted: Gauged,
}

/// A connection as operators see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionView {
    /// Its number.
    pub id: u64,
    /// How it came in.
    pub transport: &'static str,
    /// From where.
    pub peer: Peer,
    /// Name of the principal last seen on it.
    pub principal: Option<String>,
    /// Since when, UTC milliseconds.
    pub since: i64,
    /// Requests answered on it.
    pub requests: u64,
}

impl State {
    /// Takes the place of the stranger that is here longest and waits for no answer, and returns its address.
    fn push_out(&mut self) -> Option<Peer> {
        let idle = |entry: &&Arc<Entry>| entry.serving.load(Ordering::Relaxed) == 0;
        let entry = Arc::clone(self.strangers.values().find(idle)?);
        entry.pushed_out.cancel();
        entry.told.cancel();
        self.strangers.remove(&entry.id);
        self.open.remove(&entry.id);
        Some(entry.peer)
    }

    /// Counts one connection less for a principal.
    fn release(&mut self, principal: &PrincipalId) {
        if let Some(count) = self.held.get_mut(principal) {
            *count -= 1;
            if *count == 0 {
                self.held.remove(principal);
            }
        }
    }
}

impl Entry {
    fn tell_close(&self) {
        self.close.cancel();
        self.told.cancel();
    }
}

impl Connections {
    pub(super) fn new(limits: &Limits, draining: CancellationToken, recorder: Arc<Recorder>) -> Arc<Self> {
        let state = State {
            open: BTreeMap::new(),
            strangers: BTreeMap::new(),
            held: HashMap::new(),
            last: 0,
            limit: limits.connections as usize,
            limit_per_key: limits.connections_per_key as usize,
            ceiling: usize::MAX,
        };
        Arc::new(Self { state: Mutex::new(state), draining, recorder })
    }

    pub(super) fn reload(&self, limits: &Limits) {
        let mut state = self.state.lock();
        state.limit = limits.connections as usize;
        state.limit_per_key = limits.connections_per_key as usize;
    }

    pub(super) fn set_ceiling(&self, ceiling: usize) {
        self.state.lock().ceiling = ceiling;
    }

    /// Gives a newcomer a place, and the address of the one that lost its place for it.
    pub(super) fn open(
        self: &Arc<Self>,
        peer: Peer,
        transport: &'static str,
    ) -> Result<(Connection, Option<Peer>), Denied> {
        let mut state = self.state.lock();
        let full = state.open.len() >= state.limit.min(state.ceiling);
        let pushed_out = if full { Some(state.push_out().ok_or(Denied::Connections)?) } else { None };
        state.last += 1;
        let entry = Arc::new(Entry {
            id: state.last,
            transport: Mutex::new(transport),
            peer,
            since: crate::store::now(),
            requests: AtomicU64::new(0),
            serving: Arc::default(),
            principal: Mutex::new(None),
            close: CancellationToken::new(),
            pushed_out: CancellationToken::new(),
            told: self.draining.child_token(),
        });
        state.open.insert(entry.id, Arc::clone(&entry));
        state.strangers.insert(entry.id, Arc::clone(&entry));
        let counted = self.recorder.connection();
        Ok((Connection { connections: Arc::clone(self), entry, _counted: counted }, pushed_out))
    }

    pub(super) fn list(&self) -> Vec<ConnectionView> {
        let view = |entry: &Arc<Entry>| ConnectionView {
            id: entry.id,
            transport: *entry.transport.lock(),
            peer: entry.peer,
            principal: entry.principal.lock().as_ref().map(|principal| principal.name.clone()),
            since: entry.since,
            requests: entry.requests.load(Ordering::Relaxed),
        };
        self.state.lock().open.values().map(view).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.state.lock().open.len()
    }

    pub(super) fn close(&self, id: u64) -> bool {
        let entry = self.state.lock().open.get(&id).map(Arc::clone);
        entry.inspect(|entry| entry.tell_close()).is_some()
    }

    /// Closes every connection last used by a principal.
    pub(super) fn close_all_of(&self, principal: &PrincipalId) {
        let state = self.state.lock();
        let own = state
            .open
            .values()
            .filter(|entry| entry.principal.lock().as_ref().is_some_and(|other| other.id == *principal));
        own.for_each(|entry| entry.tell_close());
    }

    /// Closes every connection whose other end is one of these.
    pub(super) fn close_all_from(&self, unwelcome: impl Fn(Peer) -> bool) {
        let state = self.state.lock();
        state.open.values().filter(|entry| unwelcome(entry.peer)).for_each(|entry| entry.tell_close());
    }

    /// Notes that `principal` uses a connection another used before, or nobody: no more of them than it may have.
    fn hand_over(&self, entry: &Entry, principal: &Arc<Principal>) -> Result<(), Denied> {
        let mut state = self.state.lock();
        if !state.open.contains_key(&entry.id) {
            // Pushed out a moment ago; its place is somebody else's.
            return Err(Denied::Connections);
        }
        let bounded = !matches!(principal.id, PrincipalId::Local(_) | PrincipalId::Anonymous);
        let limit = principal.connections.map_or(state.limit_per_key, |own| own as usize);
        if bounded && state.held.get(&principal.id).is_some_and(|held| *held >= limit) {
            return Err(Denied::Connections);
        }
        *state.held.entry(principal.id.clone()).or_default() += 1;
        state.strangers.remove(&entry.id);
        let before = entry.principal.lock().replace(Arc::clone(principal));
        if let Some(before) = before {
            state.release(&before.id);
        }
        Ok(())
    }
}

impl Connection {
    pub(super) fn used_by(&self, principal: &Arc<Principal>) -> Result<(), Denied> {
        self.entry.requests.fetch_add(1, Ordering::Relaxed);
        let same = |one: &Arc<Principal>| Arc::ptr_eq(one, principal) || one.id == principal.id;
        if self.entry.principal.lock().as_ref().is_some_and(same) {
            return Ok(());
        }
        self.connections.hand_over(&self.entry, principal)
    }

    /// Names what the connection has become, in lists.
    pub fn becomes(&self, transport: &'static str) {
        *self.entry.transport.lock() = transport;
    }

    /// Returns the token that fires when an operator closes the connection.
    pub fn closed(&self) -> &CancellationToken {
        &self.entry.close
    }

    /// Returns the token that fires with [`Self::closed`], with [`Self::pushed_out`], and when draining begins.
    pub fn told(&self) -> &CancellationToken {
        &self.entry.told
    }

    /// Returns the token that fires when a newcomer has taken the place, which is then no longer ours.
    pub fn pushed_out(&self) -> &CancellationToken {
        &self.entry.pushed_out
    }

    /// Returns the number of requests being served, for the transport to keep: while there is one, nobody is pushed out.
    pub fn serving(&self) -> &Arc<AtomicU32> {
        &self.entry.serving
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let mut state = self.connections.state.lock();
        state.open.remove(&self.entry.id);
        state.strangers.remove(&self.entry.id);
        if let Some(principal) = self.entry.principal.lock().take() {
            state.release(&principal.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(limit: u32) -> Arc<Connections> {
        let mut limits = mcpd_config::Config::load(None, &[]).unwrap().limits;
        limits.connections = limit;
        Connections::new(&limits, CancellationToken::new(), Arc::default())
    }

    fn open(connections: &Arc<Connections>) -> Result<Connection, Denied> {
        connections.open(Peer::Local(0), "http").map(|(place, _)| place)
    }

    fn key(name: &str, connections: u32) -> Arc<Principal> {
        let mut principal = Principal::anonymous();
        principal.id = PrincipalId::Key(name.into());
        principal.connections = Some(connections);
        Arc::new(principal)
    }

    #[test]
    fn a_house_full_of_the_known_refuses_and_a_leaver_makes_room() {
        let connections = connections(1);
        let first = open(&connections).unwrap();
        first.used_by(&key("abc", 9)).unwrap();
        assert!(open(&connections).is_err());
        assert_eq!(connections.list().len(), 1);
        drop(first);
        assert!(connections.list().is_empty());
        assert!(open(&connections).is_ok());
    }

    #[test]
    fn a_newcomer_pushes_out_the_oldest_stranger_that_waits_for_nothing() {
        let connections = connections(4);
        let [known, served, older, younger] = [0; 4].map(|_| open(&connections).unwrap());
        known.used_by(&key("abc", 9)).unwrap();
        served.serving().fetch_add(1, Ordering::Relaxed);
        let (newcomer, lost) = connections.open(Peer::Local(7), "http").unwrap();
        assert_eq!(lost, Some(Peer::Local(0)));
        let out = [&known, &served, &older, &younger, &newcomer].map(|one| one.pushed_out().is_cancelled());
        assert_eq!(out, [false, false, true, false, false]);
        assert_eq!(connections.len(), 4);
        assert_eq!(older.used_by(&key("late", 9)), Err(Denied::Connections), "its place is taken");
        drop(older);
        assert_eq!(connections.len(), 4, "a place is given back once");
        for place in [&younger, &newcomer] {
            place.used_by(&key("abc", 9)).unwrap();
        }
        assert_eq!(open(&connections).err(), Some(Denied::Connections), "nobody is left to push out");
        served.serving().fetch_sub(1, Ordering::Relaxed);
        assert!(open(&connections).is_ok(), "a stranger that was answered is one again");
    }

    #[test]
    fn a_ceiling_stands_above_the_limit() {
        let connections = connections(10);
        connections.set_ceiling(1);
        let first = open(&connections).unwrap();
        first.used_by(&key("abc", 9)).unwrap();
        assert!(open(&connections).is_err());
    }

    #[test]
    fn a_key_has_its_own_limit() {
        let connections = connections(10);
        let (one, two) = (key("one", 1), key("two", 1));
        let [first, second, third] = [0; 3].map(|_| open(&connections).unwrap());
        assert_eq!(first.used_by(&one), Ok(()));
        assert_eq!(first.used_by(&one), Ok(()), "the same connection again");
        assert_eq!(second.used_by(&one), Err(Denied::Connections));
        assert_eq!(first.used_by(&two), Ok(()), "a connection changes hands");
        assert_eq!(second.used_by(&one), Ok(()), "which gives the first key its place back");
        assert_eq!(third.used_by(&two), Err(Denied::Connections));
        drop(first);
        assert_eq!(third.used_by(&two), Ok(()));
    }

    #[test]
    fn local_users_have_no_limit_of_their_own() {
        let connections = connections(500);
        let local = Arc::new(Principal::local(0));
        let places: Vec<_> = (0..300).map(|_| open(&connections).unwrap()).collect();
        assert!(places.iter().all(|place| place.used_by(&local).is_ok()));
        drop(places);
        assert!(connections.state.lock().held.is_empty());
    }

    #[test]
    fn closing_tells_the_connection() {
        let connections = connections(10);
        let one = open(&connections).unwrap();
        assert!(connections.close(one.entry.id));
        assert!(one.closed().is_cancelled());
        assert!(!connections.close(99));
    }
}
