//! `mcpctl memory export`: memories as JSON lines, page by page, into a file or to stdout.

use std::path::PathBuf;

use clap::Args;
use mcpd_ipc::memory::{MemoryExport, MemoryInfo, MemoryLevel};
use serde::Serialize;

use super::{PAGE, Whose, page::memories};
use crate::{
    commands::path,
    daemon::Daemon,
    error::{Ended, Error, Kind},
    fresh_file::FreshFile,
    output::Output,
    page::Page,
    quote, text,
};

/// Which memories, where to.
#[derive(Args)]
#[command(after_help = "Each line is one JSON object; import reads them back.

Example:
  mcpctl memory export --project demo demo.jsonl
  mcpctl memory export --project demo | jq -r .content
  mcpctl memory export --project demo | mcpctl memory import - --project copy")]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    whose: Whose,
    /// The file to make, for its user alone; - or none writes to stdout
    file: Option<PathBuf>,
    /// Takes the place of a file that is there
    #[arg(long)]
    force: bool,
}

/// A memory as a line has it.
#[derive(Serialize)]
struct Line<'m> {
    #[serde(rename = "type")]
    kind: &'static str,
    project: &'m str,
    tenant: &'m str,
    content: &'m str,
    level: MemoryLevel,
    tags: &'m [String],
    category: Option<&'m str>,
    confidence: Option<f64>,
    author: &'m str,
    created_at: i64,
    expires_at: Option<i64>,
}

/// What was written, as `--json` tells it of a file.
#[derive(Serialize)]
struct Written {
    file: String,
    bytes: u64,
    memories: u64,
}

/// Runs `memory export`.
pub(super) async fn run(args: ExportArgs, daemon: &Daemon, out: &mut Output) -> Result<Ended, Error> {
    let ExportArgs { whose, file, force } = args;
    let Some(file) = file.filter(|file| file.as_os_str() != "-") else {
        let all = pages(whose, daemon, |text, _| out.bytes(text.as_bytes())).await?;
        out.note(&Page::of(format!("exported {}", memories(all))));
        return Ok(Ended::Done);
    };
    let shown = path::utf8(&file)?;
    let mut fresh = FreshFile::create(&file, force).map_err(|error| match error.kind {
        Kind::Conflict => {
            let again = daemon.line(&format!("memory export --force {}", quote::word(&shown)));
            error.hint(format!("to take its place: {again}"))
        }
        Kind::Usage => error.hint("name a file, or - for stdout"),
        Kind::NotFound
        | Kind::Failed
        | Kind::Unreachable
        | Kind::NotPermitted
        | Kind::Declined
        | Kind::ReaderGone => error,
    })?;
    let all = pages(whose, daemon, |text, all| {
        out.progress(&format!("exported {}", memories(all)));
        fresh.write(text.as_bytes())
    });
    let all = all.await?;
    let written = Written { bytes: fresh.finish()?, file: shown, memories: all };
    out.show(&written, |written| {
        let (many, size) = (memories(written.memories), text::bytes(written.bytes));
        Page::of(format!("wrote {} ({many}, {size})", written.file))
    })?;
    Ok(Ended::Done)
}

/// Asks for one page after another and hands on its lines, with how many there were so far; returns how many there were.
async fn pages(
    whose: Whose,
    daemon: &Daemon,
    mut take: impl FnMut(&str, u64) -> Result<(), Error>,
) -> Result<u64, Error> {
    let Whose { tenant, project } = whose;
    let mut wanted = MemoryExport { tenant, project, after: None, limit: PAGE };
    let mut all = 0;
    loop {
        let page = daemon.call(wanted.clone()).await?;
        let lines = page.memories.iter().map(line).collect::<Result<String, Error>>()?;
        all += page.memories.len() as u64;
        take(&lines, all)?;
        match page.memories.into_iter().last() {
            Some(last) if page.more => wanted.after = Some(last.id),
            Some(_) | None => return Ok(all),
        }
    }
}

/// Returns a memory as a line that shows nothing dangerous to whoever prints it, and reads back unchanged.
fn line(memory: &MemoryInfo) -> Result<String, Error> {
    let line = Line {
        kind: "memory",
        project: &memory.project,
        tenant: &memory.tenant,
        content: &memory.content,
        level: memory.level,
        tags: &memory.tags,
        category: memory.category.as_deref(),
        confidence: memory.confidence,
        author: &memory.author,
        created_at: memory.created_at,
        expires_at: memory.expires_at,
    };
    let json = serde_json::to_string(&line);
    let json = json.map_err(|error| {
        Error::new(Kind::Failed, format!("memory {} could not be written as JSON", memory.id)).because(error)
    })?;
    Ok(format!("{}\n", text::escape_json(&json)))
}
