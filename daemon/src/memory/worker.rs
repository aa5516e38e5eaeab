//! What is done behind the calls: a model is put in place, memories get their vectors, terms of an older analysis are
//! made anew, and answers are counted.

use std::{path::PathBuf, sync::Arc, time::Duration};

use mcpd_recall::vectors;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{
    Memories, MemoryError, ModelView,
    models::{Model, Remote, Unembeddable},
};
use crate::store::{Embedded, Unembedded};

/// Time between rounds when nothing happens.
const ROUND: Duration = Duration::from_secs(10);

/// Memories embedded in one go: a step short enough to be stopped between two.
const BATCH: i64 = 16;

/// Rows analysed anew in one go.
const ANALYSED: i64 = 200;

/// Characters of a text tried again when the whole is refused: what any model takes.
const BEGINNING: usize = 2000;

/// Memories with their vectors.
type Made = Vec<(Unembedded, Vec<f32>)>;

/// How far a round came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// There is more to do.
    More,
    /// Everything is done.
    Done,
}

impl Memories {
    /// Works until `stop` fires.
    pub async fn work(self: Arc<Self>, stop: CancellationToken) {
        let mut config = self.config.clone();
        let mut next = Instant::now();
        while !stop.is_cancelled() {
            let round = async {
                if next <= Instant::now() {
                    next = Instant::now() + ROUND;
                    config.mark_unchanged();
                    self.refresh_model().await;
                    self.between_rounds().await;
                }
                self.round().await
            };
            // A model that does not answer must not keep the process.
            let done = tokio::select! {
                done = round => done,
                () = stop.cancelled() => return,
            };
            let failed = match done {
                Ok(Round::More) => continue,
                Ok(Round::Done) => false,
                Err(error) => {
                    tracing::warn!(%error, "memories could not be embedded now");
                    true
                }
            };
            tokio::select! {
                // After a failure only time helps, not that there is more to do.
                () = self.models.poked(), if !failed => {}
                _ = config.changed() => next = Instant::now(),
                () = sleep_until(next) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    /// Counts what was answered, and sees whether another process left memories without a vector.
    async fn between_rounds(&self) {
        if let Err(error) = self.flush().await {
            tracing::warn!(%error, "which memories were found could not be written down");
        }
        if let Some(model) = self.models.current()
            && let Ok(embedded) = self.store.memories().embedded(model.space().model).await
            && embedded.done + (self.refused.lock().len() as i64) < embedded.all
        {
            self.models.look_through();
        }
    }

    async fn round(&self) -> Result<Round, MemoryError> {
        let older = self.store.memories().analysed_otherwise(ANALYSED).await?;
        if !older.is_empty() {
            self.analyse(older).await?;
            return Ok(Round::More);
        }
        let Some(model) = self.models.current() else { return Ok(Round::Done) };
        if self.models.takes_look() {
            *self.looking.lock() = Some(0);
        }
        let Some(batch) = self.next_batch(&model).await? else { return Ok(Round::Done) };
        if let Err(error) = self.embed(&model, batch).await {
            // What was taken out of a queue is found by looking.
            self.models.look_through();
            return Err(error);
        }
        Ok(Round::More)
    }

    /// Returns memories to embed, new ones first; `None` when all have their vectors, as far as is known.
    async fn next_batch(&self, model: &Model) -> Result<Option<Vec<Unembedded>>, MemoryError> {
        let fresh: Vec<String> = {
            let mut fresh = self.fresh.lock();
            let some = fresh.len().min(BATCH as usize);
            fresh.drain(..some).collect()
        };
        if !fresh.is_empty() {
            return Ok(Some(self.store.memories().to_embed(&fresh).await?));
        }
        let Some(after) = *self.looking.lock() else { return Ok(None) };
        let mut batch = self.store.memories().unembedded(model.space().model, after, BATCH).await?;
        *self.looking.lock() = batch.last().map(|memory| memory.seq);
        if batch.is_empty() {
            return Ok(None);
        }
        let refused = self.refused.lock();
        batch.retain(|memory| !refused.contains(&memory.id));
        Ok(Some(batch))
    }

    async fn embed(&self, model: &Arc<Model>, batch: Vec<Unembedded>) -> Result<(), MemoryError> {
        let made = match &**model {
            Model::Local(_) => self.embed_here(model, batch).await?,
            Model::Remote(remote) => self.embed_there(remote, batch).await?,
        };
        if made.is_empty() {
            return Ok(());
        }
        let rows = made.into_iter().map(|(memory, vector)| (memory, vectors::encode(&vector))).collect();
        Ok(self.store.memories().put_vectors(model.space().model, rows).await?)
    }

    async fn embed_here(&self, model: &Arc<Model>, batch: Vec<Unembedded>) -> Result<Made, MemoryError> {
        let model = Arc::clone(model);
        let embed = move || match &*model {
            Model::Local(local) => {
                let each = |memory: Unembedded| {
                    let vector = local.encoder.embed(&memory.content);
                    (memory, vector)
                };
                batch.into_iter().map(each).collect()
            }
            Model::Remote(_) => Vec::new(),
        };
        Ok(tokio::task::spawn_blocking(embed).await?)
    }

    /// Embeds by an endpoint. When it will not have one of several texts, each is tried alone, a long one by its
    /// beginning too; what is refused still is left to its words.
    async fn embed_there(&self, remote: &Remote, batch: Vec<Unembedded>) -> Result<Made, MemoryError> {
        let texts: Vec<String> = batch.iter().map(|memory| memory.content.clone()).collect();
        match self.models.embed_many(remote, &texts).await {
            Ok(vectors) => return Ok(batch.into_iter().zip(vectors).collect()),
            Err(Unembeddable::Away(reason)) => return Err(MemoryError::Model(reason)),
            Err(Unembeddable::Refused(_)) => {}
        }
        let mut made = Vec::new();
        for memory in batch {
            let beginning: String = memory.content.chars().take(BEGINNING).collect();
            let is_short = beginning.len() == memory.content.len();
            let tries = [Some(memory.content.clone()), (!is_short).then_some(beginning)];
            let mut vector = None;
            for text in tries.into_iter().flatten() {
                match self.models.embed_many(remote, &[text]).await {
                    Ok(vectors) => vector = vectors.into_iter().next(),
                    Err(Unembeddable::Away(reason)) => return Err(MemoryError::Model(reason)),
                    Err(Unembeddable::Refused(reason)) => {
                        tracing::debug!(memory = memory.id, reason, "the endpoint refused a memory");
                    }
                }
                if vector.is_some() {
                    break;
                }
            }
            match vector {
                Some(vector) => made.push((memory, vector)),
                None => {
                    tracing::warn!(memory = memory.id, "the endpoint refuses a memory; its words find it");
                    self.refused.lock().insert(memory.id);
                }
            }
        }
        Ok(made)
    }

    async fn analyse(&self, rows: Vec<Unembedded>) -> Result<(), MemoryError> {
        let analyse = move || {
            rows.into_iter().map(|memory| (memory.id, mcpd_recall::segment(&memory.content))).collect()
        };
        let rows = tokio::task::spawn_blocking(analyse).await?;
        Ok(self.store.memories().analysed(rows).await?)
    }

    /// Returns the model and how far it has come with the memories.
    pub async fn model(&self) -> Result<(ModelView, Embedded), MemoryError> {
        let view = self.models.view(&self.config.borrow().embeddings);
        let embedded = self.store.memories().embedded(view.id.as_deref().unwrap_or_default()).await?;
        Ok((view, embedded))
    }

    /// Returns whether a model is set up that does not answer.
    pub fn model_is_away(&self) -> bool {
        self.models.away().is_some()
    }

    /// Checks a model file, puts a copy in place and uses it from now on.
    pub async fn install_model(self: &Arc<Self>, file: PathBuf) -> Result<(), MemoryError> {
        let own = Arc::clone(self);
        tokio::task::spawn_blocking(move || own.models.install(&file)).await??;
        self.use_model().await;
        Ok(())
    }

    /// Removes the installed model; `false` when there was none.
    pub async fn remove_model(&self) -> Result<bool, MemoryError> {
        let removed = self.models.remove()?;
        self.use_model().await;
        Ok(removed)
    }

    async fn use_model(&self) {
        self.refresh_model().await;
        self.models.poke();
    }

    async fn refresh_model(&self) {
        let settings = self.config.borrow().embeddings.clone();
        if self.models.refresh(&settings).await {
            // What one model refuses another may take.
            self.refused.lock().clear();
        }
    }
}
