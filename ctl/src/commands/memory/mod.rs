//! `mcpctl memory`: what projects remember, and the model that finds it by meaning.

mod delete;
mod export;
mod import;
mod model;
mod page;

use clap::{Args, Subcommand, ValueEnum};
use mcpd_ipc::memory::{MemoryInfo, MemoryLevel, MemoryLevelSet, MemoryList, MemoryPage, MemoryShow};

use self::{delete::DeleteArgs, export::ExportArgs, import::ImportArgs, model::ModelArgs};
use crate::{
    daemon::Daemon,
    error::{Ended, Error, OrSee},
    output::Output,
    quote,
    surroundings::Surroundings,
};

/// What can be done with memories.
#[derive(Subcommand)]
pub(crate) enum MemoryCommand {
    /// Lists memories, newest last
    List(ListArgs),
    /// Shows one memory with its whole text
    Show(ShowArgs),
    /// Deletes memories for good
    Delete(DeleteArgs),
    /// Keeps a memory longer or less long; its life begins anew
    Level(LevelArgs),
    /// Writes memories as JSON lines, which import reads back
    Export(ExportArgs),
    /// Stores memories from JSON lines, the official memory server's file, or Markdown
    Import(ImportArgs),
    /// Shows the model that finds memories by meaning, and puts one in place
    Model(ModelArgs),
}

/// Whose memories.
#[derive(Args)]
pub(crate) struct Whose {
    /// Only this tenant's
    #[arg(long)]
    tenant: Option<String>,
    /// Only this project's, by the name its clients give it
    #[arg(long)]
    project: Option<String>,
}

/// Which memories.
#[derive(Args)]
#[command(after_help = "Example:
  mcpctl memory list --project demo
  mcpctl memory list --level short --limit 500 --json")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    whose: Whose,
    /// Only those kept so long: short, mid or long
    #[arg(long, hide_possible_values = true)]
    level: Option<Level>,
    /// Goes on behind this id
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    /// How many at most
    #[arg(long, value_name = "COUNT", default_value = "50", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
}

/// Which memory.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl memory show 0199a3f2-7c11-7d4e-9f7c-2b6a1c0d9e11")]
pub(crate) struct ShowArgs {
    /// Its id, whole
    id: String,
}

/// Which memory, how long.
#[derive(Args)]
#[command(
    after_help = "short and mid memories end when their time is over (memory.short_ttl and memory.mid_ttl of
the configuration); long ones are kept.

Example:
  mcpctl memory level 0199a3f2-7c11-7d4e-9f7c-2b6a1c0d9e11 long"
)]
pub(crate) struct LevelArgs {
    /// Its id, whole
    id: String,
    /// How long from now on: short, mid or long
    #[arg(hide_possible_values = true)]
    level: Level,
}

/// How long a memory is kept, as it is typed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    // No doc comments: clap would stretch the help over two lines per flag to show them.
    Short,
    Mid,
    Long,
}

impl From<Level> for MemoryLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Short => Self::Short,
            Level::Mid => Self::Mid,
            Level::Long => Self::Long,
        }
    }
}

/// What shows the ids that others take.
const LIST: &str = "memory list";

/// How many memories are asked for at a time.
const PAGE: u32 = 500;

/// Runs one of the memory commands.
pub(crate) async fn run(
    command: MemoryCommand,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let now = surroundings.now;
    match command {
        MemoryCommand::List(args) => list(args, daemon, now, out).await,
        MemoryCommand::Show(ShowArgs { id }) => {
            let memory = daemon.call(MemoryShow { id }).await.or_see(&daemon.line(LIST))?;
            out.show(&memory, |memory| page::one(memory, now))?;
            Ok(Ended::Done)
        }
        MemoryCommand::Delete(args) => delete::run(args, daemon, surroundings, out).await,
        MemoryCommand::Level(LevelArgs { id, level }) => {
            let set = daemon.call(MemoryLevelSet { id, level: level.into() }).await;
            let memory: MemoryInfo = set.or_see(&daemon.line(LIST))?;
            out.show(&memory, |memory| page::kept(memory, now))?;
            Ok(Ended::Done)
        }
        MemoryCommand::Export(args) => export::run(args, daemon, out).await,
        MemoryCommand::Import(args) => import::run(args, daemon, surroundings, out).await,
        MemoryCommand::Model(args) => model::run(args, daemon, surroundings, out).await,
    }
}

async fn list(args: ListArgs, daemon: &Daemon, now: i64, out: &mut Output) -> Result<Ended, Error> {
    let ListArgs { whose, level, after, limit } = args;
    let level = level.map(MemoryLevel::from);
    let mut wanted =
        MemoryList { tenant: whose.tenant, project: whose.project, level, after, limit: PAGE.min(limit) };
    let mut all = MemoryPage { memories: Vec::new(), more: false };
    loop {
        let page = daemon.call(wanted.clone()).await?;
        let is_empty = page.memories.is_empty();
        all.more = page.more && !is_empty;
        all.memories.extend(page.memories);
        wanted.after = all.memories.last().map(|memory| memory.id.clone()).or(wanted.after);
        let left = limit.saturating_sub(u32::try_from(all.memories.len()).unwrap_or(u32::MAX));
        wanted.limit = PAGE.min(left);
        if !all.more || left == 0 {
            break;
        }
    }
    let next = next_line(&wanted, limit, daemon);
    out.show(&all, |all| page::list(all, &next, daemon, now))?;
    Ok(Ended::Done)
}

/// Returns the line that lists what comes behind.
fn next_line(wanted: &MemoryList, limit: u32, daemon: &Daemon) -> String {
    let flags = [
        ("tenant", wanted.tenant.clone()),
        ("project", wanted.project.clone()),
        ("level", wanted.level.map(|level| level.as_str().to_owned())),
        ("limit", (limit != 50).then(|| limit.to_string())),
        ("after", wanted.after.clone()),
    ];
    let flags = flags.iter().filter_map(|(flag, value)| value.as_ref().map(|value| (flag, value)));
    let flags: String = flags.map(|(flag, value)| format!(" --{flag} {}", quote::word(value))).collect();
    daemon.line(&format!("{LIST}{flags}"))
}
