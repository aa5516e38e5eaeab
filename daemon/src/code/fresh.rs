//! How fresh an answer is: before each the tree is looked over, what changed little is read again first, and what
//! changed much is said.

use std::{
    collections::HashSet,
    ops::ControlFlow,
    sync::Arc,
    time::{Duration, Instant},
};

use mcpd_codegraph::{
    Language,
    git::Head,
    tree::{Found, Limits, Root},
};
use parking_lot::Mutex;

use super::{Code, CodeError, analysis::Work, contents::Origin, git, job::Job, project::Project};
use crate::store::{CodeTree, StoreError, TreeSource};

/// Changed files that are read again before an answer: so many, and so many bytes, take well under 200 ms.
pub(super) const FEW: usize = 40;
const LITTLE: u64 = 256 << 10;
/// A look that takes no longer is taken before every answer.
const QUICK: Duration = Duration::from_millis(10);
/// Time a longer one may be old, in times of how long it took: looking takes at most a tenth of the time.
const SHARE: u32 = 10;
/// Least time between two analyses that begin by themselves.
const PAUSE: Duration = Duration::from_secs(10);

/// How fresh an answer is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Freshness {
    /// When what is known was read, UTC milliseconds.
    pub indexed_at: i64,
    /// Commit that is checked out; for a tree that was sent, none.
    pub commit: Option<String>,
    /// Branch that is checked out.
    pub branch: Option<String>,
    /// Name of the linked worktree it is.
    pub worktree: Option<String>,
    /// Files that differ from the commit.
    pub dirty: Vec<String>,
    /// Files that changed since they were read: the answer does not know how.
    pub changed: Vec<String>,
    /// Files that were read again for this answer.
    pub refreshed: usize,
    /// Why nobody can tell whether files changed.
    pub unknown: Option<String>,
    /// What a limit left out of the index.
    pub cut: Option<String>,
    /// Whether changes are noticed as they happen.
    pub watched: bool,
}

/// The last look over a tree.
#[derive(Debug, Default)]
pub(super) struct Checked(Mutex<Look>);

#[derive(Debug, Default)]
struct Look {
    ended: Option<Instant>,
    took: Duration,
    changed: Vec<String>,
    head: Option<Head>,
    dirty: Vec<String>,
    mark: u64,
    unknown: Option<String>,
    began_anew: Option<Instant>,
}

impl Checked {
    /// Notes that everything was read just now.
    pub(super) fn fresh(&self, head: Option<Head>, dirty: Vec<String>) {
        let mut look = self.0.lock();
        look.head = head;
        look.changed = Vec::new();
        look.dirty = dirty;
        look.ended = None;
    }

    /// Notes that something changed, whenever the last look was.
    pub(super) fn expire(&self) {
        self.0.lock().ended = None;
    }

    /// Returns how many files are known to have changed.
    pub(super) fn known(&self) -> (usize, Option<usize>) {
        let look = self.0.lock();
        (look.dirty.len(), look.ended.map(|_| look.changed.len()))
    }
}

/// What a look over a tree shows.
struct Seen {
    changed: Vec<Found>,
    gone: Vec<String>,
    files: Vec<Found>,
    mark: u64,
}

impl Code {
    /// Looks over the tree of a project, reads again what is little, and says how fresh what is known is then.
    pub(super) async fn refresh(
        &self,
        tree: &CodeTree,
        project: &Arc<Project>,
    ) -> Result<Freshness, CodeError> {
        let mut refreshed = 0;
        if tree.source == TreeSource::Tree && !self.is_recent(tree, project) {
            refreshed = self.look_over(tree, project).await?;
        }
        // Read anew: it may be another analysis by now.
        let tree = if refreshed > 0 { self.store.code().tree(&tree.project).await? } else { tree.clone() };
        let look = project.checked.0.lock();
        // Before the first look of this process, what was there when the tree was read.
        let kept = Head { commit: tree.commit, branch: tree.branch, worktree: tree.worktree };
        let head = Some(look.head.clone().unwrap_or(kept));
        let unknown = match tree.source {
            TreeSource::Push => Some("the tree was sent by a client; it may have changed there".to_owned()),
            TreeSource::Tree => look.unknown.clone(),
        };
        Ok(Freshness {
            indexed_at: tree.indexed_at.unwrap_or(0),
            commit: head.as_ref().and_then(|head| head.commit.clone()),
            branch: head.as_ref().and_then(|head| head.branch.clone()),
            worktree: head.and_then(|head| head.worktree),
            dirty: look.dirty.clone(),
            changed: look.changed.clone(),
            refreshed,
            unknown,
            cut: tree.cut,
            watched: tree.watched,
        })
    }

