//! `store_memory`: saves one piece of project knowledge.

use std::sync::Arc;

use mcpd_config::Config;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::{MemoryLevel, estimated_tokens};
use crate::{
    store::{NewMemory, Store, now},
    tools::{
        Call, Code, Family, Tool, ToolError,
        params::{ProjectId, owner},
        time,
        tool::Effect,
    },
};

/// Saves a memory.
pub(super) struct StoreMemory {
    pub(super) store: Store,
    pub(super) config: watch::Receiver<Arc<Config>>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// identifier of the project the record belongs to; the project is made on first use
    project_id: ProjectId,
    /// text to remember, kept whole; English and Chinese are both found again
    #[schemars(length(min = 1), regex(pattern = r"\S"))]
    content: String,
    /// short = working notes kept 24 hours, mid = semantic notes kept 30 days (the default), long = durable facts
    memory_level: Option<MemoryLevel>,
    /// free labels
    #[schemars(length(max = 64))]
    tags: Option<Vec<String>>,
    /// kind of knowledge, for filtering later
    #[schemars(length(min = 1, max = 64))]
    category: Option<String>,
    /// trust in it, 0 to 1
    #[schemars(range(min = 0.0, max = 1.0))]
    confidence: Option<f64>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    memory_id: String,
    project_id: String,
    memory_level: MemoryLevel,
    /// when the content was first stored
    stored_at: String,
    /// when it ends; absent for long memories
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// estimated tokens of the content
    tokens: i64,
    /// true when the same content was stored before; memory_id is then the earlier one
    deduplicated: bool,
}

impl Tool for StoreMemory {
    const NAME: &'static str = "store_memory";
    const FAMILY: Family = Family::Memory;
    const TITLE: &'static str = "Store a memory";
    const DESCRIPTION: &'static str = "Save one piece of project knowledge (a fact, a convention, a finding) so that \
        any later session finds it with retrieve_memory. Choose how long it is kept: short, mid or long. Storing the \
        same content twice keeps one memory with the longer life.";
    const EFFECT: Effect = Effect::Settles;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let settings = self.config.borrow().memory.clone();
        if args.content.len() as u64 > settings.max_content {
            let (size, most) = (args.content.len(), settings.max_content);
            let told = format!("content has {size} bytes, a memory keeps at most {most}");
            return Err(ToolError::new(Code::TooLarge, told).hint("store it in several memories"));
        }
        let level = args.memory_level.unwrap_or(MemoryLevel::Mid);
        let life = match level {
            MemoryLevel::Short => Some(settings.short_ttl),
            MemoryLevel::Mid => Some(settings.mid_ttl),
            MemoryLevel::Long => None,
        };
        let tokens = estimated_tokens(&args.content);
        let content = args.content.clone();
        // Away from the threads that serve: a long text takes a while.
        let segmenting = tokio::task::spawn_blocking(move || mcpd_recall::segment(&content));
        let terms = segmenting.await.map_err(|error| ToolError::internal(&error))?;
        let memory = NewMemory {
            owner: owner(who),
            project: args.project_id.0.clone(),
            level: level.into(),
            terms,
            content: args.content,
            tags: args.tags.unwrap_or_default(),
            category: args.category,
            confidence: args.confidence,
            tokens,
            expires_at: life.map(|life| now().saturating_add(life.as_millis() as i64)),
        };
        let stored = self.store.memories().put(memory).await?;
        Ok(Output {
            memory_id: stored.id,
            project_id: args.project_id.0,
            memory_level: stored.level.into(),
            stored_at: time::text(stored.created_at),
            expires_at: time::text_of(stored.expires_at),
            tokens,
            deduplicated: stored.deduplicated,
        })
    }
}
