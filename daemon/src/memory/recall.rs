//! Answering a question: the index of the project ranks, the store gives the texts.

use std::{collections::HashMap, sync::Arc};

use mcpd_recall::{Direction, Hit, Question, Tuning, score, vectors};

use super::{
    Memories, MemoryError,
    indexes::{Entry, ProjectIndex},
    models::Model,
};
use crate::store::{Level, Memory, now};

/// Memories compared exactly for each that is wanted.
const COMPARED: usize = 4;

/// Memories noted as answered and not yet written down; more are not counted.
const NOTED: usize = 10_000;

/// A question about a project.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// What is asked.
    pub text: String,
    /// Only this level.
    pub level: Option<Level>,
    /// Only this category.
    pub category: Option<String>,
    /// Memories wanted at most.
    pub count: usize,
    /// Whether being found counts for the memories.
    pub counts: bool,
}

/// How a question was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// By words: no model is set up.
    Words,
    /// By words, and by meaning those memories that have a vector.
    Hybrid(usize),
    /// By words: the model is away, for this reason.
    Away(String),
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Recalled {
    /// Best first.
    pub found: Vec<Recollection>,
    /// Living memories of the project.
    pub living: usize,
    /// Estimated tokens of all of them.
    pub tokens: i64,
    /// How they were compared.
    pub how: How,
}

/// One memory found.
#[derive(Debug, Clone, PartialEq)]
pub struct Recollection {
    /// The memory.
    pub memory: Memory,
    /// Chance that it answers the question, 0..1, as measured on public sets.
    pub score: f32,
    /// The share of the score a text repeating every word of the question for ever would have, related words
    /// included, 0..1.
    pub lexical: f32,
    /// How much more like the question in meaning than the mean of all memories, in cosines.
    pub semantic: Option<f32>,
    /// Words of the question that occur.
    pub matched: Vec<String>,
    /// Terms that occur and that the best memories have in common.
    pub related: Vec<String>,
}

impl Memories {
    /// Returns the memories of a project that answer best.
    pub async fn recall(&self, project: &str, asked: Asked) -> Result<Recalled, MemoryError> {
        let question = Question::new(&asked.text);
        let model = self.models.current();
        let space = model.as_deref().map(Model::space);
        let most = self.config.borrow().memory.index_memory;
        let index = self.indexes.of(&self.store, project, space, most).await?;
        let vector = match model.as_deref() {
            Some(Model::Remote(remote)) => Some(self.models.ask(remote, question.essence()).await),
            Some(Model::Local(_)) | None => None,
        };
        let (vector, away) = match vector {
            Some(Err(reason)) => (None, Some(reason)),
            Some(Ok(vector)) => (Some(vector), None),
            None => (None, None),
        };
        let (wanted, counts) = (asked.count, asked.counts);
        let looking = Looking { index, model: model.clone(), question, vector, asked };
        let mut looked = tokio::task::spawn_blocking(move || looking.run()).await?;
        if let Some(model) = &model {
            self.compare_exactly(model.space().model, &mut looked).await?;
        }
        looked.rows.truncate(wanted);
        let ids: Vec<String> = looked.rows.iter().map(|(id, _)| id.clone()).collect();
        let texts = self.store.memories().texts(project, &ids).await?;
        let mut by_id: HashMap<String, Memory> =
            texts.into_iter().map(|memory| (memory.id.clone(), memory)).collect();
        let hybrid = looked.direction.is_some();
        let how = match (hybrid, away.or_else(|| self.models.away())) {
            (true, _) => How::Hybrid(looked.with_vectors),
            (false, Some(reason)) => How::Away(reason),
            (false, None) => How::Words,
        };
        let found: Vec<Recollection> = looked
            .rows
            .into_iter()
            .filter_map(|(id, hit)| by_id.remove(&id).map(|memory| recollection(memory, hit, hybrid)))
            .collect();
        if counts {
            self.note(found.iter().map(|one| one.memory.id.clone()));
        }
        Ok(Recalled { found, living: looked.living, tokens: looked.tokens, how })
    }

