//! Token buckets (GCRA) per principal and per peer. Memory is bounded: keys are issued by operators, and of peers only
//! so many are remembered.

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use dashmap::DashMap;
use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::{InMemoryState, NotKeyed},
};
use mcpd_config::{Limits, Rate};
use parking_lot::RwLock;

use super::Denied;
use crate::auth::{Principal, PrincipalId};

/// After how many checks the peer limiter looks at its own size.
const TIDY_EVERY: u32 = 1024;

/// Who may call how often.
pub(super) struct Rates {
    per_key: RwLock<Rate>,
    keys: DashMap<PrincipalId, Arc<Bucket>>,
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
        self.bucket(&who.id, rate).take().map_err(Denied::Rate)
    }

    /// Returns how many tokens of its bucket a key has out now, of how many; none for one that never took any.
    pub(super) fn used(&self, id: &PrincipalId) -> Option<(u32, u32)> {
        self.keys.get(id).map(|bucket| bucket.used())
    }

    fn bucket(&self, id: &PrincipalId, rate: Rate) -> Arc<Bucket> {
        if let Some(known) = self.keys.get(id)
            && known.rate == rate
        {
            return Arc::clone(&known);
        }
        let bucket = Arc::new(Bucket::new(rate));
        self.keys.insert(id.clone(), Arc::clone(&bucket));
        bucket
    }
}

/// The tokens of one key.
struct Bucket {
    rate: Rate,
    limiter: RateLimiter<NotKeyed, InMemoryState, DefaultClock, StateInformationMiddleware>,
    began: Instant,
    /// Tokens that were left when one was asked for last, and when that was, in milliseconds since the bucket was made.
    left: AtomicU32,
    asked: AtomicU64,
}

impl Bucket {
    fn new(rate: Rate) -> Self {
        let limiter = RateLimiter::direct(quota(rate)).with_middleware();
        let left = rate.count.get().into();
        Self { rate, limiter, began: Instant::now(), left, asked: AtomicU64::new(0) }
    }

    /// Takes a token; on refusal says how long until there is one.
    fn take(&self) -> Result<(), Duration> {
        let (left, taken) = match self.limiter.check() {
            Ok(state) => (state.remaining_burst_capacity(), Ok(())),
            Err(until) => (0, Err(until.wait_time_from(self.limiter.clock().now()))),
        };
        self.left.store(left, Ordering::Relaxed);
        self.asked.store(self.moment(), Ordering::Relaxed);
        taken
    }

    /// Returns how many tokens are out now, and how many there are: those that came back since are counted.
    fn used(&self) -> (u32, u32) {
        let burst = self.rate.count.get();
        let since = self.moment().saturating_sub(self.asked.load(Ordering::Relaxed));
        let period = self.rate.per.as_secs_f64() * 1e3;
        let back = since as f64 * f64::from(burst) / period;
        let out = f64::from(burst - self.left.load(Ordering::Relaxed).min(burst)) - back;
        (out.ceil().max(0.0) as u32, burst)
    }

    fn moment(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
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
        let rates = Rates::new(&limits("100/3600s"));
        let who = key();
        for request in 1..=100 {
            assert_eq!(rates.check(&who), Ok(()), "request {request}");
        }
        let Err(Denied::Rate(wait)) = rates.check(&who) else { panic!("not refused") };
        assert!(wait > Duration::ZERO && wait <= Duration::from_secs(36), "{wait:?}");
    }

    #[test]
    fn what_is_used_of_a_rate_can_be_seen_and_comes_back() {
        let rates = Rates::new(&limits("100/3600s"));
        let who = key();
        assert_eq!(rates.used(&who.id), None);
        for _ in 0..37 {
            rates.check(&who).unwrap();
        }
        assert_eq!(rates.used(&who.id), Some((37, 100)));
        let fast = Rates::new(&limits("100/10ms"));
        fast.check(&who).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        assert_eq!(fast.used(&who.id), Some((0, 100)));
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
