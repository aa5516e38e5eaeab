//! `mcpctl memory model`: the model that finds memories by meaning; how it fares, putting one in place, taking it away.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand};
use mcpd_ipc::memory::{
    MemoryModelInstall, MemoryModelRemove, MemoryModelReport, MemoryModelShow, ModelState,
};

use crate::{
    ask::Consent,
    commands::path,
    daemon::Daemon,
    error::{Ended, Error},
    output::Output,
    page::Page,
    paint::Tone,
    surroundings::Surroundings,
    table::Table,
    text,
};

/// How long copying and reading a model may take, whatever `--timeout` says less.
const READING: Duration = Duration::from_secs(300);

/// How often the daemon is asked how far it is.
const PAUSE: Duration = Duration::from_millis(500);

/// The model; alone it shows how it fares.
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Without a model memories are found by their words. With one they are found by meaning too; those
that are there get their vectors in the background, and --watch shows how far that is.

Example:
  mcpctl memory model
  mcpctl memory model install use-multilingual-3.safetensors
  mcpctl memory model --watch"
)]
pub(crate) struct ModelArgs {
    #[command(flatten)]
    status: StatusArgs,
    #[command(subcommand)]
    command: Option<ModelCommand>,
}

/// What can be done with the model.
#[derive(Subcommand)]
enum ModelCommand {
    /// Shows which model there is, how it fares, and how many memories have a vector of it
    Status(StatusArgs),
    /// Puts a model in place; it counts at once
    Install(InstallArgs),
    /// Takes the installed model away; memories are found by their words then
    Remove(RemoveArgs),
}

/// How to look.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl memory model status --watch")]
struct StatusArgs {
    /// Waits until every memory has its vector, and shows how far it is
    #[arg(long)]
    watch: bool,
}

/// Which file.
#[derive(Args)]
#[command(after_help = "The daemon copies the file into its state directory, so the original may go.

Example:
  mcpctl memory model install ~/Downloads/use-multilingual-3.safetensors")]
struct InstallArgs {
    /// The model, on the daemon's machine
    file: PathBuf,
}

/// With whose consent.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl memory model remove")]
struct RemoveArgs {
    #[command(flatten)]
    consent: Consent,
}

/// Runs one of the model commands; without one it shows how the model fares.
pub(super) async fn run(
    args: ModelArgs,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let report = match args.command.unwrap_or(ModelCommand::Status(args.status)) {
        ModelCommand::Status(StatusArgs { watch: false }) => daemon.call(MemoryModelShow {}).await?,
        ModelCommand::Status(StatusArgs { watch: true }) => watch(daemon, out).await?,
        ModelCommand::Install(InstallArgs { file }) => {
            let path = path::absolute(&file)?;
            daemon.patient(READING).call(MemoryModelInstall { path }).await?
        }
        ModelCommand::Remove(RemoveArgs { consent }) => {
            let question = "take the model away, so that memories are found by their words alone?";
            consent.ask(question, surroundings, out)?;
            daemon.call(MemoryModelRemove {}).await?
        }
    };
    out.show(&report, |report| report_page(report, daemon))?;
    Ok(Ended::Done)
}

/// Waits as long as memories get their vectors.
async fn watch(daemon: &Daemon, out: &mut Output) -> Result<MemoryModelReport, Error> {
    loop {
        let report = daemon.call(MemoryModelShow {}).await?;
        if !is_working(&report) {
            out.progress_over();
            return Ok(report);
        }
        out.progress(&format!("{} {}", text::bar(report.embedded, report.all), embedded(&report)));
        tokio::time::sleep(PAUSE).await;
    }
}

fn is_working(report: &MemoryModelReport) -> bool {
    match report.state {
        ModelState::Ready => report.embedded < report.all,
        ModelState::Off | ModelState::Away => false,
    }
}

fn embedded(report: &MemoryModelReport) -> String {
    format!("{} of {} memories have a vector", report.embedded, report.all)
}

fn report_page(report: &MemoryModelReport, daemon: &Daemon) -> Page {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let (word, tone, means) = match report.state {
        ModelState::Off => ("off", Tone::Warning, ": memories are found by their words"),
        ModelState::Ready => ("ready", Tone::Good, ": memories are found by their words and by meaning"),
        ModelState::Away => ("away", Tone::Bad, ": memories are found by their words meanwhile"),
    };
    let page = Page::default().toned("the model is ", tone, word, means);
    let page = match &report.reason {
        Some(reason) => page.line(format!("because {reason}")),
        None => page,
    };
    let page = match report.state {
        ModelState::Off => page.hint(&daemon.line("memory model install FILE")),
        ModelState::Ready | ModelState::Away => page.table(Table::fields([
            ("model", or_dash(&report.id)),
            ("dimensions", report.dimensions.map_or_else(|| "-".into(), |length| length.to_string())),
            ("source", or_dash(&report.source)),
            ("embedded", embedded(report)),
        ])),
    };
    if is_working(report) {
        page.line(format!("the others get theirs in the background: {}", daemon.line("memory model --watch")))
    } else {
        page
    }
}
