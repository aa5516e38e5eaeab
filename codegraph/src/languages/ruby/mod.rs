//! Ruby: `tree-sitter-ruby`. Much of what other languages have words for are calls here.

use std::collections::HashSet;

use tree_sitter::Node;

use crate::{
    extract::{Def, Grammar, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: || tree_sitter_ruby::LANGUAGE.into(),
    handlers: &[
        ("module", module),
        ("class", class),
        ("singleton_class", singleton_class),
        ("method", method),
        ("singleton_method", method),
        ("alias", alias),
        ("assignment", assignment),
        ("call", call),
        ("super", above),
        ("identifier", section),
        ("program", statements),
        ("body_statement", statements),
        ("block_body", statements),
        ("then", statements),
        ("else", statements),
        ("do", statements),
        ("begin", statements),
        ("ensure", statements),
        ("if_modifier", modified),
        ("unless_modifier", modified),
    ],
    branches: &[
        "if",
        "elsif",
        "unless",
        "while",
        "until",
        "for",
        "if_modifier",
        "unless_modifier",
        "while_modifier",
        "until_modifier",
        "rescue",
        "rescue_modifier",
        "when",
        "in_clause",
        "conditional",
    ],
    decisions: &["&&", "||", "and", "or"],
    comments: &["comment"],
    between: &[],
    alike: &[
        "identifier",
        "constant",
        "instance_variable",
        "class_variable",
        "global_variable",
        "simple_symbol",
        "hash_key_symbol",
        "integer",
        "float",
        "string_content",
        "true",
        "false",
        "nil",
    ],
    whole: &[],
    modules: Modules::Project,
    silent_self: true,
};

fn line_of(node: Node<'_>) -> u32 {
    node.start_position().row as u32 + 1
}

/// Returns the last part of the name of a class or module.
fn own_name<'n>(node: Node<'n>) -> Option<Node<'n>> {
    let name = node.child_by_field_name("name")?;
    if name.kind() == "scope_resolution" { name.child_by_field_name("name") } else { Some(name) }
}

fn module(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = own_name(node) else { return };
    let body = node.child_by_field_name("body");
    visit.define(node, Def { at: Some(name), body, ..Def::new(Kind::Module, visit.text(name)) });
}

/// A class of this file that is opened again is the same.
fn class(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = own_name(node) else { return };
    let text = visit.text(name);
    let body = node.child_by_field_name("body");
    let scope = visit.scope();
    let known = visit.known_type(&text);
    let entity = match known.filter(|known| visit.entity_mut(*known).parent == scope) {
        Some(entity) => {
            visit.reopen(entity);
            entity
        }
        None => match visit.define(node, Def { at: Some(name), body, ..Def::new(Kind::Class, text) }) {
            Some(entity) => entity,
            None => return,
        },
    };
    let base = node.child_by_field_name("superclass").and_then(|clause| clause.named_child(0));
    if let Some(base) = base.filter(|base| is_constant(*base)) {
        visit.refer_from(Relation::Inherits, Some(entity), base);
    }
}

fn is_constant(node: Node<'_>) -> bool {
    matches!(node.kind(), "constant" | "scope_resolution")
}

/// `class << self` only has a section of its own.
fn singleton_class(visit: &mut Visit<'_>, _: Node<'_>) {
    if let Some(entity) = visit.scope() {
        visit.reopen(entity);
    }
}

fn method(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let is_static = node.kind() == "singleton_method";
    // A module lends its methods to classes, and keeps its own functions.
    let kind = match visit.within() {
        Some(kind) if kind.is_type() => Kind::Method,
        Some(Kind::Module) if !is_static => Kind::Method,
        _ => Kind::Function,
    };
    // Sections are about objects.
    let section = visit.section().filter(|_| !is_static);
    let visibility = visit.said_visibility(node).or(section).unwrap_or(Visibility::Public);
    let body = node.child_by_field_name("body");
    let list = node.child_by_field_name("parameters");
    let parameters = list.map_or(0, |list| {
        let mut cursor = list.walk();
        list.named_children(&mut cursor).filter(|child| child.kind() != "comment").count() as u32
    });
    let text: String = visit.text(name).split_whitespace().collect();
    // `def a = b` has its sign in the head, `def a; end` more than a head.
    let end = body.or_else(|| {
        let mut cursor = node.walk();
        node.children(&mut cursor).find(|child| matches!(child.kind(), ";" | "end"))
    });
    let signature = visit.head_from(node, node, end);
    let signature = Some(signature.trim_end_matches([';', ' ']).to_owned());
    let has_body = body.or(end);
    let def =
        Def { at: Some(name), body: has_body, parameters, visibility, signature, ..Def::new(kind, text) };
    visit.define(node, def);
}

