//! What one reference means: names within the file, then what it imports, then what its language shows it, each step
//! with how sure it is.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

use super::{
    File, Graph, Node, Target,
    link::{ANCESTORS, NAMESAKES},
    modules::Place,
    stand::Stand,
    sure,
};
use crate::{
    extract::Modules,
    facts::{Kind, Name, Receiver, Reference, Relation},
    languages,
};

/// Shortest name of a member that is guessed at without knowing what it is a member of.
const GUESSABLE: usize = 4;

/// Most files that may mention such a name.
pub(super) const MENTIONED: usize = 12;
/// Definitions of one name that a folder or package is looked for among.
const LOOKED_THROUGH: usize = 4_096;
/// Members that types of standard libraries have.
const COMMON: [&str; 40] = [
    "clone", "into", "iter", "next", "insert", "push", "push_str", "append", "extend", "remove", "update",
    "find", "index", "count", "sort", "sorted", "join", "split", "replace", "strip", "trim", "format",
    "encode", "decode", "read", "write", "open", "close", "flush", "send", "recv", "start", "stop", "wait",
    "lock", "keys", "values", "items", "contains", "copy",
];

/// Links the references of one file.
pub(super) struct Linker<'g> {
    pub(super) graph: &'g Graph,
    pub(super) file: &'g File,
    pub(super) place: u32,
    /// Files that were looked at.
    pub(super) passed: &'g RefCell<BTreeSet<u32>>,
    /// What was found in folders and packages.
    pub(super) memo: RefCell<HashMap<(Shelf, Name), Option<Node>>>,
}

/// Files whose definitions are known to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shelf {
    Folder(Name),
    Package(Name),
}

