//! One walk over a syntax tree: where it stands, and what is open there. What the grammars may say on the way is beside
//! it, by what it is about.

mod define;
mod mark;
mod overhear;
mod refer;
mod remark;
mod say;

use std::{borrow::Cow, collections::HashMap, ops::Range};

use tree_sitter::{Node, Tree};

use super::{
    grammar::Compiled,
    measure::{ALIKE, Meter},
};
use crate::facts::{Facts, Kind, Name, Visibility};

pub(crate) use define::Def;
pub(crate) use overhear::MOST_MENTIONS;
use overhear::Overheard;
use remark::Remark;

/// Longest name, in bytes; what is longer is no name that a person gave.
const LONGEST_NAME: usize = 200;
/// Most definitions, and most references, of one file: what is beyond was generated.
const MOST: usize = 50_000;

struct Open {
    entity: u32,
    depth: u32,
    meter: Option<Meter>,
    /// Whether its members are those of something implemented.
    implements: bool,
    /// Who may use the members that follow, where a word on its own says so.
    section: Option<Visibility>,
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
    opening: Option<Range<usize>>,
    /// Where the last thing exported stands.
    exported: Range<usize>,
    /// What somebody said of what stands in a range: who may use it.
    said: Option<(Range<usize>, Visibility)>,
    /// Last row at which a comment may begin that opens the file.
    opens_at: usize,
    /// What decorates the next definition, and at which line.
    decorations: Vec<(String, u32)>,
    /// Types opened again elsewhere, such as `impl X`: parents by name.
    types: HashMap<String, u32>,
    /// Namespaces, by name.
    modules: HashMap<String, u32>,
    /// Words that stand in the file.
    overheard: Overheard,
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
            overheard: Overheard::default(),
        }
    }

    pub(super) fn finish(mut self) -> Facts {
        self.take_opening();
        self.facts.mentions = self.overheard.mentions();
        self.facts
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
        // Most files parse everywhere, and asking each node about it costs more than all else here.
        let is_torn = tree.root_node().has_error();
        loop {
            let node = cursor.node();
            if is_torn && (node.is_error() || node.is_missing()) {
                self.tear(node);
            }
            self.enter(node, compiled);
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

    /// Counts a place that could not be parsed.
    fn tear(&mut self, node: Node<'_>) {
        self.facts.errors += 1;
        let line = node.start_position().row as u32 + 1;
        self.facts.first_error.get_or_insert(line);
    }

    fn enter(&mut self, node: Node<'_>, compiled: &Compiled) {
        self.descend = true;
        let kind = node.kind_id();
        let meaning = compiled.meaning(kind);
        if meaning.comment {
            self.mark(node);
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
        let is_leaf = node.child_count() == 0;
        if !self.descend {
            self.overheard.all(self.text, node);
        } else if is_leaf || meaning.whole {
            self.overheard.short(self.text, node);
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
            } else if is_leaf {
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
