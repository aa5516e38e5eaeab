//! `mcpctl projects push`: a tree of this machine for a daemon that cannot read it.

mod page;
mod sending;
mod tree;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use mcpd_ipc::projects::PushBegin;

use self::{page::Report, sending::Sending, tree::Tree};
use super::{
    door::Door,
    following::{Following, ended, given_up},
    remote::{Address, Remote, read_key},
};
use crate::{
    daemon::Daemon,
    error::{Ended, Error, Kind},
    file::cannot,
    output::Output,
    page::Page,
    paint::Tone,
    surroundings::Surroundings,
};

/// How long the daemon may take to store what it is sent, whatever `--timeout` says less.
const STORING: Duration = Duration::from_secs(120);

/// Which tree, and where to.
#[derive(Args)]
#[command(
    after_help = "Only files that the daemon can read code from are pushed, and only those that it does not have yet.
Left out are hidden files, what .gitignore and .ignore name, links, node_modules, __pycache__,
caches and virtual environments. Files that are gone here are gone there then.

Without --url the tree goes to this machine's daemon. With it, to another's: the key needs the scope
write, and an http:// address shows key and code to everybody on the way.

Example:
  mcpctl projects push . --project demo
  mcpctl projects push . --project demo --dry-run
  mcpctl projects push . --project demo --url https://mcp.example --key-file ~/.mcpd.key"
)]
pub(crate) struct PushArgs {
    /// The tree
    dir: PathBuf,
    /// The project, by the name its clients give it
    #[arg(long)]
    project: String,
    /// What people call the project [default: as before]
    #[arg(long)]
    name: Option<String>,
    /// Whose project [default: default]; over --url it is the key's
    #[arg(long, conflicts_with = "url")]
    tenant: Option<String>,
    /// Another machine's daemon, as in http://192.168.3.5:8765
    #[arg(long)]
    url: Option<Address>,
    /// The file with the key for it, which only you can read; - is stdin
    #[arg(long, value_name = "FILE", requires = "url")]
    key_file: Option<PathBuf>,
    /// Says what would be sent and sends nothing
    #[arg(long)]
    dry_run: bool,
}

/// Runs `projects push`.
pub(super) async fn run(
    args: PushArgs,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let PushArgs { dir, project, name, tenant, url, key_file, dry_run } = args;
    check(&dir)?;
    let door = match url {
        Some(address) => there(&address, key_file.as_deref(), daemon, surroundings, out)?,
        None => Door::Here(daemon.patient(STORING)),
    };
    let begin = PushBegin { tenant: tenant.clone(), project: project.clone(), name };
    let report = Report::new(&dir, &project, dry_run);
    let sending = send(Push { dir: &dir, door: &door, begin, report }, out);
    let sent = tokio::select! {
        biased;
        _ = tokio::signal::ctrl_c() => None,
        sent = sending => Some(sent?),
    };
    let Some(sent) = sent else { return Ok(given_up(out)) };
    // Not to be stopped half way: nobody could say then whether something has changed.
    let (mut report, begun) = sent.finish().await?;
    if let Some(begun) = begun {
        let state = Following { door: &door, tenant, project }.to_the_end(begun, out).await?;
        report.analysis = Some(state);
    }
    let end = report.analysis.as_ref().map_or(Ok(Ended::Done), ended)?;
    let end = if report.refused == 0 { end } else { Ended::Negative };
    let asked = match &door {
        Door::Here(_) => Some(daemon),
        Door::There(_) => None,
    };
    out.show(&report, |report| report.page(asked))?;
    Ok(end)
}

/// What is pushed.
struct Push<'p> {
    dir: &'p Path,
    door: &'p Door,
    begin: PushBegin,
    report: Report,
}

/// Offers the tree and sends what is wanted.
async fn send<'p>(push: Push<'p>, out: &mut Output) -> Result<Sending<'p>, Error> {
    let Push { dir, door, begin, report } = push;
    let limits = door.call(begin).await?;
    let tree = Tree::walk(dir, &limits, out).await?;
    let mut sending = Sending::new(door, limits, tree, report);
    sending.offer(out).await?;
    sending.send(out).await?;
    Ok(sending)
}

/// Fails where there is no directory to push.
fn check(dir: &Path) -> Result<(), Error> {
    let found = fs::metadata(dir).map_err(|error| cannot("read", dir, error))?;
    if found.is_dir() {
        return Ok(());
    }
    Err(Error::new(Kind::Usage, format!("{} is no directory", dir.display())))
}

/// Makes ready to reach another machine's daemon.
fn there(
    address: &Address,
    key_file: Option<&Path>,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Door, Error> {
    let key = key_file.map(|file| read_key(file, surroundings, out)).transpose()?;
    if address.is_readable() {
        let what = if key.is_some() { "the key and the code" } else { "the code" };
        let why = format!(" http:// shows {what} to everybody on the way; https:// does not");
        out.aside(&Page::default().toned("", Tone::Warning, "warning:", &why));
    }
    let key = key.as_ref().map(mcpd_ipc::keys::Shown::reveal);
    let remote = Remote::new(address, key, daemon.timeout(), daemon.timeout().max(STORING))?;
    Ok(Door::There(Box::new(remote)))
}
