//! A caller before anyone knows who it is: where it comes from and what it shows.

use std::{fmt, net::IpAddr};

use super::{Certified, Recognised, Secret};
use crate::telemetry::Origin;

/// Where a caller comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// The network.
    Ip(IpAddr),
    /// A process on this machine with this user id, known by the operating system.
    Local(u32),
}

impl From<Peer> for Origin {
    fn from(peer: Peer) -> Self {
        match peer {
            Peer::Ip(address) => Self::Ip(address),
            Peer::Local(uid) => Self::User(uid),
        }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(formatter),
            Self::Local(uid) => write!(formatter, "uid {uid}"),
        }
    }
}

/// What a caller shows to be let in.
#[derive(Debug)]
pub enum Credentials {
    /// Nothing.
    Missing,
    /// An API key, perhaps.
    Bearer(Secret),
    /// No key, but the connection has a certificate.
    Certificate,
    /// The same key as before on this connection, when it was recognised.
    Again(Recognised),
    /// The operating system vouches for the user behind a local stream.
    Local,
}

/// The headers of a request that the door looks at, borrowed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    /// `Host`.
    pub host: Option<&'a str>,
    /// `Origin`.
    pub origin: Option<&'a str>,
    /// The configured forwarding header, if it occurs.
    pub forwarded: Option<&'a str>,
    /// Whether Host or Origin occurs twice or is not plain text.
    pub malformed: bool,
}

/// One caller.
#[derive(Debug)]
pub struct Caller<'a> {
    /// Where it comes from.
    pub peer: Peer,
    /// The address of ours it reached.
    pub reached: Option<IpAddr>,
    /// Its headers; `None` for a local stream.
    pub headers: Option<Headers<'a>>,
    /// What it shows.
    pub credentials: Credentials,
    /// The certificate its connection has.
    pub certificate: Option<&'a Certified>,
}

impl Caller<'_> {
    /// Returns the caller behind a local stream, for whose user the operating system vouches.
    pub fn local(uid: u32) -> Self {
        Self {
            peer: Peer::Local(uid),
            reached: None,
            headers: None,
            credentials: Credentials::Local,
            certificate: None,
        }
    }
}
