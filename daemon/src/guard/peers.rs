//! The IP allowlist in its three states, and the way from a trusted proxy's word to the real peer.

use std::net::IpAddr;

use ipnet::IpNet;
use mcpd_config::{ForwardedHeader, Network};

use super::Denied;
use crate::auth::{Caller, Peer};

/// From where one may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerRules {
    file: Option<Vec<IpNet>>,
    operator: Option<Vec<IpNet>>,
    proxies: Vec<IpNet>,
    header: ForwardedHeader,
}

/// The allowlist in one of its three states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed<'a> {
    /// There is none: loopback only.
    LoopbackOnly,
    /// It is empty: nobody.
    Nobody,
    /// Networks of the file, then those of operators.
    Networks(&'a [IpNet], &'a [IpNet]),
}

impl PeerRules {
    /// Joins the configuration and the operators' list.
    pub fn new(network: &Network, operator: Option<Vec<IpNet>>) -> Self {
        Self {
            file: network.allow.clone(),
            operator,
            proxies: network.trusted_proxies.clone(),
            header: network.forwarded_header,
        }
    }

    /// Returns the same rules with another operators' list.
    #[must_use]
    pub fn with_operator(&self, operator: Option<Vec<IpNet>>) -> Self {
        Self { operator, ..self.clone() }
    }

    /// Returns the operators' list.
    pub fn operator(&self) -> Option<&[IpNet]> {
        self.operator.as_deref()
    }

    /// Returns the header that trusted proxies forward addresses in.
    pub fn header(&self) -> ForwardedHeader {
        self.header
    }

    /// Returns the state of the list.
    pub fn listed(&self) -> Listed<'_> {
        if self.file.is_none() && self.operator.is_none() {
            return Listed::LoopbackOnly;
        }
        let file = self.file.as_deref().unwrap_or_default();
        let operator = self.operator.as_deref().unwrap_or_default();
        if file.is_empty() && operator.is_empty() { Listed::Nobody } else { Listed::Networks(file, operator) }
    }

    /// Answers whether an address is a trusted proxy, whose callers are known by its header.
    pub(super) fn is_proxy(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.proxies.iter().any(|net| net.contains(&address))
    }

    /// Answers whether an address may connect.
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        match self.listed() {
            Listed::LoopbackOnly => address.is_loopback(),
            Listed::Nobody => false,
            Listed::Networks(file, operator) => file.iter().chain(operator).any(|net| net.contains(&address)),
        }
    }

    /// Checks a real peer again that was let in before.
    pub(super) fn still_admit(&self, peer: Peer) -> Result<(), Denied> {
        match peer {
            Peer::Ip(address) if !self.admits(address) => Err(Denied::Peer),
            Peer::Ip(_) | Peer::Local(_) => Ok(()),
        }
    }

    /// Answers whether an address may connect, and by which rule.
    pub fn verdict(&self, address: IpAddr) -> (bool, String) {
        let address = address.to_canonical();
        match self.listed() {
            Listed::LoopbackOnly => {
                (address.is_loopback(), "there is no allowlist: loopback only".to_owned())
            }
            Listed::Nobody => (false, "the allowlist is empty: nobody".to_owned()),
            Listed::Networks(file, operator) => {
                match file.iter().chain(operator).find(|net| net.contains(&address)) {
                    Some(net) => (true, format!("{net} is listed")),
                    None => (false, "no listed network holds it".to_owned()),
                }
            }
        }
    }

    /// Finds the real peer and checks it.
    pub(crate) fn check(&self, caller: &Caller<'_>) -> Result<Peer, Denied> {
        let Peer::Ip(socket) = caller.peer else { return Ok(caller.peer) };
        let forwarded = caller.headers.and_then(|headers| headers.forwarded);
        let real = self.real_peer(socket.to_canonical(), forwarded)?;
        if self.admits(real) { Ok(Peer::Ip(real)) } else { Err(Denied::Peer) }
    }

    /// Walks the one configured header from the right, through trusted proxies, to the first address nobody vouches
    /// for. What is further left was written by that stranger and counts for nothing.
    fn real_peer(&self, socket: IpAddr, forwarded: Option<&str>) -> Result<IpAddr, Denied> {
        let Some(forwarded) = forwarded.filter(|_| self.is_proxy(socket)) else { return Ok(socket) };
        let hops: Vec<Option<IpAddr>> = match self.header {
            ForwardedHeader::XForwardedFor => {
                forwarded.split(',').map(|hop| parse_address(hop.trim())).collect()
            }
            ForwardedHeader::Forwarded => elements(forwarded).ok_or(Denied::Peer)?,
        };
        let mut nearest = socket;
        for address in hops.into_iter().rev() {
            nearest = address.ok_or(Denied::Peer)?.to_canonical();
            if !self.is_proxy(nearest) {
                break;
            }
        }
        Ok(nearest)
    }
}

/// Reads the `for` parameter of each element of `Forwarded` (RFC 7239, section 4). `None` where the whole cannot be
/// read: a proxy repeats the client's own `Host` in quotes, and a comma in there must not begin an element, nor may an
/// open quote of the client swallow what the proxy adds.
fn elements(header: &str) -> Option<Vec<Option<IpAddr>>> {
    let mut all = Vec::new();
    let (mut here, mut rest) = (None, header);
    loop {
        if let Some((name, value)) = rest.split_once('=').filter(|(name, _)| !name.contains([',', ';', '"']))
        {
            let (value, after) = parameter(value)?;
            if name.trim().eq_ignore_ascii_case("for") && here.replace(value).is_some() {
                return None;
            }
            rest = after;
        }
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix(';') {
            rest = after;
            continue;
        }
        all.push(here.take().and_then(parse_address));
        match rest.strip_prefix(',') {
            Some(after) => rest = after,
            None => return rest.is_empty().then_some(all),
        }
    }
}

