//! Host and Origin: the defence against DNS rebinding and against foreign pages in a browser.

use std::net::IpAddr;

use mcpd_config::Server;

use super::Denied;
use crate::auth::Caller;

/// Which hosts are ours and which origins may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hosts {
    hosts: Vec<String>,
    /// Names the port's certificate was issued for.
    certified: Vec<String>,
    origins: Vec<String>,
}

impl Hosts {
    /// Takes the rules from the configuration, and the names of the port's certificate: an authority vouches that they
    /// are ours, and a page of another name gets no handshake from the browser that was misled.
    pub fn new(server: &Server, certified: Vec<String>) -> Self {
        Self { hosts: server.hosts.clone(), certified, origins: server.origins.clone() }
    }

    /// Returns the names of the port's certificate.
    pub(super) fn certified(&self) -> &[String] {
        &self.certified
    }

    /// Returns the rules with the names of another certificate.
    pub(super) fn with_certified(&self, certified: Vec<String>) -> Self {
        Self { certified, ..self.clone() }
    }

    /// Checks the head of a request; a local stream has none.
    pub(super) fn check(&self, caller: &Caller<'_>) -> Result<(), Denied> {
        let Some(headers) = caller.headers else { return Ok(()) };
        let host = headers.host.filter(|_| !headers.malformed).ok_or(Denied::Host)?;
        if !self.is_ours(host, caller.reached) {
            return Err(Denied::Host);
        }
        match headers.origin {
            None => Ok(()),
            Some(origin) if self.is_allowed_origin(origin) || is_same_origin(origin, host) => Ok(()),
            Some(_) => Err(Denied::Origin),
        }
    }

    /// Answers whether a page of this origin was named in the configuration: only those get CORS headers.
    pub fn is_allowed_origin(&self, origin: &str) -> bool {
        self.origins.iter().any(|allowed| allowed == origin)
    }

    /// The names of this machine, the address that was really reached, and what the operator added.
    fn is_ours(&self, host: &str, reached: Option<IpAddr>) -> bool {
        let name = without_port(host);
        if name.eq_ignore_ascii_case("localhost") {
            return true;
        }
        let bare = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(name);
        if let Ok(address) = bare.parse::<IpAddr>() {
            // An address cannot be rebound; a foreign one in Host is still a request that lost its way.
            let listed = self.own().any(|own| own == bare);
            return address.is_loopback() || Some(address) == reached || listed;
        }
        self.own().any(|own| own.eq_ignore_ascii_case(name))
    }

    fn own(&self) -> impl Iterator<Item = &String> {
        self.hosts.iter().chain(&self.certified)
    }
}

fn is_same_origin(origin: &str, host: &str) -> bool {
    let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
    authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        // The colons of a bare IPv6 address in brackets are not a port.
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Credentials, Headers, Peer};

    fn check(host: Option<&str>, origin: Option<&str>) -> Result<(), Denied> {
        let hosts = Hosts {
            hosts: vec!["mcp.example.com".into()],
            certified: vec!["mcp.lan".into(), "10.0.0.7".into()],
            origins: vec!["https://app.example.com".into()],
        };
        let lan: IpAddr = "192.168.3.7".parse().unwrap();
        hosts.check(&Caller {
            peer: Peer::Ip(lan),
            reached: Some(lan),
            headers: Some(Headers { host, origin, ..Headers::default() }),
            credentials: Credentials::Missing,
            certificate: None,
        })
    }

    #[test]
    fn own_names_pass_with_any_port() {
        for host in [
            "localhost",
            "LOCALHOST:8765",
            "127.0.0.1:1",
            "[::1]:8765",
            "[::1]",
            "192.168.3.7:80",
            "MCP.example.com",
            "mcp.lan:8765",
            "10.0.0.7",
        ] {
            assert_eq!(check(Some(host), None), Ok(()), "{host}");
        }
    }

    #[test]
    fn foreign_names_are_stopped() {
        for host in
            ["evil.example.com", "localhost.evil.com", "10.0.0.1", "mcp.example.com.evil", "", "[::2]"]
        {
            assert_eq!(check(Some(host), None), Err(Denied::Host), "{host}");
        }
        assert_eq!(check(None, None), Err(Denied::Host));
    }

    #[test]
    fn only_exact_origins_pass() {
        let host = Some("localhost:8765");
        for origin in ["https://app.example.com", "http://localhost:8765"] {
            assert_eq!(check(host, Some(origin)), Ok(()), "{origin}");
        }
        for origin in ["https://app.example.com.evil", "http://app.example.com", "null", "http://localhost:1"]
        {
            assert_eq!(check(host, Some(origin)), Err(Denied::Origin), "{origin}");
        }
    }
}
