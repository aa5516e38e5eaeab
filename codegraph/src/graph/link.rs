//! Which definition each reference means: names within the file, then what it imports, then what its language shows it,
//! each step with how sure it is. What is not found stays so, until a file comes that has it.

use std::{
    collections::{BTreeSet, HashSet},
    thread,
};

use super::{File, Graph, Node, Target, modules::Place, sure};
use crate::{
    extract::Modules,
    facts::{Kind, Name, Receiver, Reference, Relation},
    languages,
};

/// Ancestors of a type that are looked through.
const ANCESTORS: usize = 64;
/// Definitions of one name that are looked through.
const NAMESAKES: usize = 64;
/// Files linked by one thread at a time.
const PORTION: usize = 64;
/// Shortest name of a member that is guessed at without knowing what it is a member of.
const GUESSABLE: usize = 4;

/// Which references a round is about: each builds on those before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Round {
    Imports,
    Ancestors,
    Others,
}

/// Where a path leads on its way to its last name.
#[derive(Clone, Copy)]
enum Stand {
    Node(Node, u8),
    Folder(Name),
    Package(Name),
    /// Out of the tree: nothing to guess.
    Elsewhere,
    Unknown,
}

enum Found {
    Sources(Vec<Place>),
    Targets(Vec<(usize, Option<Target>)>),
}

impl Graph {
    /// Links what changed since the last time, and what that may have changed for others, on so many threads.
    pub fn link(&mut self, threads: usize) {
        let mut stale: HashSet<u32> = std::mem::take(&mut self.stale_files);
        for name in std::mem::take(&mut self.stale_names) {
            stale.extend(self.mentions.get(&name).into_iter().flatten());
        }
        stale.retain(|place| self.file(*place).is_some());
        let mut stale: Vec<u32> = stale.into_iter().collect();
        stale.sort_unstable();
        for round in [Round::Imports, Round::Ancestors, Round::Others] {
            let found = self.round(&stale, round, threads.max(1));
            for (place, found) in found {
                let Some(file) = self.files[place as usize].as_mut() else { continue };
                match found {
                    Found::Sources(sources) => file.sources = sources,
                    Found::Targets(targets) => {
                        targets.into_iter().for_each(|(index, target)| file.targets[index] = target);
                    }
                }
            }
        }
        for place in stale {
            self.tie(place);
        }
    }

    fn round(&self, stale: &[u32], round: Round, threads: usize) -> Vec<(u32, Found)> {
        let portions = stale.chunks(PORTION);
        if stale.len() <= PORTION || threads == 1 {
            return stale.iter().filter_map(|place| Some((*place, self.links(*place, round)?))).collect();
        }
        let next = parking_lot::Mutex::new(portions);
        let work = || {
            let mut done = Vec::new();
            loop {
                // Taken in a statement of its own: the lock ends with it.
                let portion = next.lock().next();
                let Some(portion) = portion else { return done };
                done.extend(portion.iter().filter_map(|place| Some((*place, self.links(*place, round)?))));
            }
        };
        thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
            let mut all = work();
            for other in others {
                match other.join() {
                    Ok(done) => all.extend(done),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            all
        })
    }

    fn links(&self, place: u32, round: Round) -> Option<Found> {
        let file = self.file(place)?;
        if round == Round::Imports {
            let sources = file.facts.imports.iter().map(|import| self.locate(place, import));
            return Some(Found::Sources(sources.collect()));
        }
        let asked = |one: &Reference| {
            let of_ancestors = matches!(one.relation, Relation::Inherits | Relation::Implements);
            of_ancestors == (round == Round::Ancestors)
        };
        let linker = Linker { graph: self, file, place };
        let each = file.facts.references.iter().enumerate().filter(|(_, one)| asked(one));
        Some(Found::Targets(each.map(|(index, one)| (index, linker.target(one))).collect()))
    }

    /// Notes which files a file refers to.
    fn tie(&mut self, place: u32) {
        let Some(file) = self.files[place as usize].as_mut() else { return };
        let mut outgoing: BTreeSet<u32> =
            file.targets.iter().flatten().map(|target| target.node.file).collect();
        for source in &file.sources {
            match source {
                Place::Node(node) => {
                    outgoing.insert(node.file);
                }
                Place::Folder(folder) => outgoing.extend(self.index.of_folder(self.names.text(*folder))),
                Place::Package(package) => outgoing.extend(self.index.of_package(*package)),
                Place::Elsewhere => {}
            }
        }
        let before = std::mem::replace(&mut file.outgoing, outgoing.clone());
        for gone in before.difference(&outgoing) {
            if let Some(incoming) = self.incoming.get_mut(gone) {
                incoming.remove(&place);
            }
        }
        for new in outgoing.difference(&before) {
            self.incoming.entry(*new).or_default().insert(place);
        }
    }

