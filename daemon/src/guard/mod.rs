//! The admission list: every request on every transport passes it, in this order.
//!
//! It has three parts, since each knows more than the one before: [`Guard::recognise`] needs only the head of a request,
//! because a body is not read for a stranger; [`Guard::enter`] counts every message, nonsense too; [`Guard::admit`] knows
//! what is wanted. A [`Permit`] is the proof; tools cannot be called without one.

mod certificates;
mod connections;
mod denied;
mod hosts;
mod logins;
mod peers;
mod permit;
mod quotas;
mod rates;
mod slots;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use mcpd_config::Config;
use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;

pub use connections::{Connection, ConnectionView, Trace};
pub use denied::Denied;
pub use hosts::Hosts;
pub use peers::{Listed, PeerRules};
pub use permit::{Permit, Visitor};

use crate::{
    auth::{
        Caller, CertificateRules, Credentials, Keyring, Lease, Need, Peer, Principal, PrincipalId,
        Recognised, Unrecognised,
    },
    telemetry::{Recorder, Refused},
};
use connections::Connections;
use logins::Logins;
use quotas::Quotas;
use rates::Rates;
use slots::Slots;

/// Lets callers in, or says why not.
pub struct Guard {
    draining: CancellationToken,
    /// The same, for what asks at every request.
    closed: AtomicBool,
    hosts: RwLock<Arc<Hosts>>,
    peers: RwLock<Arc<PeerRules>>,
    certificates: RwLock<Arc<CertificateRules>>,
    keys: Option<Arc<Keyring>>,
    anonymous: Arc<Principal>,
    /// The time of those who need no key.
    for_ever: Arc<Lease>,
    logins: Logins,
    rates: Rates,
    quotas: Quotas,
    slots: Slots,
    connections: Arc<Connections>,
    recorder: Arc<Recorder>,
}

impl Guard {
    /// Makes the guard. `keys` is absent where keys are switched off; `operator` is the allowlist kept in the store.
    pub fn new(
        config: &Config,
        keys: Option<Arc<Keyring>>,
        operator: Option<Vec<ipnet::IpNet>>,
        recorder: Arc<Recorder>,
    ) -> Self {
        let draining = CancellationToken::new();
        Self {
            connections: Connections::new(&config.limits, draining.clone(), Arc::clone(&recorder)),
            draining,
            closed: AtomicBool::new(false),
            hosts: RwLock::new(Arc::new(Hosts::new(&config.server, Vec::new()))),
            certificates: RwLock::new(Arc::new(CertificateRules::new(&config.tls.clients))),
            peers: RwLock::new(Arc::new(PeerRules::new(&config.network, operator))),
            keys,
            anonymous: Arc::new(Principal::anonymous()),
            for_ever: Arc::default(),
            logins: Logins::new(config.auth.failed_logins, config.limits.limiter_entries),
            rates: Rates::new(&config.limits),
            quotas: Quotas::new(config.limits.daily_calls_per_key),
            slots: Slots::new(config.limits.calls),
            recorder,
        }
    }

    /// The first part, from the head of a request: who is this, and may it knock at all?
    pub fn recognise(&self, caller: &Caller<'_>) -> Result<Visitor, Denied> {
        let peer = self.knock(caller).map_err(|denied| self.refused(denied, caller.peer))?;
        self.identify(caller, peer).map_err(|denied| self.refused(denied, peer))
    }

    /// Before anything is read: is this address let in, or a proxy that speaks for others?
    pub fn at_the_door(&self, address: std::net::IpAddr) -> Result<(), Denied> {
        let peers = self.peers();
        let welcome = peers.is_proxy(address) || peers.admits(address);
        if welcome { Ok(()) } else { Err(self.refused(Denied::Peer, Peer::Ip(address))) }
    }

    /// The second part, for each message: is its sender still welcome, and not here too often?
    pub fn enter(&self, visitor: &Visitor) -> Result<(), Denied> {
        self.step_in(visitor).map_err(|denied| self.refused_to(visitor, denied, None))
    }

    /// The third part, once it is known what is wanted: may it have this, now?
    pub fn admit(&self, visitor: &Visitor, need: Need<'_>) -> Result<Permit, Denied> {
        self.consider(visitor, need).map_err(|denied| self.refused_to(visitor, denied, need.tool()))
    }

    /// For the doors that need no key and answer while draining too: is this an allowed peer?
    pub fn glance(&self, caller: &Caller<'_>) -> Result<Peer, Denied> {
        self.look(caller).map_err(|denied| self.refused(denied, caller.peer))
    }

