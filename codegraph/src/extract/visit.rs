//! One walk over a syntax tree, and what the grammars may say on the way.

use std::{borrow::Cow, collections::HashMap};

use tree_sitter::{Node, Tree};

use super::{
    grammar::Compiled,
    measure::{ALIKE, Meter},
    path::{self, Path},
};
use crate::facts::{Binding, Entity, Facts, Import, Kind, Name, Receiver, Reference, Relation, Visibility};

/// Longest name, in bytes; what is longer is no name that a person gave.
const LONGEST_NAME: usize = 200;
/// Longest signature and longest documentation kept, in characters.
const SIGNATURE: usize = 240;
const DOC: usize = 800;
/// Most definitions, and most references, of one file: what is beyond was generated.
const MOST: usize = 50_000;

/// Definitions looked back at to find one by its name.
const RECENT: usize = 1_000;
/// Most decorations of one definition.
const MOST_DECORATIONS: usize = 100;

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
    /// The node the signature begins at, when not the one that defines.
    pub(crate) signature: Option<String>,
}

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
            signature: None,
        }
    }
}

struct Open {
    entity: u32,
    depth: u32,
    meter: Option<Meter>,
    /// Whether its members are those of something implemented.
    implements: bool,
    /// Who may use the members that follow, where a word on its own says so.
    section: Option<Visibility>,
}

/// Comments that stand together, the last ones seen.
#[derive(Default)]
struct Remark {
    last_row: usize,
    start: usize,
    end: usize,
    is_fresh: bool,
}

/// One file being read.
pub(crate) struct Visit<'t> {
    path: &'t str,
    text: &'t [u8],
    facts: Facts,
    table: HashMap<String, Name>,
    open: Vec<Open>,
    depth: u32,
    descend: bool,
    remark: Remark,
    /// First and last row of what stands between the remark and what it is about.
    decorated: Option<(usize, usize)>,
    /// The comment the file begins with, until a definition takes it.
    opening: Option<std::ops::Range<usize>>,
    /// Where the last thing exported stands.
    exported: std::ops::Range<usize>,
    /// What somebody said of what stands in a range: who may use it.
    said: Option<(std::ops::Range<usize>, Visibility)>,
    /// Last row at which a comment may begin that opens the file.
    opens_at: usize,
    /// What decorates the next definition, and at which line.
    decorations: Vec<(String, u32)>,
    /// Types opened again elsewhere, such as `impl X`: parents by name.
    types: HashMap<String, u32>,
    /// Namespaces, by name.
    modules: HashMap<String, u32>,
}

impl<'t> Visit<'t> {
    pub(super) fn new(path: &'t str, text: &'t [u8]) -> Self {
        let lines = text.iter().filter(|byte| **byte == b'\n').count();
        let lines = lines + usize::from(text.last().is_some_and(|byte| *byte != b'\n'));
        Self {
            path,
            text,
            facts: Facts { lines: lines as u32, ..Facts::default() },
            table: HashMap::new(),
            open: Vec::new(),
            depth: 0,
            descend: true,
            remark: Remark::default(),
            decorated: None,
            opening: None,
            exported: 0..0,
            said: None,
            opens_at: 1,
            decorations: Vec::new(),
            types: HashMap::new(),
            modules: HashMap::new(),
        }
    }

    pub(super) fn finish(mut self) -> Facts {
        if let Some(opening) = self.opening.take() {
            let text = String::from_utf8_lossy(self.text.get(opening).unwrap_or_default());
            let plain = unmarked(&text);
            let is_licence =
                ["Copyright", "copyright", "SPDX-", "Licensed under"].iter().any(|word| plain.contains(word));
            if !is_licence && !plain.starts_with('!') {
                self.file_doc(&plain);
            }
        }
        self.facts
    }

    /// Returns the first row of what decorates something at a row.
    fn decorated_above(&self, row: usize) -> Option<usize> {
        let (first, last) = self.decorated?;
        (last == row || last + 1 == row).then_some(first)
    }

