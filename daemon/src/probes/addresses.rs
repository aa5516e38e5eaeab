//! The way from a trusted proxy's word to the real peer.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::LazyLock,
};

use mcpd_config::{Config, ForwardedHeader, Network};

use crate::{
    auth::{Caller, Credentials, Headers, Peer},
    guard::PeerRules,
};

/// Forwarded addresses: the first byte chooses the header and who sends it, the rest is its value. The peer is the
/// sender itself, or an address that stands in the header with nothing but proxies to its right.
pub fn forwarded(bytes: &[u8]) {
    let [choice, value @ ..] = bytes else { return };
    let Ok(value) = std::str::from_utf8(value) else { return };
    let header = if choice & 1 == 0 { ForwardedHeader::XForwardedFor } else { ForwardedHeader::Forwarded };
    let sender = if choice & 2 == 0 { Ipv4Addr::LOCALHOST } else { Ipv4Addr::new(192, 0, 2, 1) };
    let sender = IpAddr::V4(sender);
    let rules = PeerRules::new(&network(header), None);
    let ask = |forwarded: Option<&str>| {
        let headers = Headers { forwarded, ..Headers::default() };
        let credentials = Credentials::Missing;
        let peer = Peer::Ip(sender);
        rules.check(&Caller { peer, reached: None, headers: Some(headers), credentials, certificate: None })
    };
    assert_eq!(ask(None), Ok(Peer::Ip(sender)), "without the header the sender is the peer");
    let found = ask(Some(value));
    if !is_proxy(sender) {
        assert_eq!(found, Ok(Peer::Ip(sender)), "nobody but a proxy is believed");
        return;
    }
    if let Ok(Peer::Ip(found)) = found {
        walked(value, found);
    }
    // Whatever stands before, what our own proxy adds at the end is what counts; a client cannot write over it.
    for (name, said) in [("8.8.8.8", "8.8.8.8"), ("2001:db8::1", "\"[2001:db8::1]:80\"")] {
        let added = match header {
            ForwardedHeader::XForwardedFor => format!("{value}, {name}"),
            ForwardedHeader::Forwarded => format!("{value}, for={said};host=\"x, for=9.9.9.9\""),
        };
        let real = Peer::Ip(name.parse().unwrap());
        assert!(ask(Some(&added)).is_ok_and(|peer| peer == real) || ask(Some(&added)).is_err(), "{added:?}");
    }
}

/// Checks that an address stands in the header, and that there are only proxies to its right.
fn walked(value: &str, found: IpAddr) {
    assert!(standing(value).any(|address| address == found), "{found} does not stand in {value:?}");
    if value.contains('"') {
        return; // a comma in quotes does not part; what that could hide is tried by adding to it
    }
    for element in value.rsplit(',') {
        let here: Vec<IpAddr> = standing(element).collect();
        if here.contains(&found) && !is_proxy(found) {
            return;
        }
        assert!(here.iter().any(|address| is_proxy(*address)), "{found} is left of a stranger in {value:?}");
    }
    assert!(is_proxy(found));
}

fn network(header: ForwardedHeader) -> Network {
    static DEFAULT: LazyLock<Network> = LazyLock::new(|| Config::load(None, &[]).unwrap().network);
    let mut network = DEFAULT.clone();
    let nets = |list: &[&str]| list.iter().map(|net| net.parse().unwrap()).collect();
    network.allow = Some(nets(&["0.0.0.0/0", "::/0"]));
    network.trusted_proxies = nets(&["127.0.0.1/32", "10.0.0.0/8", "::1/128"]);
    network.forwarded_header = header;
    network
}

fn is_proxy(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four == Ipv4Addr::LOCALHOST || four.octets()[0] == 10,
        IpAddr::V6(six) => six.is_loopback(),
    }
}

/// Everything in a text that can be taken for an address.
fn standing(text: &str) -> impl Iterator<Item = IpAddr> {
    let words = text.split(|letter: char| !(letter.is_ascii_hexdigit() || ".:[]%".contains(letter)));
    words.filter_map(|word| {
        let bare = word.strip_prefix('[').and_then(|word| word.split(']').next());
        let address = word.parse().ok().or_else(|| bare?.parse().ok());
        address
            .or_else(|| word.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
            .map(|ip| ip.to_canonical())
    })
}
