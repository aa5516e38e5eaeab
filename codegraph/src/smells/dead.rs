//! Definitions that nothing uses: no link leads to them, and no file so much as mentions their names. Who could still
//! reach them without a name (a framework, another program, a page) lowers how sure that is.

use std::collections::HashSet;

use super::{Measure, Severity, Smell, SmellKind, looked::Looked};
use crate::{
    Graph, Language, Node,
    extract::{MOST_MENTIONS, word_hash},
    facts::{Entity, Kind, Visibility},
    graph::File,
};

/// Lines from which on something unused is more than a trifle.
const LONG: u32 = 50;
/// How much less sure it is when something mentions what the name begins with, in hundredths.
const COMPOSED: u32 = 40;
/// What decorates a definition and does not use it.
const HARMLESS: [&str; 22] = [
    "inline",
    "must_use",
    "cfg",
    "cfg_attr",
    "doc",
    "deprecated",
    "derive",
    "track_caller",
    "cold",
    "staticmethod",
    "classmethod",
    "property",
    "cache",
    "lru_cache",
    "cached_property",
    "contextmanager",
    "asynccontextmanager",
    "wraps",
    "overload",
    "final",
    "Nullable",
    "SuppressWarnings",
];
/// Names that something outside calls.
const CALLED: [&str; 20] = [
    "main",
    "Main",
    "init",
    "constructor",
    "new",
    "readObject",
    "writeObject",
    "readResolve",
    "writeReplace",
    "initialize",
    "method_missing",
    "respond_to_missing",
    "inherited",
    "included",
    "extended",
    "setup",
    "teardown",
    "finalize",
    "deinit",
    "invoke",
];

/// Finds what is used by nothing.
pub(super) fn unused(looked: &Looked<'_>) -> Vec<Smell> {
    let graph = looked.graph;
    // Who says more than is kept may mention anything.
    if graph.all().any(|(_, file)| file.facts.mentions.len() >= MOST_MENTIONS) {
        return Vec::new();
    }
    let candidates: Vec<(Node, &Entity)> =
        looked.entities().filter(|(node, one)| may_be_dead(looked, *node, one)).collect();
    let wanted: HashSet<u32> = candidates.iter().map(|(node, _)| hash(graph, *node)).collect();
    // Of what names are put together: `getattr(self, "_on_" + name)`.
    let begun: HashSet<u32> = candidates.iter().flat_map(|(node, _)| beginnings(graph.name(*node))).collect();
    let mut mentioned: HashSet<u32> = HashSet::new();
    let mut led_to: HashSet<Node> = HashSet::new();
    for (place, file) in graph.all() {
        let told = file.facts.mentions.iter().filter(|hash| wanted.contains(hash) || begun.contains(hash));
        mentioned.extend(told);
        let ties = graph.ties_of_file(place);
        led_to.extend(ties.filter(|tie| tie.to != Some(tie.from)).filter_map(|tie| tie.to));
    }
    let is_unused =
        |(node, _): &(Node, &Entity)| !led_to.contains(node) && !mentioned.contains(&hash(graph, *node));
    let mut dead: HashSet<Node> = HashSet::new();
    let mut found = Vec::new();
    for (node, entity) in candidates.into_iter().filter(is_unused) {
        let is_composed = beginnings(graph.name(node)).any(|begun| mentioned.contains(&begun));
        let composed = if is_composed { COMPOSED } else { 0 };
        let confidence = confidence(looked, node, entity).saturating_sub(composed);
        // A member of what is unused goes with it; parents stand before.
        let is_inside = graph.parent(node).is_some_and(|parent| dead.contains(&parent));
        if confidence >= looked.limits.dead_confidence {
            dead.insert(node);
            if !is_inside {
                found.push(smell(looked, node, entity, confidence));
            }
        }
    }
    found
}

fn smell(looked: &Looked<'_>, node: Node, entity: &Entity, confidence: u32) -> Smell {
    let lines = entity.end.saturating_sub(entity.start) + 1;
    Smell {
        kind: SmellKind::DeadCode,
        severity: if lines > LONG { Severity::Medium } else { Severity::Low },
        node,
        others: Vec::new(),
        key: looked.graph.id(node),
        measures: vec![
            Measure { name: "uses", value: 0, limit: 1 },
            Measure { name: "lines", value: lines, limit: LONG },
        ],
        confidence: confidence as u8,
        title: format!(
            "{}: nothing uses this {}, and no file mentions its name",
            looked.graph.qualified(node),
            entity.kind.as_str()
        ),
        suggestion: "remove it; if something outside the tree reaches it by name, ignore this issue",
    }
}

