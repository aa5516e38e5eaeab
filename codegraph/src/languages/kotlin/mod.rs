//! Kotlin: `tree-sitter-kotlin-sg`, whose nodes have few fields: children are found by their kind.

mod head;

use tree_sitter::Node;

use crate::{
    extract::{Def, Grammar, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};
use head::head;

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: || tree_sitter_kotlin_sg::LANGUAGE.into(),
    handlers: &[
        ("package_header", package),
        ("import_header", import),
        ("class_declaration", class),
        ("object_declaration", class),
        ("enum_entry", enum_entry),
        ("class_parameter", class_parameter),
        ("function_declaration", function),
        ("secondary_constructor", constructor),
        ("property_declaration", property),
        ("type_alias", alias),
        ("statements", statements),
        ("getter", accessor),
        ("setter", accessor),
        ("function_value_parameters", parameters),
        ("lambda_parameters", parameters),
        ("catch_block", bind),
        ("call_expression", call),
        ("callable_reference", reference),
    ],
    branches: &[
        "if_expression",
        "for_statement",
        "while_statement",
        "do_while_statement",
        "catch_block",
        "when_entry",
    ],
    decisions: &["&&", "||", "?:"],
    comments: &["line_comment", "multiline_comment"],
    between: &[],
    alike: &[
        "simple_identifier",
        "type_identifier",
        "interpolated_identifier",
        "integer_literal",
        "long_literal",
        "real_literal",
        "character_literal",
        "boolean_literal",
        "string_content",
        "null_literal",
    ],
    whole: &[],
    modules: Modules::Package,
    silent_self: true,
};

fn child<'n>(node: Node<'n>, kinds: &[&str]) -> Option<Node<'n>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).find(|child| kinds.contains(&child.kind()))
}

fn class(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = child(node, &["type_identifier"]) else { return };
    let kind = match child(node, &["interface", "enum"]).map(|word| word.kind()) {
        Some("interface") => Kind::Interface,
        Some(_) => Kind::Enum,
        None => Kind::Class,
    };
    let body = child(node, &["class_body", "enum_class_body"]);
    let head = head(visit, node);
    let signature = Some(visit.head_from(head.first, node, body));
    let def = Def {
        at: Some(name),
        body,
        visibility: head.visibility,
        signature,
        ..Def::new(kind, visit.text(name))
    };
    let Some(entity) = visit.define(node, def) else { return };
    let mut cursor = node.walk();
    for base in node.named_children(&mut cursor).filter(|child| child.kind() == "delegation_specifier") {
        let Some(base) = base.named_child(0) else { continue };
        // Only a class is made.
        let (named, relation) = match base.kind() {
            "constructor_invocation" => (base.named_child(0), Relation::Inherits),
            "explicit_delegation" => (base.named_child(0), Relation::Implements),
            _ if kind == Kind::Interface => (Some(base), Relation::Inherits),
            _ => (Some(base), Relation::Implements),
        };
        if let Some(path) = named.and_then(|named| type_path(visit, named)) {
            visit.refer_text(relation, Some(entity), &path, base.start_position().row as u32 + 1);
        }
    }
}

fn enum_entry(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = child(node, &["simple_identifier"]).filter(|_| !visit.in_function()) else { return };
    let body = child(node, &["class_body"]);
    let first = head(visit, node).first;
    let signature = Some(visit.head_from(first, node, body));
    let def = Def { at: Some(name), body, signature, ..Def::new(Kind::Constant, visit.text(name)) };
    let parent = visit.scope();
    visit.note(node, def, parent);
}

/// A parameter of the first constructor; with `val` or `var` a field too.
fn class_parameter(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = child(node, &["simple_identifier"]) else { return };
    let text = visit.text(name);
    let declared = declared(visit, node);
    if child(node, &["binding_pattern_kind"]).is_none() || visit.in_function() {
        if let Some(declared) = declared {
            visit.bind(&text, &declared);
        }
        return;
    }
    bind_field(visit, &text, declared);
    let head = head(visit, node);
    let signature = Some(visit.head_from(head.first, node, value(node)));
    let def = Def { at: Some(name), visibility: head.visibility, signature, ..Def::new(Kind::Field, text) };
    let parent = visit.scope();
    visit.note(node, def, parent);
}

