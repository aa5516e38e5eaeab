//! What is referred to, imported, bound to a type and decorated.

use tree_sitter::Node;

use super::{LONGEST_NAME, MOST, Visit};
use crate::{
    extract::path::{self, Path},
    facts::{Binding, Import, Receiver, Reference, Relation},
};

/// Most imports of one file: each name is looked for in all of them.
const MOST_IMPORTS: usize = 5_000;
/// Most decorations of one definition.
const MOST_DECORATIONS: usize = 100;

/// Something referred to, its name not yet in the table.
struct Mention<'a> {
    relation: Relation,
    from: Option<u32>,
    receiver: Receiver,
    name: &'a str,
    line: u32,
}

/// Something imported, its words not yet in the table.
struct Taken<'a> {
    module: &'a str,
    item: Option<&'a str>,
    alias: Option<&'a str>,
    glob: bool,
    line: u32,
}

impl Visit<'_> {
    /// Notes that something is referred to by the expression of a node, from the innermost definition.
    pub(crate) fn refer(&mut self, relation: Relation, node: Node<'_>) {
        let from = self.scope();
        self.refer_from(relation, from, node);
    }

    /// Notes that a definition refers to something by the expression of a node.
    pub(crate) fn refer_from(&mut self, relation: Relation, from: Option<u32>, node: Node<'_>) {
        let text = self.text(node);
        let line = node.end_position().row as u32 + 1;
        self.refer_text(relation, from, &text, line);
    }

    /// Notes that a definition refers to something by a path.
    pub(crate) fn refer_text(&mut self, relation: Relation, from: Option<u32>, text: &str, line: u32) {
        if let Some(path) = Path::read(text) {
            let receiver = path::standing(&path.before).unwrap_or_else(|| match path.joined() {
                Some(joined) => Receiver::Path(self.name(&joined)),
                None => Receiver::None,
            });
            self.push(Mention { relation, from, receiver, name: path.last, line });
        }
    }

    /// Notes a reference to a name behind something, at the line of the name.
    pub(crate) fn refer_member(&mut self, relation: Relation, object: Node<'_>, name: Node<'_>) {
        let (before, last) = (self.short_text(object), self.text(name));
        let mut receiver = self.receiver(&before);
        // What is above by the words of another language is a variable here.
        if receiver == Receiver::Super && matches!(object.kind(), "identifier" | "simple_identifier") {
            receiver = Receiver::Path(self.name(&before));
        }
        let from = self.scope();
        let line = name.start_position().row as u32 + 1;
        self.push(Mention { relation, from, receiver, name: &last, line });
    }

    /// Notes a reference to a name of any letters (`empty?`) behind a written receiver; `()` stands for any value,
    /// nothing for none.
    pub(crate) fn refer_behind(&mut self, relation: Relation, before: &str, name: &str, line: u32) {
        let receiver = if before.is_empty() { Receiver::None } else { self.receiver(before) };
        let from = self.scope();
        self.push(Mention { relation, from, receiver, name, line });
    }

    fn receiver(&mut self, before: &str) -> Receiver {
        let Some(path) = Path::read(before) else { return Receiver::Value };
        let mut parts = path.before;
        parts.push(path.last);
        path::standing(&parts).unwrap_or_else(|| Receiver::Path(self.name(&parts.join("."))))
    }

    fn push(&mut self, mention: Mention<'_>) {
        let Mention { relation, from, receiver, name, line } = mention;
        if name.is_empty() || name.len() > LONGEST_NAME {
            return;
        }
        if self.facts.references.len() >= MOST {
            self.facts.cut = true;
            return;
        }
        let name = self.name(name);
        self.facts.references.push(Reference { relation, from, receiver, name, line });
    }

    /// Notes an import. `item` is what is taken, `alias` what it is called here when not by its own name.
    pub(crate) fn import(&mut self, module: &str, item: Option<&str>, alias: Option<&str>, line: u32) {
        self.take(Taken { module, item, alias: alias.or(item), glob: false, line });
    }

    /// Notes an import of everything.
    pub(crate) fn import_all(&mut self, module: &str, line: u32) {
        self.take(Taken { module, item: None, alias: None, glob: true, line });
    }

    /// Notes an import of all members of a type.
    pub(crate) fn import_members(&mut self, module: &str, item: &str, line: u32) {
        self.take(Taken { module, item: Some(item), alias: None, glob: true, line });
    }

    fn take(&mut self, taken: Taken<'_>) {
        let Taken { module, item, alias, glob, line } = taken;
        let fits = |text: &str| text.len() <= LONGEST_NAME;
        if module.is_empty() && item.is_none()
            || !fits(module)
            || !item.is_none_or(fits)
            || !alias.is_none_or(fits)
        {
            return;
        }
        if self.facts.imports.len() >= MOST_IMPORTS {
            self.facts.cut = true;
            return;
        }
        let module = self.name(module);
        let item = item.map(|item| self.name(item));
        let alias = alias.map(|alias| self.name(alias));
        self.facts.imports.push(Import { module, item, alias, glob, idle: false, line });
    }

    /// Returns how many imports were noted so far.
    pub(crate) fn import_count(&self) -> usize {
        self.facts.imports.len()
    }

    /// Says that nothing is loaded by the imports noted after so many.
    pub(crate) fn imports_are_idle(&mut self, after: usize) {
        self.facts.imports.iter_mut().skip(after).for_each(|import| import.idle = true);
    }

    /// Notes the type of a variable, in the innermost definition; of a field (`self.x`), in the type around.
    pub(crate) fn bind(&mut self, variable: &str, type_name: &str) {
        let Some(path) = Path::read(type_name) else { return };
        let Some(variable) = Path::read(variable) else { return };
        if self.facts.bindings.len() >= MOST {
            self.facts.cut = true;
            return;
        }
        let type_name = match path.joined() {
            Some(before) => format!("{before}.{}", path.last),
            None => path.last.to_owned(),
        };
        let (scope, variable) = match path::standing(&variable.before) {
            Some(Receiver::None) => (self.scope(), variable.last.to_owned()),
            Some(Receiver::Own) => (self.type_around(), format!("self.{}", variable.last)),
            Some(Receiver::Super | Receiver::Path(_) | Receiver::Value) | None => return,
        };
        let (variable, type_name) = (self.name(&variable), self.name(&type_name));
        self.facts.bindings.push(Binding { scope, variable, type_name });
    }

    /// Notes what decorates the next definition.
    pub(crate) fn decorate(&mut self, node: Node<'_>) {
        let line = node.end_position().row as u32 + 1;
        let text = self.text(node);
        self.decorate_by(&text, line);
    }

    /// Notes by its path what decorates the next definition.
    pub(crate) fn decorate_by(&mut self, path: &str, line: u32) {
        if self.decorations.len() < MOST_DECORATIONS {
            self.decorations.push((path.to_owned(), line));
        }
    }

    /// Lets `this` stand for the file where no type is around: a component of Vue is one.
    pub(crate) fn own_is_file(&mut self) {
        let mut in_type: Vec<bool> = Vec::with_capacity(self.facts.entities.len());
        for entity in &self.facts.entities {
            // Parents stand before.
            let around = entity.parent.and_then(|parent| in_type.get(parent as usize).copied());
            in_type.push(entity.kind.is_type() || around.unwrap_or(false));
        }
        let outside = |from: Option<u32>| !from.is_some_and(|from| in_type[from as usize]);
        for reference in &mut self.facts.references {
            if reference.receiver == Receiver::Own && outside(reference.from) {
                reference.receiver = Receiver::None;
            }
        }
    }
}
