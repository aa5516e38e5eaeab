//! Files that import each other in a circle.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Measure, Severity, Smell, SmellKind, looked::Looked, some};
use crate::{
    Graph, Language, Node,
    facts::Relation,
    graph::{File, Place, strongly_connected},
};

/// Fewest files of a circle.
const FEWEST: u32 = 2;
/// Files named in a title.
const NAMED: usize = 4;

/// Imports between files: what each imports, and whether that runs when the file is loaded. In Rust none does: the
/// modules of a crate are compiled together.
#[derive(Default)]
struct Imports(BTreeMap<u32, BTreeMap<u32, bool>>);

/// Finds circles of imports. Imports of a whole package or folder name no file and are left out. A circle that closes
/// when files are loaded is told as such; one that closes only later is less, and is part of none that is told.
pub(super) fn circles(looked: &Looked<'_>) -> Vec<Smell> {
    let imports = Imports::of(looked);
    let eager = imports.circles(&|runs| runs);
    let closed: BTreeSet<u32> = eager.iter().flatten().copied().collect();
    let late = imports.circles(&|_| true);
    let late = late.into_iter().filter(|circle| circle.iter().all(|place| !closed.contains(place)));
    let eager = eager.into_iter().map(|circle| smell(looked.graph, &imports, circle, true));
    let eager: Vec<Smell> = eager.collect();
    eager.into_iter().chain(late.map(|circle| smell(looked.graph, &imports, circle, false))).collect()
}

fn smell(graph: &Graph, imports: &Imports, circle: Vec<u32>, is_eager: bool) -> Smell {
    let mut nodes: Vec<Node> = circle.iter().copied().map(Node::whole).collect();
    nodes.sort_by(|one, other| graph.path(*one).cmp(graph.path(*other)));
    let first = nodes[0];
    let way = imports.way_round(first.file, &circle.iter().copied().collect(), is_eager);
    let mut named: Vec<&str> = way.iter().take(NAMED).map(|place| graph.path(Node::whole(*place))).collect();
    if way.len() > NAMED {
        named.push("…");
    }
    named.push(graph.path(first));
    let count = circle.len() as u32;
    let severity = if is_eager { Severity::of(count, FEWEST) } else { Severity::Low };
    let late = if is_eager { "" } else { ", and no file waits for another when they are loaded" };
    Smell {
        kind: SmellKind::CircularDependency,
        severity,
        node: first,
        others: some(nodes.iter().skip(1).copied()),
        key: graph.path(first).to_owned(),
        measures: vec![Measure { name: "files", value: count, limit: FEWEST }],
        confidence: 95,
        title: format!("{count} files import each other in a circle: {}{late}", named.join(" -> ")),
        suggestion: "move what both need into a file that imports neither, or pass it in",
    }
}

impl Imports {
    fn of(looked: &Looked<'_>) -> Self {
        let at: HashMap<u32, &File> = looked.files.iter().copied().collect();
        let mut imports = Self::default();
        for (place, file) in &looked.files {
            let inside = callables(file);
            let ties = looked.graph.ties_of_file(*place).filter(|tie| tie.relation == Relation::Imports);
            for ((tie, import), source) in ties.zip(&file.facts.imports).zip(&file.sources) {
                let to =
                    tie.to.map(|to| to.file).filter(|to| to != place && matches!(source, Place::Node(_)));
                let Some((to, other)) = to.and_then(|to| Some((to, at.get(&to)?))) else { continue };
                // `import __main__` means what was run, whatever its name is.
                if is_declared(file, other) || other.path.ends_with("__main__.py") {
                    continue;
                }
                let is_late =
                    import.idle || file.language == Language::Rust || is_inside(&inside, import.line);
                *imports.0.entry(*place).or_default().entry(to).or_default() |= !is_late;
            }
        }
        imports
    }

    /// Returns the circles over those imports that count.
    fn circles(&self, counts: &dyn Fn(bool) -> bool) -> Vec<Vec<u32>> {
        let to = |on: &BTreeMap<u32, bool>| {
            on.iter().filter(|(_, runs)| counts(**runs)).map(|(to, _)| *to).collect::<Vec<u32>>()
        };
        let leans: HashMap<u32, Vec<u32>> = self.0.iter().map(|(from, on)| (*from, to(on))).collect();
        let places: Vec<u32> = self.0.keys().copied().collect();
        let groups = strongly_connected(&places, &leans);
        groups.into_iter().filter(|group| group.len() >= FEWEST as usize).collect()
    }

    /// Returns a shortest way from a file through its circle back to it.
    fn way_round(&self, first: u32, circle: &BTreeSet<u32>, is_eager: bool) -> Vec<u32> {
        let mut before: HashMap<u32, u32> = HashMap::new();
        let mut open = std::collections::VecDeque::from([first]);
        while let Some(at) = open.pop_front() {
            let imported = self.0.get(&at).into_iter().flatten();
            let imported = imported.filter(|(to, runs)| (**runs || !is_eager) && circle.contains(to));
            for (to, _) in imported {
                if *to == first {
                    let mut way = vec![at];
                    while let Some(previous) = way.last().and_then(|last| before.get(last)).copied() {
                        way.push(previous);
                    }
                    way.reverse();
                    return way;
                }
                if !before.contains_key(to) {
                    before.insert(*to, at);
                    open.push_back(*to);
                }
            }
        }
        vec![first]
    }
}

/// Returns where functions stand that are in no other, by their lines.
fn callables(file: &File) -> Vec<(u32, u32)> {
    let callable = file.facts.entities.iter().filter(|entity| entity.kind.is_callable());
    let mut ranges: Vec<(u32, u32)> = callable.map(|entity| (entity.start, entity.end)).collect();
    ranges.sort_unstable_by_key(|(start, end)| (*start, std::cmp::Reverse(*end)));
    let mut last = 0;
    ranges.retain(|(_, end)| {
        let is_outer = *end > last;
        last = last.max(*end);
        is_outer
    });
    ranges
}

/// Answers whether an import runs only when something is called.
fn is_inside(callables: &[(u32, u32)], line: u32) -> bool {
    let before = callables.partition_point(|(start, _)| *start < line);
    before.checked_sub(1).and_then(|at| callables.get(at)).is_some_and(|(_, end)| line <= *end)
}

/// Answers whether a file of Rust only says that another is part of it, or passes on what is in one: modules of a crate
/// are compiled together, and those above know those below by custom.
fn is_declared(file: &File, other: &File) -> bool {
    if file.language != Language::Rust {
        return false;
    }
    let (folder, name) = file.path.rsplit_once('/').unwrap_or(("", &file.path));
    let own = match name {
        "mod.rs" | "lib.rs" | "main.rs" => folder.to_owned(),
        _ => file.path.trim_end_matches(".rs").to_owned(),
    };
    own.is_empty() || other.path.strip_prefix(&*own).is_some_and(|rest| rest.starts_with('/'))
}
