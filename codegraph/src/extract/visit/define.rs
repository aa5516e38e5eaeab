//! What is defined: its name, its head, what it is a member of.

use tree_sitter::Node;

use super::{LONGEST_NAME, MOST, Meter, Open, Visit, remark::DOC, remark::shortened};
use crate::facts::{Entity, Kind, Relation, Visibility};

/// Longest signature kept, in characters.
const SIGNATURE: usize = 240;
/// Definitions looked back at to find one by its name.
const RECENT: usize = 1_000;

/// Something to define.
pub(crate) struct Def<'n> {
    pub(crate) kind: Kind,
    pub(crate) name: String,
    /// Where the name stands, when not where the node begins.
    pub(crate) at: Option<Node<'n>>,
    /// Where the head ends and the body begins.
    pub(crate) body: Option<Node<'n>>,
    /// The list of parameters.
    pub(crate) parameters: u32,
    pub(crate) visibility: Visibility,
    /// Documentation; absent is the comment above.
    pub(crate) doc: Option<String>,
    /// Lines of documentation that stand inside.
    pub(crate) doc_lines: u32,
    /// The node the signature begins at, when not the one that defines.
    pub(crate) signature: Option<String>,
}

/// Definitions inside one another; deeper ones were generated, and names are looked for through all of them.
const DEEPEST: usize = 64;

impl<'n> Def<'n> {
    /// Something public of that name.
    pub(crate) fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
            at: None,
            body: None,
            parameters: 0,
            visibility: Visibility::Public,
            doc: None,
            doc_lines: 0,
            signature: None,
        }
    }
}

