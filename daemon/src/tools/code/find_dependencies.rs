//! `find_dependencies`: what something depends on, and what depends on it.

use mcpd_codegraph::{Graph, Hanging, Node, Tie, facts::Relation};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Asking, file,
    fresh::Fresh,
    meant,
    view::{Brief, EntityView, share},
};
use crate::tools::{Call, Family, Tool, ToolError, params::ProjectId, tool::Effect};

/// Links named in each direction.
const MOST: usize = 200;
/// Definitions counted over any number of links.
const REACHED: usize = 5_000;
/// Of these, so many are named.
const NAMED: usize = 50;

/// Finds dependencies.
pub(super) struct FindDependencies(pub(super) Asking);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// entity to look at: a name, Type.method, an entity_id, or the path of a file
    #[schemars(length(min = 1, max = 512), regex(pattern = r"\S"))]
    entity_name: String,
    /// how many links the transitive counts follow, 3 when absent
    #[schemars(range(min = 1, max = 10))]
    depth: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    entity: EntityView,
    /// direct dependencies of it and of its members
    depends_on: Vec<Outgoing>,
    depends_on_count: usize,
    /// what refers to it or to its members directly
    depended_by: Vec<Incoming>,
    depended_by_count: usize,
    transitive: Transitive,
    /// other definitions of that name; call again with an entity_id to mean one of them
    ambiguous_candidates: Vec<Brief>,
    truncated: bool,
    freshness: Fresh,
}

#[derive(Serialize, JsonSchema)]
struct Outgoing {
    /// entity_id where it is in the tree, else the name as it is written
    target: String,
    relation_type: &'static str,
    line: u32,
    /// whether it is out of the tree, or cannot be told
    external: bool,
    confidence: f64,
}

#[derive(Serialize, JsonSchema)]
struct Incoming {
    source: String,
    relation_type: &'static str,
    line: u32,
    confidence: f64,
}

#[derive(Serialize, JsonSchema)]
struct Transitive {
    depth: u32,
    /// definitions it depends on over so many links
    depends_on_count: usize,
    /// definitions a change of it may reach over so many links
    depended_by_count: usize,
    /// the nearest of those a change may reach, the first 50
    impact: Vec<Reached>,
}

#[derive(Serialize, JsonSchema)]
struct Reached {
    entity_id: String,
    /// over how many links
    distance: u32,
}

impl Tool for FindDependencies {
    const NAME: &'static str = "find_dependencies";
    const FAMILY: Family = Family::Code;
    const TITLE: &'static str = "Find dependencies";
    const DESCRIPTION: &'static str = "List what a class, function or file depends on and what depends on it, with the \
        kind of each link and its line, and how far a change reaches (impact analysis).";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let depth = args.depth.unwrap_or(3);
        self.0
            .ask(call, args.project_id, move |scene| {
                let graph = scene.graph;
                let (node, others) = match meant(graph, &args.entity_name, &|_| true, "definition") {
                    Ok(meant) => (meant.node, meant.others),
                    Err(error) => (file(graph, &args.entity_name).map_err(|_| error)?, Vec::new()),
                };
                let leaves = |tie: &Tie| tie.to.is_none_or(|to| !graph.holds(node, to));
                let comes = |tie: &Tie| !graph.holds(node, tie.from);
                let out: Vec<Tie> = graph.ties_from(node, true).into_iter().filter(leaves).collect();
                let back: Vec<Tie> = graph.ties_to(node, true).into_iter().filter(comes).collect();
                let impact = graph.hanging_on(node, depth, REACHED);
                Ok(Output {
                    entity: EntityView::of(graph, node),
                    depends_on: out.iter().take(MOST).map(|tie| outgoing(graph, tie)).collect(),
                    depends_on_count: out.len(),
                    depended_by: back.iter().take(MOST).map(|tie| incoming(graph, tie)).collect(),
                    depended_by_count: back.len(),
                    transitive: Transitive {
                        depth,
                        depends_on_count: graph.hung_from(node, depth, REACHED).len(),
                        depended_by_count: impact.len(),
                        impact: impact.iter().take(NAMED).map(|one| reached(graph, one)).collect(),
                    },
                    ambiguous_candidates: others.iter().map(|node: &Node| Brief::of(graph, *node)).collect(),
                    truncated: out.len() > MOST || back.len() > MOST || impact.len() >= REACHED,
                    freshness: scene.fresh.into(),
                })
            })
            .await
    }
}

fn outgoing(graph: &Graph, tie: &Tie) -> Outgoing {
    Outgoing {
        target: tie.to.map_or_else(|| graph.written(tie), |to| graph.id(to)),
        relation_type: tie.relation.as_str(),
        line: tie.line,
        external: tie.to.is_none(),
        confidence: share(tie.confidence),
    }
}

fn incoming(graph: &Graph, tie: &Tie) -> Incoming {
    let relation_type = Relation::as_str(tie.relation);
    Incoming { source: graph.id(tie.from), relation_type, line: tie.line, confidence: share(tie.confidence) }
}

fn reached(graph: &Graph, one: &Hanging) -> Reached {
    Reached { entity_id: graph.id(one.node), distance: one.distance }
}
