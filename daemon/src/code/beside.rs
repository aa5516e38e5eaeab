//! What is known of a project's code besides its graph: files of other kinds that stand beside it, how often its files
//! changed, and what the index does not have.

use std::{collections::HashSet, ops::ControlFlow, path::Path, sync::Arc};

use mcpd_codegraph::{
    Language,
    git::{GitError, History, Repository, Window},
    tree::{Jail, Limits, Root},
};

use super::{Code, CodeError, PassedOver};
use crate::store::{CodeTree, TreeSource};

/// Files that are listed beside the code, and those of them that are read.
const LISTED: usize = 5_000;
const READ: usize = 200;
/// Bytes of one that is read, and of all that are listed.
const LARGEST: u64 = 512 << 10;
const LARGEST_LISTED: u64 = 64 << 20;

/// What is wanted of a file beside the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// That it is there.
    Name,
    /// What is in it.
    Content,
}

/// A file beside the code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beside {
    /// Its path.
    pub path: String,
    /// What is in it, where that was wanted and could be read.
    pub content: Option<Vec<u8>>,
}

/// Why nobody knows how often files changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoHistory {
    /// The tree was sent by a client.
    Sent,
    /// The tree lies in no repository that may be read.
    NoRepository,
    /// There is a repository, and it cannot be read.
    Unreadable,
}

impl NoHistory {
    /// Returns why, in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "the tree was sent by a client, without its history",
            Self::NoRepository => "the tree lies in no git repository that may be read",
            Self::Unreadable => "the git repository of the tree cannot be read",
        }
    }
}

/// What the index does not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Files that were passed over, or could not be read.
    pub files: HashSet<String>,
    /// Whether there are more that are not named.
    pub more: bool,
    /// Whether a limit ended the reading before the end.
    pub cut: bool,
}

impl Code {
    /// Returns what the index of a project does not have.
    pub async fn left_out(&self, tenant: &str, project: &str) -> Result<LeftOut, CodeError> {
        let tree = self.tree(tenant, project).await?;
        let passed: PassedOver = serde_json::from_str(&tree.skipped).unwrap_or_default();
        let files = self.store.code().files(&tree.project).await?;
        let unread = files.into_iter().filter(|file| file.why.is_some()).map(|file| file.path);
        let named = passed.files.into_iter().map(|(path, _)| path);
        Ok(LeftOut { files: unread.chain(named).collect(), more: passed.more > 0, cut: tree.cut.is_some() })
    }

    /// Returns the files of a project's folder that are wanted besides its code; nothing for a tree that was sent.
    pub async fn beside(
        &self,
        tenant: &str,
        project: &str,
        wanted: fn(&str) -> Option<Wanted>,
    ) -> Result<Option<Vec<Beside>>, CodeError> {
        let Some(root) = self.folder(&self.tree(tenant, project).await?).await else { return Ok(None) };
        let limits = Limits { files: LISTED, total_bytes: LARGEST_LISTED, ..self.limits() };
        let stop = self.stop.clone();
        let read = move || {
            let watch =
                |_| if stop.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
            let walk = root.walk(&limits, &|path| wanted(path).is_some(), &watch).ok()?;
            let mut left = READ;
            let mut beside = Vec::new();
            for found in walk.files {
                let is_read = wanted(&found.path) == Some(Wanted::Content) && left > 0;
                left -= usize::from(is_read);
                let content = is_read.then(|| root.read(&found.path, LARGEST).ok()).flatten();
                beside.push(Beside { path: found.path, content: content.map(|read| read.bytes) });
            }
            Some(beside)
        };
        Ok(tokio::task::spawn_blocking(read).await?)
    }

    /// Returns how often the files of a project changed, or why nobody knows.
    pub async fn history(
        &self,
        tenant: &str,
        project: &str,
        window: Window,
    ) -> Result<Result<History, NoHistory>, CodeError> {
        let tree = self.tree(tenant, project).await?;
        match tree.source {
            TreeSource::Push => return Ok(Err(NoHistory::Sent)),
            TreeSource::Tree => {}
        }
        let Some(root) = self.folder(&tree).await else { return Ok(Err(NoHistory::Unreadable)) };
        let (jail, path) = (self.jail.clone(), root.path().to_owned());
        Ok(tokio::task::spawn_blocking(move || history(&jail, &path, window)).await?)
    }

    async fn folder(&self, tree: &CodeTree) -> Option<Arc<Root>> {
        self.root_of(tree).await.ok().map(Arc::new)
    }
}

fn history(jail: &Jail, path: &Path, window: Window) -> Result<History, NoHistory> {
    let unreadable = |error: GitError| {
        tracing::debug!(%error, path = %path.display(), "git says nothing about how files changed");
        NoHistory::Unreadable
    };
    let repository = Repository::discover(path, jail).map_err(unreadable)?;
    let repository = repository.ok_or(NoHistory::NoRepository)?;
    repository.history(window, &|path| Language::of_path(path).is_some()).map_err(unreadable)
}
