//! `explore_code`: one question in, the few definitions it is about out, with their source.

use mcpd_codegraph::Node;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Asking,
    fresh::Fresh,
    view::{Brief, EntityView, source},
};
use crate::{
    code::Scene,
    memory::estimated_tokens,
    tools::{Call, Family, Tool, ToolError, params::ProjectId, tool::Effect},
};

/// Tokens of an answer when nobody asks for another number.
const TOKENS: u32 = 6_000;
/// Definitions that a question may be about.
const MOST: usize = 40;
/// Callers and callees shown of each.
const NEIGHBOURS: usize = 8;
/// Lines shown of one definition.
const LINES: u32 = 120;
/// Tokens that anything beside source takes of one definition.
const BESIDE: i64 = 120;

/// Explores code.
pub(super) struct ExploreCode(pub(super) Asking);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// what to know, in words or names: "how are sessions expired", "retry upload"
    #[schemars(length(min = 1, max = 2000), regex(pattern = r"\S"))]
    question: String,
    /// tokens the answer may take, 6000 when absent
    #[schemars(range(min = 500, max = 50000))]
    token_budget: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// definitions returned
    count: usize,
    /// best first
    definitions: Vec<Explored>,
    /// other definitions that fit and had no room, best first
    also: Vec<Brief>,
    /// estimated tokens of the answer
    tokens: i64,
    freshness: Fresh,
}

#[derive(Serialize, JsonSchema)]
struct Explored {
    #[serde(flatten)]
    entity: EntityView,
    /// how well it fits, the best of this answer is 1
    score: f64,
    /// who calls it
    callers: Vec<Brief>,
    /// what it calls within the tree
    callees: Vec<Brief>,
}

impl Tool for ExploreCode {
    const NAME: &'static str = "explore_code";
    const FAMILY: Family = Family::Code;
    const TITLE: &'static str = "Explore code";
    const DESCRIPTION: &'static str = "Answer a question about the project's code with the few definitions it is about: \
        their source, who calls them and what they call, within a token budget. One call instead of many searches.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let budget = i64::from(args.token_budget.unwrap_or(TOKENS));
        self.0
            .ask(call, args.project_id, move |scene| {
                let ranked = scene.graph.explore(&args.question, MOST);
                Ok(answer(scene, &ranked, budget))
            })
            .await
    }
}

fn answer(scene: &Scene<'_>, ranked: &[(Node, f64)], budget: i64) -> Output {
    let graph = scene.graph;
    let best = ranked.first().map_or(1.0, |(_, score)| *score);
    let mut definitions: Vec<Explored> = Vec::new();
    let mut shown: Vec<Node> = Vec::new();
    let (mut also, mut tokens) = (Vec::new(), 0);
    for (node, score) in ranked {
        // What is inside something shown has been shown; far behind the best nothing helps.
        if shown.iter().any(|outer| graph.holds(*outer, *node)) || *score < best * 0.15 {
            continue;
        }
        let text = source(scene, *node, LINES);
        let cost = text.as_deref().map_or(0, estimated_tokens) + BESIDE;
        if tokens + cost > budget {
            also.push(Brief::of(graph, *node));
            continue;
        }
        let (callers, callees) = graph.neighbours(*node);
        let briefs = |nodes: &[Node]| {
            nodes.iter().take(NEIGHBOURS).map(|one| Brief::of(graph, *one)).collect::<Vec<_>>()
        };
        let (callers, callees) = (briefs(&callers), briefs(&callees));
        tokens += cost + 25 * (callers.len() + callees.len()) as i64;
        shown.push(*node);
        let score = (score / best * 100.0).round() / 100.0;
        let entity = EntityView::of(graph, *node).showing(text);
        definitions.push(Explored { entity, score, callers, callees });
    }
    also.truncate(20);
    Output { count: definitions.len(), definitions, also, tokens, freshness: scene.fresh.into() }
}
