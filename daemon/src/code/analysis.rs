//! One analysis: which files there are, what changed, what it says, and one small write that makes it count.

use std::{
    collections::{HashMap, HashSet},
    ops::ControlFlow,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use mcpd_codegraph::{
    Facts, Language,
    survey::{self, Hash, How, Seen},
    tree::{Found, Limits, Root, Stamp, Walk},
};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use super::{
    Code, CodeError,
    contents::{Files, Origin},
    fresh::FEW,
    git,
    job::{Figures, Job, Phase, Report},
    project::{News, Project},
};
use crate::store::{CodeFile, Commit, NewFacts, NewFile};

/// Bytes of facts in one write.
const PORTION: usize = 256 << 10;
/// Portions that may wait for the writer; beyond it, who parses waits.
const PORTIONS: usize = 4;
/// Folders below which no tree is followed.
const DEPTH: usize = 64;
/// Files passed over that are named; the others are counted.
pub(super) const NAMED: usize = 200;
/// Longest tick of the clock of a file system, in nanoseconds.
const TICK: i64 = 20_000_000;

/// What the walk passed over, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PassedOver {
    /// Files and why, the first of them.
    pub files: Vec<(String, String)>,
    /// How many more.
    pub more: u64,
}

/// What an analysis works on.
pub(super) struct Work {
    pub(super) project: String,
    pub(super) memory: Arc<Project>,
    pub(super) origin: Origin,
    pub(super) job: Arc<Job>,
}

/// The files there are.
struct Listed {
    files: Vec<Found>,
    skipped: Vec<(String, String)>,
    more: usize,
    cut: Option<String>,
}

/// What reading brought.
#[derive(Default)]
struct Gathered {
    files: Vec<NewFile>,
    /// What those say that were parsed.
    facts: HashMap<String, Facts>,
    /// Whether the time was up before the end.
    late: bool,
}

impl Code {
    /// Runs an analysis to its end.
    pub(super) async fn analyse(&self, work: &Work) -> Result<Report, CodeError> {
        let began = Instant::now();
        let _alone = work.memory.writing.lock().await;
        work.job.phase(Phase::Walking, 0);
        // Before the list: whoever ends an analysis in between has a newer one.
        let base = self.store.code().code_revision(&work.project).await?;
        let listed = self.list(work).await?;
        let before = self.before(&work.project).await?;
        let known: HashSet<(String, Hash)> =
            self.store.code().known_facts(&work.project).await?.into_iter().collect();
        let to_read = listed.to_read(&before, &known, &work.origin);
        if to_read.len() > FEW {
            // Let the clock tick: of what was written at once none is so new then that it has to be read twice.
            tokio::time::sleep(Duration::from_nanos(TICK.unsigned_abs())).await;
        }
        work.job.phase(Phase::Parsing, to_read.len() as u64);
        let (mut gathered, known) = self.read(work, to_read, known, began).await?;
        if work.job.stop.is_cancelled() {
            return Err(CodeError::Stopped);
        }
        work.job.phase(Phase::Storing, 0);
        let state = git::look(self, work, &listed.files).await;
        let (head, dirty) = state.map_or((None, Vec::new()), |state| (Some(state.head), state.dirty));
        let facts = std::mem::take(&mut gathered.facts);
        let (mut report, commit) = settle(base, &before, &known, listed, gathered);
        let commit = Commit {
            commit: head.as_ref().and_then(|head| head.commit.clone()),
            branch: head.as_ref().and_then(|head| head.branch.clone()),
            worktree: head.as_ref().and_then(|head| head.worktree.clone()),
            ..commit
        };
        let news = News { facts, commit: commit.clone() };
        self.make_it_count(work, commit, news).await?;
        work.memory.checked.fresh(head, dirty);
        let memory = Arc::clone(&work.memory);
        let figures = tokio::task::spawn_blocking(move || Figures::of(&memory.state.read())).await?;
        self.store.code().set_figures(&work.project, json(&figures)).await?;
        report.files = figures.files;
        report.figures = figures;
        // What a push has brought so far belongs to no file yet.
        while !self.pushes.concern(&work.project) && self.store.code().sweep_code(&work.project).await? {}
        report.duration_ms = began.elapsed().as_millis() as u64;
        Ok(report)
    }

    /// Commits, and brings the graph to the state of the commit: straight from what was parsed, unless another process
    /// was faster.
    async fn make_it_count(&self, work: &Work, commit: Commit, news: News) -> Result<(), CodeError> {
        let (memory, threads) = (Arc::clone(&work.memory), self.threads());
        let reading = memory.reading.lock().await;
        let revision = self.store.code().commit_code(&work.project, commit).await?;
        work.job.phase(Phase::Linking, 0);
        let memory = Arc::clone(&work.memory);
        tokio::task::spawn_blocking(move || memory.install(news, revision, threads)).await?;
        drop(reading);
        work.memory.catch_up(&self.store, &work.project, threads).await
    }

