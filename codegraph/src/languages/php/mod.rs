//! PHP: `tree-sitter-php`, with the text around `<?php … ?>`.

use tree_sitter::Node;

use crate::{
    extract::{Def, Grammar, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: || tree_sitter_php::LANGUAGE_PHP.into(),
    handlers: &[
        ("php_tag", tag),
        ("namespace_definition", namespace),
        ("namespace_use_declaration", import),
        ("require_expression", include),
        ("require_once_expression", include),
        ("include_expression", include),
        ("include_once_expression", include),
        ("class_declaration", class),
        ("interface_declaration", interface),
        ("trait_declaration", traits),
        ("enum_declaration", enumeration),
        ("enum_case", enum_case),
        ("use_declaration", mixin),
        ("function_definition", function),
        ("method_declaration", function),
        ("const_declaration", constants),
        ("property_declaration", properties),
        ("property_promotion_parameter", promoted),
        ("simple_parameter", parameter),
        ("catch_clause", parameter),
        ("assignment_expression", assignment),
        ("function_call_expression", call),
        ("member_call_expression", member_call),
        ("nullsafe_member_call_expression", member_call),
        ("scoped_call_expression", member_call),
        ("object_creation_expression", creation),
    ],
    branches: &[
        "if_statement",
        "for_statement",
        "foreach_statement",
        "while_statement",
        "do_statement",
        "case_statement",
        "catch_clause",
        "conditional_expression",
        "match_conditional_expression",
    ],
    decisions: &["else_if_clause", "&&", "||", "and", "or", "xor", "??"],
    comments: &["comment"],
    between: &[],
    alike: &["name", "integer", "float", "boolean", "null", "string_content", "nowdoc_string"],
    whole: &["string"],
    modules: Modules::Package,
    silent_self: false,
};

fn child<'n>(node: Node<'n>, kinds: &[&str]) -> Option<Node<'n>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).find(|child| kinds.contains(&child.kind()))
}

fn line_of(node: Node<'_>) -> u32 {
    node.start_position().row as u32 + 1
}

fn tag(visit: &mut Visit<'_>, node: Node<'_>) {
    visit.opens_after(node);
}

/// What stands before the word of a definition.
struct Head<'n> {
    visibility: Visibility,
    /// Where it begins past its attributes.
    first: Node<'n>,
}

/// Reads modifiers, and notes attributes for the definition that is made next.
fn head<'n>(visit: &mut Visit<'_>, node: Node<'n>) -> Head<'n> {
    let mut head = Head { visibility: Visibility::Public, first: node };
    let mut is_first = true;
    let mut cursor = node.walk();
    for word in node.children(&mut cursor) {
        match word.kind() {
            "attribute_list" => {
                attributes(visit, word);
                continue;
            }
            "comment" => continue,
            "visibility_modifier" => {
                head.visibility = match visit.text(word).to_ascii_lowercase().as_str() {
                    "private" => Visibility::Private,
                    "protected" => Visibility::Protected,
                    _ => Visibility::Public,
                }
            }
            _ => {}
        }
        if std::mem::take(&mut is_first) {
            head.first = word;
        }
        if !word.kind().ends_with("_modifier") {
            break;
        }
    }
    head
}

fn attributes(visit: &mut Visit<'_>, list: Node<'_>) {
    let mut cursor = list.walk();
    for group in list.named_children(&mut cursor) {
        let mut cursor = group.walk();
        for one in group.named_children(&mut cursor).filter(|one| one.kind() == "attribute") {
            if let Some(name) = child(one, &["name", "qualified_name"]) {
                visit.decorate(name);
            }
        }
    }
}

fn define(visit: &mut Visit<'_>, node: Node<'_>, kind: Kind) -> Option<u32> {
    let name = node.child_by_field_name("name")?;
    let body = node.child_by_field_name("body");
    let head = head(visit, node);
    let signature = Some(visit.head_from(head.first, node, body).trim_end_matches(';').to_owned());
    let parameters = node.child_by_field_name("parameters").map_or(0, |list| {
        let mut cursor = list.walk();
        list.named_children(&mut cursor).filter(|child| child.kind().ends_with("_parameter")).count() as u32
    });
    let def = Def {
        at: Some(name),
        body,
        parameters,
        visibility: head.visibility,
        signature,
        ..Def::new(kind, visit.text(name))
    };
    visit.define(node, def)
}

fn class(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(entity) = define(visit, node, Kind::Class) {
        bases(visit, Relation::Inherits, entity, child(node, &["base_clause"]));
        bases(visit, Relation::Implements, entity, child(node, &["class_interface_clause"]));
    }
}

