//! The knowledge graph of the official memory server (`@modelcontextprotocol/server-memory`), as its file has it.
//!
//! One memory for each observation and each relation, in words: they are found, ranked and forgotten by themselves,
//! which a whole entity with all its observations in one text would not be.

use mcpd_ipc::memory::{MemoryEntry, MemoryLevel};
use serde::Deserialize;

/// What kind of knowledge all of it is.
const CATEGORY: &str = "knowledge-graph";

/// A thing and what was observed of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Entity {
    name: String,
    entity_type: String,
    observations: Vec<String>,
}

/// What one thing has to do with another.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Relation {
    from: String,
    to: String,
    relation_type: String,
}

impl Entity {
    /// Returns a memory for each observation; one that says what it is where nothing else is known of it.
    pub(super) fn memories(self) -> Vec<MemoryEntry> {
        let is_said = |text: &str| !text.trim().is_empty();
        let kind = Some(self.entity_type).filter(|kind| is_said(kind));
        let named = match &kind {
            Some(kind) => format!("{} ({kind})", self.name),
            None => self.name.clone(),
        };
        let tags: Vec<String> = kind.into_iter().collect();
        let observed = self.observations.iter().filter(|observation| is_said(observation));
        let mut texts: Vec<String> = observed.map(|observation| format!("{named}: {observation}")).collect();
        if texts.is_empty() && is_said(&self.name) {
            texts.push(named);
        }
        texts.into_iter().map(|text| entry(text, tags.clone())).collect()
    }
}

impl Relation {
    /// Returns it as a sentence of three words.
    pub(super) fn memory(self) -> MemoryEntry {
        let text = format!("{} {} {}", self.from, self.relation_type, self.to);
        entry(text, vec![self.relation_type])
    }
}

/// Makes a memory that is kept for good, as it was where it comes from.
fn entry(content: String, tags: Vec<String>) -> MemoryEntry {
    MemoryEntry {
        content,
        level: Some(MemoryLevel::Long),
        tags,
        category: Some(CATEGORY.to_owned()),
        confidence: None,
        created_at: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_observation_is_a_memory_that_says_whose_it_is() {
        let texts = |json: &str| -> Vec<String> {
            let entity: Entity = serde_json::from_str(json).unwrap();
            entity.memories().into_iter().map(|entry| format!("{} {:?}", entry.content, entry.tags)).collect()
        };
        let entity =
            r#"{"name":"John_Smith","entityType":"person","observations":["Speaks Spanish"," ","Ada"]}"#;
        let expected =
            ["John_Smith (person): Speaks Spanish [\"person\"]", "John_Smith (person): Ada [\"person\"]"];
        assert_eq!(texts(entity), expected);
        let bare = r#"{"name":"Postgres","entityType":"database","observations":[]}"#;
        assert_eq!(texts(bare), ["Postgres (database) [\"database\"]"]);
        assert_eq!(texts(r#"{"name":"x","entityType":"","observations":["y"]}"#), ["x: y []"]);
        assert!(texts(r#"{"name":" ","entityType":"","observations":[]}"#).is_empty());
    }
}
