//! What the detectors look at: code that people wrote for others to run, without tests.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
};

use crate::{
    Graph, Node,
    facts::{Entity, Kind, Metrics, Name, Relation},
    graph::{File, sure},
};

/// Ancestors of a type that are looked through.
const ANCESTORS: usize = 64;

/// How much there may be of everything. Where the numbers come from stands at the settings of the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Whether tests are looked at.
    pub tests: bool,
    /// Whether files are missing from the graph: what seems unused may be used there.
    pub partial: bool,
    /// Lines of a function.
    pub function_lines: u32,
    /// Cyclomatic complexity of a function.
    pub complexity: u32,
    /// Decisions and loops in one another.
    pub nesting: u32,
    /// Parameters of a function.
    pub parameters: u32,
    /// Complexity of all methods of a type together.
    pub class_complexity: u32,
    /// Methods of a type.
    pub class_methods: u32,
    /// Other types and files that a type uses, before it is one that does everything.
    pub class_foreign: u32,
    /// Other types and files that a type or file uses.
    pub coupling: u32,
    /// Tokens of a function that is compared with others.
    pub duplicate_tokens: u32,
    /// Likeness of two functions, in hundredths.
    pub duplicate_likeness: u32,
    /// Least confidence at which something is called unused, in hundredths.
    pub dead_confidence: u32,
}

/// A function with a body.
#[derive(Clone, Copy)]
pub(super) struct Running<'g> {
    pub(super) node: Node,
    pub(super) entity: &'g Entity,
    pub(super) metrics: &'g Metrics,
}

/// What is looked at.
pub(super) struct Looked<'g> {
    pub(super) graph: &'g Graph,
    pub(super) limits: &'g Thresholds,
    /// Files, by path.
    pub(super) files: Vec<(u32, &'g File)>,
    /// Of each file, which definitions are passed over.
    passed: BTreeMap<u32, Vec<bool>>,
    uses: OnceCell<BTreeMap<Node, BTreeSet<Node>>>,
    heads: OnceCell<Heads>,
}

/// What stands in the heads of all definitions: gathered once, since looking for it file by file and definition by
/// definition would take as long as both together.
#[derive(Default)]
pub(super) struct Heads {
    /// Direct ancestors that are in the tree.
    above: HashMap<Node, Vec<Node>>,
    /// Types with an ancestor that is not in the tree.
    pub(super) strangers: HashSet<Node>,
    /// What decorates each, by its name.
    pub(super) decorations: HashMap<Node, Vec<Name>>,
}

impl<'g> Looked<'g> {
    pub(super) fn new(graph: &'g Graph, limits: &'g Thresholds) -> Self {
        let is_looked_at = |place: u32| (limits.tests || !graph.is_test(place)) && !graph.is_generated(place);
        let mut files: Vec<(u32, &File)> = graph.all().filter(|(place, _)| is_looked_at(*place)).collect();
        files.sort_unstable_by_key(|(_, file)| &file.path);
        let passed = |place: u32, file: &File| match limits.tests {
            true => vec![false; file.facts.entities.len()],
            false => graph.tests_of(place),
        };
        let passed = files.iter().map(|(place, file)| (*place, passed(*place, file))).collect();
        Self { graph, limits, files, passed, uses: OnceCell::new(), heads: OnceCell::new() }
    }

    /// Returns the definitions that are looked at, file by file.
    pub(super) fn entities(&self) -> impl Iterator<Item = (Node, &'g Entity)> {
        self.files.iter().flat_map(|(place, file)| {
            let own = file.facts.entities.iter().enumerate();
            own.map(|(index, entity)| (Node::of(*place, Some(index as u32)), entity))
                .filter(|(node, _)| !self.is_passed(*node))
        })
    }