    /// Returns the direct ancestors of a type that are in the tree.
    pub(crate) fn ancestors(&self, node: Node) -> Vec<Node> {
        let Some(file) = self.file(node.file) else { return Vec::new() };
        let own = file.facts.references.iter().zip(&file.targets).filter(|(one, _)| {
            one.from == node.index() && matches!(one.relation, Relation::Inherits | Relation::Implements)
        });
        own.filter_map(|(_, target)| Some((*target)?.node)).collect()
    }

    /// Returns a member of a type, its own or an inherited one; of the file as a whole, a definition at its top.
    pub(crate) fn member(&self, node: Node, name: Name) -> Option<Node> {
        let mut seen = vec![node];
        let mut next = 0;
        while let Some(at) = seen.get(next).copied() {
            next += 1;
            if let Some(member) = self.own_member(at, name) {
                return Some(member);
            }
            if seen.len() < ANCESTORS {
                let above = self.ancestors(at);
                seen.extend(above.into_iter().filter(|one| !seen.contains(one)).collect::<Vec<_>>());
            }
        }
        None
    }

    /// Returns a type's own member, also where the type is continued in another file.
    fn own_member(&self, node: Node, name: Name) -> Option<Node> {
        if let Some(member) = self.members(node, name).next() {
            return Some(member);
        }
        let entity = self.entity(node).filter(|entity| entity.kind.is_type())?;
        let language = self.file(node.file)?.language;
        let others = self.definitions.get(&entity.name)?.iter().take(NAMESAKES);
        let continues = |other: &&Node| {
            **other != node
                && self.entity(**other).is_some_and(|entity| entity.kind.is_type())
                && self.file(other.file).is_some_and(|file| file.language.meets(language))
                && self.continues(**other, node)
        };
        others.filter(continues).find_map(|other| self.members(*other, name).next())
    }

    /// Answers whether one of two types of the same name only adds to the other: it was declared without a body of its
    /// own, or their language lets a type be opened again.
    fn continues(&self, one: Node, other: Node) -> bool {
        let opened_again = |node: Node| self.kind(node) == Kind::Type;
        let by_language = || {
            let language = self.file(one.file).map(|file| file.language);
            let modules = language.map(|language| languages::grammar(language).modules);
            matches!(modules, Some(Modules::Project | Modules::Include))
        };
        opened_again(one) || opened_again(other) || by_language()
    }
}

/// Links the references of one file.
struct Linker<'g> {
    graph: &'g Graph,
    file: &'g File,
    place: u32,
}

