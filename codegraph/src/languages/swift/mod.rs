//! Swift: `tree-sitter-swift`, which has one kind of node for classes, structs, enums, actors and extensions.

mod head;
mod property;

use tree_sitter::Node;

use crate::{
    extract::{Def, Grammar, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};
use head::head;
use property::{is_local, property, statements};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: || tree_sitter_swift::LANGUAGE.into(),
    handlers: &[
        ("import_declaration", import),
        ("class_declaration", class),
        ("protocol_declaration", protocol),
        ("enum_entry", enum_entry),
        ("function_declaration", function),
        ("protocol_function_declaration", function),
        ("init_declaration", function),
        ("deinit_declaration", function),
        ("subscript_declaration", function),
        ("macro_declaration", macro_declaration),
        ("property_declaration", property),
        ("protocol_property_declaration", property),
        ("typealias_declaration", alias),
        ("associatedtype_declaration", alias),
        ("statements", statements),
        ("parameter", parameter),
        ("lambda_parameter", parameter),
        ("call_expression", call),
        ("constructor_expression", creation),
    ],
    branches: &[
        "if_statement",
        "guard_statement",
        "for_statement",
        "while_statement",
        "repeat_while_statement",
        "catch_block",
        "switch_entry",
        "ternary_expression",
    ],
    decisions: &["&&", "||", "??"],
    comments: &["comment", "multiline_comment"],
    between: &[],
    alike: &[
        "simple_identifier",
        "type_identifier",
        "integer_literal",
        "real_literal",
        "boolean_literal",
        "line_str_text",
        "multi_line_str_text",
        "nil_literal",
    ],
    whole: &[],
    modules: Modules::Project,
    silent_self: true,
};

fn child<'n>(node: Node<'n>, kinds: &[&str]) -> Option<Node<'n>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).find(|child| kinds.contains(&child.kind()))
}

fn class(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(word) = visit.field(node, "declaration_kind") else { return };
    let kind = match &*word {
        "struct" => Kind::Struct,
        "enum" => Kind::Enum,
        "extension" => return extension(visit, node),
        _ => Kind::Class,
    };
    let Some((entity, _)) = define(visit, node, kind) else { return };
    // By custom the first may be a class.
    let first = if kind == Kind::Class { Relation::Inherits } else { Relation::Implements };
    bases(visit, node, entity, first, Relation::Implements);
}

/// What extends a type of this file belongs to that type; one of elsewhere, to a stand-in of its name.
fn extension(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let Some(path) = type_path(visit, name) else { return };
    let name = path.rsplit('.').next().unwrap_or(&path);
    let known = visit.known_type(name);
    let entity = match known {
        Some(entity) => {
            visit.reopen(entity);
            entity
        }
        None => match define(visit, node, Kind::Type) {
            Some((entity, _)) => entity,
            None => return,
        },
    };
    if let Some(said) = child(node, &["modifiers"]).and_then(|said| child(said, &["visibility_modifier"])) {
        match &*visit.text(said) {
            "public" => visit.begin_section(Visibility::Public),
            "private" | "fileprivate" => visit.begin_section(Visibility::Private),
            _ => {}
        }
    }
    bases(visit, node, entity, Relation::Implements, Relation::Implements);
}

fn protocol(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some((entity, visibility)) = define(visit, node, Kind::Protocol) {
        visit.begin_section(visibility);
        bases(visit, node, entity, Relation::Inherits, Relation::Inherits);
    }
}

fn define(visit: &mut Visit<'_>, node: Node<'_>, kind: Kind) -> Option<(u32, Visibility)> {
    let name = node.child_by_field_name("name")?;
    let path = type_path(visit, name).unwrap_or_else(|| visit.text(name).into_owned());
    let text = path.rsplit('.').next().unwrap_or(&path);
    let body = node.child_by_field_name("body");
    let head = head(visit, node);
    let signature = Some(visit.head_from(head.first, node, body));
    // A stand-in only declares: what it stands for has the body.
    let body = body.filter(|_| kind != Kind::Type);
    let def = Def { at: Some(name), body, visibility: head.visibility, signature, ..Def::new(kind, text) };
    Some((visit.define(node, def)?, head.visibility))
}

fn bases(visit: &mut Visit<'_>, node: Node<'_>, entity: u32, first: Relation, other: Relation) {
    let mut relation = first;
    let mut cursor = node.walk();
    for base in node.named_children(&mut cursor).filter(|child| child.kind() == "inheritance_specifier") {
        if let Some(path) = base.child_by_field_name("inherits_from").and_then(|base| type_path(visit, base))
        {
            visit.refer_text(relation, Some(entity), &path, base.start_position().row as u32 + 1);
        }
        relation = other;
    }
}

