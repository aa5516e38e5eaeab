//! `mcpctl bundle`: what a maintainer needs to see, in one text file without secrets, that can be read before it is sent.

mod local;

use std::{fmt::Write, path::PathBuf, time::Duration};

use clap::Args;
use mcpd_ipc::{
    Command,
    allow::AllowList,
    audit::{AuditTail, AuditVerify},
    care::Doctor,
    connections::ConnectionsList,
    feed::WatchLogs,
    keys::KeysList,
    life::{Stats, Status},
    memory::MemoryModelShow,
    projects::ProjectsList,
    redact::redacted,
    sessions::SessionsList,
    tools::ToolsList,
};
use serde::Serialize;

use super::path;
use crate::{
    daemon::Daemon,
    error::{Ended, Error, Kind},
    fresh_file::FreshFile,
    output::Output,
    page::Page,
    quote,
    surroundings::Surroundings,
    text,
};

/// Lines of the log that are taken along.
const LINES: u32 = 2000;
/// Records of the audit that are taken along.
const RECORDS: u32 = 200;
/// How long the daemon may take for one part, whatever `--timeout` says less.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where to.
#[derive(Args)]
#[command(after_help = "It is made without the daemon, too, of what lies on this machine (exit 3).

Example:
  mcpctl bundle
  mcpctl bundle /tmp/for-the-maintainers.txt")]
pub(crate) struct BundleArgs {
    /// The file to make, for its user alone [default: mcpd-bundle-DATE.txt here]
    file: Option<PathBuf>,
    /// Takes the place of a file that is there
    #[arg(long)]
    force: bool,
}

/// What was written, as `--json` tells it.
#[derive(Serialize)]
struct Written {
    file: String,
    bytes: u64,
    /// Parts that could not be had, each with why.
    missing: Vec<String>,
}

/// What is gathered so far.
struct Bundle {
    text: String,
    /// The user's home folder: it names the user, and stands as `~`.
    home: Option<String>,
    missing: Vec<String>,
    absent: Option<Error>,
}

/// Gathers everything and writes it.
pub(crate) async fn run(
    args: BundleArgs,
    daemon: &Daemon,
    surroundings: &Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let stamp = text::stamp(surroundings.now);
    let file = args.file.unwrap_or_else(|| PathBuf::from(format!("mcpd-bundle-{stamp}.txt")));
    let shown = path::utf8(&file)?;
    let mut fresh = FreshFile::create(&file, args.force).map_err(|error| {
        let again = daemon.line(&format!("bundle --force {}", quote::word(&shown)));
        if error.kind == Kind::Conflict { error.hint(format!("to take its place: {again}")) } else { error }
    })?;
    let bundle = gather(daemon, surroundings).await;
    fresh.write(&redacted(bundle.text.as_bytes()))?;
    let written = Written { file: shown, bytes: fresh.finish()?, missing: bundle.missing };
    out.show(&written, |written| {
        let page = Page::of(format!("wrote {} ({})", written.file, text::bytes(written.bytes)));
        let page = written.missing.iter().fold(page, |page, part| page.line(format!("without {part}")));
        page.line("secrets were taken out of it; it has addresses and names: read it before you send it")
    })?;
    match bundle.absent {
        Some(error) => Err(error),
        None => Ok(Ended::Done),
    }
}

async fn gather(daemon: &Daemon, surroundings: &Surroundings) -> Bundle {
    let home = surroundings.home.as_ref().and_then(|home| home.to_str()).map(str::to_owned);
    let mut bundle = Bundle { text: String::new(), home, missing: Vec::new(), absent: None };
    bundle.say(&format!(
        "mcpctl {} made this at {}. Secrets were taken out as far as they look like some. It has addresses, and names \
         of keys, clients, projects and tools.\n",
        env!("CARGO_PKG_VERSION"),
        text::moment(surroundings.now).unwrap_or_default()
    ));
    bundle.part("machine", Ok(local::machine()));
    bundle.part("seen without the daemon", local::checks(daemon, surroundings));
    let patient = daemon.patient(PATIENCE);
    let status = patient.call(Status {}).await;
    let config = status.as_ref().ok().and_then(|status| status.config_file.clone()).map(PathBuf::from);
    bundle.part("configuration", local::configuration(daemon, config));
    match status {
        Ok(status) => {
            bundle.part("status", json(&status));
            bundle.ask("statistics", &patient, Stats {}).await;
            bundle.ask("examination", &patient, Doctor {}).await;
            bundle.ask("keys", &patient, KeysList {}).await;
            bundle.ask("allowlist", &patient, AllowList {}).await;
            bundle.ask("connections", &patient, ConnectionsList {}).await;
            bundle.ask("sessions", &patient, SessionsList {}).await;
            bundle.ask("tools", &patient, ToolsList {}).await;
            bundle.ask("projects", &patient, ProjectsList { tenant: None }).await;
            bundle.ask("sentence model", &patient, MemoryModelShow {}).await;
            bundle.ask("audit", &patient, AuditVerify { after: 0, checkpoint: None }).await;
            let newest = AuditTail { limit: RECORDS, after: 0, actor: None, action: None };
            bundle.ask("newest records of the audit", &patient, newest).await;
            bundle.part("log", log(&patient).await);
        }
        Err(error) => {
            bundle.part("log", local::log(daemon, LINES as usize));
            bundle.absent = Some(error);
        }
    }
    bundle
}

impl Bundle {
    async fn ask<C: Command>(&mut self, name: &str, daemon: &Daemon, command: C) {
        let reply = daemon.call(command).await.and_then(|reply| json(&reply));
        self.part(name, reply);
    }

    fn part(&mut self, name: &str, text: Result<String, Error>) {
        match text {
            Ok(text) => self.say(&format!("\n== {name}\n\n{}\n", text.trim_end())),
            Err(error) => {
                self.say(&format!("\n== {name}\n\nnot to be had: {error}\n"));
                self.missing.push(format!("{name}: {error}"));
            }
        }
    }

    fn say(&mut self, text: &str) {
        let text = mcpd_ipc::text::escape_json(text);
        match self.home.as_deref().filter(|home| home.len() > 1) {
            Some(home) => self.text.push_str(&text.replace(home, "~")),
            None => self.text.push_str(&text),
        }
    }
}

fn json(reply: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string_pretty(reply)
        .map_err(|error| Error::new(Kind::Failed, "a reply is no JSON").because(error))
}

/// Returns the newest lines of the log.
async fn log(daemon: &Daemon) -> Result<String, Error> {
    let ask = WatchLogs { lines: LINES, follow: false, level: None, target: None, contains: None };
    let mut watcher = daemon.watch(ask).await?;
    let mut lines = String::new();
    while let Some(batch) = watcher.next().await.map_err(Error::calling)? {
        for line in batch.lines {
            let moment = line.at.and_then(text::moment).unwrap_or_default();
            let _ = writeln!(
                lines,
                "{moment} {} {}  {}",
                format!("{:?}", line.level).to_uppercase(),
                line.target,
                line.text
            );
        }
    }
    Ok(lines)
}
