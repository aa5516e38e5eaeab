//! `mcpctl projects analyze`: a tree on the daemon's machine.

use std::path::PathBuf;

use clap::Args;
use mcpd_ipc::projects::ProjectsAnalyze;

use super::{
    LIST, Which,
    door::Door,
    following::{Following, ended},
    page,
};
use crate::{
    commands::path,
    daemon::Daemon,
    error::{Ended, Error, OrSee},
    output::Output,
};

/// Which project, which tree.
#[derive(Args)]
#[command(
    after_help = "Without PATH the tree is the one it was analysed from before, and only what changed is read again.
Ctrl-C stops the analysis; the code graph is as it was before then. One that runs already is joined.

Example:
  mcpctl projects analyze demo ~/src/demo
  mcpctl projects analyze demo --detach"
)]
pub(crate) struct AnalyzeArgs {
    #[command(flatten)]
    which: Which,
    /// The tree, on the daemon's machine [default: as before]
    path: Option<PathBuf>,
    /// What people call the project [default: as before]
    #[arg(long)]
    name: Option<String>,
    /// Does not wait until the analysis has ended
    #[arg(long)]
    detach: bool,
}

/// Runs `projects analyze`.
pub(super) async fn run(args: AnalyzeArgs, daemon: &Daemon, out: &mut Output) -> Result<Ended, Error> {
    let AnalyzeArgs { which: Which { project, tenant }, path, name, detach } = args;
    let path = path.as_deref().map(path::absolute).transpose()?;
    let begin = ProjectsAnalyze { tenant: tenant.clone(), project: project.clone(), name, path };
    let begun = daemon.call(begin).await.or_see(&daemon.line(LIST))?;
    if detach {
        let is_over = begun.phase.is_over();
        let end = if is_over { ended(&begun)? } else { Ended::Done };
        out.show(&begun, |begun| page::analysis(begun, Some(daemon)))?;
        return Ok(end);
    }
    let door = Door::Here(daemon.clone());
    let state = Following { door: &door, tenant, project }.to_the_end(begun, out).await?;
    let end = ended(&state)?;
    out.show(&state, |state| page::analysis(state, Some(daemon)))?;
    Ok(end)
}
