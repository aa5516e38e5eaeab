//! C: `tree-sitter-c`. C++ builds on it.

pub(crate) mod declarator;

use tree_sitter::Node;

use crate::{
    extract::{Def, Grammar, Handler, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};
use declarator::Declared;

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: || tree_sitter_c::LANGUAGE.into(),
    handlers: HANDLERS,
    branches: BRANCHES,
    decisions: DECISIONS,
    comments: &["comment"],
    between: &[],
    alike: ALIKE,
    whole: WHOLE,
    modules: Modules::Include,
    silent_self: false,
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("preproc_include", include),
    ("preproc_def", macro_constant),
    ("preproc_function_def", macro_function),
    ("function_definition", function),
    ("declaration", declaration),
    ("field_declaration", field),
    ("parameter_declaration", parameter),
    ("struct_specifier", structure),
    ("union_specifier", structure),
    ("enum_specifier", enumeration),
    ("enumerator", enumerator),
    ("type_definition", type_definition),
    ("call_expression", call),
];

pub(crate) const BRANCHES: &[&str] =
    &["if_statement", "for_statement", "while_statement", "do_statement", "conditional_expression"];

/// `case` rather than its statement, which `default` has too.
pub(crate) const DECISIONS: &[&str] = &["&&", "||", "case"];

pub(crate) const ALIKE: &[&str] = &[
    "identifier",
    "field_identifier",
    "type_identifier",
    "statement_identifier",
    "number_literal",
    "char_literal",
    "true",
    "false",
    "null",
];

pub(crate) const WHOLE: &[&str] = &["string_literal", "system_lib_string"];

fn include(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(path) = node.child_by_field_name("path")
        && matches!(path.kind(), "string_literal" | "system_lib_string")
    {
        let text = visit.text(path);
        visit.import(text.trim_matches(['"', '<', '>']), None, None, line_of(node));
    }
    visit.skip();
}

fn macro_constant(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let body = node.child_by_field_name("value");
    let def = Def { at: Some(name), body, ..Def::new(Kind::Constant, visit.text(name)) };
    // A macro is known from here on, whatever it stands in.
    visit.note(node, def, None);
    visit.skip();
}

fn macro_function(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let parameters = node.child_by_field_name("parameters").map_or(0, |list| list.named_child_count() as u32);
    let body = node.child_by_field_name("value");
    let def = Def { at: Some(name), body, parameters, ..Def::new(Kind::Macro, visit.text(name)) };
    visit.define_in(node, def, None);
    visit.skip();
}

/// A function, or a method defined outside its type: `Type::name`.
pub(crate) fn function(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(declared) = node.child_by_field_name("declarator").and_then(Declared::read) else { return };
    let Some(parameters) = declared.parameters else { return };
    let name = declared.text(visit);
    // Macros that begin a block let `else if (…) {…}` look like one.
    if matches!(&*name, "if" | "for" | "while" | "switch" | "catch") {
        return;
    }
    let (parent, kind) = whose(visit, &declared);
    let def = Def {
        at: Some(declared.name),
        body: body_of(node),
        parameters: parameter_count(visit, parameters),
        visibility: visibility(visit, node, kind == Kind::Method),
        ..Def::new(kind, name)
    };
    visit.define_in(node, def, parent);
}

/// Returns what a function or method belongs to, and which of both it is.
fn whose(visit: &mut Visit<'_>, declared: &Declared<'_>) -> (Option<u32>, Kind) {
    if let Some(scope) = declared.scope {
        let name = visit.text(scope).into_owned();
        if visit.known_type(&name).is_none()
            && let Some(module) = visit.known_module(&name)
        {
            return (Some(module), Kind::Function);
        }
        let of = visit.type_or_stand_in(scope, &name, Visibility::Public);
        return (of, Kind::Method);
    }
    let kind = if visit.within().is_some_and(Kind::is_type) { Kind::Method } else { Kind::Function };
    (visit.scope(), kind)
}

/// Where the head ends: at the body, or at what initialises members before it.
fn body_of(node: Node<'_>) -> Option<Node<'_>> {
    let mut cursor = node.walk();
    let begins = |child: &Node<'_>| {
        matches!(
            child.kind(),
            "field_initializer_list" | "compound_statement" | "try_statement" | "default_method_clause"
        )
    };
    node.named_children(&mut cursor).find(begins)
}

