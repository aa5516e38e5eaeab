//! What stands before the word of a definition of Kotlin: annotations and modifiers.

use tree_sitter::Node;

use super::{child, type_path};
use crate::{extract::Visit, facts::Visibility};

/// What stands before the word of a definition.
pub(super) struct Head<'n> {
    pub(super) visibility: Visibility,
    pub(super) is_const: bool,
    /// Where it begins past its annotations.
    pub(super) first: Node<'n>,
}

/// Reads modifiers, and notes annotations for the definition that is made next.
pub(super) fn head<'n>(visit: &mut Visit<'_>, node: Node<'n>) -> Head<'n> {
    let mut head = Head { visibility: Visibility::Public, is_const: false, first: node };
    let mut cursor = node.walk();
    let mut children = node.children(&mut cursor);
    let Some(modifiers) = children.next().filter(|child| child.kind() == "modifiers") else { return head };
    head.first = children.next().unwrap_or(node);
    let mut is_first = true;
    let mut cursor = modifiers.walk();
    for word in modifiers.named_children(&mut cursor) {
        match word.kind() {
            "annotation" => {
                annotation(visit, word);
                continue;
            }
            "line_comment" | "multiline_comment" => continue,
            "visibility_modifier" => {
                head.visibility = match &*visit.text(word) {
                    "private" => Visibility::Private,
                    "protected" => Visibility::Protected,
                    "internal" => Visibility::Internal,
                    _ => Visibility::Public,
                }
            }
            "property_modifier" => head.is_const |= visit.text(word) == "const",
            _ => {}
        }
        if std::mem::take(&mut is_first) {
            head.first = word;
        }
    }
    head
}

/// `@A`, `@A(…)`, `@get:A`, `@[A B]`.
fn annotation(visit: &mut Visit<'_>, node: Node<'_>) {
    let mut cursor = node.walk();
    for one in node.named_children(&mut cursor) {
        let named = match one.kind() {
            "constructor_invocation" => child(one, &["user_type"]),
            "user_type" => Some(one),
            _ => None,
        };
        if let Some(path) = named.and_then(|named| type_path(visit, named)) {
            visit.decorate_by(&path, one.start_position().row as u32 + 1);
        }
    }
}
