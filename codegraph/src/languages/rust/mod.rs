//! Rust: `tree-sitter-rust`.

mod tokens;

use tree_sitter::Node;

use crate::{
    extract::{Def, Grammar, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: || tree_sitter_rust::LANGUAGE.into(),
    handlers: &[
        ("inner_attribute_item", inner),
        ("mod_item", module),
        ("struct_item", structure),
        ("union_item", structure),
        ("enum_item", enumeration),
        ("enum_variant", variant),
        ("trait_item", trait_item),
        ("impl_item", implementation),
        ("function_item", function),
        ("function_signature_item", function),
        ("field_declaration", field),
        ("const_item", constant),
        ("static_item", constant),
        ("type_item", alias),
        ("associated_type", alias),
        ("macro_definition", macro_rules),
        ("attribute_item", attribute),
        ("call_expression", call),
        ("macro_invocation", invocation),
        ("let_declaration", binding),
        ("parameter", binding),
        ("use_declaration", import),
    ],
    branches: &["if_expression", "for_expression", "while_expression", "loop_expression", "match_arm"],
    decisions: &["&&", "||", "try_expression"],
    comments: &["line_comment", "block_comment"],
    between: &["attribute_item"],
    alike: &[
        "identifier",
        "type_identifier",
        "field_identifier",
        "shorthand_field_identifier",
        "integer_literal",
        "float_literal",
        "boolean_literal",
        "char_literal",
        "lifetime",
    ],
    whole: &["string_literal", "raw_string_literal"],
    modules: Modules::Crate,
    silent_self: false,
};

fn inner(visit: &mut Visit<'_>, _: Node<'_>) {
    visit.skip();
}

fn module(visit: &mut Visit<'_>, node: Node<'_>) {
    // `mod x;` names a file, which is an entity of its own.
    let Some(name) = visit.field(node, "name") else { return };
    if node.child_by_field_name("body").is_some() {
        define(visit, node, Kind::Module);
    } else {
        let line = node.start_position().row as u32 + 1;
        visit.import("self", Some(&name), None, line);
    }
}

fn structure(visit: &mut Visit<'_>, node: Node<'_>) {
    define(visit, node, Kind::Struct);
}

fn enumeration(visit: &mut Visit<'_>, node: Node<'_>) {
    define(visit, node, Kind::Enum);
}

fn variant(visit: &mut Visit<'_>, node: Node<'_>) {
    leaf(visit, node, Kind::Constant, Some(Visibility::Public));
}

fn trait_item(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(entity) = define(visit, node, Kind::Trait) else { return };
    let Some(bounds) = node.child_by_field_name("bounds") else { return };
    let mut cursor = bounds.walk();
    for bound in bounds.named_children(&mut cursor) {
        if let Some(named) = type_node(bound) {
            visit.refer_from(Relation::Inherits, Some(entity), named);
        }
    }
}

/// What is implemented for a type of this file belongs to that type; for one of elsewhere, to a stand-in of its name.
fn implementation(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(of) = node.child_by_field_name("type") else { return };
    // Of what has no name, such as `[T]`, what is written is the name.
    let path: String = match type_node(of) {
        Some(named) => visit.text(named).into_owned(),
        None => visit.text(of).split_whitespace().collect::<Vec<_>>().join(" "),
    };
    let name = if type_node(of).is_some() { path.rsplit("::").next().unwrap_or(&path) } else { &path };
    let name = name.to_owned();
    let entity = match visit.known_type(&name) {
        Some(entity) => {
            visit.reopen(entity);
            entity
        }
        None => {
            let def = Def { body: node.child_by_field_name("body"), ..Def::new(Kind::Type, name) };
            match visit.define(node, def) {
                Some(entity) => entity,
                None => return,
            }
        }
    };
    if let Some(implemented) = node.child_by_field_name("trait").and_then(type_node) {
        visit.refer_from(Relation::Implements, Some(entity), implemented);
        visit.implementing();
    }
}

fn function(visit: &mut Visit<'_>, node: Node<'_>) {
    let kind = if visit.within().is_some_and(Kind::is_type) { Kind::Method } else { Kind::Function };
    define(visit, node, kind);
}

fn field(visit: &mut Visit<'_>, node: Node<'_>) {
    leaf(visit, node, Kind::Field, None);
    let (Some(name), Some(declared)) = (visit.field(node, "name"), node.child_by_field_name("type")) else {
        return;
    };
    if let Some(named) = type_node(declared) {
        let named = visit.text(named);
        visit.bind(&format!("self.{name}"), &named);
    }
}

fn constant(visit: &mut Visit<'_>, node: Node<'_>) {
    leaf(visit, node, Kind::Constant, None);
}

fn alias(visit: &mut Visit<'_>, node: Node<'_>) {
    leaf(visit, node, Kind::Type, None);
}

fn macro_rules(visit: &mut Visit<'_>, node: Node<'_>) {
    define(visit, node, Kind::Macro);
    visit.skip();
}

/// Attributes and derives decorate what follows.
fn attribute(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(attribute) = node.named_child(0) else { return };
    let Some(path) = attribute.named_child(0) else { return };
    let text = visit.text(path);
    if text == "derive" {
        if let Some(list) = visit.field(attribute, "arguments") {
            for derived in list.trim_matches(['(', ')']).split(',') {
                visit.decorate_by(derived.trim(), node.start_position().row as u32 + 1);
            }
        }
    } else {
        visit.decorate(path);
    }
    visit.skip();
}

fn call(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(mut function) = node.child_by_field_name("function") else { return };
    if function.kind() == "generic_function" {
        let Some(inner) = function.child_by_field_name("function") else { return };
        function = inner;
    }
    match function.kind() {
        "field_expression" => {
            if let (Some(object), Some(name)) =
                (function.child_by_field_name("value"), function.child_by_field_name("field"))
            {
                visit.refer_member(Relation::Calls, object, name);
            }
        }
        "scoped_identifier" => {
            let Some(name) = function.child_by_field_name("name") else { return };
            // `Vec::<u8>::new()` and `<T as Trait>::f()`: the parameters say nothing about the name.
            match function.child_by_field_name("path").map(|path| type_node(path).unwrap_or(path)) {
                Some(path) => visit.refer_member(Relation::Calls, path, name),
                None => visit.refer(Relation::Calls, name),
            }
        }
        "identifier" => visit.refer(Relation::Calls, function),
        _ => {}
    }
}

fn invocation(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(name) = node.child_by_field_name("macro") {
        visit.refer(Relation::Calls, name);
    }
    let mut cursor = node.walk();
    let arguments = node.named_children(&mut cursor).find(|child| child.kind() == "token_tree");
    if let Some(arguments) = arguments {
        tokens::read(visit, arguments);
    }
}

fn binding(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(pattern) = node.child_by_field_name("pattern").filter(|pattern| pattern.kind() == "identifier")
    else {
        return;
    };
    let variable = visit.text(pattern);
    if let Some(named) = node.child_by_field_name("type").and_then(type_node) {
        let named = visit.text(named);
        visit.bind(&variable, &named);
    } else if let Some(value) = node.child_by_field_name("value") {
        let mut value = value;
        while matches!(value.kind(), "reference_expression" | "try_expression" | "await_expression") {
            let Some(inner) = value.child_by_field_name("value").or_else(|| value.named_child(0)) else {
                return;
            };
            value = inner;
        }
        let made = match value.kind() {
            "struct_expression" => value.child_by_field_name("name"),
            // `Type::new(…)` and its like make a Type by custom.
            "call_expression" => value
                .child_by_field_name("function")
                .filter(|function| function.kind() == "scoped_identifier")
                .and_then(|function| function.child_by_field_name("path")),
            _ => None,
        };
        if let Some(made) = made.and_then(type_node) {
            let made = visit.text(made);
            visit.bind(&variable, &made);
        }
    }
}

fn import(visit: &mut Visit<'_>, node: Node<'_>) {
    let line = node.start_position().row as u32 + 1;
    if let Some(argument) = node.child_by_field_name("argument") {
        let text: String = visit.text(argument).split_whitespace().collect::<Vec<_>>().join(" ");
        tree_of_uses(visit, "", &text, line);
    }
    visit.skip();
}

/// Reads `a::{b, c::*, d as e, self}`; a stack, since braces may nest as deep as a stranger likes.
fn tree_of_uses(visit: &mut Visit<'_>, prefix: &str, text: &str, line: u32) {
    let mut open = vec![(prefix.to_owned(), text.to_owned())];
    // Bounded, for each level copies its prefix.
    let mut left = 2_000;
    while let Some((prefix, text)) = open.pop() {
        left -= 1;
        if left == 0 {
            return;
        }
        for part in split_at_commas(&text) {
            let part = part.trim();
            if let Some((head, inner)) = part.split_once('{') {
                let inner = inner.strip_suffix('}').unwrap_or(inner);
                open.push((joined(&prefix, head.trim().trim_end_matches("::")), inner.to_owned()));
                continue;
            }
            let (path, alias) = match part.split_once(" as ") {
                Some((path, alias)) => (path.trim(), Some(alias.trim())),
                None => (part, None),
            };
            let whole = joined(&prefix, path).replace("::", ".");
            let whole = whole.trim_start_matches('.');
            match whole.rsplit_once('.') {
                Some((module, "*")) => visit.import_all(module, line),
                Some((module, "self")) => match module.rsplit_once('.') {
                    Some((module, item)) => visit.import(module, Some(item), alias, line),
                    None => visit.import(module, None, alias.or(Some(module)), line),
                },
                Some((module, item)) => visit.import(module, Some(item), alias, line),
                None if whole.is_empty() => {}
                None => visit.import(whole, None, alias.or(Some(whole)), line),
            }
        }
    }
}

fn joined(prefix: &str, path: &str) -> String {
    if prefix.is_empty() { path.to_owned() } else { format!("{prefix}::{path}") }
}

fn split_at_commas(text: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0_usize, 0);
    for (at, character) in text.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Returns the part of a type that names it: without references, parameters, `dyn` and `impl`.
fn type_node(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    loop {
        node = match node.kind() {
            "type_identifier"
            | "scoped_type_identifier"
            | "identifier"
            | "scoped_identifier"
            | "self"
            | "primitive_type" => return Some(node),
            "generic_type" | "reference_type" | "generic_type_with_turbofish" => {
                node.child_by_field_name("type")?
            }
            "dynamic_type" | "abstract_type" => node.child_by_field_name("trait")?,
            "bracketed_type" | "qualified_type" => node.named_child(0)?,
            _ => return None,
        };
    }
}

fn define(visit: &mut Visit<'_>, node: Node<'_>, kind: Kind) -> Option<u32> {
    let name = node.child_by_field_name("name")?;
    let text = visit.text(name).into_owned();
    let parameters = node.child_by_field_name("parameters").map_or(0, |list| {
        let mut cursor = list.walk();
        list.named_children(&mut cursor).filter(|child| child.kind() == "parameter").count() as u32
    });
    let visibility = visibility(visit, node);
    let body = node.child_by_field_name("body");
    visit.define(node, Def { at: Some(name), body, parameters, visibility, ..Def::new(kind, text) })
}

fn leaf(visit: &mut Visit<'_>, node: Node<'_>, kind: Kind, given: Option<Visibility>) {
    // What is inside a function is nobody else's.
    if visit.in_function() {
        return;
    }
    let Some(name) = node.child_by_field_name("name") else { return };
    let visibility = given.unwrap_or_else(|| visibility(visit, node));
    let def = Def {
        at: Some(name),
        body: node.child_by_field_name("value"),
        visibility,
        ..Def::new(kind, visit.text(name))
    };
    let parent = visit.scope();
    visit.note(node, def, parent);
}

fn visibility(visit: &Visit<'_>, node: Node<'_>) -> Visibility {
    let mut cursor = node.walk();
    let said = node.children(&mut cursor).find(|child| child.kind() == "visibility_modifier");
    match said.map(|said| visit.text(said)) {
        Some(text) if text == "pub" => Visibility::Public,
        Some(_) => Visibility::Internal,
        None if visit.is_implementing() || visit.within() == Some(Kind::Trait) => Visibility::Public,
        None => Visibility::Private,
    }
}