    fn knock(&self, caller: &Caller<'_>) -> Result<Peer, Denied> {
        self.open()?; //                                        a draining daemon takes nothing new
        self.look(caller)
    }

    fn look(&self, caller: &Caller<'_>) -> Result<Peer, Denied> {
        self.hosts.read().check(caller)?; //                    a rebound DNS name stops before it learns anything
        self.peers.read().check(caller) //                      before any hashing: floods must stay cheap
    }

    fn identify(&self, caller: &Caller<'_>, peer: Peer) -> Result<Visitor, Denied> {
        if let Peer::Ip(address) = peer {
            self.rates.check_peer(address)?; //                 also before any hashing
        }
        let known = match (&caller.credentials, peer, &self.keys) {
            (Credentials::Local, Peer::Local(uid), _) => self.keyless(Principal::local(uid).into()),
            (_, Peer::Ip(_), None) => self.keyless(Arc::clone(&self.anonymous)),
            (Credentials::Bearer(secret), Peer::Ip(address), Some(keys)) => {
                keys.identify(secret, Some(address)).map_err(|why| self.logins.failed(address, why))?
            }
            (Credentials::Again(known), Peer::Ip(address), Some(keys)) => {
                keys.welcome(known, Some(address)).map_err(|why| self.logins.failed(address, why))?;
                known.clone()
            }
            (Credentials::Certificate, Peer::Ip(address), Some(keys)) => {
                self.by_certificate(caller, keys, address).map_err(|why| self.logins.failed(address, why))?
            }
            _ => return Err(Denied::Unauthenticated(Unrecognised::Missing)),
        };
        if let (Some(_), Peer::Ip(address), Some(keys)) = (caller.certificate, peer, &self.keys) {
            self.match_certificate(caller, keys, &known).map_err(|why| self.logins.failed(address, why))?;
        }
        Ok(Visitor { principal: known.principal, lease: known.lease, peer })
    }

    fn keyless(&self, principal: Arc<Principal>) -> Recognised {
        Recognised { principal, lease: Arc::clone(&self.for_ever) }
    }

    fn step_in(&self, visitor: &Visitor) -> Result<(), Denied> {
        self.open()?; //                                        again: a stream may outlive the order to drain
        self.peers.read().still_admit(visitor.peer)?; //        taken off the list since it was recognised?
        self.still_valid(visitor)?; //                          revoked, rotated or expired since?
        self.rates.check(&visitor.principal) //                 before anything is asked: guessing costs like calling
    }

    fn consider(&self, visitor: &Visitor, need: Need<'_>) -> Result<Permit, Denied> {
        let who = &visitor.principal;
        if !who.may(need) {
            return Err(Denied::Forbidden); //                   "no such tool" answers like forbidden
        }
        self.quotas.check(who)?;
        let slot = self.slots.take()?; //                       last: given back when the Permit drops
        self.open()?; //                                        who drains has either seen the slot or is seen here
        Ok(Permit::new(visitor.clone(), slot, self.recorder.call()))
    }

    fn open(&self) -> Result<(), Denied> {
        if self.closed.load(Ordering::SeqCst) { Err(Denied::Draining) } else { Ok(()) }
    }

    fn still_valid(&self, visitor: &Visitor) -> Result<(), Denied> {
        let who = &visitor.principal;
        if who.is_revoked() {
            return Err(Denied::Unauthenticated(Unrecognised::Revoked));
        }
        if visitor.lease.is_over(crate::store::now) {
            return Err(Denied::Unauthenticated(Unrecognised::Replaced));
        }
        // Most keys have no end, and the clock need not be asked for them.
        if who.expires_at.is_some() && who.expired(crate::store::now()) {
            return Err(Denied::Unauthenticated(Unrecognised::Expired));
        }
        Ok(())
    }

    /// Counts, logs and records a refusal to a stranger, and gives it back.
    pub fn refused(&self, denied: Denied, peer: Peer) -> Denied {
        self.turned_away(denied, peer, None, None)
    }

    /// The same, of one who is known.
    fn refused_to(&self, visitor: &Visitor, denied: Denied, tool: Option<&str>) -> Denied {
        self.turned_away(denied, visitor.peer, Some(visitor.principal.author()), tool)
    }

    fn turned_away(&self, denied: Denied, peer: Peer, who: Option<String>, tool: Option<&str>) -> Denied {
        let (reason, detail) = (denied.reason(), denied.detail());
        Refused { reason, peer: &peer.to_string(), who, tool, detail: &detail }.emit(&self.recorder);
        denied
    }

