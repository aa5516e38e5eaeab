//! What is known of one node, or of one file, for who shows it.

use super::{Graph, Node};
use crate::{
    Language,
    facts::{Metrics, Receiver, Relation, Visibility},
};

/// What is known of a node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct About<'g> {
    /// Line of its name, from 1.
    pub line: u32,
    /// First line.
    pub start: u32,
    /// Last line.
    pub end: u32,
    /// Its head in one line; a file has none.
    pub signature: Option<&'g str>,
    /// What is written about it.
    pub doc: Option<&'g str>,
    /// Who may use it; a file says nothing about that.
    pub visibility: Option<Visibility>,
    /// What was measured, where it runs.
    pub metrics: Option<&'g Metrics>,
}

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FileAbout<'g> {
    /// Its language.
    pub language: Language,
    /// Its lines.
    pub lines: u32,
    /// Definitions in it.
    pub entities: usize,
    /// What it says of itself.
    pub doc: Option<&'g str>,
}

/// An import of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// As it is written.
    pub written: String,
    /// The file or definition it means, where that is in the tree.
    pub to: Option<Node>,
    /// Line, from 1.
    pub line: u32,
}

impl Graph {
    /// Returns what is known of a node.
    pub fn about(&self, node: Node) -> About<'_> {
        match self.entity(node) {
            Some(entity) => About {
                line: entity.line,
                start: entity.start,
                end: entity.end,
                signature: Some(&entity.signature),
                doc: entity.doc.as_deref(),
                visibility: Some(entity.visibility),
                metrics: entity.metrics.as_ref(),
            },
            None => {
                let facts = self.file(node.file).map(|file| &file.facts);
                let (doc, end) =
                    (facts.and_then(|facts| facts.doc.as_deref()), facts.map_or(1, |facts| facts.lines));
                About { line: 1, start: 1, end, signature: None, doc, visibility: None, metrics: None }
            }
        }
    }

    /// Returns what is known of the file of a node.
    pub fn file_facts(&self, node: Node) -> FileAbout<'_> {
        let file = self.file(node.file);
        FileAbout {
            language: file.map_or(Language::Python, |file| file.language),
            lines: file.map_or(0, |file| file.facts.lines),
            entities: file.map_or(0, |file| file.facts.entities.len()),
            doc: file.and_then(|file| file.facts.doc.as_deref()),
        }
    }

    /// Returns all files, by path.
    pub fn files_by_path(&self) -> Vec<Node> {
        let mut files: Vec<(&str, Node)> =
            self.all().map(|(place, file)| (&*file.path, Node::whole(place))).collect();
        files.sort_unstable();
        files.into_iter().map(|(_, node)| node).collect()
    }

    /// Returns the files of a name, whatever their folders, by path.
    pub fn files_named(&self, name: &str) -> Vec<Node> {
        let is_named = |node: &Node| self.path(*node).rsplit('/').next() == Some(name);
        self.files_by_path().into_iter().filter(is_named).collect()
    }

    /// Returns the files that refer to a file, by path.
    pub fn referring_files(&self, file: Node) -> Vec<Node> {
        let mut files: Vec<Node> =
            self.referring(file.file).filter(|place| *place != file.file).map(Node::whole).collect();
        files.sort_by(|one, other| self.path(*one).cmp(self.path(*other)));
        files
    }

    /// Returns everything defined in a file, in the order of the text.
    pub fn inside(&self, file: Node) -> Vec<Node> {
        let count = self.file_facts(file).entities as u32;
        (0..count).map(|entity| Node { file: file.file, entity }).collect()
    }

    /// Answers whether one node is another or is inside it.
    pub fn holds(&self, outer: Node, node: Node) -> bool {
        self.is_within(node, outer)
    }

    /// Returns what a node is defined in: an entity, or its file.
    pub fn within(&self, node: Node) -> Option<Node> {
        self.parent(node)
    }

    /// Answers whether a node stands in a file of tests.
    pub fn is_in_tests(&self, node: Node) -> bool {
        self.is_test(node.file)
    }

    /// Returns what a file imports.
    pub fn imports(&self, file: Node) -> Vec<Imported> {
        let imports = self.ties_of_file(file.file).filter(|tie| tie.relation == Relation::Imports);
        imports.map(|tie| Imported { written: self.written(&tie), to: tie.to, line: tie.line }).collect()
    }

    /// Returns what a type inherits from or implements, as it is written.
    pub fn bases(&self, node: Node) -> Vec<String> {
        let is_base = |tie: &super::Tie| matches!(tie.relation, Relation::Inherits | Relation::Implements);
        self.ties_from(node, false).iter().filter(|tie| is_base(tie)).map(|tie| self.written(tie)).collect()
    }

    /// Returns every link of some relations whose target has a name: `Base`, `pkg.Base`, or an id. Links that lead to
    /// something in the tree count by what they lead to, others by what is written.
    pub fn referring_to(&self, target: &str, relations: &[Relation]) -> Vec<super::Tie> {
        let plain = target.replace("::", ".").replace('\\', ".");
        let own = plain.rsplit(['.', '#', ':']).next().unwrap_or(&plain);
        let meant: std::collections::HashSet<Node> = self.named(target, &|_| true).into_iter().collect();
        let name = self.names.known(own);
        let before = plain.rsplit_once('.').map(|(before, _)| before);
        let is_id = target.contains('#');
        let fits = |tie: &super::Tie| {
            if tie.to.is_some_and(|to| meant.contains(&to)) {
                return true;
            }
            if is_id || Some(tie.name) != name || tie.to.is_some() && !meant.is_empty() {
                return false;
            }
            match (before, tie.receiver) {
                (None, _) => true,
                (Some(before), Receiver::Path(path)) => {
                    let path = self.names.text(path);
                    path == before
                        || path.ends_with(&format!(".{before}"))
                        || before.ends_with(&format!(".{path}"))
                }
                (Some(_), Receiver::None | Receiver::Own | Receiver::Super | Receiver::Value) => false,
            }
        };
        let mut files: Vec<u32> = name.into_iter().flat_map(|name| self.mentioning(name)).collect();
        // An alias hides the name where it is used.
        files.extend(meant.iter().flat_map(|node| self.referring(node.file).chain([node.file])));
        files.sort_by(|one, other| self.path(Node::whole(*one)).cmp(self.path(Node::whole(*other))));
        files.dedup();
        let ties = files.into_iter().flat_map(|place| self.ties_of_file(place));
        ties.filter(|tie| relations.contains(&tie.relation) && fits(tie)).collect()
    }

    fn mentioning(&self, name: crate::facts::Name) -> impl Iterator<Item = u32> {
        self.mentions.get(&name).into_iter().flatten().copied()
    }
}
