//! All files of a tree together: who defines what, and which of it each reference means.

mod explore;
mod find;
mod index;
mod link;
mod linker;
mod look;
mod modules;
mod names;
mod shape;
mod stand;
mod ties;
mod trace;

use std::collections::{BTreeSet, HashMap, HashSet};

pub use find::{Fit, FoundNodes};
pub use look::{About, FileAbout, Imported};
pub use shape::{HotSpot, Leaning, Shape, Totals, Unparsed};
pub use ties::{Tie, Ties};
pub use trace::{Direction, Hanging, Step, Trace};

use crate::{
    Facts, Language,
    facts::{Entity, Import, Kind, Name, Receiver, Reference},
};
use names::Names;

/// Stands for the file itself where an entity is asked for.
const WHOLE: u32 = u32::MAX;

/// An entity of the graph, or a file as a whole. Holds until its file is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    pub(crate) file: u32,
    pub(crate) entity: u32,
}

impl Node {
    pub(crate) fn whole(file: u32) -> Self {
        Self { file, entity: WHOLE }
    }

    pub(crate) fn of(file: u32, entity: Option<u32>) -> Self {
        Self { file, entity: entity.unwrap_or(WHOLE) }
    }

    /// Answers whether it is a file.
    pub fn is_file(self) -> bool {
        self.entity == WHOLE
    }

    pub(crate) fn index(self) -> Option<u32> {
        (!self.is_file()).then_some(self.entity)
    }
}

/// What a reference means, and how sure that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) node: Node,
    /// In hundredths.
    pub(crate) confidence: u8,
}

/// How sure a link may be, in hundredths.
pub(crate) mod sure {
    /// The syntax says so.
    pub(crate) const SAID: u8 = 100;
    /// An import says so.
    pub(crate) const IMPORTED: u8 = 95;
    /// A declared type, or a shared package, says so.
    pub(crate) const TYPED: u8 = 85;
    /// There is only one of that name where the language looks.
    pub(crate) const ONLY: u8 = 60;
    /// There is only one member of that name; what it is a member of is not known.
    pub(crate) const GUESSED: u8 = 30;
}

/// A file in the graph.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: Box<str>,
    pub(crate) language: Language,
    /// Words of its path.
    words: Vec<Box<str>>,
    /// Whether it is one of tests.
    is_test: bool,
    /// Its names are those of the graph.
    pub(crate) facts: Facts,
    /// What each reference means.
    pub(crate) targets: Vec<Option<Target>>,
    /// Where each import leads.
    pub(crate) sources: Vec<modules::Place>,
    /// Types of variables by where they are known; the last that was said counts.
    pub(crate) bound: HashMap<(Option<u32>, Name), Name>,
    /// (parent, name, entity), ascending: finds members.
    members: Vec<(u32, Name, u32)>,
    /// Files it refers to.
    outgoing: BTreeSet<u32>,
    /// Files that were looked at to find that out.
    passed: BTreeSet<u32>,
    bytes: usize,
}

/// A graph of files.
#[derive(Debug, Default)]
pub struct Graph {
    pub(crate) names: Names,
    pub(crate) files: Vec<Option<File>>,
    /// Places of removed files, to be used again.
    free: Vec<u32>,
    by_path: HashMap<Box<str>, u32>,
    pub(crate) definitions: HashMap<Name, Vec<Node>>,
    mentions: HashMap<Name, Vec<u32>>,
    /// Names of definitions by the words they are made of; a name that is gone stays, and has no definition.
    by_word: HashMap<Box<str>, Vec<Name>>,
    worded: HashSet<Name>,
    /// Which files refer to each.
    incoming: HashMap<u32, BTreeSet<u32>>,
    /// Which files looked at each to find out what they refer to.
    passing: HashMap<u32, BTreeSet<u32>>,
    pub(crate) index: index::Index,
    stale_files: HashSet<u32>,
    stale_names: HashSet<Name>,
    bytes: usize,
}

