//! `mcpctl memory import`: memories from JSON lines, from the official memory server's file, or from Markdown.

mod front_matter;
mod graph;
mod lines;
mod notes;
mod page;
mod sending;
mod source;
mod split;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::{Args, ValueEnum};
use mcpd_ipc::memory::{MemoryLevel, MemoryLimitsShow};

use self::{
    page::Report,
    sending::Sending,
    source::{Next, Source},
};
use super::Level;
use crate::{
    daemon::Daemon,
    error::{Ended, Error, Kind},
    output::Output,
    quote,
    surroundings::Surroundings,
};

/// From where, and where to.
#[derive(Args)]
#[command(
    after_help = "It reads what export writes; the file of the official memory server (entities and relations,
one JSON object a line); and Markdown, one file or a folder, with title, tags, type or category, and
created in its front matter. In a folder hidden files are left out and links are not followed.
What is bad is reported with its file and line, and the rest is stored; the exit code is 1 then.

Example:
  mcpctl memory import demo.jsonl
  mcpctl memory import ~/.memory.jsonl --project demo --dry-run
  mcpctl memory import ~/notes --project demo --level long"
)]
pub(crate) struct ImportArgs {
    /// JSON lines, a Markdown file, or a folder of them; - reads JSON lines from stdin
    #[arg(value_name = "FILE|DIR")]
    from: PathBuf,
    /// The project they go to [default: as each line says]
    #[arg(long)]
    project: Option<String>,
    /// Whose they will be [default: as each line says, else default]
    #[arg(long)]
    tenant: Option<String>,
    /// short, mid or long [default: as each line says, long for other forms]
    #[arg(long, hide_possible_values = true)]
    level: Option<Level>,
    /// auto, jsonl (ours), server (the official) or markdown
    #[arg(long, default_value = "auto", hide_possible_values = true)]
    format: Form,
    /// Reads everything and stores nothing
    #[arg(long)]
    dry_run: bool,
    /// Stops at the first that is bad
    #[arg(long)]
    strict: bool,
}

/// What memories are read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    // No doc comments: clap would stretch the help over two lines per flag to show them.
    Auto,
    Jsonl,
    Server,
    Markdown,
}

/// What was said on the command line about every memory.
struct Choices {
    project: Option<String>,
    tenant: Option<String>,
    level: Option<MemoryLevel>,
    is_dry: bool,
    is_strict: bool,
}

/// How often the line of progress is written anew.
const PROGRESS: Duration = Duration::from_millis(100);

/// Runs `memory import`.
pub(super) async fn run(
    args: ImportArgs,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let ImportArgs { from, project, tenant, level, format, dry_run, strict } = args;
    let form = settled(format, &from);
    if project.is_none() && matches!(form, Form::Server | Form::Markdown) {
        let again = format!("memory import {} --project NAME", quote::word(&from.display().to_string()));
        let error = Error::new(Kind::Usage, "what is imported names no project: say which");
        return Err(error.hint(daemon.line(&again)));
    }
    let limits = daemon.call(MemoryLimitsShow {}).await?;
    let mut source = Source::open(&from, form, limits.content, surroundings, out)?;
    let level = level.map(MemoryLevel::from);
    let choices = Choices { project, tenant, level, is_dry: dry_run, is_strict: strict };
    let mut sending = Sending::new(choices, limits, daemon, Report::new(&from, dry_run));
    let mut told: Option<Instant> = None;
    while let Some(next) = source.next()? {
        match next {
            Next::Memory(found) => sending.take(*found, out).await?,
            Next::Bad(problem) => sending.complain(problem, out)?,
            Next::Nothing => sending.skip(),
        }
        if told.is_none_or(|told| told.elapsed() >= PROGRESS) {
            out.progress(&format!("{}, {}", source.progress(), sending.progress()));
            told = Some(Instant::now());
        }
    }
    let report = sending.finish(out).await?;
    out.show(&report, Report::page)?;
    Ok(if report.refused == 0 { Ended::Done } else { Ended::Negative })
}

/// Returns what a thing is where nobody said: folders and `.md` files are Markdown, anything else is lines.
fn settled(form: Form, from: &Path) -> Form {
    let is_markdown = || from.is_dir() || notes::is_markdown(from);
    match form {
        Form::Auto if is_markdown() => Form::Markdown,
        Form::Auto | Form::Jsonl | Form::Server | Form::Markdown => form,
    }
}