fn enum_entry(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(parent) = visit.scope().filter(|_| !visit.in_function()) else { return };
    let first = head(visit, node).first;
    // Whoever may use an enum may use its cases.
    let visibility = visit.entity_mut(parent).visibility;
    let mut cursor = node.walk();
    for name in node.children_by_field_name("name", &mut cursor) {
        let signature = Some(visit.head_from(first, node, None));
        let def = Def { at: Some(name), visibility, signature, ..Def::new(Kind::Constant, visit.text(name)) };
        visit.note(node, def, Some(parent));
    }
}

fn function(visit: &mut Visit<'_>, node: Node<'_>) {
    let kind = if visit.within().is_some_and(Kind::is_type) { Kind::Method } else { Kind::Function };
    let named = match node.kind() {
        "deinit_declaration" => child(node, &["deinit"]),
        "subscript_declaration" => child(node, &["subscript"]),
        _ => node.child_by_field_name("name"),
    };
    let Some(name) = named else { return };
    let body = node.child_by_field_name("body").or_else(|| child(node, &["computed_property"]));
    let mut cursor = node.walk();
    let parameters = node.children(&mut cursor).filter(|child| child.kind() == "parameter").count() as u32;
    let head = head(visit, node);
    let signature = Some(visit.head_from(head.first, node, body));
    let def = Def {
        at: Some(name),
        body,
        parameters,
        visibility: head.visibility,
        signature,
        ..Def::new(kind, visit.text(name))
    };
    visit.define(node, def);
}

fn macro_declaration(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = child(node, &["simple_identifier"]) else { return };
    let head = head(visit, node);
    let signature = Some(visit.head_from(head.first, node, child(node, &["macro_definition"])));
    let def = Def {
        at: Some(name),
        visibility: head.visibility,
        signature,
        ..Def::new(Kind::Macro, visit.text(name))
    };
    let parent = visit.scope();
    visit.note(node, def, parent);
}

fn alias(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    if is_local(visit, node) {
        return;
    }
    let head = head(visit, node);
    let signature = Some(visit.head_from(head.first, node, None));
    let def = Def {
        at: Some(name),
        visibility: head.visibility,
        signature,
        ..Def::new(Kind::Type, visit.text(name))
    };
    let parent = visit.scope();
    visit.note(node, def, parent);
}

fn parameter(visit: &mut Visit<'_>, node: Node<'_>) {
    // `x: T...` is an array.
    if child(node, &["..."]).is_some() {
        return;
    }
    let mut cursor = node.walk();
    // The grammar calls the type a name too.
    let mut named = node.children_by_field_name("name", &mut cursor);
    if let (Some(name), Some(declared)) = (named.next(), named.next())
        && let Some(declared) = type_path(visit, declared)
    {
        let name = visit.text(name);
        visit.bind(&name, &declared);
    }
}

/// Returns the path of a type without its parameters; of `T?`, `some T` and `any T` that of T.
fn type_path(visit: &Visit<'_>, node: Node<'_>) -> Option<String> {
    let mut node = node;
    while node.kind() != "user_type" {
        node = match node.kind() {
            "type_identifier" => return Some(visit.text(node).into_owned()),
            "optional_type" => node.child_by_field_name("wrapped")?,
            "opaque_type" | "existential_type" => node.named_child(0)?,
            _ => return None,
        };
    }
    let mut cursor = node.walk();
    let names = node.named_children(&mut cursor).filter(|child| child.kind() == "type_identifier");
    Some(names.map(|name| visit.text(name)).collect::<Vec<_>>().join("."))
}

fn call(visit: &mut Visit<'_>, node: Node<'_>) {
    let (Some(callee), Some(suffix)) = (node.named_child(0), child(node, &["call_suffix"])) else { return };
    // `lines[0]` is a call to the grammar.
    let list = child(suffix, &["value_arguments"]);
    if list.and_then(|list| list.child(0)).is_some_and(|bracket| bracket.kind() == "[") {
        return;
    }
    match callee.kind() {
        "simple_identifier" => visit.refer(Relation::Calls, callee),
        "navigation_expression" => {
            let suffix = callee.child_by_field_name("suffix");
            let name = suffix.and_then(|suffix| suffix.child_by_field_name("suffix"));
            let (Some(mut object), Some(name)) = (callee.child_by_field_name("target"), name) else { return };
            // `store!.put()`
            while object.kind() == "postfix_expression" {
                let Some(inner) = object.child_by_field_name("target") else { return };
                object = inner;
            }
            visit.refer_member(Relation::Calls, object, name);
        }
        _ => {}
    }
}

fn creation(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(made) = node.child_by_field_name("constructed_type").and_then(|made| type_path(visit, made)) {
        let from = visit.scope();
        visit.refer_text(Relation::Calls, from, &made, node.start_position().row as u32 + 1);
    }
}

/// A module, or something of one: what is known everywhere needs no name from it.
fn import(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(path) = child(node, &["identifier"]) {
        let (path, line) = (visit.text(path), node.start_position().row as u32 + 1);
        visit.import(&path, None, None, line);
    }
    visit.skip();
}
