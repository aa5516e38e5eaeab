//! What stands before the word of a definition of Swift: attributes and modifiers.

use tree_sitter::Node;

use super::{child, type_path};
use crate::{extract::Visit, facts::Visibility};

/// What stands before the word of a definition.
pub(super) struct Head<'n> {
    pub(super) visibility: Visibility,
    pub(super) is_static: bool,
    /// Where it begins past its attributes.
    pub(super) first: Node<'n>,
}

/// Reads modifiers, and notes attributes for the definition that is made next.
pub(super) fn head<'n>(visit: &mut Visit<'_>, node: Node<'n>) -> Head<'n> {
    let mut head = Head { visibility: unsaid(visit), is_static: false, first: node };
    let mut cursor = node.walk();
    let mut children = node.children(&mut cursor);
    let Some(modifiers) = children.next().filter(|child| child.kind() == "modifiers") else { return head };
    head.first = children.next().unwrap_or(node);
    let mut is_first = true;
    let mut cursor = modifiers.walk();
    for word in modifiers.named_children(&mut cursor) {
        match word.kind() {
            "attribute" => {
                if let Some(path) = child(word, &["user_type"]).and_then(|named| type_path(visit, named)) {
                    visit.decorate_by(&path, word.start_position().row as u32 + 1);
                }
                continue;
            }
            "comment" | "multiline_comment" => continue,
            // `private(set)` is about changing it.
            "visibility_modifier" => match &*visit.text(word) {
                "public" | "open" => head.visibility = Visibility::Public,
                "private" | "fileprivate" => head.visibility = Visibility::Private,
                "internal" | "package" => head.visibility = Visibility::Internal,
                _ => {}
            },
            "property_modifier" => head.is_static |= visit.text(word) == "static",
            _ => {}
        }
        if std::mem::take(&mut is_first) {
            head.first = word;
        }
    }
    head
}

/// What says nothing is for its module; members of protocols and of extensions are as open as those.
fn unsaid(visit: &Visit<'_>) -> Visibility {
    visit.section().unwrap_or(Visibility::Internal)
}