    /// Returns what is known of the files of a project.
    async fn before(&self, project: &str) -> Result<HashMap<String, CodeFile>, CodeError> {
        let files = self.store.code().files(project).await?;
        Ok(files.into_iter().map(|file| (file.path.clone(), file)).collect())
    }

    /// Finds out which files there are.
    async fn list(&self, work: &Work) -> Result<Listed, CodeError> {
        match &work.origin {
            Origin::Sent(files) => {
                let found = |(path, _, size): &(String, Hash, u64)| Found {
                    path: path.clone(),
                    stamp: Stamp { size: *size, modified: 0, changed: 0, inode: 0 },
                };
                let files = files.iter().map(found).collect();
                Ok(Listed { files, skipped: Vec::new(), more: 0, cut: None })
            }
            Origin::Folder(root) => {
                let (root, job, limits) = (Arc::clone(root), Arc::clone(&work.job), self.limits());
                let walk = tokio::task::spawn_blocking(move || walk(&root, &limits, &job)).await??;
                if work.job.stop.is_cancelled() {
                    return Err(CodeError::Stopped);
                }
                let told = |one: mcpd_codegraph::tree::Skipped| (one.path, one.why.to_string());
                Ok(Listed {
                    files: walk.files,
                    skipped: walk.skipped.into_iter().map(told).collect(),
                    more: walk.skipped_more,
                    cut: walk.cut.map(|cut| cut.to_string()),
                })
            }
        }
    }

    /// Reads files, and keeps what they say while it goes.
    async fn read(
        &self,
        work: &Work,
        files: Vec<Found>,
        known: HashSet<(String, Hash)>,
        began: Instant,
    ) -> Result<(Gathered, HashSet<(String, Hash)>), CodeError> {
        let (sender, mut portions) = mpsc::channel::<Vec<NewFacts>>(PORTIONS);
        let code = self.config.borrow().code.clone();
        let source = self.contents(work, known);
        let (job, threads) = (Arc::clone(&work.job), self.threads());
        let deadline = code.deadline.saturating_sub(began.elapsed());
        let reading = tokio::task::spawn_blocking(move || {
            let gathered =
                gather(&files, &source, &job, Pace { threads, file: code.file_deadline, deadline }, &sender);
            (gathered, source.known)
        });
        let mut failed = None;
        while let Some(portion) = portions.recv().await {
            if let Err(error) = self.store.code().put_facts(&work.project, portion).await {
                work.job.stop.cancel();
                failed = Some(error);
            }
        }
        let read = reading.await?;
        match failed {
            Some(error) => Err(error.into()),
            None => Ok(read),
        }
    }

    pub(super) fn limits(&self) -> Limits {
        let config = self.config.borrow();
        Limits {
            files: config.code.max_files as usize,
            file_bytes: config.code.max_file,
            total_bytes: config.code.max_tree,
            depth: DEPTH,
        }
    }
}

impl Listed {
    /// Returns the files that have to be read: those that are not as they were, or whose facts are of another time.
    fn to_read(
        &self,
        before: &HashMap<String, CodeFile>,
        known: &HashSet<(String, Hash)>,
        origin: &Origin,
    ) -> Vec<Found> {
        let sent: Option<HashMap<&str, &Hash>> = match origin {
            Origin::Folder(_) => None,
            Origin::Sent(files) => Some(files.iter().map(|(path, hash, _)| (path.as_str(), hash)).collect()),
        };
        let is_same = |found: &&Found| {
            let Some(file) = before.get(&found.path) else { return false };
            let same = match &sent {
                None => file.stamp == found.stamp,
                Some(sent) => sent.get(found.path.as_str()).is_some_and(|hash| **hash == file.hash),
            };
            same && (file.why.is_some() || known.contains(&(found.path.clone(), file.hash)))
        };
        self.files.iter().filter(|found| !is_same(found)).cloned().collect()
    }
}

