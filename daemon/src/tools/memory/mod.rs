//! Project memory: store what matters, find it again.

mod retrieve_memory;
mod store_memory;

use std::sync::Arc;

use mcpd_config::Config;
use tokio::sync::watch;

use super::registry::{BadSchema, Building};
use crate::store::{Level, Store};

/// Adds the family.
pub(super) fn register(
    registry: &mut Building<'_>,
    store: &Store,
    config: &watch::Receiver<Arc<Config>>,
) -> Result<(), BadSchema> {
    registry.add(store_memory::StoreMemory { store: store.clone(), config: config.clone() })?;
    registry.add(retrieve_memory::RetrieveMemory { store: store.clone() })
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

/// Estimates the tokens of a text: a quarter of its other characters, and one for each ideograph, as the tokenizers of
/// current models give on mixed prose. An estimate, and named so wherever it is returned.
fn estimated_tokens(text: &str) -> i64 {
    let wide = text.chars().filter(|character| *character >= '\u{2e80}').count();
    let narrow = text.chars().count() - wide;
    (wide + narrow.div_ceil(4)) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ideograph_counts_as_a_token() {
        assert_eq!(estimated_tokens(""), 0);
        assert_eq!(estimated_tokens("用缓存"), 3);
        assert_eq!(estimated_tokens("eight ch"), 2);
    }
}