impl Graph {
    /// Puts a file in the graph, in place of one of the same path. Call [`Graph::link`] when all are in.
    pub fn put(&mut self, path: &str, language: Language, facts: Facts) {
        self.remove(path);
        let place = self.free.pop().unwrap_or(self.files.len() as u32);
        let facts = self.adopt(facts);
        let names: Vec<Name> = facts.entities.iter().map(|entity| entity.name).collect();
        let mut members: Vec<_> = facts
            .entities
            .iter()
            .enumerate()
            .map(|(index, entity)| (entity.parent.unwrap_or(WHOLE), entity.name, index as u32))
            .collect();
        members.sort_unstable();
        self.stale_package(facts.package);
        // What it imports it may pass on.
        self.stale_names.extend(facts.imports.iter().filter_map(|import| import.alias));
        for name in self.mentioned(&facts) {
            let files = self.mentions.entry(name).or_default();
            files.push(place);
            if files.len() == linker::MENTIONED + 1 {
                self.stale_names.insert(name);
            }
        }
        let bytes = weight(&facts);
        self.bytes += bytes;
        self.index.add(&mut self.names, place, path, facts.package);
        self.stale_names.extend(self.index.known_as(&self.names, path));
        let file = File {
            path: path.into(),
            language,
            words: explore::words(path).into_iter().map(Into::into).collect(),
            is_test: find::is_of_tests(path),
            targets: vec![None; facts.references.len()],
            sources: vec![modules::Place::Elsewhere; facts.imports.len()],
            bound: facts.bindings.iter().map(|one| ((one.scope, one.variable), one.type_name)).collect(),
            facts,
            members,
            outgoing: BTreeSet::new(),
            passed: BTreeSet::new(),
            bytes,
        };
        self.by_path.insert(path.into(), place);
        self.stale_files.insert(place);
        if place as usize == self.files.len() {
            self.files.push(Some(file));
        } else {
            self.files[place as usize] = Some(file);
        }
        self.define(place, path, &names);
    }

    /// Notes what a file defines. Definitions of one name stand in the order of their paths, whichever came first.
    fn define(&mut self, place: u32, path: &str, names: &[Name]) {
        for (index, name) in names.iter().enumerate() {
            let (node, files) = (Node { file: place, entity: index as u32 }, &self.files);
            let before = |other: &Node| {
                let of =
                    files.get(other.file as usize).and_then(Option::as_ref).map_or("", |file| &file.path);
                (of, other.entity) < (path, node.entity)
            };
            let nodes = self.definitions.entry(*name).or_default();
            nodes.insert(nodes.partition_point(before), node);
            self.stale_names.insert(*name);
            if self.worded.insert(*name) {
                for word in explore::words(self.names.text(*name)) {
                    self.by_word.entry(word.into()).or_default().push(*name);
                }
            }
        }
    }

    /// Makes stale what names a package by a part of it.
    fn stale_package(&mut self, package: Option<Name>) {
        let Some(package) = package else { return };
        let text = self.names.text(package).to_owned();
        self.stale_names.extend(text.split('.').filter_map(|part| self.names.known(part)));
    }

    /// Takes a file out of the graph.
    pub fn remove(&mut self, path: &str) {
        let Some(place) = self.by_path.remove(path) else { return };
        let Some(file) = self.files[place as usize].take() else { return };
        self.bytes -= file.bytes;
        // Each name once: a file may define one as often as it likes.
        let defined: HashSet<Name> = file.facts.entities.iter().map(|entity| entity.name).collect();
        for name in defined {
            if let Some(nodes) = self.definitions.get_mut(&name) {
                nodes.retain(|node| node.file != place);
                if nodes.is_empty() {
                    self.definitions.remove(&name);
                }
            }
            self.stale_names.insert(name);
        }
        self.stale_package(file.facts.package);
        self.stale_names.extend(file.facts.imports.iter().filter_map(|import| import.alias));
        for name in self.mentioned(&file.facts) {
            if let Some(files) = self.mentions.get_mut(&name) {
                files.retain(|file| *file != place);
                if files.len() == linker::MENTIONED {
                    self.stale_names.insert(name);
                }
            }
        }
        self.stale_names.extend(self.index.known_as(&self.names, path));
        self.index.remove(place, path, file.facts.package);
        for other in &file.outgoing {
            if let Some(incoming) = self.incoming.get_mut(other) {
                incoming.remove(&place);
            }
        }
        for other in &file.passed {
            if let Some(passing) = self.passing.get_mut(other) {
                passing.remove(&place);
            }
        }
        self.stale_files.extend(self.incoming.remove(&place).unwrap_or_default());
        self.stale_files.extend(self.passing.remove(&place).unwrap_or_default());
        self.stale_files.remove(&place);
        self.free.push(place);
    }

