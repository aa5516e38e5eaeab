//! What must hold of source files and of kept facts that strangers send, one function a reader. The fuzzer calls them
//! with what it makes up, the tests of the daemon with the corpora in `fuzz/corpus`; a broken promise is a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a probe fails by panicking")]

use std::time::Duration;

use crate::{
    Direction, Extractor, Facts, Graph, Language, Patience, Unread,
    smells::{SmellKind, Thresholds},
};

/// One probe.
pub type Probe = fn(&[u8]);

/// Every probe by the name of its target and its corpus.
pub const ALL: [(&str, Probe); 2] = [("facts", facts), ("source", source)];

/// Thresholds that nearly everything passes.
const STRICT: Thresholds = Thresholds {
    tests: true,
    partial: false,
    function_lines: 1,
    complexity: 1,
    nesting: 1,
    parameters: 1,
    class_complexity: 1,
    class_methods: 1,
    class_foreign: 1,
    coupling: 1,
    duplicate_tokens: 1,
    duplicate_likeness: 1,
    dead_confidence: 1,
};

/// Definitions that a graph is asked about.
const ASKED: usize = 50;

/// Source files: the first byte is the language. What is read is kept as it is, stands where it says and is the same
/// when it is read again.
pub fn source(bytes: &[u8]) {
    let Some((language, text)) = in_a_language(bytes) else { return };
    let path = format!("folder/file.{}", language.extensions()[0]);
    let patience = Patience { file: Duration::from_secs(5), stop: &|| false };
    let mut extractor = Extractor::default();
    let facts = match extractor.read(language, &path, text, patience) {
        Ok(facts) => facts,
        Err(Unread::TooLong(_)) => {
            assert!(text.len() > 100 << 10, "{} bytes took too long", text.len());
            return;
        }
        Err(unread @ (Unread::Stopped | Unread::Grammar(_))) => panic!("{unread}"),
        Err(Unread::Binary | Unread::Minified(_)) => return,
    };
    let kept = Facts::decode(&facts.encode());
    assert_eq!(kept.as_ref(), Some(&facts), "what is read points at nothing, or is not kept as it is");
    // A component of Vue stands in the first line even of an empty file.
    let last = facts.lines.max(1);
    for (index, entity) in facts.entities.iter().enumerate() {
        assert!(entity.parent.is_none_or(|parent| (parent as usize) < index), "a child before its parent");
        let in_order = 1 <= entity.start && entity.start <= entity.end && entity.end <= last;
        assert!(in_order, "{}-{} of {last} lines", entity.start, entity.end);
        assert!((entity.start..=entity.end).contains(&entity.line), "a name outside of what it names");
        assert!(!facts.text(entity.name).is_empty(), "a definition without a name");
    }
    let lines = facts.references.iter().map(|one| one.line).chain(facts.imports.iter().map(|one| one.line));
    lines.for_each(|line| assert!((1..=last).contains(&line), "{line} of {last} lines"));
    let again = extractor.read(language, &path, text, patience);
    assert_eq!(again.as_ref(), Ok(&facts), "a reader remembers what it read before");
    ask(language, facts);
}

/// Kept facts, of whatever wrote them: the first byte is the language. What is taken can be put in a graph, linked and
/// asked about.
pub fn facts(bytes: &[u8]) {
    let Some((language, bytes)) = in_a_language(bytes) else { return };
    let Some(facts) = Facts::decode(bytes) else { return };
    assert_eq!(Facts::decode(&facts.encode()).as_ref(), Some(&facts), "kept again, it is another");
    ask(language, facts);
}

fn in_a_language(bytes: &[u8]) -> Option<(Language, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    Some((Language::ALL[usize::from(*first) % Language::ALL.len()], rest))
}

/// Has a graph of two files with the same facts link and answer, then of one.
fn ask(language: Language, facts: Facts) {
    let extension = language.extensions()[0];
    let paths = [format!("folder/file.{extension}"), format!("folder/sub/other.{extension}")];
    let mut graph = Graph::default();
    for path in &paths {
        graph.put(path, language, facts.clone());
    }
    graph.link(1);
    answers(&graph, &paths);
    graph.put(&paths[0], language, facts);
    graph.link(1);
    graph.remove(&paths[1]);
    graph.link(1);
    answers(&graph, &paths);
    graph.remove(&paths[0]);
    graph.link(1);
    assert!(graph.is_empty());
}

fn answers(graph: &Graph, paths: &[String]) {
    let _ = (graph.totals(), graph.shape(10), graph.unparsed(), graph.bytes());
    let _ = (graph.reach(), graph.remarks());
    for smell in graph.smells(&STRICT, &SmellKind::ALL).found {
        assert!(!smell.key.is_empty() && !smell.title.is_empty(), "a smell without a name");
        assert!(smell.confidence <= 100, "{} is more than sure", smell.title);
    }
    for file in paths.iter().filter_map(|path| graph.file_at(path)) {
        let _ = (graph.file_facts(file), graph.imports(file), graph.referring_files(file));
        let inside = graph.inside(file);
        for node in inside.into_iter().take(ASKED).chain([file]) {
            let id = graph.id(node);
            let _ = (graph.by_id(&id), graph.children(node), graph.about(node), graph.bases(node));
            for tie in graph.ties_from(node, true).iter().chain(&graph.ties_to(node, true)) {
                let _ = graph.written(tie);
            }
            let _ = graph.trace(node, Direction::Callers, 3, 20);
            let _ = (graph.hanging_on(node, 3, 20), graph.neighbours(node));
            let _ = graph.find(graph.name(node), &|_| true, 10);
        }
    }
}
