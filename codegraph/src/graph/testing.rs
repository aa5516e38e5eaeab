//! Which code is tests, what they reach over links, and how much of the rest is written about.

use std::collections::{HashMap, HashSet};

use super::{Graph, Node};
use crate::{
    Language,
    facts::{Entity, Kind, Mark, Relation, Visibility},
};

/// How much of the code tests reach. Nothing is run: a link is a call that could happen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Functions and methods with a body, without those of tests.
    pub functions: u64,
    /// Those of them that a test reaches over links, however far.
    pub reached: u64,
    /// Files of tests, and files that have some inside.
    pub test_files: u64,
    /// Lines of tests.
    pub test_lines: u64,
    /// Lines of all else.
    pub code_lines: u64,
}

/// How much is written about the code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Public types and functions, without those of tests.
    pub public: u64,
    /// Those of them with documentation.
    pub documented: u64,
    /// What comments mark as left to do, by word.
    pub markers: Vec<(Mark, u64)>,
}

impl Graph {
    /// Says of each definition of a file whether it is a test or part of one.
    pub(crate) fn tests_of(&self, place: u32) -> Vec<bool> {
        let Some(file) = self.file(place) else { return Vec::new() };
        if self.is_test(place) {
            return vec![true; file.facts.entities.len()];
        }
        let marked: HashSet<u32> = file
            .facts
            .references
            .iter()
            .filter(|one| one.relation == Relation::Decorates && self.names.text(one.name) == "test")
            .filter_map(|one| one.from)
            .collect();
        let mut flags: Vec<bool> = Vec::with_capacity(file.facts.entities.len());
        for (index, entity) in file.facts.entities.iter().enumerate() {
            let is_module_of_tests =
                entity.kind == Kind::Module && matches!(self.names.text(entity.name), "tests" | "test");
            // Parents stand before.
            let inside = entity.parent.is_some_and(|parent| flags[parent as usize]);
            flags.push(inside || is_module_of_tests || marked.contains(&(index as u32)));
        }
        flags
    }

    /// Answers whether a file says that a program wrote it, or is named as such files are.
    pub(crate) fn is_generated(&self, place: u32) -> bool {
        let Some(file) = self.file(place) else { return false };
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        let lower = name.to_ascii_lowercase();
        // What is built from scripts is put there by custom.
        let is_built =
            file.language.meets(Language::JavaScript) && file.path.split('/').any(|part| part == "dist");
        file.facts.generated
            || is_built
            || [".pb.", "_pb2.", "_pb2_grpc.", ".g.", ".designer.", ".generated.", ".gen.", ".min."]
                .iter()
                .any(|part| lower.contains(part))
    }

    /// Follows links from all tests.
    pub fn reach(&self) -> Reach {
        let mut reach = Reach::default();
        let mut leads: HashMap<Node, Vec<Node>> = HashMap::new();
        let (mut open, mut functions) = (Vec::new(), Vec::new());
        for (place, file) in self.all() {
            let flags = self.tests_of(place);
            let is_test_file = self.is_test(place);
            let is_test = |node: Node| node.index().map_or(is_test_file, |index| flags[index as usize]);
            for tie in self.ties_of_file(place).filter(|tie| tie.relation != Relation::Imports) {
                let Some(to) = tie.to else { continue };
                if is_test(tie.from) {
                    open.push(to);
                }
                leads.entry(tie.from).or_default().push(to);
            }
            let tested: u64 = if is_test_file {
                file.facts.lines.into()
            } else {
                outermost(&file.facts.entities, &flags).map(length).sum()
            };
            reach.test_files += u64::from(is_test_file || tested > 0);
            reach.test_lines += tested;
            reach.code_lines += u64::from(file.facts.lines).saturating_sub(tested);
            let is_function = |entity: &Entity| entity.kind.is_callable() && entity.has_body;
            let own = file.facts.entities.iter().zip(&flags).enumerate();
            let own = own.filter(|(_, (entity, is_test))| is_function(entity) && !**is_test);
            functions.extend(own.map(|(index, _)| Node { file: place, entity: index as u32 }));
        }
        let mut seen: HashSet<Node> = HashSet::new();
        while let Some(node) = open.pop() {
            if !seen.insert(node) {
                continue;
            }
            open.extend(leads.get(&node).into_iter().flatten());
            // Who makes a thing of a type runs what makes it; who calls a function runs what is defined in it.
            let is_type = self.kind(node).is_type();
            let runs = |child: &Node| !is_type || self.is_constructor(*child);
            if !node.is_file() {
                open.extend(self.children(node).into_iter().filter(runs));
            }
        }
        reach.functions = functions.len() as u64;
        reach.reached = functions.iter().filter(|node| seen.contains(node)).count() as u64;
        reach
    }

    /// Answers whether a member makes things of its type, by the custom of any language.
    pub(crate) fn is_constructor(&self, node: Node) -> bool {
        let name = self.name(node);
        matches!(
            name,
            "__init__" | "__new__" | "__post_init__" | "constructor" | "init" | "initialize" | "__construct"
        ) || self.parent(node).is_some_and(|parent| !parent.is_file() && self.name(parent) == name)
    }

