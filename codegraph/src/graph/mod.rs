//! All files of a tree together: who defines what, and which of it each reference means.

mod explore;
mod find;
mod grow;
mod index;
mod link;
mod linker;
mod look;
mod modules;
mod names;
mod shape;
mod stand;
mod testing;
mod ties;
mod trace;

use std::collections::{BTreeSet, HashMap, HashSet};

pub use find::{Fit, FoundNodes};
pub use look::{About, FileAbout, Imported};
pub(crate) use modules::Place;
pub(crate) use shape::strongly_connected;
pub use shape::{HotSpot, Leaning, Shape, Totals, Unparsed};
pub use testing::{Reach, Written};
pub use ties::{Tie, Ties};
pub use trace::{Direction, Hanging, Step, Trace};

use crate::{
    Facts, Language,
    facts::{Entity, Kind, Name},
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
