//! `mcpctl import-env`: takes keys, allowlist, limits, host and port from an older deployment's `.env`.

mod config;
mod dotenv;
mod networks;
mod page;
mod plan;
mod secrets;
mod settings;

use std::path::{Path, PathBuf};

use clap::Args;
use mcpd_ipc::{
    allow::{AllowAdd, AllowList},
    keys::{KeysImport, Shown},
    life::{Status, StatusReport},
};
use serde::Serialize;

use self::{
    config::{Edited, Setting, Stored},
    dotenv::Variables,
    plan::Plan,
    secrets::PlannedKey,
};
use super::keys;
use crate::{
    ask::FirmConsent,
    daemon::Daemon,
    error::{Ended, Error, Kind},
    file,
    output::{Format, Output},
    quote,
    surroundings::Surroundings,
};

/// The largest file that is read, in bytes: nobody writes more by hand.
const LIMIT: u64 = 1 << 20;

/// From which file.
#[derive(Args)]
#[command(
    after_help = "Takes API_KEYS, ALLOWED_IPS, HOST, PORT, RATE_LIMIT, MAX_CONNECTIONS and their kin, with MCP_ before
them or without. Keys go on working with the secrets their holders have. What it does not know it
lists by name. Without --yes it shows its plan and asks.

Example:
  mcpctl import-env /srv/old-mcp/.env --dry-run
  mcpctl import-env /srv/old-mcp/.env --yes"
)]
pub(crate) struct ImportEnvArgs {
    /// The .env file
    file: PathBuf,
    /// Shows what would be done and does nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    consent: FirmConsent,
}

/// What was planned and what became of it, as `--json` prints it.
#[derive(Serialize)]
struct Import {
    /// What was found in the file.
    plan: Plan,
    /// What becomes of the daemon's configuration file.
    settings: Vec<Setting>,
    /// An address that is left out: the daemon refuses it without TLS while `server.plaintext_lan` is not true.
    beyond_loopback: Option<String>,
    /// Whether there is no configuration file to put settings into.
    no_config_file: bool,
    /// What was done; absent with `--dry-run`.
    done: Option<Done>,
}

/// What was done.
#[derive(Serialize)]
struct Done {
    keys: Vec<Step>,
    allow: Vec<Step>,
    config: Option<Stored>,
}

/// One key or network.
#[derive(Serialize)]
struct Step {
    name: String,
    outcome: Outcome,
    /// What the daemon said, where it did not obey or has a remark.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
}

/// What became of a key or network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Added,
    AlreadyThere,
    Refused,
}

/// Runs `import-env`.
pub(crate) async fn run(
    args: ImportEnvArgs,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    if !args.dry_run {
        let file = quote::word(&args.file.display().to_string());
        let again = daemon.line(&format!("import-env --yes {file}"));
        args.consent.check(&again, surroundings)?;
    }
    let variables = Variables::parse(&String::from_utf8_lossy(&file::read_small(&args.file, LIMIT)?));
    let plan = Plan::of(&variables);
    let status = daemon.call(Status {}).await?;
    let edited = edit(&plan, &status)?;
    let mut import = Import::new(plan, edited.as_ref());
    let page = page::plan(&import, &args.file, &status);
    match out.format {
        Format::Text => out.page(&page)?,
        Format::Json if args.dry_run || import.has_nothing_to_do() => out.json(&import)?,
        // Whoever is asked has to see what about.
        Format::Json if surroundings.terminal.stdin => out.aside(&page),
        Format::Json => {}
    }
    if args.dry_run || import.has_nothing_to_do() {
        return Ok(Ended::Done);
    }
    args.consent.ask("do this?", surroundings, out)?;
    let done = carry_out(&import.plan, edited.as_ref(), daemon, surroundings.now).await?;
    import.done = Some(done);
    out.show(&import, |import| page::done(import, daemon))?;
    let is_refused = import.done.iter().flat_map(Done::steps).any(|step| step.outcome == Outcome::Refused);
    Ok(if is_refused { Ended::Negative } else { Ended::Done })
}

/// Puts the settings into the daemon's configuration file, in memory.
fn edit(plan: &Plan, status: &StatusReport) -> Result<Option<Edited>, Error> {
    let file = status.config_file.as_ref().filter(|_| !plan.settings.is_empty());
    file.map(|file| Edited::new(Path::new(file), &plan.settings)).transpose()
}