fn alias(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(name) = node.child_by_field_name("name").filter(|_| visit.within().is_some_and(has_members)) {
        let text = visit.text(name).trim_start_matches(':').to_owned();
        note(visit, node, name, Kind::Method, text);
    }
}

fn has_members(kind: Kind) -> bool {
    kind.is_type() || kind == Kind::Module
}

fn note(visit: &mut Visit<'_>, node: Node<'_>, name: Node<'_>, kind: Kind, text: String) {
    let visibility = visit.said_visibility(node).or(visit.section()).unwrap_or(Visibility::Public);
    let parent = visit.scope();
    visit.note(node, Def { at: Some(name), visibility, ..Def::new(kind, text) }, parent);
}

fn assignment(visit: &mut Visit<'_>, node: Node<'_>) {
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
    else {
        return;
    };
    let maker = right.child_by_field_name("receiver").filter(|maker| is_constant(*maker));
    let maker = maker.filter(|_| visit.field(right, "method").is_some_and(|method| method == "new"));
    if left.kind() == "constant" && !visit.in_function() {
        constant(visit, node, left, right);
    } else if let Some(maker) = maker {
        let (variable, maker) = (written(visit, left), visit.text(maker));
        visit.bind(&variable, &maker);
    }
}

/// A constant; `Struct.new(…)`, `Data.define(…)` and `Class.new(Base)` make a class.
fn constant(visit: &mut Visit<'_>, node: Node<'_>, left: Node<'_>, right: Node<'_>) {
    let text = visit.text(left).into_owned();
    let call = (right.kind() == "call").then_some(right);
    let made_by = call.and_then(|call| Some((visit.field(call, "receiver")?, visit.field(call, "method")?)));
    let made_by = made_by.as_ref().map(|(receiver, method)| (&**receiver, &**method));
    let is_class = made_by == Some(("Class", "new"));
    if !is_class && !matches!(made_by, Some(("Struct", "new") | ("Data", "define"))) {
        let signature = Some(visit.head_from(node, node, Some(right)));
        let visibility = visit.said_visibility(node).unwrap_or(Visibility::Public);
        let def = Def { at: Some(left), visibility, signature, ..Def::new(Kind::Constant, text) };
        let parent = visit.scope();
        visit.note(node, def, parent);
        return;
    }
    let block = right.child_by_field_name("block");
    let def = Def { at: Some(left), body: block, ..Def::new(Kind::Class, text) };
    let Some(entity) = visit.define(node, def) else { return };
    let Some(list) = right.child_by_field_name("arguments") else { return };
    if is_class {
        if let Some(base) = list.named_child(0).filter(|base| is_constant(*base)) {
            visit.refer_from(Relation::Inherits, Some(entity), base);
        }
    } else {
        let mut cursor = list.walk();
        for one in list.named_children(&mut cursor) {
            if let Some(text) = symbol(visit, one) {
                note(visit, one, one, Kind::Field, text);
            }
        }
    }
}

/// Returns the text of `:a` and `"a"`.
fn symbol(visit: &Visit<'_>, node: Node<'_>) -> Option<String> {
    let is_symbol = matches!(node.kind(), "simple_symbol" | "string");
    is_symbol.then(|| visit.text(node).trim_start_matches(':').trim_matches(['"', '\'']).to_owned())
}

/// Returns an expression as a path: `@store` is a field as `self.store` is.
fn written(visit: &Visit<'_>, node: Node<'_>) -> String {
    let text = match visit.short_text(node).replace("&.", ".") {
        long if long.is_empty() => return "()".to_owned(),
        text => text,
    };
    let text = text.strip_suffix("self.class").map(|before| format!("{before}self")).unwrap_or(text);
    match text.strip_prefix("@@").or_else(|| text.strip_prefix('@')) {
        Some(field) => format!("self.{field}"),
        None => text,
    }
}

fn call(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("method") else { return };
    let text = visit.text(name);
    let line = line_of(name);
    match node.child_by_field_name("receiver") {
        Some(receiver) if text == "new" && is_constant(receiver) => visit.refer(Relation::Calls, receiver),
        // A variable may have a name that is a word elsewhere: `base.extend(X)`.
        Some(receiver) if receiver.kind() == "identifier" => {
            visit.refer_member(Relation::Calls, receiver, name);
        }
        Some(receiver) if receiver.kind() == "self" && text == "class" => {}
        Some(receiver) => {
            let receiver = written(visit, receiver);
            // `self.class.new`
            let name = if receiver == "self" && text == "new" { "initialize" } else { &text };
            visit.refer_behind(Relation::Calls, &receiver, name, line);
        }
        // `super(…)` is seen by its word.
        None if name.kind() == "super" => {}
        None => {
            let list = node.child_by_field_name("arguments");
            if !list.is_some_and(|list| word(visit, node, &text, list)) {
                let (receiver, name) = if text == "new" { ("self", "initialize") } else { ("", &*text) };
                visit.refer_behind(Relation::Calls, receiver, name, line);
            }
        }
    }
}

