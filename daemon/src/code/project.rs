//! The graph of one project in main memory, brought up to date from the store: what any process has analysed is seen by
//! the next question.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, OnceLock},
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
    pub(super) state: RwLock<State>,
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
        if self.state.read().revision >= newest {
            return Ok(());
        }
        let _reading = self.reading.lock().await;
        let known = self.state.read().revision;
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
        let apply = move || memory.state.write().apply(news, &paths, revision, threads);
        Ok(tokio::task::spawn_blocking(apply).await?)
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
    /// from the store. Returns the new stamps of files that did not change.
    pub(super) fn install(&mut self, news: News, revision: i64, threads: usize) -> Vec<(String, Stamp)> {
        let News { mut facts, commit } = news;
        let is_whole = commit.files.iter().all(|file| file.why.is_some() || facts.contains_key(&file.path));
        if self.revision != commit.base || !is_whole {
            return commit.touched;
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
        self.settle(revision, threads);
        commit.touched
    }

    /// Notes the stamps of files that were looked at again and had not changed.
    pub(super) fn touch(&mut self, touched: Vec<(String, Stamp)>) {
        for (path, stamp) in touched {
            if let Some((_, known)) = self.files.get_mut(&path) {
                *known = stamp;
            }
        }
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
            self.files.insert(file.path.clone(), (file.hash, file.stamp));
            match facts.filter(|_| file.why.is_none()) {
                Some(facts) => self.graph.put(&file.path, language, facts),
                None => self.graph.remove(&file.path),
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