    fn is_recent(&self, tree: &CodeTree, project: &Project) -> bool {
        let look = project.checked.0.lock();
        let Some(ended) = look.ended else { return false };
        // What a watcher tells comes a moment late: a look that is quick is better.
        let is_told = tree.watched && self.watches.is_watched(tree);
        look.took > QUICK && (ended.elapsed() < look.took * SHARE || is_told)
    }

    /// Returns how many files were read again.
    async fn look_over(&self, tree: &CodeTree, project: &Arc<Project>) -> Result<usize, CodeError> {
        let began = Instant::now();
        let root = match self.root_of(tree).await {
            Ok(root) => Arc::new(root),
            Err(error) => {
                let mut look = project.checked.0.lock();
                look.unknown = Some(format!("the folder cannot be read now: {error}"));
                return Ok(0);
            }
        };
        let seen = {
            let (root, project, limits, jail) =
                (Arc::clone(&root), Arc::clone(project), self.limits(), self.jail.clone());
            let look = move || -> Result<Seen, CodeError> {
                let mut seen = compare(&root, &project, &limits)?;
                seen.mark = git::mark(&jail, &root);
                Ok(seen)
            };
            tokio::task::spawn_blocking(look).await??
        };
        let took = began.elapsed();
        let bytes: u64 = seen.changed.iter().map(|found| found.stamp.size).sum();
        let count = seen.changed.len() + seen.gone.len();
        let is_little = count <= FEW && bytes <= LITTLE;
        let moved = project.checked.0.lock().mark != seen.mark;
        let mut refreshed = 0;
        let mut changed: Vec<String> =
            seen.changed.iter().map(|found| found.path.clone()).chain(seen.gone).collect();
        changed.sort();
        if count > 0 && is_little {
            // One that waits for an analysis would make the answer wait for it, too.
            if project.writing.try_lock().is_ok() {
                let stop = self.stop.child_token();
                let origin = Origin::Folder(Arc::clone(&root));
                let memory = Arc::clone(project);
                let job = Job::new(&origin, stop);
                let work = Work { project: tree.project.clone(), memory, origin, job };
                match self.analyse(&work).await {
                    Ok(_) => {
                        refreshed = count;
                        changed = Vec::new();
                    }
                    // Another process was faster: what it wrote is read with the next question.
                    Err(CodeError::Store(StoreError::Duplicate)) => {
                        project.catch_up(&self.store, &tree.project, self.threads()).await?;
                        changed = Vec::new();
                    }
                    // The answer says that they changed; what keeps them from being read is for the log.
                    Err(error) => tracing::warn!(%error, "changed files could not be read before an answer"),
                }
            }
        }
        if refreshed == 0 && moved {
            let most = self.config.borrow().code.max_file;
            let state = git::of(self.jail.clone(), Arc::clone(&root), seen.files, most).await;
            let (head, dirty) = state.map_or((None, Vec::new()), |state| (Some(state.head), state.dirty));
            let mut look = project.checked.0.lock();
            (look.head, look.dirty) = (head, dirty);
        }
        let begin = {
            let mut look = project.checked.0.lock();
            look.unknown = None;
            look.changed = changed;
            (look.ended, look.took, look.mark) = (Some(Instant::now()), took, seen.mark);
            let rested = look.began_anew.is_none_or(|began| began.elapsed() > PAUSE);
            let begin = !look.changed.is_empty() && rested;
            if begin {
                look.began_anew = Some(Instant::now());
            }
            begin
        };
        if begin {
            self.run(&tree.project, Origin::Folder(root));
        }
        Ok(refreshed)
    }
}

/// Compares the files of a tree with those that were read.
fn compare(root: &Root, project: &Project, limits: &Limits) -> Result<Seen, CodeError> {
    let walk =
        root.walk(limits, &|path| Language::of_path(path).is_some(), &|_| ControlFlow::Continue(()))?;
    let state = project.state.read();
    let mut left: HashSet<&str> = state.files.keys().map(String::as_str).collect();
    let mut changed = Vec::new();
    for found in &walk.files {
        left.remove(found.path.as_str());
        if state.files.get(&found.path).is_none_or(|(_, stamp)| *stamp != found.stamp) {
            changed.push(found.clone());
        }
    }
    let gone = left.into_iter().map(str::to_owned).collect();
    drop(state);
    Ok(Seen { changed, gone, files: walk.files, mark: 0 })
}
