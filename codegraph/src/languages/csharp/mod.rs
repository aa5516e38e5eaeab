//! C#: `tree-sitter-c-sharp`.

mod head;

use tree_sitter::Node;

use crate::{
    extract::{Def, Grammar, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};
use head::{head, prepared};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: || tree_sitter_c_sharp::LANGUAGE.into(),
    handlers: &[
        ("using_directive", using),
        ("file_scoped_namespace_declaration", namespace),
        ("namespace_declaration", namespace),
        ("class_declaration", class),
        ("record_declaration", class),
        ("struct_declaration", class),
        ("interface_declaration", class),
        ("enum_declaration", class),
        ("delegate_declaration", delegate),
        ("enum_member_declaration", enum_member),
        ("method_declaration", method),
        ("constructor_declaration", method),
        ("destructor_declaration", method),
        ("operator_declaration", method),
        ("conversion_operator_declaration", method),
        ("indexer_declaration", method),
        ("local_function_statement", method),
        ("field_declaration", field),
        ("event_field_declaration", field),
        ("property_declaration", property),
        ("event_declaration", property),
        ("variable_declaration", variables),
        ("parameter", variable),
        ("foreach_statement", variable),
        ("catch_declaration", variable),
        ("declaration_pattern", variable),
        ("declaration_expression", variable),
        ("invocation_expression", call),
        ("constructor_initializer", initializer),
        ("object_creation_expression", creation),
    ],
    branches: &[
        "if_statement",
        "for_statement",
        "foreach_statement",
        "while_statement",
        "do_statement",
        "catch_clause",
        "conditional_expression",
        "switch_expression_arm",
    ],
    decisions: &["&&", "||", "??", "case"],
    comments: &["comment"],
    between: &[],
    alike: &[
        "identifier",
        "integer_literal",
        "real_literal",
        "character_literal",
        "boolean_literal",
        "string_content",
        "null_literal",
    ],
    whole: &["string_literal", "verbatim_string_literal", "raw_string_literal"],
    modules: Modules::Package,
    silent_self: true,
};

fn class(visit: &mut Visit<'_>, node: Node<'_>) {
    let mut cursor = node.walk();
    let is_struct = node.children(&mut cursor).any(|child| child.kind() == "struct");
    let kind = match node.kind() {
        "interface_declaration" => Kind::Interface,
        "enum_declaration" => Kind::Enum,
        _ if is_struct => Kind::Struct,
        _ => Kind::Class,
    };
    let Some(name) = node.child_by_field_name("name") else { return };
    let parts = child(node, "parameter_list");
    let body = node.child_by_field_name("body");
    let text = visit.text(name);
    let known = visit.known_type(&text).filter(|_| head(visit, node).is_partial);
    let entity = match known {
        Some(entity) => {
            visit.reopen(entity);
            Some(entity)
        }
        None => {
            let def = prepared(visit, node, name, body, kind);
            visit.define(node, def)
        }
    };
    let Some(entity) = entity else { return };
    bases(visit, node, entity, kind);
    // The parts of a record are fields that anybody reads.
    if node.kind() == "record_declaration"
        && let Some(parts) = parts
    {
        let mut cursor = parts.walk();
        for part in parts.named_children(&mut cursor).filter(|part| part.kind() == "parameter") {
            let Some(name) = part.child_by_field_name("name") else { continue };
            // By its name alone, its parameter is known.
            if let Some(named) = part.child_by_field_name("type").and_then(type_node) {
                let (name, named) = (visit.text(name), visit.text(named));
                visit.bind(&format!("this.{name}"), &named);
            }
            let def = prepared(visit, part, name, None, Kind::Field);
            visit.note(part, Def { visibility: Visibility::Public, ..def }, Some(entity));
        }
    }
}

fn child<'n>(node: Node<'n>, kind: &str) -> Option<Node<'n>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).find(|child| child.kind() == kind)
}

