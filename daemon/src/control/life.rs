//! The daemon itself: how it fares, what it counted, and the orders that change or end it.

use std::time::Duration;

use mcpd_ipc::{
    Fault, FaultKind,
    life::{Drain, Ending, Reload, ReloadReport, Shutdown, Stats, StatsReport, Status, StatusReport},
};
use tokio::sync::oneshot;

use super::Hands;
use crate::signals::Order;

pub(super) async fn status(hands: &Hands, _: Status) -> Result<StatusReport, Fault> {
    Ok(report(hands).await)
}

/// Says what the daemon is and how it fares.
pub(super) async fn report(hands: &Hands) -> StatusReport {
    let condition = hands.health.condition().await;
    let facts = &hands.facts;
    StatusReport {
        status: condition.as_str().to_owned(),
        reason: condition.reason().map(str::to_owned),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: std::process::id(),
        uptime_seconds: hands.recorder.uptime().as_secs(),
        instance: facts.instance.clone(),
        profile: facts.profile.to_string(),
        url: facts.url.clone(),
        socket: facts.socket.display().to_string(),
        state_dir: facts.state.display().to_string(),
        config_file: facts.config_file.as_ref().map(|path| path.display().to_string()),
        tools: hands.registry.len(),
        active_keys: hands.keys.active(),
        connections: hands.guard.open_connections(),
        sessions: hands.sessions.len(),
        calls_in_flight: hands.guard.calls_in_flight() as u64,
    }
}

/// Collects what was counted since the start.
pub(super) fn figures(hands: &Hands) -> StatsReport {
    crate::tools::stats(&hands.recorder, &hands.registry, &hands.guard)
}

pub(super) fn stats(hands: &Hands, _: Stats) -> Result<StatsReport, Fault> {
    Ok(figures(hands))
}

pub(super) async fn reload(hands: &Hands, _: Reload) -> Result<ReloadReport, Fault> {
    let (answer, answered) = oneshot::channel();
    order(hands, Order::Reload(Some(answer))).await?;
    match answered.await {
        Ok(Ok((live, restart))) => Ok(ReloadReport { live, restart }),
        Ok(Err(complaints)) => Err(Fault::new(FaultKind::Refused, complaints)
            .hint("nothing was changed; the old configuration stays in force")),
        Err(_) => Err(ending()),
    }
}

pub(super) async fn drain(hands: &Hands, ask: Drain) -> Result<Ending, Fault> {
    let deadline = ask.deadline.map(Duration::from_secs);
    let ending = what_ends(hands, deadline.unwrap_or_else(|| drain_deadline(hands)));
    order(hands, Order::Drain(deadline)).await?;
    Ok(ending)
}

pub(super) async fn shutdown(hands: &Hands, ask: Shutdown) -> Result<Ending, Fault> {
    let ending = what_ends(hands, if ask.now { Duration::ZERO } else { drain_deadline(hands) });
    order(hands, if ask.now { Order::Stop } else { Order::Drain(None) }).await?;
    Ok(ending)
}

fn what_ends(hands: &Hands, deadline: Duration) -> Ending {
    let calls_in_flight = hands.guard.calls_in_flight() as u64;
    Ending { calls_in_flight, pid: std::process::id(), deadline: deadline.as_secs() }
}

/// Returns how long calls may take when nobody says otherwise.
pub(super) fn drain_deadline(hands: &Hands) -> Duration {
    hands.config.borrow().server.drain_deadline
}

pub(super) async fn order(hands: &Hands, order: Order) -> Result<(), Fault> {
    hands.orders.send(order).await.map_err(|_| ending())
}

pub(super) fn ending() -> Fault {
    Fault::new(FaultKind::Refused, "the daemon is ending")
}
