//! Variables and constants of Swift: those of types and files, and the types of local ones.

use tree_sitter::Node;

use super::{child, head::head, type_path};
use crate::{
    extract::{Def, Visit},
    facts::{Kind, Visibility},
};

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
pub(super) fn statements(visit: &mut Visit<'_>, node: Node<'_>) {
    if visit.said_visibility(node).is_none() {
        visit.say_visibility(node, Visibility::Private);
    }
}

pub(super) fn is_local(visit: &Visit<'_>, node: Node<'_>) -> bool {
    visit.in_function() || visit.said_visibility(node).is_some()
}

pub(super) fn property(visit: &mut Visit<'_>, node: Node<'_>) {
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
