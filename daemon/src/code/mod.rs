//! The code of projects: trees are read by `mcpd_codegraph` inside the configured roots, what they say is kept in the
//! store, and questions are answered from a graph in main memory that is checked against the tree before each.

mod analysis;
mod beside;
mod contents;
mod desk;
mod error;
mod fresh;
mod git;
mod job;
mod project;
mod push;
mod watches;

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use mcpd_codegraph::{
    Graph, Language, Shape, Totals, Unparsed,
    tree::{Jail, Root},
};
use mcpd_config::Config;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use analysis::{PassedOver, Wish};
pub use beside::{Beside, LeftOut, NoHistory, Wanted};
pub use desk::Desk;
pub use error::CodeError;
pub use fresh::Freshness;
pub use job::{Figures, Job, Outcome, Phase, Progress, Report};
pub use push::{Offered, Pushed};

use crate::store::{CodeTree, NewTree, Owner, Store, StoreError, TreeSource};
use analysis::Work;
use contents::Origin;
use project::Project;
use push::Pushes;
use watches::Watches;

/// Analyses that run at a time; others wait.
const AT_ONCE: usize = 1;
/// Times an analysis begins anew because another process has ended one.
const CROSSINGS: usize = 3;
/// Hot spots and beginnings of a tree that are named.
const SPOTS: usize = 20;
/// Source lines that an answer reads from one file at most.
const LONGEST_READ: u64 = 8 << 20;

/// The code of all projects.
pub struct Code {
    store: Store,
    config: watch::Receiver<Arc<Config>>,
    jail: Jail,
    projects: Mutex<Kept>,
    jobs: Mutex<HashMap<String, Arc<Job>>>,
    turn: Arc<Semaphore>,
    pushes: Pushes,
    watches: Watches,
    tasks: TaskTracker,
    stop: CancellationToken,
    itself: std::sync::Weak<Self>,
}

#[derive(Default)]
struct Kept {
    projects: HashMap<String, (Arc<Project>, u64)>,
    /// Grows with every question: the least is the one not asked for longest.
    clock: u64,
}

/// What was passed over by the walk, what could not be read, and what could be parsed only in part.
pub type Problems = (PassedOver, Vec<(String, String)>, Vec<(String, String)>);

/// What a question is answered from.
pub struct Scene<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// How fresh it is.
    pub fresh: &'a Freshness,
    /// How much there is of everything.
    pub totals: &'a Totals,
    texts: Texts<'a>,
    shape: &'a OnceLock<Shape>,
}

/// Where the lines of files come from.
struct Texts<'a> {
    root: Option<Root>,
    sent: Option<(&'a Store, &'a Project, String)>,
}

impl Code {
    /// Makes the code floor on a store. `home` is the home folder of the daemon's user.
    pub fn new(store: Store, config: watch::Receiver<Arc<Config>>, home: Option<PathBuf>) -> Arc<Self> {
        let jail = Jail::new(config.borrow().code_roots(home));
        Arc::new_cyclic(|itself| Self {
            store,
            config,
            jail,
            projects: Mutex::default(),
            jobs: Mutex::default(),
            turn: Arc::new(Semaphore::new(AT_ONCE)),
            pushes: Pushes::default(),
            watches: Watches::default(),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            itself: itself.clone(),
        })
    }