fn function(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = child(node, &["simple_identifier"]) else { return };
    let doc = visit.comment_above(node.start_position().row);
    let parent = extended(visit, node).or_else(|| visit.scope());
    let is_member = parent != visit.scope() || visit.within().is_some_and(Kind::is_type);
    let kind = if is_member { Kind::Method } else { Kind::Function };
    let def = Def { doc, ..Def::new(kind, visit.text(name)) };
    callable(visit, node, Def { at: Some(name), ..def }, parent);
}

fn constructor(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(name) = child(node, &["constructor"]) {
        let def = Def { at: Some(name), ..Def::new(Kind::Method, "constructor") };
        let parent = visit.scope();
        callable(visit, node, def, parent);
    }
}

fn callable(visit: &mut Visit<'_>, node: Node<'_>, def: Def<'_>, parent: Option<u32>) {
    let body = child(node, &["function_body", "{"]);
    let parameters = child(node, &["function_value_parameters"]).map_or(0, |list| {
        let mut cursor = list.walk();
        list.named_children(&mut cursor).filter(|child| child.kind() == "parameter").count() as u32
    });
    let head = head(visit, node);
    let signature = Some(visit.head_from(head.first, node, body));
    let def = Def { body, parameters, visibility: head.visibility, signature, ..def };
    visit.define_in(node, def, parent);
}

/// Returns the type that a function or property of the file adds to: one of this file, or a stand-in of its name.
fn extended(visit: &mut Visit<'_>, node: Node<'_>) -> Option<u32> {
    let receiver = child(node, &["receiver_type"]).filter(|_| visit.scope().is_none())?;
    let of = child(receiver, &["user_type", "nullable_type"])?;
    let path = type_path(visit, of)?;
    let name = path.rsplit('.').next().unwrap_or(&path);
    if let Some(known) = visit.known_type(name) {
        return Some(known);
    }
    // The comment is about what is added.
    let (doc, signature) = (Some(String::new()), Some(path.clone()));
    visit.note(node, Def { at: Some(of), doc, signature, ..Def::new(Kind::Type, name) }, None)
}

/// What stands among statements is nobody else's: in the outermost ones, which hold all others.
fn statements(visit: &mut Visit<'_>, node: Node<'_>) {
    if visit.said_visibility(node).is_none() {
        visit.say_visibility(node, Visibility::Private);
    }
}

fn is_local(visit: &Visit<'_>, node: Node<'_>) -> bool {
    visit.in_function() || visit.said_visibility(node).is_some()
}

fn property(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(variable) = child(node, &["variable_declaration"]) else { return };
    let Some(name) = child(variable, &["simple_identifier"]) else { return };
    let text = visit.text(name);
    let declared = declared(visit, variable).or_else(|| made(visit, node));
    if is_local(visit, node) {
        if let Some(declared) = declared {
            visit.bind(&text, &declared);
        }
        return;
    }
    let doc = visit.comment_above(node.start_position().row);
    let extended = extended(visit, node);
    let head = head(visit, node);
    let kind = match visit.within() {
        _ if head.is_const => Kind::Constant,
        Some(_) => Kind::Field,
        None if extended.is_some() => Kind::Field,
        None => Kind::Variable,
    };
    if extended.is_none() {
        bind_field(visit, &text, declared);
    }
    let accessor = child(node, &["getter", "setter"]);
    let end = value(node).or(child(node, &["property_delegate"])).or(accessor);
    let signature = Some(visit.head_from(head.first, node, end));
    let def = Def {
        at: Some(name),
        body: accessor,
        visibility: head.visibility,
        doc,
        signature,
        ..Def::new(kind, text)
    };
    let parent = extended.or_else(|| visit.scope());
    if let Some(entity) = visit.note(node, def, parent)
        && accessor.is_some()
    {
        visit.reopen(entity);
    }
}

