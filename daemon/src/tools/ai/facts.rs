//! What the graph and the source say of one function or file, gathered before anybody puts it into words.

use std::collections::{BTreeSet, HashMap, HashSet};

use mcpd_codegraph::{Graph, Node};

use super::reading;
use crate::{
    code::Scene,
    tools::code::{Brief, Fresh, source},
};

/// Callers, callees and users that are named.
const NAMED: usize = 15;
/// Lines of source that are read of one function.
pub(super) const LINES: u32 = 300;
/// Complexity from which a function is hard to test (McCabe, "A Complexity Measure", 1976).
pub(super) const COMPLEX: u32 = 10;
/// Nesting from which a function is hard to read (the default of SonarQube's S134 is 3 to 4).
const NESTED: u32 = 4;
/// Parameters from which a function is hard to call (the default of SonarQube's S107).
const MANY_PARAMETERS: u32 = 7;
/// Files from which a change reaches far.
const WIDE: usize = 10;

/// A function as the graph and its source have it.
pub(super) struct Function {
    pub(super) entity_id: String,
    pub(super) name: String,
    /// Kind, place and size in a sentence.
    pub(super) what: String,
    pub(super) signature: String,
    pub(super) doc: Option<String>,
    pub(super) parameters: Vec<String>,
    pub(super) callers: Vec<Brief>,
    pub(super) callees: Vec<Brief>,
    pub(super) role: String,
    pub(super) edge_cases: Vec<String>,
    pub(super) risks: Vec<String>,
    pub(super) source: Option<String>,
    pub(super) fresh: Fresh,
}

impl Function {
    /// Gathers what is known of a function.
    pub(super) fn of(scene: &Scene<'_>, node: Node) -> Self {
        let graph = scene.graph;
        let (node, spellings) = spelled_out(graph, node);
        let about = graph.about(node);
        let (mut callers, callees) = graph.neighbours(node);
        callers.extend(spellings.iter().flat_map(|one| graph.neighbours(*one).0));
        let mut seen = HashSet::new();
        callers.retain(|one| seen.insert(*one));
        let signature = about.signature.unwrap_or_default().to_owned();
        let source = source(scene, node, LINES);
        let lines = about.end.saturating_sub(about.start) + 1;
        let briefs = |nodes: &[Node]| nodes.iter().take(NAMED).map(|one| Brief::of(graph, *one)).collect();
        Self {
            entity_id: graph.id(node),
            name: graph.qualified(node),
            what: format!(
                "{} `{}` in {}, line {}, {lines} lines",
                graph.kind(node).as_str(),
                graph.qualified(node),
                graph.path(node),
                about.line
            ),
            parameters: reading::parameters(&signature, graph.name(node)),
            signature,
            doc: about.doc.map(str::to_owned),
            role: role(graph, node, &callers, &callees),
            edge_cases: source.as_deref().map_or_else(Vec::new, |text| reading::edges(text, about.start)),
            risks: risks(graph, node, &callers),
            callers: briefs(&callers),
            callees: briefs(&callees),
            source,
            fresh: scene.fresh.into(),
        }
    }
}

/// Returns the definition with the most in it among those of the same name at the same place, and the others: overloads
/// are declared one by one, and calls may be linked to any of them.
fn spelled_out(graph: &Graph, node: Node) -> (Node, Vec<Node>) {
    let beside = graph.within(node).map(|outer| graph.children(outer)).unwrap_or_default();
    let is_alike = |one: &Node| graph.name(*one) == graph.name(node) && graph.kind(*one) == graph.kind(node);
    let alike: Vec<Node> = beside.into_iter().filter(is_alike).collect();
    let size = |one: &Node| graph.about(*one).metrics.map_or(0, |metrics| metrics.tokens);
    let fullest = alike.iter().copied().max_by_key(size).unwrap_or(node);
    // Two functions of one name that are both whole are no overloads: then the one that was asked for is meant.
    let is_stub = size(&node) * 2 < size(&fullest);
    let meant = if is_stub { fullest } else { node };
    (meant, if is_stub { alike.into_iter().filter(|one| *one != meant).collect() } else { Vec::new() })
}

fn role(graph: &Graph, node: Node, callers: &[Node], callees: &[Node]) -> String {
    let files: BTreeSet<&str> = callers.iter().map(|one| graph.path(*one)).collect();
    let tests = callers.iter().filter(|one| graph.is_in_tests(**one)).count();
    let called = match callers.len() {
        0 => "nothing in the indexed code calls it".to_owned(),
        all => format!("called from {all} places in {} files, {tests} of them in tests", files.len()),
    };
    let inside = match graph.within(node).filter(|outer| !outer.is_file()) {
        Some(outer) => format!(", a member of `{}`", graph.qualified(outer)),
        None => String::new(),
    };
    format!("{called}{inside}; calls {} definitions of the tree", callees.len())
}

