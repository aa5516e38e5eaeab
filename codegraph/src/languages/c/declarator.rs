//! Declarators of C and C++, which say inside out what is declared, and names of types and paths to them.

use std::borrow::Cow;

use tree_sitter::Node;

use crate::extract::Visit;

/// Layers of pointers, lists and scopes around a name that are looked through.
const LAYERS: usize = 32;

/// What one declarator says.
pub(crate) struct Declared<'n> {
    pub(crate) name: Node<'n>,
    /// Name of the type or namespace before the name: the inmost one of `a::B::c`.
    pub(crate) scope: Option<Node<'n>>,
    /// The list of parameters, where the name is that of a function rather than of a pointer to one.
    pub(crate) parameters: Option<Node<'n>>,
    pub(crate) is_pointer: bool,
    pub(crate) value: Option<Node<'n>>,
}

impl<'n> Declared<'n> {
    pub(crate) fn read(node: Node<'n>) -> Option<Self> {
        let (mut scope, mut parameters, mut is_pointer, mut value) = (None, None, false, None);
        let mut node = node;
        for _ in 0..LAYERS {
            node = match node.kind() {
                "identifier" | "field_identifier" | "type_identifier" | "primitive_type"
                | "operator_name" | "destructor_name" => {
                    return Some(Self { name: node, scope, parameters, is_pointer, value });
                }
                "operator_cast" => {
                    let list = node.child_by_field_name("declarator");
                    let parameters = list.and_then(|list| list.child_by_field_name("parameters"));
                    return Some(Self { name: node, scope, parameters, is_pointer, value });
                }
                "function_declarator" => {
                    parameters = node.child_by_field_name("parameters");
                    node.child_by_field_name("declarator")?
                }
                "pointer_declarator" | "pointer_type_declarator" => {
                    (parameters, is_pointer) = (None, true);
                    node.child_by_field_name("declarator")?
                }
                "reference_declarator" => {
                    parameters = None;
                    last_named(node)?
                }
                "array_declarator" => {
                    parameters = None;
                    node.child_by_field_name("declarator")?
                }
                "init_declarator" => {
                    value = node.child_by_field_name("value");
                    node.child_by_field_name("declarator")?
                }
                "parenthesized_declarator" => last_named(node)?,
                "attributed_declarator" | "variadic_declarator" => node.named_child(0)?,
                "qualified_identifier" => {
                    scope = node.child_by_field_name("scope").and_then(last_name).or(scope);
                    node.child_by_field_name("name")?
                }
                "template_function" | "template_method" | "template_type" => {
                    node.child_by_field_name("name")?
                }
                "dependent_name" => node.named_child(0)?,
                _ => return None,
            };
        }
        None
    }

    /// Returns the name as it is said: `~T`, `operator==`, `operator bool`.
    pub(crate) fn text<'t>(&self, visit: &Visit<'t>) -> Cow<'t, str> {
        match self.name.kind() {
            "operator_cast" => {
                let to = visit.field(self.name, "type").unwrap_or_default();
                format!("operator {to}").into()
            }
            "operator_name" => {
                let text = visit.text(self.name);
                let rest = text.strip_prefix("operator").unwrap_or(&text).trim();
                let gap = if rest.starts_with(char::is_alphabetic) { " " } else { "" };
                let rest: String = rest.split_whitespace().collect();
                format!("operator{gap}{rest}").into()
            }
            _ => visit.text(self.name),
        }
    }
}

fn last_named(node: Node<'_>) -> Option<Node<'_>> {
    node.named_child(node.named_child_count().checked_sub(1)? as u32)
}

/// Returns the last name of a path, without the parameters of a template.
pub(crate) fn last_name(node: Node<'_>) -> Option<Node<'_>> {
    let mut node = node;
    for _ in 0..LAYERS {
        node = match node.kind() {
            "qualified_identifier" | "template_type" | "template_function" | "template_method" => {
                node.child_by_field_name("name")?
            }
            "dependent_name" | "dependent_type" => node.named_child(0)?,
            "decltype" => return None,
            _ => return Some(node),
        };
    }
    None
}

/// Returns a path without the parameters of templates.
pub(crate) fn path(visit: &Visit<'_>, node: Node<'_>) -> Option<String> {
    let mut path = String::new();
    let mut node = node;
    for _ in 0..LAYERS {
        if node.kind() != "qualified_identifier" {
            path.push_str(&visit.text(last_name(node)?));
            return Some(path);
        }
        if let Some(scope) = node.child_by_field_name("scope") {
            path.push_str(&visit.text(last_name(scope)?));
            path.push_str("::");
        }
        node = node.child_by_field_name("name")?;
    }
    None
}

/// Types that stand for what they hold: a call through one is a call of that.
const HOLDERS: [&str; 5] = ["unique_ptr", "shared_ptr", "weak_ptr", "optional", "reference_wrapper"];
/// Functions that make what they are a template of.
const MAKERS: [&str; 2] = ["make_unique", "make_shared"];

/// Returns the path of a type that has a name; of a smart pointer, that of what it points to.
pub(crate) fn type_name(visit: &Visit<'_>, node: Node<'_>) -> Option<String> {
    let mut node = node;
    for _ in 0..LAYERS {
        node = match node.kind() {
            "struct_specifier" | "union_specifier" | "class_specifier" | "enum_specifier" => {
                node.child_by_field_name("name")?
            }
            "type_descriptor" => node.child_by_field_name("type")?,
            "dependent_type" => node.named_child(0)?,
            "type_identifier" => return Some(visit.text(node).into_owned()),
            "template_type" | "qualified_identifier" => match held(visit, node, &HOLDERS) {
                Some(held) => held,
                None => return path(visit, node),
            },
            _ => return None,
        };
    }
    None
}

/// Returns the first parameter of a template of one of these names.
fn held<'n>(visit: &Visit<'_>, node: Node<'n>, names: &[&str]) -> Option<Node<'n>> {
    let mut node = node;
    for _ in 0..LAYERS {
        if node.kind() != "qualified_identifier" {
            break;
        }
        node = node.child_by_field_name("name")?;
    }
    let name = visit.field(node, "name")?;
    names.contains(&&*name).then(|| node.child_by_field_name("arguments")?.named_child(0)).flatten()
}

/// Returns the type that a value is made of: `new T(…)`, `T{…}`, `T(…)` by the custom of names, `make_unique<T>(…)`.
pub(crate) fn made_type(visit: &Visit<'_>, value: Node<'_>) -> Option<String> {
    match value.kind() {
        "new_expression" | "compound_literal_expression" => {
            type_name(visit, value.child_by_field_name("type")?)
        }
        "call_expression" => {
            let function = value.child_by_field_name("function")?;
            if let Some(made) = held(visit, function, &MAKERS) {
                return type_name(visit, made);
            }
            let path = path(visit, function)?;
            let last = path.rsplit("::").next().unwrap_or(&path);
            last.starts_with(char::is_uppercase).then_some(path)
        }
        _ => None,
    }
}
