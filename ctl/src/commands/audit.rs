//! `mcpctl audit`: who did what, and whether the record of it is what was written.

use std::time::Duration;

use clap::{Args, Subcommand};
use mcpd_ipc::audit::{AuditCheckpoint, AuditRecord, AuditReport, AuditTail, AuditVerify};

use crate::{
    daemon::Daemon,
    error::{Ended, Error},
    output::{Format, Output},
    page::Page,
    paint::Tone,
    text,
};

/// How often a follower asks for more.
const PAUSE: Duration = Duration::from_millis(500);
/// Records that are asked for at a time while following.
const BATCH: u32 = 500;
/// How long a look through the whole chain may take, whatever `--timeout` says less.
const LOOKING: Duration = Duration::from_secs(600);

/// What can be done with the audit.
#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// Prints the newest records
    Tail(TailArgs),
    /// Looks whether every record is what was written; exits 1 and names the first that is not
    Verify(VerifyArgs),
}

/// Which records.
#[derive(Args)]
#[command(after_help = "With --json each record is one JSON object on one line (JSON Lines).

Example:
  mcpctl audit tail -f
  mcpctl audit tail --actor key:jowfmPyh1eat --json")]
pub(crate) struct TailArgs {
    /// Goes on with what is recorded, until Ctrl-C
    #[arg(short, long)]
    follow: bool,
    /// Records that were made before, counted after the filters
    #[arg(short = 'n', long, value_name = "COUNT", default_value = "50",
        value_parser = clap::value_parser!(u32).range(1..=500))]
    lines: u32,
    /// Only what actors did whose name contains this, as in uid:1000 or key:
    #[arg(long, value_name = "TEXT")]
    actor: Option<String>,
    /// Only actions that contain this, as in keys
    #[arg(long, value_name = "TEXT")]
    action: Option<String>,
}

/// Which part of the chain.
#[derive(Args)]
#[command(
    after_help = "Keep the checkpoint it prints somewhere else: whoever can replace the whole audit cannot
replace that.

Example:
  mcpctl audit verify
  mcpctl audit verify --checkpoint \"$(cat /mnt/elsewhere/checkpoint)\"

Without a running daemon, or for a copy of the folder: mcpd verify."
)]
pub(crate) struct VerifyArgs {
    /// Looks only at records after this number
    #[arg(long, value_name = "SEQ", default_value = "0", hide_default_value = true)]
    after: u64,
    /// A record that was there once, as an earlier look printed it
    #[arg(long, value_name = "SEQ:MAC")]
    checkpoint: Option<AuditCheckpoint>,
}

/// Runs one of the audit commands.
pub(crate) async fn run(command: AuditCommand, daemon: &Daemon, out: &mut Output) -> Result<Ended, Error> {
    match command {
        AuditCommand::Tail(args) => tokio::select! {
            // Ctrl-C is how following ends: not a failure.
            biased;
            _ = tokio::signal::ctrl_c() => Ok(Ended::Done),
            ended = tail(args, daemon, out) => ended,
        },
        AuditCommand::Verify(VerifyArgs { after, checkpoint }) => {
            let report = daemon.patient(LOOKING).call(AuditVerify { after, checkpoint }).await?;
            out.show(&report, page)?;
            Ok(if report.bad.is_some() { Ended::Negative } else { Ended::Done })
        }
    }
}

async fn tail(args: TailArgs, daemon: &Daemon, out: &mut Output) -> Result<Ended, Error> {
    let TailArgs { follow, lines, actor, action } = args;
    let mut ask = AuditTail { limit: lines, after: 0, actor, action };
    let mut seen = false;
    loop {
        let records = daemon.call(ask.clone()).await?.records;
        for record in &records {
            match out.format {
                Format::Json => out.json_line(record)?,
                Format::Text => out.page(&line(record))?,
            }
        }
        seen |= !records.is_empty();
        if !follow {
            break;
        }
        ask.limit = BATCH;
        ask.after = records.last().map_or(ask.after, |last| last.seq).max(1);
        if records.len() < BATCH as usize {
            tokio::time::sleep(PAUSE).await;
        }
    }
    if !seen {
        out.note(&Page::of("the audit has no such records"));
    }
    Ok(Ended::Done)
}

fn line(record: &AuditRecord) -> Page {
    let AuditRecord { seq, at, actor, action, subject, fate, why, answers, times } = record;
    let moment = text::moment_column(*at);
    let mut after = format!("  {actor}  {action}");
    let mut say = |words: String| after.push_str(&words);
    if let Some(subject) = subject {
        say(format!("  {subject}"));
    }
    if *times > 1 {
        say(format!("  {times} times"));
    }
    if let Some(why) = why {
        say(format!(": {why}"));
    }
    if let Some(asked) = answers {
        say(format!(" (asked in {asked})"));
    }
    let before = format!("{moment}  {seq:>6}  ");
    match fate.as_str() {
        "done" => Page::default().toned(&before, Tone::Good, "done  ", &after),
        "denied" => Page::default().toned(&before, Tone::Warning, "denied", &after),
        "failed" => Page::default().toned(&before, Tone::Bad, "failed", &after),
        other => Page::of(format!("{before}{other:6}{after}")),
    }
}

fn page(report: &AuditReport) -> Page {
    let (verdict, behind, lines) = report.told();
    let tone = if report.bad.is_none() { Tone::Good } else { Tone::Bad };
    lines
        .iter()
        .fold(Page::default().toned("the audit is ", tone, verdict, &behind), |page, line| page.line(line))
}
