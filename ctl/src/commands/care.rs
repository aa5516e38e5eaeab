//! `mcpctl backup` and `mcpctl restore`: saves what the daemon keeps, and puts a copy back.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use mcpd_ipc::{
    care::{Backup, BackupReport, Restore, Restoring},
    life::{Status, StatusReport},
};

use super::{
    path,
    waiting::{GRACE, Seen, Wait, look},
};
use crate::{
    ask::FirmConsent,
    daemon::Daemon,
    error::{Ended, Error, Kind},
    output::{Format, Output},
    page::Page,
    quote,
    surroundings::Surroundings,
    table::Table,
    text,
};

/// How long a daemon may take to start with what was put back.
const START: Duration = Duration::from_secs(60);

/// How long copying and verifying everything may take, whatever `--timeout` says less.
const COPYING: Duration = Duration::from_secs(600);

/// Where to.
#[derive(Args)]
#[command(after_help = "The copy holds keys and the pepper: whoever has it can check guesses of secrets.

Example:
  mcpctl backup /var/backups/mcpd-$(date +%F).backup")]
pub(crate) struct BackupArgs {
    /// The file to make, on the daemon's machine
    file: PathBuf,
    /// Takes the place of a file that is there
    #[arg(long)]
    force: bool,
}

/// From where.
#[derive(Args)]
#[command(after_help = "What is there now is kept beside it.

Example:
  mcpctl restore /var/backups/mcpd-2026-11-22.backup
  mcpctl restore --yes /var/backups/mcpd-2026-11-22.backup")]
pub(crate) struct RestoreArgs {
    /// The backup, on the daemon's machine
    file: PathBuf,
    #[command(flatten)]
    consent: FirmConsent,
}

/// Makes a backup.
pub(crate) async fn backup(args: BackupArgs, daemon: &Daemon, out: &mut Output) -> Result<Ended, Error> {
    let file = path::absolute(&args.file)?;
    let again = daemon.line(&format!("backup --force {}", quote::word(&file)));
    let again = format!("to take its place: {again}");
    let made = daemon.patient(COPYING).call(Backup { file, overwrite: args.force }).await;
    let made =
        made.map_err(|error| if error.kind == Kind::Conflict { error.or_hint(&again) } else { error })?;
    out.show(&made, |made| {
        Page::of(format!("wrote {} ({})", made.file, text::bytes(made.bytes))).table(contents(made))
    })?;
    Ok(Ended::Done)
}

/// Puts a backup back and waits until the daemon answers again.
pub(crate) async fn restore(
    args: RestoreArgs,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let file = path::absolute(&args.file)?;
    let again = daemon.line(&format!("restore --yes {}", quote::word(&file)));
    args.consent.check(&again, surroundings)?;
    let status = daemon.call(Status {}).await?;
    args.consent.ask(&question(&status, &args.file), surroundings, out)?;
    let restoring = daemon.patient(COPYING).call(Restore { file }).await?;
    let now = surroundings.now;
    out.show(&restoring, |restoring| restoring_page(restoring, now))?;
    let back = wait(&restoring, daemon, out).await?;
    match out.format {
        Format::Text => out.page(&Page::of(format!("the daemon is back (process {})", back.pid)))?,
        Format::Json => {}
    }
    Ok(Ended::Done)
}

fn question(status: &StatusReport, file: &Path) -> String {
    let keys = text::count(status.active_keys as u64, "active key");
    let file = file.display();
    format!(
        "replace all that the daemon (process {}) keeps, with {keys}, by {file} and start it again?",
        status.pid
    )
}

fn contents(backup: &BackupReport) -> Table {
    Table::fields([
        ("keys", backup.keys.to_string()),
        ("projects", backup.projects.to_string()),
        ("memories", backup.memories.to_string()),
        ("made by", format!("mcpd {}", backup.version)),
    ])
}

fn restoring_page(restoring: &Restoring, now: i64) -> Page {
    let Restoring { backup, kept, calls_in_flight, .. } = restoring;
    let calls = text::count(*calls_in_flight, "call");
    Page::of(format!("putting back {} of {}", backup.file, text::date(backup.made_at, now)))
        .table(contents(backup))
        .line(format!("what is there now is kept as {kept}"))
        .line(format!("the daemon starts again, {calls} in flight"))
}

/// Waits until another instance of the daemon answers.
async fn wait(restoring: &Restoring, daemon: &Daemon, out: &mut Output) -> Result<StatusReport, Error> {
    let limit = Duration::from_secs(restoring.deadline).saturating_add(GRACE + START);
    let wait = Wait::new(limit);
    while let Some(left) = wait.left() {
        // Asked anew each time: a daemon that comes back may have another socket.
        let doing = match look(daemon, &daemon.socket()?, left).await {
            Seen::Daemon(status) if status.instance != restoring.instance => {
                out.progress_over();
                return Ok(*status);
            }
            Seen::Daemon(status) => format!("{} left", text::count(status.calls_in_flight, "call")),
            Seen::Silence => "it is busy".into(),
            Seen::Nobody => "it is away".into(),
        };
        out.progress(&format!("waiting for the daemon: {doing}, {} left", text::span(left.as_secs())));
        wait.pause().await;
    }
    let limit = humantime::format_duration(limit);
    Err(Error::new(Kind::Failed, format!("the daemon has not come back within {limit}"))
        .hint(format!("start it with: {}", daemon.start_line()))
        .hint(format!("what was there before is kept as {}", restoring.kept)))
}
