//! Trees that are watched: a changed one is read again once it is quiet, and a large one of which nothing is told needs
//! no look before an answer. Only folders that a walk enters are watched, each by itself: no link is followed, and caches
//! and dependencies keep nobody awake.

use std::{
    collections::{HashMap, HashSet},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use mcpd_codegraph::{
    Language,
    tree::{Limits, Root},
};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use parking_lot::Mutex;
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{Code, CodeError, contents::Origin};
use crate::store::{CodeTree, TreeSource};

/// Quiet after which a changed tree is read again.
const QUIET: Duration = Duration::from_millis(500);

/// What is watched, by project.
#[derive(Default)]
pub(super) struct Watches(Mutex<HashMap<String, (PathBuf, CancellationToken)>>);

impl Watches {
    /// Answers whether changes of the folder that a tree has now are noticed.
    pub(super) fn is_watched(&self, tree: &CodeTree) -> bool {
        let watches = self.0.lock();
        let watched = watches.get(&tree.project).map(|(folder, _)| folder.as_path());
        watched.is_some() && watched == tree.root.as_deref().map(Path::new)
    }

    /// Ends the watch of a project.
    pub(super) fn end(&self, project: &str) {
        if let Some((_, stop)) = self.0.lock().remove(project) {
            stop.cancel();
        }
    }
}

/// The folders of one tree that are watched.
struct Folders {
    root: Arc<Root>,
    watcher: RecommendedWatcher,
    watched: HashSet<PathBuf>,
}

impl Folders {
    /// Watches the folders there are now and not yet watched.
    fn follow(&mut self, limits: &Limits) -> Result<(), CodeError> {
        let wanted = |path: &str| Language::of_path(path).is_some();
        let walk = self.root.walk(limits, &wanted, &|_| ControlFlow::Continue(()))?;
        let folders = walk.directories.into_iter().map(|folder| self.root.path().join(folder.path));
        // What git has checked out is told by its HEAD.
        let now: HashSet<PathBuf> =
            folders.chain([self.root.path().join(".git")]).filter(|path| path.is_dir()).collect();
        for gone in self.watched.difference(&now) {
            // The system has dropped most of them itself.
            let _ = self.watcher.unwatch(gone);
        }
        for new in now.difference(&self.watched) {
            self.watcher.watch(new, RecursiveMode::NonRecursive).map_err(|error| not_watched(&error))?;
        }
        self.watched = now;
        Ok(())
    }
}

fn not_watched(error: &notify::Error) -> CodeError {
    CodeError::TooMuch(format!("the folder cannot be watched: {error}"))
}

impl Code {
    /// Begins or ends to watch the tree of a project, over restarts too.
    pub async fn set_watched(&self, tenant: &str, project: &str, on: bool) -> Result<(), CodeError> {
        let tree = self.tree(tenant, project).await?;
        if on {
            self.watch(&tree).await?;
        } else {
            self.watches.end(&tree.project);
        }
        Ok(self.store.code().set_watched(&tree.project, on).await?)
    }

    /// Watches every tree that is to be watched; one that cannot be is said in the log.
    pub(super) async fn watch_all(&self) {
        let trees = match self.store.code().trees(None).await {
            Ok(trees) => trees,
            Err(error) => {
                tracing::warn!(%error, "which trees to watch could not be read");
                return;
            }
        };
        for tree in trees.into_iter().filter(|tree| tree.watched && tree.source == TreeSource::Tree) {
            if let Err(error) = self.watch(&tree).await {
                tracing::warn!(project = tree.name, %error, "a tree is not watched");
            }
        }
    }

    pub(super) async fn watch(&self, tree: &CodeTree) -> Result<(), CodeError> {
        let root = Arc::new(self.root_of(tree).await?);
        // Changes beyond what the queue holds are the same news again.
        let (sender, changes) = mpsc::channel(1);
        let told = move |event: notify::Result<notify::Event>| {
            let concerns = event.as_ref().is_ok_and(|event| {
                !matches!(event.kind, EventKind::Access(_))
                    && event.paths.iter().any(|path| is_of_interest(path))
            });
            // An error may hide any change.
            if concerns || event.is_err() {
                let _ = sender.try_send(());
            }
        };
        let limits = self.limits();
        let begin = move || -> Result<Folders, CodeError> {
            let watcher = notify::recommended_watcher(told).map_err(|error| not_watched(&error))?;
            let mut folders = Folders { root, watcher, watched: HashSet::new() };
            folders.follow(&limits)?;
            Ok(folders)
        };
        let folders = tokio::task::spawn_blocking(begin).await??;
        let stop = self.stop.child_token();
        let watch = (folders.root.path().to_owned(), stop.clone());
        if let Some((_, before)) = self.watches.0.lock().insert(tree.project.clone(), watch) {
            before.cancel();
        }
        // What changed before the watch began is nobody's news.
        self.named(&tree.project).checked.expire();
        if let Some(code) = self.itself.upgrade() {
            let tree = tree.clone();
            self.tasks.spawn(async move {
                let ended = code.follow(&tree, folders, changes, &stop).await;
                if let Err(error) = ended {
                    tracing::warn!(project = tree.name, %error, "a tree is not watched any more");
                    code.watches.end(&tree.project);
                }
            });
        }
        Ok(())
    }

    async fn follow(
        &self,
        tree: &CodeTree,
        mut folders: Folders,
        mut changes: mpsc::Receiver<()>,
        stop: &CancellationToken,
    ) -> Result<(), CodeError> {
        loop {
            tokio::select! {
                change = changes.recv() => if change.is_none() { return Ok(()) },
                () = stop.cancelled() => return Ok(()),
            }
            let memory = self.named(&tree.project);
            memory.checked.expire();
            sleep(QUIET).await;
            while changes.try_recv().is_ok() {}
            // The project may have another folder by now, or what a client sent.
            let now = self.store.code().tree(&tree.project).await?;
            if now.source != TreeSource::Tree
                || now.root.as_deref().map(Path::new) != Some(folders.root.path())
            {
                return Ok(());
            }
            let limits = self.limits();
            let follow = move || -> Result<Folders, CodeError> {
                folders.follow(&limits)?;
                Ok(folders)
            };
            folders = tokio::task::spawn_blocking(follow).await??;
            memory.checked.expire();
            // One that runs may have passed by what changed before it changed.
            if let Some(job) = self.job(&tree.project) {
                job.ended().await;
            }
            self.run(&tree.project, Origin::Folder(Arc::clone(&folders.root))).ended().await;
        }
    }
}

/// Files of a known language, folders, and what says which commit is checked out.
fn is_of_interest(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_git = path.components().any(|part| part.as_os_str() == ".git");
    if is_git {
        name == "HEAD" || name == "index"
    } else {
        Language::of_path(name).is_some() || !name.contains('.')
    }
}