    /// Takes a place for a connection from `peer`, named `transport` in lists. When all are taken, the stranger that is
    /// here longest loses its own.
    pub fn connection(&self, peer: Peer, transport: &'static str) -> Result<Connection, Denied> {
        let opened = self.connections.open(peer, transport);
        let (connection, pushed_out) = opened.map_err(|denied| self.refused(denied, peer))?;
        if let Some(stranger) = pushed_out {
            self.refused(Denied::PushedOut, stranger);
        }
        Ok(connection)
    }

    /// Bounds connections by what the system's descriptors allow, whatever the limits say.
    pub fn set_ceiling(&self, connections: usize) {
        self.connections.set_ceiling(connections);
    }

    /// Notes a request of a visitor on its connection; a principal new to it takes a place of its own limit.
    pub fn attach(&self, connection: &Connection, visitor: &Visitor) -> Result<(), Denied> {
        connection.used_by(&visitor.principal).map_err(|denied| self.refused_to(visitor, denied, None))
    }

    /// Returns the principal everyone is, where keys are switched off.
    pub fn anonymous(&self) -> Option<Arc<Principal>> {
        self.keys.is_none().then(|| Arc::clone(&self.anonymous))
    }

    /// Returns open connections, oldest first.
    pub fn connections(&self) -> Vec<ConnectionView> {
        self.connections.list()
    }

    /// Returns how many connections are open.
    pub fn open_connections(&self) -> usize {
        self.connections.len()
    }

    /// Closes one connection and answers whether there was one.
    pub fn close_connection(&self, id: u64) -> bool {
        self.connections.close(id)
    }

    /// Closes every connection last used by a principal, for when its key is revoked.
    pub fn close_connections_of(&self, principal: &PrincipalId) {
        self.connections.close_all_of(principal);
    }

    /// Returns the name of a key for people, or the label itself where it is no key's.
    pub fn name_of(&self, label: &str) -> String {
        let key = self.keys.as_ref().and_then(|keys| keys.find(label));
        key.map_or_else(|| label.to_owned(), |key| key.name().to_string())
    }

    /// Returns how many tokens of its rate a key has taken lately, of how many; none before its first.
    pub fn rate_now(&self, principal: &PrincipalId) -> Option<(u32, u32)> {
        self.rates.used(principal)
    }

    /// Returns the token that fires when draining begins; every stream watches it.
    pub fn draining(&self) -> &CancellationToken {
        &self.draining
    }

    /// Refuses everything new from now on.
    pub fn drain(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.draining.cancel();
    }

    /// Returns calls in flight.
    pub fn calls_in_flight(&self) -> usize {
        self.slots.taken()
    }

    /// Returns the allowlist in force.
    pub fn peers(&self) -> Arc<PeerRules> {
        Arc::clone(&self.peers.read())
    }

    /// Puts another operators' list in force.
    pub fn set_operator_list(&self, operator: Option<Vec<ipnet::IpNet>>) {
        let mut peers = self.peers.write();
        let rules = Arc::new(peers.with_operator(operator));
        *peers = Arc::clone(&rules);
        drop(peers);
        self.close_unlisted(&rules);
    }

    /// Closes the connections of addresses that are not let in any more.
    fn close_unlisted(&self, rules: &PeerRules) {
        self.connections.close_all_from(|peer| match peer {
            Peer::Ip(address) => !rules.is_proxy(address) && !rules.admits(address),
            Peer::Local(_) => false,
        });
    }

    /// Returns the Host and Origin rules in force.
    pub fn hosts(&self) -> Arc<Hosts> {
        Arc::clone(&self.hosts.read())
    }

    /// Puts the live part of a new configuration in force.
    pub fn reload(&self, config: &Config) {
        let mut hosts = self.hosts.write();
        *hosts = Arc::new(Hosts::new(&config.server, hosts.certified().to_vec()));
        drop(hosts);
        self.put_certificates(CertificateRules::new(&config.tls.clients));
        let mut peers = self.peers.write();
        let rules = Arc::new(PeerRules::new(&config.network, peers.operator().map(<[_]>::to_vec)));
        *peers = Arc::clone(&rules);
        drop(peers);
        self.close_unlisted(&rules);
        self.logins.reload(config.auth.failed_logins, config.limits.limiter_entries);
        self.rates.reload(&config.limits);
        self.quotas.reload(config.limits.daily_calls_per_key);
        self.slots.reload(config.limits.calls);
        self.connections.reload(&config.limits);
    }
}
