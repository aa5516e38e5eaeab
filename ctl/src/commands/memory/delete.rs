//! `mcpctl memory delete`: memories by their ids, or all of a project's.

use clap::Args;
use mcpd_ipc::memory::{MemoryDelete, MemoryDeleted, MemoryList, MemoryShow};

use super::{
    LIST, PAGE,
    page::{self, memories},
};
use crate::{
    ask::Consent,
    daemon::Daemon,
    error::{Ended, Error, Kind, OrSee},
    output::Output,
    page::Page,
    quote,
    surroundings::Surroundings,
    text,
};

/// Which memories.
#[derive(Args)]
#[command(
    after_help = "What is deleted is found by no search any more, and its text is gone from the database.
Backups made before still have it.

Example:
  mcpctl memory delete 0199a3f2-7c11-7d4e-9f7c-2b6a1c0d9e11
  mcpctl memory delete --project demo --all"
)]
pub(crate) struct DeleteArgs {
    /// Their ids, whole
    #[arg(value_name = "ID", required_unless_present = "all", conflicts_with = "all")]
    ids: Vec<String>,
    /// Deletes everything a project remembers
    #[arg(long, requires = "project")]
    all: bool,
    /// The project, by the name its clients give it
    #[arg(long, requires = "all")]
    project: Option<String>,
    /// Whose project [default: default]
    #[arg(long, requires = "all")]
    tenant: Option<String>,
    #[command(flatten)]
    consent: Consent,
}

/// Whose memories are deleted where nobody says so: one tenant's, not everybody's.
const TENANT: &str = "default";

/// Runs `memory delete`.
pub(super) async fn run(
    args: DeleteArgs,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let DeleteArgs { mut ids, all, project, tenant, consent } = args;
    if let (true, Some(project)) = (all, project) {
        let tenant = tenant.unwrap_or_else(|| TENANT.to_owned());
        ids = all_of(&tenant, &project, daemon, out).await?;
        let many = memories(ids.len() as u64);
        consent.ask(
            &format!("delete {many} of project {project} ({tenant}) for good?"),
            surroundings,
            out,
        )?;
    } else {
        ids.sort();
        ids.dedup();
        if consent.is_asked(surroundings) {
            let question = question(&ids, daemon).await?;
            consent.ask(&question, surroundings, out)?;
        }
    }
    let asked = ids.len() as u64;
    let deleted = delete(&ids, daemon, out).await?;
    if deleted.deleted == 0 {
        let message = match ids.as_slice() {
            [id] => format!("there is no memory {id:?}"),
            ids => format!("none of these {} memories is there", ids.len()),
        };
        return Err(Error::new(Kind::NotFound, message).hint(daemon.line(LIST)));
    }
    let missing = asked.saturating_sub(deleted.deleted);
    out.show(&deleted, |deleted| {
        let page = Page::of(format!("deleted {} for good", memories(deleted.deleted)));
        if missing == 0 { page } else { page.line(format!("not there: {missing} of {asked}")) }
    })?;
    Ok(if missing == 0 { Ended::Done } else { Ended::Negative })
}

/// Returns the ids of everything a project remembers now.
async fn all_of(
    tenant: &str,
    project: &str,
    daemon: &Daemon,
    out: &mut Output,
) -> Result<Vec<String>, Error> {
    let mut wanted = MemoryList {
        tenant: Some(tenant.to_owned()),
        project: Some(project.to_owned()),
        level: None,
        after: None,
        limit: PAGE,
    };
    let mut ids = Vec::new();
    loop {
        let page = daemon.call(wanted.clone()).await?;
        let more = page.more && !page.memories.is_empty();
        ids.extend(page.memories.into_iter().map(|memory| memory.id));
        if !more {
            break;
        }
        wanted.after = ids.last().cloned();
        out.progress(&format!("counting: {}", memories(ids.len() as u64)));
    }
    if ids.is_empty() {
        let message = format!("the project {project:?} of tenant {tenant:?} remembers nothing");
        let line = daemon.line(&format!("{LIST} --project {}", quote::word(project)));
        return Err(Error::new(Kind::NotFound, message).hint(format!("whose it is: {line} --json")));
    }
    Ok(ids)
}

/// Returns what to ask whoever is to be asked, with what they would lose.
async fn question(ids: &[String], daemon: &Daemon) -> Result<String, Error> {
    let [id] = ids else { return Ok(format!("delete these {} for good?", memories(ids.len() as u64))) };
    let memory = daemon.call(MemoryShow { id: id.clone() }).await.or_see(&daemon.line(LIST))?;
    let begins: String = page::beginning(&memory).chars().take(60).collect();
    Ok(format!("delete memory {id} of project {} ({begins:?}) for good?", memory.project))
}

/// Deletes memories, some at a time.
async fn delete(ids: &[String], daemon: &Daemon, out: &mut Output) -> Result<MemoryDeleted, Error> {
    let (mut all, mut done) = (MemoryDeleted { deleted: 0 }, 0);
    for some in ids.chunks(PAGE as usize) {
        let deleted = daemon.call(MemoryDelete { ids: some.to_vec() }).await.map_err(|error| {
            let gone = format!("{} of them are gone already", all.deleted);
            if all.deleted > 0 { error.hint(gone) } else { error }
        })?;
        all.deleted += deleted.deleted;
        done += some.len() as u64;
        let bar = text::bar(done, ids.len() as u64);
        out.progress(&format!("{bar} {done} of {} deleted", memories(ids.len() as u64)));
    }
    Ok(all)
}
