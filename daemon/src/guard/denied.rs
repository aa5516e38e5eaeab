//! Every refusal, mapped once to HTTP and once to JSON-RPC.

use std::time::Duration;

use crate::auth::Unrecognised;

/// Why a request was not admitted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The daemon is about to end.
    #[error("the daemon is draining; try again when it is back")]
    Draining,
    /// The Host header names no host of ours.
    #[error("this Host is not served here; an operator can add it to server.hosts")]
    Host,
    /// The Origin header names no page that may call.
    #[error("this Origin may not call; an operator can add it to server.origins")]
    Origin,
    /// The allowlist does not let the address in.
    #[error("this address is not on the allowlist")]
    Peer,
    /// No valid key: one sentence for every cause.
    #[error("a valid API key is required: send \"Authorization: Bearer <key>\"")]
    Unauthenticated(Unrecognised),
    /// Too many failed logins from one network.
    #[error("too many failed logins; try again later")]
    Logins(Duration),
    /// The principal may not have this.
    #[error("this key may not do that")]
    Forbidden,
    /// Too many requests.
    #[error("too many requests; try again later")]
    Rate(Duration),
    /// The day's calls are used up.
    #[error("the calls of this day are used up; the count starts again at midnight UTC")]
    Quota(Duration),
    /// As many calls are in flight as may be.
    #[error("as many calls are running as may be; try again")]
    Busy,
    /// As many connections are open as may be.
    #[error("as many connections are open as may be; try again")]
    Connections,
    /// A newcomer took the place of a connection on which nobody was recognised; it is closed without a word.
    #[error("a newcomer took the place of a connection on which nobody was recognised")]
    PushedOut,
    /// No TLS connection came about; the client hears of it by an alert of TLS.
    #[error("no TLS connection came about: {0}")]
    Handshake(String),
    /// The memory for request bodies is used up.
    #[error("as many large bodies are being read as may be; try again")]
    Bodies,
    /// As many sessions are open as may be, all of them somebody else's.
    #[error("as many sessions are open as may be; end some, or try again")]
    Sessions,
}

/// What a caller may wait for before trying again when nothing better is known.
const SOON: Duration = Duration::from_secs(1);

impl Denied {
    /// Returns the HTTP status, which is also the JSON-RPC error code: outside the range JSON-RPC reserves.
    pub fn status(&self) -> u16 {
        match self {
            Self::Unauthenticated(_) => 401,
            Self::Handshake(_) => 400,
            Self::Host | Self::Origin | Self::Peer | Self::Forbidden => 403,
            Self::Logins(_) | Self::Rate(_) | Self::Quota(_) => 429,
            Self::Draining
            | Self::Busy
            | Self::Connections
            | Self::PushedOut
            | Self::Bodies
            | Self::Sessions => 503,
        }
    }

    /// Returns how long to wait before trying again can help.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Logins(wait) | Self::Rate(wait) | Self::Quota(wait) => Some(*wait),
            Self::Draining
            | Self::Busy
            | Self::Connections
            | Self::PushedOut
            | Self::Bodies
            | Self::Sessions => Some(SOON),
            Self::Host
            | Self::Origin
            | Self::Peer
            | Self::Unauthenticated(_)
            | Self::Forbidden
            | Self::Handshake(_) => None,
        }
    }

    /// Returns the reason as the metric names it.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::Host => "host",
            Self::Origin => "origin",
            Self::Peer => "peer",
            Self::Unauthenticated(_) => "credentials",
            Self::Logins(_) => "failed_logins",
            Self::Forbidden => "scope",
            Self::Rate(_) => "rate",
            Self::Quota(_) => "quota",
            Self::Busy => "calls",
            Self::Connections => "connections",
            Self::PushedOut => "pushed_out",
            Self::Handshake(_) => "tls",
            Self::Bodies => "bodies",
            Self::Sessions => "sessions",
        }
    }

    /// Returns what only the log may know.
    pub(super) fn detail(&self) -> String {
        if let Self::Unauthenticated(why) = self { why.as_str().to_owned() } else { self.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failed_login_sounds_the_same() {
        let causes = [Unrecognised::Missing, Unrecognised::WrongSecret, Unrecognised::Revoked];
        let mut said: Vec<_> =
            causes.map(|why| Denied::Unauthenticated(why).to_string()).into_iter().collect();
        said.dedup();
        assert_eq!(said.len(), 1);
    }
}
