//! Project memory: what is stored is checked, counted and indexed here, and found again by words and by meaning. The
//! store keeps the rows, `mcpd_recall` ranks; this brings them together.

mod endpoint;
mod error;
mod indexes;
mod models;
mod recall;
mod worker;

use std::{collections::HashSet, path::PathBuf, sync::Arc};

use mcpd_config::{Config, SecretRule};
use mcpd_ipc::redact::suspicion;
use parking_lot::Mutex;
use tokio::sync::watch;

pub use error::MemoryError;
pub use models::{ModelState, ModelView};
pub use recall::{Asked, How, Recalled, Recollection};

use crate::store::{Level, MOST_TAGS, NewMemory, Owner, Quota, Store, Stored, now};
use indexes::Indexes;
use models::Models;

/// New memories that wait for their vectors; what is beyond is found by looking through the store.
const FRESH: usize = 4096;

/// Longest label of a memory, and longest category, in characters.
pub(crate) const LONGEST_LABEL: usize = 64;

/// The memories of all projects.
#[derive(Debug)]
pub struct Memories {
    store: Store,
    config: watch::Receiver<Arc<Config>>,
    indexes: Indexes,
    models: Models,
    /// Ids of memories that were part of answers since this was written down last.
    answered: Mutex<Vec<String>>,
    /// Ids of new memories without a vector, oldest first.
    fresh: Mutex<Vec<String>>,
    /// Behind which row the store is looked through for memories without a vector; absent when it was, to the end.
    looking: Mutex<Option<i64>>,
    /// Ids of memories that the model refused, until there is another model.
    refused: Mutex<HashSet<String>>,
}

/// Something to remember.
#[derive(Debug, Clone, PartialEq)]
pub struct Wish {
    /// Whose and by whom.
    pub owner: Owner,
    /// The caller's `project_id`.
    pub project: String,
    /// How long.
    pub level: Level,
    /// The text.
    pub content: String,
    /// Free labels.
    pub tags: Vec<String>,
    /// Kind of knowledge.
    pub category: Option<String>,
    /// Trust in it, 0..1.
    pub confidence: Option<f64>,
    /// When it was first written, UTC milliseconds; absent is now.
    pub created_at: Option<i64>,
}

impl Wish {
    /// Fails for labels that are no labels.
    fn check(&self) -> Result<(), MemoryError> {
        if self.tags.len() > MOST_TAGS {
            return Err(MemoryError::Labels(format!(
                "it has {} tags, a memory has {MOST_TAGS} at most",
                self.tags.len()
            )));
        }
        let fits = |label: &String| (1..=LONGEST_LABEL).contains(&label.chars().count());
        if !self.tags.iter().chain(&self.category).all(fits) {
            return Err(MemoryError::Labels(format!(
                "a tag and a category have 1 to {LONGEST_LABEL} characters"
            )));
        }
        Ok(())
    }

    /// Returns what kind of secret any of its texts seems to hold.
    fn suspicion(&self) -> Option<&'static str> {
        let mut texts = std::iter::once(&self.content).chain(&self.tags).chain(&self.category);
        texts.find_map(|text| suspicion(text))
    }
}

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// As the store has it.
    pub stored: Stored,
    /// Estimated tokens of the content.
    pub tokens: i64,
    /// The kind of secret the content looks like.
    pub suspicion: Option<&'static str>,
}

impl Memories {
    /// Makes the memory on a store; `folder` is where models are installed.
    pub fn new(store: Store, config: watch::Receiver<Arc<Config>>, folder: PathBuf) -> Self {
        Self {
            store,
            config,
            indexes: Indexes::default(),
            models: Models::new(folder),
            answered: Mutex::default(),
            fresh: Mutex::default(),
            looking: Mutex::default(),
            refused: Mutex::default(),
        }
    }

    /// Stores a memory; it is found by the next question.
    pub async fn remember(&self, wish: Wish) -> Result<Remembered, MemoryError> {
        let settings = self.config.borrow().memory.clone();
        let (size, most) = (wish.content.len() as u64, settings.max_content);
        if size > most {
            return Err(MemoryError::TooLarge { size, most });
        }
        wish.check()?;
        let rule = settings.secrets;
        // Away from the threads that serve: a long text takes a while.
        let (wish, terms, suspicion) = tokio::task::spawn_blocking(move || {
            let suspicion = (rule != SecretRule::Allow).then(|| wish.suspicion()).flatten();
            let terms = mcpd_recall::segment(&wish.content);
            (wish, terms, suspicion)
        })
        .await?;
        if let (SecretRule::Refuse, Some(kind)) = (rule, suspicion) {
            return Err(MemoryError::Secret(kind));
        }
        let tokens = estimated_tokens(&wish.content);
        let stored = self
            .store
            .memories()
            .put(NewMemory {
                terms,
                tokens,
                expires_at: self.end_of(wish.level),
                quota: Quota {
                    project_memories: settings.project_memories.into(),
                    project_bytes: settings.project_size.try_into().unwrap_or(i64::MAX),
                    tenant_memories: settings.tenant_memories.into(),
                    tenant_bytes: settings.tenant_size.try_into().unwrap_or(i64::MAX),
                },
                owner: wish.owner,
                project: wish.project,
                level: wish.level,
                content: wish.content,
                tags: wish.tags,
                category: wish.category,
                confidence: wish.confidence,
                created_at: wish.created_at,
            })
            .await?;
        if !stored.deduplicated && self.models.wants_vectors() {
            self.embed_later(stored.id.clone());
        }
        Ok(Remembered { stored, tokens, suspicion })
    }

    /// Gives a memory another level, and the life of that from now on.
    pub async fn set_level(&self, id: &str, level: Level) -> Result<(), MemoryError> {
        Ok(self.store.memories().set_level(id, level, self.end_of(level)).await?)
    }

    /// Writes down which memories were part of answers; short ones that were so often live on as mid ones.
    pub async fn flush(&self) -> Result<(), MemoryError> {
        let answered = std::mem::take(&mut *self.answered.lock());
        if answered.is_empty() {
            return Ok(());
        }
        let settings = self.config.borrow().memory.clone();
        let after = u32::try_from(settings.promote_after).unwrap_or(u32::MAX);
        let life = settings.mid_ttl.as_millis() as i64;
        Ok(self.store.memories().found(answered, after, life).await?)
    }

    /// When a memory of that level that begins now ends, UTC milliseconds.
    fn end_of(&self, level: Level) -> Option<i64> {
        let config = self.config.borrow();
        let life = match level {
            Level::Short => config.memory.short_ttl,
            Level::Mid => config.memory.mid_ttl,
            Level::Long => return None,
        };
        Some(now().saturating_add(life.as_millis() as i64))
    }

    fn embed_later(&self, id: String) {
        let mut fresh = self.fresh.lock();
        if fresh.len() < FRESH {
            fresh.push(id);
        } else {
            self.models.look_through();
        }
        drop(fresh);
        self.models.poke();
    }
}

/// Estimates the tokens of a text: a quarter of its other characters, and one for each ideograph, as the tokenizers of
/// current models give on mixed prose. An estimate, and named so wherever it is returned.
pub(crate) fn estimated_tokens(text: &str) -> i64 {
    let wide = text.chars().filter(|character| *character >= '\u{2e80}').count();
    let narrow = text.chars().count() - wide;
    (wide + narrow.div_ceil(4)) as i64
}

#[cfg(test)]
mod tests;
