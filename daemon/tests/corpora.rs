//! The corpora of the fuzzer, replayed: every file through its probe, and a few hundred changes of them. How to let the
//! fuzzer itself run is in `fuzz/README.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use mcpd::probes::Probe;
use mcpd_codegraph::{Extractor, Facts, Language, Patience};
use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};

/// Changed inputs a target is tried with.
const CHANGED: u32 = 300;

/// Bytes that mean something to one reader or another.
const TELLING: &[&[u8]] = &[
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b";",
    b"=",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\xff",
    b"-",
    b"for=",
    b"10.0.0.1",
    b"::1",
    b"null",
    b"1e999",
    b"\x81\xff",
    b"\xef\xbb\xbf",
    b"=?base64?",
    b"?=",
    b"[[",
    b"(",
    b")",
    b"<",
    b">",
    b"`",
    b"/*",
    b"*/",
    b"::",
    b"class ",
    b"fn ",
];

/// Every probe there is.
fn probes() -> impl Iterator<Item = (&'static str, Probe)> {
    mcpd::probes::ALL.into_iter().chain(mcpd_codegraph::probes::ALL)
}

fn fuzz() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("fuzz")
}

fn names(folder: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(fuzz().join(folder)).unwrap();
    entries.map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn corpus(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(fuzz().join("corpus").join(target)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

#[test]
fn every_probe_has_a_target_and_a_corpus() {
    let probes: BTreeSet<String> = probes().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(names("fuzz_targets"), probes);
    assert_eq!(names("corpus"), probes);
    for target in &probes {
        assert!(corpus(target).len() >= 5, "{target} has next to no corpus");
    }
}

#[test]
fn the_corpora_hold() {
    for (target, probe) in probes() {
        for (path, bytes) in corpus(target) {
            let held = std::panic::catch_unwind(|| probe(&bytes));
            assert!(held.is_ok(), "{target} does not hold for {}", path.display());
        }
    }
}

/// One change of an input.
#[derive(Debug, Clone)]
enum Change {
    Flip(Index, u8),
    Cut(Index, Index),
    Insert(Index, &'static [u8]),
    Double(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Change::Flip(at, byte)),
        (at(), at()).prop_map(|(from, to)| Change::Cut(from, to)),
        (at(), select(TELLING)).prop_map(|(at, word)| Change::Insert(at, word)),
        (at(), at()).prop_map(|(from, to)| Change::Double(from, to)),
    ]
}

impl Change {
    fn of(&self, bytes: &mut Vec<u8>) {
        let range = |from: &Index, to: &Index| {
            let (from, to) = (from.index(bytes.len() + 1), to.index(bytes.len() + 1));
            from.min(to)..from.max(to)
        };
        match self {
            Self::Flip(at, byte) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Self::Flip(..) => {}
            Self::Cut(from, to) => drop(bytes.drain(range(from, to))),
            Self::Insert(at, word) => {
                let at = at.index(bytes.len() + 1);
                bytes.splice(at..at, word.iter().copied());
            }
            Self::Double(from, to) => {
                let range = range(from, to);
                let again = bytes[range.clone()].to_vec();
                bytes.splice(range.end..range.end, again);
            }
        }
    }
}

/// Tries changes of a target's corpus, the same ones each time.
fn vary(target: &str, probe: Probe) {
    let seeds = corpus(target).into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>();
    let changed = (select(seeds), prop::collection::vec(change(), 1..6)).prop_map(|(mut bytes, changes)| {
        changes.iter().for_each(|change| change.of(&mut bytes));
        bytes
    });
    let config = ProptestConfig { cases: CHANGED, failure_persistence: None, ..ProptestConfig::default() };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let held = TestRunner::new_with_rng(config, rng).run(&changed, |bytes| {
        probe(&bytes);
        Ok(())
    });
    assert!(held.is_ok(), "{target}: {}", held.unwrap_err());
}

#[test]
fn changes_of_the_corpora_hold() {
    for (target, probe) in probes() {
        vary(target, probe);
    }
}

/// Facts that stand whole in the corpus, and the sources they are of.
const WHOLE_FACTS: [&str; 7] = ["c", "go", "python", "rust", "tsx", "typescript", "vue"];

#[test]
fn the_corpus_of_facts_is_of_the_shape_they_are_kept_in() {
    for name in WHOLE_FACTS {
        let bytes = std::fs::read(fuzz().join("corpus/facts").join(name)).unwrap();
        assert!(Facts::decode(&bytes[1..]).is_some(), "make {name} again: see fuzz/README.md");
    }
}

#[test]
#[ignore = "writes the corpus of facts anew"]
fn write_the_corpus_of_facts() {
    for name in WHOLE_FACTS {
        let source = std::fs::read(fuzz().join("corpus/source").join(name)).unwrap();
        let (language, text) = (Language::of_word(name).unwrap(), &source[1..]);
        let facts = Extractor::default().read(language, name, text, Patience::ENDLESS).unwrap();
        let mut kept = vec![source[0]];
        kept.extend(facts.encode());
        std::fs::write(fuzz().join("corpus/facts").join(name), kept).unwrap();
    }
}