impl Visit<'_> {
    /// Defines something at a node, whose inside is part of it. Returns its number, if there is room for it.
    pub(crate) fn define(&mut self, node: Node<'_>, def: Def<'_>) -> Option<u32> {
        let parent = self.scope();
        self.define_in(node, def, parent)
    }

    /// Defines something as a member of a type that was opened elsewhere.
    pub(crate) fn define_in(&mut self, node: Node<'_>, def: Def<'_>, parent: Option<u32>) -> Option<u32> {
        let opened = def.kind.is_callable() || def.kind.is_type() || def.kind == Kind::Module;
        if opened && self.open.len() >= DEEPEST {
            self.facts.cut = true;
            return None;
        }
        let (callable, parameters, doc_lines) = (def.kind.is_callable(), def.parameters, def.doc_lines);
        let entity = self.note(node, def, parent)?;
        if opened {
            let meter = callable.then(|| Meter::new(parameters, doc_lines));
            self.open.push(Open { entity, depth: self.depth, meter, implements: false, section: None });
        }
        Some(entity)
    }

    /// Goes on with a type defined before: the inside of the node is part of it.
    pub(crate) fn reopen(&mut self, entity: u32) {
        self.open.push(Open { entity, depth: self.depth, meter: None, implements: false, section: None });
    }

    /// Returns a type of that name defined in this file.
    pub(crate) fn known_type(&self, name: &str) -> Option<u32> {
        self.types.get(name).copied()
    }

    /// Returns a namespace of that name defined in this file.
    pub(crate) fn known_module(&self, name: &str) -> Option<u32> {
        self.modules.get(name).copied()
    }

    /// Returns the type of that name of this file, else one that stands in for it: a member is defined outside its type.
    pub(crate) fn type_or_stand_in(
        &mut self,
        node: Node<'_>,
        name: &str,
        visibility: Visibility,
    ) -> Option<u32> {
        if let Some(known) = self.known_type(name) {
            return Some(known);
        }
        // What is written above is about the member.
        let (fresh, decorated) = (self.remark.is_fresh, self.decorated.take());
        let decorations = std::mem::take(&mut self.decorations);
        self.remark.is_fresh = false;
        let scope = self.scope();
        let entity = self.note(node, Def { visibility, ..Def::new(Kind::Type, name) }, scope);
        self.remark.is_fresh = fresh;
        (self.decorated, self.decorations) = (decorated, decorations);
        entity
    }

    /// Defines something without an inside, such as one of several names in a statement.
    pub(crate) fn note(&mut self, node: Node<'_>, def: Def<'_>, parent: Option<u32>) -> Option<u32> {
        if def.name.is_empty() || def.name.len() > LONGEST_NAME {
            self.facts.cut |= !def.name.is_empty();
            return None;
        }
        if self.facts.entities.len() >= MOST {
            self.facts.cut = true;
            return None;
        }
        let row = node.start_position().row;
        let remark = self.comment_above(row);
        let doc_is_opening = remark.is_some();
        let doc = def.doc.or(remark);
        let start = self.decorated_above(row).unwrap_or(row);
        let signature = def.signature.unwrap_or_else(|| self.head(node, def.body));
        let end = node.end_position();
        let last_row = if end.column == 0 && end.row > row { end.row - 1 } else { end.row };
        if let Some(at) = def.at {
            self.overheard.defined(at);
        }
        let entity = self.facts.entities.len() as u32;
        if def.kind.is_type() {
            self.types.entry(def.name.clone()).or_insert(entity);
        } else if def.kind == Kind::Module {
            self.modules.entry(def.name.clone()).or_insert(entity);
        }
        let name = self.name(&def.name);
        self.facts.entities.push(Entity {
            kind: def.kind,
            name,
            parent,
            line: def.at.map_or(row, |at| at.start_position().row) as u32 + 1,
            start: start as u32 + 1,
            end: last_row as u32 + 1,
            signature,
            doc: doc.map(|doc| shortened(doc.trim(), DOC)).filter(|doc| !doc.is_empty()),
            visibility: def.visibility,
            has_body: def.body.is_some(),
            metrics: None,
        });
        if self.opening.as_ref().is_some_and(|opening| doc_is_opening && opening.start == self.remark.start) {
            self.opening = None;
        }
        for (path, line) in std::mem::take(&mut self.decorations) {
            self.refer_text(Relation::Decorates, Some(entity), &path, line);
        }
        // A comment is about one thing.
        self.remark.is_fresh = false;
        self.decorated = None;
        Some(entity)
    }

    /// Returns the text of a node up to its body, in one line.
    pub(crate) fn head(&self, node: Node<'_>, body: Option<Node<'_>>) -> String {
        self.head_from(node, node, body)
    }

    /// Returns the text of a node from something in it (past its annotations) up to its body, in one line.
    pub(crate) fn head_from(&self, first: Node<'_>, node: Node<'_>, body: Option<Node<'_>>) -> String {
        let start = first.start_byte();
        let end = body.map_or(node.end_byte(), |body| body.start_byte()).min(start + 4 * SIGNATURE);
        let text = String::from_utf8_lossy(self.text.get(start..end).unwrap_or_default());
        let mut line = String::with_capacity(SIGNATURE);
        for word in text.split_whitespace() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        let line = line
            .trim_end_matches(['{', ':', '=', ' '])
            .replace("( ", "(")
            .replace(" )", ")")
            .replace(",)", ")");
        shortened(&line, SIGNATURE)
    }

    /// Returns the last definition of a name in what is around, if it was not long ago.
    pub(crate) fn member(&self, name: &str) -> Option<u32> {
        let (scope, name) = (self.scope(), self.table.get(name)?);
        let recent = self.facts.entities.iter().enumerate().rev().take(RECENT);
        let mut found = recent.filter(|(_, entity)| entity.parent == scope && entity.name == *name);
        found.next().map(|(index, _)| index as u32)
    }

    /// Returns the definition made last.
    pub(crate) fn latest(&self) -> Option<u32> {
        (self.facts.entities.len() as u32).checked_sub(1)
    }

    /// Changes a definition made before.
    pub(crate) fn entity_mut(&mut self, entity: u32) -> &mut Entity {
        &mut self.facts.entities[entity as usize]
    }

    /// Returns the package or namespace declared so far.
    pub(crate) fn package_name(&self) -> Option<&str> {
        self.facts.package.map(|package| self.facts.text(package))
    }

    /// Declares the package or namespace of the file.
    pub(crate) fn package(&mut self, package: &str) {
        let name = self.name(&dotted(package));
        self.facts.package.get_or_insert(name);
    }
}

/// Joins the parts of a path by dots.
fn dotted(text: &str) -> String {
    text.replace("::", ".").replace('\\', ".").split_whitespace().collect()
}