/// `(void)` is no parameter.
fn parameter_count(visit: &Visit<'_>, list: Node<'_>) -> u32 {
    let mut cursor = list.walk();
    let counts = |child: &Node<'_>| match child.kind() {
        "parameter_declaration" => {
            child.child_by_field_name("declarator").is_some() || visit.text(*child) != "void"
        }
        "optional_parameter_declaration"
        | "variadic_parameter_declaration"
        | "variadic_parameter"
        | "..."
        | "identifier" => true,
        _ => false,
    };
    list.children(&mut cursor).filter(counts).count() as u32
}

/// What is static is its file's own; of a member, its section says.
fn visibility(visit: &Visit<'_>, node: Node<'_>, is_member: bool) -> Visibility {
    if is_member {
        return visit.section().unwrap_or(Visibility::Public);
    }
    if has_word(visit, node, &["static"]) { Visibility::Private } else { Visibility::Public }
}

fn has_word(visit: &Visit<'_>, node: Node<'_>, words: &[&str]) -> bool {
    let mut cursor = node.walk();
    let is_said = |child: Node<'_>| {
        matches!(child.kind(), "storage_class_specifier" | "type_qualifier")
            && words.contains(&&*visit.text(child))
    };
    node.named_children(&mut cursor).any(is_said)
}

/// Variables and prototypes, several in one statement; within a function, only the types of variables.
pub(crate) fn declaration(visit: &mut Visit<'_>, node: Node<'_>) {
    if visit.in_function() {
        bind_all(visit, node);
        return;
    }
    declare(visit, node);
}

pub(crate) fn field(visit: &mut Visit<'_>, node: Node<'_>) {
    // Those of a type without a name have nothing they could belong to.
    if visit.in_function() || !visit.within().is_some_and(Kind::is_type) {
        return;
    }
    declare(visit, node);
}

fn declare(visit: &mut Visit<'_>, node: Node<'_>) {
    let in_type = visit.within().is_some_and(Kind::is_type);
    let is_constant = has_word(visit, node, &["const", "constexpr", "constinit"]);
    let visibility = visibility(visit, node, in_type);
    let last = node.child_count().checked_sub(1).and_then(|last| node.child(last));
    let is_torn = last.is_some_and(|last| last.is_missing());
    let mut cursor = node.walk();
    let mut head = None;
    for declarator in node.children_by_field_name("declarator", &mut cursor) {
        let Some(declared) = Declared::read(declarator) else { continue };
        let head = head.get_or_insert_with(|| visit.head(node, Some(declarator)));
        let signature = format!("{head} {}", visit.head(declarator, declared.value)).trim().to_owned();
        let name = declared.text(visit);
        let at = Some(declared.name);
        if let Some(list) = declared.parameters {
            let (parent, kind) = whose(visit, &declared);
            let parameters = parameter_count(visit, list);
            let def = Def { at, parameters, visibility, signature: Some(signature), ..Def::new(kind, name) };
            visit.note(node, def, parent);
            continue;
        }
        // Before a word that may be a macro, what looks like a name is the type: `API size_t length(void);`.
        if is_torn || matches!(&*name, "if" | "int" | "unsigned" | "typedef" | "struct") {
            continue;
        }
        let (parent, kind) = match declared.scope {
            Some(_) => (whose(visit, &declared).0, Kind::Field),
            None if in_type => (visit.scope(), Kind::Field),
            None if is_constant && !declared.is_pointer => (visit.scope(), Kind::Constant),
            None => (visit.scope(), Kind::Variable),
        };
        let body = declared.value;
        let def = Def { at, body, visibility, signature: Some(signature), ..Def::new(kind, name) };
        visit.note(node, def, parent);
    }
    bind_all(visit, node);
}

/// Notes the types of the variables of a statement.
fn bind_all(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(given) = node.child_by_field_name("type") else { return };
    let named = declarator::type_name(visit, given);
    let in_type = visit.within().is_some_and(Kind::is_type);
    let mut cursor = node.walk();
    for declarator in node.children_by_field_name("declarator", &mut cursor) {
        let Some(declared) = Declared::read(declarator) else { continue };
        // Within a function `T x(y);` is a variable more often than a prototype.
        if declared.scope.is_some() || declared.parameters.is_some() && !visit.in_function() {
            continue;
        }
        let named = match &named {
            Some(named) => Some(named.clone()),
            None if given.kind() == "placeholder_type_specifier" => {
                declared.value.and_then(|value| declarator::made_type(visit, value))
            }
            None => None,
        };
        let Some(named) = named else { continue };
        let name = visit.text(declared.name);
        visit.bind(&name, &named);
        if in_type {
            visit.bind(&format!("this.{name}"), &named);
        }
    }
}