impl Linker<'_> {
    fn target(&self, one: &Reference) -> Option<Target> {
        let found = match one.receiver {
            Receiver::None => self.bare(one.from, one.name, one.relation),
            Receiver::Own => {
                let own = self.type_around(one.from).and_then(|own| self.graph.member(own, one.name));
                own.map(|node| (node, sure::SAID)).or_else(|| self.guess(one.name))
            }
            Receiver::Super => self.type_around(one.from).and_then(|own| {
                let above = self.graph.ancestors(own);
                above
                    .into_iter()
                    .find_map(|one_above| self.graph.member(one_above, one.name))
                    .map(|node| (node, sure::SAID))
            }),
            Receiver::Path(path) => match self.stand(one.from, self.graph.names.text(path), 0) {
                Stand::Node(node, confidence) => {
                    self.graph.member(node, one.name).map(|node| (node, confidence))
                }
                Stand::Folder(folder) => self.in_folder(folder, one.name).map(|node| (node, sure::IMPORTED)),
                Stand::Package(package) => {
                    self.in_package(package, one.name).map(|node| (node, sure::IMPORTED))
                }
                Stand::Elsewhere => None,
                Stand::Unknown => self.guess(one.name),
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
    fn bare(&self, from: Option<u32>, name: Name, relation: Relation) -> Option<(Node, u8)> {
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
                && let Some(found) = self.graph.member(node, name).filter(fits)
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
                    Place::Node(node) if relation != Relation::Calls => return Some((*node, sure::IMPORTED)),
                    Place::Node(node) if import.item.is_some() => {
                        // `import x from "./x"`: the file's default is what has its name, or its only class.
                        let default = self.graph.members(Node::whole(node.file), name).find(fits);
                        return default.map(|node| (node, sure::TYPED));
                    }
                    Place::Node(_) | Place::Folder(_) | Place::Package(_) | Place::Elsewhere => {}
                }
            }
            if import.glob {
                let found = match source {
                    Place::Node(node) if node.is_file() => self.graph.exported(node.file, name, 0),
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

    /// Follows a path from where it is written.
    fn stand(&self, from: Option<u32>, path: &str, depth: usize) -> Stand {
        let mut parts = path.split('.');
        let Some(first) = parts.next() else { return Stand::Unknown };
        let mut parts = parts.peekable();
        let mut stand = match first {
            "self" | "this" | "Self" | "cls" | "$this" | "static" => match self.type_around(from) {
                Some(own) => Stand::Node(own, sure::TYPED),
                None => Stand::Unknown,
            },
            "crate" | "super" if languages::grammar(self.file.language).modules == Modules::Crate => {
                return self.placed(self.graph.crate_path(self.place, path, None, 0));
            }
            first => self.first_part(from, first, path, depth),
        };
        // `import a.b` is known by its whole path.
        if let (Stand::Unknown, Some(_)) = (stand, parts.peek()) {
            let whole = |import: &&crate::facts::Import| {
                import.alias.is_some_and(|alias| self.graph.names.text(alias) == path)
            };
            if let Some(at) = self.file.facts.imports.iter().position(|import| whole(&import)) {
                return self.placed(self.file.sources[at]);
            }
        }
        for part in parts {
            let Some(name) = self.graph.names.known(part) else { return Stand::Unknown };
            stand = match stand {
                Stand::Node(node, confidence) => self.step(node, name, confidence, depth),
                Stand::Folder(folder) => self
                    .in_folder(folder, name)
                    .map_or(Stand::Unknown, |node| Stand::Node(node, sure::IMPORTED)),
                Stand::Package(package) => self
                    .in_package(package, name)
                    .map_or(Stand::Unknown, |node| Stand::Node(node, sure::IMPORTED)),
                Stand::Elsewhere | Stand::Unknown => return stand,
            };
        }
        stand
    }

    /// What the first part of a path stands for: a variable of known type, a type, something imported.
    fn first_part(&self, from: Option<u32>, first: &str, path: &str, depth: usize) -> Stand {
        let Some(name) = self.graph.names.known(first) else { return Stand::Unknown };
        if let Some(stand) = self.variable(from, name, depth) {
            return stand;
        }
        if let Some((node, confidence)) = self.bare(from, name, Relation::Uses)
            && (self.graph.kind(node).is_type() || self.graph.kind(node) == Kind::Module)
        {
            return Stand::Node(node, confidence);
        }
        for (import, source) in self.file.facts.imports.iter().zip(&self.file.sources) {
            let alias = import.alias.map(|alias| self.graph.names.text(alias));
            if alias == Some(first) {
                return match source {
                    Place::Node(node) if self.graph.kind(*node) == Kind::Function => Stand::Unknown,
                    source => self.placed(*source),
                };
            }
            // `import os.path` makes `os` known, all of it out of the tree.
            let outer = alias.and_then(|alias| alias.split('.').next());
            if outer == Some(first) && *source == Place::Elsewhere {
                return Stand::Elsewhere;
            }
        }
        match languages::grammar(self.file.language).modules {
            Modules::Crate => match self.graph.crate_path(self.place, path, None, 0) {
                Place::Elsewhere if first.starts_with(char::is_uppercase) => Stand::Elsewhere,
                Place::Elsewhere => Stand::Unknown,
                // The path as a whole was followed; its parts are not to be followed again.
                _ if path.contains('.') => Stand::Unknown,
                place => self.placed(place),
            },
            Modules::Package | Modules::Project if first.starts_with(char::is_uppercase) => Stand::Elsewhere,
            Modules::Dotted
            | Modules::Relative
            | Modules::Folder
            | Modules::Package
            | Modules::Include
            | Modules::Project => Stand::Unknown,
        }
    }

    /// What a variable holds, where the syntax says so.
    fn variable(&self, from: Option<u32>, name: Name, depth: usize) -> Option<Stand> {
        let mut scope = from;
        loop {
            let here = self.file.facts.bindings.iter().rev();
            let bound = here.clone().find(|one| one.scope == scope && one.variable == name);
            if let Some(bound) = bound {
                return Some(self.typed(scope, bound.type_name, depth));
            }
            scope = match scope {
                Some(index) => self.file.facts.entities[index as usize].parent,
                None => return None,
            };
        }
    }

    /// The type of that name, or the class that a call of that name makes.
    fn typed(&self, scope: Option<u32>, type_name: Name, depth: usize) -> Stand {
        // A variable named like its type, or two that name each other, would go round for ever.
        if depth > 4 {
            return Stand::Unknown;
        }
        let path = self.graph.names.text(type_name);
        let (before, own) = match path.rsplit_once('.') {
            Some((before, own)) => (Some(before), own),
            None => (None, path),
        };
        if own == "Self" {
            return self.type_around(scope).map_or(Stand::Unknown, |own| Stand::Node(own, sure::TYPED));
        }
        let Some(own) = self.graph.names.known(own) else { return Stand::Elsewhere };
        let found = match before {
            None => self.bare(scope, own, Relation::Uses),
            Some(before) => match self.stand(scope, before, depth + 1) {
                Stand::Node(node, confidence) => self.graph.member(node, own).map(|node| (node, confidence)),
                Stand::Folder(folder) => self.in_folder(folder, own).map(|node| (node, sure::TYPED)),
                Stand::Package(package) => self.in_package(package, own).map(|node| (node, sure::TYPED)),
                Stand::Elsewhere => return Stand::Elsewhere,
                Stand::Unknown => None,
            },
        };
        match found {
            Some((node, confidence)) if self.graph.kind(node).is_type() => {
                Stand::Node(node, confidence.min(sure::TYPED))
            }
            // Something is called whose result nobody declared.
            Some(_) => Stand::Unknown,
            None => Stand::Elsewhere,
        }
    }

    /// One step of a path: into a type, a file, or what a field holds.
    fn step(&self, node: Node, name: Name, confidence: u8, depth: usize) -> Stand {
        let own = format!("self.{}", self.graph.names.text(name));
        if let (Some(own), Some(file)) = (self.graph.names.known(&own), self.graph.file(node.file)) {
            let mut holders = vec![node];
            holders.extend(self.graph.ancestors(node));
            for holder in holders {
                let Some(of) = self.graph.file(holder.file) else { continue };
                let bound =
                    of.facts.bindings.iter().find(|one| one.scope == holder.index() && one.variable == own);
                if let Some(bound) = bound {
                    let there = Linker { graph: self.graph, file: of, place: holder.file };
                    return there.typed(holder.index(), bound.type_name, depth + 1);
                }
            }
            let _ = file;
        }
        match self.graph.member(node, name) {
            Some(member) if self.graph.kind(member).is_type() || self.graph.kind(member) == Kind::Module => {
                Stand::Node(member, confidence)
            }
            Some(_) => Stand::Unknown,
            None if node.is_file() => match self.graph.exported(node.file, name, 0) {
                Some(found) => Stand::Node(found, confidence),
                None => Stand::Unknown,
            },
            None => Stand::Unknown,
        }
    }

    fn placed(&self, place: Place) -> Stand {
        match place {
            Place::Node(node) => Stand::Node(node, sure::IMPORTED),
            Place::Folder(folder) => Stand::Folder(folder),
            Place::Package(package) => Stand::Package(package),
            Place::Elsewhere => Stand::Elsewhere,
        }
    }

    fn type_around(&self, from: Option<u32>) -> Option<Node> {
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

    fn in_folder(&self, folder: Name, name: Name) -> Option<Node> {
        let files = self.graph.index.of_folder(self.graph.names.text(folder));
        self.top_of(files, name)
    }

    fn in_folder_of_file(&self, name: Name) -> Option<Node> {
        let folder = super::modules::folder(&self.file.path);
        self.top_of(self.graph.index.of_folder(folder), name)
    }

    fn in_package(&self, package: Name, name: Name) -> Option<Node> {
        self.top_of(self.graph.index.of_package(package), name)
    }

    fn top_of(&self, files: impl Iterator<Item = u32>, name: Name) -> Option<Node> {
        // Few definitions have one name, many files may share a folder.
        let files: HashSet<u32> = files.collect();
        let named = self.graph.definitions.get(&name)?.iter();
        let at_top = |node: &&Node| {
            let parent = self.graph.parent(**node);
            files.contains(&node.file)
                && parent.is_some_and(|parent| parent.is_file() || self.graph.kind(parent) == Kind::Module)
        };
        let found: Vec<Node> = named.filter(at_top).take(NAMESAKES).copied().collect();
        let whole = found.iter().find(|node| self.graph.kind(**node) != Kind::Type);
        whole.or(found.first()).copied()
    }

    /// Looks through what a C file includes, and what that includes.
    fn in_included(&self, name: Name) -> Option<Node> {
        let mut seen = vec![self.place];
        let mut next = 0;
        while let Some(place) = seen.get(next).copied() {
            next += 1;
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

    /// The only member of that name in the tree, when nothing says what it is asked of.
    fn guess(&self, name: Name) -> Option<(Node, u8)> {
        if self.graph.names.text(name).len() < GUESSABLE {
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
        Relation::Inherits | Relation::Implements => kind.is_type(),
        Relation::Uses => {
            kind.is_type() || matches!(kind, Kind::Module | Kind::Function | Kind::Variable | Kind::Constant)
        }
        Relation::Imports => true,
    }
}
