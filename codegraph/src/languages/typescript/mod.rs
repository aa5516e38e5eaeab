//! TypeScript, with and without JSX: `tree-sitter-typescript`, on top of what JavaScript means.

use tree_sitter::Node;

use super::javascript as js;
use crate::{
    extract::{Def, Grammar, Handler, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};

pub(crate) static GRAMMAR: Grammar = with(|| tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into());
pub(crate) static TSX: Grammar = with(|| tree_sitter_typescript::LANGUAGE_TSX.into());

const fn with(language: fn() -> tree_sitter::Language) -> Grammar {
    Grammar {
        language,
        handlers: &HANDLERS,
        branches: js::BRANCHES,
        decisions: js::DECISIONS,
        comments: &["comment", "html_comment"],
        between: &["decorator"],
        alike: js::ALIKE,
        whole: &["string"],
        modules: Modules::Relative,
        silent_self: false,
    }
}

const OWN: [(&str, Handler); 12] = [
    ("abstract_class_declaration", js::class),
    ("interface_declaration", interface),
    ("type_alias_declaration", alias),
    ("enum_declaration", enumeration),
    ("enum_assignment", member),
    ("internal_module", namespace),
    ("function_signature", js::function),
    ("method_signature", js::method),
    ("abstract_method_signature", js::method),
    ("public_field_definition", js::field),
    ("property_signature", property),
    ("required_parameter", parameter),
];

const HANDLERS: [(&str, Handler); js::HANDLERS.len() + OWN.len()] = {
    let mut all = [OWN[0]; js::HANDLERS.len() + OWN.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < OWN.len() { OWN[at] } else { js::HANDLERS[at - OWN.len()] };
        at += 1;
    }
    all
};

fn interface(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(entity) = define(visit, node, Kind::Interface) else { return };
    let mut cursor = node.walk();
    let Some(bases) = node.children(&mut cursor).find(|child| child.kind() == "extends_type_clause") else {
        return;
    };
    let mut cursor = bases.walk();
    for base in bases.named_children(&mut cursor) {
        js::base(visit, Relation::Inherits, entity, base);
    }
}

/// A property of an interface, or of the object type that has a name; others are spoken of in passing.
fn property(visit: &mut Visit<'_>, node: Node<'_>) {
    if !visit.in_function() && visit.below() == 2 && visit.within().is_some_and(Kind::is_type) {
        js::field(visit, node);
    }
}

fn alias(visit: &mut Visit<'_>, node: Node<'_>) {
    define(visit, node, Kind::Type);
}

fn enumeration(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(entity) = define(visit, node, Kind::Enum) else { return };
    let Some(body) = node.child_by_field_name("body") else { return };
    let mut cursor = body.walk();
    for name in body.named_children(&mut cursor).filter(|child| child.kind() == "property_identifier") {
        let def = Def::new(Kind::Constant, visit.text(name));
        visit.note(name, def, Some(entity));
    }
}

fn member(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let def = Def { at: Some(name), ..Def::new(Kind::Constant, js::unquoted(&visit.text(name))) };
    let parent = visit.scope();
    visit.note(node, def, parent);
}

fn namespace(visit: &mut Visit<'_>, node: Node<'_>) {
    define(visit, node, Kind::Module);
}

fn define(visit: &mut Visit<'_>, node: Node<'_>, kind: Kind) -> Option<u32> {
    let name = node.child_by_field_name("name")?;
    let visibility = if visit.is_exporting(node) { Visibility::Public } else { Visibility::Internal };
    let body = node.child_by_field_name("body").or_else(|| node.child_by_field_name("value"));
    visit.define(node, Def { at: Some(name), body, visibility, ..Def::new(kind, visit.text(name)) })
}

/// The type of a parameter; one with a modifier is a field of the class too.
fn parameter(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("pattern").filter(|name| name.kind() == "identifier") else {
        return;
    };
    let variable = visit.text(name);
    let mut cursor = node.walk();
    let is_field =
        node.children(&mut cursor).any(|child| matches!(child.kind(), "accessibility_modifier" | "readonly"));
    if let Some(declared) = node.child_by_field_name("type").and_then(|annotation| annotation.named_child(0))
    {
        let declared = declared.child_by_field_name("name").unwrap_or(declared);
        let declared = visit.text(declared);
        visit.bind(&variable, &declared);
        if is_field {
            visit.bind(&format!("this.{variable}"), &declared);
        }
    }
    if is_field && let Some(class) = visit.type_around() {
        visit.note(node, Def { at: Some(name), ..Def::new(Kind::Field, variable) }, Some(class));
    }
}