    /// Puts the exact cosines in place of those of the copies.
    async fn compare_exactly(&self, model: &str, looked: &mut Looked) -> Result<(), MemoryError> {
        let Some(direction) = &looked.direction else { return Ok(()) };
        let near = looked.rows.iter().filter(|(_, hit)| hit.cosine.is_some());
        let ids: Vec<String> = near.map(|(id, _)| id.clone()).collect();
        let exact: HashMap<String, f32> = self
            .store
            .memories()
            .vectors(model, &ids)
            .await?
            .into_iter()
            .filter_map(|(id, vector)| Some((id, direction.likeness(&vectors::decode(&vector)?))))
            .collect();
        for (id, hit) in &mut looked.rows {
            if let (Some(exact), Some(cosine)) = (exact.get(id), &mut hit.cosine) {
                hit.rank += looked.weight * (exact - *cosine);
                *cosine = *exact;
            }
        }
        let best = |(_, left): &(String, Hit), (_, right): &(String, Hit)| {
            right.rank.total_cmp(&left.rank).then(left.place.cmp(&right.place))
        };
        looked.rows.sort_by(best);
        Ok(())
    }

    fn note(&self, ids: impl Iterator<Item = String>) {
        let mut answered = self.answered.lock();
        if answered.len() < NOTED {
            answered.extend(ids);
        }
    }
}

/// One search, to be done away from the threads that serve.
struct Looking {
    index: Arc<ProjectIndex>,
    model: Option<Arc<Model>>,
    question: Question,
    vector: Option<Vec<f32>>,
    asked: Asked,
}

/// What a search saw, with the ids of the hits: places mean something only while the index is held.
struct Looked {
    rows: Vec<(String, Hit)>,
    direction: Option<Direction>,
    weight: f32,
    with_vectors: usize,
    living: usize,
    tokens: i64,
}

impl Looking {
    fn run(self) -> Looked {
        let vector = match self.model.as_deref() {
            Some(Model::Local(local)) => Some(local.encoder.embed(self.question.essence())),
            Some(Model::Remote(_)) | None => self.vector,
        };
        let state = self.index.state.read();
        // Another model may have taken the place of the one that was asked.
        let vector = vector.filter(|_| state.holds(self.model.as_deref().map(Model::space)));
        let now = now();
        let wanted =
            |place: u32| state.entries.get(place as usize).is_some_and(|entry| self.asked.wants(entry, now));
        let compared = if vector.is_some() { COMPARED } else { 1 };
        let count = self.asked.count.saturating_mul(compared);
        let question = self.question.with_vector(vector);
        let found = state.index.search(&question, count, wanted, &Tuning::default());
        let row = |hit: Hit| Some((state.entries.get(hit.place as usize)?.id.to_string(), hit));
        let (living, tokens) =
            state.living(now).fold((0, 0), |(living, tokens), entry| (living + 1, tokens + entry.tokens));
        Looked {
            rows: found.hits.into_iter().filter_map(row).collect(),
            direction: found.direction,
            weight: found.weight,
            with_vectors: state.index.with_vectors(),
            living,
            tokens,
        }
    }
}

impl Asked {
    fn wants(&self, entry: &Entry, now: i64) -> bool {
        entry.lives(now)
            && self.level.is_none_or(|level| level == entry.level)
            && self.category.as_ref().is_none_or(|category| Some(&**category) == entry.category.as_deref())
    }
}

fn recollection(memory: Memory, hit: Hit, hybrid: bool) -> Recollection {
    Recollection {
        memory,
        score: score(hit.rank, hybrid),
        lexical: hit.lexical.min(1.0),
        semantic: hit.cosine,
        matched: hit.matched,
        related: hit.related,
    }
}
