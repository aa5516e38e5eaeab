//! `search_code_pattern`: who inherits from, calls, or is decorated by something.

use std::collections::BTreeSet;

use mcpd_codegraph::{Graph, Tie, facts::Relation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asking, fresh::Fresh};
use crate::tools::{Call, Family, Tool, ToolError, params::ProjectId, text::shortened, tool::Effect};

/// Results returned when nobody asks for another number.
const MANY: u16 = 100;
/// Longest line of source shown, in characters.
const LINE: usize = 300;

/// Searches by structure.
pub(super) struct SearchCodePattern(pub(super) Asking);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// which structural pattern to look for
    pattern: Pattern,
    /// name the pattern refers to; what is not in the project works too, such as Exception or property
    #[schemars(length(min = 1, max = 512), regex(pattern = r"\S"))]
    target: String,
    /// for inherits_from: whether what inherits from those that inherit counts too
    transitive: Option<bool>,
    /// results returned at most, 100 when absent
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Pattern {
    InheritsFrom,
    CallsFunction,
    UsesDecorator,
}

impl Pattern {
    fn relations(self) -> &'static [Relation] {
        match self {
            Self::InheritsFrom => &[Relation::Inherits, Relation::Implements],
            Self::CallsFunction => &[Relation::Calls],
            Self::UsesDecorator => &[Relation::Decorates],
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    pattern: Pattern,
    target: String,
    /// results returned
    count: usize,
    total: usize,
    results: Vec<Found>,
    truncated: bool,
    freshness: Fresh,
}

#[derive(Serialize, JsonSchema)]
struct Found {
    entity_id: String,
    name: String,
    qualified_name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    file_path: String,
    line: u32,
    /// the line itself
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    /// how the target is written there
    written: String,
    /// over how many steps; more than 1 only for transitive inheritance
    distance: u32,
}

impl Tool for SearchCodePattern {
    const NAME: &'static str = "search_code_pattern";
    const FAMILY: Family = Family::Code;
    const TITLE: &'static str = "Search by structure";
    const DESCRIPTION: &'static str = "Find code by structure rather than text: every class that inherits from a type, \
        every place that calls a function, everything that uses a decorator or annotation.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let limit = usize::from(args.limit.unwrap_or(MANY));
        let transitive = args.transitive.unwrap_or(false) && args.pattern == Pattern::InheritsFrom;
        self.0
            .ask(call, args.project_id, move |scene| {
                let graph = scene.graph;
                let target = args.target.trim().trim_start_matches('@').trim_end_matches("()");
                let mut found: Vec<(Tie, u32)> = graph
                    .referring_to(target, args.pattern.relations())
                    .into_iter()
                    .map(|tie| (tie, 1))
                    .collect();
                if transitive {
                    spread(graph, &mut found);
                }
                let results = found.iter().take(limit).map(|(tie, distance)| Found {
                    entity_id: graph.id(tie.from),
                    name: graph.name(tie.from).to_owned(),
                    qualified_name: graph.qualified(tie.from),
                    kind: graph.kind(tie.from).as_str(),
                    file_path: graph.path(tie.from).to_owned(),
                    line: tie.line,
                    source: scene
                        .lines(graph.path(tie.from), tie.line, tie.line)
                        .map(|line| shortened(line.trim().to_owned(), LINE)),
                    written: graph.written(tie),
                    distance: *distance,
                });
                let results: Vec<Found> = results.collect();
                Ok(Output {
                    pattern: args.pattern,
                    target: args.target.clone(),
                    count: results.len(),
                    total: found.len(),
                    truncated: found.len() > results.len(),
                    results,
                    freshness: scene.fresh.into(),
                })
            })
            .await
    }
}

/// Adds what inherits from those that inherit, nearest first; circles end where they began.
fn spread(graph: &Graph, found: &mut Vec<(Tie, u32)>) {
    let mut seen: BTreeSet<_> = found.iter().map(|(tie, _)| tie.from).collect();
    let mut next = 0;
    while let Some((tie, distance)) = found.get(next).copied() {
        next += 1;
        let inherits = |one: &Tie| matches!(one.relation, Relation::Inherits | Relation::Implements);
        for one in graph.ties_to(tie.from, false).into_iter().filter(inherits) {
            if seen.insert(one.from) {
                found.push((one, distance + 1));
            }
        }
    }
}
