//! JavaScript with JSX: `tree-sitter-javascript`. TypeScript and the scripts of Vue build on it.

mod import;

use tree_sitter::Node;

use crate::{
    extract::{Def, Grammar, Handler, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};
use import::{destructured, export, first_string, import, required};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: || tree_sitter_javascript::LANGUAGE.into(),
    handlers: HANDLERS,
    branches: BRANCHES,
    decisions: DECISIONS,
    comments: &["comment", "html_comment"],
    between: &["decorator"],
    alike: ALIKE,
    whole: &["string"],
    modules: Modules::Relative,
    silent_self: false,
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("export_statement", export),
    ("class_declaration", class),
    ("class", class),
    ("function_declaration", function),
    ("generator_function_declaration", function),
    ("method_definition", method),
    ("field_definition", field),
    ("variable_declarator", variable),
    ("assignment_expression", assignment),
    ("pair", pair),
    ("decorator", decorator),
    ("call_expression", call),
    ("new_expression", new),
    ("import_statement", import),
    ("jsx_opening_element", element),
    ("jsx_self_closing_element", element),
];

pub(crate) const BRANCHES: &[&str] = &[
    "if_statement",
    "for_statement",
    "for_in_statement",
    "while_statement",
    "do_statement",
    "switch_case",
    "catch_clause",
    "ternary_expression",
];

pub(crate) const DECISIONS: &[&str] = &["&&", "||", "??"];

pub(crate) const ALIKE: &[&str] = &[
    "identifier",
    "property_identifier",
    "private_property_identifier",
    "shorthand_property_identifier",
    "shorthand_property_identifier_pattern",
    "type_identifier",
    "number",
    "string_fragment",
    "regex",
    "true",
    "false",
    "null",
    "undefined",
];

pub(crate) fn class(visit: &mut Visit<'_>, node: Node<'_>) {
    let name = match node.child_by_field_name("name") {
        Some(name) => visit.text(name).into_owned(),
        // `const A = class { … }` has been given its name by the declarator.
        None => return,
    };
    // An expression is a value: whoever gets it may use the class.
    let visibility = if node.kind() == "class" { Visibility::Public } else { exported(visit, node) };
    let def = Def {
        at: node.child_by_field_name("name"),
        body: node.child_by_field_name("body"),
        visibility,
        ..Def::new(Kind::Class, name)
    };
    let Some(entity) = visit.define(node, def) else { return };
    heritage(visit, node, entity);
}

/// Notes what a class extends and implements.
pub(crate) fn heritage(visit: &mut Visit<'_>, node: Node<'_>, entity: u32) {
    let mut cursor = node.walk();
    let Some(heritage) = node.children(&mut cursor).find(|child| child.kind() == "class_heritage") else {
        return;
    };
    let mut cursor = heritage.walk();
    for child in heritage.named_children(&mut cursor) {
        match child.kind() {
            "extends_clause" => {
                if let Some(value) = child.child_by_field_name("value") {
                    base(visit, Relation::Inherits, entity, value);
                }
            }
            "implements_clause" => {
                let mut cursor = child.walk();
                for one in child.named_children(&mut cursor) {
                    base(visit, Relation::Implements, entity, one);
                }
            }
            _ => base(visit, Relation::Inherits, entity, child),
        }
    }
}

/// Notes a base; of `mixin(Base)` what is called, of `Base<T>` its name.
pub(crate) fn base(visit: &mut Visit<'_>, relation: Relation, entity: u32, node: Node<'_>) {
    let named = match node.kind() {
        "generic_type" => node.child_by_field_name("name"),
        "call_expression" => node.child_by_field_name("function"),
        _ => Some(node),
    };
    if let Some(named) = named {
        visit.refer_from(relation, Some(entity), named);
    }
}

pub(crate) fn function(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let def = Def {
        at: Some(name),
        body: node.child_by_field_name("body"),
        parameters: parameters(node),
        visibility: exported(visit, node),
        ..Def::new(Kind::Function, visit.text(name))
    };
    visit.define(node, def);
}