    /// Turns a file's own names into those of the graph.
    fn adopt(&mut self, mut facts: Facts) -> Facts {
        let table: Vec<Name> = facts.names.iter().map(|text| self.names.of(text)).collect();
        facts.names = Vec::new();
        let ours = |name: &mut Name| {
            if let Some(there) = table.get(name.0 as usize) {
                *name = *there;
            }
        };
        facts.entities.iter_mut().for_each(|entity| ours(&mut entity.name));
        for Reference { name, receiver, .. } in &mut facts.references {
            ours(name);
            if let Receiver::Path(path) = receiver {
                ours(path);
            }
        }
        for Import { module, item, alias, .. } in &mut facts.imports {
            ours(module);
            item.iter_mut().chain(alias).for_each(ours);
        }
        for binding in &mut facts.bindings {
            ours(&mut binding.variable);
            ours(&mut binding.type_name);
        }
        facts.package.iter_mut().for_each(ours);
        facts
    }

    /// Returns every name whose meaning may change what a file's references mean.
    fn mentioned(&mut self, facts: &Facts) -> HashSet<Name> {
        let mut all: HashSet<Name> = facts.references.iter().map(|one| one.name).collect();
        let mut paths: HashSet<Name> = HashSet::new();
        for one in &facts.references {
            if let Receiver::Path(path) = one.receiver {
                paths.insert(path);
            }
        }
        for import in &facts.imports {
            paths.insert(import.module);
            all.extend(import.item);
        }
        paths.extend(facts.bindings.iter().map(|binding| binding.type_name));
        for path in paths {
            let text = self.names.text(path).to_owned();
            for part in text.split(['.', '/']).filter(|part| !part.is_empty()) {
                all.insert(self.names.of(part));
            }
        }
        all
    }