/// Returns the hashes of what a name begins with, up to each of its underscores.
fn beginnings(name: &str) -> impl Iterator<Item = u32> {
    let ends = name.match_indices('_').map(|(at, _)| at + 1);
    let told = ends.filter(|end| *end > 2 && *end < name.len());
    told.map(|end| word_hash(&name.as_bytes()[..end]))
}

fn hash(graph: &Graph, node: Node) -> u32 {
    word_hash(graph.name(node).as_bytes())
}

/// Answers whether something can be unused at all: not for others, not called from outside, not in place of something.
fn may_be_dead(looked: &Looked<'_>, node: Node, entity: &Entity) -> bool {
    let graph = looked.graph;
    let Some(file) = graph.file(node.file) else { return false };
    let is_code =
        entity.kind.is_callable() && entity.has_body || entity.kind.is_type() && entity.kind != Kind::Type;
    let is_plain = entity.kind != Kind::Component && entity.kind != Kind::Macro;
    let name = graph.name(node);
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    // `__repr__` and `_missing_` are called by the language or a library; a mere `_` is nobody's name.
    let is_called = name.starts_with('_') && name.ends_with('_')
        || file.language == Language::Php && name.starts_with("__")
        || CALLED.contains(&name)
        || graph.is_constructor(node);
    // What a header holds is for whoever includes it.
    let is_shared = [".h", ".hh", ".hpp", ".hxx", ".pyi", ".d.ts"].iter().any(|end| file.path.ends_with(end));
    is_code
        && is_plain
        && is_name
        && !is_called
        && !is_shared
        && !is_for_others(graph, node, entity, file)
        && !is_decorated(looked, node, file)
        && !looked.overrides(node, entity.name)
}

/// Answers whether the custom of the language lets other programs use it.
fn is_for_others(graph: &Graph, node: Node, entity: &Entity, file: &File) -> bool {
    let is_local =
        graph.parent(node).is_some_and(|parent| graph.kind(parent).is_callable() && !parent.is_file());
    match entity.visibility {
        Visibility::Private | Visibility::Internal => false,
        Visibility::Protected => true,
        Visibility::Public => !is_local && !is_kept_in(graph, node, file),
    }
}

/// Answers whether a file of Python lists what it exports (`__all__`), and not this.
fn is_kept_in(graph: &Graph, node: Node, file: &File) -> bool {
    let lists = graph
        .names
        .known("__all__")
        .is_some_and(|name| graph.members(Node::whole(node.file), name).next().is_some());
    let is_top = graph.parent(node).is_some_and(Node::is_file);
    file.language == Language::Python && lists && is_top
}

/// Answers whether something decorates it that may keep it.
fn is_decorated(looked: &Looked<'_>, node: Node, file: &File) -> bool {
    let names = looked.heads().decorations.get(&node).into_iter().flatten();
    let mut names = names.map(|name| looked.graph.names.text(*name));
    // What derives for a type does not use it.
    let is_type = looked.graph.kind(node).is_type() && file.language == Language::Rust;
    names.any(|name| !(HARMLESS.contains(&name) || is_type && name.starts_with(char::is_uppercase)))
}

/// Returns how sure it is that something which no name leads to is unused, in hundredths.
fn confidence(looked: &Looked<'_>, node: Node, entity: &Entity) -> u32 {
    let graph = looked.graph;
    let Some(file) = graph.file(node.file) else { return 0 };
    let mut sure: i32 = match file.language {
        Language::Rust
        | Language::Go
        | Language::Java
        | Language::C
        | Language::Cpp
        | Language::CSharp
        | Language::Kotlin
        | Language::Swift => 90,
        // Names are put together while these run.
        Language::Python
        | Language::JavaScript
        | Language::TypeScript
        | Language::Tsx
        | Language::Vue
        | Language::Ruby
        | Language::Php => 80,
    };
    if entity.visibility != Visibility::Private {
        sure -= 10;
    }
    let own = graph.parent(node);
    // What is not in the tree may call its methods.
    if entity.kind == Kind::Method && own.is_some_and(|own| looked.heads().strangers.contains(&own)) {
        sure -= 40;
    }
    // A script of a page: the page calls it, and is not read here.
    let is_script = file.language == Language::JavaScript && file.facts.imports.is_empty();
    if is_script && !["module", "exports", "require", "export"].iter().any(|word| mentions(file, word)) {
        sure -= 40;
    }
    if file.facts.errors > 0 || file.facts.cut {
        sure -= 20;
    }
    if looked.limits.partial {
        sure -= 50;
    }
    sure.max(0) as u32
}

fn mentions(file: &File, word: &str) -> bool {
    file.facts.mentions.binary_search(&word_hash(word.as_bytes())).is_ok()
}
