//! The known errors of a scope in main memory, brought up to date from the store before each question: what any process
//! has recorded is met by the next check.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering},
    },
};

use mcpd_recall::{Feedback, Index, Question, Tuning};
use parking_lot::{Mutex, RwLock};

use super::{message, pattern::Features};
use crate::store::{BlockLevel, ChangedError, Store, StoreError};

/// Main memory of the scopes that are not asked right now, in bytes.
const KEPT: usize = 64 << 20;

/// A tenant's scope: a project's id, or the shared one.
type ScopeKey = (String, String);

/// The scopes that were asked.
#[derive(Debug, Default)]
pub(super) struct Scopes(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    scopes: HashMap<ScopeKey, (Arc<KnownScope>, u64)>,
    /// Grows with every question: the least is the one not asked for longest.
    clock: u64,
}

/// One scope.
#[derive(Debug, Default)]
pub(super) struct KnownScope {
    /// Held while the store is read, so that two questions do not read the same.
    reading: tokio::sync::Mutex<()>,
    /// Held for as long as a comparison takes: never waited for on a thread that serves.
    pub(super) state: RwLock<State>,
    /// The change that `state` knows, its size, and whether most of its places are dead, for who must not wait.
    revision: AtomicI64,
    bytes: AtomicUsize,
    sparse: AtomicBool,
}

/// What is known of a scope.
#[derive(Debug)]
pub(super) struct State {
    index: Index,
    /// The error at each place of the index; none where a later one took its place.
    at: Vec<Option<Arc<str>>>,
    pub(super) errors: HashMap<Arc<str>, Entry>,
    bytes: usize,
}

/// An error as operations are compared with it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) error_type: String,
    pub(super) pattern: Features,
    pub(super) level: BlockLevel,
    place: u32,
}

impl Scopes {
    /// Returns a scope, up to date with everything acknowledged before the call.
    pub(super) async fn of(
        &self,
        store: &Store,
        tenant: &str,
        scope: &str,
    ) -> Result<Arc<KnownScope>, StoreError> {
        let known = self.named(tenant, scope);
        if known.catch_up(store, (tenant, scope)).await? {
            self.trim();
        }
        Ok(known)
    }

    fn named(&self, tenant: &str, scope: &str) -> Arc<KnownScope> {
        let mut kept = self.0.lock();
        kept.clock += 1;
        let now = kept.clock;
        let (known, used) = kept.scopes.entry((tenant.to_owned(), scope.to_owned())).or_default();
        *used = now;
        Arc::clone(known)
    }

    /// Drops the scopes that were not asked for longest, until those left fit. The two asked last stay whatever their
    /// size: a project, and what is shared.
    fn trim(&self) {
        let mut kept = self.0.lock();
        let mut by_use: Vec<(u64, ScopeKey, usize)> = kept
            .scopes
            .iter()
            .map(|(key, (known, used))| (*used, key.clone(), known.bytes.load(Ordering::Acquire)))
            .collect();
        by_use.sort_unstable_by_key(|(used, ..)| std::cmp::Reverse(*used));
        let mut sum = 0;
        for (_, key, bytes) in by_use.into_iter().skip(2) {
            sum += bytes;
            if sum > KEPT {
                kept.scopes.remove(&key);
            }
        }
    }
}

impl KnownScope {
    /// Reads what changed since; `false` when nothing did.
    async fn catch_up(self: &Arc<Self>, store: &Store, key: (&str, &str)) -> Result<bool, StoreError> {
        let (tenant, scope) = key;
        let newest = store.firewall().revision(tenant, scope).await?;
        if self.revision.load(Ordering::Acquire) >= newest {
            return Ok(false);
        }
        let _reading = self.reading.lock().await;
        let known = self.revision.load(Ordering::Acquire);
        if known >= newest {
            return Ok(false);
        }
        // Places of the index are not used again: when most are dead, everything is read once more.
        let since = if self.sparse.load(Ordering::Acquire) { 0 } else { known };
        let mut news = Vec::new();
        let revision = store.firewall().changed(key, since, |changed| news.push(changed)).await?;
        for changed in &mut news {
            if changed.terms.is_none() {
                let (scene, text) = store.firewall().texts(tenant, &changed.id).await?;
                changed.terms = Some(terms(&scene, &text));
            }
        }
        let known = Arc::clone(self);
        let apply = move || {
            let mut state = known.state.write();
            if since == 0 {
                *state = State::default();
            }
            news.into_iter().for_each(|changed| state.apply(changed));
            known.bytes.store(state.bytes(), Ordering::Release);
            known.sparse.store(state.index.is_sparse(), Ordering::Release);
            known.revision.store(revision, Ordering::Release);
        };
        let applied = tokio::task::spawn_blocking(apply).await;
        applied
            .map_err(|error| StoreError::Unavailable(format!("known errors were not taken up: {error}")))?;
        Ok(true)
    }
}

impl Default for State {
    fn default() -> Self {
        Self { index: Index::new(None), at: Vec::new(), errors: HashMap::new(), bytes: 0 }
    }
}

impl State {
    fn apply(&mut self, changed: ChangedError) {
        let id: Arc<str> = changed.id.into();
        if let Some(former) = self.errors.get(&id) {
            self.index.remove(former.place);
            self.at[former.place as usize] = None;
            self.bytes -= former.pattern.bytes();
        }
        let place = self.index.insert(changed.terms.as_deref().unwrap_or_default());
        let pattern = Features::read(&changed.pattern);
        self.bytes += pattern.bytes();
        self.at.push(Some(Arc::clone(&id)));
        self.errors
            .insert(id, Entry { error_type: changed.error_type, pattern, level: changed.level, place });
    }

    fn bytes(&self) -> usize {
        self.bytes + self.index.bytes() + self.errors.len() * (size_of::<Entry>() + 128)
    }

    /// Returns the errors whose words a question asks for, best first, each with the share of the question's telling
    /// words it holds, 0..1, and which these are.
    pub(super) fn like(
        &self,
        question: &Question,
        count: usize,
        is_wanted: impl Fn(&Entry) -> bool,
    ) -> Vec<(Arc<str>, f64, Vec<String>)> {
        // Neither length nor company: what counts is how much of the text that was seen is in the text that is known.
        let alone = Feedback { texts: 0, terms: 0, weight: 0.0, vector: 0.0 };
        let tuning = Tuning { b: 0.0, lexical: alone, ..Tuning::default() };
        let at = |place: u32| self.at.get(place as usize)?.as_ref().and_then(|id| self.errors.get(id));
        let wanted = |place: u32| at(place).is_some_and(&is_wanted);
        let found = self.index.search(question, count, wanted, &tuning);
        let hit = |hit: mcpd_recall::Hit| {
            let id = self.at.get(hit.place as usize)?.clone()?;
            // BM25 tells the share of what repeating every word for ever would score; a text that holds each of them
            // once has 1 / (1 + k1) of that.
            let share = f64::from(hit.lexical * (1.0 + tuning.k1)).min(1.0);
            Some((id, share, hit.matched))
        };
        found.hits.into_iter().filter_map(hit).collect()
    }
}

/// Returns the terms by which an error is found again.
pub(super) fn terms(scene: &str, text: &str) -> String {
    mcpd_recall::segment(&format!("{scene}\n{}", message::words(text)))
}
