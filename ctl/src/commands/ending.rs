//! `mcpctl drain` and `mcpctl shutdown`: end the daemon and watch it go.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use mcpd_ipc::life::{Drain, Ending, Shutdown, Status};

use super::waiting::{GRACE, Seen, Wait, look};
use crate::{
    ask::Consent,
    daemon::Daemon,
    error::{Ended, Error, Kind},
    output::{Format, Output},
    page::Page,
    surroundings::Surroundings,
    text,
};

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
    #[command(flatten)]
    consent: Consent,
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
    #[command(flatten)]
    consent: Consent,
}

/// Drains the daemon.
pub(crate) async fn drain(
    args: DrainArgs,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let socket = daemon.socket()?;
    if args.consent.is_asked(surroundings) {
        let question = question("drain and end", "which are answered first", daemon).await?;
        args.consent.ask(&question, surroundings, out)?;
    }
    let ending = daemon.call(Drain { deadline: args.deadline.map(text::whole_seconds) }).await?;
    out.show(&ending, |ending| ending_page(ending, "draining"))?;
    if !args.no_wait {
        Going { ending, socket, daemon }.watch(out).await?;
    }
    Ok(Ended::Done)
}

/// Shuts the daemon down.
pub(crate) async fn shutdown(
    args: ShutdownArgs,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let socket = daemon.socket()?;
    if args.consent.is_asked(surroundings) {
        let fate = if args.now { "which are dropped" } else { "which are answered first" };
        let question = question("end", fate, daemon).await?;
        args.consent.ask(&question, surroundings, out)?;
    }
    let ending = daemon.call(Shutdown { now: args.now }).await?;
    out.show(&ending, |ending| ending_page(ending, if args.now { "stopping now" } else { "stopping" }))?;
    if !args.no_wait {
        Going { ending, socket, daemon }.watch(out).await?;
    }
    Ok(Ended::Done)
}

/// Returns what to ask whoever is to be asked, with what they would end.
async fn question(verb: &str, fate: &str, daemon: &Daemon) -> Result<String, Error> {
    let status = daemon.call(Status {}).await?;
    let connections = text::count(status.connections as u64, "connection");
    let calls = match status.calls_in_flight {
        0 => String::new(),
        calls => format!(" and {} in flight, {fate}", text::count(calls, "call")),
    };
    Ok(format!("{verb} the daemon (process {}) with {connections}{calls}?", status.pid))
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
    ending: Ending,
    /// Found before the order was given: a daemon that ends takes its announcement away first.
    socket: PathBuf,
    daemon: &'a Daemon,
}

impl Going<'_> {
    /// Waits until it has gone and says so to people; to programs, the exit code says it.
    async fn watch(&self, out: &mut Output) -> Result<(), Error> {
        self.wait(Wait::new(self.deadline().saturating_add(GRACE)), out).await?;
        match out.format {
            Format::Text => out.page(&Page::of(format!("the daemon (process {}) has gone", self.ending.pid))),
            Format::Json => Ok(()),
        }
    }

    async fn wait(&self, wait: Wait, out: &mut Output) -> Result<(), Error> {
        while let Some(left) = wait.left() {
            match look(self.daemon, &self.socket, left).await {
                Seen::Nobody => return Ok(()),
                // Already a successor that a supervisor has started.
                Seen::Daemon(status) if status.pid != self.ending.pid => return Ok(()),
                Seen::Daemon(status) => out.progress(&self.progress(status.calls_in_flight, &wait)),
                Seen::Silence => {}
            }
            wait.pause().await;
        }
        Err(self.stays())
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(self.ending.deadline)
    }

    /// Returns how far it is: `[#######.............] 2 of 3 calls left, 12s left`.
    fn progress(&self, calls_left: u64, wait: &Wait) -> String {
        let all = self.ending.calls_in_flight.max(calls_left);
        let bar = text::bar(all - calls_left, all);
        let time = text::span(wait.left_of(self.deadline()).as_secs());
        format!("{bar} {calls_left} of {} left, {time} left", text::count(all, "call"))
    }

    fn stays(&self) -> Error {
        let limit = humantime::format_duration(self.deadline().saturating_add(GRACE));
        let message = format!("the daemon (process {}) still runs after {limit}", self.ending.pid);
        Error::new(Kind::Failed, message)
            .hint(format!(
                "calls may still be finishing; to drop them: {}",
                self.daemon.line("shutdown --now")
            ))
            .hint(format!("kill {}", self.ending.pid))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::cli::Global;

    async fn watched(socket: &std::path::Path, limit: Duration) -> Result<(), Error> {
        let global = Global { socket: Some(socket.to_owned()), ..Global::plain() };
        let daemon = Daemon::new(&global, &Surroundings::default());
        let ending = Ending { calls_in_flight: 0, pid: 7, deadline: 30 };
        let mut out = Output::new(Box::new(std::io::sink()), Box::new(std::io::sink()));
        Going { ending, socket: socket.to_owned(), daemon: &daemon }.wait(Wait::new(limit), &mut out).await
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
        assert_eq!(error.to_string(), "the daemon (process 7) still runs after 40s");
        assert_eq!(crate::error::exit_code(&Err(error)), 1);
    }

    #[test]
    fn progress_counts_down() {
        let daemon = Daemon::new(&Global::plain(), &Surroundings::default());
        let ending = Ending { calls_in_flight: 3, pid: 7, deadline: 30 };
        let going = Going { ending, socket: "/s".into(), daemon: &daemon };
        let wait = Wait::new(GRACE);
        let said = |calls| going.progress(calls, &wait);
        assert!(said(3).starts_with("[....................] 3 of 3 calls left, "), "{}", said(3));
        assert!(said(2).starts_with("[######..............] 2 of 3 calls left, "), "{}", said(2));
        assert!(said(0).starts_with("[####################] 0 of 3 calls left, "), "{}", said(0));
    }
}
