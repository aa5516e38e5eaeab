//! Go: `tree-sitter-go`.

use tree_sitter::Node;

use crate::{
    extract::{Def, Grammar, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};

/// Pointers, parentheses and parameters around the name of a type that are looked through.
const LAYERS: usize = 16;

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: || tree_sitter_go::LANGUAGE.into(),
    handlers: &[
        ("package_clause", package),
        ("import_spec", import),
        ("type_spec", type_spec),
        ("type_alias", type_spec),
        ("type_elem", embedded_interface),
        ("method_elem", method_elem),
        ("field_declaration", field),
        ("function_declaration", function),
        ("method_declaration", method),
        ("parameter_declaration", parameter),
        ("const_spec", constant),
        ("var_spec", variable),
        ("short_var_declaration", short_variable),
        ("call_expression", call),
    ],
    branches: &["if_statement", "for_statement", "expression_case", "type_case", "communication_case"],
    decisions: &["&&", "||"],
    comments: &["comment"],
    between: &[],
    alike: &[
        "identifier",
        "field_identifier",
        "type_identifier",
        "package_identifier",
        "int_literal",
        "float_literal",
        "imaginary_literal",
        "rune_literal",
        "true",
        "false",
        "nil",
        "iota",
    ],
    whole: &["interpreted_string_literal", "raw_string_literal"],
    modules: Modules::Folder,
    silent_self: false,
};

/// The comment above the package clause is about the package, also below a licence.
fn package(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(name) = node.named_child(0) {
        let name = visit.text(name);
        visit.package(&name);
    }
    if let Some(doc) = visit.comment_above(node.start_position().row) {
        visit.file_doc(&doc);
    }
}

fn import(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(path) = visit.field(node, "path") else { return };
    let path = path.trim_matches(['"', '`']);
    let line = node.start_position().row as u32 + 1;
    match node.child_by_field_name("name") {
        None => visit.import(path, None, Some(custom_name(path)), line),
        Some(name) if name.kind() == "dot" => visit.import_all(path, line),
        Some(name) if name.kind() == "blank_identifier" => visit.import(path, None, None, line),
        Some(name) => {
            let alias = visit.text(name);
            visit.import(path, None, Some(&alias), line);
        }
    }
}

/// Returns what a package is called by custom: the end of its path, without its version.
fn custom_name(path: &str) -> &str {
    let is_version = |text: &str| {
        text.strip_prefix('v').is_some_and(|digits| {
            !digits.is_empty() && digits.chars().all(|character| character.is_ascii_digit())
        })
    };
    let mut parts = path.rsplit('/');
    let last = parts.next().unwrap_or(path);
    let last = if is_version(last) { parts.next().unwrap_or(last) } else { last };
    match last.rsplit_once('.') {
        Some((name, version)) if is_version(version) => name,
        _ => last,
    }
}

fn type_spec(visit: &mut Visit<'_>, node: Node<'_>) {
    let (Some(name), Some(given)) = (node.child_by_field_name("name"), node.child_by_field_name("type"))
    else {
        return;
    };
    let (kind, body) = match given.kind() {
        "struct_type" => (Kind::Struct, given.child(1)),
        "interface_type" => (Kind::Interface, given.child(1)),
        _ => (Kind::Type, None),
    };
    let text = visit.text(name).into_owned();
    let signature = format!("type {}", visit.head(node, body));
    let def = Def {
        at: Some(name),
        body: Some(body.unwrap_or(given)),
        visibility: visibility(&text),
        signature: Some(signature),
        ..Def::new(kind, text)
    };
    visit.define(node, def);
}

/// An interface within an interface; a choice of types is none.
fn embedded_interface(visit: &mut Visit<'_>, node: Node<'_>) {
    if visit.within() != Some(Kind::Interface) || visit.below() != 2 || node.named_child_count() != 1 {
        return;
    }
    if let Some(base) = node.named_child(0).and_then(named_type) {
        visit.refer(Relation::Inherits, base);
    }
}

fn method_elem(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(def) = callable(visit, node, Kind::Method) {
        visit.define(node, def);
    }
}