/// By custom `IName` is an interface.
fn bases(visit: &mut Visit<'_>, node: Node<'_>, entity: u32, kind: Kind) {
    let Some(list) = child(node, "base_list") else { return };
    let mut cursor = list.walk();
    for base in list.named_children(&mut cursor) {
        let Some(named) = type_node(base) else { continue };
        let path = visit.text(named);
        let mut last = path.rsplit(['.', ':']).next().unwrap_or(&path).chars();
        let is_interface = last.next() == Some('I') && last.next().is_some_and(char::is_uppercase);
        let inherits = kind == Kind::Interface || kind == Kind::Class && !is_interface;
        let relation = if inherits { Relation::Inherits } else { Relation::Implements };
        visit.refer_from(relation, Some(entity), named);
    }
}

fn delegate(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let def = prepared(visit, node, name, None, Kind::Type);
    let parent = visit.scope();
    visit.note(node, def, parent);
    visit.skip();
}

fn enum_member(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let def = prepared(visit, node, name, None, Kind::Constant);
    let parent = visit.scope();
    visit.note(node, def, parent);
}

fn method(visit: &mut Visit<'_>, node: Node<'_>) {
    let kind = if visit.within().is_some_and(Kind::is_type) { Kind::Method } else { Kind::Function };
    let named = match node.kind() {
        "operator_declaration" => node.child_by_field_name("operator"),
        "conversion_operator_declaration" => node.child_by_field_name("type"),
        "indexer_declaration" => child(node, "this"),
        _ => node.child_by_field_name("name"),
    };
    let Some(name) = named else { return };
    let body = node.child_by_field_name("body").or_else(|| node.child_by_field_name("value"));
    let body = body.or_else(|| node.child_by_field_name("accessors"));
    // `: base(…)` belongs to the head, but not to what callers have to know.
    let end = child(node, "constructor_initializer").or(body);
    let def = prepared(visit, node, name, end, kind);
    let name = match node.kind() {
        "destructor_declaration" => format!("~{}", def.name),
        "operator_declaration" | "conversion_operator_declaration" => format!("operator {}", def.name),
        _ => def.name,
    };
    let parameters = node.child_by_field_name("parameters").map_or(0, |list| {
        let mut cursor = list.walk();
        // The last, `params`, has no node of its own.
        let counts = |child: &Node<'_>| matches!(child.kind(), "parameter" | "params");
        list.children(&mut cursor).filter(counts).count() as u32
    });
    visit.define(node, Def { name, body, parameters, ..def });
}

fn field(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(declaration) = child(node, "variable_declaration") else { return };
    let kind = if head(visit, node).is_const { Kind::Constant } else { Kind::Field };
    let declared = declaration.child_by_field_name("type");
    let parent = visit.scope();
    let mut cursor = declaration.walk();
    let value = declaration.named_children(&mut cursor).find_map(|one| child(one, "="));
    let mut cursor = declaration.walk();
    for one in declaration.named_children(&mut cursor).filter(|one| one.kind() == "variable_declarator") {
        let Some(name) = one.child_by_field_name("name") else { continue };
        let text = visit.text(name);
        bind_field(visit, &text, declared);
        let def = prepared(visit, node, name, value, kind);
        visit.note(node, def, parent);
    }
}

fn property(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let text = visit.text(name);
    bind_field(visit, &text, node.child_by_field_name("type"));
    let body = node.child_by_field_name("accessors").or_else(|| node.child_by_field_name("value"));
    let def = prepared(visit, node, name, body, Kind::Field);
    let parent = visit.scope();
    if let Some(entity) = visit.note(node, def, parent) {
        visit.reopen(entity);
    }
}

/// A field is known by its name alone too.
fn bind_field(visit: &mut Visit<'_>, name: &str, declared: Option<Node<'_>>) {
    if let Some(named) = declared.and_then(type_node) {
        let named = visit.text(named);
        visit.bind(&format!("this.{name}"), &named);
        visit.bind(name, &named);
    }
}

