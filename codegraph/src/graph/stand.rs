//! Where a path before a name leads: a variable of known type, a type, a file, a package, or out of the tree.

use std::cell::RefCell;

use super::{Node, linker::Linker, modules::Place, sure};
use crate::{
    extract::Modules,
    facts::{Import, Kind, Name, Relation},
    languages,
};

/// Where a path leads on its way to its last name.
#[derive(Clone, Copy)]
pub(super) enum Stand {
    Node(Node, u8),
    Folder(Name),
    Package(Name),
    /// Out of the tree: nothing to guess.
    Elsewhere,
    Unknown,
}

impl Linker<'_> {
    /// Follows a path from where it is written.
    pub(super) fn stand(&self, from: Option<u32>, path: &str, depth: usize) -> Stand {
        let mut parts = path.split('.');
        let Some(first) = parts.next() else { return Stand::Unknown };
        let mut parts = parts.peekable();
        let mut stand = match first {
            "self" | "this" | "Self" | "cls" | "$this" | "static" => match self.type_around(from) {
                Some(own) => Stand::Node(own, sure::TYPED),
                None => Stand::Unknown,
            },
            "crate" | "super" if languages::grammar(self.file.language).modules == Modules::Crate => {
                return self.placed(self.crate_path(path));
            }
            first => self.first_part(from, first, path, depth),
        };
        // `import a.b` is known by its whole path.
        if let (Stand::Unknown, Some(_)) = (stand, parts.peek()) {
            let whole =
                |import: &&Import| import.alias.is_some_and(|alias| self.graph.names.text(alias) == path);
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
                    Place::Node(_) | Place::Folder(_) | Place::Package(_) | Place::Elsewhere => {
                        self.placed(*source)
                    }
                };
            }
            // `import os.path` makes `os` known, all of it out of the tree.
            let outer = alias.and_then(|alias| alias.split('.').next());
            if outer == Some(first) && *source == Place::Elsewhere {
                return Stand::Elsewhere;
            }
        }
        match languages::grammar(self.file.language).modules {
            Modules::Crate => match self.crate_path(path) {
                Place::Elsewhere if first.starts_with(char::is_uppercase) => Stand::Elsewhere,
                Place::Elsewhere => Stand::Unknown,
                // The path as a whole was followed; its parts are not to be followed again.
                _ if path.contains('.') => Stand::Unknown,
                place @ (Place::Node(_) | Place::Folder(_) | Place::Package(_)) => self.placed(place),
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
            if let Some(type_name) = self.file.bound.get(&(scope, name)) {
                return Some(self.typed(scope, *type_name, depth));
            }
            scope = match scope {
                Some(index) => self.file.facts.entities[index as usize].parent,
                None => return self.silent_field(from, name, depth),
            };
        }
    }

    /// What a field holds that is named without its object; its type may stand in another file, or be inherited.
    fn silent_field(&self, from: Option<u32>, name: Name, depth: usize) -> Option<Stand> {
        let own = self.type_around(from).filter(|_| languages::grammar(self.file.language).silent_self)?;
        match self.step(own, name, sure::TYPED, depth) {
            Stand::Unknown => None,
            stand @ (Stand::Node(..) | Stand::Folder(_) | Stand::Package(_) | Stand::Elsewhere) => {
                Some(stand)
            }
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
                Stand::Node(node, confidence) => self.member(node, own).map(|node| (node, confidence)),
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
        if let Some(own) = self.graph.names.known(&own) {
            let mut holders = vec![node];
            holders.extend(self.graph.continued(node));
            holders.extend(self.graph.ancestors(node));
            for holder in holders {
                let Some(of) = self.graph.file(holder.file) else { continue };
                if let Some(type_name) = of.bound.get(&(holder.index(), own)) {
                    self.pass(holder.file);
                    let there = Linker {
                        graph: self.graph,
                        file: of,
                        place: holder.file,
                        passed: self.passed,
                        memo: RefCell::default(),
                    };
                    return there.typed(holder.index(), *type_name, depth + 1);
                }
            }
        }
        match self.member(node, name) {
            Some(member) if self.graph.kind(member).is_type() || self.graph.kind(member) == Kind::Module => {
                Stand::Node(member, confidence)
            }
            Some(_) => Stand::Unknown,
            None if node.is_file() => match self.exported(node.file, name) {
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
}
