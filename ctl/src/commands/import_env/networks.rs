//! The networks that are taken: those the daemon will not refuse.

use std::{collections::HashSet, net::IpAddr};

use super::plan::{Taken, items};

const ALLOWLIST: [&str; 5] = ["ALLOWED_IPS", "IP_WHITELIST", "IP_ALLOWLIST", "ALLOWED_NETWORKS", "ALLOWLIST"];

/// Returns the networks for the allowlist, each once; says which are none, in words that do not repeat them.
pub(super) fn planned(taken: &mut Taken<'_>, refused: &mut Vec<String>) -> Vec<String> {
    let (mut networks, mut known) = (Vec::new(), HashSet::new());
    for name in ALLOWLIST.iter().flat_map(|name| [format!("MCP_{name}"), (*name).to_owned()]) {
        let found = taken.get(&name).map(|(_, value)| items(value)).unwrap_or_default();
        for (index, network) in found.into_iter().enumerate() {
            match check(&network) {
                Ok(()) if known.insert(network.clone()) => networks.push(network),
                Ok(()) => {}
                Err(why) => refused.push(format!("{name}, item {}: {why}", index + 1)),
            }
        }
    }
    networks
}

/// Says what the daemon would not like about a network.
fn check(network: &str) -> Result<(), &'static str> {
    const NEITHER: &str = "it is neither a network nor an address";
    let (address, prefix) = match network.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (network, None),
    };
    let address: IpAddr = address.parse().map_err(|_| NEITHER)?;
    let (bits, width) = match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)), 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let Some(prefix) = prefix else { return Ok(()) };
    let is_number = !prefix.is_empty() && prefix.bytes().all(|byte| byte.is_ascii_digit());
    let prefix: u32 = prefix.parse().ok().filter(|prefix| is_number && *prefix <= width).ok_or(NEITHER)?;
    let beyond = 1_u128.checked_shl(width - prefix).map_or(u128::MAX, |bit| bit - 1);
    if bits & beyond == 0 { Ok(()) } else { Err("it has bits beyond its mask") }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{dotenv::Variables, plan::Plan},
        *,
    };

    #[test]
    fn networks_come_once() {
        let text = "ALLOWED_IPS=10.0.0.0/8,127.0.0.1\nMCP_IP_WHITELIST='127.0.0.1 192.168.3.0/24'\n";
        let plan = Plan::of(&Variables::parse(text));
        assert_eq!(plan.allow, ["10.0.0.0/8", "127.0.0.1", "192.168.3.0/24"]);
        assert!(plan.untaken.is_empty() && plan.refused.is_empty());
    }

    #[test]
    fn what_the_daemon_would_refuse_is_not_planned() {
        for good in ["0.0.0.0/0", "10.1.2.3", "10.1.2.3/32", "::/0", "fd00::/8", "::1/128", "::1"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in
            ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0/8", "::/129", "host", "", "1.2.3.4/8/8"]
        {
            assert!(check(bad).unwrap_err().contains("neither"), "{bad}");
        }
        for bad in ["10.0.0.1/8", "0.0.0.1/0", "fd00::1/8", "::1/0"] {
            assert!(check(bad).unwrap_err().contains("beyond"), "{bad}");
        }
        let plan = Plan::of(&Variables::parse("ALLOWED_IPS=127.0.0.1,secret.example.org\n"));
        assert_eq!(plan.refused, ["ALLOWED_IPS, item 2: it is neither a network nor an address"]);
    }
}
