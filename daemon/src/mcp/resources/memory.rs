//! One memory as a document: whole.

use crate::store::{Level, Memory};
use crate::tools::markdown::{Markdown, moment};

/// Writes the document.
pub(super) fn render(project: &str, memory: &Memory) -> String {
    let mut page = Markdown::new("Memory of", project);
    page.fact(&format!("id: `{}`", memory.id));
    page.fact(&format!("level: {}", level(memory.level)));
    if let Some(category) = &memory.category {
        page.item("category", category);
    }
    for tag in &memory.tags {
        page.item("tag", tag);
    }
    if let Some(confidence) = memory.confidence {
        page.fact(&format!("confidence: {confidence}"));
    }
    page.fact(&format!("stored: {}", moment(memory.created_at)));
    match memory.expires_at {
        Some(end) => page.fact(&format!("ends: {}", moment(end))),
        None => page.fact("ends: never"),
    }
    page.section("Text");
    page.whole(&memory.content);
    page.finish()
}

/// Says how long a level is kept.
pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::Short => "short (working notes)",
        Level::Mid => "mid (semantic notes)",
        Level::Long => "long (durable facts)",
    }
}
