//! The files that are read: sources of crates we build with, and of `corpus/`.

use std::{fs, path::PathBuf};

use crate::folder;

/// Returns the files of the crates, which are of the versions we build with, and of the corpus, in order.
pub(super) fn files(crates: &[&str], extensions: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![folder().join("corpus")];
    open.extend(folders_of(crates));
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path
                .extension()
                .and_then(|ending| ending.to_str())
                .is_some_and(|ending| extensions.contains(&ending))
            {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Returns where cargo keeps the sources of crates, of the versions in `Cargo.lock`.
fn folders_of(crates: &[&str]) -> Vec<PathBuf> {
    let lock = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock")).unwrap();
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).unwrap();
    let registries: Vec<PathBuf> =
        fs::read_dir(home.join("registry/src")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let mut folders = Vec::new();
    for package in lock.split("[[package]]") {
        let value = |key: &str| {
            package
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))
                .unwrap_or_default()
                .trim_matches('"')
        };
        if crates.contains(&value("name")) {
            let folder = format!("{}-{}", value("name"), value("version"));
            let found = registries.iter().map(|registry| registry.join(&folder)).find(|path| path.is_dir());
            folders.push(found.unwrap_or_else(|| panic!("{folder} is not fetched: run `cargo fetch`")));
        }
    }
    assert!(folders.len() >= crates.len(), "{crates:?} are not all in Cargo.lock");
    folders
}