/// Reads a call as the word of the language that it is; `false` if it is none.
fn word(visit: &mut Visit<'_>, node: Node<'_>, word: &str, list: Node<'_>) -> bool {
    let first = list.named_child(0);
    let is_member = visit.within().is_some_and(has_members);
    match word {
        "require" | "load" | "require_relative" => {
            let path = first.filter(|path| path.kind() == "string").and_then(|path| symbol(visit, path));
            let Some(path) = path else { return false };
            let is_beside = word == "require_relative" && !path.starts_with('.');
            let path = if is_beside { format!("./{path}") } else { path };
            visit.import(&path, None, None, line_of(node));
        }
        "autoload" => {
            let path = list.named_child(1).and_then(|path| symbol(visit, path));
            let (Some(item), Some(path)) = (first.and_then(|item| symbol(visit, item)), path) else {
                return false;
            };
            visit.import(&path, Some(&item), None, line_of(node));
        }
        "include" | "extend" | "prepend" if is_member => {
            let entity = visit.scope();
            let mut cursor = list.walk();
            for base in list.named_children(&mut cursor).filter(|base| is_constant(*base)) {
                visit.refer_from(Relation::Implements, entity, base);
            }
        }
        "attr_accessor" | "attr_reader" | "attr_writer" | "attr" if is_member => {
            let mut cursor = list.walk();
            for one in list.named_children(&mut cursor) {
                if let Some(text) = symbol(visit, one) {
                    note(visit, node, one, Kind::Field, text);
                }
            }
        }
        "alias_method" if is_member => {
            if let Some((first, text)) = first.and_then(|first| Some((first, symbol(visit, first)?))) {
                note(visit, node, first, Kind::Method, text);
            }
        }
        "private" | "protected" | "public" | "private_class_method" | "private_constant" if is_member => {
            let visibility = match word {
                "protected" => Visibility::Protected,
                "public" => Visibility::Public,
                _ => Visibility::Private,
            };
            visit.say_visibility(list, visibility);
            let mut cursor = list.walk();
            for one in list.named_children(&mut cursor) {
                let member = symbol(visit, one).and_then(|name| visit.member(&name));
                if let Some(member) = member {
                    visit.entity_mut(member).visibility = visibility;
                }
            }
        }
        "raise" => {
            if let Some(made) = first.filter(|made| is_constant(*made)) {
                visit.refer(Relation::Calls, made);
            }
            return false;
        }
        _ => return false,
    }
    true
}

/// `super`, with or without arguments, calls the method of the same name above.
fn above(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(name) = visit.scope_name().map(str::to_owned) {
        visit.refer_behind(Relation::Calls, "super", &name, line_of(node));
    }
}

/// `private` on its own is about the members that follow.
fn section(visit: &mut Visit<'_>, node: Node<'_>) {
    if !visit.within().is_some_and(has_members) {
        return;
    }
    match &*visit.text(node) {
        "private" => visit.begin_section(Visibility::Private),
        "protected" => visit.begin_section(Visibility::Protected),
        "public" => visit.begin_section(Visibility::Public),
        _ => {}
    }
}

/// A name that stands as a statement is a call, unless a statement beside it makes it a variable.
fn statements(visit: &mut Visit<'_>, node: Node<'_>) {
    if visit.within().is_some_and(has_members) && node.kind() == "body_statement" {
        return;
    }
    let (mut names, mut variables) = (Vec::new(), HashSet::new());
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        match child.kind() {
            "identifier" => names.push(child),
            "assignment" => variables.extend(visit.field(child, "left")),
            _ => {}
        }
    }
    for name in names {
        if !variables.contains(&visit.text(name)) {
            bare(visit, name);
        }
    }
}

fn modified(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(name) = node.child_by_field_name("body").filter(|body| body.kind() == "identifier") {
        bare(visit, name);
    }
}

fn bare(visit: &mut Visit<'_>, name: Node<'_>) {
    let text = visit.text(name);
    visit.refer_behind(Relation::Calls, "", &text, line_of(name));
}