/// The type of a parameter of what is defined, not only declared.
pub(crate) fn parameter(visit: &mut Visit<'_>, node: Node<'_>) {
    if visit.in_function() {
        bind_all(visit, node);
    }
}

fn structure(visit: &mut Visit<'_>, node: Node<'_>) {
    define_type(visit, node, Kind::Struct);
}

fn enumeration(visit: &mut Visit<'_>, node: Node<'_>) {
    define_type(visit, node, Kind::Enum);
}

/// A type with a name and a body; without a body it is only spoken of.
pub(crate) fn define_type(visit: &mut Visit<'_>, node: Node<'_>, kind: Kind) -> Option<u32> {
    let body = node.child_by_field_name("body")?;
    let name = declarator::last_name(node.child_by_field_name("name")?)?;
    let visibility = visit.section().unwrap_or(Visibility::Public);
    let def = Def { at: Some(name), body: Some(body), visibility, ..Def::new(kind, visit.text(name)) };
    visit.define(node, def)
}

pub(crate) fn enumerator(visit: &mut Visit<'_>, node: Node<'_>) {
    if visit.in_function() {
        return;
    }
    let Some(name) = node.child_by_field_name("name") else { return };
    let body = node.child_by_field_name("value");
    let def = Def { at: Some(name), body, ..Def::new(Kind::Constant, visit.text(name)) };
    let parent = visit.scope();
    visit.note(node, def, parent);
}

/// Other names of types. A type without a name of its own gets the first; one of the same name needs no other.
pub(crate) fn type_definition(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(given) = node.child_by_field_name("type") else { return };
    let kind = match given.kind() {
        "struct_specifier" | "union_specifier" => Some(Kind::Struct),
        "class_specifier" => Some(Kind::Class),
        "enum_specifier" => Some(Kind::Enum),
        _ => None,
    };
    let body = given.child_by_field_name("body");
    let given_name = given.child_by_field_name("name");
    let own = given_name.filter(|_| kind.is_some() && body.is_some()).map(|name| visit.text(name));
    let visibility = visit.section().unwrap_or(Visibility::Public);
    let parent = visit.scope();
    let mut unnamed = kind.filter(|_| given_name.is_none() && body.is_some());
    let mut cursor = node.walk();
    let mut head = None;
    for declarator in node.children_by_field_name("declarator", &mut cursor) {
        let Some(declared) = Declared::read(declarator) else { continue };
        let (at, name) = (Some(declared.name), visit.text(declared.name));
        if own.as_deref() == Some(&*name) {
            continue;
        }
        let head = head.get_or_insert_with(|| visit.head(node, body.or(Some(declarator))));
        let signature = Some(format!("{head} {}", visit.head(declarator, None)));
        match unnamed.take_if(|_| !declared.is_pointer) {
            Some(kind) => {
                let def = Def { at, body, visibility, signature, ..Def::new(kind, name) };
                visit.define_in(node, def, parent);
            }
            None => {
                let def = Def { at, visibility, signature, ..Def::new(Kind::Type, name) };
                visit.note(node, def, parent);
            }
        }
    }
}

fn call(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(function) = node.child_by_field_name("function") else { return };
    match function.kind() {
        "identifier" => visit.refer(Relation::Calls, function),
        "field_expression" => {
            let parts = (function.child_by_field_name("argument"), function.child_by_field_name("field"));
            if let (Some(object), Some(name)) = parts
                && let Some(name) = declarator::last_name(name)
            {
                visit.refer_member(Relation::Calls, object, name);
            }
        }
        "qualified_identifier" | "template_function" => {
            let (path, from) = (declarator::path(visit, function), visit.scope());
            let line = declarator::last_name(function).map_or_else(|| line_of(function), line_of);
            if let Some(path) = path {
                visit.refer_text(Relation::Calls, from, &path, line);
            }
        }
        _ => {}
    }
}

pub(crate) fn line_of(node: Node<'_>) -> u32 {
    node.start_position().row as u32 + 1
}
