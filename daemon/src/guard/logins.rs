//! Failed logins, throttled per source network and never per key: nobody can lock a key's owner out.

use std::{net::IpAddr, time::Duration};

use mcpd_config::Rate;
use parking_lot::RwLock;

use super::{Denied, rates::PeerLimiter};
use crate::auth::Unrecognised;

/// Counts failed logins. A valid key always passes, whoever failed beside it.
pub(super) struct Logins {
    limiter: RwLock<PeerLimiter>,
}

impl Logins {
    pub(super) fn new(rate: Rate, entries: u32) -> Self {
        Self { limiter: RwLock::new(PeerLimiter::new(rate, entries)) }
    }

    pub(super) fn reload(&self, rate: Rate, entries: u32) {
        self.limiter.write().reload(rate, entries);
    }

    /// Counts a failure from `address` and returns what its caller hears.
    pub(super) fn failed(&self, address: IpAddr, why: Unrecognised) -> Denied {
        match self.limiter.read().check(network(address)) {
            Ok(()) => Denied::Unauthenticated(why),
            Err(wait) => Denied::Logins(wait.max(Duration::from_secs(1))),
        }
    }
}

/// An attacker owns a whole /64, and often a /24.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(four) => {
            let [first, second, third, _] = four.octets();
            IpAddr::from([first, second, third, 0])
        }
        IpAddr::V6(_) => super::rates::subnet(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_network_is_throttled_not_one_address() {
        let logins = Logins::new("3/60s".parse().unwrap(), 100);
        let fail = |address: &str| logins.failed(address.parse().unwrap(), Unrecognised::UnknownId);
        for address in ["10.0.0.1", "10.0.0.2", "10.0.0.3"] {
            assert_eq!(fail(address).status(), 401);
        }
        assert_eq!(fail("10.0.0.4").status(), 429);
        assert_eq!(fail("10.0.1.1").status(), 401);
    }
}
