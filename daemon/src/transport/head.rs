//! From the head of an HTTP request to a caller. Headers are borrowed; one that must be unique and is not, or that is
//! not plain text, makes the head malformed.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderMap, Uri};
use mcpd_config::ForwardedHeader;
use parking_lot::Mutex;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    heads::{Heads, Once},
    pulse::{Busy, Pulse},
};
use crate::{
    auth::{Caller, Certified, Credentials, Headers, Peer, Recognised, Secret},
    guard::Connection,
    mcp::HttpHead,
};

/// The connection a request came in on.
pub(super) struct Line {
    /// Its place among the connections.
    pub(super) place: Connection,
    /// The other end of the socket.
    pub(super) peer: IpAddr,
    /// Our end of the socket.
    pub(super) reached: Option<IpAddr>,
    /// What happens on it.
    pub(super) pulse: Arc<Pulse>,
    /// The key recognised last on it.
    pub(super) known: Known,
    /// The certificate its client showed.
    pub(super) certificate: Option<Certified>,
}

/// The `Authorization` header recognised last on a connection, and whose it is: who sends the same again need not be
/// looked up and hashed again.
#[derive(Default)]
pub(super) struct Known(Mutex<Option<Recalled>>);

struct Recalled {
    shown: Zeroizing<Vec<u8>>,
    who: Recognised,
}

impl Known {
    /// Returns the principal if the same is shown as before.
    fn recall(&self, shown: &[u8]) -> Option<Recognised> {
        let known = self.0.lock();
        let before = known.as_ref().filter(|before| same(&before.shown, shown))?;
        Some(before.who.clone())
    }

    /// Notes who shows this.
    pub(super) fn note(&self, shown: &[u8], who: Recognised) {
        *self.0.lock() = Some(Recalled { shown: Zeroizing::new(shown.to_vec()), who });
    }
}

/// Compares in a time that depends on the length alone, eight bytes at a time.
fn same(known: &[u8], shown: &[u8]) -> bool {
    if known.len() != shown.len() {
        return false;
    }
    let word = |chunk: &[u8]| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_ne_bytes(word)
    };
    let differ = known
        .chunks(8)
        .zip(shown.chunks(8))
        .fold(0, |differ, (one, other)| differ | (word(one) ^ word(other)));
    differ.ct_eq(&0).into()
}

impl Line {
    /// Keeps the connection from being idle for as long as the guard lives.
    pub(super) fn busy(&self) -> Busy {
        Busy::new(&self.pulse)
    }

    /// Reads the head of a request.
    pub(super) fn caller<'a>(
        &'a self,
        target: &'a Uri,
        heads: &Heads<'a>,
        forwarded: ForwardedHeader,
    ) -> Caller<'a> {
        let (host, origin) = (heads.host.text(), heads.origin.text());
        // A target in absolute form names the host and outweighs Host (RFC 9112, section 3.2.2); two names are one too many.
        let target = target.authority().map(|host| host.as_str());
        let named = host.ok().flatten();
        let differ = target.is_some() && named.is_some() && target != named;
        let malformed = host.is_err() || origin.is_err() || differ;
        let forwarded = match forwarded {
            ForwardedHeader::XForwardedFor => heads.forwarded_for,
            ForwardedHeader::Forwarded => heads.forwarded,
        };
        Caller {
            peer: Peer::Ip(self.peer),
            reached: self.reached,
            headers: Some(Headers {
                host: target.or(named),
                origin: origin.ok().flatten(),
                // What cannot be read names nobody; it only matters where a trusted proxy is believed.
                forwarded: forwarded.text().unwrap_or(Some("unreadable")),
                malformed,
            }),
            credentials: self.credentials(heads),
            certificate: self.certificate.as_ref(),
        }
    }

    fn credentials(&self, heads: &Heads<'_>) -> Credentials {
        let Some(shown) = heads.authorization.bytes() else {
            // A header that cannot be read is not made good by a certificate.
            let alone = self.certificate.is_some() && !heads.authorization.is_there();
            return if alone { Credentials::Certificate } else { Credentials::Missing };
        };
        if let Some(who) = self.known.recall(shown) {
            return Credentials::Again(who);
        }
        let key = std::str::from_utf8(shown).ok().and_then(bearer);
        key.map_or(Credentials::Missing, Credentials::Bearer)
    }
}

/// Reads `Bearer <key>` (RFC 6750, section 2.1); the scheme is case-insensitive.
fn bearer(value: &str) -> Option<Secret> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(key.trim()))
}

/// Returns the protocol's own headers.
pub(crate) fn protocol<'a>(headers: &'a HeaderMap) -> HttpHead<'a> {
    let heads = Heads::read(headers);
    let mut malformed = None;
    let mut read = |header: Once<'a>, name| {
        header.text().unwrap_or_else(|()| {
            malformed = Some(name);
            None
        })
    };
    let version = read(heads.version, "mcp-protocol-version");
    let method = read(heads.method, "mcp-method");
    let name = read(heads.name, "mcp-name");
    let session = read(heads.session, "mcp-session-id");
    HttpHead { version, method, name, session, malformed, all: headers }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_the_same_to_the_last_byte() {
        let shown = b"Bearer mcpd_sk_0123456789ab_secret";
        assert!(same(shown, shown));
        for at in 0..shown.len() {
            let mut other = shown.to_vec();
            other[at] ^= 1;
            assert!(!same(shown, &other), "byte {at}");
        }
        assert!(!same(shown, &shown[1..]) && !same(b"", shown) && same(b"", b""));
    }

    #[test]
    fn only_a_bearer_is_a_key() {
        assert_eq!(bearer("Bearer abc").unwrap().expose(), "abc");
        assert_eq!(bearer("bearer  abc ").unwrap().expose(), "abc");
        assert!(bearer("Basic abc").is_none());
        assert!(bearer("Bearer").is_none());
    }
}
