//! The graph of one project in main memory, brought up to date from the store: what any process has analysed is seen by
//! the next question.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
};

use mcpd_codegraph::{Facts, Graph, Language, Shape, Totals, Unparsed, survey::Hash, tree::Stamp};
use parking_lot::RwLock;

use super::CodeError;
use crate::store::{CodeFile, Commit, Kept, Store};

/// One project's code.
#[derive(Debug, Default)]
pub(super) struct Project {
    /// Held while the store is read, so that two questions do not read the same.
    pub(super) reading: tokio::sync::Mutex<()>,
    /// Held while files are read and written, so that two changes do not cross.
    pub(super) writing: tokio::sync::Mutex<()>,
    /// Never waited for on a thread that serves: linking holds it for a while.
    pub(super) state: RwLock<State>,
    /// The analysis that `state` knows.
    revision: AtomicI64,
    pub(super) checked: super::fresh::Checked,
}

/// What is known of it.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) graph: Graph,
    /// Its files, by path.
    pub(super) files: HashMap<String, (Hash, Stamp)>,
    /// The analysis that is known.
    pub(super) revision: i64,
    /// How much there is of everything.
    pub(super) totals: Totals,
    /// The tree as a whole, once somebody has asked for it.
    pub(super) shape: OnceLock<Shape>,
    /// Files that could be parsed only in part: path, places, first line.
    pub(super) unparsed: Vec<Unparsed>,
}

impl Project {
    /// Reads what was analysed since. Questions see the graph before it or after it.
    pub(super) async fn catch_up(
        self: &Arc<Self>,
        store: &Store,
        project: &str,
        threads: usize,
    ) -> Result<(), CodeError> {
        let newest = store.code().code_revision(project).await?;
        if self.revision.load(Ordering::Acquire) == newest {
            return Ok(());
        }
        let _reading = self.reading.lock().await;
        let known = self.revision.load(Ordering::Acquire);
        // A smaller number is that of another tree: the one known was forgotten.
        let (known, anew) = if newest < known { (0, true) } else { (known, false) };
        let mut news: Vec<(CodeFile, Language, Option<Facts>)> = Vec::new();
        let visit = |kept: Kept| {
            // A language of a later version is no language to this one.
            if let Some(language) = Language::of_word(&kept.language) {
                news.push((kept.file, language, kept.facts.as_deref().and_then(Facts::decode)));
            }
        };
        let (revision, paths) = store.code().code_since(project, known, visit).await?;
        let paths: HashSet<String> = paths.into_iter().collect();
        let memory = Arc::clone(self);
        // Linking takes a while: not on a thread that serves.
        let apply = move || {
            let mut state = memory.state.write();
            if anew {
                *state = State::default();
            }
            state.apply(news, &paths, revision, threads);
            memory.revision.store(revision, Ordering::Release);
        };
        Ok(tokio::task::spawn_blocking(apply).await?)
    }

    /// Takes what an analysis brought, and returns how much there is of everything then.
    pub(super) fn install(&self, news: News, revision: i64, threads: usize) {
        let mut state = self.state.write();
        state.install(news, revision, threads);
        self.revision.store(state.revision, Ordering::Release);
    }
}

/// What an analysis brought, as it was committed.
pub(super) struct News {
    /// What the files say that were parsed.
    pub(super) facts: HashMap<String, Facts>,
    pub(super) commit: Commit,
}

impl State {
    /// Takes what an analysis brought, if it began from what is known here and parsed all it brought; else that is read
    /// from the store.
    fn install(&mut self, news: News, revision: i64, threads: usize) {
        let News { mut facts, commit } = news;
        let is_whole = commit.files.iter().all(|file| file.why.is_some() || facts.contains_key(&file.path));
        if self.revision != commit.base || !is_whole {
            return;
        }
        for path in &commit.gone {
            self.graph.remove(path);
            self.files.remove(path);
        }
        for file in commit.files {
            let language = Language::of_word(file.language);
            match (facts.remove(&file.path).filter(|_| file.why.is_none()), language) {
                (Some(facts), Some(language)) => self.graph.put(&file.path, language, facts),
                (None, _) | (_, None) => self.graph.remove(&file.path),
            }
            self.files.insert(file.path, (file.hash, file.stamp));
        }
        for (path, stamp) in commit.touched {
            if let Some((_, known)) = self.files.get_mut(&path) {
                *known = stamp;
            }
        }
        self.settle(revision, threads);
    }

    fn apply(
        &mut self,
        news: Vec<(CodeFile, Language, Option<Facts>)>,
        paths: &HashSet<String>,
        revision: i64,
        threads: usize,
    ) {
        let gone: Vec<String> = self.files.keys().filter(|path| !paths.contains(*path)).cloned().collect();
        for path in gone {
            self.graph.remove(&path);
            self.files.remove(&path);
        }
        for (file, language, facts) in news {
            let before = self.files.insert(file.path.clone(), (file.hash, file.stamp));
            // Looked at again, and as it was.
            if before.is_some_and(|(hash, _)| hash == file.hash) && self.graph.file_at(&file.path).is_some() {
                continue;
            }
            match facts {
                Some(facts) if file.why.is_none() => self.graph.put(&file.path, language, facts),
                None if file.why.is_none() => {
                    // What it says is not kept in this shape: it counts as changed, and is read again.
                    self.graph.remove(&file.path);
                    self.files.remove(&file.path);
                }
                Some(_) | None => self.graph.remove(&file.path),
            }
        }
        self.settle(revision, threads);
    }

    fn settle(&mut self, revision: i64, threads: usize) {
        self.graph.link(threads);
        self.totals = self.graph.totals();
        self.shape = OnceLock::new();
        self.unparsed = self.graph.unparsed();
        self.revision = revision;
    }
}