    /// The whole text.
    pub(crate) fn source(&self) -> &'t [u8] {
        self.text
    }

    /// Name of the file without its ending.
    pub(crate) fn stem(&self) -> &'t str {
        let name = self.path.rsplit('/').next().unwrap_or(self.path);
        name.split('.').next().unwrap_or(name)
    }

    /// Name of the file.
    pub(crate) fn file_name(&self) -> &'t str {
        self.path.rsplit('/').next().unwrap_or(self.path)
    }

    /// Walks a tree of (parts of) this file.
    pub(super) fn tree(&mut self, tree: &Tree, compiled: &Compiled) {
        let mut cursor = tree.walk();
        self.depth = 0;
        loop {
            self.enter(cursor.node(), compiled);
            if self.descend && cursor.goto_first_child() {
                self.depth += 1;
                continue;
            }
            loop {
                self.leave(compiled.meaning(cursor.node().kind_id()).branch);
                if cursor.goto_next_sibling() {
                    break;
                }
                if !cursor.goto_parent() {
                    return;
                }
                self.depth -= 1;
            }
        }
    }

    fn enter(&mut self, node: Node<'_>, compiled: &Compiled) {
        self.descend = true;
        let kind = node.kind_id();
        if node.is_error() || node.is_missing() {
            self.facts.errors += 1;
            let line = node.start_position().row as u32 + 1;
            self.facts.first_error.get_or_insert(line);
        }
        let meaning = compiled.meaning(kind);
        if meaning.comment {
            self.comment(node);
            self.descend = false;
            return;
        }
        if meaning.between {
            let (first, last) = (node.start_position().row, node.end_position().row);
            let first = self.decorated_above(first).unwrap_or(first);
            self.decorated = Some((first, last));
        }
        if let Some(handler) = meaning.handler {
            handler(self, node);
        }
        if let Some(meter) = self.open.last_mut().and_then(|open| open.meter.as_mut()) {
            if meaning.branch {
                meter.decide();
                meter.nest();
            }
            if meaning.decision {
                meter.decide();
            }
            if meaning.whole && !has_code(node) {
                self.descend = false;
            }
            if meaning.alike || meaning.whole {
                meter.token(ALIKE);
            } else if node.child_count() == 0 {
                meter.token(compiled.hash(kind));
            }
        }
    }

    fn leave(&mut self, branch: bool) {
        if let Some(last) = self.open.last_mut() {
            if last.depth == self.depth {
                let entity = last.entity;
                let metrics = last.meter.take().map(Meter::finish);
                if let Some(metrics) = metrics {
                    self.facts.entities[entity as usize].metrics = Some(metrics);
                }
                self.open.pop();
            } else if branch && let Some(meter) = &mut last.meter {
                meter.unnest();
            }
        }
    }

    fn comment(&mut self, node: Node<'_>) {
        let (first, last) = (node.start_position().row, node.end_position().row);
        // Some grammars let a line comment end at the beginning of the next line.
        let last = if node.end_position().column == 0 && last > first { last - 1 } else { last };
        let follows = self.remark.is_fresh && first <= self.remark.last_row + 1;
        // What stands behind code is about that, not about what comes next.
        if !(follows && self.remark.last_row == first) && self.is_behind_code(node) {
            self.remark.is_fresh = false;
            return;
        }
        if !follows {
            self.remark = Remark { start: node.start_byte(), is_fresh: true, ..Remark::default() };
        }
        self.remark.last_row = last;
        self.remark.end = node.end_byte();
        if first <= self.opens_at && is_for_tools(&self.text(node)) {
            self.remark.is_fresh = false;
            self.opens_at = last + 2;
        } else if first <= self.opens_at && self.facts.entities.is_empty() && self.facts.imports.is_empty() {
            self.opening = Some(self.remark.start..self.remark.end);
        }
    }

    fn is_behind_code(&self, node: Node<'_>) -> bool {
        let before = self.text.get(..node.start_byte()).unwrap_or_default();
        let before = before.strip_prefix(b"\xef\xbb\xbf").unwrap_or(before);
        let last = before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        last.is_some_and(|byte| *byte != b'\n')
    }

    /// Returns the text of a node; bytes that are no UTF-8 become the replacement character.
    pub(crate) fn text(&self, node: Node<'_>) -> Cow<'t, str> {
        String::from_utf8_lossy(self.text.get(node.byte_range()).unwrap_or_default())
    }

    /// Returns the text of a node that may be a path, and nothing of one too long for it: in a chain of calls, each
    /// call's object holds all those before.
    pub(crate) fn short_text(&self, node: Node<'_>) -> Cow<'t, str> {
        if node.byte_range().len() > LONGEST_NAME { Cow::Borrowed("") } else { self.text(node) }
    }

    /// Returns the text of a field of a node.
    pub(crate) fn field(&self, node: Node<'_>, field: &str) -> Option<Cow<'t, str>> {
        node.child_by_field_name(field).map(|child| self.text(child))
    }

    /// Leaves out everything below the node that is entered.
    pub(crate) fn skip(&mut self) {
        self.descend = false;
    }

    /// Returns the kind of the innermost definition around.
    pub(crate) fn within(&self) -> Option<Kind> {
        self.open.last().map(|open| self.facts.entities[open.entity as usize].kind)
    }

    /// Returns the innermost definition around.
    pub(crate) fn scope(&self) -> Option<u32> {
        self.open.last().map(|open| open.entity)
    }

    /// Returns the name of the innermost definition around.
    pub(crate) fn scope_name(&self) -> Option<&str> {
        let scope = self.scope()?;
        Some(self.facts.text(self.facts.entities[scope as usize].name))
    }

    /// Returns the innermost type around, also from within its methods.
    pub(crate) fn type_around(&self) -> Option<u32> {
        let is_type = |open: &&Open| self.facts.entities[open.entity as usize].kind.is_type();
        self.open.iter().rev().find(is_type).map(|open| open.entity)
    }

    /// Returns how many levels of syntax are between the innermost definition around and the node that is entered.
    pub(crate) fn below(&self) -> u32 {
        self.open.last().map_or(self.depth, |open| self.depth.saturating_sub(open.depth))
    }

    /// Answers whether code here runs when something is called, rather than when the file is read.
    pub(crate) fn in_function(&self) -> bool {
        self.open.iter().any(|open| self.facts.entities[open.entity as usize].kind.is_callable())
    }

    /// Returns the comment that stands directly above a row, or above what decorates it, without its marks.
    pub(crate) fn comment_above(&self, row: usize) -> Option<String> {
        let top = self.decorated_above(row).unwrap_or(row);
        let remark = &self.remark;
        if !remark.is_fresh || remark.last_row + 1 != top && remark.last_row != top {
            return None;
        }
        let text = String::from_utf8_lossy(self.text.get(remark.start..remark.end)?);
        let plain = unmarked(&text);
        (!plain.is_empty()).then_some(plain)
    }

    /// Takes the comment a file begins with for what is said of the file, if an empty line or the end follows it.
    pub(crate) fn file_doc(&mut self, doc: &str) {
        if self.facts.doc.is_none() && !doc.trim().is_empty() {
            self.facts.doc = Some(shortened(doc.trim(), DOC));
        }
    }

    /// Lets the comment that opens the file stand after a node, as `<?php`, with an empty line between.
    pub(crate) fn opens_after(&mut self, node: Node<'_>) {
        self.opens_at = node.end_position().row + 2;
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

    /// Defines something at a node, whose inside is part of it. Returns its number, if there is room for it.
    pub(crate) fn define(&mut self, node: Node<'_>, def: Def<'_>) -> Option<u32> {
        let parent = self.scope();
        self.define_in(node, def, parent)
    }

    /// Defines something as a member of a type that was opened elsewhere.
    pub(crate) fn define_in(&mut self, node: Node<'_>, def: Def<'_>, parent: Option<u32>) -> Option<u32> {
        let opened = def.kind.is_callable() || def.kind.is_type() || def.kind == Kind::Module;
        let (callable, parameters) = (def.kind.is_callable(), def.parameters);
        let entity = self.note(node, def, parent)?;
        if opened {
            let meter = callable.then(|| Meter::new(parameters));
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
            self.push(relation, from, receiver, path.last, line);
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
        self.push(relation, from, receiver, &last, name.start_position().row as u32 + 1);
    }

    /// Notes a reference to a name of any letters (`empty?`) behind a written receiver; `()` stands for any value, nothing for none.
    pub(crate) fn refer_behind(&mut self, relation: Relation, before: &str, name: &str, line: u32) {
        let receiver = if before.is_empty() { Receiver::None } else { self.receiver(before) };
        let from = self.scope();
        self.push(relation, from, receiver, name, line);
    }

    fn receiver(&mut self, before: &str) -> Receiver {
        let Some(path) = Path::read(before) else { return Receiver::Value };
        let mut parts = path.before;
        parts.push(path.last);
        path::standing(&parts).unwrap_or_else(|| Receiver::Path(self.name(&parts.join("."))))
    }

    fn push(&mut self, relation: Relation, from: Option<u32>, receiver: Receiver, name: &str, line: u32) {
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
        self.import_as(module, item, alias.or(item), false, line);
    }

    /// Notes an import of everything.
    pub(crate) fn import_all(&mut self, module: &str, line: u32) {
        self.import_as(module, None, None, true, line);
    }

    /// Notes an import of all members of a type.
    pub(crate) fn import_members(&mut self, module: &str, item: &str, line: u32) {
        self.import_as(module, Some(item), None, true, line);
    }

    fn import_as(&mut self, module: &str, item: Option<&str>, alias: Option<&str>, glob: bool, line: u32) {
        let fits = |text: &str| text.len() <= LONGEST_NAME;
        if module.is_empty() && item.is_none()
            || !fits(module)
            || !item.is_none_or(fits)
            || !alias.is_none_or(fits)
        {
            return;
        }
        if self.facts.imports.len() >= MOST {
            self.facts.cut = true;
            return;
        }
        let module = self.name(module);
        let item = item.map(|item| self.name(item));
        let alias = alias.map(|alias| self.name(alias));
        self.facts.imports.push(Import { module, item, alias, glob, line });
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

    /// Says that what stands in a node is exported.
    pub(crate) fn exporting(&mut self, node: Node<'_>) {
        self.exported = node.byte_range();
    }

    /// Answers whether a node stands in what is exported, outside any function or type.
    pub(crate) fn is_exporting(&self, node: Node<'_>) -> bool {
        self.open.is_empty()
            && node.start_byte() >= self.exported.start
            && node.end_byte() <= self.exported.end
    }

    /// Says that what is around implements something: its members are for whoever may use that.
    pub(crate) fn implementing(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.implements = true;
        }
    }

    /// Answers whether what is around implements something.
    pub(crate) fn is_implementing(&self) -> bool {
        self.open.last().is_some_and(|open| open.implements)
    }

    /// Says who may use the members of what is around that follow.
    pub(crate) fn begin_section(&mut self, visibility: Visibility) {
        if let Some(open) = self.open.last_mut() {
            open.section = Some(visibility);
        }
    }

    /// Says who may use what stands in a node.
    pub(crate) fn say_visibility(&mut self, node: Node<'_>, visibility: Visibility) {
        self.said = Some((node.byte_range(), visibility));
    }

    /// Returns who may use what is defined at a node, if somebody said so of it.
    pub(crate) fn said_visibility(&self, node: Node<'_>) -> Option<Visibility> {
        let said = self.said.as_ref().filter(|(range, _)| range.contains(&node.start_byte()));
        said.map(|(_, visibility)| *visibility)
    }

    /// Returns who may use what is defined here, if a section says so.
    pub(crate) fn section(&self) -> Option<Visibility> {
        self.open.last().and_then(|open| open.section)
    }

    /// Returns the last definition of a name in what is around, if it was not long ago.
    pub(crate) fn member(&self, name: &str) -> Option<u32> {
        let (scope, name) = (self.scope(), self.table.get(name)?);
        let recent = self.facts.entities.iter().enumerate().rev().take(RECENT);
        let mut found = recent.filter(|(_, entity)| entity.parent == scope && entity.name == *name);
        found.next().map(|(index, _)| index as u32)
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

    /// Returns the definition made last.
    pub(crate) fn latest(&self) -> Option<u32> {
        (self.facts.entities.len() as u32).checked_sub(1)
    }

    /// Changes a definition made before.
    pub(crate) fn entity_mut(&mut self, entity: u32) -> &mut Entity {
        &mut self.facts.entities[entity as usize]
    }

    fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.table.get(text) {
            return *name;
        }
        let name = Name(self.facts.names.len() as u32);
        self.facts.names.push(text.to_owned());
        self.table.insert(text.to_owned(), name);
        name
    }
}

/// Answers whether there is code in a string: `f"{x()}"`.
fn has_code(string: Node<'_>) -> bool {
    let mut cursor = string.walk();
    string.named_children(&mut cursor).any(|part| part.kind().starts_with("interpolat"))
}

/// Joins the parts of a path by dots.
fn dotted(text: &str) -> String {
    text.replace("::", ".").replace('\\', ".").split_whitespace().collect()
}

/// Answers whether a comment speaks to interpreters and editors: `# frozen_string_literal: true`.
fn is_for_tools(comment: &str) -> bool {
    let text = comment.trim_start_matches(['#', '/', ' ']);
    let words = ["frozen_string_literal:", "-*-", "encoding:", "coding:", "typed:"];
    words.iter().any(|word| text.starts_with(word))
}

/// Cuts a text after so many characters.
pub(crate) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Takes the marks of comments away.
pub(crate) fn unmarked(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        let line = ["///", "//!", "/**", "/*!", "//", "/*", "##", "#", "*/", "* ", "*"]
            .iter()
            .find_map(|mark| line.strip_prefix(mark))
            .unwrap_or(line);
        let line = line.trim_end_matches("*/").trim();
        if !(lines.is_empty() && line.is_empty()) {
            lines.push(line);
        }
    }
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_comments_are_taken_away() {
        assert_eq!(unmarked("/// One.\n/// Two."), "One.\nTwo.");
        assert_eq!(unmarked("/**\n * One.\n *\n * Two.\n */"), "One.\n\nTwo.");
        assert_eq!(unmarked("# One"), "One");
        assert_eq!(unmarked("/* One */"), "One");
    }
}