/// A field, or what a struct is made of without a name: its methods become those of the struct.
fn field(visit: &mut Visit<'_>, node: Node<'_>) {
    // Those of a struct without a name within another type, or of a type within a function, are nobody else's.
    if visit.within() != Some(Kind::Struct) || visit.below() != 3 {
        return;
    }
    let named = node.child_by_field_name("type").and_then(named_type);
    let mut cursor = node.walk();
    let mut has_name = false;
    for name in node.children_by_field_name("name", &mut cursor).filter(Node::is_named) {
        has_name = true;
        let text = visit.text(name).into_owned();
        if let Some(named) = named {
            let named = visit.text(named);
            visit.bind(&format!("self.{text}"), &named);
        }
        if visit.in_function() {
            continue;
        }
        let def = Def { at: Some(name), visibility: visibility(&text), ..Def::new(Kind::Field, text) };
        let parent = visit.scope();
        visit.note(node, def, parent);
    }
    if let (false, Some(base)) = (has_name, named) {
        let text = visit.text(base);
        let own = text.rsplit('.').next().unwrap_or(&text);
        visit.bind(&format!("self.{own}"), &text);
        visit.refer(Relation::Inherits, base);
    }
}

fn function(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(def) = callable(visit, node, Kind::Function) {
        visit.define(node, def);
    }
}

/// A method belongs to its type, also when that is defined in another file of the package.
fn method(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(def) = callable(visit, node, Kind::Method) else { return };
    let receiver = node.child_by_field_name("receiver").and_then(|list| {
        let mut cursor = list.walk();
        list.named_children(&mut cursor).find(|child| child.kind() == "parameter_declaration")
    });
    let of = receiver.and_then(|receiver| receiver.child_by_field_name("type")).and_then(named_type);
    let parent = of.and_then(|of| {
        let name = visit.text(of).into_owned();
        visit.type_or_stand_in(of, &name, visibility(&name))
    });
    visit.define_in(node, def, parent);
}

fn callable<'n>(visit: &Visit<'_>, node: Node<'n>, kind: Kind) -> Option<Def<'n>> {
    let name = node.child_by_field_name("name")?;
    let text = visit.text(name).into_owned();
    let parameters = node.child_by_field_name("parameters").map_or(0, |list| {
        let mut cursor = list.walk();
        let names = |child: Node<'_>| {
            let mut cursor = child.walk();
            let names = child.children_by_field_name("name", &mut cursor).filter(Node::is_named);
            names.count().max(1) as u32
        };
        list.named_children(&mut cursor).filter(|child| child.kind() != "comment").map(names).sum()
    });
    let body = node.child_by_field_name("body");
    Some(Def { at: Some(name), body, parameters, visibility: visibility(&text), ..Def::new(kind, text) })
}

/// By the language, what begins with a capital is for other packages.
fn visibility(name: &str) -> Visibility {
    if name.starts_with(char::is_uppercase) { Visibility::Public } else { Visibility::Internal }
}

/// The type of a parameter, the receiver among them.
fn parameter(visit: &mut Visit<'_>, node: Node<'_>) {
    if visit.in_function() {
        bind_declared(visit, node);
    }
}

fn constant(visit: &mut Visit<'_>, node: Node<'_>) {
    leaves(visit, node, Kind::Constant);
}

fn variable(visit: &mut Visit<'_>, node: Node<'_>) {
    bind_declared(visit, node);
    if node.child_by_field_name("type").is_none() {
        let mut cursor = node.walk();
        let names: Vec<Node<'_>> =
            node.children_by_field_name("name", &mut cursor).filter(Node::is_named).collect();
        if let Some(values) = node.child_by_field_name("value") {
            bind_made(visit, &names, values);
        }
    }
    leaves(visit, node, Kind::Variable);
}

