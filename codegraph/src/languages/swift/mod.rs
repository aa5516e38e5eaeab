//! Swift: `tree-sitter-swift`, which has one kind of node for classes, structs, enums, actors and extensions.

use tree_sitter::Node;

use crate::{
    extract::{Def, Grammar, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};

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

/// What stands before the word of a definition.
struct Head<'n> {
    visibility: Visibility,
    is_static: bool,
    /// Where it begins past its attributes.
    first: Node<'n>,
}

/// Reads modifiers, and notes attributes for the definition that is made next.
fn head<'n>(visit: &mut Visit<'_>, node: Node<'n>) -> Head<'n> {
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
    let def =
        Def { at: Some(name), body, visibility: head.visibility, signature, ..Def::new(kind, text) };
    Some((visit.define(node, def)?, head.visibility))
}

fn bases(visit: &mut Visit<'_>, node: Node<'_>, entity: u32, first: Relation, other: Relation) {
    let mut relation = first;
    let mut cursor = node.walk();
    for base in node.named_children(&mut cursor).filter(|child| child.kind() == "inheritance_specifier") {
        if let Some(path) = base.child_by_field_name("inherits_from").and_then(|base| type_path(visit, base)) {
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
        let def = Def {
            at: Some(name),
            visibility,
            signature,
            ..Def::new(Kind::Constant, visit.text(name))
        };
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
    if visit.define(node, def).is_none() {
        return;
    }
    let mut last = None;
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        match child.kind() {
            // `x: T...` is an array.
            "..." => last = None,
            "parameter" => {
                if let Some(last) = last.replace(child) {
                    parameter(visit, last);
                }
            }
            _ => {}
        }
    }
    if let Some(last) = last {
        parameter(visit, last);
    }
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

/// One of the variables that `var a: A, b = B()` declares.
struct Declared<'n> {
    name: Node<'n>,
    type_name: Option<String>,
    value: Option<Node<'n>>,
    accessors: Option<Node<'n>>,
}

fn declared<'n>(visit: &Visit<'_>, node: Node<'n>) -> Vec<Declared<'n>> {
    let mut all: Vec<Declared<'n>> = Vec::new();
    let mut cursor = node.walk();
    for part in node.children(&mut cursor) {
        if part.kind() == "pattern" {
            // Of `let (a, b) = …` nothing is known.
            if let Some(name) = part.child_by_field_name("bound_identifier") {
                all.push(Declared { name, type_name: None, value: None, accessors: None });
            }
            continue;
        }
        let Some(last) = all.last_mut() else { continue };
        match part.kind() {
            "type_annotation" => {
                let declared = part.child_by_field_name("name");
                last.type_name = declared.and_then(|declared| type_path(visit, declared));
            }
            "computed_property" | "willset_didset_block" | "protocol_property_requirements" => {
                last.accessors = Some(part);
            }
            "=" => last.value = Some(part),
            "call_expression" | "constructor_expression" if last.type_name.is_none() => {
                last.type_name = made(visit, part);
            }
            _ => {}
        }
    }
    all
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
    let all = declared(visit, node);
    if is_local(visit, node) {
        for one in all {
            if let Some(type_name) = one.type_name {
                let name = visit.text(one.name);
                visit.bind(&name, &type_name);
            }
        }
        return;
    }
    let head = head(visit, node);
    let parent = visit.scope();
    let is_let = child(node, &["value_binding_pattern"]).is_some_and(|word| visit.text(word) == "let");
    let kind = match parent {
        Some(_) if is_let && head.is_static => Kind::Constant,
        Some(_) => Kind::Field,
        None if is_let => Kind::Constant,
        None => Kind::Variable,
    };
    let mut computed = None;
    for one in all {
        let name = visit.text(one.name);
        if let Some(type_name) = one.type_name {
            // A field is known by its name alone too.
            if parent.is_some() {
                visit.bind(&format!("self.{name}"), &type_name);
            }
            visit.bind(&name, &type_name);
        }
        let signature = Some(visit.head_from(head.first, node, one.value.or(one.accessors)));
        let def = Def {
            at: Some(one.name),
            body: one.accessors,
            visibility: head.visibility,
            signature,
            ..Def::new(kind, name)
        };
        let entity = visit.note(node, def, parent);
        computed = one.accessors.and(entity).or(computed);
    }
    if let Some(entity) = computed {
        visit.reopen(entity);
    }
}

fn alias(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name")else { return };
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

/// Returns the type that is made, known by its capital.
fn made(visit: &Visit<'_>, node: Node<'_>) -> Option<String> {
    let callee = node.named_child(0)?;
    let path = match callee.kind() {
        "user_type" => type_path(visit, callee)?,
        "simple_identifier" | "navigation_expression" => visit.text(callee).into_owned(),
        _ => return None,
    };
    path.rsplit('.').next()?.starts_with(char::is_uppercase).then_some(path)
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