    /// Returns the endings of files that are understood, without the dot.
    pub fn extensions() -> impl Iterator<Item = &'static str> {
        Language::ALL.into_iter().flat_map(|language| language.extensions().iter().copied())
    }

    /// Ends what runs once `stop` fires; until then trees that are to be watched are, if `watching`: one process of those
    /// that share a database is enough for that.
    pub async fn work(self: Arc<Self>, watching: bool, stop: CancellationToken) {
        if watching {
            self.watch_all().await;
        }
        stop.cancelled().await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Begins an analysis of a folder, or joins the one that runs. Nothing is stored when the folder cannot be read.
    pub async fn begin(&self, wish: Wish) -> Result<Arc<Job>, CodeError> {
        let Wish { owner, project, title, path } = wish;
        let path = match path {
            Some(path) => path,
            None => self.known_folder(&owner.tenant, &project).await?,
        };
        if self.jail.roots().is_empty() {
            return Err(CodeError::NoRoots);
        }
        let jail = self.jail.clone();
        let root = tokio::task::spawn_blocking(move || jail.open(&path)).await??;
        let folder = root.path().to_string_lossy().into_owned();
        let tenant = owner.tenant.clone();
        let tree =
            NewTree { owner, name: project.clone(), title, source: TreeSource::Tree, root: Some(folder) };
        let id = self.store.code().claim(tree).await?;
        let job = self.run(&id, Origin::Folder(Arc::new(root)));
        let tree = self.tree(&tenant, &project).await?;
        if tree.watched && !self.watches.is_watched(&tree) {
            self.watch(&tree).await?;
        }
        Ok(job)
    }

    async fn known_folder(&self, tenant: &str, project: &str) -> Result<PathBuf, CodeError> {
        let tree = self.tree(tenant, project).await?;
        match (tree.source, tree.root) {
            (TreeSource::Tree, Some(root)) => Ok(root.into()),
            (TreeSource::Tree | TreeSource::Push, _) => Err(CodeError::Sent(project.to_owned())),
        }
    }

    /// Opens the folder of a tree, away from the threads that serve: a network file system may let it wait.
    async fn root_of(&self, tree: &CodeTree) -> Result<Root, CodeError> {
        let (jail, root) = (self.jail.clone(), tree.root.clone());
        let root = root.ok_or_else(|| CodeError::Sent(tree.name.clone()))?;
        Ok(tokio::task::spawn_blocking(move || jail.open(root.as_ref())).await??)
    }

    fn run(&self, project: &str, origin: Origin) -> Arc<Job> {
        let mut jobs = self.jobs.lock();
        if let Some(job) = jobs.get(project).filter(|job| job.is_running() && !job.stop.is_cancelled()) {
            if job.reads(&origin) {
                return Arc::clone(job);
            }
            // It reads what the project is no longer; the new one waits until it has let go.
            job.stop.cancel();
        }
        let job = Job::new(&origin, self.stop.child_token());
        jobs.insert(project.to_owned(), Arc::clone(&job));
        drop(jobs);
        let work =
            Work { project: project.to_owned(), memory: self.named(project), origin, job: Arc::clone(&job) };
        if let Some(code) = self.itself.upgrade() {
            self.tasks.spawn(async move { code.carry_out(work).await });
        }
        job
    }

    async fn carry_out(&self, work: Work) {
        let turn = tokio::select! {
            turn = self.turn.acquire() => turn.ok(),
            () = work.job.stop.cancelled() => None,
        };
        let ran = match turn {
            Some(_) => self.analyse_again(&work).await,
            None => Err(CodeError::Stopped),
        };
        work.job.end(match ran {
            Ok(report) => {
                tracing::info!(project = work.project, ?report, "a source tree was analysed");
                Outcome::Done(report)
            }
            Err(CodeError::Stopped) => Outcome::Stopped,
            Err(error) => {
                tracing::warn!(project = work.project, %error, "a source tree could not be analysed");
                Outcome::Failed(error.to_string())
            }
        });
    }

    /// Analyses, and begins anew from what another process has written meanwhile.
    async fn analyse_again(&self, work: &Work) -> Result<Report, CodeError> {
        for _ in 0..CROSSINGS {
            match self.analyse(work).await {
                Err(CodeError::Store(StoreError::Duplicate)) => {}
                ended => return ended,
            }
        }
        self.analyse(work).await
    }

    /// Returns the analysis of a project that runs, or the last one.
    pub fn job(&self, project: &str) -> Option<Arc<Job>> {
        self.jobs.lock().get(project).cloned()
    }

    /// Returns the analysis of a project that runs.
    pub async fn running(&self, tenant: &str, project: &str) -> Option<Arc<Job>> {
        let tree = self.tree(tenant, project).await.ok()?;
        self.job(&tree.project).filter(|job| job.is_running())
    }

    /// Returns what the walk passed over, the files that could not be read, and those that could be parsed only in
    /// part; so many of each.
    pub async fn problems(&self, tenant: &str, project: &str, most: usize) -> Result<Problems, CodeError> {
        let tree = self.tree(tenant, project).await?;
        let memory = self.named(&tree.project);
        memory.catch_up(&self.store, &tree.project, self.threads()).await?;
        let files = self.store.code().files(&tree.project).await?;
        let unread = files.into_iter().filter_map(|file| Some((file.path, file.why?))).take(most).collect();
        let told = |one: &Unparsed| {
            let Unparsed { path, places, line, cut } = one;
            let torn = format!("{places} places could not be parsed, the first in line {line}");
            let cut = cut.then(|| "it has more names, or longer ones, than are kept of one file".to_owned());
            let reasons: Vec<String> = (*places > 0).then_some(torn).into_iter().chain(cut).collect();
            (path.clone(), reasons.join("; "))
        };
        let unparsed = memory.state.read().unparsed.iter().take(most).map(told).collect();
        Ok((serde_json::from_str(&tree.skipped).unwrap_or_default(), unread, unparsed))
    }

    /// Returns the tree of a project.
    pub async fn tree(&self, tenant: &str, project: &str) -> Result<CodeTree, CodeError> {
        let row = match self.store.projects().find(tenant, project).await {
            Err(StoreError::NotFound) => return Err(CodeError::UnknownProject(project.to_owned())),
            row => row?,
        };
        match self.store.code().tree(&row.id).await {
            Err(StoreError::NotFound) => Err(CodeError::NotIndexed(project.to_owned())),
            tree => Ok(tree?),
        }
    }

    /// Answers a question from the graph of a project, which is brought up to date first.
    pub async fn ask<T: Send + 'static>(
        &self,
        owner: &Owner,
        project: &str,
        question: impl FnOnce(&Scene<'_>) -> T + Send + 'static,
    ) -> Result<T, CodeError> {
        let tree = self.tree(&owner.tenant, project).await?;
        if tree.revision == 0 {
            let running = self.job(&tree.project).filter(|job| job.is_running()).map(|job| job.now());
            return Err(match running {
                Some(now) => CodeError::Indexing(project.to_owned(), now.done, now.total),
                None => CodeError::NotIndexed(project.to_owned()),
            });
        }
        let memory = self.named(&tree.project);
        memory.catch_up(&self.store, &tree.project, self.threads()).await?;
        let fresh = self.refresh(&tree, &memory).await?;
        self.trim();
        let (store, root) = (self.store.clone(), self.root_of(&tree).await.ok());
        let is_sent = tree.source == TreeSource::Push;
        let answer = tokio::task::spawn_blocking(move || {
            let state = memory.state.read();
            let sent = is_sent.then(|| (&store, &*memory, tree.project.clone()));
            question(&Scene {
                graph: &state.graph,
                fresh: &fresh,
                totals: &state.totals,
                shape: &state.shape,
                texts: Texts { root, sent },
            })
        });
        Ok(answer.await?)
    }

    /// Forgets the code of a project. Returns how many files it had.
    pub async fn forget(&self, tenant: &str, project: &str) -> Result<u64, CodeError> {
        let tree = self.tree(tenant, project).await?;
        if let Some(job) = self.job(&tree.project) {
            job.stop.cancel();
            job.ended().await;
        }
        self.watches.end(&tree.project);
        let memory = self.named(&tree.project);
        let _alone = memory.writing.lock().await;
        self.projects.lock().projects.remove(&tree.project);
        self.jobs.lock().remove(&tree.project);
        Ok(self.store.code().forget_code(&tree.project).await?)
    }

    fn named(&self, project: &str) -> Arc<Project> {
        let mut kept = self.projects.lock();
        kept.clock += 1;
        let now = kept.clock;
        let (memory, used) = kept.projects.entry(project.to_owned()).or_default();
        *used = now;
        Arc::clone(memory)
    }

    /// Drops the graphs that were not asked for longest, until the others take no more than they may.
    fn trim(&self) {
        let most = self.config.borrow().code.graph_memory;
        let mut kept = self.projects.lock();
        let mut by_use: Vec<(u64, String, u64)> = kept
            .projects
            .iter()
            // One that is being changed is not weighed now: it is in use.
            .filter(|(_, (memory, _))| Arc::strong_count(memory) == 1)
            .filter_map(|(name, (memory, used))| {
                let bytes = memory.state.try_read()?.graph.bytes() as u64;
                Some((*used, name.clone(), bytes))
            })
            .collect();
        by_use.sort_unstable_by_key(|(used, ..)| std::cmp::Reverse(*used));
        let mut sum = 0;
        for (_, name, bytes) in by_use {
            sum += bytes;
            if sum > most {
                kept.projects.remove(&name);
            }
        }
    }

    fn threads(&self) -> usize {
        let named = self.config.borrow().code.threads.map(|threads| threads as usize);
        named.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |all| all.get().div_ceil(2)))
    }
}

impl Scene<'_> {
    /// Returns the tree as a whole; worked out once for each state of it.
    pub fn shape(&self) -> &Shape {
        self.shape.get_or_init(|| self.graph.shape(SPOTS))
    }

    /// Returns lines of a file, from 1, both ends included; nothing when the file cannot be read any more.
    pub fn lines(&self, path: &str, from: u32, to: u32) -> Option<String> {
        let bytes = match (&self.texts.root, &self.texts.sent) {
            (Some(root), _) => root.read(path, LONGEST_READ).ok()?.bytes,
            (None, Some((store, project, id))) => {
                let (hash, _) = *project.state.read_recursive().files.get(path)?;
                tokio::runtime::Handle::current().block_on(store.code().text(id, &hash)).ok()?
            }
            (None, None) => return None,
        };
        let text = String::from_utf8_lossy(&bytes);
        let count = to.checked_sub(from)? as usize + 1;
        let lines: Vec<&str> = text.lines().skip(from.saturating_sub(1) as usize).take(count).collect();
        Some(lines.join("\n"))
    }
}
