//! `trace_function_calls`: who calls whom, level by level.

use mcpd_codegraph::{Direction, Graph, Step, Tie, Trace, facts::Kind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Asking,
    fresh::Fresh,
    meant,
    view::{Brief, EntityView, share},
};
use crate::tools::{Call, Family, Tool, ToolError, params::ProjectId, tool::Effect};

/// Steps of one tree at most.
const MOST: usize = 400;
/// Calls out of the tree that are named.
const UNRESOLVED: usize = 100;

/// Traces calls.
pub(super) struct TraceFunctionCalls(pub(super) Asking);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// function to start from (qualified name)
    #[schemars(length(min = 1, max = 512), regex(pattern = r"\S"))]
    function_name: String,
    /// how many levels to follow
    #[serde(default = "levels")]
    #[schemars(range(min = 1, max = 5))]
    depth: u32,
    /// callees: what it calls; callers: who calls it; both
    #[serde(default)]
    direction: Way,
}

fn levels() -> u32 {
    3
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Way {
    #[default]
    Callees,
    Callers,
    Both,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    root: EntityView,
    direction: Way,
    /// what it calls, nested; empty when only callers were asked for
    call_tree: Vec<CallNode>,
    /// who calls it, nested; empty when only callees were asked for
    caller_tree: Vec<CallNode>,
    /// calls to what is not in the tree, such as the standard library, the first 100
    unresolved_calls: Vec<Unresolved>,
    unresolved_count: usize,
    /// how many calls are marked as part of a circle
    cycles: usize,
    /// whether there is more than 400 calls in a tree, which were left out
    truncated: bool,
    /// other definitions of that name; call again with an entity_id to mean one of them
    other_candidates: Vec<Brief>,
    freshness: Fresh,
}

#[derive(Serialize, JsonSchema)]
struct CallNode {
    entity_id: String,
    name: String,
    qualified_name: String,
    file_path: String,
    line_number: u32,
    /// 1 for direct calls
    depth: u32,
    /// lines of the calls, in the file of the caller
    call_sites: Vec<u32>,
    /// 0 to 1: how sure it is that this is what is called
    confidence: f64,
    /// whether the call is part of a circle of calls
    cycle: bool,
    /// whether its own calls stand elsewhere in the tree
    repeated: bool,
    calls: Vec<CallNode>,
}

#[derive(Serialize, JsonSchema)]
struct Unresolved {
    /// as it is written
    call: String,
    caller: String,
    line: u32,
}

impl Tool for TraceFunctionCalls {
    const NAME: &'static str = "trace_function_calls";
    const FAMILY: Family = Family::Code;
    const TITLE: &'static str = "Trace calls";
    const DESCRIPTION: &'static str = "Show which functions a function calls, or who calls it, level by level, with the \
        lines of the calls, circles marked, and calls out of the project listed apart.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        self.0
            .ask(call, args.project_id, move |scene| {
                let graph = scene.graph;
                let may_call = |kind: Kind| kind.is_callable() || kind.is_type();
                let meant = meant(graph, &args.function_name, &may_call, "function")?;
                let trace = |direction: Direction, left_out: Way| match args.direction == left_out {
                    true => Trace::default(),
                    false => graph.trace(meant.node, direction, args.depth, MOST),
                };
                let callees = trace(Direction::Callees, Way::Callers);
                let callers = trace(Direction::Callers, Way::Callees);
                let nodes = |steps: &[Step]| steps.iter().map(|step| node(graph, step, 1)).collect();
                let (call_tree, caller_tree): (Vec<_>, Vec<_>) =
                    (nodes(&callees.steps), nodes(&callers.steps));
                Ok(Output {
                    root: EntityView::of(graph, meant.node),
                    direction: args.direction,
                    cycles: circles(&callees.steps) + circles(&callers.steps),
                    truncated: callees.cut || callers.cut,
                    call_tree,
                    caller_tree,
                    unresolved_count: callees.unresolved.len(),
                    unresolved_calls: callees
                        .unresolved
                        .iter()
                        .take(UNRESOLVED)
                        .map(|tie| out(graph, tie))
                        .collect(),
                    other_candidates: meant.others.iter().map(|node| Brief::of(graph, *node)).collect(),
                    freshness: scene.fresh.into(),
                })
            })
            .await
    }
}

/// As deep as a trace goes, which is five levels.
fn node(graph: &Graph, step: &Step, depth: u32) -> CallNode {
    CallNode {
        entity_id: graph.id(step.node),
        name: graph.name(step.node).to_owned(),
        qualified_name: graph.qualified(step.node),
        file_path: graph.path(step.node).to_owned(),
        line_number: graph.about(step.node).line,
        depth,
        call_sites: step.lines.clone(),
        confidence: share(step.confidence),
        cycle: step.cycle,
        repeated: step.repeated,
        calls: step.next.iter().map(|next| node(graph, next, depth + 1)).collect(),
    }
}

fn circles(steps: &[Step]) -> usize {
    steps.iter().map(|step| usize::from(step.cycle) + circles(&step.next)).sum()
}

fn out(graph: &Graph, tie: &Tie) -> Unresolved {
    Unresolved { call: graph.written(tie), caller: graph.id(tie.from), line: tie.line }
}
