//! C++: `tree-sitter-cpp`, on top of what C means.

use tree_sitter::Node;

use super::c::{self, declarator, line_of};
use crate::{
    extract::{Def, Grammar, Handler, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: || tree_sitter_cpp::LANGUAGE.into(),
    handlers: &HANDLERS,
    branches: &[
        "if_statement",
        "for_statement",
        "for_range_loop",
        "while_statement",
        "do_statement",
        "catch_clause",
        "conditional_expression",
    ],
    decisions: &["&&", "||", "and", "or", "case"],
    comments: &["comment"],
    between: &["template_parameter_list", "requires_clause"],
    alike: &[
        "identifier",
        "field_identifier",
        "type_identifier",
        "namespace_identifier",
        "statement_identifier",
        "number_literal",
        "char_literal",
        "true",
        "false",
        "null",
        "this",
        "auto",
    ],
    whole: &["string_literal", "raw_string_literal", "system_lib_string"],
    modules: Modules::Include,
    silent_self: true,
};

const OWN: [(&str, Handler); 11] = [
    ("class_specifier", class),
    ("struct_specifier", structure),
    ("union_specifier", structure),
    ("field_declaration_list", members),
    ("access_specifier", access),
    ("namespace_definition", namespace),
    ("alias_declaration", alias),
    ("concept_definition", alias),
    ("friend_declaration", friend),
    ("optional_parameter_declaration", c::parameter),
    ("new_expression", new),
];

/// The first handler of a kind is the one that counts.
const HANDLERS: [(&str, Handler); OWN.len() + c::HANDLERS.len()] = {
    let mut all = [OWN[0]; OWN.len() + c::HANDLERS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < OWN.len() { OWN[at] } else { c::HANDLERS[at - OWN.len()] };
        at += 1;
    }
    all
};

fn class(visit: &mut Visit<'_>, node: Node<'_>) {
    inherit(visit, node, Kind::Class);
}

fn structure(visit: &mut Visit<'_>, node: Node<'_>) {
    inherit(visit, node, Kind::Struct);
}

fn inherit(visit: &mut Visit<'_>, node: Node<'_>, kind: Kind) {
    let Some(entity) = c::define_type(visit, node, kind) else { return };
    let mut cursor = node.walk();
    let Some(bases) = node.named_children(&mut cursor).find(|child| child.kind() == "base_class_clause")
    else {
        return;
    };
    let mut cursor = bases.walk();
    for base in bases.named_children(&mut cursor) {
        if !matches!(base.kind(), "type_identifier" | "qualified_identifier" | "template_type") {
            continue;
        }
        if let (Some(path), Some(last)) = (declarator::path(visit, base), declarator::last_name(base)) {
            visit.refer_text(Relation::Inherits, Some(entity), &path, line_of(last));
        }
    }
}

/// Before any section, members of a class are private and those of a struct public.
fn members(visit: &mut Visit<'_>, _: Node<'_>) {
    if visit.below() == 1 {
        let is_class = visit.within() == Some(Kind::Class);
        visit.begin_section(if is_class { Visibility::Private } else { Visibility::Public });
    }
}

/// `public:` begins a section; `public` before a base comes before any.
fn access(visit: &mut Visit<'_>, node: Node<'_>) {
    let visibility = match &*visit.text(node) {
        "private" => Visibility::Private,
        "protected" => Visibility::Protected,
        _ => Visibility::Public,
    };
    visit.begin_section(visibility);
}

/// `namespace a::b` is `b` in `a`.
fn namespace(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let text = visit.text(name).into_owned();
    let (outer, last) = text.rsplit_once("::").map_or(("", text.as_str()), |(outer, last)| (outer, last));
    let body = node.child_by_field_name("body");
    let mut parent = visit.scope();
    for part in outer.split("::").map(str::trim).filter(|part| !part.is_empty()) {
        let def = Def { at: Some(name), body, ..Def::new(Kind::Module, part) };
        parent = visit.note(node, def, parent).or(parent);
    }
    let last = last.trim().trim_start_matches("inline").trim();
    visit.define_in(node, Def { at: Some(name), body, ..Def::new(Kind::Module, last) }, parent);
}

/// `using Name = …;`, and what a concept asks for.
fn alias(visit: &mut Visit<'_>, node: Node<'_>) {
    if visit.in_function() {
        return;
    }
    let Some(name) = node.child_by_field_name("name") else { return };
    let visibility = visit.section().unwrap_or(Visibility::Public);
    let def = Def { at: Some(name), visibility, ..Def::new(Kind::Type, visit.text(name)) };
    let parent = visit.scope();
    visit.note(node, def, parent);
}

/// A friend is declared elsewhere.
fn friend(visit: &mut Visit<'_>, node: Node<'_>) {
    let mut cursor = node.walk();
    if !node.named_children(&mut cursor).any(|child| child.kind() == "function_definition") {
        visit.skip();
    }
}

fn new(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(made) = node.child_by_field_name("type") else { return };
    let (Some(path), Some(last)) = (declarator::path(visit, made), declarator::last_name(made)) else {
        return;
    };
    if made.kind() != "primitive_type" {
        visit.refer_text(Relation::Calls, visit.scope(), &path, line_of(last));
    }
}
