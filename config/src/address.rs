//! Addresses of every kind: where to listen, who may call, which names and origins are ours.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer};

use crate::written::{Written, list};

/// Reads the address and port to listen on.
pub(crate) fn listen<'de, D: Deserializer<'de>>(input: D) -> Result<SocketAddr, D::Error> {
    input.deserialize_str(Written {
        form: "an address and port in quotes, for example \"127.0.0.1:8765\"",
        read: |written| {
            written.parse().map_err(|_| {
                format!(
                    "{written:?} is not an address with a port; write it as in 127.0.0.1:8765 or [::1]:8765"
                )
            })
        },
    })
}

/// Reads a list of address ranges.
pub(crate) fn networks<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<IpNet>, D::Error> {
    let ranges: Vec<Range> = list(input)?;
    Ok(ranges.into_iter().map(|range| range.0).collect())
}

/// Reads an address that may be left out.
pub(crate) fn metrics<'de, D: Deserializer<'de>>(input: D) -> Result<Option<SocketAddr>, D::Error> {
    listen(input).map(Some)
}

/// Reads the address of a web service that may be left out.
pub(crate) fn http<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    input.deserialize_str(Written {
        form: "an http or https address in quotes",
        read: |written| {
            let rest = written.strip_prefix("https://").or_else(|| written.strip_prefix("http://"));
            match rest.filter(|rest| !rest.is_empty() && !written.contains(char::is_whitespace)) {
                Some(_) => Ok(Some(written.to_owned())),
                None => Err(format!("{written:?} is no address that begins with http:// or https://")),
            }
        },
    })
}

/// Reads the allowlist; that it is written at all already means something.
pub(crate) fn allowlist<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Vec<IpNet>>, D::Error> {
    networks(input).map(Some)
}

/// Reads a list of host names.
pub(crate) fn hosts<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let hosts: Vec<Host> = list(input)?;
    Ok(hosts.into_iter().map(|host| host.0).collect())
}

/// Reads a list of browser origins.
pub(crate) fn origins<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    let origins: Vec<BrowserOrigin> = list(input)?;
    Ok(origins.into_iter().map(|origin| origin.0).collect())
}

struct Range(IpNet);

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input
            .deserialize_str(Written {
                form: "an address range in quotes, for example \"192.168.3.0/24\"",
                read: range,
            })
            .map(Self)
    }
}

/// A single address is a range of one. Bits behind the prefix are refused: `10.1.2.3/8` opens far more
/// than its writer had in mind.
fn range(written: &str) -> Result<IpNet, String> {
    if let Ok(address) = written.parse::<IpAddr>() {
        return Ok(IpNet::from(address));
    }
    let range: IpNet = written.parse().map_err(|_| {
        format!("{written:?} is not an address range; write it as ADDRESS/BITS, for example 192.168.3.0/24")
    })?;
    if range.addr() != range.network() {
        return Err(format!(
            "{written:?} has bits set behind its prefix; write {} or {}",
            range.trunc(),
            range.addr()
        ));
    }
    Ok(range)
}

struct Host(String);

impl<'de> Deserialize<'de> for Host {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input
            .deserialize_str(Written {
                form: "a host name in quotes, for example \"mcp.example.org\"",
                read: host,
            })
            .map(Self)
    }
}

fn host(written: &str) -> Result<String, String> {
    if !is_host(written) {
        return Err(format!(
            "{written:?} is not a host name; write it without scheme, port, path or *, for example mcp.example.org"
        ));
    }
    Ok(written.to_ascii_lowercase())
}

struct BrowserOrigin(String);

impl<'de> Deserialize<'de> for BrowserOrigin {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input
            .deserialize_str(Written {
                form: "an origin in quotes, for example \"https://app.example.org\"",
                read: origin,
            })
            .map(Self)
    }
}

/// Only what a browser can send is accepted: an origin that never matches would be a silent mistake.
fn origin(written: &str) -> Result<String, String> {
    let form = || {
        format!(
            "{written:?} is not an origin; write it as scheme://host[:port], for example https://app.example.org"
        )
    };
    let (scheme, rest) = written.split_once("://").ok_or_else(form)?;
    let (name, port) = match rest.rsplit_once(':') {
        Some((name, port)) if !port.ends_with(']') => (name, Some(port)),
        Some(_) | None => (rest, None),
    };
    let letters = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !letters(scheme) || !is_host(name) {
        return Err(form());
    }
    let scheme = scheme.to_ascii_lowercase();
    match port.map(str::parse::<u16>) {
        Some(Err(_) | Ok(0)) => return Err(form()),
        Some(Ok(port)) if (scheme == "https" && port == 443) || (scheme == "http" && port == 80) => {
            return Err(format!(
                "{written:?} never matches, as browsers leave out the usual port; leave out :{port}"
            ));
        }
        Some(Ok(_)) | None => {}
    }
    Ok(written.to_ascii_lowercase())
}

/// Says whether this is a name or address as it stands in a Host header, port aside.
fn is_host(written: &str) -> bool {
    if let Some(inner) = written.strip_prefix('[') {
        return inner.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    }
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    written.strip_suffix('.').unwrap_or(written).split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        assert_eq!(range("192.168.3.7").unwrap().to_string(), "192.168.3.7/32");
        assert_eq!(range("fd00::/8").unwrap().to_string(), "fd00::/8");
        assert_eq!(
            range("10.1.2.3/8").unwrap_err(),
            "\"10.1.2.3/8\" has bits set behind its prefix; write 10.0.0.0/8 or 10.1.2.3"
        );
        for written in ["", "lan", "10.0.0.0/33", "300.0.0.0/8", "10.0.0.0/"] {
            assert!(range(written).is_err(), "{written}");
        }
    }

    #[test]
    fn hosts_are_names_alone() {
        for written in ["mcp", "Mcp.Example.org", "10.0.0.1", "[fd00::1]"] {
            assert_eq!(host(written), Ok(written.to_ascii_lowercase()));
        }
        for written in ["", "*", "*.example.org", "a:80", "http://a", "a/b", "a b", "a..b", "fd00::1", "[x]"]
        {
            assert!(host(written).is_err(), "{written}");
        }
    }

    #[test]
    fn origins_are_what_browsers_send() {
        for written in [
            "https://app.example.org",
            "http://localhost:3000",
            "http://[::1]:3000",
            "http://[::1]",
            "vscode-webview://abc",
        ] {
            assert_eq!(origin(written), Ok(written.to_owned()));
        }
        for written in [
            "",
            "*",
            "null",
            "app.example.org",
            "https://",
            "https://a/",
            "https://a:x",
            "https://a:0",
            "https://a:443",
            "://a",
            "1x://a",
        ] {
            assert!(origin(written).is_err(), "{written}");
        }
    }
}
