//! Manifests in TOML: `Cargo.toml`, `pyproject.toml`.

use toml::{Table, Value};

use super::{Declared, lines};

/// Reads the dependencies of a `Cargo.toml`.
pub(super) fn cargo(text: &str) -> Option<Vec<Declared>> {
    let whole: Table = text.parse().ok()?;
    let mut declared = Vec::new();
    let mut tables = vec![&whole];
    tables.extend(whole.get("workspace").and_then(Value::as_table));
    let targets = whole.get("target").and_then(Value::as_table);
    tables.extend(targets.into_iter().flatten().filter_map(|(_, target)| target.as_table()));
    for table in tables {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let all = table.get(section).and_then(Value::as_table).into_iter().flatten();
            declared
                .extend(all.filter_map(|(name, wanted)| Some(Declared::new(name, cargo_bounds(wanted)?))));
        }
    }
    Some(declared)
}

/// Answers whether a version is bounded; nothing for what lies in the same tree, or is declared by the workspace.
fn cargo_bounds(wanted: &Value) -> Option<bool> {
    let bounds = |version: &str| !matches!(version.trim(), "" | "*");
    if let Some(version) = wanted.as_str() {
        return Some(bounds(version));
    }
    let wanted = wanted.as_table()?;
    if wanted.contains_key("path") || wanted.contains_key("workspace") {
        return None;
    }
    let is_fixed = ["rev", "tag"].iter().any(|key| wanted.contains_key(*key));
    Some(is_fixed || wanted.get("version").and_then(Value::as_str).is_some_and(bounds))
}

/// Reads the dependencies of a `pyproject.toml`: those of the standard (PEP 621, PEP 735), and Poetry's.
pub(super) fn python(text: &str) -> Option<Vec<Declared>> {
    let whole: Table = text.parse().ok()?;
    let mut declared = Vec::new();
    let mut lists: Vec<&Value> = Vec::new();
    let project = whole.get("project").and_then(Value::as_table);
    lists.extend(project.and_then(|project| project.get("dependencies")));
    let groups =
        [project.and_then(|project| project.get("optional-dependencies")), whole.get("dependency-groups")];
    lists.extend(groups.into_iter().flatten().filter_map(Value::as_table).flatten().map(|(_, group)| group));
    for one in lists.into_iter().filter_map(Value::as_array).flatten().filter_map(Value::as_str) {
        declared.extend(lines::requirement(one));
    }
    let poetry = whole.get("tool").and_then(|tool| tool.get("poetry")).and_then(Value::as_table);
    let mut tables: Vec<&Value> = Vec::new();
    tables.extend(poetry.and_then(|poetry| poetry.get("dependencies")));
    tables.extend(poetry.and_then(|poetry| poetry.get("dev-dependencies")));
    let groups = poetry.and_then(|poetry| poetry.get("group")).and_then(Value::as_table);
    tables.extend(groups.into_iter().flatten().filter_map(|(_, group)| group.get("dependencies")));
    for (name, wanted) in tables.into_iter().filter_map(Value::as_table).flatten() {
        if name != "python" {
            declared.extend(cargo_bounds(wanted).map(|bounded| Declared::new(name, bounded)));
        }
    }
    Some(declared)
}
