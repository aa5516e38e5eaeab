//! What we find in files against what others find: Python's own parser, and Universal Ctags. `codegraph/TRUTH.md` holds
//! the figures, and of each kind of difference who is right.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod ctags;
mod judged;
mod python;
mod sources;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use mcpd_codegraph::{Extractor, Facts, Language, Patience};

/// Something found in a file: the file, what it is, its name, its line.
type Fact = (usize, String, String, u32);

/// How two lists of facts agree; what is there twice counts twice.
#[derive(Default)]
struct Agreement {
    both: usize,
    only_ours: Vec<Fact>,
    only_theirs: Vec<Fact>,
}

impl Agreement {
    fn of(ours: &[Fact], theirs: &[Fact]) -> Self {
        let mut left: BTreeMap<&Fact, usize> = BTreeMap::new();
        for fact in ours {
            *left.entry(fact).or_default() += 1;
        }
        let mut agreement = Self::default();
        for fact in theirs {
            match left.get_mut(fact).filter(|count| **count > 0) {
                Some(count) => {
                    *count -= 1;
                    agreement.both += 1;
                }
                None => agreement.only_theirs.push(fact.clone()),
            }
        }
        for (fact, count) in left {
            agreement.only_ours.extend(std::iter::repeat_n(fact.clone(), count));
        }
        agreement
    }

    /// Share of ours that is right.
    fn precision(&self) -> f64 {
        share(self.both, self.only_ours.len())
    }

    /// Share of theirs that we found.
    fn recall(&self) -> f64 {
        share(self.both, self.only_theirs.len())
    }
}

fn share(both: usize, others: usize) -> f64 {
    if both + others == 0 { 1.0 } else { both as f64 / (both + others) as f64 }
}

/// Reads files on all cores; what is no text of that language is left out.
fn read_all(files: &[PathBuf]) -> Vec<Option<(Language, Facts)>> {
    let (next, all) = (AtomicUsize::new(0), Mutex::new(vec![None; files.len()]));
    let work = || {
        let mut extractor = Extractor::default();
        while let Some((index, path)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            files.get(index).map(|path| (index, path))
        } {
            let name = path.to_str().unwrap();
            let text = std::fs::read(path).unwrap();
            let language = Language::of_path(name).unwrap().refined(name, &text);
            let read = extractor.read(language, name, &text, Patience::ENDLESS);
            if let Ok(facts) = read {
                all.lock().unwrap()[index] = Some((language, facts));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(work);
        }
    });
    all.into_inner().unwrap()
}

/// Runs a program and returns what it writes; one that is missing is a failure with what to do.
fn run(command: &mut Command, missing: &str) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{missing}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/truth")
}
