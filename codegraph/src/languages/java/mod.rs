//! Java: `tree-sitter-java`.

use tree_sitter::Node;

use crate::{
    extract::{Def, Grammar, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: || tree_sitter_java::LANGUAGE.into(),
    handlers: &[
        ("package_declaration", package),
        ("import_declaration", import),
        ("class_declaration", class),
        ("record_declaration", record),
        ("interface_declaration", interface),
        ("annotation_type_declaration", interface),
        ("enum_declaration", enumeration),
        ("enum_constant", enum_constant),
        ("method_declaration", method),
        ("constructor_declaration", method),
        ("compact_constructor_declaration", method),
        ("annotation_type_element_declaration", method),
        ("field_declaration", field),
        ("constant_declaration", field),
        ("local_variable_declaration", local),
        ("formal_parameter", variable),
        ("enhanced_for_statement", variable),
        ("resource", variable),
        ("instanceof_expression", pattern),
        ("type_pattern", pattern),
        ("catch_formal_parameter", caught),
        ("method_invocation", call),
        ("method_reference", method_reference),
        ("explicit_constructor_invocation", constructor_call),
        ("object_creation_expression", creation),
    ],
    branches: &[
        "if_statement",
        "for_statement",
        "enhanced_for_statement",
        "while_statement",
        "do_statement",
        "catch_clause",
        "ternary_expression",
    ],
    decisions: &["&&", "||", "case"],
    comments: &["line_comment", "block_comment"],
    between: &[],
    alike: &[
        "identifier",
        "type_identifier",
        "decimal_integer_literal",
        "hex_integer_literal",
        "decimal_floating_point_literal",
        "character_literal",
        "string_fragment",
        "true",
        "false",
        "null_literal",
    ],
    whole: &[],
    modules: Modules::Package,
    silent_self: true,
};

/// What stands before the word of a definition.
struct Head<'n> {
    visibility: Option<Visibility>,
    is_constant: bool,
    /// Where it begins past its annotations.
    first: Node<'n>,
}

/// Reads modifiers, and notes annotations for the definition that is made next.
fn head<'n>(visit: &mut Visit<'_>, node: Node<'n>) -> Head<'n> {
    let mut head = Head { visibility: None, is_constant: false, first: node };
    let mut cursor = node.walk();
    let mut children = node.children(&mut cursor);
    let Some(modifiers) = children.next().filter(|child| child.kind() == "modifiers") else { return head };
    head.first = children.next().unwrap_or(node);
    let (mut is_static, mut is_final, mut is_first) = (false, false, true);
    let mut cursor = modifiers.walk();
    for word in modifiers.children(&mut cursor) {
        match word.kind() {
            "marker_annotation" | "annotation" => {
                if let Some(name) = word.child_by_field_name("name") {
                    visit.decorate(name);
                }
                continue;
            }
            "line_comment" | "block_comment" => continue,
            "public" => head.visibility = Some(Visibility::Public),
            "protected" => head.visibility = Some(Visibility::Protected),
            "private" => head.visibility = Some(Visibility::Private),
            "static" => is_static = true,
            "final" => is_final = true,
            _ => {}
        }
        if std::mem::take(&mut is_first) {
            head.first = word;
        }
    }
    head.is_constant = is_static && is_final;
    head
}

/// Members of interfaces are public; what says nothing is for its package.
fn unsaid(visit: &Visit<'_>) -> Visibility {
    if visit.within() == Some(Kind::Interface) { Visibility::Public } else { Visibility::Internal }
}

fn define(visit: &mut Visit<'_>, node: Node<'_>, kind: Kind, parameters: u32) -> Option<u32> {
    let name = node.child_by_field_name("name")?;
    let body = node.child_by_field_name("body");
    let head = head(visit, node);
    let signature = Some(signature(visit, head.first, node, body));
    let visibility = head.visibility.unwrap_or_else(|| unsaid(visit));
    let def =
        Def { at: Some(name), body, parameters, visibility, signature, ..Def::new(kind, visit.text(name)) };
    visit.define(node, def)
}

fn signature(visit: &Visit<'_>, first: Node<'_>, node: Node<'_>, end: Option<Node<'_>>) -> String {
    visit.head_from(first, node, end).trim_end_matches([';', ' ']).to_owned()
}

fn class(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(entity) = define(visit, node, Kind::Class, 0) {
        if let Some(base) = node.child_by_field_name("superclass").and_then(|clause| clause.named_child(0)) {
            refer_base(visit, Relation::Inherits, entity, base);
        }
        interfaces(visit, Relation::Implements, entity, node.child_by_field_name("interfaces"));
    }
}

