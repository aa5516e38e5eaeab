//! Python: `tree-sitter-python`.

use tree_sitter::Node;

use crate::{
    extract::{Def, Grammar, Modules, Visit},
    facts::{Kind, Relation, Visibility},
};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: || tree_sitter_python::LANGUAGE.into(),
    handlers: &[
        ("module", module),
        ("class_definition", class),
        ("function_definition", function),
        ("decorator", decorator),
        ("call", call),
        ("assignment", assignment),
        ("typed_parameter", parameter),
        ("typed_default_parameter", parameter),
        ("import_statement", import),
        ("import_from_statement", import_from),
        ("future_import_statement", import_from),
    ],
    branches: &[
        "if_statement",
        "for_statement",
        "while_statement",
        "except_clause",
        "case_clause",
        "conditional_expression",
        "for_in_clause",
    ],
    decisions: &["elif_clause", "if_clause", "and", "or"],
    comments: &["comment"],
    between: &["decorator"],
    alike: &["identifier", "integer", "float", "true", "false", "none"],
    whole: &["string"],
    modules: Modules::Dotted,
    silent_self: false,
};

fn module(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(doc) = docstring(visit, node) {
        visit.file_doc(&doc);
    }
}

fn class(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(mut def) = definition(visit, node, Kind::Class) else { return };
    def.doc = node.child_by_field_name("body").and_then(|body| docstring(visit, body));
    let Some(entity) = visit.define(node, def) else { return };
    let Some(bases) = node.child_by_field_name("superclasses") else { return };
    let mut cursor = bases.walk();
    for base in bases.named_children(&mut cursor) {
        match base.kind() {
            // A parameter of the base: `Generic[T]`.
            "subscript" => {
                if let Some(value) = base.child_by_field_name("value") {
                    visit.refer_from(Relation::Inherits, Some(entity), value);
                }
            }
            "identifier" | "attribute" => visit.refer_from(Relation::Inherits, Some(entity), base),
            _ => {}
        }
    }
}

fn function(visit: &mut Visit<'_>, node: Node<'_>) {
    let kind = if visit.within().is_some_and(Kind::is_type) { Kind::Method } else { Kind::Function };
    let Some(mut def) = definition(visit, node, kind) else { return };
    if let Some(string) = node.child_by_field_name("body").and_then(documentation) {
        def.doc = Some(plain(visit, string));
        def.doc_lines = (string.end_position().row - string.start_position().row) as u32 + 1;
    }
    if let Some(parameters) = node.child_by_field_name("parameters") {
        let mut cursor = parameters.walk();
        let counts = |child: &Node<'_>| {
            !matches!(child.kind(), "comment" | "keyword_separator" | "positional_separator")
        };
        let count = parameters.named_children(&mut cursor).filter(counts).count() as u32;
        let own = kind == Kind::Method && !is_static(visit, node);
        def.parameters = count.saturating_sub(u32::from(own));
    }
    visit.define(node, def);
}

/// The object itself is a parameter that callers do not give.
fn is_static(visit: &Visit<'_>, node: Node<'_>) -> bool {
    let Some(parameters) = visit.field(node, "parameters") else { return true };
    let first = parameters.trim_start_matches(|one: char| one == '(' || one.is_whitespace());
    let name = first.split(|one: char| !one.is_alphanumeric() && one != '_').next();
    !matches!(name, Some("self" | "cls"))
}

fn definition<'n>(visit: &Visit<'_>, node: Node<'n>, kind: Kind) -> Option<Def<'n>> {
    let name = node.child_by_field_name("name")?;
    let text = visit.text(name).into_owned();
    let visibility = visibility(&text);
    Some(Def { at: Some(name), body: node.child_by_field_name("body"), visibility, ..Def::new(kind, text) })
}

/// By custom, one underscore keeps a name from others; names between two pairs belong to the language.
fn visibility(name: &str) -> Visibility {
    let is_private = name.starts_with('_') && !(name.starts_with("__") && name.ends_with("__"));
    if is_private { Visibility::Private } else { Visibility::Public }
}

/// Returns the string a body begins with (PEP 257).
fn docstring(visit: &Visit<'_>, body: Node<'_>) -> Option<String> {
    documentation(body).map(|string| plain(visit, string))
}

