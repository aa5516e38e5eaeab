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

/// Rows noted as answered and not yet written down; more are not counted.
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
    /// By words and by the meaning this model sees.
    Hybrid(String),
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
    /// The share of the score a text repeating every word of the question for ever would have, 0..1 and more where
    /// related words count too.
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
        let index = self.indexes.of(&self.store, project, model.as_deref().map(Model::space)).await?;
        let vector = match model.as_deref() {
            Some(Model::Remote(remote)) => Some(self.models.ask(remote, question.essence()).await),
            Some(Model::Local(_)) | None => None,
        };
        let (vector, away) = match vector {
            Some(Err(reason)) => (None, Some(reason)),
            Some(Ok(vector)) => (Some(vector), None),
            None => (None, None),
        };
        let how = match (&model, away.or_else(|| self.models.away())) {
            (_, Some(reason)) => How::Away(reason),
            (Some(model), None) => How::Hybrid(model.space().model.to_owned()),
            (None, None) => How::Words,
        };
        let (wanted, counts) = (asked.count, asked.counts);
        let looking = Looking { index, model: model.clone(), question, vector, asked };
        let mut looked = tokio::task::spawn_blocking(move || looking.run()).await?;
        if let Some(model) = &model {
            self.compare_exactly(model.space().model, &mut looked).await?;
        }
        looked.rows.truncate(wanted);
        let seqs: Vec<i64> = looked.rows.iter().map(|(seq, _)| *seq).collect();
        let texts = self.store.memories().texts(project, &seqs).await?;
        let mut by_seq: HashMap<i64, Memory> = texts.into_iter().collect();
        let hybrid = looked.direction.is_some();
        let found = looked
            .rows
            .into_iter()
            .filter_map(|(seq, hit)| by_seq.remove(&seq).map(|memory| recollection(memory, hit, hybrid)))
            .collect();
        if counts {
            self.note(seqs);
        }
        self.indexes.trim(self.config.borrow().memory.index_memory);
        Ok(Recalled { found, living: looked.living, tokens: looked.tokens, how })
    }

    /// Puts the exact cosines in place of those of the copies.
    async fn compare_exactly(&self, model: &str, looked: &mut Looked) -> Result<(), MemoryError> {
        let Some(direction) = &looked.direction else { return Ok(()) };
        let near = looked.rows.iter().filter(|(_, hit)| hit.cosine.is_some());
        let seqs: Vec<i64> = near.map(|(seq, _)| *seq).collect();
        let exact: HashMap<i64, f32> = self
            .store
            .memories()
            .vectors(model, &seqs)
            .await?
            .into_iter()
            .filter_map(|(seq, vector)| Some((seq, direction.likeness(&vectors::decode(&vector)?))))
            .collect();
        for (seq, hit) in &mut looked.rows {
            if let (Some(exact), Some(cosine)) = (exact.get(seq), &mut hit.cosine) {
                hit.rank += looked.weight * (exact - *cosine);
                *cosine = *exact;
            }
        }
        let best = |(_, left): &(i64, Hit), (_, right): &(i64, Hit)| {
            right.rank.total_cmp(&left.rank).then(left.place.cmp(&right.place))
        };
        looked.rows.sort_by(best);
        Ok(())
    }

    fn note(&self, seqs: Vec<i64>) {
        let mut answered = self.answered.lock();
        if answered.len() < NOTED {
            answered.extend(seqs);
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

/// What a search saw, with the rows of the hits: places mean something only while the index is held.
struct Looked {
    rows: Vec<(i64, Hit)>,
    direction: Option<Direction>,
    weight: f32,
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
        let row = |hit: Hit| Some((state.entries.get(hit.place as usize)?.seq, hit));
        let (living, tokens) =
            state.living(now).fold((0, 0), |(living, tokens), entry| (living + 1, tokens + entry.tokens));
        Looked {
            rows: found.hits.into_iter().filter_map(row).collect(),
            direction: found.direction,
            weight: found.weight,
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
        lexical: hit.lexical,
        semantic: hit.cosine,
        matched: hit.matched,
        related: hit.related,
    }
}
