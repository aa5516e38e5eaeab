//! Open connections: counted against the limits, listed for operators, closed by them, and pushed out by newcomers while
//! nobody has been recognised on them.

mod trace;

pub use trace::Trace;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
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
    serving: Arc<AtomicU32>,
    /// Who was recognised on it last.
    known: Mutex<Option<Arc<Principal>>>,
    trace: Arc<Trace>,
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
    pub principal: Option<Arc<str>>,
    /// What the client calls itself, not verified.
    pub client: Option<Arc<str>>,
    /// Since when, UTC milliseconds.
    pub since: i64,
    /// Requests answered on it.
    pub requests: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
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
            serving: Arc::default(),
            known: Mutex::new(None),
            trace: Arc::default(),
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
        let view = |entry: &Arc<Entry>| {
            let (bytes_in, bytes_out) = entry.trace.bytes();
            ConnectionView {
                id: entry.id,
                transport: *entry.transport.lock(),
                peer: entry.peer,
                principal: entry.known.lock().as_ref().map(|known| known.name()),
                client: entry.trace.client(),
                since: entry.since,
                requests: entry.trace.requests(),
                bytes_in,
                bytes_out,
            }
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
        let own =
            |entry: &&Arc<Entry>| entry.known.lock().as_ref().is_some_and(|known| known.id == *principal);
        state.open.values().filter(own).for_each(|entry| entry.tell_close());
    }

    /// Closes every connection whose other end is one of these.
    pub(super) fn close_all_from(&self, unwelcome: impl Fn(Peer) -> bool) {
        let state = self.state.lock();
        state.open.values().filter(|entry| unwelcome(entry.peer)).for_each(|entry| entry.tell_close());
    }

    /// Notes that a principal uses a connection another used before, or nobody: no more of them than it may have.
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
        let before = entry.known.lock().replace(Arc::clone(principal));
        if let Some(before) = before {
            // Another's client has another name.
            entry.trace.forget_name();
            state.release(&before.id);
        }
        Ok(())
    }
}

impl Connection {
    pub(super) fn used_by(&self, principal: &Arc<Principal>) -> Result<(), Denied> {
        self.entry.trace.request();
        let same = |one: &Arc<Principal>| Arc::ptr_eq(one, principal) || one.id == principal.id;
        if self.entry.known.lock().as_ref().is_some_and(same) {
            return Ok(());
        }
        self.connections.hand_over(&self.entry, principal)
    }

    /// Returns what operators see of it, for those who serve it to note.
    pub fn trace(&self) -> &Arc<Trace> {
        &self.entry.trace
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
        if let Some(known) = self.entry.known.lock().take() {
            state.release(&known.id);
        }
    }
}

#[cfg(test)]
mod tests;