pub(crate) fn method(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name").filter(|name| name.kind() != "computed_property_name")
    else {
        return;
    };
    let kind = if visit.within().is_some_and(Kind::is_type) { Kind::Method } else { Kind::Function };
    let text = unquoted(&visit.text(name)).to_owned();
    let def = Def {
        at: Some(name),
        body: node.child_by_field_name("body"),
        parameters: parameters(node),
        visibility: member_visibility(visit, node, &text),
        ..Def::new(kind, text)
    };
    visit.define(node, def);
}

/// A field that holds a function is a method.
pub(crate) fn field(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("property").or_else(|| node.child_by_field_name("name")) else {
        return;
    };
    let text = unquoted(&visit.text(name)).to_owned();
    let value = node.child_by_field_name("value");
    let visibility = member_visibility(visit, node, &text);
    if let Some(function) = value.filter(is_function) {
        let def = Def {
            at: Some(name),
            body: function.child_by_field_name("body"),
            parameters: parameters(function),
            visibility,
            ..Def::new(Kind::Method, text)
        };
        visit.define(node, def);
        return;
    }
    let own = format!("this.{text}");
    bind_value(visit, &own, node, value);
    let parent = visit.scope();
    visit.note(node, Def { at: Some(name), visibility, ..Def::new(Kind::Field, text) }, parent);
}

/// A variable that holds a function is one; others count where the file is read, not in functions.
pub(crate) fn variable(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let value = node.child_by_field_name("value");
    if name.kind() != "identifier" {
        if let Some(module) = value.and_then(|value| required(visit, value)) {
            destructured(visit, &module, name);
        }
        return;
    }
    let text = visit.text(name).into_owned();
    let line = node.start_position().row as u32 + 1;
    if let Some(module) = value.and_then(|value| required(visit, value)) {
        visit.import(&module, None, Some(&text), line);
        return;
    }
    let visibility = exported(visit, node);
    match value {
        Some(function) if is_function(&function) => {
            let def = Def {
                at: Some(name),
                body: function.child_by_field_name("body"),
                parameters: parameters(function),
                visibility,
                ..Def::new(Kind::Function, text)
            };
            visit.define(node, def);
        }
        Some(class) if class.kind() == "class" => {
            let body = class.child_by_field_name("body");
            let def = Def { at: Some(name), body, visibility, ..Def::new(Kind::Class, text) };
            if let Some(entity) = visit.define(node, def) {
                heritage(visit, class, entity);
            }
        }
        value => {
            bind_value(visit, &text, node, value);
            if visit.in_function() {
                return;
            }
            let is_constant = text.chars().any(char::is_uppercase) && !text.chars().any(char::is_lowercase);
            let kind = if is_constant { Kind::Constant } else { Kind::Variable };
            let parent = visit.scope();
            visit.note(node, Def { at: Some(name), visibility, ..Def::new(kind, text) }, parent);
        }
    }
}

/// Notes the type of a variable: the one declared, or that of `new T(…)`.
fn bind_value(visit: &mut Visit<'_>, variable: &str, node: Node<'_>, value: Option<Node<'_>>) {
    let declared = node.child_by_field_name("type").and_then(|annotation| annotation.named_child(0));
    let made = value.filter(|value| value.kind() == "new_expression");
    let named = declared.or_else(|| made.and_then(|made| made.child_by_field_name("constructor")));
    if let Some(named) = named {
        let named = named.child_by_field_name("name").unwrap_or(named);
        let named = visit.text(named);
        visit.bind(variable, &named);
    }
}

/// `exports.f = …`, `X.prototype.f = …` and `this.f = …` define where a function is assigned.
pub(crate) fn assignment(visit: &mut Visit<'_>, node: Node<'_>) {
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
    else {
        return;
    };
    let text = visit.text(left);
    if let Some(made) = Some(right).filter(|right| right.kind() == "new_expression") {
        if let Some(named) = visit.field(made, "constructor") {
            visit.bind(&text, &named);
        }
        return;
    }
    if left.kind() != "member_expression" || !is_function(&right) {
        return;
    }
    let Some(name) = left.child_by_field_name("property") else { return };
    let object = visit.field(left, "object").unwrap_or_default();
    let parent = match object.strip_suffix(".prototype") {
        Some(class) => match visit.known_type(class) {
            Some(class) => Some(class),
            None => return,
        },
        None if object == "exports" || object == "module.exports" => None,
        None => return,
    };
    let kind = if parent.is_some() { Kind::Method } else { Kind::Function };
    let def = Def {
        at: Some(name),
        body: right.child_by_field_name("body"),
        parameters: parameters(right),
        ..Def::new(kind, visit.text(name))
    };
    visit.define_in(node, def, parent);
}

