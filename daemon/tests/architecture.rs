//! The floors of the house, held by reading the imports: a floor uses those below it, never one beside or above it;
//! SQL lives in the store; only the registry names a permit; files stay short.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

/// Floors from top to bottom; those in one line stand beside each other.
const FLOORS: [&[&str]; 12] = [
    &["cli", "probes"],
    &["lifecycle"],
    &["transport", "control"],
    &["mcp"],
    &["tools"],
    &["guard"],
    &["quality", "firewall", "ai"],
    &["auth", "memory", "code"],
    &["store", "outbound", "tls"],
    &["telemetry", "signals"],
    &["audit"],
    &["secret"],
];

/// Longest file, in lines.
const LONGEST: usize = 400;

fn level(floor: &str) -> Option<usize> {
    FLOORS.iter().position(|beside| beside.contains(&floor))
}

fn sources(dir: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    found
}

/// Returns the floors a file names after `crate::`, in imports and in paths.
fn named(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let flat: String =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    for rest in flat.split("crate::").skip(1) {
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0usize;
            let mut word = String::new();
            for character in group.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' | ':' if depth == 0 => names.push(std::mem::take(&mut word).trim().to_owned()),
                    _ if depth == 0 => word.push(character),
                    _ => {}
                }
            }
        } else {
            names.push(
                rest.split(|character: char| !character.is_alphanumeric() && character != '_')
                    .next()
                    .unwrap()
                    .to_owned(),
            );
        }
    }
    names.retain(|name| level(name).is_some());
    names
}

fn daemon() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn a_floor_uses_only_those_below() {
    let mut seen = 0;
    for (path, text) in sources(&daemon()) {
        let relative = path.strip_prefix(daemon()).unwrap();
        let floor = relative
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_str()
            .unwrap()
            .trim_end_matches(".rs")
            .to_owned();
        let Some(own) = level(&floor) else { continue };
        for other in named(&text) {
            seen += 1;
            let below = level(&other).unwrap() > own;
            assert!(
                other == floor || below,
                "{} ({floor}) uses {other}, which is not below it",
                relative.display()
            );
        }
    }
    assert!(seen > 100, "the test reads no imports any more: {seen}");
}

#[test]
fn every_module_stands_on_a_floor() {
    let lib = std::fs::read_to_string(daemon().join("lib.rs")).unwrap();
    let modules = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in modules {
        assert!(level(module).is_some(), "{module} has no floor");
    }
}

#[test]
fn sql_lives_in_the_store_and_permits_in_the_registry() {
    for (path, text) in sources(&daemon()) {
        let relative = path.strip_prefix(daemon()).unwrap();
        let in_store = relative.starts_with("store");
        assert!(in_store || !text.contains("sqlx"), "{} speaks SQL", relative.display());
        let text = text.replace("SemaphorePermit", ""); // tokio's, which permits nothing of ours
        let may_name = relative.starts_with("guard") || relative == Path::new("tools/registry.rs");
        assert!(
            may_name || !text.contains("Permit,") && !text.contains("Permit}") && !text.contains("&Permit"),
            "{} names a permit",
            relative.display()
        );
    }
}

#[test]
fn leaves_import_none_of_ours_and_the_command_line_never_sees_the_daemon() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let leaves = [("config", &[][..]), ("ipc", &[]), ("recall", &[])];
    for (krate, may) in
        leaves.into_iter().chain([("tui", &["mcpd-ipc"][..]), ("ctl", &["mcpd-ipc", "mcpd-tui"])])
    {
        let manifest = std::fs::read_to_string(root.join(krate).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap().split("\n[").next().unwrap();
        for line in dependencies.lines().filter(|line| line.starts_with("mcpd")) {
            let name = line.split(['.', ' ', '=']).next().unwrap();
            assert!(may.contains(&name), "{krate} depends on {name}");
        }
    }
}

#[test]
fn files_stay_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for krate in ["config", "ipc", "recall", "daemon", "tui", "ctl"] {
        for (path, text) in sources(&root.join(krate).join("src")) {
            let lines = text.lines().count();
            assert!(lines <= LONGEST, "{} has {lines} lines: split it by noun", path.display());
        }
    }
}

#[test]
fn the_reader_of_imports_sees_groups_and_paths() {
    let text = "use crate::{\n    auth::{Need, Peer},\n    guard::Guard,\n};\nlet x = crate::store::now();\n// crate::mcp\n";
    assert_eq!(named(text), ["auth", "guard", "store"]);
}
