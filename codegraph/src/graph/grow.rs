//! Files that come, change and go, and what becomes stale by that: it is linked again with the next [`Graph::link`].

use std::collections::{BTreeSet, HashSet};

use super::{File, Graph, Node, Target, WHOLE, explore, find, linker, modules};
use crate::{
    Facts, Language,
    facts::{Entity, Import, Marker, Name, Receiver, Reference},
};

impl Graph {
    /// Puts a file in the graph, in place of one of the same path. Call [`Graph::link`] when all are in.
    pub fn put(&mut self, path: &str, language: Language, facts: Facts) {
        self.remove(path);
        let place = self.free.pop().unwrap_or(self.files.len() as u32);
        let facts = self.adopt(facts);
        let names: Vec<Name> = facts.entities.iter().map(|entity| entity.name).collect();
        let mut members: Vec<_> = facts
            .entities
            .iter()
            .enumerate()
            .map(|(index, entity)| (entity.parent.unwrap_or(WHOLE), entity.name, index as u32))
            .collect();
        members.sort_unstable();
        self.stale_package(facts.package);
        // What it imports it may pass on.
        self.stale_names.extend(facts.imports.iter().filter_map(|import| import.alias));
        for name in self.mentioned(&facts) {
            let files = self.mentions.entry(name).or_default();
            files.push(place);
            if files.len() == linker::MENTIONED + 1 {
                self.stale_names.insert(name);
            }
        }
        let bytes = weight(&facts);
        self.bytes += bytes;
        self.index.add(&mut self.names, place, path, facts.package);
        self.stale_names.extend(self.index.known_as(&self.names, path));
        let file = File {
            path: path.into(),
            language,
            words: explore::words(path).into_iter().map(Into::into).collect(),
            is_test: find::is_of_tests(path),
            targets: vec![None; facts.references.len()],
            sources: vec![modules::Place::Elsewhere; facts.imports.len()],
            bound: facts.bindings.iter().map(|one| ((one.scope, one.variable), one.type_name)).collect(),
            facts,
            members,
            outgoing: BTreeSet::new(),
            passed: BTreeSet::new(),
            bytes,
        };
        self.by_path.insert(path.into(), place);
        self.stale_files.insert(place);
        if place as usize == self.files.len() {
            self.files.push(Some(file));
        } else {
            self.files[place as usize] = Some(file);
        }
        self.define(place, path, &names);
    }

    /// Notes what a file defines. Definitions of one name stand in the order of their paths, whichever came first.
    fn define(&mut self, place: u32, path: &str, names: &[Name]) {
        for (index, name) in names.iter().enumerate() {
            let (node, files) = (Node { file: place, entity: index as u32 }, &self.files);
            let before = |other: &Node| {
                let of =
                    files.get(other.file as usize).and_then(Option::as_ref).map_or("", |file| &file.path);
                (of, other.entity) < (path, node.entity)
            };
            let nodes = self.definitions.entry(*name).or_default();
            nodes.insert(nodes.partition_point(before), node);
            self.stale_names.insert(*name);
            if self.worded.insert(*name) {
                for word in explore::words(self.names.text(*name)) {
                    self.by_word.entry(word.into()).or_default().push(*name);
                }
            }
        }
    }

    /// Makes stale what names a package by a part of it.
    fn stale_package(&mut self, package: Option<Name>) {
        let Some(package) = package else { return };
        let text = self.names.text(package).to_owned();
        self.stale_names.extend(text.split('.').filter_map(|part| self.names.known(part)));
    }

    /// Takes a file out of the graph.
    pub fn remove(&mut self, path: &str) {
        let Some(place) = self.by_path.remove(path) else { return };
        let Some(file) = self.files[place as usize].take() else { return };
        self.bytes -= file.bytes;
        // Each name once: a file may define one as often as it likes.
        let defined: HashSet<Name> = file.facts.entities.iter().map(|entity| entity.name).collect();
        for name in defined {
            if let Some(nodes) = self.definitions.get_mut(&name) {
                nodes.retain(|node| node.file != place);
                if nodes.is_empty() {
                    self.definitions.remove(&name);
                }
            }
            self.stale_names.insert(name);
        }
        self.stale_package(file.facts.package);
        self.stale_names.extend(file.facts.imports.iter().filter_map(|import| import.alias));
        for name in self.mentioned(&file.facts) {
            if let Some(files) = self.mentions.get_mut(&name) {
                files.retain(|file| *file != place);
                if files.len() == linker::MENTIONED {
                    self.stale_names.insert(name);
                }
            }
        }
        self.stale_names.extend(self.index.known_as(&self.names, path));
        self.index.remove(place, path, file.facts.package);
        for other in &file.outgoing {
            if let Some(incoming) = self.incoming.get_mut(other) {
                incoming.remove(&place);
            }
        }
        for other in &file.passed {
            if let Some(passing) = self.passing.get_mut(other) {
                passing.remove(&place);
            }
        }
        self.stale_files.extend(self.incoming.remove(&place).unwrap_or_default());
        self.stale_files.extend(self.passing.remove(&place).unwrap_or_default());
        self.stale_files.remove(&place);
        self.free.push(place);
    }

    /// Turns a file's own names into those of the graph.
    fn adopt(&mut self, mut facts: Facts) -> Facts {
        let table: Vec<Name> = facts.names.iter().map(|text| self.names.of(text)).collect();
        facts.names = Vec::new();
        let ours = |name: &mut Name| {
            if let Some(there) = table.get(name.0 as usize) {
                *name = *there;
            }
        };
        facts.entities.iter_mut().for_each(|entity| ours(&mut entity.name));
        for Reference { name, receiver, .. } in &mut facts.references {
            ours(name);
            if let Receiver::Path(path) = receiver {
                ours(path);
            }
        }
        for Import { module, item, alias, .. } in &mut facts.imports {
            ours(module);
            item.iter_mut().chain(alias).for_each(ours);
        }
        for binding in &mut facts.bindings {
            ours(&mut binding.variable);
            ours(&mut binding.type_name);
        }
        facts.package.iter_mut().for_each(ours);
        facts
    }

    /// Returns every name whose meaning may change what a file's references mean.
    fn mentioned(&mut self, facts: &Facts) -> HashSet<Name> {
        let mut all: HashSet<Name> = facts.references.iter().map(|one| one.name).collect();
        let mut paths: HashSet<Name> = HashSet::new();
        for one in &facts.references {
            if let Receiver::Path(path) = one.receiver {
                paths.insert(path);
            }
        }
        for import in &facts.imports {
            paths.insert(import.module);
            all.extend(import.item);
        }
        paths.extend(facts.bindings.iter().map(|binding| binding.type_name));
        for path in paths {
            let text = self.names.text(path).to_owned();
            for part in text.split(['.', '/']).filter(|part| !part.is_empty()) {
                all.insert(self.names.of(part));
            }
        }
        all
    }
}

/// Estimates the bytes of facts in a graph.
fn weight(facts: &Facts) -> usize {
    let texts: usize = facts
        .entities
        .iter()
        .map(|one| {
            let sketch = one.metrics.as_ref().map_or(0, |metrics| 4 * metrics.sketch.len());
            one.signature.len() + one.doc.as_ref().map_or(0, String::len) + sketch
        })
        .sum();
    let links = facts.references.len() * (size_of::<Reference>() + size_of::<Option<Target>>());
    let heard = 4 * facts.mentions.len() + size_of::<Marker>() * facts.markers.len();
    texts + facts.entities.len() * (size_of::<Entity>() + 40) + links + facts.imports.len() * 64 + heard + 512
}