    /// Returns the functions that are looked at.
    pub(super) fn running(&self) -> impl Iterator<Item = Running<'g>> {
        self.entities()
            .filter(|(_, entity)| entity.has_body)
            .filter_map(|(node, entity)| Some(Running { node, entity, metrics: entity.metrics.as_ref()? }))
    }

    fn is_passed(&self, node: Node) -> bool {
        let flags = self.passed.get(&node.file);
        flags.is_none_or(|flags| node.index().is_some_and(|index| flags[index as usize]))
    }

    /// Returns the outermost type around a node, or its file for what is in none.
    pub(super) fn unit(&self, node: Node) -> Node {
        let (mut unit, mut at) = (Node::whole(node.file), Some(node));
        while let Some(here) = at.filter(|here| !here.is_file()) {
            if self.graph.kind(here).is_type() {
                unit = here;
            }
            at = self.graph.parent(here);
        }
        unit
    }

    /// Returns which units use which others, each counted once. An import alone uses nothing.
    pub(super) fn uses(&self) -> &BTreeMap<Node, BTreeSet<Node>> {
        self.uses.get_or_init(|| {
            let mut uses: BTreeMap<Node, BTreeSet<Node>> = BTreeMap::new();
            for (place, _) in &self.files {
                let ties = self.graph.ties_of_file(*place).filter(|tie| {
                    tie.relation != Relation::Imports
                        && tie.confidence > sure::GUESSED
                        && !self.is_passed(tie.from)
                });
                for tie in ties {
                    let (from, to) = (self.unit(tie.from), tie.to.map(|to| self.unit(to)));
                    if let Some(to) = to.filter(|to| !self.is_part(from, *to)) {
                        uses.entry(from).or_default().insert(to);
                    }
                }
            }
            uses
        })
    }

    /// Returns what stands in the heads of all definitions.
    pub(super) fn heads(&self) -> &Heads {
        self.heads.get_or_init(|| {
            let mut heads = Heads::default();
            for (place, file) in self.graph.all() {
                for (one, target) in file.facts.references.iter().zip(&file.targets) {
                    let from = Node::of(place, one.from);
                    let name = self.graph.names.text(one.name);
                    match (one.relation, target) {
                        (Relation::Inherits | Relation::Implements, Some(target)) => {
                            heads.above.entry(from).or_default().push(target.node);
                        }
                        (Relation::Inherits | Relation::Implements, None) => {
                            if name != "object" && name != "Object" {
                                heads.strangers.insert(from);
                            }
                        }
                        (Relation::Decorates, _) => {
                            heads.decorations.entry(from).or_default().push(one.name);
                        }
                        (Relation::Calls | Relation::Uses | Relation::Imports, _) => {}
                    }
                }
            }
            heads
        })
    }

    /// Answers whether a method has the name of one of an ancestor that is in the tree.
    pub(super) fn overrides(&self, node: Node, name: Name) -> bool {
        let Some(own) = self.graph.parent(node).filter(|parent| self.graph.kind(*parent).is_type()) else {
            return false;
        };
        let heads = self.heads();
        let mut open: Vec<Node> = heads.above.get(&own).cloned().unwrap_or_default();
        let mut seen: HashSet<Node> = HashSet::from([own]);
        while let Some(above) = open.pop() {
            if seen.len() > ANCESTORS || !seen.insert(above) {
                continue;
            }
            if self.graph.members(above, name).next().is_some() {
                return true;
            }
            open.extend(heads.above.get(&above).into_iter().flatten());
        }
        false
    }

    /// Answers whether two units are one thing written in two places: a type, and where it is continued; a file, and
    /// the types in it.
    fn is_part(&self, from: Node, to: Node) -> bool {
        from == to || from.file == to.file && (from.is_file() || to.is_file()) || self.is_continued(from, to)
    }

    fn is_continued(&self, from: Node, to: Node) -> bool {
        let either = |kind: Kind| self.graph.kind(from) == kind || self.graph.kind(to) == kind;
        !from.is_file() && !to.is_file() && either(Kind::Type) && self.graph.name(from) == self.graph.name(to)
    }
}