fn risks(graph: &Graph, node: Node, callers: &[Node]) -> Vec<String> {
    let mut risks = Vec::new();
    if let Some(metrics) = graph.about(node).metrics {
        let over = [
            (metrics.cyclomatic, COMPLEX, "cyclomatic complexity"),
            (metrics.nesting, NESTED, "nesting"),
            (metrics.parameters, MANY_PARAMETERS, "number of parameters"),
        ];
        let told = over.into_iter().filter(|(found, most, _)| found > most);
        risks.extend(
            told.map(|(found, most, what)| format!("{what} {found}, more than {most} is hard to change")),
        );
    }
    let files: BTreeSet<&str> = callers.iter().map(|one| graph.path(*one)).collect();
    if files.len() > WIDE {
        risks.push(format!("{} files call it: a change of its behaviour reaches far", files.len()));
    }
    if !callers.iter().any(|one| graph.is_in_tests(*one)) && !graph.is_in_tests(node) {
        risks.push("no test calls it directly".to_owned());
    }
    if graph.about(node).doc.is_none() {
        risks.push("nothing is written about it".to_owned());
    }
    risks
}

/// A file as the graph and its source have it.
pub(super) struct Module {
    pub(super) path: String,
    /// Language and size in a sentence.
    pub(super) what: String,
    pub(super) doc: Option<String>,
    /// What it defines for others, the most used first.
    pub(super) interface: Vec<Used>,
    pub(super) depends_on: Vec<String>,
    pub(super) used_by: Vec<String>,
    /// What its definitions say of themselves.
    pub(super) says: Vec<String>,
    pub(super) risks: Vec<String>,
    pub(super) source: Option<String>,
    pub(super) fresh: Fresh,
}

/// A definition and how often it is used from other files.
pub(super) struct Used {
    pub(super) brief: Brief,
    pub(super) uses: usize,
}

impl Module {
    /// Gathers what is known of a file.
    pub(super) fn of(scene: &Scene<'_>, node: Node) -> Self {
        let graph = scene.graph;
        let file = graph.file_facts(node);
        let top = graph.children(node);
        let says = |one: &Node| {
            let sentence =
                graph.about(*one).doc.map(reading::first_sentence).filter(|text| !text.is_empty())?;
            Some(format!("`{}`: {sentence}", graph.name(*one)))
        };
        let used_by = graph.referring_files(node);
        let uses = uses_of(graph, node);
        let mut interface: Vec<(Node, usize)> = top
            .iter()
            .filter(|one| graph.kind(**one).is_callable() || graph.kind(**one).is_type())
            .map(|one| (*one, uses.get(one).copied().unwrap_or(0)))
            .collect();
        interface.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
        let depends_on: BTreeSet<String> = graph
            .imports(node)
            .into_iter()
            .map(|import| import.to.map_or(import.written, |to| graph.path(to).to_owned()))
            .collect();
        let (types, functions) = (
            top.iter().filter(|one| graph.kind(**one).is_type()).count(),
            top.iter().filter(|one| graph.kind(**one).is_callable()).count(),
        );
        Self {
            path: graph.path(node).to_owned(),
            what: format!(
                "a {} file of {} lines with {types} types and {functions} functions at its top",
                file.language.as_str(),
                file.lines
            ),
            doc: file.doc.map(str::to_owned),
            says: top.iter().filter_map(says).take(NAMED).collect(),
            risks: module_risks(graph, node, &used_by),
            interface: interface
                .into_iter()
                .take(NAMED)
                .map(|(one, uses)| Used { brief: Brief::of(graph, one), uses })
                .collect(),
            depends_on: depends_on.into_iter().take(2 * NAMED).collect(),
            used_by: used_by.iter().take(2 * NAMED).map(|one| graph.path(*one).to_owned()).collect(),
            source: source(scene, node, 2 * LINES),
            fresh: scene.fresh.into(),
        }
    }
}

/// Counts what other files use of a file, by what stands at its top: once over those files, however much is in it.
fn uses_of(graph: &Graph, file: Node) -> HashMap<Node, usize> {
    let mut uses = HashMap::new();
    for tie in graph.ties_to(file, true) {
        let Some(to) = tie.to.filter(|to| !to.is_file() && !graph.holds(file, tie.from)) else { continue };
        let outwards =
            std::iter::successors(Some(to), |one| graph.within(*one).filter(|outer| !outer.is_file()));
        if let Some(top) = outwards.last() {
            *uses.entry(top).or_default() += 1;
        }
    }
    uses
}

fn module_risks(graph: &Graph, file: Node, used_by: &[Node]) -> Vec<String> {
    let mut risks = Vec::new();
    let mut complex: Vec<(u32, Node)> = graph
        .inside(file)
        .into_iter()
        .filter_map(|one| Some((graph.about(one).metrics?.cyclomatic, one)))
        .filter(|(cyclomatic, _)| *cyclomatic > COMPLEX)
        .collect();
    complex.sort_by_key(|(cyclomatic, _)| std::cmp::Reverse(*cyclomatic));
    risks.extend(complex.iter().take(3).map(|(cyclomatic, one)| {
        format!("`{}` has a cyclomatic complexity of {cyclomatic}", graph.qualified(*one))
    }));
    if used_by.len() > WIDE {
        risks.push(format!("{} files refer to it: a change of its interface reaches far", used_by.len()));
    }
    let is_tested = used_by.iter().any(|one| graph.is_in_tests(*one));
    if !is_tested && !graph.is_in_tests(file) {
        risks.push("no test refers to it".to_owned());
    }
    risks
}