/// A function in an object of the file: `{ save: () => … }`, the methods of a component among them.
pub(crate) fn pair(visit: &mut Visit<'_>, node: Node<'_>) {
    let (Some(name), Some(value)) = (node.child_by_field_name("key"), node.child_by_field_name("value"))
    else {
        return;
    };
    if visit.in_function() || !is_function(&value) || name.kind() != "property_identifier" {
        return;
    }
    let def = Def {
        at: Some(name),
        body: value.child_by_field_name("body"),
        parameters: parameters(value),
        ..Def::new(Kind::Function, visit.text(name))
    };
    visit.define(node, def);
}

pub(crate) fn decorator(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(expression) = node.named_child(0) else { return };
    visit.decorate(expression.child_by_field_name("function").unwrap_or(expression));
}

pub(crate) fn call(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(function) = node.child_by_field_name("function") else { return };
    match function.kind() {
        "identifier" => {
            if let Some(module) = required(visit, node) {
                visit.import(&module, None, None, node.start_position().row as u32 + 1);
            } else {
                visit.refer(Relation::Calls, function);
            }
        }
        "member_expression" => {
            let parts = (function.child_by_field_name("object"), function.child_by_field_name("property"));
            if let (Some(object), Some(name)) = parts {
                visit.refer_member(Relation::Calls, object, name);
            }
        }
        "super" => visit.refer_text(Relation::Calls, visit.scope(), "super.constructor", line_of(function)),
        "import" => {
            if let Some(module) = first_string(visit, node) {
                visit.import(&module, None, None, line_of(node));
            }
        }
        _ => {}
    }
}

pub(crate) fn new(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(constructor) = node.child_by_field_name("constructor") else { return };
    match constructor.kind() {
        "member_expression" => {
            let parts =
                (constructor.child_by_field_name("object"), constructor.child_by_field_name("property"));
            if let (Some(object), Some(name)) = parts {
                visit.refer_member(Relation::Calls, object, name);
            }
        }
        _ => visit.refer(Relation::Calls, constructor),
    }
}

/// A tag of JSX that begins with a capital is a component.
pub(crate) fn element(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let text = visit.text(name);
    if text.starts_with(char::is_uppercase) || text.contains('.') {
        visit.refer(Relation::Uses, name);
    }
}

pub(crate) fn parameters(node: Node<'_>) -> u32 {
    if node.child_by_field_name("parameter").is_some() {
        return 1;
    }
    node.child_by_field_name("parameters").map_or(0, |list| {
        let mut cursor = list.walk();
        list.named_children(&mut cursor).filter(|child| child.kind() != "comment").count() as u32
    })
}

fn is_function(node: &Node<'_>) -> bool {
    matches!(node.kind(), "arrow_function" | "function_expression" | "generator_function" | "function")
}

/// What a module does not export is its own.
fn exported(visit: &Visit<'_>, node: Node<'_>) -> Visibility {
    if visit.is_exporting(node) { Visibility::Public } else { Visibility::Internal }
}

fn member_visibility(visit: &Visit<'_>, node: Node<'_>, name: &str) -> Visibility {
    let mut cursor = node.walk();
    let said = node.children(&mut cursor).find(|child| child.kind() == "accessibility_modifier");
    match said.map(|said| visit.text(said)).as_deref() {
        Some("private") => Visibility::Private,
        Some("protected") => Visibility::Protected,
        _ if name.starts_with('#') => Visibility::Private,
        _ => Visibility::Public,
    }
}

pub(crate) fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\'', '`'])
}

fn line_of(node: Node<'_>) -> u32 {
    node.start_position().row as u32 + 1
}