/// The variables of a statement: of the declared type, or with `var` of the class of the object that is made.
fn variables(visit: &mut Visit<'_>, node: Node<'_>) {
    let declared = node.child_by_field_name("type").and_then(type_node);
    let is_field = visit.within().is_some_and(Kind::is_type);
    let mut cursor = node.walk();
    for one in node.named_children(&mut cursor).filter(|one| one.kind() == "variable_declarator") {
        let Some(name) = one.child_by_field_name("name") else { continue };
        if let (Some(made), Some(named)) = (child(one, "implicit_object_creation_expression"), declared) {
            // `T x = new();`
            let (from, text) = (visit.scope(), visit.text(named));
            visit.refer_text(Relation::Calls, from, &text, made.start_position().row as u32 + 1);
        }
        let made = || child(one, "object_creation_expression")?.child_by_field_name("type");
        if let Some(named) = declared.or_else(|| made().and_then(type_node))
            && !is_field
        {
            let (name, named) = (visit.text(name), visit.text(named));
            visit.bind(&name, &named);
        }
    }
}

fn variable(visit: &mut Visit<'_>, node: Node<'_>) {
    let name = node.child_by_field_name("left").or_else(|| node.child_by_field_name("name"));
    let declared = node.child_by_field_name("type").and_then(type_node);
    if let (Some(name), Some(declared)) = (name.filter(|name| name.kind() == "identifier"), declared) {
        let (name, declared) = (visit.text(name), visit.text(declared));
        visit.bind(&name, &declared);
    }
}

fn call(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(function) = node.child_by_field_name("function") else { return };
    let (object, name) = match function.kind() {
        "identifier" | "generic_name" => (None, type_node(function)),
        "member_access_expression" => {
            (function.child_by_field_name("expression"), function.child_by_field_name("name"))
        }
        // `store?.Put()`
        "conditional_access_expression" => {
            let binding = child(function, "member_binding_expression");
            let name = binding.and_then(|binding| binding.child_by_field_name("name"));
            (function.child_by_field_name("condition"), name)
        }
        _ => return,
    };
    let Some(name) = name.and_then(type_node) else { return };
    match object.map(|object| type_node(object).unwrap_or(object)) {
        Some(object) => visit.refer_member(Relation::Calls, object, name),
        None if visit.text(name) == "nameof" => {}
        None => visit.refer(Relation::Calls, name),
    }
}

/// `: this(…)` calls another constructor; which one `: base(…)` calls, inheritance says.
fn initializer(visit: &mut Visit<'_>, node: Node<'_>) {
    if child(node, "this").is_some()
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

/// The first namespace is the file's; another one is a module, so that its types are not taken for those of the first.
fn namespace(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.child_by_field_name("name") else { return };
    let text = visit.text(name);
    match visit.package_name() {
        None => visit.package(&text),
        Some(first) if first == text && visit.scope().is_none() => {}
        Some(_) => {
            let body = node.child_by_field_name("body");
            visit.define(node, Def { at: Some(name), body, ..Def::new(Kind::Module, text) });
        }
    }
}

/// `using A.B;`, `using static A.B.C;`, `using X = A.B.C;`.
fn using(visit: &mut Visit<'_>, node: Node<'_>) {
    let line = node.start_position().row as u32 + 1;
    let alias = node.child_by_field_name("name");
    let mut cursor = node.walk();
    let named = node.named_children(&mut cursor).filter(|child| Some(*child) != alias).find_map(type_node);
    if let Some(path) = named {
        let path = visit.text(path).replace("global::", "");
        match (path.rsplit_once('.'), alias.map(|alias| visit.text(alias))) {
            (Some((outer, item)), Some(alias)) => visit.import(outer, Some(item), Some(&alias), line),
            (None, Some(alias)) => visit.import("", Some(&path), Some(&alias), line),
            (Some((outer, of)), None) if child(node, "static").is_some() => {
                visit.import_members(outer, of, line);
            }
            (_, None) => visit.import_all(&path, line),
        }
    }
    visit.skip();
}

/// Returns the part of a type or name that names it: without parameters and `?`.
fn type_node(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    loop {
        node = match node.kind() {
            "identifier" | "qualified_name" | "alias_qualified_name" => return Some(node),
            "generic_name" => node.named_child(0)?,
            "nullable_type" | "primary_constructor_base_type" | "ref_type" | "scoped_type" => {
                node.child_by_field_name("type")?
            }
            _ => return None,
        };
    }
}
