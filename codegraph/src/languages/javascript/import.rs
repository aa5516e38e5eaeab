//! What a file takes from others: `import`, `export … from`, `require`.

use tree_sitter::Node;

use super::{line_of, unquoted};
use crate::extract::Visit;

/// What is exported from elsewhere is imported too.
pub(super) fn export(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(source) = node.child_by_field_name("source") else {
        visit.exporting(node);
        return;
    };
    let module = unquoted(&visit.text(source)).to_owned();
    let line = node.start_position().row as u32 + 1;
    let mut cursor = node.walk();
    let clause = node.named_children(&mut cursor).find(|child| child.kind() == "export_clause");
    match clause {
        Some(clause) => named_imports(visit, &module, clause),
        None => visit.import_all(&module, line),
    }
    visit.skip();
}

pub(super) fn import(visit: &mut Visit<'_>, node: Node<'_>) {
    let before = visit.import_count();
    import_all_of(visit, node);
    // `import type { T } from "./t"` is gone once it has been compiled.
    if visit
        .short_text(node)
        .strip_prefix("import")
        .is_some_and(|rest| rest.trim_start().starts_with("type "))
    {
        visit.imports_are_idle(before);
    }
}

fn import_all_of(visit: &mut Visit<'_>, node: Node<'_>) {
    visit.skip();
    let line = line_of(node);
    let Some(source) = node.child_by_field_name("source") else { return };
    let module = unquoted(&visit.text(source)).to_owned();
    let mut cursor = node.walk();
    let Some(clause) = node.named_children(&mut cursor).find(|child| child.kind() == "import_clause") else {
        visit.import(&module, None, None, line);
        return;
    };
    let mut cursor = clause.walk();
    for part in clause.named_children(&mut cursor) {
        match part.kind() {
            "identifier" => {
                let alias = visit.text(part);
                visit.import(&module, Some("default"), Some(&alias), line_of(part));
            }
            "namespace_import" => {
                if let Some(name) = part.named_child(0) {
                    let alias = visit.text(name);
                    visit.import(&module, None, Some(&alias), line_of(part));
                }
            }
            "named_imports" => named_imports(visit, &module, part),
            _ => {}
        }
    }
}

fn named_imports(visit: &mut Visit<'_>, module: &str, list: Node<'_>) {
    let mut cursor = list.walk();
    for one in list.named_children(&mut cursor) {
        if let Some(item) = visit.field(one, "name") {
            let alias = visit.field(one, "alias");
            visit.import(module, Some(&item), alias.as_deref(), line_of(one));
        }
    }
}

/// Notes `const { a, b: c } = require("x")`.
pub(super) fn destructured(visit: &mut Visit<'_>, module: &str, pattern: Node<'_>) {
    let mut cursor = pattern.walk();
    for one in pattern.named_children(&mut cursor) {
        match one.kind() {
            "shorthand_property_identifier_pattern" => {
                let item = visit.text(one);
                visit.import(module, Some(&item), None, line_of(one));
            }
            "pair_pattern" => {
                if let (Some(item), Some(alias)) = (visit.field(one, "key"), visit.field(one, "value")) {
                    visit.import(module, Some(&item), Some(&alias), line_of(one));
                }
            }
            _ => {}
        }
    }
}

/// Returns the module of `require("x")`.
pub(super) fn required(visit: &Visit<'_>, node: Node<'_>) -> Option<String> {
    let is_require =
        node.kind() == "call_expression" && visit.field(node, "function").is_some_and(|f| f == "require");
    if is_require { first_string(visit, node) } else { None }
}

pub(super) fn first_string(visit: &Visit<'_>, call: Node<'_>) -> Option<String> {
    let argument = call.child_by_field_name("arguments")?.named_child(0)?;
    (argument.kind() == "string").then(|| unquoted(&visit.text(argument)).to_owned())
}