    /// Counts what is written about the code, and what is marked as left to do.
    pub fn remarks(&self) -> Written {
        let mut written = Written::default();
        let mut markers = [0_u64; Mark::ALL.len()];
        for (place, file) in self.all().filter(|(place, _)| !self.is_generated(*place)) {
            for (count, mark) in markers.iter_mut().zip(Mark::ALL) {
                *count += file.facts.markers.iter().filter(|one| one.mark == mark).count() as u64;
            }
            let flags = self.tests_of(place);
            for (index, entity) in file.facts.entities.iter().enumerate().filter(|(at, _)| !flags[*at]) {
                let node = Node { file: place, entity: index as u32 };
                if self.is_for_readers(node, entity) {
                    written.public += 1;
                    written.documented += u64::from(entity.doc.is_some());
                }
            }
        }
        written.markers = Mark::ALL.into_iter().zip(markers).collect();
        written
    }

    /// Answers whether somebody who uses the code would read about a definition.
    fn is_for_readers(&self, node: Node, entity: &Entity) -> bool {
        let is_real = entity.kind.is_type() && entity.kind != Kind::Type
            || entity.kind.is_callable() && entity.has_body;
        let mut around = self.parent(node).filter(|parent| !parent.is_file());
        while let Some(outer) = around.and_then(|node| self.entity(node)) {
            if outer.kind.is_callable() || outer.visibility != Visibility::Public {
                return false;
            }
            around = around.and_then(|node| self.parent(node)).filter(|parent| !parent.is_file());
        }
        let name = self.names.text(entity.name);
        // What the language itself calls is documented by the language.
        let is_dunder = name.starts_with("__") && name.ends_with("__");
        is_real && entity.visibility == Visibility::Public && !is_dunder && !self.is_constructor(node)
    }
}

fn length(entity: &Entity) -> u64 {
    u64::from(entity.end.saturating_sub(entity.start) + 1)
}

/// Returns those flagged whose parent is not.
fn outermost<'e>(entities: &'e [Entity], flags: &'e [bool]) -> impl Iterator<Item = &'e Entity> {
    let is_outer = |entity: &Entity| !entity.parent.is_some_and(|parent| flags[parent as usize]);
    entities
        .iter()
        .zip(flags)
        .filter(move |(entity, flag)| **flag && is_outer(entity))
        .map(|(entity, _)| entity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Extractor, Patience};

    fn graph(files: &[(&str, &str)]) -> Graph {
        let mut graph = Graph::default();
        for (path, text) in files {
            let language = Language::of_path(path).unwrap();
            let facts =
                Extractor::default().read(language, path, text.as_bytes(), Patience::ENDLESS).unwrap();
            graph.put(path, language, facts);
        }
        graph.link(1);
        graph
    }

    #[test]
    fn tests_reach_what_they_call_however_far() {
        let store = "class Store:\n    def __init__(self):\n        prepare()\n\n    def put(self):\n        pass\n\n    def drop(self):\n        pass\n\ndef prepare():\n    pass\n\ndef forgotten():\n    pass\n";
        let test = "from store import Store\n\ndef test_put():\n    store = Store()\n    store.put()\n";
        let reach = graph(&[("store.py", store), ("tests/test_store.py", test)]).reach();
        assert_eq!((reach.functions, reach.reached), (5, 3), "__init__, put, prepare");
        assert_eq!((reach.test_files, reach.test_lines, reach.code_lines), (1, 5, 15));
        let alone = graph(&[("store.py", store)]).reach();
        assert_eq!((alone.functions, alone.reached, alone.test_files), (5, 0, 0));
    }

    #[test]
    fn tests_inside_a_file_are_tests() {
        let text = "pub fn used() {}\npub fn unused() {}\n#[cfg(test)]\nmod tests {\n    use super::*;\n    #[test]\n    fn works() {\n        used();\n    }\n}\n";
        let reach = graph(&[("a.rs", text)]).reach();
        assert_eq!((reach.functions, reach.reached, reach.test_files), (2, 1, 1), "{reach:?}");
        assert!(reach.test_lines >= 6 && reach.test_lines + reach.code_lines == 10, "{reach:?}");
    }

    #[test]
    fn what_readers_see_is_counted_with_what_is_written_about_it() {
        let text = "class Told:\n    \"\"\"One.\"\"\"\n    def __init__(self): pass\n    def untold(self): pass\n    def _own(self): pass\n\ndef told():\n    \"\"\"Two.\"\"\"\n    def inner(): pass\n    # TODO: more\n    # XXX\n";
        let remarks =
            graph(&[("a.py", text), ("tests/test_a.py", "def test_it(): pass\n# FIXME\n")]).remarks();
        assert_eq!((remarks.public, remarks.documented), (3, 2));
        assert_eq!(remarks.markers, [(Mark::Todo, 1), (Mark::Fixme, 1), (Mark::Hack, 0), (Mark::Xxx, 1)]);
    }
}
