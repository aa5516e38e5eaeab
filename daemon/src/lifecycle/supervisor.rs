//! What the service manager is told, where one started us: that the doors are open, that a reload or the end has begun,
//! and at half of the time it allows that the daemon lives. Without one nothing is said, and nothing fails.

use std::{
    io::IsTerminal,
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use rustix::fs::{FileType, fstat};
use sd_notify::NotifyState;
use tokio::{
    sync::oneshot,
    time::{Instant, MissedTickBehavior, interval, interval_at, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::signals::{Order, Orders};

/// What it takes to end once the last call is answered, with room to spare.
const AFTERWARDS: Duration = Duration::from_secs(15);

/// The service manager, or nobody.
#[derive(Debug, Clone, Copy)]
pub(super) struct Supervisor {
    /// How long the daemon may be silent before it is taken for dead.
    watchdog: Option<Duration>,
}

impl Supervisor {
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

    /// Says that a reload has begun; [`Supervisor::ready`] ends it.
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

    /// Shows that the daemon lives for as long as the answer is kept: while it starts or ends, and no orders are heard.
    /// Each of these has a time limit of its own, here or with the manager.
    pub(super) fn keep_alive(self) -> DropGuard {
        let done = CancellationToken::new();
        if let Some(allowed) = self.watchdog {
            let done = done.clone();
            tokio::spawn(async move {
                let mut ticks = interval_at(Instant::now() + allowed / 4, allowed / 2);
                while done.run_until_cancelled(ticks.tick()).await.is_some() {
                    tell(&[NotifyState::Watchdog]);
                }
            });
        }
        done.drop_guard()
    }

    /// Shows that the daemon lives until `stop` fires: only when orders are heard. The database is not asked: a disk that
    /// hangs is no better after a restart, and much is still answered without it.
    pub(super) async fn beat(self, orders: Orders, stop: CancellationToken) {
        let Some(allowed) = self.watchdog else { return };
        let mut ticks = interval(allowed / 2);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = stop.cancelled() => return,
            }
            match timeout(allowed / 2, lives(&orders)).await {
                Ok(true) => tell(&[NotifyState::Watchdog]),
                Ok(false) | Err(_) if stop.is_cancelled() => return,
                Ok(false) | Err(_) => {
                    tracing::error!("orders are not heard: no sign of life")
                }
            }
        }
    }
}

async fn lives(orders: &Orders) -> bool {
    let (heard, answered) = oneshot::channel();
    orders.send(Order::Beat(heard)).await.is_ok() && answered.await.is_ok()
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

/// Returns whether what is printed ends up where others read it, or where nobody does: with a manager that was asked to
/// listen, in the journal, in the log of a container, or in anything but a terminal and a pipe, as a file.
pub(crate) fn is_on_record(notified: bool, journal: Option<&str>) -> bool {
    let started = is_a_service(std::process::id(), std::os::unix::process::parent_id());
    notified || started || is_kept(std::io::stdout().as_fd(), journal)
}

/// Answers whether nobody sits in front of a process: it is the first of its container or was put there from outside, and
/// the engine keeps what it prints, a terminal's too; or what started it is the first process itself, as a small init in
/// a container or launchd.
fn is_a_service(process: u32, parent: u32) -> bool {
    process == 1 || parent <= 1
}

/// The variable alone says nothing, for terminals inherit it; it names the stream that is the journal's.
fn is_kept(out: BorrowedFd<'_>, journal: Option<&str>) -> bool {
    let Ok(found) = fstat(out) else { return true };
    let is_journal = journal.is_some_and(|journal| journal == format!("{}:{}", found.st_dev, found.st_ino));
    is_journal || !(out.is_terminal() || FileType::from_raw_mode(found.st_mode) == FileType::Fifo)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_known_by_its_stream() {
        let (_read, pipe) = std::io::pipe().unwrap();
        let own = fstat(&pipe).unwrap();
        let journal = format!("{}:{}", own.st_dev, own.st_ino);
        assert!(is_kept(pipe.as_fd(), Some(&journal)) && is_on_record(true, None));
        assert!(!is_kept(pipe.as_fd(), Some("1:2")) && !is_kept(pipe.as_fd(), None));
    }

    #[test]
    fn nobody_sits_in_front_of_the_first_process_and_its_children() {
        assert!(is_a_service(1, 0) && is_a_service(7, 0) && is_a_service(7, 1) && !is_a_service(7, 6));
    }

    #[test]
    fn a_file_keeps_what_is_printed_and_nothing_shows_it() {
        for path in ["/dev/null", "/proc/self/exe"] {
            assert!(is_kept(std::fs::File::open(path).unwrap().as_fd(), None), "{path}");
        }
    }

    #[test]
    fn an_endless_drain_can_be_counted() {
        assert_eq!(longer(Duration::from_secs(30)), "EXTEND_TIMEOUT_USEC=45000000");
        assert!(longer(Duration::MAX).len() > 40);
    }
}
