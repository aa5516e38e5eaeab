//! The allowlist, as operators change it.

use std::net::IpAddr;

use ipnet::IpNet;
use mcpd_ipc::{
    Fault, FaultKind,
    allow::{
        AllowAdd, AllowEntry, AllowList, AllowRemove, AllowReport, AllowSource, AllowState, AllowTest,
        AllowVerdict,
    },
};

use super::{Hands, Operator, dispatch::internal};
use crate::{guard::Listed, store::StoreError, telemetry::AllowChanged};

/// What a first entry keeps: adding the team's network must not lock out the machine itself.
const LOOPBACK: [&str; 2] = ["127.0.0.0/8", "::1/128"];

pub(super) async fn add(hands: &Hands, operator: Operator, ask: AllowAdd) -> Result<AllowReport, Fault> {
    let cidr = parse_cidr(&ask.cidr)?;
    let first = hands.guard.peers().listed() == Listed::LoopbackOnly;
    let mut cidrs = vec![cidr.to_string()];
    if first {
        cidrs.extend(LOOPBACK.map(str::to_owned));
    }
    hands.store.allow().add(cidrs).await.map_err(|error| internal(&error))?;
    refresh(hands).await?;
    AllowChanged { change: "added", network: &cidr.to_string(), operator: operator.uid }.emit();
    let note = first.then(|| "this is the first entry; loopback was listed with it".to_owned());
    Ok(report(hands, note))
}

pub(super) fn list(hands: &Hands, _: AllowList) -> Result<AllowReport, Fault> {
    Ok(report(hands, None))
}

pub(super) async fn remove(
    hands: &Hands,
    operator: Operator,
    ask: AllowRemove,
) -> Result<AllowReport, Fault> {
    let cidr = parse_cidr(&ask.cidr)?;
    if let Listed::Networks(file, operator) = hands.guard.peers().listed()
        && file.contains(&cidr)
        && !operator.contains(&cidr)
    {
        let message = format!("{cidr} is listed in the configuration file");
        let hint = "take it out of network.allow there, then: mcpctl reload";
        return Err(Fault::new(FaultKind::Refused, message).hint(hint));
    }
    match hands.store.allow().remove(cidr.to_string()).await {
        Err(StoreError::NotFound) => {
            return Err(Fault::not_found("network", &cidr.to_string()).hint("mcpctl allow list shows them"));
        }
        removed => removed.map_err(|error| internal(&error))?,
    }
    refresh(hands).await?;
    AllowChanged { change: "removed", network: &cidr.to_string(), operator: operator.uid }.emit();
    let empty = hands.guard.peers().listed() == Listed::Nobody;
    let note = empty.then(|| "the allowlist is empty now: nobody can connect over the network".to_owned());
    Ok(report(hands, note))
}

pub(super) fn test(hands: &Hands, ask: AllowTest) -> Result<AllowVerdict, Fault> {
    let address: IpAddr = ask.address.parse().map_err(|_| {
        let message = format!("{:?} is not an IP address", ask.address);
        Fault::new(FaultKind::Usage, message).hint("for example: mcpctl allow test 192.168.3.7")
    })?;
    let (allowed, because) = hands.guard.peers().verdict(address);
    Ok(AllowVerdict { address: address.to_canonical().to_string(), allowed, because })
}

/// Reads a network, or an address as a network of one. Bits beyond the mask are a mistake, not noise.
pub(super) fn parse_cidr(text: &str) -> Result<IpNet, Fault> {
    let wrong = |why: String| {
        Err(Fault::new(FaultKind::Usage, why).hint("for example: 192.168.3.0/24, 10.1.2.3 or fd00::/8"))
    };
    let net = match (text.parse::<IpNet>(), text.parse::<IpAddr>()) {
        (Ok(net), _) => net,
        (_, Ok(address)) => IpNet::from(address),
        _ => return wrong(format!("{text:?} is neither a network nor an address")),
    };
    if net != net.trunc() {
        return wrong(format!("{net} has bits beyond its mask; did you mean {}?", net.trunc()));
    }
    Ok(net)
}

/// Puts what the store lists in force.
async fn refresh(hands: &Hands) -> Result<(), Fault> {
    let listed = hands.store.allow().all().await.map_err(|error| internal(&error))?;
    hands.guard.set_operator_list(listed);
    Ok(())
}

fn report(hands: &Hands, note: Option<String>) -> AllowReport {
    let peers = hands.guard.peers();
    let entry = |source| move |net: &IpNet| AllowEntry { cidr: net.to_string(), source };
    let (state, entries) = match peers.listed() {
        Listed::LoopbackOnly => (AllowState::LoopbackOnly, Vec::new()),
        Listed::Nobody => (AllowState::Nobody, Vec::new()),
        Listed::Networks(file, operator) => {
            let file = file.iter().map(entry(AllowSource::File));
            let all = file.chain(operator.iter().map(entry(AllowSource::Operator)));
            (AllowState::Listed, all.collect())
        }
    };
    AllowReport { state, entries, note }
}
