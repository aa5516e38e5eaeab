//! Files by the words that imports name them with.

use std::collections::{BTreeSet, HashMap};

use super::names::Names;
use crate::facts::Name;

/// Files by the words that imports use.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// By the name of the file without its ending; of `a/__init__.py`, `a/mod.rs` and `a/index.js`, by `a` too.
    pub(super) stems: HashMap<Box<str>, BTreeSet<u32>>,
    /// By folder.
    folders: HashMap<Box<str>, BTreeSet<u32>>,
    /// Folders by the last part of their path.
    pub(super) named_folders: HashMap<Box<str>, BTreeSet<Box<str>>>,
    packages: HashMap<Name, BTreeSet<u32>>,
    /// Folders `src`, by the name that a crate around them is imported by.
    crates: HashMap<String, BTreeSet<Box<str>>>,
}

impl Index {
    pub(super) fn add(&mut self, names: &mut Names, place: u32, path: &str, package: Option<Name>) {
        for stem in stems(path) {
            // Every stem is a name, so that a file can become what an import was waiting for.
            names.of(stem);
            self.stems.entry(stem.into()).or_default().insert(place);
        }
        let folder = folder(path);
        names.of(folder);
        self.folders.entry(folder.into()).or_default().insert(place);
        self.named_folders.entry(last(folder).into()).or_default().insert(folder.into());
        if let Some(known_as) = crate_name(folder) {
            self.crates.entry(known_as).or_default().insert(folder.into());
        }
        if let Some(package) = package {
            self.packages.entry(package).or_default().insert(place);
        }
    }

    pub(super) fn remove(&mut self, place: u32, path: &str, package: Option<Name>) {
        for stem in stems(path) {
            take(&mut self.stems, stem, place);
        }
        let folder = folder(path);
        take(&mut self.folders, folder, place);
        if !self.folders.contains_key(folder) {
            if let Some(named) = self.named_folders.get_mut(last(folder)) {
                named.remove(folder);
            }
            if let Some(named) = crate_name(folder).and_then(|known_as| self.crates.get_mut(&known_as)) {
                named.remove(folder);
            }
        }
        if let Some(files) = package.and_then(|package| self.packages.get_mut(&package)) {
            files.remove(&place);
        }
    }

    /// Returns the words by which imports may name a file.
    pub(super) fn known_as(&self, names: &Names, path: &str) -> Vec<Name> {
        let words = stems(path).chain([last(folder(path))]);
        words.filter_map(|word| names.known(word)).collect()
    }

    pub(crate) fn of_folder(&self, folder: &str) -> impl Iterator<Item = u32> {
        self.folders.get(folder).into_iter().flatten().copied()
    }

    /// Returns the folders `src` whose crate is imported by that name.
    pub(super) fn of_crate(&self, name: &str) -> impl Iterator<Item = &str> {
        self.crates.get(name).into_iter().flatten().map(|root| &**root)
    }

    pub(crate) fn of_package(&self, package: Name) -> impl Iterator<Item = u32> {
        self.packages.get(&package).into_iter().flatten().copied()
    }
}

fn take(map: &mut HashMap<Box<str>, BTreeSet<u32>>, key: &str, place: u32) {
    if let Some(set) = map.get_mut(key) {
        set.remove(&place);
        if set.is_empty() {
            map.remove(key);
        }
    }
}

/// Returns the name by which a crate is imported whose sources are in a folder.
fn crate_name(sources: &str) -> Option<String> {
    (last(sources) == "src").then(|| last(folder(sources)).replace('-', "_"))
}

/// Returns the folder of a path.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

pub(super) fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn stem(path: &str) -> &str {
    let name = last(path);
    name.split('.').next().unwrap_or(name)
}

/// Names of a file that speak for its folder.
pub(super) fn is_face(stem: &str) -> bool {
    matches!(stem, "__init__" | "mod" | "lib" | "main" | "index")
}

fn stems(path: &str) -> impl Iterator<Item = &str> {
    let own = stem(path);
    let face = is_face(own).then(|| last(folder(path)));
    // Headers are named with their endings.
    let name = last(path);
    std::iter::once(own).chain(face).chain((name != own).then_some(name))
}