/// Reads a value, in quotes or not, and returns what follows it. Escapes are left as they are: no address has any.
fn parameter(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, after) = text.split_at(text.find([',', ';']).unwrap_or(text.len()));
        return (!value.contains(['"', '\\'])).then_some((value.trim_end(), after));
    };
    let mut escaped = false;
    let end = quoted.find(|letter| {
        let ends = letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        ends
    })?;
    Some((&quoted[..end], &quoted[end + 1..]))
}

/// Reads an address with or without port, an IPv6 one with or without brackets.
fn parse_address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    if let Ok(socket) = text.parse::<std::net::SocketAddr>() {
        return Some(socket.ip());
    }
    text.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::auth::{Credentials, Headers};

    fn rules(allow: Option<&[&str]>, proxies: &[&str], header: ForwardedHeader) -> PeerRules {
        let nets = |list: &[&str]| list.iter().map(|net| net.parse().unwrap()).collect();
        PeerRules { file: allow.map(nets), operator: None, proxies: nets(proxies), header }
    }

    fn check(rules: &PeerRules, socket: &str, forwarded: Option<&str>) -> Result<Peer, Denied> {
        rules.check(&Caller {
            peer: Peer::Ip(socket.parse().unwrap()),
            reached: None,
            headers: Some(Headers { forwarded, ..Headers::default() }),
            credentials: Credentials::Missing,
            certificate: None,
        })
    }

    fn ip(text: &str) -> Result<Peer, Denied> {
        Ok(Peer::Ip(text.parse().unwrap()))
    }

    const XFF: ForwardedHeader = ForwardedHeader::XForwardedFor;

    #[test]
    fn the_three_states() {
        let none = rules(None, &[], XFF);
        assert_eq!(check(&none, "127.0.0.1", None), ip("127.0.0.1"));
        assert_eq!(check(&none, "::1", None), ip("::1"));
        assert_eq!(check(&none, "::ffff:127.0.0.1", None), ip("127.0.0.1"));
        assert_eq!(check(&none, "10.0.0.1", None), Err(Denied::Peer));
        let nobody = rules(Some(&[]), &[], XFF);
        assert_eq!(check(&nobody, "127.0.0.1", None), Err(Denied::Peer));
        let lan = rules(Some(&["10.0.0.0/8"]), &[], XFF);
        assert_eq!(check(&lan, "10.9.9.9", None), ip("10.9.9.9"));
        assert_eq!(check(&lan, "127.0.0.1", None), Err(Denied::Peer));
    }

    #[test]
    fn a_stranger_cannot_name_its_own_address() {
        let lan = rules(Some(&["10.0.0.0/8", "127.0.0.0/8"]), &["127.0.0.1/32"], XFF);
        assert_eq!(check(&lan, "127.0.0.1", Some("10.1.1.1")), ip("10.1.1.1"));
        // The client wrote 10.1.1.1 itself; the proxy saw 8.8.8.8.
        assert_eq!(check(&lan, "127.0.0.1", Some("10.1.1.1, 8.8.8.8")), Err(Denied::Peer));
        // Not from a proxy: the header counts for nothing.
        assert_eq!(check(&lan, "10.2.2.2", Some("8.8.8.8")), ip("10.2.2.2"));
        assert_eq!(check(&lan, "127.0.0.1", Some("unknown")), Err(Denied::Peer));
    }

    #[test]
    fn forwarded_is_read_as_the_rfc_writes_it() {
        let proxied = rules(Some(&["::/0", "0.0.0.0/0"]), &["127.0.0.1/32"], ForwardedHeader::Forwarded);
        let found = |header| check(&proxied, "127.0.0.1", Some(header));
        assert_eq!(found("for=192.0.2.60;proto=http"), ip("192.0.2.60"));
        assert_eq!(found("for=1.1.1.1, For=\"[2001:db8::17]:4711\""), ip("2001:db8::17"));
        assert_eq!(found("proto=http"), Err(Denied::Peer));
        assert_eq!(found("for=1.1.1.1, proto=http;for=192.0.2.60 ; by=x"), ip("192.0.2.60"));
    }

    #[test]
    fn what_a_proxy_quotes_of_its_client_names_nobody() {
        let proxied = rules(Some(&["::/0", "0.0.0.0/0"]), &["127.0.0.1/32"], ForwardedHeader::Forwarded);
        let found = |header: &str| check(&proxied, "127.0.0.1", Some(header));
        assert_eq!(found("for=8.8.8.8;host=\"x, for=10.1.1.1\""), ip("8.8.8.8"));
        assert_eq!(found("for=8.8.8.8;host=\"x\\\", for=10.1.1.1\""), ip("8.8.8.8"));
        // The client opens a quote that the proxy's own would close.
        for begun in ["host=\"", "for=10.1.1.1;host=\"", "\"", "x=\\\""] {
            let header = format!("{begun}, for=\"[2001:db8::1]\"");
            assert_eq!(found(&header), Err(Denied::Peer), "{header}");
        }
        assert_eq!(found("for=10.1.1.1;for=8.8.8.8"), Err(Denied::Peer));
    }

    proptest! {
        #[test]
        fn any_header_is_answered_without_a_panic(header in "\\PC{0,80}") {
            for kind in [XFF, ForwardedHeader::Forwarded] {
                let _ = check(&rules(None, &["127.0.0.1/32"], kind), "127.0.0.1", Some(&header));
            }
        }
    }
}