fn interface(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(entity) = define(visit, node, Kind::Interface) {
        bases(visit, Relation::Inherits, entity, child(node, &["base_clause"]));
    }
}

fn traits(visit: &mut Visit<'_>, node: Node<'_>) {
    define(visit, node, Kind::Trait);
}

fn enumeration(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(entity) = define(visit, node, Kind::Enum) {
        bases(visit, Relation::Implements, entity, child(node, &["class_interface_clause"]));
    }
}

/// `use A, B;` in a class.
fn mixin(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(entity) = visit.scope().filter(|_| visit.within().is_some_and(Kind::is_type)) {
        bases(visit, Relation::Implements, entity, Some(node));
    }
}

fn bases(visit: &mut Visit<'_>, relation: Relation, entity: u32, clause: Option<Node<'_>>) {
    let Some(clause) = clause else { return };
    let mut cursor = clause.walk();
    for base in clause.named_children(&mut cursor) {
        if matches!(base.kind(), "name" | "qualified_name") {
            visit.refer_from(relation, Some(entity), base);
        }
    }
}

fn enum_case(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let first = head(visit, node).first;
    let signature = Some(visit.head_from(first, node, None).trim_end_matches(';').to_owned());
    let def = Def { at: Some(name), signature, ..Def::new(Kind::Constant, visit.text(name)) };
    let parent = visit.scope();
    visit.note(node, def, parent);
}

fn function(visit: &mut Visit<'_>, node: Node<'_>) {
    let kind = if visit.within().is_some_and(Kind::is_type) { Kind::Method } else { Kind::Function };
    define(visit, node, kind);
}

fn constants(visit: &mut Visit<'_>, node: Node<'_>) {
    leaves(visit, node, "const_element", Kind::Constant);
}

fn properties(visit: &mut Visit<'_>, node: Node<'_>) {
    leaves(visit, node, "property_element", Kind::Field);
}

/// Notes each of the constants or properties that one statement declares.
fn leaves(visit: &mut Visit<'_>, node: Node<'_>, each: &str, kind: Kind) {
    if visit.in_function() {
        return;
    }
    let head = head(visit, node);
    let parent = visit.scope();
    let declared = node.child_by_field_name("type");
    let mut cursor = node.walk();
    for one in node.named_children(&mut cursor).filter(|one| one.kind() == each) {
        let Some(name) = one.child_by_field_name("name").or_else(|| one.named_child(0)) else { continue };
        let text = visit.text(name);
        let text = text.trim_start_matches('$');
        if let Some(declared) = declared.and_then(type_node) {
            let declared = visit.text(declared);
            visit.bind(&format!("$this->{text}"), &declared);
        }
        let value = child(one, &["="]);
        let signature =
            Some(visit.head_from(head.first, node, value).trim_end_matches([';', ' ']).to_owned());
        let def = Def { at: Some(name), visibility: head.visibility, signature, ..Def::new(kind, text) };
        visit.note(node, def, parent);
    }
}

/// A parameter of a constructor that is a field too.
fn promoted(visit: &mut Visit<'_>, node: Node<'_>) {
    parameter(visit, node);
    let (Some(class), Some(name)) = (visit.type_around(), node.child_by_field_name("name")) else { return };
    let text = visit.text(name);
    let text = text.trim_start_matches(['&', '$']);
    if let Some(declared) = node.child_by_field_name("type").and_then(type_node) {
        let declared = visit.text(declared);
        visit.bind(&format!("$this->{text}"), &declared);
    }
    let head = head(visit, node);
    let value = node.child_by_field_name("default_value");
    let signature = Some(visit.head_from(head.first, node, value));
    let visibility = head.visibility;
    let def = Def { at: Some(name), visibility, signature, ..Def::new(Kind::Field, text) };
    visit.note(node, def, Some(class));
}

fn parameter(visit: &mut Visit<'_>, node: Node<'_>) {
    let declared = node.child_by_field_name("type").and_then(type_node);
    if let (Some(name), Some(declared)) = (visit.field(node, "name"), declared) {
        let declared = visit.text(declared);
        visit.bind(name.trim_start_matches('&'), &declared);
    }
}

/// `$x = new T()` and `$this->x = new T()`.
fn assignment(visit: &mut Visit<'_>, node: Node<'_>) {
    let (Some(left), Some(right)) = (node.child_by_field_name("left"), node.child_by_field_name("right"))
    else {
        return;
    };
    if right.kind() == "object_creation_expression"
        && let Some(made) = child(right, &["name", "qualified_name"])
    {
        let (variable, made) = (receiver(visit, left), visit.text(made));
        visit.bind(&variable, &made);
    }
}

