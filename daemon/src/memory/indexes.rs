//! Indexes of projects in main memory, brought up to date from the store before each question: what any process has
//! written and acknowledged is found by the next call.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use mcpd_recall::{Index, vectors};
use parking_lot::{Mutex, RwLock};

use crate::store::{Changed, Level, Store, StoreError};

/// The indexes of the projects that were asked.
#[derive(Debug, Default)]
pub(super) struct Indexes(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    projects: HashMap<String, (Arc<ProjectIndex>, u64)>,
    /// Grows with every question: the least is the one not asked for longest.
    clock: u64,
}

/// The index of one project.
#[derive(Debug, Default)]
pub(super) struct ProjectIndex {
    /// Held while the store is read, so that two questions do not read the same.
    reading: tokio::sync::Mutex<()>,
    pub(super) state: RwLock<State>,
}

/// What is known of a project.
#[derive(Debug)]
pub(super) struct State {
    pub(super) index: Index,
    /// The memory at each place of the index.
    pub(super) entries: Vec<Entry>,
    places: HashMap<i64, u32>,
    /// Number of the last change that is known.
    revision: i64,
    model: Option<String>,
    hasher: RandomState,
}

/// A memory without its text.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: Box<str>,
    pub(super) level: Level,
    pub(super) category: Option<Box<str>>,
    pub(super) tokens: i64,
    pub(super) expires_at: Option<i64>,
    /// Of its terms: most changes are not of those.
    hash: u64,
}

/// A model whose vectors an index holds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Space<'a> {
    /// The name under which the vectors are stored.
    pub(super) model: &'a str,
    /// Numbers in a vector.
    pub(super) dimensions: usize,
}

impl Indexes {
    /// Returns the index of a project, up to date with everything acknowledged before the call. Of the others at most
    /// `most` bytes are kept.
    pub(super) async fn of(
        &self,
        store: &Store,
        project: &str,
        space: Option<Space<'_>>,
        most: u64,
    ) -> Result<Arc<ProjectIndex>, StoreError> {
        let index = self.named(project);
        if index.catch_up(store, project, space).await? {
            self.trim(most);
        }
        Ok(index)
    }

    /// Drops the indexes that were not asked for longest, until those left take at most `most` bytes. The one asked
    /// last stays whatever its size, and is not counted.
    fn trim(&self, most: u64) {
        let all: Vec<(u64, String, Arc<ProjectIndex>)> = {
            let kept = self.0.lock();
            let each = kept.projects.iter();
            each.map(|(project, (index, used))| (*used, project.clone(), Arc::clone(index))).collect()
        };
        // Weighed while nobody waits for the list of all.
        let mut by_use: Vec<(u64, String, u64)> = all
            .into_iter()
            .map(|(used, project, index)| (used, project, index.state.read().bytes() as u64))
            .collect();
        by_use.sort_unstable_by_key(|(used, ..)| std::cmp::Reverse(*used));
        let mut sum = 0;
        let mut kept = self.0.lock();
        for (_, project, bytes) in by_use.into_iter().skip(1) {
            sum += bytes;
            if sum > most {
                kept.projects.remove(&project);
            }
        }
    }

    fn named(&self, project: &str) -> Arc<ProjectIndex> {
        let mut kept = self.0.lock();
        kept.clock += 1;
        let now = kept.clock;
        let (index, used) = kept.projects.entry(project.to_owned()).or_default();
        *used = now;
        Arc::clone(index)
    }
}

impl ProjectIndex {
    /// Reads what changed since; `false` when nothing did. Searches see the index before it or after it: what is read
    /// stays aside until all of it is there, and is dropped when the call is.
    async fn catch_up(
        &self,
        store: &Store,
        project: &str,
        space: Option<Space<'_>>,
    ) -> Result<bool, StoreError> {
        let memories = store.memories();
        let newest = memories.revision(project).await?;
        if self.knows(newest, space) {
            return Ok(false);
        }
        let _reading = self.reading.lock().await;
        if self.knows(newest, space) {
            return Ok(false);
        }
        let known = {
            let state = self.state.read();
            if state.holds(space) && !state.index.is_sparse() { state.revision } else { 0 }
        };
        let mut anew = (known == 0).then(|| State::empty(space));
        let mut news = Vec::new();
        let visit = |changed| match (changed, &mut anew) {
            (Changed::Anew, anew) => *anew = Some(State::empty(space)),
            (changed, Some(state)) => state.apply(changed),
            (changed, None) => news.push(changed),
        };
        let revision = memories.changed(project, known, space.map(|space| space.model), visit).await?;
        let mut state = self.state.write();
        if let Some(anew) = anew {
            *state = anew;
        }
        news.into_iter().for_each(|changed| state.apply(changed));
        state.revision = revision;
        Ok(true)
    }

    fn knows(&self, revision: i64, space: Option<Space<'_>>) -> bool {
        let state = self.state.read();
        state.revision >= revision && state.holds(space)
    }
}

impl Default for State {
    fn default() -> Self {
        Self::empty(None)
    }
}

impl State {
    fn empty(space: Option<Space<'_>>) -> Self {
        Self {
            index: Index::new(space.map(|space| space.dimensions)),
            entries: Vec::new(),
            places: HashMap::new(),
            revision: 0,
            model: space.map(|space| space.model.to_owned()),
            hasher: RandomState::new(),
        }
    }

    /// Answers whether the vectors are those of this model.
    pub(super) fn holds(&self, space: Option<Space<'_>>) -> bool {
        self.model.as_deref() == space.map(|space| space.model)
    }

    fn apply(&mut self, changed: Changed) {
        match changed {
            // Nothing of what was is left to apply to.
            Changed::Anew => {}
            Changed::Gone(seq) => {
                if let Some(place) = self.places.remove(&seq) {
                    self.index.remove(place);
                }
            }
            Changed::Row { seq, id, terms, level, category, tokens, expires_at, vector } => {
                let hash = self.hasher.hash_one(&terms);
                let category = category.map(String::into_boxed_str);
                let entry = Entry { id: id.into_boxed_str(), level, category, tokens, expires_at, hash };
                let place = self.place(seq, entry, &terms);
                let vector = vector.as_deref().and_then(vectors::decode);
                self.index.set_vector(place, vector.as_deref());
            }
        }
    }

    /// Returns the place of a row, a new one if its terms are.
    fn place(&mut self, seq: i64, entry: Entry, terms: &str) -> u32 {
        if let Some(place) = self.places.get(&seq).copied() {
            let known = &mut self.entries[place as usize];
            if known.hash == entry.hash {
                *known = entry;
                return place;
            }
            self.index.remove(place);
        }
        let place = self.index.insert(terms);
        self.places.insert(seq, place);
        self.entries.push(entry);
        place
    }

    /// Returns the memory taken, in bytes.
    fn bytes(&self) -> usize {
        // The id of an entry, and its place by row, beside the entry itself.
        self.index.bytes() + self.entries.len() * (size_of::<Entry>() + 36 + 32)
    }

    /// Returns the memories at living places.
    pub(super) fn living(&self, now: i64) -> impl Iterator<Item = &Entry> {
        self.places.values().map(|place| &self.entries[*place as usize]).filter(move |entry| entry.lives(now))
    }
}

impl Entry {
    pub(super) fn lives(&self, now: i64) -> bool {
        self.expires_at.is_none_or(|end| end > now)
    }
}