/// Returns the string that documents what a body is of.
fn documentation(body: Node<'_>) -> Option<Node<'_>> {
    let mut cursor = body.walk();
    let first = body.named_children(&mut cursor).find(|child| child.kind() != "comment")?;
    if first.kind() != "expression_statement" {
        return None;
    }
    first.named_child(0).filter(|child| child.kind() == "string")
}

/// Returns the text of a documentation, its lines without what is before them.
fn plain(visit: &Visit<'_>, string: Node<'_>) -> String {
    let text = visit.text(string);
    let text = text.trim_start_matches(|mark: char| mark.is_ascii_alphabetic());
    let text = text.trim_matches(['"', '\'']);
    let lines: Vec<&str> = text.trim().lines().map(str::trim).collect();
    lines.join("\n")
}

fn decorator(visit: &mut Visit<'_>, node: Node<'_>) {
    // What is decorated is the definition that follows; the reference is moved to it once it is known.
    let Some(expression) = node.named_child(0) else { return };
    let named = expression.child_by_field_name("function").unwrap_or(expression);
    visit.decorate(named);
}

fn call(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(mut function) = node.child_by_field_name("function") else { return };
    // `[*f(x)]` has the star around what is called, rather than around the call.
    if matches!(function.kind(), "list_splat" | "dictionary_splat") {
        let Some(inner) = function.named_child(0) else { return };
        function = inner;
    }
    match function.kind() {
        "identifier" => visit.refer(Relation::Calls, function),
        "attribute" => {
            let parts = (function.child_by_field_name("object"), function.child_by_field_name("attribute"));
            if let (Some(object), Some(name)) = parts {
                // `super().f()`
                if object.kind() == "call"
                    && visit.field(object, "function").is_some_and(|text| text == "super")
                {
                    let line = name.start_position().row as u32 + 1;
                    let (from, text) = (visit.scope(), format!("super.{}", visit.text(name)));
                    visit.refer_text(Relation::Calls, from, &text, line);
                } else {
                    visit.refer_member(Relation::Calls, object, name);
                }
            }
        }
        _ => {}
    }
}

fn assignment(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(left) = node.child_by_field_name("left") else { return };
    if let Some(made_by) = made_by(node) {
        let (variable, type_name) = (visit.text(left), visit.text(made_by));
        visit.bind(&variable, &type_name);
    } else if let Some(declared) = visit.field(node, "type") {
        let variable = visit.text(left);
        visit.bind(&variable, plain_type(&declared));
    }
    let kind = match visit.within() {
        _ if left.kind() != "identifier" || visit.in_function() => return,
        Some(kind) if kind.is_type() => Kind::Field,
        _ => {
            let name = visit.text(left);
            let is_constant = name.chars().any(char::is_uppercase) && !name.chars().any(char::is_lowercase);
            if is_constant { Kind::Constant } else { Kind::Variable }
        }
    };
    let name = visit.text(left).into_owned();
    let def = Def { visibility: visibility(&name), ..Def::new(kind, name) };
    let parent = visit.scope();
    visit.note(node, def, parent);
}

/// Returns what is called to make what is assigned.
fn made_by(node: Node<'_>) -> Option<Node<'_>> {
    let right = node.child_by_field_name("right").filter(|right| right.kind() == "call")?;
    right.child_by_field_name("function")
}

fn parameter(visit: &mut Visit<'_>, node: Node<'_>) {
    let name = node.child_by_field_name("name").or_else(|| node.named_child(0));
    let (Some(name), Some(declared)) = (name, visit.field(node, "type")) else { return };
    let name = visit.text(name);
    visit.bind(&name, plain_type(&declared));
}

/// Takes `Optional[T]`, `T | None` and quotes off a type.
fn plain_type(declared: &str) -> &str {
    let declared = declared.trim().trim_matches(['"', '\'']);
    let declared =
        declared.strip_prefix("Optional[").and_then(|rest| rest.strip_suffix(']')).unwrap_or(declared);
    declared.strip_suffix("| None").unwrap_or(declared).trim()
}

fn import(visit: &mut Visit<'_>, node: Node<'_>) {
    let before = visit.import_count();
    import_all_of(visit, node);
    if is_idle(visit, node) {
        visit.imports_are_idle(before);
    }
}

/// `if TYPE_CHECKING:` is false whenever code runs (PEP 484), `if __name__ == "__main__":` whenever a file is imported.
fn is_idle(visit: &Visit<'_>, node: Node<'_>) -> bool {
    let around =
        node.parent().and_then(|block| block.parent()).filter(|around| around.kind() == "if_statement");
    let condition = around.and_then(|around| visit.field(around, "condition"));
    condition.is_some_and(|condition| {
        condition == "TYPE_CHECKING"
            || condition.ends_with(".TYPE_CHECKING")
            || condition.starts_with("__name__")
    })
}

fn import_all_of(visit: &mut Visit<'_>, node: Node<'_>) {
    let line = node.start_position().row as u32 + 1;
    let mut cursor = node.walk();
    for name in node.children_by_field_name("name", &mut cursor) {
        match name.kind() {
            "aliased_import" => {
                let (Some(module), alias) = (visit.field(name, "name"), visit.field(name, "alias")) else {
                    continue;
                };
                visit.import(&module, None, alias.as_deref(), line);
            }
            _ => {
                // `import a.b` loads `a` and makes it known, and `a.b` by its path.
                let module = visit.text(name);
                visit.import(&module, None, Some(&module), line);
                if let Some((package, _)) = module.split_once('.') {
                    visit.import(package, None, Some(package), line);
                }
            }
        }
    }
    visit.skip();
}

fn import_from(visit: &mut Visit<'_>, node: Node<'_>) {
    let before = visit.import_count();
    import_items(visit, node);
    if is_idle(visit, node) {
        visit.imports_are_idle(before);
    }
}

fn import_items(visit: &mut Visit<'_>, node: Node<'_>) {
    let module = visit.field(node, "module_name").unwrap_or_else(|| "__future__".into());
    let mut cursor = node.walk();
    for name in node.children_by_field_name("name", &mut cursor) {
        let line = name.start_position().row as u32 + 1;
        match name.kind() {
            "aliased_import" => {
                let (Some(item), alias) = (visit.field(name, "name"), visit.field(name, "alias")) else {
                    continue;
                };
                visit.import(&module, Some(&item), alias.as_deref(), line);
            }
            _ => {
                let item = visit.text(name);
                visit.import(&module, Some(&item), None, line);
            }
        }
    }
    let mut cursor = node.walk();
    if node.named_children(&mut cursor).any(|child| child.kind() == "wildcard_import") {
        visit.import_all(&module, node.start_position().row as u32 + 1);
    }
    visit.skip();
}
