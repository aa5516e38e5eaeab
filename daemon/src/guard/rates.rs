//! Token buckets (GCRA) per principal and per peer. Memory is bounded: keys are issued by operators, and of peers only
//! so many are remembered.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, clock::Clock};
use mcpd_config::{Limits, Rate};
use parking_lot::RwLock;

use super::Denied;
use crate::auth::{Principal, PrincipalId};

/// After how many checks the peer limiter looks at its own size.
const TIDY_EVERY: u32 = 1024;

/// Who may call how often.
pub(super) struct Rates {
    per_key: RwLock<Rate>,
    keys: DashMap<PrincipalId, (Rate, Arc<DefaultDirectRateLimiter>)>,
    peers: RwLock<PeerLimiter>,
}

impl Rates {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            per_key: RwLock::new(limits.per_key),
            keys: DashMap::new(),
            peers: RwLock::new(PeerLimiter::new(limits.per_peer, limits.limiter_entries)),
        }
    }

    pub(super) fn reload(&self, limits: &Limits) {
        *self.per_key.write() = limits.per_key;
        self.peers.write().reload(limits.per_peer, limits.limiter_entries);
    }

    /// Takes a token of the peer.
    pub(super) fn check_peer(&self, address: IpAddr) -> Result<(), Denied> {
        self.peers.read().check(subnet(address)).map_err(Denied::Rate)
    }

    /// Takes a token of the key. The person at the machine has no rate, and where there are no keys the peer's counts.
    pub(super) fn check(&self, who: &Principal) -> Result<(), Denied> {
        if matches!(who.id, PrincipalId::Local(_) | PrincipalId::Anonymous) {
            return Ok(());
        }
        let rate = who.rate.unwrap_or(*self.per_key.read());
        let limiter = self.limiter(&who.id, rate);
        limiter.check().map_err(|not_until| Denied::Rate(not_until.wait_time_from(limiter.clock().now())))
    }

    fn limiter(&self, id: &PrincipalId, rate: Rate) -> Arc<DefaultDirectRateLimiter> {
        if let Some(known) = self.keys.get(id)
            && known.0 == rate
        {
            return Arc::clone(&known.1);
        }
        let limiter = Arc::new(DefaultDirectRateLimiter::direct(quota(rate)));
        self.keys.insert(id.clone(), (rate, Arc::clone(&limiter)));
        limiter
    }
}

/// A bucket per address, of which only so many are kept.
pub(super) struct PeerLimiter {
    rate: Rate,
    buckets: DefaultKeyedRateLimiter<IpAddr>,
    /// Shared by everyone while there are too many addresses to tell apart, which is when somebody makes them up.
    overflow: DefaultDirectRateLimiter,
    capacity: usize,
    checks: AtomicU32,
    full: std::sync::atomic::AtomicBool,
}

impl PeerLimiter {
    pub(super) fn new(rate: Rate, capacity: u32) -> Self {
        Self {
            rate,
            buckets: DefaultKeyedRateLimiter::keyed(quota(rate)),
            overflow: DefaultDirectRateLimiter::direct(quota(rate)),
            capacity: capacity as usize,
            checks: AtomicU32::new(0),
            full: std::sync::atomic::AtomicBool::new(false),
        }
    }

    /// Takes other bounds; buckets are only kept where the rate stays.
    pub(super) fn reload(&mut self, rate: Rate, capacity: u32) {
        if self.rate != rate {
            *self = Self::new(rate, capacity);
        }
        self.capacity = capacity as usize;
    }

    /// Takes a token; on refusal says how long until there is one.
    pub(super) fn check(&self, address: IpAddr) -> Result<(), Duration> {
        let checks = self.checks.fetch_add(1, Ordering::Relaxed);
        if checks % TIDY_EVERY == TIDY_EVERY - 1 {
            self.tidy();
        }
        if self.full.load(Ordering::Relaxed) {
            let clock = self.overflow.clock();
            return self.overflow.check().map_err(|until| until.wait_time_from(clock.now()));
        }
        let clock = self.buckets.clock();
        self.buckets.check_key(&address).map_err(|until| until.wait_time_from(clock.now()))
    }

    /// Forgets buckets that are full again, and notes whether too many are left.
    fn tidy(&self) {
        if self.buckets.len() > self.capacity / 2 {
            self.buckets.retain_recent();
            self.buckets.shrink_to_fit();
        }
        self.full.store(self.buckets.len() >= self.capacity, Ordering::Relaxed);
    }
}

fn quota(rate: Rate) -> Quota {
    // `Rate` guarantees a nanosecond for each token, so the division is never zero.
    Quota::with_period(rate.per / rate.count.get())
        .unwrap_or(Quota::per_second(NonZeroU32::MIN))
        .allow_burst(rate.count)
}

/// One bucket per IPv6 /64, since a host owns all of it.
pub(super) fn subnet(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(six) => {
            let [first, second, third, fourth, ..] = six.segments();
            IpAddr::V6(Ipv6Addr::new(first, second, third, fourth, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(per_key: &str) -> Limits {
        let mut limits = mcpd_config::Config::load(None, &[]).unwrap().limits;
        limits.per_key = per_key.parse().unwrap();
        limits
    }

    fn key() -> Principal {
        let mut principal = Principal::anonymous();
        principal.id = PrincipalId::Key("abc".into());
        principal
    }

    #[test]
    fn the_hundred_and_first_request_waits() {
        let rates = Rates::new(&limits("100/60s"));
        let who = key();
        for request in 1..=100 {
            assert_eq!(rates.check(&who), Ok(()), "request {request}");
        }
        let Err(Denied::Rate(wait)) = rates.check(&who) else { panic!("not refused") };
        assert!(wait > Duration::ZERO && wait <= Duration::from_millis(600), "{wait:?}");
    }

    #[test]
    fn a_key_with_its_own_rate_has_its_own() {
        let rates = Rates::new(&limits("1/60s"));
        let mut who = key();
        who.rate = Some("3/60s".parse().unwrap());
        assert_eq!((0..5).filter(|_| rates.check(&who).is_ok()).count(), 3);
    }

    #[test]
    fn a_million_spoofed_peers_are_not_remembered() {
        let limiter = PeerLimiter::new("5/60s".parse().unwrap(), 10_000);
        for number in 0..1_000_000u32 {
            let _ = limiter.check(IpAddr::from(number.to_be_bytes()));
        }
        assert!(limiter.buckets.len() <= 10_000 + TIDY_EVERY as usize, "{}", limiter.buckets.len());
    }

    #[test]
    fn a_whole_ipv6_subnet_is_one_peer() {
        let same = ["2001:db8::1", "2001:db8::ffff:1"].map(|text| subnet(text.parse().unwrap()));
        assert_eq!(same[0], same[1]);
    }
}
