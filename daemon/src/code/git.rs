//! What git knows of a tree that was analysed.

use std::{path::PathBuf, sync::Arc};

use mcpd_codegraph::{
    Language,
    git::{GitError, Head, Repository},
    tree::{Found, Jail, Root},
};

use super::{Code, analysis::Work, contents::Origin};

/// What is checked out, and what differs from it.
pub(super) struct GitState {
    pub(super) head: Head,
    /// Files that differ from the commit, are not in it, or only there.
    pub(super) dirty: Vec<String>,
}

/// Returns what git knows of the tree of an analysis, if it is one of git's.
pub(super) async fn look(code: &Code, work: &Work, files: &[Found]) -> Option<GitState> {
    let Origin::Folder(root) = &work.origin else { return None };
    let most = code.config.borrow().code.max_file;
    of(code.jail.clone(), Arc::clone(root), files.to_vec(), most).await
}

/// Returns what git knows of a tree whose files are listed.
pub(super) async fn of(jail: Jail, root: Arc<Root>, files: Vec<Found>, most: u64) -> Option<GitState> {
    let path: PathBuf = root.path().to_owned();
    let looked = tokio::task::spawn_blocking(move || state(&jail, &root, &files, most)).await;
    match looked {
        Ok(Ok(state)) => state,
        Ok(Err(error)) => {
            tracing::debug!(%error, path = %path.display(), "git says nothing about a tree");
            None
        }
        Err(error) => {
            tracing::warn!(%error, "git could not be asked about a tree");
            None
        }
    }
}

fn state(jail: &Jail, root: &Root, files: &[Found], most: u64) -> Result<Option<GitState>, GitError> {
    let Some(repository) = Repository::discover(root.path(), jail)? else { return Ok(None) };
    let head = repository.head()?;
    let read = |path: &str| root.read(path, most).ok().map(|read| read.bytes);
    let wanted = |path: &str| Language::of_path(path).is_some();
    let mut listed = files.iter().map(|found| (found.path.as_str(), found.stamp));
    let changes = repository.changes(&mut listed, &read, &wanted)?;
    let mut dirty: Vec<String> =
        changes.modified.into_iter().chain(changes.untracked).chain(changes.deleted).collect();
    dirty.sort();
    Ok(Some(GitState { head, dirty }))
}

/// Returns a mark that differs when what is checked out does.
pub(super) fn mark(jail: &Jail, root: &Root) -> u64 {
    Repository::discover(root.path(), jail).ok().flatten().map_or(0, |repository| repository.mark())
}
