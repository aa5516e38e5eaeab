//! Project memory: store what matters, find it again.

mod retrieve_memory;
mod store_memory;

use std::sync::Arc;

use super::registry::{BadSchema, Building};
use crate::{
    memory::Memories,
    store::{Level, Store},
};

/// Adds the family.
pub(super) fn register(
    registry: &mut Building<'_>,
    store: &Store,
    memories: &Arc<Memories>,
) -> Result<(), BadSchema> {
    registry.add(store_memory::StoreMemory { memories: Arc::clone(memories) })?;
    registry.add(retrieve_memory::RetrieveMemory { store: store.clone(), memories: Arc::clone(memories) })
}

/// How long a memory is kept, as callers write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
enum MemoryLevel {
    Short,
    Mid,
    Long,
}

impl From<MemoryLevel> for Level {
    fn from(level: MemoryLevel) -> Self {
        match level {
            MemoryLevel::Short => Self::Short,
            MemoryLevel::Mid => Self::Mid,
            MemoryLevel::Long => Self::Long,
        }
    }
}

impl From<Level> for MemoryLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Short => Self::Short,
            Level::Mid => Self::Mid,
            Level::Long => Self::Long,
        }
    }
}
