//! The decisions of a project as a document.

use std::collections::HashMap;

use serde_json::Value;

use crate::store::{Decision, Page, Store, StoreError};
use crate::tools::markdown::{Markdown, moment};

/// Decisions shown in full, and superseded ones named, at most.
const ROWS: i64 = 50;

/// Where a text is whole.
const REST: &str = "list_design_decisions returns the whole";

/// The decisions of a project.
#[derive(Debug)]
pub(super) struct Decisions {
    /// Those in force, newest first.
    pub(super) active: Vec<Decision>,
    /// How many are in force.
    pub(super) active_total: i64,
    /// Those that others took the place of, newest first.
    pub(super) superseded: Vec<Decision>,
    /// How many they are.
    pub(super) superseded_total: i64,
}

/// Gathers them.
pub(super) async fn gather(store: &Store, project: &str) -> Result<Decisions, StoreError> {
    let decisions = store.decisions();
    let page = Page { limit: ROWS, offset: 0 };
    let (active, active_total) = decisions.list(project, None, false, page).await?;
    // Both kinds are looked through for the superseded ones, so that there is one list to keep fast.
    let both = Page { limit: 2 * ROWS, offset: 0 };
    let (all, total) = decisions.list(project, None, true, both).await?;
    let superseded = all.into_iter().filter(|decision| decision.superseded_by.is_some());
    let superseded = superseded.take(ROWS as usize).collect();
    Ok(Decisions { active, active_total, superseded, superseded_total: total - active_total })
}

/// Writes the document.
pub(super) fn render(project: &str, decisions: &Decisions) -> String {
    let mut page = Markdown::new("Design decisions of", project);
    page.section("In force");
    if decisions.active.is_empty() {
        page.paragraph("None.");
    }
    for decision in &decisions.active {
        one(&mut page, decision);
    }
    let shown = decisions.active.len() as i64;
    if shown < decisions.active_total {
        page.paragraph(&format!(
            "The newest {shown} of {} are shown; list_design_decisions returns the others.",
            decisions.active_total
        ));
    }
    if decisions.superseded_total > 0 {
        superseded(&mut page, decisions);
    }
    page.finish()
}

/// Adds a decision with its reasons.
pub(super) fn one(page: &mut Markdown, decision: &Decision) {
    page.record(&decision.title);
    let Decision { id, category, created_at, .. } = decision;
    page.fact(&format!("{category}, recorded {}, id `{id}`", moment(*created_at)));
    if let Some(scope) = &decision.impact_scope {
        page.item("affects", scope);
    }
    for option in alternatives(&decision.alternatives) {
        let word = |name: &str| option.get(name).and_then(Value::as_str);
        page.item("considered", word("name").unwrap_or_default());
        if let Some(pros) = word("pros") {
            page.below("for it", pros);
        }
        if let Some(cons) = word("cons") {
            page.below("against it", cons);
        }
    }
    page.excerpt("Reasoning", &decision.reasoning, REST);
    page.excerpt("Description", decision.description.as_deref().unwrap_or_default(), REST);
}

fn superseded(page: &mut Markdown, decisions: &Decisions) {
    page.section("Superseded");
    let known: HashMap<&str, &str> = decisions
        .active
        .iter()
        .chain(&decisions.superseded)
        .map(|decision| (decision.id.as_str(), decision.title.as_str()))
        .collect();
    for decision in &decisions.superseded {
        page.item(&format!("`{}`", decision.id), &decision.title);
        let by = decision.superseded_by.as_deref().unwrap_or_default();
        page.below(&format!("superseded by `{by}`"), known.get(by).unwrap_or(&"(not shown here)"));
    }
    let shown = decisions.superseded.len() as i64;
    if shown < decisions.superseded_total {
        let total = decisions.superseded_total;
        page.paragraph(&format!(
            "{shown} of {total} are named; list_design_decisions with include_superseded returns the others."
        ));
    }
}

/// Reads the options of a decision; a row that holds something else shows none.
fn alternatives(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap_or_default()
}