/// The parts of a record are fields that anybody reads.
fn record(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(entity) = define(visit, node, Kind::Class, 0) else { return };
    interfaces(visit, Relation::Implements, entity, node.child_by_field_name("interfaces"));
    let Some(parts) = node.child_by_field_name("parameters") else { return };
    let mut cursor = parts.walk();
    for part in parts.named_children(&mut cursor) {
        let Some(name) = part.child_by_field_name("name") else { continue };
        let first = head(visit, part).first;
        let signature = Some(visit.head_from(first, part, None));
        let text = visit.text(name);
        // By its name alone, its parameter is known.
        if let Some(named) = part.child_by_field_name("type").and_then(type_node) {
            let named = visit.text(named);
            visit.bind(&format!("this.{text}"), &named);
        }
        visit.note(part, Def { at: Some(name), signature, ..Def::new(Kind::Field, text) }, Some(entity));
    }
}

fn interface(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(entity) = define(visit, node, Kind::Interface, 0) else { return };
    let mut cursor = node.walk();
    let bases = node.named_children(&mut cursor).find(|child| child.kind() == "extends_interfaces");
    interfaces(visit, Relation::Inherits, entity, bases);
}

fn enumeration(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(entity) = define(visit, node, Kind::Enum, 0) {
        interfaces(visit, Relation::Implements, entity, node.child_by_field_name("interfaces"));
    }
}

fn interfaces(visit: &mut Visit<'_>, relation: Relation, entity: u32, clause: Option<Node<'_>>) {
    let Some(list) = clause.and_then(|clause| clause.named_child(0)) else { return };
    let mut cursor = list.walk();
    for base in list.named_children(&mut cursor) {
        refer_base(visit, relation, entity, base);
    }
}

fn refer_base(visit: &mut Visit<'_>, relation: Relation, entity: u32, node: Node<'_>) {
    if let Some(named) = type_node(node) {
        visit.refer_from(relation, Some(entity), named);
    }
}

fn enum_constant(visit: &mut Visit<'_>, node: Node<'_>) {
    if visit.in_function() {
        return;
    }
    let Some(name) = node.child_by_field_name("name") else { return };
    let body = node.child_by_field_name("body");
    let first = head(visit, node).first;
    let signature = Some(visit.head_from(first, node, body));
    let def = Def { at: Some(name), body, signature, ..Def::new(Kind::Constant, visit.text(name)) };
    let parent = visit.scope();
    visit.note(node, def, parent);
}

fn method(visit: &mut Visit<'_>, node: Node<'_>) {
    // Members of a class without a name are functions of the method it stands in.
    let kind = if visit.within().is_some_and(Kind::is_type) { Kind::Method } else { Kind::Function };
    let of_enum = visit.within() == Some(Kind::Enum);
    let parameters = node.child_by_field_name("parameters").map_or(0, |list| {
        let mut cursor = list.walk();
        let counts = |child: &Node<'_>| matches!(child.kind(), "formal_parameter" | "spread_parameter");
        list.named_children(&mut cursor).filter(counts).count() as u32
    });
    let entity = define(visit, node, kind, parameters);
    if let Some(entity) = entity
        && of_enum
        && node.kind() == "constructor_declaration"
    {
        visit.entity_mut(entity).visibility = Visibility::Private;
    }
}

fn field(visit: &mut Visit<'_>, node: Node<'_>) {
    if visit.in_function() {
        return;
    }
    let is_of_interface = node.kind() == "constant_declaration";
    let declared = node.child_by_field_name("type");
    let head = head(visit, node);
    let kind = if head.is_constant || is_of_interface { Kind::Constant } else { Kind::Field };
    let visibility = head.visibility.unwrap_or_else(|| unsaid(visit));
    let parent = visit.scope();
    let mut cursor = node.walk();
    let value = node
        .children_by_field_name("declarator", &mut cursor)
        .find_map(|declarator| declarator.child_by_field_name("value"));
    let mut cursor = node.walk();
    for declarator in node.children_by_field_name("declarator", &mut cursor) {
        let Some(name) = declarator.child_by_field_name("name") else { continue };
        let text = visit.text(name);
        if let Some(named) = declared.and_then(type_node) {
            let named = visit.text(named);
            visit.bind(&format!("this.{text}"), &named);
            // A field is known by its name alone too.
            visit.bind(&text, &named);
        }
        let signature = Some(signature(visit, head.first, node, value));
        visit.note(node, Def { at: Some(name), visibility, signature, ..Def::new(kind, text) }, parent);
    }
}

fn local(visit: &mut Visit<'_>, node: Node<'_>) {
    let declared = node.child_by_field_name("type").and_then(type_node);
    let mut cursor = node.walk();
    for declarator in node.children_by_field_name("declarator", &mut cursor) {
        bind_made(visit, declarator, declared);
    }
}

