//! What is said of definitions from around them: sections, exports, who may use them.

use tree_sitter::Node;

use super::Visit;
use crate::facts::Visibility;

impl Visit<'_> {
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
}
