//! `query_architecture`: the project as a whole.

use std::collections::BTreeMap;

use mcpd_codegraph::{Graph, Node, Shape};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asking, fresh::Fresh};
use crate::code::Scene;
use crate::tools::{Call, Family, Tool, ToolError, params::ProjectId, tool::Effect};

/// Files, folders and circles that are shown.
const MODULES: usize = 40;
const FOLDERS: usize = 60;
const CYCLES: usize = 20;
const IN_CYCLE: usize = 20;
/// How deep folders are shown.
const DEEP: usize = 3;

/// Describes a project.
pub(super) struct QueryArchitecture(pub(super) Asking);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
}

/// How a tree is built.
#[derive(Serialize, JsonSchema)]
pub(in crate::tools) struct Structure {
    /// the files that most others lean on
    pub(in crate::tools) modules: Vec<Module>,
    /// from those that lean on nothing (0) upwards
    pub(in crate::tools) layers: Vec<Layer>,
    /// files that lean on each other in a circle, the largest circle first
    pub(in crate::tools) cycles: Vec<Cycle>,
    pub(in crate::tools) cycle_count: usize,
    /// definitions that much hangs on and that are complex: uses times cyclomatic complexity
    pub(in crate::tools) hot_spots: Vec<Spot>,
    /// where running begins: main functions, and files that do something and that no other refers to
    pub(in crate::tools) entry_points: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    project: Project,
    /// definitions by kind
    entity_stats: BTreeMap<&'static str, u64>,
    /// links by relation
    relation_stats: BTreeMap<&'static str, u64>,
    /// links to what is not in the tree
    unresolved: u64,
    /// folders down to the third level with what is below them, the largest first
    file_tree: Vec<Folder>,
    #[serde(flatten)]
    structure: Structure,
    freshness: Fresh,
}

#[derive(Serialize, JsonSchema)]
struct Project {
    project_id: String,
    files: u64,
    lines: u64,
    /// files by language
    languages: BTreeMap<&'static str, u64>,
}

#[derive(Serialize, JsonSchema)]
struct Folder {
    path: String,
    files: usize,
    lines: u64,
}

#[derive(Serialize, JsonSchema)]
pub(in crate::tools) struct Module {
    pub(in crate::tools) path: String,
    pub(in crate::tools) fan_in: usize,
    pub(in crate::tools) fan_out: usize,
    pub(in crate::tools) layer: usize,
}

#[derive(Serialize, JsonSchema)]
pub(in crate::tools) struct Layer {
    pub(in crate::tools) layer: usize,
    pub(in crate::tools) files: usize,
    /// those most others lean on
    pub(in crate::tools) examples: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub(in crate::tools) struct Cycle {
    pub(in crate::tools) size: usize,
    /// the first 20
    pub(in crate::tools) files: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub(in crate::tools) struct Spot {
    pub(in crate::tools) entity_id: String,
    pub(in crate::tools) line_number: u32,
    /// links to it
    pub(in crate::tools) uses: usize,
    pub(in crate::tools) cyclomatic: u32,
}

impl Tool for QueryArchitecture {
    const NAME: &'static str = "query_architecture";
    const FAMILY: Family = Family::Code;
    const TITLE: &'static str = "Query the architecture";
    const DESCRIPTION: &'static str = "Summarise the architecture of the project: size, languages, folders, the modules \
        most others depend on, layers, dependency cycles, hot spots and entry points.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let project_id = args.project_id.0.clone();
        self.0
            .ask(call, args.project_id, move |scene| {
                let graph = scene.graph;
                let shape = scene.shape();
                let totals = scene.totals;
                Ok(Output {
                    project: Project {
                        project_id,
                        files: graph.len() as u64,
                        lines: totals.lines,
                        languages: totals
                            .languages
                            .iter()
                            .map(|(one, count)| (one.as_str(), *count))
                            .collect(),
                    },
                    entity_stats: totals.kinds.iter().map(|(one, count)| (one.as_str(), *count)).collect(),
                    relation_stats: totals
                        .relations
                        .iter()
                        .map(|(one, count)| (one.as_str(), *count))
                        .collect(),
                    unresolved: totals.unresolved,
                    file_tree: folders(graph, shape),
                    structure: Structure::of(scene),
                    freshness: scene.fresh.into(),
                })
            })
            .await
    }
}

impl Structure {
    /// Draws the tree of a scene.
    pub(in crate::tools) fn of(scene: &Scene<'_>) -> Self {
        let (graph, shape) = (scene.graph, scene.shape());
        let path = |node: &Node| graph.path(*node).to_owned();
        Self {
            modules: modules(graph, shape),
            layers: layers(graph, shape),
            cycle_count: shape.cycles.len(),
            cycles: shape
                .cycles
                .iter()
                .take(CYCLES)
                .map(|group| Cycle {
                    size: group.len(),
                    files: group.iter().take(IN_CYCLE).map(path).collect(),
                })
                .collect(),
            hot_spots: shape
                .hot_spots
                .iter()
                .map(|spot| Spot {
                    entity_id: graph.id(spot.node),
                    line_number: graph.about(spot.node).line,
                    uses: spot.fan_in,
                    cyclomatic: spot.cyclomatic,
                })
                .collect(),
            entry_points: shape.entries.iter().map(|node| graph.id(*node)).collect(),
        }
    }
}

fn modules(graph: &Graph, shape: &Shape) -> Vec<Module> {
    let some = shape.files.iter().take(MODULES);
    some.map(|file| Module {
        path: graph.path(file.node).to_owned(),
        fan_in: file.fan_in,
        fan_out: file.fan_out,
        layer: file.layer,
    })
    .collect()
}

fn layers(graph: &Graph, shape: &Shape) -> Vec<Layer> {
    let mut layers: BTreeMap<usize, Layer> = BTreeMap::new();
    for file in &shape.files {
        let of = || Layer { layer: file.layer, files: 0, examples: Vec::new() };
        let layer = layers.entry(file.layer).or_insert_with(of);
        layer.files += 1;
        if layer.examples.len() < 5 {
            layer.examples.push(graph.path(file.node).to_owned());
        }
    }
    layers.into_values().collect()
}

fn folders(graph: &Graph, shape: &Shape) -> Vec<Folder> {
    let mut folders: BTreeMap<String, Folder> = BTreeMap::new();
    for file in &shape.files {
        let path = graph.path(file.node);
        let lines = u64::from(graph.file_facts(file.node).lines);
        let ends = path.match_indices('/').map(|(end, _)| end).take(DEEP);
        for end in ends {
            let of = || Folder { path: path[..end].to_owned(), files: 0, lines: 0 };
            let folder = folders.entry(path[..end].to_owned()).or_insert_with(of);
            folder.files += 1;
            folder.lines += lines;
        }
    }
    let mut folders: Vec<Folder> = folders.into_values().collect();
    folders.sort_by(|one, other| other.lines.cmp(&one.lines).then_with(|| one.path.cmp(&other.path)));
    folders.truncate(FOLDERS);
    folders
}
