//! Open connections: counted against the limits, listed for operators, and closed by them.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
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
    recorder: Arc<Recorder>,
}

struct State {
    open: BTreeMap<u64, Arc<Entry>>,
    last: u64,
    limit: usize,
    limit_per_key: usize,
}

struct Entry {
    id: u64,
    transport: &'static str,
    peer: Peer,
    since: i64,
    requests: AtomicU64,
    principal: Mutex<Option<Arc<Principal>>>,
    close: CancellationToken,
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

impl Connections {
    pub(super) fn new(limits: &Limits, recorder: Arc<Recorder>) -> Arc<Self> {
        let state = State {
            open: BTreeMap::new(),
            last: 0,
            limit: limits.connections as usize,
            limit_per_key: limits.connections_per_key as usize,
        };
        Arc::new(Self { state: Mutex::new(state), recorder })
    }

    pub(super) fn reload(&self, limits: &Limits) {
        let mut state = self.state.lock();
        state.limit = limits.connections as usize;
        state.limit_per_key = limits.connections_per_key as usize;
    }

    pub(super) fn open(self: &Arc<Self>, peer: Peer, transport: &'static str) -> Result<Connection, Denied> {
        let mut state = self.state.lock();
        if state.open.len() >= state.limit {
            return Err(Denied::Connections);
        }
        state.last += 1;
        let entry = Arc::new(Entry {
            id: state.last,
            transport,
            peer,
            since: crate::store::now(),
            requests: AtomicU64::new(0),
            principal: Mutex::new(None),
            close: CancellationToken::new(),
        });
        state.open.insert(entry.id, Arc::clone(&entry));
        let counted = self.recorder.connection();
        Ok(Connection { connections: Arc::clone(self), entry, _counted: counted })
    }

    pub(super) fn list(&self) -> Vec<ConnectionView> {
        let view = |entry: &Arc<Entry>| ConnectionView {
            id: entry.id,
            transport: entry.transport,
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
        entry.inspect(|entry| entry.close.cancel()).is_some()
    }

    /// Closes every connection last used by a principal.
    pub(super) fn close_all_of(&self, principal: &PrincipalId) {
        let state = self.state.lock();
        let own = state
            .open
            .values()
            .filter(|entry| entry.principal.lock().as_ref().is_some_and(|other| other.id == *principal));
        own.for_each(|entry| entry.close.cancel());
    }

    /// Answers whether `principal` may have one more connection than it has.
    fn room_for(&self, principal: &Principal) -> bool {
        if matches!(principal.id, PrincipalId::Local(_) | PrincipalId::Anonymous) {
            return true;
        }
        let state = self.state.lock();
        let limit = principal.connections.map_or(state.limit_per_key, |own| own as usize);
        let same = |entry: &&Arc<Entry>| {
            entry.principal.lock().as_ref().is_some_and(|other| other.id == principal.id)
        };
        state.open.values().filter(same).count() < limit
    }
}

impl Connection {
    pub(super) fn used_by(&self, principal: &Arc<Principal>) -> Result<(), Denied> {
        self.entry.requests.fetch_add(1, Ordering::Relaxed);
        let known = self.entry.principal.lock().as_ref().is_some_and(|one| one.id == principal.id);
        if known {
            return Ok(());
        }
        if !self.connections.room_for(principal) {
            return Err(Denied::Connections);
        }
        *self.entry.principal.lock() = Some(Arc::clone(principal));
        Ok(())
    }

    /// Returns the token that fires when an operator closes the connection.
    pub fn closed(&self) -> &CancellationToken {
        &self.entry.close
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.state.lock().open.remove(&self.entry.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connections(limit: u32) -> Arc<Connections> {
        let mut limits = mcpd_config::Config::load(None, &[]).unwrap().limits;
        limits.connections = limit;
        Connections::new(&limits, Arc::default())
    }

    #[test]
    fn a_full_house_refuses_and_a_leaver_makes_room() {
        let connections = connections(1);
        let first = connections.open(Peer::Local(0), "local").unwrap();
        assert!(connections.open(Peer::Local(0), "local").is_err());
        assert_eq!(connections.list().len(), 1);
        drop(first);
        assert!(connections.list().is_empty());
        assert!(connections.open(Peer::Local(0), "local").is_ok());
    }

    #[test]
    fn a_key_has_its_own_limit() {
        let connections = connections(10);
        let mut principal = Principal::anonymous();
        principal.id = PrincipalId::Key("abc".into());
        principal.connections = Some(1);
        let principal = Arc::new(principal);
        let [first, second] = [0, 1].map(|_| connections.open(Peer::Local(0), "http").unwrap());
        assert_eq!(first.used_by(&principal), Ok(()));
        assert_eq!(first.used_by(&principal), Ok(()), "the same connection again");
        assert_eq!(second.used_by(&principal), Err(Denied::Connections));
    }

    #[test]
    fn closing_tells_the_connection() {
        let connections = connections(10);
        let one = connections.open(Peer::Local(0), "local").unwrap();
        assert!(connections.close(one.entry.id));
        assert!(one.closed().is_cancelled());
        assert!(!connections.close(99));
    }
}