fn variable(visit: &mut Visit<'_>, node: Node<'_>) {
    let declared = node.child_by_field_name("type").and_then(type_node);
    bind_made(visit, node, declared);
}

/// Binds a name to its declared type, or with `var` to the class of the object that is made.
fn bind_made(visit: &mut Visit<'_>, node: Node<'_>, declared: Option<Node<'_>>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let is_said = declared.is_some_and(|named| visit.text(named) != "var");
    let made = || {
        let value = node.child_by_field_name("value")?;
        let made = if value.kind() == "object_creation_expression" { value } else { return None };
        made.child_by_field_name("type").and_then(type_node)
    };
    if let Some(named) = if is_said { declared } else { made() } {
        let (name, named) = (visit.text(name), visit.text(named));
        visit.bind(&name, &named);
    }
}

/// `x instanceof Leaf leaf` and `case Leaf leaf`.
fn pattern(visit: &mut Visit<'_>, node: Node<'_>) {
    let (declared, name) = match node.kind() {
        "type_pattern" => (node.named_child(0), node.named_child(1)),
        _ => (node.child_by_field_name("right"), node.child_by_field_name("name")),
    };
    if let (Some(declared), Some(name)) = (declared.and_then(type_node), name) {
        let (name, declared) = (visit.text(name), visit.text(declared));
        visit.bind(&name, &declared);
    }
}

fn caught(visit: &mut Visit<'_>, node: Node<'_>) {
    let mut cursor = node.walk();
    let types = node.named_children(&mut cursor).find(|child| child.kind() == "catch_type");
    let only = types.filter(|types| types.named_child_count() == 1).and_then(|types| types.named_child(0));
    if let (Some(declared), Some(name)) = (only, visit.field(node, "name")) {
        let declared = visit.text(declared);
        visit.bind(&name, &declared);
    }
}

fn call(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    match node.child_by_field_name("object") {
        None => visit.refer(Relation::Calls, name),
        Some(object) => visit.refer_member(Relation::Calls, object, name),
    }
}

/// `this::save` will be called; `Todo::new` makes one.
fn method_reference(visit: &mut Visit<'_>, node: Node<'_>) {
    let (first, last) = (node.child(0), node.child(node.child_count().saturating_sub(1)));
    let (Some(object), Some(name)) = (first, last) else { return };
    if name.kind() == "identifier" {
        visit.refer_member(Relation::Calls, object, name);
    } else if let Some(made) = type_node(object) {
        visit.refer(Relation::Calls, made);
    }
}

/// `this(…)` calls another constructor; which one `super(…)` calls, inheritance says.
fn constructor_call(visit: &mut Visit<'_>, node: Node<'_>) {
    if node.child_by_field_name("constructor").is_some_and(|word| word.kind() == "this")
        && let Some(own) = visit.scope_name().map(str::to_owned)
    {
        visit.refer_behind(Relation::Calls, "this", &own, node.start_position().row as u32 + 1);
    }
}

fn creation(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(named) = node.child_by_field_name("type").and_then(type_node) {
        visit.refer(Relation::Calls, named);
    }
}

fn package(visit: &mut Visit<'_>, node: Node<'_>) {
    let mut cursor = node.walk();
    let is_name = |child: &Node<'_>| matches!(child.kind(), "identifier" | "scoped_identifier");
    if let Some(name) = node.named_children(&mut cursor).find(is_name) {
        let name = visit.text(name);
        visit.package(&name);
    }
}

fn import(visit: &mut Visit<'_>, node: Node<'_>) {
    let line = node.start_position().row as u32 + 1;
    let (mut path, mut is_static, mut is_all) = (String::new(), false, false);
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        match child.kind() {
            "static" => is_static = true,
            "asterisk" => is_all = true,
            "identifier" | "scoped_identifier" => path = visit.text(child).split_whitespace().collect(),
            _ => {}
        }
    }
    match path.rsplit_once('.') {
        Some((package, of)) if is_all && is_static => visit.import_members(package, of, line),
        _ if is_all => visit.import_all(&path, line),
        Some((package, item)) => visit.import(package, Some(item), None, line),
        None => visit.import("", Some(&path), None, line),
    }
    visit.skip();
}

/// Returns the part of a type that names it: without parameters and annotations.
fn type_node(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    loop {
        node = match node.kind() {
            "identifier" | "type_identifier" | "scoped_type_identifier" => return Some(node),
            "generic_type" => node.named_child(0)?,
            "annotated_type" => node.named_child(node.named_child_count().checked_sub(1)? as u32)?,
            _ => return None,
        };
    }
}