/// Returns an expression as a path: `self::$shared` is a field as `$this->shared` is.
fn receiver(visit: &Visit<'_>, node: Node<'_>) -> String {
    match visit.short_text(node).replace("::$", "::") {
        long if long.is_empty() => "()".to_owned(),
        text => text,
    }
}

/// Returns the part of a type that names it: not of `int`, nor of several.
fn type_node(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    loop {
        node = match node.kind() {
            "name" | "qualified_name" => return Some(node),
            "optional_type" | "named_type" => node.named_child(0)?,
            "type_list" if node.named_child_count() == 1 => node.named_child(0)?,
            _ => return None,
        };
    }
}

fn call(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(function) = node.child_by_field_name("function") else { return };
    match function.kind() {
        "name" if visit.text(function) == "define" => defined(visit, node),
        "name" if visit.text(function) == "empty" => {}
        "name" | "qualified_name" => visit.refer(Relation::Calls, function),
        _ => {}
    }
}

/// `define('LIMIT', 10)`.
fn defined(visit: &mut Visit<'_>, node: Node<'_>) {
    let list = node.child_by_field_name("arguments").filter(|_| visit.scope().is_none());
    let name = list.and_then(|list| list.named_child(0)).and_then(|first| first.named_child(0));
    if let Some(name) = name.filter(|name| name.kind() == "string") {
        let text = visit.text(name);
        let text = text.trim_matches(['\'', '"']);
        visit.note(node, Def { at: Some(name), ..Def::new(Kind::Constant, text) }, None);
    }
}

fn member_call(visit: &mut Visit<'_>, node: Node<'_>) {
    let object = node.child_by_field_name("object").or_else(|| node.child_by_field_name("scope"));
    let name = node.child_by_field_name("name").filter(|name| name.kind() == "name");
    if let (Some(object), Some(name)) = (object, name) {
        let (object, line) = (receiver(visit, object), line_of(name));
        let name = visit.text(name);
        visit.refer_behind(Relation::Calls, &object, &name, line);
    }
}

fn creation(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(made) = child(node, &["name", "qualified_name"]) else { return };
    if matches!(&*visit.text(made), "self" | "static") {
        visit.refer_behind(Relation::Calls, "self", "__construct", line_of(made));
    } else {
        visit.refer(Relation::Calls, made);
    }
}

/// The first namespace is the file's; another block is a module, so that its types are not taken for those of the first.
fn namespace(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let text = visit.text(name);
    let body = node.child_by_field_name("body");
    match visit.package_name() {
        None => visit.package(&text),
        Some(first) if body.is_none() || first == text.replace('\\', ".") => {}
        Some(_) => {
            let text = text.replace('\\', ".");
            visit.define(node, Def { at: Some(name), body, ..Def::new(Kind::Module, text) });
        }
    }
}

/// `use A\B;`, `use A\B as C;`, `use function A\f;`, `use A\{B, C\D as E};`.
fn import(visit: &mut Visit<'_>, node: Node<'_>) {
    let prefix = child(node, &["namespace_name"]).map(|prefix| visit.text(prefix));
    let list = child(node, &["namespace_use_group"]).unwrap_or(node);
    let mut cursor = list.walk();
    for clause in list.named_children(&mut cursor).filter(|one| one.kind() == "namespace_use_clause") {
        let Some(path) = child(clause, &["qualified_name", "name"]) else { continue };
        let alias = visit.field(clause, "alias");
        let path = match &prefix {
            Some(prefix) => format!("{prefix}.{}", visit.text(path)),
            None => visit.text(path).into_owned(),
        };
        let path = path.replace('\\', ".");
        let path = path.trim_start_matches('.');
        let (module, item) = path.rsplit_once('.').unwrap_or(("", path));
        visit.import(module, Some(item), alias.as_deref(), line_of(clause));
    }
    visit.skip();
}

/// `require __DIR__ . '/a.php'` names a file beside.
fn include(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(mut path) = node.named_child(0) else { return };
    while path.kind() == "parenthesized_expression" {
        let Some(inner) = path.named_child(0) else { return };
        path = inner;
    }
    if path.kind() == "binary_expression" {
        let Some(end) = path.child_by_field_name("right") else { return };
        path = end;
    }
    if matches!(path.kind(), "string" | "encapsed_string") {
        let text = visit.text(path);
        visit.import(text.trim_matches(['\'', '"']).trim_start_matches('/'), None, None, line_of(node));
    }
}
