//! What is done behind the calls: a model is put in place, memories get their vectors, terms of an older analysis are
//! made anew, and answers are counted.

use std::{path::PathBuf, sync::Arc, time::Duration};

use mcpd_recall::vectors;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::{Memories, MemoryError, ModelView, models::Model};
use crate::store::{Embedded, Unembedded};

/// Time between rounds when nothing happens.
const ROUND: Duration = Duration::from_secs(10);

/// Memories embedded in one go: a step short enough to be stopped between two.
const BATCH: i64 = 16;

/// Rows analysed anew in one go.
const ANALYSED: i64 = 200;

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
            if next <= Instant::now() {
                next = Instant::now() + ROUND;
                let settings = config.borrow_and_update().embeddings.clone();
                self.models.refresh(&settings).await;
                self.between_rounds().await;
            }
            match self.round().await {
                Ok(Round::More) => continue,
                Ok(Round::Done) => {}
                Err(error) => tracing::warn!(%error, "memories could not be embedded now"),
            }
            tokio::select! {
                () = self.models.poked() => {}
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
            && embedded.done < embedded.all
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
        let mut batch = {
            let mut fresh = self.fresh.lock();
            let some = fresh.len().min(BATCH as usize);
            fresh.drain(..some).collect::<Vec<_>>()
        };
        let looks = batch.is_empty() && self.models.takes_look();
        if looks {
            batch = self.store.memories().unembedded(model.space().model, BATCH).await?;
        }
        if batch.is_empty() {
            return Ok(Round::Done);
        }
        if let Err(error) = self.embed(&model, batch).await {
            self.models.look_through();
            return Err(error);
        }
        if looks {
            self.models.look_through();
        }
        Ok(Round::More)
    }

    async fn embed(&self, model: &Arc<Model>, batch: Vec<Unembedded>) -> Result<(), MemoryError> {
        let texts: Vec<String> = batch.iter().map(|memory| memory.content.clone()).collect();
        let made: Vec<Vec<f32>> = match &**model {
            Model::Local(_) => {
                let model = Arc::clone(model);
                let embed = move || match &*model {
                    Model::Local(local) => texts.iter().map(|text| local.encoder.embed(text)).collect(),
                    Model::Remote(_) => Vec::new(),
                };
                tokio::task::spawn_blocking(embed).await?
            }
            Model::Remote(remote) => {
                self.models.embed_many(remote, &texts).await.map_err(MemoryError::Model)?
            }
        };
        let rows = batch.into_iter().zip(made.iter().map(|vector| vectors::encode(vector))).collect();
        Ok(self.store.memories().put_vectors(model.space().model, rows).await?)
    }

    async fn analyse(&self, rows: Vec<(i64, String)>) -> Result<(), MemoryError> {
        let analyse =
            move || rows.into_iter().map(|(seq, text)| (seq, mcpd_recall::segment(&text))).collect();
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
        let settings = self.config.borrow().embeddings.clone();
        self.models.refresh(&settings).await;
        self.models.poke();
    }
}