/// Returns the sign before the value of a property or parameter.
fn value(node: Node<'_>) -> Option<Node<'_>> {
    child(node, &["="])
}

/// A field is known by its name alone too.
fn bind_field(visit: &mut Visit<'_>, name: &str, declared: Option<String>) {
    if let Some(declared) = declared {
        if visit.type_around().is_some() {
            visit.bind(&format!("this.{name}"), &declared);
        }
        visit.bind(name, &declared);
    }
}

fn alias(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = child(node, &["type_identifier"]) else { return };
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

/// A getter may stand behind its property rather than in it.
fn accessor(visit: &mut Visit<'_>, node: Node<'_>) {
    if matches!(visit.within(), Some(Kind::Field | Kind::Variable)) {
        return;
    }
    let scope = visit.scope();
    let Some(latest) = visit.latest() else { return };
    let property = visit.entity_mut(latest);
    if property.parent == scope && matches!(property.kind, Kind::Field | Kind::Variable) {
        property.end = node.end_position().row as u32 + 1;
        visit.reopen(latest);
    }
}

/// Of `vararg x: T` it is an array.
fn parameters(visit: &mut Visit<'_>, node: Node<'_>) {
    let mut is_array = false;
    let mut cursor = node.walk();
    for one in node.named_children(&mut cursor) {
        match one.kind() {
            "parameter_modifiers" => is_array = visit.text(one).contains("vararg"),
            "parameter" | "variable_declaration" if !std::mem::take(&mut is_array) => bind(visit, one),
            _ => {}
        }
    }
}

fn bind(visit: &mut Visit<'_>, node: Node<'_>) {
    if let (Some(name), Some(declared)) = (child(node, &["simple_identifier"]), declared(visit, node)) {
        let name = visit.text(name);
        visit.bind(&name, &declared);
    }
}

/// Returns the path of the type declared in a node.
fn declared(visit: &Visit<'_>, node: Node<'_>) -> Option<String> {
    child(node, &["user_type", "nullable_type"]).and_then(|declared| type_path(visit, declared))
}

/// Returns the class of which a property holds an object that is made for it; classes are known by their capital.
fn made(visit: &Visit<'_>, node: Node<'_>) -> Option<String> {
    let callee = child(node, &["call_expression"])?.named_child(0)?;
    let text = match callee.kind() {
        "simple_identifier" | "navigation_expression" => visit.text(callee),
        _ => return None,
    };
    let last = text.rsplit('.').next()?;
    last.starts_with(char::is_uppercase).then(|| text.into_owned())
}

/// Returns the path of a type without its parameters.
fn type_path(visit: &Visit<'_>, node: Node<'_>) -> Option<String> {
    let node = if node.kind() == "nullable_type" { child(node, &["user_type"])? } else { node };
    if node.kind() != "user_type" {
        return None;
    }
    let mut cursor = node.walk();
    let names = node.named_children(&mut cursor).filter(|child| child.kind() == "type_identifier");
    Some(names.map(|name| visit.text(name)).collect::<Vec<_>>().join("."))
}

fn call(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(callee) = node.named_child(0) else { return };
    match callee.kind() {
        "simple_identifier" => visit.refer(Relation::Calls, callee),
        "navigation_expression" => {
            let suffix = child(callee, &["navigation_suffix"]);
            let name = suffix.and_then(|suffix| child(suffix, &["simple_identifier"]));
            let (Some(mut object), Some(name)) = (callee.named_child(0), name) else { return };
            // `store!!.put()`
            while object.kind() == "postfix_expression" {
                let Some(inner) = object.named_child(0) else { return };
                object = inner;
            }
            // `this@Outer` and `super<Base>` too.
            let word = match object.kind() {
                "super_expression" => "super",
                "this_expression" => "this",
                _ => return visit.refer_member(Relation::Calls, object, name),
            };
            let (line, name) = (name.start_position().row as u32 + 1, visit.text(name));
            visit.refer_behind(Relation::Calls, word, &name, line);
        }
        _ => {}
    }
}

/// `::save` and `Todo::make` will be called.
fn reference(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = child(node, &["simple_identifier"]) else { return };
    match node.named_child(0).filter(|first| *first != name) {
        Some(object) => visit.refer_member(Relation::Calls, object, name),
        None => visit.refer(Relation::Calls, name),
    }
}

fn package(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(name) = child(node, &["identifier"]) {
        let name = visit.text(name);
        visit.package(&name);
    }
}

fn import(visit: &mut Visit<'_>, node: Node<'_>) {
    let line = node.start_position().row as u32 + 1;
    let Some(path) = child(node, &["identifier"]) else { return };
    let path: String = visit.text(path).replace('`', "").split_whitespace().collect();
    let alias = child(node, &["import_alias"]).and_then(|alias| alias.named_child(0));
    let alias = alias.map(|alias| visit.text(alias));
    match path.rsplit_once('.') {
        _ if child(node, &["wildcard_import"]).is_some() => visit.import_all(&path, line),
        Some((package, item)) => visit.import(package, Some(item), alias.as_deref(), line),
        None => visit.import("", Some(&path), alias.as_deref(), line),
    }
    visit.skip();
}
