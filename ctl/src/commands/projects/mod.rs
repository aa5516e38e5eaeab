//! `mcpctl projects`: the code graphs of projects, made on the daemon's machine or pushed from another.

mod analyze;
mod door;
mod following;
mod page;
mod push;
mod remote;

use clap::{Args, Subcommand};
use mcpd_ipc::projects::{ProjectsForget, ProjectsList, ProjectsShow, ProjectsWatch};

use self::{analyze::AnalyzeArgs, push::PushArgs};
use crate::{
    ask::Consent,
    daemon::Daemon,
    error::{Ended, Error, OrSee},
    output::Output,
    surroundings::Surroundings,
    text,
};

/// What can be done with projects.
#[derive(Subcommand)]
pub(crate) enum ProjectsCommand {
    /// Lists the projects that have a code graph
    List(ListArgs),
    /// Shows one project's code graph: what it is made of, and what is not in it
    Show(ShowArgs),
    /// Analyses a project's tree on the daemon's machine, and shows how far it is
    Analyze(AnalyzeArgs),
    /// Follows the changes of a project's tree, so that its code graph stays current
    Watch(WatchArgs),
    /// Forgets a project's code graph; its memories and todos stay
    Forget(ForgetArgs),
    /// Pushes a tree of this machine to the daemon and has it analysed there
    Push(PushArgs),
}

/// Whose projects.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl projects list\n  mcpctl projects list --tenant team --json")]
pub(crate) struct ListArgs {
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
}

/// Which project.
#[derive(Args)]
pub(crate) struct Which {
    /// The project, by the name its clients give it
    project: String,
    /// Whose project [default: default]
    #[arg(long)]
    tenant: Option<String>,
}

/// Which project.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl projects show demo")]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    which: Which,
}

/// Which project, and whether to follow it.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl projects watch demo\n  mcpctl projects watch demo --off")]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    which: Which,
    /// Follows it no longer
    #[arg(long)]
    off: bool,
}

/// Which project, with whose consent.
#[derive(Args)]
#[command(after_help = "A tree that is still there is analysed anew with `mcpctl projects analyze`.

Example:
  mcpctl projects forget demo")]
pub(crate) struct ForgetArgs {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    consent: Consent,
}

/// What shows the projects that others take.
const LIST: &str = "projects list";

/// Runs one of the projects commands.
pub(crate) async fn run(
    command: ProjectsCommand,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let now = surroundings.now;
    match command {
        ProjectsCommand::List(ListArgs { tenant }) => {
            let list = daemon.call(ProjectsList { tenant }).await?;
            out.show(&list, |list| page::list(list, daemon, now))?;
            Ok(Ended::Done)
        }
        ProjectsCommand::Show(ShowArgs { which: Which { project, tenant } }) => {
            let shown = daemon.call(ProjectsShow { tenant, project }).await;
            let detail = shown.or_see(&daemon.line(LIST))?;
            out.show(&detail, |detail| page::one(detail, now))?;
            Ok(Ended::Done)
        }
        ProjectsCommand::Analyze(args) => analyze::run(args, daemon, out).await,
        ProjectsCommand::Watch(WatchArgs { which: Which { project, tenant }, off }) => {
            let watched = daemon.call(ProjectsWatch { tenant, project, on: !off }).await;
            let info = watched.or_see(&daemon.line(LIST))?;
            out.show(&info, page::watched)?;
            Ok(Ended::Done)
        }
        ProjectsCommand::Forget(args) => forget(args, daemon, surroundings, out).await,
        ProjectsCommand::Push(args) => push::run(args, daemon, surroundings, out).await,
    }
}

async fn forget(
    args: ForgetArgs,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let ForgetArgs { which: Which { project, tenant }, consent } = args;
    if consent.is_asked(surroundings) {
        let shown = daemon.call(ProjectsShow { tenant: tenant.clone(), project: project.clone() }).await;
        let info = shown.or_see(&daemon.line(LIST))?.info;
        let mention = page::mention(&info.project, &info.tenant);
        let files = text::count(info.files, "file");
        let question = format!("forget the code graph of {mention}, {files}? its memories and todos stay");
        consent.ask(&question, surroundings, out)?;
    }
    let forgotten = daemon.call(ProjectsForget { tenant: tenant.clone(), project: project.clone() }).await;
    let forgotten = forgotten.or_see(&daemon.line(LIST))?;
    out.show(&forgotten, |forgotten| page::forgotten(forgotten, &project, tenant.as_deref()))?;
    Ok(Ended::Done)
}
