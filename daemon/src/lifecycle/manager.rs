//! What the service manager is told, where one started us: that the doors are open, that a reload or the end has begun,
//! and at half of the time it allows that the daemon lives. Without one nothing is said, and nothing fails.

use std::time::Duration;

use rustix::fs::fstat;
use sd_notify::NotifyState;
use tokio::{
    sync::oneshot,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    signals::{Order, Orders},
    store::Store,
};

/// What it takes to end once the last call is answered, with room to spare.
const AFTERWARDS: Duration = Duration::from_secs(15);

/// The service manager, or nobody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manager {
    /// How long the daemon may be silent before it is taken for dead.
    watchdog: Option<Duration>,
}

impl Manager {
    /// Finds the manager and tells it that the daemon starts: anew or, after a restore, once more in the same process.
    pub(super) fn greet() -> Self {
        let watchdog = sd_notify::watchdog_enabled().filter(|allowed| !allowed.is_zero());
        let alive = watchdog.map(|_| NotifyState::Watchdog);
        let states: Vec<_> = alive.into_iter().chain([NotifyState::Status("starting")]).collect();
        tell(&states);
        Self { watchdog }
    }

    /// Says that the daemon serves: for the first time, or again after a reload.
    pub(super) fn ready(self, status: &str) {
        tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// Says that a reload has begun; [`Manager::ready`] ends it.
    pub(super) fn reloading(self) {
        between(&[NotifyState::Status("reloading the configuration")]);
    }

    /// Says that the daemon goes down and comes up again in the same process. To the manager that is a long reload: a
    /// service that says it stops is not believed when it is back.
    pub(super) fn restarting(self, deadline: Duration) {
        let longer = longer(deadline);
        between(&[NotifyState::Custom(&longer), NotifyState::Status("draining, to start again")]);
    }

    /// Says that the daemon ends once the calls that run are answered, `deadline` at most.
    pub(super) fn stopping(self, deadline: Duration) {
        let longer = longer(deadline);
        tell(&[NotifyState::Stopping, NotifyState::Custom(&longer), NotifyState::Status("draining")]);
    }

    /// Shows that the daemon lives until `stop` fires: only when orders are heard and the database can be read.
    pub(super) async fn beat(self, orders: Orders, store: Store, stop: CancellationToken) {
        let Some(allowed) = self.watchdog else { return };
        let mut ticks = interval(allowed / 2);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return,
            }
            match timeout(allowed / 2, lives(&orders, &store)).await {
                Ok(true) => tell(&[NotifyState::Watchdog]),
                Ok(false) | Err(_) if stop.is_cancelled() => return,
                Ok(false) | Err(_) => {
                    tracing::error!("orders or the database do not answer: no sign of life")
                }
            }
        }
    }
}

async fn lives(orders: &Orders, store: &Store) -> bool {
    let (heard, answered) = oneshot::channel();
    let obeyed = orders.send(Order::Beat(heard)).await.is_ok() && answered.await.is_ok();
    obeyed && store.ping().await.is_ok()
}

/// Says that the daemon is not ready for a while; newer managers want to know from when on.
fn between(more: &[NotifyState<'_>]) {
    let since = NotifyState::monotonic_usec_now();
    let states = [NotifyState::Reloading].into_iter().chain(since).chain(more.iter().cloned());
    tell(&states.collect::<Vec<_>>());
}

/// Asks for as long as a drain may take, whatever the unit says.
fn longer(deadline: Duration) -> String {
    format!("EXTEND_TIMEOUT_USEC={}", deadline.saturating_add(AFTERWARDS).as_micros())
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "the service manager could not be told how the daemon fares");
    }
}

/// Returns whether what is printed ends up where others read it: with a manager that was asked to listen, or in the
/// journal. The variable alone says nothing, for terminals inherit it; it names the stream that is the journal's.
pub(crate) fn is_on_record(notified: bool, journal: Option<&str>) -> bool {
    let stream = || fstat(std::io::stdout()).map(|found| format!("{}:{}", found.st_dev, found.st_ino));
    notified || journal.is_some_and(|journal| stream().is_ok_and(|stream| stream == journal))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_known_by_its_stream() {
        let own = fstat(std::io::stdout()).unwrap();
        let journal = format!("{}:{}", own.st_dev, own.st_ino);
        assert!(is_on_record(false, Some(&journal)) && is_on_record(true, None));
        assert!(!is_on_record(false, Some("1:2")) && !is_on_record(false, None));
    }

    #[test]
    fn an_endless_drain_can_be_counted() {
        assert_eq!(longer(Duration::from_secs(30)), "EXTEND_TIMEOUT_USEC=45000000");
        assert!(longer(Duration::MAX).len() > 40);
    }
}
