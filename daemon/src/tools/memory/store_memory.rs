//! `store_memory`: saves one piece of project knowledge.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::MemoryLevel;
use crate::{
    memory::{Memories, Wish},
    tools::{
        Call, Family, Tool, ToolError,
        params::{ProjectId, owner},
        time,
        tool::Effect,
    },
};

/// Saves a memory.
pub(super) struct StoreMemory {
    pub(super) memories: Arc<Memories>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project; the project is made on first use
    project_id: ProjectId,
    /// text to remember, kept whole; English and Chinese are both found again
    #[schemars(length(min = 1), regex(pattern = r"\S"))]
    content: String,
    /// short = working notes kept 24 hours, mid = semantic notes kept 30 days (the default), long = durable facts
    memory_level: Option<MemoryLevel>,
    /// free labels
    #[schemars(length(max = 64))]
    tags: Option<Vec<Tag>>,
    /// kind of knowledge, for filtering later
    #[schemars(length(min = 1, max = 64))]
    category: Option<String>,
    /// trust in it, 0 to 1
    #[schemars(range(min = 0.0, max = 1.0))]
    confidence: Option<f64>,
}

/// A free label.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
struct Tag(#[schemars(length(min = 1, max = 64))] String);

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
    /// what to think about, such as content that looks like a secret
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
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
        let wish = Wish {
            owner: owner(call.who),
            project: args.project_id.0.clone(),
            level: args.memory_level.unwrap_or(MemoryLevel::Mid).into(),
            content: args.content,
            tags: args.tags.unwrap_or_default().into_iter().map(|tag| tag.0).collect(),
            category: args.category,
            confidence: args.confidence,
            created_at: None,
        };
        let remembered = self.memories.remember(wish).await?;
        let stored = remembered.stored;
        let warning = remembered.suspicion.map(|kind| {
            let told =
                format!("the content looks like {kind}: everyone who may read this project can read it");
            format!("{told}; if it is one, have the operator delete the memory and change the secret")
        });
        Ok(Output {
            memory_id: stored.id,
            project_id: args.project_id.0,
            memory_level: stored.level.into(),
            stored_at: time::text(stored.created_at),
            expires_at: time::text_of(stored.expires_at),
            tokens: remembered.tokens,
            deduplicated: stored.deduplicated,
            warning,
        })
    }
}