impl Import {
    fn new(plan: Plan, edited: Option<&Edited>) -> Self {
        Self {
            settings: edited.map(|edited| edited.settings.clone()).unwrap_or_default(),
            beyond_loopback: edited
                .and_then(|edited| edited.beyond_loopback)
                .map(|address| address.to_string()),
            no_config_file: edited.is_none() && !plan.settings.is_empty(),
            plan,
            done: None,
        }
    }

    /// Returns whether the configuration file says already what the variables say.
    fn is_written_already(&self) -> bool {
        let is_left_out = self.beyond_loopback.is_some() || self.no_config_file;
        !self.plan.settings.is_empty() && self.settings.is_empty() && !is_left_out
    }

    fn has_nothing_to_do(&self) -> bool {
        self.plan.keys.is_empty() && self.plan.allow.is_empty() && self.settings.is_empty()
    }
}

impl Done {
    fn steps(&self) -> impl Iterator<Item = &Step> {
        self.keys.iter().chain(&self.allow)
    }
}

/// Does all of it; one refusal does not stop the others.
async fn carry_out(plan: &Plan, edited: Option<&Edited>, daemon: &Daemon, now: i64) -> Result<Done, Error> {
    let mut done = Done { keys: Vec::new(), allow: Vec::new(), config: None };
    for key in &plan.keys {
        done.keys.push(import_key(key, daemon).await?);
    }
    if !plan.allow.is_empty() {
        done.allow = allow_all(&plan.allow, daemon).await?;
    }
    if let Some(edited) = edited.filter(|edited| !edited.settings.is_empty()) {
        let stored = edited.store(daemon, now).await;
        done.config = Some(stored.map_err(|error| match done.steps().count() {
            0 => error,
            _ => {
                let (keys, networks) = (daemon.line("keys list"), daemon.line("allow list"));
                error.hint(format!("keys and networks were taken all the same: {keys}; {networks}"))
            }
        })?);
    }
    Ok(done)
}

async fn import_key(key: &PlannedKey, daemon: &Daemon) -> Result<Step, Error> {
    let (mut name, mut others) = (key.name.clone(), key.other_names());
    loop {
        let terms = keys::plain_terms(name.clone());
        let answer = daemon.call(KeysImport { terms, secret: Shown::new(key.secret.reveal()) }).await;
        let is_taken = answer.as_ref().is_err_and(is_about_the_name);
        match others.next().filter(|_| is_taken) {
            Some(next) => name = next,
            None => return Step::of(&name, answer.map(|_| None)),
        }
    }
}

/// Returns whether another key has the name. What the daemon has to advise is about names; that it has the secret
/// already needs nothing done.
fn is_about_the_name(error: &Error) -> bool {
    error.kind == Kind::Conflict && !error.hints.is_empty()
}

/// Adds the networks that are not listed, under whichever of its spellings.
async fn allow_all(networks: &[String], daemon: &Daemon) -> Result<Vec<Step>, Error> {
    let mut listed = daemon.call(AllowList {}).await?.entries;
    let mut steps = Vec::new();
    for network in networks {
        if listed.iter().any(|entry| entry.cidr == *network) {
            steps.push(Step::already(network));
            continue;
        }
        let answer = daemon.call(AllowAdd { cidr: network.clone() }).await;
        let step = match answer {
            Ok(report) if report.entries == listed => Step::already(network),
            Ok(report) => {
                listed = report.entries;
                Step::of(network, Ok(report.note))?
            }
            Err(error) => Step::of(network, Err(error))?,
        };
        steps.push(step);
    }
    Ok(steps)
}

impl Step {
    fn already(name: &str) -> Self {
        Self { name: name.into(), outcome: Outcome::AlreadyThere, because: None }
    }

    /// Makes a step of an answer; an error that would meet the next step too is passed on.
    fn of(name: &str, answer: Result<Option<String>, Error>) -> Result<Self, Error> {
        let (outcome, because) = match answer {
            Ok(note) => (Outcome::Added, note),
            Err(error) if is_about_the_name(&error) => {
                (Outcome::Refused, Some([vec![error.message], error.hints].concat().join("; ")))
            }
            Err(error) => match error.kind {
                Kind::Conflict => (Outcome::AlreadyThere, Some(error.message)),
                Kind::Usage | Kind::NotFound | Kind::Failed => (Outcome::Refused, Some(error.message)),
                Kind::Unreachable | Kind::NotPermitted | Kind::Declined | Kind::ReaderGone => {
                    return Err(error);
                }
            },
        };
        Ok(Self { name: name.into(), outcome, because })
    }
}
