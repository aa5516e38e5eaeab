//! `mcpctl drain` and `mcpctl shutdown`: end the daemon and watch it go.

use std::{io::ErrorKind, path::PathBuf, time::Duration};

use clap::Args;
use mcpd_ipc::{
    CallError,
    life::{Drain, Ending, Shutdown, Status},
};
use tokio::time::{Instant, sleep, timeout};

use crate::{
    daemon::Daemon,
    error::{Ended, Error, Kind},
    output::{Format, Output, Page},
    text,
};

/// How much longer than the deadline a daemon may take before its going counts as failed.
const GRACE: Duration = Duration::from_secs(10);

/// How long calls may take when only the daemon knows the deadline: the default of `server.drain_deadline`. The reply
/// does not name it, so a daemon with a longer one is reported as still running.
const UNKNOWN_DEADLINE: Duration = Duration::from_secs(30);

/// How often the socket is tried.
const PAUSE: Duration = Duration::from_millis(100);

/// How to drain.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl drain --deadline 5m")]
pub(crate) struct DrainArgs {
    /// Time running calls may take, as in 5m [default: as configured]
    #[arg(long, value_name = "TIME", value_parser = text::duration)]
    deadline: Option<Duration>,
    /// Does not wait until the daemon has gone
    #[arg(long)]
    no_wait: bool,
}

/// How to shut down.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl shutdown\n  mcpctl shutdown --now")]
pub(crate) struct ShutdownArgs {
    /// Drops running calls
    #[arg(long)]
    now: bool,
    /// Does not wait until the daemon has gone
    #[arg(long)]
    no_wait: bool,
}

/// Drains the daemon.
pub(crate) async fn drain(args: DrainArgs, daemon: &Daemon, out: &mut Output) -> Result<Ended, Error> {
    let socket = daemon.socket()?;
    let deadline = args.deadline.map(text::whole_seconds);
    let ending = daemon.call(Drain { deadline }).await?;
    out.show(&ending, |ending| ending_page(ending, "draining"))?;
    if !args.no_wait {
        let limit = deadline.map_or(UNKNOWN_DEADLINE, Duration::from_secs).saturating_add(GRACE);
        Going { pid: ending.pid, socket, limit, daemon }.watch(out).await?;
    }
    Ok(Ended::Done)
}

/// Shuts the daemon down.
pub(crate) async fn shutdown(args: ShutdownArgs, daemon: &Daemon, out: &mut Output) -> Result<Ended, Error> {
    let socket = daemon.socket()?;
    let ending = daemon.call(Shutdown { now: args.now }).await?;
    out.show(&ending, |ending| ending_page(ending, if args.now { "stopping now" } else { "stopping" }))?;
    if !args.no_wait {
        let limit = if args.now { GRACE } else { UNKNOWN_DEADLINE + GRACE };
        Going { pid: ending.pid, socket, limit, daemon }.watch(out).await?;
    }
    Ok(Ended::Done)
}

fn ending_page(ending: &Ending, doing: &str) -> Page {
    Page::of(format!(
        "the daemon (process {}) is {doing}, {} in flight",
        ending.pid,
        text::count(ending.calls_in_flight, "call")
    ))
}

/// A daemon on its way out.
struct Going<'a> {
    pid: u32,
    /// Found before the order was given: a daemon that ends takes its announcement away first.
    socket: PathBuf,
    /// How long it may take.
    limit: Duration,
    daemon: &'a Daemon,
}

impl Going<'_> {
    /// Waits until it has gone and says so to people; to programs, the exit code says it.
    async fn watch(&self, out: &mut Output) -> Result<(), Error> {
        self.wait().await?;
        match out.format {
            Format::Text => out.page(&Page::of(format!("the daemon (process {}) has gone", self.pid))),
            Format::Json => Ok(()),
        }
    }

    async fn wait(&self) -> Result<(), Error> {
        let begin = Instant::now();
        loop {
            let left = self.limit.saturating_sub(begin.elapsed());
            if left.is_zero() {
                return Err(self.stays());
            }
            if self.has_gone(left).await {
                return Ok(());
            }
            sleep(PAUSE.min(left)).await;
        }
    }

    /// Returns whether nobody answers at the socket, or already a successor that a supervisor has started.
    async fn has_gone(&self, limit: Duration) -> bool {
        match self.daemon.connect(&self.socket, limit).await {
            Ok(mut client) => {
                let status = timeout(limit, client.call(Status {})).await;
                matches!(status, Ok(Ok(status)) if status.pid != self.pid)
            }
            // A full queue, for one, is not absence.
            Err(CallError::Unreachable { source, .. }) => {
                matches!(source.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused)
            }
            Err(CallError::NotPermitted { .. } | CallError::TimedOut(_)) => false,
            Err(CallError::Refused(_) | CallError::Broken(_)) => false,
        }
    }

    fn stays(&self) -> Error {
        let limit = humantime::format_duration(self.limit);
        Error::new(Kind::Failed, format!("the daemon (process {}) still runs after {limit}", self.pid))
            .hint("calls may still be finishing; to drop them: mcpctl shutdown --now")
            .hint(format!("kill {}", self.pid))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::{cli::Global, surroundings::Surroundings};

    fn daemon_at(socket: &std::path::Path) -> Daemon {
        let global = Global {
            socket: Some(socket.to_owned()),
            state_dir: None,
            json: false,
            timeout: Duration::from_secs(5),
        };
        Daemon::new(&global, &Surroundings::read())
    }

    async fn watched(socket: &std::path::Path, limit: Duration) -> Result<(), Error> {
        let daemon = daemon_at(socket);
        Going { pid: 7, socket: socket.to_owned(), limit, daemon: &daemon }.wait().await
    }

    #[tokio::test]
    async fn an_absent_socket_means_gone() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("s");
        watched(&socket, GRACE).await.unwrap();
        // A file that nobody listens on any more is as good as none.
        drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
        watched(&socket, GRACE).await.unwrap();
    }

    #[tokio::test]
    async fn a_daemon_that_stays_is_a_failure() {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("s");
        let _silent = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let error = watched(&socket, Duration::from_millis(250)).await.unwrap_err();
        assert_eq!(error.to_string(), "the daemon (process 7) still runs after 250ms");
        assert_eq!(crate::error::exit_code(&Err(error)), 1);
    }
}