/// Compares what was read with what was known.
fn settle(
    base: i64,
    before: &HashMap<String, CodeFile>,
    known: &HashSet<(String, Hash)>,
    listed: Listed,
    gathered: Gathered,
) -> (Report, Commit) {
    let there: HashSet<&str> = listed.files.iter().map(|found| found.path.as_str()).collect();
    let gone: Vec<String> = before.keys().filter(|path| !there.contains(path.as_str())).cloned().collect();
    let is_touched = |file: &NewFile| {
        let same = |old: &CodeFile| old.hash == file.hash && old.why == file.why;
        before.get(&file.path).is_some_and(same)
            && (file.why.is_some() || known.contains(&(file.path.clone(), file.hash)))
    };
    let (touched, files): (Vec<NewFile>, Vec<NewFile>) = gathered.files.into_iter().partition(is_touched);
    let added = files.iter().filter(|file| !before.contains_key(&file.path)).count();
    let unread = files.iter().filter(|file| file.why.is_some()).count();
    let cut = listed.cut.or_else(|| gathered.late.then(|| "the time for an analysis was over".to_owned()));
    let report = Report {
        files: (before.len() + added - gone.len()) as u64,
        added: added as u64,
        changed: (files.len() - added) as u64,
        removed: gone.len() as u64,
        skipped: (listed.skipped.len() + listed.more + unread) as u64,
        cut: cut.clone(),
        duration_ms: 0,
        figures: Figures::default(),
    };
    let more = (listed.more + listed.skipped.len().saturating_sub(NAMED)) as u64;
    let mut skipped = listed.skipped;
    skipped.truncate(NAMED);
    let touched = touched.into_iter().map(|file| (file.path, file.stamp)).collect();
    let skipped = Some(json(&PassedOver { files: skipped, more }));
    (report, Commit { base, files, touched, gone, cut, skipped, ..Commit::default() })
}

/// How fast to read, and how long.
struct Pace {
    threads: usize,
    file: Duration,
    deadline: Duration,
}

fn walk(root: &Root, limits: &Limits, job: &Job) -> Result<Walk, CodeError> {
    let watch = |files: usize| {
        job.step(files as u64);
        if job.stop.is_cancelled() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    Ok(root.walk(limits, &|path| Language::of_path(path).is_some(), &watch)?)
}

fn gather(
    files: &[Found],
    source: &Files,
    job: &Job,
    pace: Pace,
    sender: &mpsc::Sender<Vec<NewFacts>>,
) -> Gathered {
    let began = Instant::now();
    let is_late = || began.elapsed() > pace.deadline;
    let stop = || job.stop.is_cancelled() || is_late();
    let how = How { threads: pace.threads, file: pace.file, stop: &stop, yielding: true };
    let mut gathered = Gathered::default();
    let (mut portion, mut bytes, mut done) = (Vec::new(), 0, 0);
    let paths: Vec<String> = files.iter().map(|found| found.path.clone()).collect();
    let found: HashMap<&str, Stamp> = files.iter().map(|found| (found.path.as_str(), found.stamp)).collect();
    survey::survey(&paths, source, how, &mut |seen| {
        done += 1;
        // Told now and then: a look for each file would cost more than reading it.
        if done % 16 == 0 || done == paths.len() as u64 {
            job.step(done);
        }
        match seen {
            Seen::Known { path, hash, stamp } => {
                if let Some(language) = Language::of_path(&path) {
                    let (language, stamp) = (language.as_str(), settled(stamp));
                    gathered.files.push(NewFile { path, language, hash, stamp, why: None });
                }
            }
            Seen::Read { path, language, hash, stamp, facts, encoded } => {
                gathered.facts.insert(path.clone(), *facts);
                bytes += encoded.len();
                portion.push(NewFacts { path: path.clone(), hash, facts: encoded });
                let (language, stamp) = (language.as_str(), settled(stamp));
                gathered.files.push(NewFile { path, language, hash, stamp, why: None });
                if bytes > PORTION {
                    bytes = 0;
                    if sender.blocking_send(std::mem::take(&mut portion)).is_err() {
                        return ControlFlow::Break(());
                    }
                }
            }
            Seen::Skipped { path, why } => {
                if let (Some(language), Some(stamp)) = (Language::of_path(&path), found.get(path.as_str())) {
                    let (language, stamp) = (language.as_str(), settled(*stamp));
                    gathered.files.push(NewFile {
                        path,
                        language,
                        hash: Hash::default(),
                        stamp,
                        why: Some(why),
                    });
                }
            }
        }
        ControlFlow::Continue(())
    });
    gathered.late = is_late() && done < paths.len() as u64;
    if !portion.is_empty() {
        // Whoever takes them waits until we hang up.
        let _ = sender.blocking_send(portion);
    }
    gathered
}

/// Returns the stamp to keep. A file changed a moment ago may change again within the same tick of its clock and show
/// the same stamp: one that matches none has it read once more.
fn settled(stamp: Stamp) -> Stamp {
    let now = crate::store::now().saturating_mul(1_000_000);
    let is_hot = stamp.changed != 0 && (now - stamp.changed).abs() < TICK;
    if is_hot { Stamp { changed: 0, ..stamp } } else { stamp }
}

fn json<T: Serialize>(value: &T) -> String {
    // Lists of words and numbers always become JSON.
    serde_json::to_string(value).unwrap_or_else(|_| "[]".to_owned())
}

/// Where a project's tree is, as somebody named it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Whose and by whom.
    pub owner: crate::store::Owner,
    /// The caller's `project_id`.
    pub project: String,
    /// Name for people.
    pub title: Option<String>,
    /// The folder; absent is the one it was analysed from before.
    pub path: Option<PathBuf>,
}