impl Linker<'_> {
    /// Returns what a reference means.
    pub(super) fn target(&self, one: &Reference) -> Option<Target> {
        let found = match one.receiver {
            Receiver::None => self.bare(one.from, one.name, one.relation),
            Receiver::Own => {
                let own = self.type_around(one.from).and_then(|own| self.member(own, one.name));
                own.map(|node| (node, sure::SAID)).or_else(|| self.guess(one.name))
            }
            Receiver::Super => self.type_around(one.from).and_then(|own| {
                let above = self.graph.ancestors(own);
                above
                    .into_iter()
                    .find_map(|one_above| self.member(one_above, one.name))
                    .map(|node| (node, sure::SAID))
            }),
            Receiver::Path(path) => match self.stand(one.from, self.graph.names.text(path), 0) {
                Stand::Node(node, confidence) => {
                    let passed_on = || self.exported(node.file, one.name).filter(|_| node.is_file());
                    self.member(node, one.name).or_else(passed_on).map(|node| (node, confidence))
                }
                Stand::Folder(folder) => self.in_folder(folder, one.name).map(|node| (node, sure::IMPORTED)),
                Stand::Package(package) => {
                    self.in_package(package, one.name).map(|node| (node, sure::IMPORTED))
                }
                Stand::Elsewhere => None,
                Stand::Unknown => self.named_in_space(one).or_else(|| self.guess(one.name)),
            },
            Receiver::Value => self.guess(one.name),
        };
        let (node, confidence) = found?;
        let node = self.with_body(node);
        // A call of oneself by an inherited name is real; a base that is oneself is a mistake of ours.
        let is_own_base =
            Some(node.entity) == one.from && node.file == self.place && one.relation != Relation::Calls;
        (!is_own_base).then_some(Target { node, confidence })
    }

    /// A name without a receiver.
    pub(super) fn bare(&self, from: Option<u32>, name: Name, relation: Relation) -> Option<(Node, u8)> {
        let fits = |node: &Node| fits(self.graph.kind(*node), relation);
        let grammar = languages::grammar(self.file.language);
        let mut around = from;
        // A class sees its own name from outside, so that `class A(A)` finds the other.
        if matches!(relation, Relation::Inherits | Relation::Implements | Relation::Decorates) {
            around = from.and_then(|from| self.file.facts.entities[from as usize].parent);
        }
        while let Some(index) = around {
            let entity = &self.file.facts.entities[index as usize];
            let node = Node { file: self.place, entity: index };
            if !entity.kind.is_type() {
                if let Some(found) = self.graph.members(node, name).find(fits) {
                    return Some((found, sure::SAID));
                }
            } else if grammar.silent_self
                && let Some(found) = self.member(node, name).filter(fits)
            {
                return Some((found, sure::SAID));
            }
            around = entity.parent;
        }
        if let Some(found) = self.graph.members(Node::whole(self.place), name).find(fits) {
            return Some((found, sure::SAID));
        }
        let mut is_imported = false;
        for (import, source) in self.file.facts.imports.iter().zip(&self.file.sources) {
            if import.alias == Some(name) {
                is_imported = true;
                match source {
                    Place::Node(node) if !node.is_file() => return Some((*node, sure::IMPORTED)),
                    Place::Node(node) if import.item.is_some() => {
                        if let Some(default) = self.default_of(*node, name, relation) {
                            return Some((default, sure::TYPED));
                        }
                        return (relation != Relation::Calls).then_some((*node, sure::IMPORTED));
                    }
                    Place::Node(node) if relation != Relation::Calls => return Some((*node, sure::IMPORTED)),
                    Place::Node(_) | Place::Folder(_) | Place::Package(_) | Place::Elsewhere => {}
                }
            }
            if import.glob {
                let found = match source {
                    Place::Node(node) if node.is_file() => self.exported(node.file, name),
                    Place::Node(node) => self.graph.members(*node, name).next(),
                    Place::Package(package) => self.in_package(*package, name),
                    Place::Folder(folder) => self.in_folder(*folder, name),
                    Place::Elsewhere => None,
                };
                if let Some(found) = found.filter(fits) {
                    return Some((found, sure::TYPED));
                }
            }
        }
        if is_imported {
            return None;
        }
        let shared = match grammar.modules {
            Modules::Folder => self.in_folder_of_file(name),
            Modules::Package => self.file.facts.package.and_then(|package| self.in_package(package, name)),
            Modules::Include => self.in_included(name),
            Modules::Dotted | Modules::Relative | Modules::Crate | Modules::Project => None,
        };
        if let Some(found) = shared.filter(fits) {
            return Some((found, sure::TYPED));
        }
        match grammar.modules {
            Modules::Include | Modules::Project | Modules::Package | Modules::Crate => {
                self.only(name, relation)
            }
            Modules::Dotted | Modules::Relative | Modules::Folder => None,
        }
    }

    /// What a file exports without a name (`import x from "./x"`): what is called so there, or its only component.
    fn default_of(&self, file: Node, name: Name, relation: Relation) -> Option<Node> {
        let fits = |node: &Node| fits(self.graph.kind(*node), relation);
        let named = self.graph.members(file, name).find(fits);
        named.or_else(|| {
            self.graph.children(file).into_iter().find(|node| self.graph.kind(*node) == Kind::Component)
        })
    }

    /// Notes that a file was looked at.
    pub(super) fn pass(&self, file: u32) {
        self.passed.borrow_mut().insert(file);
    }

    pub(super) fn member(&self, node: Node, name: Name) -> Option<Node> {
        self.graph.member(node, name, &|file| self.pass(file))
    }

    pub(super) fn exported(&self, file: u32, name: Name) -> Option<Node> {
        self.graph.exported(file, name, &|file| self.pass(file), 0)
    }

    pub(super) fn crate_path(&self, path: &str) -> Place {
        self.graph.crate_path(self.place, path, None, &|file| self.pass(file))
    }

    pub(super) fn type_around(&self, from: Option<u32>) -> Option<Node> {
        let mut around = from;
        while let Some(index) = around {
            let entity = &self.file.facts.entities[index as usize];
            if entity.kind.is_type() {
                return Some(Node { file: self.place, entity: index });
            }
            around = entity.parent;
        }
        None
    }

    pub(super) fn in_folder(&self, folder: Name, name: Name) -> Option<Node> {
        let path = self.graph.names.text(folder);
        let is_inside =
            |place: u32| self.graph.file(place).is_some_and(|file| super::index::folder(&file.path) == path);
        self.top_of(Shelf::Folder(folder), name, &is_inside)
    }

    fn in_folder_of_file(&self, name: Name) -> Option<Node> {
        let folder = self.graph.names.known(super::index::folder(&self.file.path))?;
        self.in_folder(folder, name)
    }

    pub(super) fn in_package(&self, package: Name, name: Name) -> Option<Node> {
        let is_inside =
            |place: u32| self.graph.file(place).is_some_and(|file| file.facts.package == Some(package));
        self.top_of(Shelf::Package(package), name, &is_inside)
    }

    /// Returns a definition at the top of a file of a folder or package; asked once for each name of a file.
    fn top_of(&self, shelf: Shelf, name: Name, is_inside: &dyn Fn(u32) -> bool) -> Option<Node> {
        if let Some(known) = self.memo.borrow().get(&(shelf, name)) {
            return *known;
        }
        let at_top = |node: &&Node| {
            let parent = self.graph.parent(**node);
            let is_top =
                parent.is_some_and(|parent| parent.is_file() || self.graph.kind(parent) == Kind::Module);
            is_top && is_inside(node.file)
        };
        let named = self.graph.definitions.get(&name).into_iter().flatten();
        let found = named.take(LOOKED_THROUGH).filter(at_top);
        // A stand-in comes after what it stands for; among equals the order of paths decides, not that of reading.
        let key =
            |node: &&Node| (self.graph.kind(**node) == Kind::Type, self.graph.path(**node), node.entity);
        let found = found.min_by_key(key).copied();
        self.memo.borrow_mut().insert((shelf, name), found);
        found
    }

    /// Looks through what a C file includes, and what that includes.
    fn in_included(&self, name: Name) -> Option<Node> {
        let mut seen = vec![self.place];
        let mut next = 0;
        while let Some(place) = seen.get(next).copied() {
            next += 1;
            self.pass(place);
            let file = self.graph.file(place)?;
            if place != self.place
                && let Some(found) = self.graph.members(Node::whole(place), name).next()
            {
                return Some(found);
            }
            for source in &file.sources {
                if let Place::Node(node) = source
                    && seen.len() < ANCESTORS
                    && !seen.contains(&node.file)
                {
                    seen.push(node.file);
                }
            }
        }
        None
    }

    /// The only definition of that name that the language lets the file see; a declaration does not count beside one.
    fn only(&self, name: Name, relation: Relation) -> Option<(Node, u8)> {
        let named = self.graph.definitions.get(&name)?;
        if named.len() > NAMESAKES {
            return None;
        }
        let seen = |node: &&Node| {
            let parent = self.graph.parent(**node);
            let at_top =
                parent.is_some_and(|parent| parent.is_file() || self.graph.kind(parent) == Kind::Module);
            let meets =
                self.graph.file(node.file).is_some_and(|file| file.language.meets(self.file.language));
            at_top && meets && fits(self.graph.kind(**node), relation)
        };
        let mut seen: Vec<Node> = named.iter().filter(seen).copied().collect();
        if seen.len() > 1 {
            let has_body = |node: &Node| self.graph.entity(*node).is_some_and(|entity| entity.has_body);
            seen.retain(has_body);
        }
        match seen[..] {
            [only] => Some((only, sure::ONLY)),
            _ => None,
        }
    }

    /// `space::name` of C++, where several files add to the space: the only one of that name.
    fn named_in_space(&self, one: &Reference) -> Option<(Node, u8)> {
        let is_include = languages::grammar(self.file.language).modules == Modules::Include;
        let Receiver::Path(path) = one.receiver else { return None };
        let space = self.graph.names.text(path).rsplit('.').next()?;
        let in_space = |(node, _): &(Node, u8)| {
            let parent = self.graph.parent(*node);
            parent.is_some_and(|parent| !parent.is_file() && self.graph.name(parent) == space)
        };
        is_include.then(|| self.only(one.name, one.relation))?.filter(in_space)
    }

    /// The only member of that name in the tree, when nothing says what it is asked of.
    fn guess(&self, name: Name) -> Option<(Node, u8)> {
        let text = self.graph.names.text(name);
        let files = self.graph.mentions.get(&name).map_or(0, Vec::len);
        // What many files call is more likely of a library than of the one type that happens to have it.
        if text.len() < GUESSABLE || files > MENTIONED || COMMON.contains(&text) {
            return None;
        }
        let named = self.graph.definitions.get(&name)?;
        if named.len() > 8 {
            return None;
        }
        let is_member = |node: &&Node| {
            let meets =
                self.graph.file(node.file).is_some_and(|file| file.language.meets(self.file.language));
            meets && self.graph.kind(**node) == Kind::Method
        };
        let mut members = named.iter().filter(is_member);
        match (members.next(), members.next()) {
            (Some(only), None) => Some((*only, sure::GUESSED)),
            _ => None,
        }
    }

    /// What a declaration without a body declares, where it is the only one of that name.
    fn with_body(&self, node: Node) -> Node {
        let Some(entity) = self.graph.entity(node) else { return node };
        let is_declaration = entity.kind.is_callable() && !entity.has_body;
        if !is_declaration || languages::grammar(self.file.language).modules != Modules::Include {
            return node;
        }
        let Some(named) = self.graph.definitions.get(&entity.name) else { return node };
        let mut bodies = named.iter().filter(|other| {
            self.graph.entity(**other).is_some_and(|other| other.has_body && other.kind.is_callable())
        });
        match (bodies.next(), bodies.next()) {
            (Some(only), None) => *only,
            _ => node,
        }
    }
}

/// Answers whether something of a kind can be referred to like that.
fn fits(kind: Kind, relation: Relation) -> bool {
    match relation {
        Relation::Calls | Relation::Decorates => !matches!(kind, Kind::Module),
        // What is mixed in may be a module.
        Relation::Inherits | Relation::Implements => kind.is_type() || kind == Kind::Module,
        Relation::Uses => {
            kind.is_type() || matches!(kind, Kind::Module | Kind::Function | Kind::Variable | Kind::Constant)
        }
        Relation::Imports => true,
    }
}
