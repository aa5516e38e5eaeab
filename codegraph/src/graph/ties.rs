//! The links of the graph as questions see them: from one node to another, or to a name that is not found.

use super::{Graph, Node, modules::Place};
use crate::facts::{Name, Receiver, Relation};

/// One link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tie {
    /// Who refers.
    pub from: Node,
    /// To what; absent when it is not found in the tree.
    pub to: Option<Node>,
    /// How.
    pub relation: Relation,
    /// The name as it is written, its last part.
    pub(crate) name: Name,
    /// What stands before the name.
    pub(crate) receiver: Receiver,
    /// Line, from 1.
    pub line: u32,
    /// How sure the link is, in hundredths.
    pub confidence: u8,
}

/// Links, as they are asked for.
pub type Ties = Vec<Tie>;

impl Graph {
    /// Returns every link of a file, its imports first, in the order of the text.
    pub(crate) fn ties_of_file(&self, place: u32) -> impl Iterator<Item = Tie> {
        let file = self.file(place);
        let imports = file.into_iter().flat_map(move |file| {
            file.facts.imports.iter().zip(&file.sources).map(move |(import, source)| Tie {
                from: Node::whole(place),
                to: match source {
                    Place::Node(node) => Some(*node),
                    Place::Folder(folder) => self.first_of(self.index.of_folder(self.names.text(*folder))),
                    Place::Package(package) => self.first_of(self.index.of_package(*package)),
                    Place::Elsewhere => None,
                },
                relation: Relation::Imports,
                name: import.item.unwrap_or(import.module),
                receiver: import.item.map_or(Receiver::None, |_| Receiver::Path(import.module)),
                line: import.line,
                confidence: super::sure::IMPORTED,
            })
        });
        let references = file.into_iter().flat_map(move |file| {
            file.facts.references.iter().zip(&file.targets).map(move |(one, target)| Tie {
                from: Node::of(place, one.from),
                to: target.map(|target| target.node),
                relation: one.relation,
                name: one.name,
                receiver: one.receiver,
                line: one.line,
                confidence: target.map_or(0, |target| target.confidence),
            })
        });
        imports.chain(references)
    }

    /// Returns the links that leave a node, those of its members too when `deep`.
    pub fn ties_from(&self, node: Node, deep: bool) -> Ties {
        let inside = |tie: &Tie| tie.from == node || deep && self.is_within(tie.from, node);
        self.ties_of_file(node.file).filter(inside).collect()
    }

    /// Returns the links that come to a node, those to its members too when `deep`.
    pub fn ties_to(&self, node: Node, deep: bool) -> Ties {
        let meant = |tie: &Tie| tie.to.is_some_and(|to| to == node || deep && self.is_within(to, node));
        let mut files: Vec<u32> = self.referring(node.file).chain([node.file]).collect();
        files.sort_unstable();
        files.dedup();
        files.into_iter().flat_map(|place| self.ties_of_file(place)).filter(meant).collect()
    }

    /// Answers whether one node is inside another.
    pub(crate) fn is_within(&self, node: Node, outer: Node) -> bool {
        if node.file != outer.file {
            return false;
        }
        let mut at = Some(node);
        while let Some(here) = at {
            if here == outer {
                return true;
            }
            at = self.parent(here);
        }
        false
    }

    /// Returns what a link names, as it is written.
    pub fn written(&self, tie: &Tie) -> String {
        let name = self.names.text(tie.name);
        let joint = if tie.relation == Relation::Imports { ":" } else { "." };
        match tie.receiver {
            Receiver::None => name.to_owned(),
            Receiver::Own => format!("self.{name}"),
            Receiver::Super => format!("super.{name}"),
            Receiver::Path(path) => format!("{}{joint}{name}", self.names.text(path)),
            Receiver::Value => format!("….{name}"),
        }
    }
}