    /// Returns the files, in no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (u32, &File)> {
        self.files.iter().enumerate().filter_map(|(place, file)| Some((place as u32, file.as_ref()?)))
    }

    /// Returns how many files there are.
    pub fn len(&self) -> usize {
        self.by_path.len()
    }

    /// Returns whether there are no files.
    pub fn is_empty(&self) -> bool {
        self.by_path.is_empty()
    }

    /// Estimates the bytes it takes in memory.
    pub fn bytes(&self) -> usize {
        self.bytes + self.names.bytes()
    }

    pub(crate) fn file(&self, place: u32) -> Option<&File> {
        self.files.get(place as usize)?.as_ref()
    }

    /// Returns a file by its path.
    pub fn file_at(&self, path: &str) -> Option<Node> {
        self.by_path.get(path).map(|place| Node::whole(*place))
    }

    pub(crate) fn entity(&self, node: Node) -> Option<&Entity> {
        self.file(node.file)?.facts.entities.get(node.entity as usize)
    }

    pub(crate) fn place_of(&self, path: &str) -> Option<u32> {
        self.by_path.get(path).copied()
    }

    /// Returns which files refer to one.
    pub(crate) fn referring(&self, place: u32) -> impl Iterator<Item = u32> {
        self.incoming.get(&place).into_iter().flatten().copied()
    }

    /// Returns members of that name, of an entity or of the file as a whole.
    pub(crate) fn members(&self, parent: Node, name: Name) -> impl Iterator<Item = Node> {
        let members = self.file(parent.file).map_or(&[][..], |file| &file.members);
        let from = members.partition_point(|(whose, called, _)| (*whose, *called) < (parent.entity, name));
        let those = members[from..]
            .iter()
            .take_while(move |(whose, called, _)| (*whose, *called) == (parent.entity, name));
        those.map(move |(_, _, entity)| Node { file: parent.file, entity: *entity })
    }

    /// Returns all members of an entity or of the file as a whole, in the order of the text.
    pub fn children(&self, parent: Node) -> Vec<Node> {
        let members = self.file(parent.file).map_or(&[][..], |file| &file.members);
        let from = members.partition_point(|(whose, ..)| *whose < parent.entity);
        let those = members[from..].iter().take_while(|(whose, ..)| *whose == parent.entity);
        let mut nodes: Vec<Node> =
            those.map(|(_, _, entity)| Node { file: parent.file, entity: *entity }).collect();
        nodes.sort_unstable();
        nodes
    }

    /// Returns what an entity is defined in: an entity, or its file.
    pub(crate) fn parent(&self, node: Node) -> Option<Node> {
        let entity = self.entity(node)?;
        Some(Node::of(node.file, entity.parent))
    }

    /// Returns what an entity is.
    pub fn kind(&self, node: Node) -> Kind {
        self.entity(node).map_or(Kind::Module, |entity| entity.kind)
    }

    /// Returns the own name of an entity, the path of a file.
    pub fn name(&self, node: Node) -> &str {
        match self.entity(node) {
            Some(entity) => self.names.text(entity.name),
            None => self.path(node),
        }
    }

    /// Returns the path of the file an entity is in.
    pub fn path(&self, node: Node) -> &str {
        self.file(node.file).map_or("", |file| &file.path)
    }

    /// Returns the name of an entity with the names of what it is defined in.
    pub fn qualified(&self, node: Node) -> String {
        let mut parts = Vec::new();
        let mut at = node;
        while let Some(entity) = self.entity(at) {
            parts.push(self.names.text(entity.name));
            at = Node::of(at.file, entity.parent);
        }
        if parts.is_empty() {
            return self.path(node).to_owned();
        }
        parts.reverse();
        parts.join(".")
    }

    /// Returns the id of an entity: its path, kind and qualified name, and a number where that is not unique. It stays
    /// the same from run to run as long as those do.
    pub fn id(&self, node: Node) -> String {
        let Some(entity) = self.entity(node) else { return self.path(node).to_owned() };
        let id = format!("{}#{}:{}", self.path(node), entity.kind.as_str(), self.qualified(node));
        let parent = Node::of(node.file, entity.parent);
        let alike = |other: &Node| self.kind(*other) == entity.kind;
        let before =
            self.members(parent, entity.name).filter(alike).take_while(|other| other.entity < node.entity);
        match before.count() {
            0 => id,
            count => format!("{id}~{}", count + 1),
        }
    }

    /// Returns what has that id. Names may hold what ids are joined with.
    pub fn by_id(&self, id: &str) -> Option<Node> {
        if let Some(file) = self.file_at(id) {
            return Some(file);
        }
        id.match_indices('#').find_map(|(at, _)| {
            let place = self.place_of(&id[..at])?;
            let (kind, qualified) = id[at + 1..].split_once(':')?;
            let numbered =
                qualified.rsplit_once('~').and_then(|(plain, number)| Some((plain, number.parse().ok()?)));
            let whole = self.nth_of(place, kind, qualified, 1_usize);
            whole.or_else(|| numbered.and_then(|(plain, number)| self.nth_of(place, kind, plain, number)))
        })
    }

    fn nth_of(&self, place: u32, kind: &str, qualified: &str, number: usize) -> Option<Node> {
        let entities = self.file(place)?.facts.entities.iter().enumerate();
        let is_it = |(index, entity): &(usize, &Entity)| {
            entity.kind.as_str() == kind
                && qualified.ends_with(self.names.text(entity.name))
                && self.qualified(Node { file: place, entity: *index as u32 }) == qualified
        };
        let found = entities.filter(is_it).nth(number.checked_sub(1)?);
        found.map(|(index, _)| Node { file: place, entity: index as u32 })
    }
}

/// Estimates the bytes of facts in a graph.
fn weight(facts: &Facts) -> usize {
    let texts: usize = facts
        .entities
        .iter()
        .map(|one| {
            let sketch = one.metrics.as_ref().map_or(0, |metrics| 4 * metrics.sketch.len());
            one.signature.len() + one.doc.as_ref().map_or(0, String::len) + sketch
        })
        .sum();
    let links = facts.references.len() * (size_of::<Reference>() + size_of::<Option<Target>>());
    texts + facts.entities.len() * (size_of::<Entity>() + 40) + links + facts.imports.len() * 64 + 512
}