/// Notes the names of a statement outside functions.
fn leaves(visit: &mut Visit<'_>, node: Node<'_>, kind: Kind) {
    if visit.in_function() {
        return;
    }
    let mut cursor = node.walk();
    for name in node.children_by_field_name("name", &mut cursor).filter(Node::is_named) {
        let text = visit.text(name).into_owned();
        if text == "_" {
            continue;
        }
        let signature = format!("{} {}", if kind == Kind::Constant { "const" } else { "var" }, {
            visit.head(node, node.child_by_field_name("value"))
        });
        let def = Def {
            at: Some(name),
            body: node.child_by_field_name("value"),
            visibility: visibility(&text),
            signature: Some(signature),
            ..Def::new(kind, text)
        };
        let parent = visit.scope();
        visit.note(node, def, parent);
    }
}

fn short_variable(visit: &mut Visit<'_>, node: Node<'_>) {
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
    else {
        return;
    };
    let mut cursor = left.walk();
    let names: Vec<Node<'_>> = left.named_children(&mut cursor).collect();
    bind_made(visit, &names, right);
}

fn bind_declared(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(named) = node.child_by_field_name("type").and_then(named_type) else { return };
    let named = visit.text(named);
    let mut cursor = node.walk();
    for name in node.children_by_field_name("name", &mut cursor).filter(Node::is_named) {
        let name = visit.text(name);
        if name != "_" {
            visit.bind(&name, &named);
        }
    }
}

/// Notes the types of `T{…}`, `&T{…}` and `new(T)`; what a function gives back is not written where it is called.
fn bind_made(visit: &mut Visit<'_>, names: &[Node<'_>], values: Node<'_>) {
    let mut cursor = values.walk();
    for (name, value) in names.iter().zip(values.named_children(&mut cursor)) {
        let value = match value.kind() {
            "unary_expression" => value.child_by_field_name("operand").unwrap_or(value),
            _ => value,
        };
        let made = match value.kind() {
            "composite_literal" => value.child_by_field_name("type"),
            "call_expression" if visit.field(value, "function").is_some_and(|name| name == "new") => {
                value.child_by_field_name("arguments").and_then(|arguments| arguments.named_child(0))
            }
            _ => None,
        };
        if let Some(made) = made.and_then(named_type) {
            let (name, made) = (visit.text(*name), visit.text(made));
            visit.bind(&name, &made);
        }
    }
}

fn call(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(mut function) = node.child_by_field_name("function") else { return };
    // `f[T](x)`
    if function.kind() == "index_expression" {
        let Some(operand) = function.child_by_field_name("operand") else { return };
        function = operand;
    } else if function.kind() == "type_instantiation_expression" {
        let Some(operand) = function.child_by_field_name("type").or_else(|| function.named_child(0)) else {
            return;
        };
        function = operand;
    }
    match function.kind() {
        "identifier" | "type_identifier" => visit.refer(Relation::Calls, function),
        "selector_expression" => {
            let parts = (function.child_by_field_name("operand"), function.child_by_field_name("field"));
            if let (Some(object), Some(name)) = parts {
                visit.refer_member(Relation::Calls, object, name);
            }
        }
        "qualified_type" => {
            let parts = (function.child_by_field_name("package"), function.child_by_field_name("name"));
            if let (Some(object), Some(name)) = parts {
                visit.refer_member(Relation::Calls, object, name);
            }
        }
        _ => {}
    }
}

/// Returns the part of a type that names it: without pointers and parameters.
fn named_type(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    for _ in 0..LAYERS {
        node = match node.kind() {
            "type_identifier" | "qualified_type" | "identifier" | "selector_expression" => return Some(node),
            "generic_type" => node.child_by_field_name("type")?,
            "pointer_type" | "parenthesized_type" | "type_elem" => node.named_child(0)?,
            _ => return None,
        };
    }
    None
}

#[cfg(test)]
mod tests {
    use super::custom_name;

    #[test]
    fn a_package_is_called_by_the_end_of_its_path_without_a_version() {
        for (path, name) in [
            ("fmt", "fmt"),
            ("net/http", "http"),
            ("github.com/google/uuid/v2", "uuid"),
            ("gopkg.in/yaml.v3", "yaml"),
            ("example.com/v2x", "v2x"),
            ("v2", "v2"),
        ] {
            assert_eq!(custom_name(path), name, "{path}");
        }
    }
}
