//! From the head of an HTTP request to a caller. Headers are borrowed; one that must be unique and is not, or that is
//! not plain text, makes the head malformed.

use std::{net::IpAddr, sync::Arc};

use http::{HeaderMap, HeaderName, header, request::Parts};
use mcpd_config::ForwardedHeader;

use super::pulse::{Busy, Pulse};
use crate::{
    auth::{Caller, Credentials, Headers, Peer, Secret},
    guard::Connection,
    mcp::HttpHead,
};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

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
}

impl Line {
    /// Keeps the connection from being idle for as long as the guard lives.
    pub(super) fn busy(&self) -> Busy {
        Busy::new(&self.pulse)
    }

    /// Reads the head of a request.
    pub(super) fn caller<'a>(&self, parts: &'a Parts, forwarded: ForwardedHeader) -> Caller<'a> {
        let headers = &parts.headers;
        let (host, origin) = (unique(headers, &header::HOST), unique(headers, &header::ORIGIN));
        // A target in absolute form names the host and outweighs Host (RFC 9112, section 3.2.2); two names are one too many.
        let target = parts.uri.authority().map(|host| host.as_str());
        let named = host.ok().flatten();
        let differ = target.is_some() && named.is_some() && target != named;
        let malformed = host.is_err() || origin.is_err() || differ;
        let host = target.or(named);
        let forwarded = match forwarded {
            ForwardedHeader::XForwardedFor => unique(headers, &FORWARDED_FOR),
            ForwardedHeader::Forwarded => unique(headers, &header::FORWARDED),
        };
        // What cannot be read names nobody; it only matters where a trusted proxy is believed.
        let forwarded = forwarded.unwrap_or(Some("unreadable"));
        let origin = origin.ok().flatten();
        let credentials = unique(headers, &header::AUTHORIZATION).ok().flatten().and_then(bearer);
        Caller {
            peer: Peer::Ip(self.peer),
            reached: self.reached,
            headers: Some(Headers { host, origin, forwarded, malformed }),
            credentials: credentials.map_or(Credentials::Missing, Credentials::Bearer),
        }
    }
}

/// Reads `Bearer <key>` (RFC 6750, section 2.1); the scheme is case-insensitive.
fn bearer(value: &str) -> Option<Secret> {
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(key.trim()))
}

/// Returns a header that may occur once.
pub(super) fn unique<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    let first = values.next().map(|value| value.to_str().map_err(drop)).transpose()?;
    if values.next().is_some() { Err(()) } else { Ok(first) }
}

/// Returns the protocol's own headers; the error names one that is malformed.
pub(super) fn protocol<'a>(
    headers: &'a HeaderMap,
    param: &'a (dyn Fn(&str) -> Result<Option<&'a str>, ()> + Sync),
) -> Result<HttpHead<'a>, &'static str> {
    let read = |name: &'static str| unique(headers, &HeaderName::from_static(name)).map_err(|()| name);
    Ok(HttpHead {
        version: read("mcp-protocol-version")?,
        method: read("mcp-method")?,
        name: read("mcp-name")?,
        session: read("mcp-session-id")?,
        param,
    })
}

/// Looks up `Mcp-Param-{name}`.
pub(super) fn param<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ()> {
    let name = format!("mcp-param-{}", name.to_ascii_lowercase());
    unique(headers, &HeaderName::try_from(name).map_err(drop)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_bearer_is_a_key() {
        assert_eq!(bearer("Bearer abc").unwrap().expose(), "abc");
        assert_eq!(bearer("bearer  abc ").unwrap().expose(), "abc");
        assert!(bearer("Basic abc").is_none());
        assert!(bearer("Bearer").is_none());
    }

    #[test]
    fn a_header_twice_is_malformed() {
        let mut headers = HeaderMap::new();
        headers.append(header::HOST, "a".parse().unwrap());
        assert_eq!(unique(&headers, &header::HOST), Ok(Some("a")));
        headers.append(header::HOST, "b".parse().unwrap());
        assert_eq!(unique(&headers, &header::HOST), Err(()));
        assert_eq!(unique(&headers, &header::ORIGIN), Ok(None));
    }
}
