//! An analysis while it runs: how far it is, and how it is stopped.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{contents::Origin, project::State};

/// What an analysis does right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It waits for another one.
    Waiting,
    /// It looks which files there are.
    Walking,
    /// It reads and parses.
    Parsing,
    /// It writes what it found.
    Storing,
    /// It finds out what the names mean.
    Linking,
    /// It has ended.
    Ended,
}

/// What an analysis brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Files of the tree.
    pub files: u64,
    /// Files that were not there before.
    pub added: u64,
    /// Files whose content changed.
    pub changed: u64,
    /// Files that are gone.
    pub removed: u64,
    /// Files that were passed over.
    pub skipped: u64,
    /// What a limit left out.
    pub cut: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How much there is of everything now.
    pub figures: Figures,
}

/// How much a project has of everything.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// Files that were read.
    pub files: u64,
    /// Lines of them.
    pub lines: u64,
    /// Files by language.
    pub languages: BTreeMap<String, u64>,
    /// Definitions by kind.
    pub entities: BTreeMap<String, u64>,
    /// Links by relation.
    pub relations: BTreeMap<String, u64>,
    /// Links to what is not in the tree.
    pub unresolved: u64,
    /// Files that could be parsed only in part.
    pub unparsed: u64,
}

impl Figures {
    pub(super) fn of(state: &State) -> Self {
        let totals = &state.totals;
        let named = |(name, count): (&str, u64)| (name.to_owned(), count);
        Self {
            files: state.graph.len() as u64,
            lines: totals.lines,
            languages: totals.languages.iter().map(|(one, count)| named((one.as_str(), *count))).collect(),
            entities: totals.kinds.iter().map(|(one, count)| named((one.as_str(), *count))).collect(),
            relations: totals.relations.iter().map(|(one, count)| named((one.as_str(), *count))).collect(),
            unresolved: totals.unresolved,
            unparsed: state.unparsed.len() as u64,
        }
    }

    /// Reads what is kept with a tree.
    pub fn kept(json: &str) -> Self {
        serde_json::from_str(json).unwrap_or_default()
    }
}

/// How an analysis ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With a result.
    Done(Report),
    /// Somebody stopped it; what was known before stays.
    Stopped,
    /// It failed, in words.
    Failed(String),
}

/// How far an analysis is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// What it does.
    pub phase: Phase,
    /// Files done.
    pub done: u64,
    /// Files in all; 0 while nobody knows.
    pub total: u64,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

/// An analysis.
#[derive(Debug)]
pub struct Job {
    state: watch::Sender<Progress>,
    /// Fires when it is to stop.
    pub stop: CancellationToken,
    /// The folder it reads; what was sent has none.
    folder: Option<PathBuf>,
}

impl Job {
    pub(super) fn new(origin: &Origin, stop: CancellationToken) -> Arc<Self> {
        let folder = match origin {
            Origin::Folder(root) => Some(root.path().to_owned()),
            Origin::Sent(_) => None,
        };
        let state = watch::Sender::new(Progress { phase: Phase::Waiting, done: 0, total: 0, outcome: None });
        Arc::new(Self { state, stop, folder })
    }

    /// Answers whether it reads the same: a folder is what it is now, and what was sent is never the same twice.
    pub(super) fn reads(&self, origin: &Origin) -> bool {
        match origin {
            Origin::Folder(root) => self.folder.as_deref() == Some(root.path()),
            Origin::Sent(_) => false,
        }
    }

    /// Returns how far it is, and tells of every step.
    pub fn watch(&self) -> watch::Receiver<Progress> {
        self.state.subscribe()
    }

    /// Returns how far it is.
    pub fn now(&self) -> Progress {
        self.state.borrow().clone()
    }

    /// Answers whether it has not ended.
    pub fn is_running(&self) -> bool {
        self.state.borrow().outcome.is_none()
    }

    pub(super) fn phase(&self, phase: Phase, total: u64) {
        self.state.send_modify(|state| (state.phase, state.done, state.total) = (phase, 0, total));
    }

    pub(super) fn step(&self, done: u64) {
        self.state.send_modify(|state| state.done = done);
    }

    pub(super) fn end(&self, outcome: Outcome) {
        self.state.send_modify(|state| {
            state.phase = Phase::Ended;
            state.outcome = Some(outcome);
        });
    }

    /// Waits until it has ended.
    pub async fn ended(&self) -> Outcome {
        let mut state = self.watch();
        loop {
            if let Some(outcome) = state.borrow_and_update().outcome.clone() {
                return outcome;
            }
            if state.changed().await.is_err() {
                return Outcome::Stopped;
            }
        }
    }
}
