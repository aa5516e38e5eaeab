//! Where in a project something happens: the definitions a goal is about, file by file, with the tests that reach them,
//! and what was decided, noted and remembered about it.

use std::{collections::BTreeMap, sync::Arc};

use mcpd_codegraph::{Graph, Node};

use crate::{
    code::Scene,
    memory::{Asked, Memories, MemoryError},
    store::{Page, ProjectRow, Store},
    tools::{
        Call, Code, ToolError,
        code::{Asking, Brief, Fresh, source},
        params::ProjectId,
        text::shortened,
    },
};

/// Definitions looked at for a goal.
const LOOKED_AT: usize = 24;
/// Files a goal is about, and definitions in each.
const FILES: usize = 5;
const IN_FILE: usize = 4;
/// Share of the best score below which a definition is not what a goal is about.
const NEAR: f64 = 0.35;
/// Lines shown of one definition.
const LINES: u32 = 80;
/// Decisions and memories that are told, and characters of each.
const TOLD: i64 = 8;
const EXCERPT: usize = 1_000;

/// Where plans find their grounds.
pub(super) struct Grounds {
    pub(super) store: Store,
    memories: Arc<Memories>,
    asking: Asking,
}

/// A file that a goal is about.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Place {
    pub(super) path: String,
    /// The definitions concerned, best first, each in a line.
    pub(super) definitions: Vec<String>,
    /// Lines of these.
    pub(super) lines: u32,
    /// The most complex of them.
    pub(super) cyclomatic: u32,
    /// Other files that refer to the file, without tests.
    pub(super) used_by: usize,
    /// Files of tests that refer to it.
    pub(super) tests: Vec<String>,
    /// Whether it is one of a circle of files.
    pub(super) in_cycle: bool,
}

/// What is known about a goal.
pub(super) struct Known {
    /// Where it happens; empty when the code is not indexed, or has nothing about it.
    pub(super) places: Vec<Place>,
    /// The source of the best of it.
    pub(super) source: String,
    /// How fresh that is; absent when the code is not indexed.
    pub(super) fresh: Option<Fresh>,
    /// What was decided and remembered.
    pub(super) said: Vec<String>,
}

impl Grounds {
    pub(super) fn new(store: &Store, memories: &Arc<Memories>, asking: Asking) -> Self {
        Self { store: store.clone(), memories: Arc::clone(memories), asking }
    }

    /// Gathers what is known about a goal.
    pub(super) async fn about(
        &self,
        call: Call<'_>,
        project: &ProjectRow,
        goal: &str,
    ) -> Result<Known, ToolError> {
        let words = goal.to_owned();
        let looked =
            self.asking.ask(call, ProjectId(project.name.clone()), move |scene| Ok(look(scene, &words)));
        let (places, source, fresh) = match looked.await {
            Ok((places, source, fresh)) => (places, source, Some(fresh)),
            // A plan can be made for what is not written yet.
            Err(error) if error.code == Code::NotIndexed => (Vec::new(), String::new(), None),
            Err(error) => return Err(error),
        };
        Ok(Known { places, source, fresh, said: self.said(project, goal).await? })
    }

    async fn said(&self, project: &ProjectRow, goal: &str) -> Result<Vec<String>, ToolError> {
        let page = Page { limit: TOLD, offset: 0 };
        let (decisions, _) = self.store.decisions().list(&project.id, None, false, page).await?;
        let decided =
            decisions.iter().map(|one| format!("decided: {}, because {}", one.title, one.reasoning));
        let mut said: Vec<String> = decided.map(excerpt).collect();
        let asked = Asked { text: goal.to_owned(), count: TOLD as usize, ..Asked::default() };
        match self.memories.recall(&project.id, asked).await {
            Ok(recalled) => {
                let remembered = recalled.found.into_iter();
                said.extend(remembered.map(|one| excerpt(format!("remembered: {}", one.memory.content))));
            }
            Err(MemoryError::Store(error)) => return Err(error.into()),
            Err(error) => tracing::warn!(%error, "the memories of a project were not searched"),
        }
        Ok(said)
    }
}

/// Cuts what is told: a memory may be as long as a book.
fn excerpt(text: String) -> String {
    shortened(text, EXCERPT)
}

fn look(scene: &Scene<'_>, goal: &str) -> (Vec<Place>, String, Fresh) {
    let graph = scene.graph;
    let ranked = graph.explore(goal, LOOKED_AT);
    let best = ranked.first().map_or(0.0, |(_, score)| *score);
    let mut by_file: Vec<(Node, Vec<Node>)> = Vec::new();
    let mut files: BTreeMap<&str, usize> = BTreeMap::new();
    for (node, score) in ranked {
        let Some(file) = graph.file_at(graph.path(node)) else { continue };
        if score < best * NEAR || graph.is_in_tests(node) || node.is_file() {
            continue;
        }
        let place = *files.entry(graph.path(node)).or_insert_with(|| {
            by_file.push((file, Vec::new()));
            by_file.len() - 1
        });
        let among = &mut by_file[place].1;
        if among.len() < IN_FILE && !among.iter().any(|outer| graph.holds(*outer, node)) {
            among.push(node);
        }
    }
    by_file.truncate(FILES);
    let cycles = &scene.shape().cycles;
    let places = by_file.iter().map(|(file, nodes)| Place {
        in_cycle: cycles.iter().any(|cycle| cycle.contains(file)),
        ..place(graph, *file, nodes)
    });
    let places = places.collect();
    let sources = by_file
        .iter()
        .flat_map(|(_, nodes)| nodes.iter())
        .filter_map(|node| Some(format!("{}:\n{}\n", graph.id(*node), source(scene, *node, LINES)?)));
    (places, sources.collect(), scene.fresh.into())
}

fn place(graph: &Graph, file: Node, nodes: &[Node]) -> Place {
    let referring = graph.referring_files(file);
    let (tests, others): (Vec<Node>, Vec<Node>) =
        referring.into_iter().partition(|one| graph.is_in_tests(*one));
    let size = |node: &Node| {
        let about = graph.about(*node);
        about.end.saturating_sub(about.start) + 1
    };
    Place {
        path: graph.path(file).to_owned(),
        definitions: nodes.iter().map(|node| Brief::of(graph, *node).line()).collect(),
        lines: nodes.iter().map(size).sum(),
        cyclomatic: nodes
            .iter()
            .filter_map(|node| Some(graph.about(*node).metrics?.cyclomatic))
            .max()
            .unwrap_or(0),
        used_by: others.len(),
        tests: tests.iter().take(3).map(|one| graph.path(*one).to_owned()).collect(),
        in_cycle: false,
    }
}

impl Known {
    /// Returns it as material for a model.
    pub(super) fn material(&self) -> Vec<(String, String)> {
        let places = self.places.iter().map(|place| {
            let circle = if place.in_cycle { ", part of a circle of files" } else { "" };
            format!(
                "{} ({} other files refer to it{circle}); definitions concerned: {}; tests: {}",
                place.path,
                place.used_by,
                place.definitions.join("; "),
                if place.tests.is_empty() { "none refer to it".to_owned() } else { place.tests.join(", ") }
            )
        });
        vec![
            ("where it happens".to_owned(), super::lines(places)),
            ("what was decided and remembered".to_owned(), super::lines(&self.said)),
            ("source".to_owned(), self.source.clone()),
        ]
    }
}
