//! Trees that are watched: a change in one has it looked over with the next question instead of each of them, and read
//! again once it is quiet.

use std::{collections::HashMap, path::Path, sync::Arc, time::Duration};

use mcpd_codegraph::Language;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use parking_lot::Mutex;
use tokio::{sync::mpsc, time::sleep};
use tokio_util::sync::CancellationToken;

use super::{Code, CodeError};
use crate::store::{CodeTree, TreeSource};

/// Quiet after which a changed tree is read again.
const QUIET: Duration = Duration::from_millis(500);

/// What is watched, by project.
#[derive(Default)]
pub(super) struct Watches(Mutex<HashMap<String, Watch>>);

struct Watch {
    /// Ends the watch when it is dropped.
    _watcher: RecommendedWatcher,
    stop: CancellationToken,
}

impl Watches {
    /// Answers whether changes of a project are noticed.
    pub(super) fn is_watched(&self, project: &str) -> bool {
        self.0.lock().contains_key(project)
    }

    /// Ends the watch of a project.
    pub(super) fn end(&self, project: &str) {
        if let Some(watch) = self.0.lock().remove(project) {
            watch.stop.cancel();
        }
    }
}

impl Code {
    /// Begins or ends to watch the tree of a project, over restarts too.
    pub async fn set_watched(&self, tenant: &str, project: &str, on: bool) -> Result<(), CodeError> {
        let tree = self.tree(tenant, project).await?;
        if on {
            self.watch(&tree)?;
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
            if let Err(error) = self.watch(&tree) {
                tracing::warn!(project = tree.name, %error, "a tree is not watched");
            }
        }
    }

    fn watch(&self, tree: &CodeTree) -> Result<(), CodeError> {
        let root = self.root_of(tree)?;
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
        let failed =
            |error: notify::Error| CodeError::TooMuch(format!("the folder cannot be watched: {error}"));
        let mut watcher = notify::recommended_watcher(told).map_err(failed)?;
        watcher.watch(root.path(), RecursiveMode::Recursive).map_err(failed)?;
        let stop = self.stop.child_token();
        if let Some(code) = self.itself.upgrade() {
            let (tree, stop) = (tree.clone(), stop.clone());
            self.tasks.spawn(async move { code.follow(tree, changes, stop).await });
        }
        let watch = Watch { _watcher: watcher, stop };
        if let Some(before) = self.watches.0.lock().insert(tree.project.clone(), watch) {
            before.stop.cancel();
        }
        Ok(())
    }

    async fn follow(
        self: Arc<Self>,
        tree: CodeTree,
        mut changes: mpsc::Receiver<()>,
        stop: CancellationToken,
    ) {
        loop {
            tokio::select! {
                change = changes.recv() => if change.is_none() { return },
                () = stop.cancelled() => return,
            }
            let memory = self.named(&tree.project);
            memory.checked.expire();
            sleep(QUIET).await;
            while changes.try_recv().is_ok() {}
            memory.checked.expire();
            if let Err(error) = self.begin_again(&tree) {
                tracing::warn!(project = tree.name, %error, "a changed tree could not be read again");
            }
        }
    }
}

/// Folders, and files of a known language.
fn is_of_interest(path: &Path) -> bool {
    let is_git = path.components().any(|part| part.as_os_str() == ".git");
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_head = name == "HEAD" || name == "index";
    if is_git { is_head } else { Language::of_path(name).is_some() || !name.contains('.') }
}
