//! What stands before the word of a definition of C#: attributes and modifiers, and the comment above.

use tree_sitter::Node;

use super::type_node;
use crate::{
    extract::{Def, Visit},
    facts::{Kind, Visibility},
};

/// What stands before the word of a definition.
pub(super) struct Head<'n> {
    visibility: Option<Visibility>,
    pub(super) is_const: bool,
    pub(super) is_partial: bool,
    /// Where it begins past its attributes.
    first: Node<'n>,
}

pub(super) fn head<'n>(visit: &Visit<'_>, node: Node<'n>) -> Head<'n> {
    let mut head = Head { visibility: None, is_const: false, is_partial: false, first: node };
    let (mut is_static, mut is_readonly, mut is_first) = (false, false, true);
    let mut cursor = node.walk();
    for word in node.children(&mut cursor) {
        if matches!(word.kind(), "attribute_list" | "comment") {
            continue;
        }
        if std::mem::take(&mut is_first) {
            head.first = word;
        }
        if word.kind() != "modifier" {
            break;
        }
        match &*visit.text(word) {
            "public" => head.visibility = Some(Visibility::Public),
            // `protected internal` and `private protected` too.
            "protected" => head.visibility = Some(Visibility::Protected),
            "internal" => head.visibility = head.visibility.or(Some(Visibility::Internal)),
            "private" | "file" => head.visibility = head.visibility.or(Some(Visibility::Private)),
            "const" => head.is_const = true,
            "static" => is_static = true,
            "readonly" => is_readonly = true,
            "partial" => head.is_partial = true,
            _ => {}
        }
    }
    head.is_const |= is_static && is_readonly;
    head
}

/// Notes attributes for the definition that is made next.
fn attributes(visit: &mut Visit<'_>, node: Node<'_>) {
    let mut cursor = node.walk();
    for list in node.named_children(&mut cursor).take_while(|child| child.kind() == "attribute_list") {
        let mut cursor = list.walk();
        for one in list.named_children(&mut cursor).filter(|child| child.kind() == "attribute") {
            if let Some(name) = one.child_by_field_name("name").and_then(type_node) {
                visit.decorate(name);
            }
        }
    }
}

/// Members of interfaces and cases are public, other members private, and the rest is for its assembly.
fn unsaid(visit: &Visit<'_>) -> Visibility {
    match visit.within() {
        Some(Kind::Interface | Kind::Enum) => Visibility::Public,
        Some(kind) if kind.is_type() || kind.is_callable() => Visibility::Private,
        Some(_) | None => Visibility::Internal,
    }
}

/// Returns a definition with its name, signature and visibility; its attributes are noted.
pub(super) fn prepared<'n>(
    visit: &mut Visit<'_>,
    node: Node<'n>,
    name: Node<'n>,
    body: Option<Node<'n>>,
    kind: Kind,
) -> Def<'n> {
    attributes(visit, node);
    let head = head(visit, node);
    let visibility = head.visibility.unwrap_or_else(|| unsaid(visit));
    let signature = visit.head_from(head.first, node, body);
    let signature = Some(signature.trim_end_matches([';', ' ']).to_owned());
    let doc = visit.comment_above(node.start_position().row).map(|doc| untagged(&doc));
    Def { at: Some(name), body, visibility, doc, signature, ..Def::new(kind, visit.text(name)) }
}

/// Takes the tags of XML that stand around text out of it.
fn untagged(doc: &str) -> String {
    let mut doc = doc.to_owned();
    for tag in ["<summary>", "</summary>", "<remarks>", "</remarks>", "<para>", "</para>"] {
        doc = doc.replace(tag, "");
    }
    let lines: Vec<&str> = doc.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines.join("\n")
}
