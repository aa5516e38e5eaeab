//! From a question in words to the few definitions it is about: their names count most, then where they stand and what
//! is written about them; what they are linked to follows.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::{Graph, Node};
use crate::facts::{Name, Relation};

/// Words of a question that are looked for.
const WORDS: usize = 32;
/// Weight of a word in the own name, in the names around, in the path, in signature and documentation.
const NAME: f64 = 4.0;
const AROUND: f64 = 1.5;
const PATH: f64 = 1.0;
const TEXT: f64 = 0.6;
/// Definitions scored, and those of them whose text is read.
const CANDIDATES: usize = 200_000;
const READ: usize = 500;
/// How far around a definition names count.
const AROUND_AT_MOST: usize = 4;

/// Words that say nothing about code.
const EMPTY: [&str; 44] = [
    "the",
    "and",
    "for",
    "how",
    "what",
    "where",
    "which",
    "who",
    "why",
    "when",
    "does",
    "is",
    "are",
    "of",
    "in",
    "on",
    "to",
    "from",
    "with",
    "by",
    "an",
    "it",
    "its",
    "this",
    "that",
    "do",
    "be",
    "as",
    "at",
    "or",
    "code",
    "function",
    "class",
    "method",
    "work",
    "works",
    "implemented",
    "defined",
    "handled",
    "used",
    "find",
    "show",
    "me",
    "explain",
];

/// What a question asks for.
struct Asked {
    words: Vec<String>,
    /// How much each word tells.
    weights: Vec<f64>,
    /// Names that each word is part of.
    names: Vec<HashSet<Name>>,
}

impl Graph {
    /// Returns the definitions a question is about, best first, with their scores.
    pub fn explore(&self, question: &str, most: usize) -> Vec<(Node, f64)> {
        let asked = self.asked(question);
        // Whole identifiers in the question outweigh their words.
        let whole: HashSet<Name> = question
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|part| part.len() > 2)
            .filter_map(|part| self.names.known(part))
            .collect();
        let in_path = |file: &super::File| -> Vec<f64> {
            asked.words.iter().map(|word| if has(&file.words, word) { PATH } else { 0.0 }).collect()
        };
        let paths: HashMap<u32, Vec<f64>> = self.all().map(|(place, file)| (place, in_path(file))).collect();
        let named: HashSet<Name> = asked.names.iter().flatten().copied().collect();
        let nodes = named.iter().filter_map(|name| self.definitions.get(name)).flatten().take(CANDIDATES);
        let mut scored: Vec<(Node, Vec<f64>, f64)> = nodes
            .filter_map(|node| {
                let parts = self.parts(*node, &asked, paths.get(&node.file)?);
                Some((*node, self.score(*node, &asked, &parts, &whole), parts))
            })
            .map(|(node, score, parts)| (node, parts, score))
            .collect();
        let best = |one: &(Node, Vec<f64>, f64), other: &(Node, Vec<f64>, f64)| {
            other.2.total_cmp(&one.2).then_with(|| one.0.cmp(&other.0))
        };
        scored.sort_unstable_by(best);
        scored.truncate(READ);
        // What is written about them is read of the best alone.
        for (node, parts, score) in &mut scored {
            self.read(*node, &asked, parts);
            *score = self.score(*node, &asked, parts, &whole);
        }
        scored.sort_unstable_by(best);
        scored.truncate(most);
        scored.into_iter().map(|(node, _, score)| (node, score)).collect()
    }

    fn asked(&self, question: &str) -> Asked {
        let telling = |word: &String| !EMPTY.contains(&word.as_str());
        let mut words: BTreeSet<String> = words(question).into_iter().filter(telling).collect();
        if words.is_empty() {
            words = self::words(question).into_iter().collect();
        }
        let words: Vec<String> = words.into_iter().take(WORDS).collect();
        let names: Vec<HashSet<Name>> = words.iter().map(|word| self.named_with(word)).collect();
        // Rare words tell more (Spärck Jones, "A statistical interpretation of term specificity", 1972).
        let all = self.definitions.len() as f64;
        let weights = names.iter().map(|names| (1.0 + all / (1.0 + names.len() as f64)).ln()).collect();
        Asked { words, weights, names }
    }

    /// Returns the names that a word, or one like it, is part of.
    fn named_with(&self, word: &str) -> HashSet<Name> {
        let like = self.by_word.iter().filter(|(one, _)| alike(one, word));
        like.flat_map(|(_, names)| names).copied().collect()
    }

    /// Returns what each word of a question is worth at a node: in its name, in those around it, in its path.
    fn parts(&self, node: Node, asked: &Asked, path: &[f64]) -> Vec<f64> {
        let mut parts = path.to_vec();
        let mut worth = NAME;
        let mut at = node;
        for _ in 0..AROUND_AT_MOST {
            let Some(entity) = self.entity(at) else { break };
            for (part, names) in parts.iter_mut().zip(&asked.names) {
                if names.contains(&entity.name) {
                    *part = part.max(worth);
                }
            }
            worth = if at == node { AROUND } else { worth * 0.8 };
            at = Node::of(at.file, entity.parent);
        }
        parts
    }

    /// Adds what stands in the signature and the documentation.
    fn read(&self, node: Node, asked: &Asked, parts: &mut [f64]) {
        let Some(entity) = self.entity(node) else { return };
        let doc = entity.doc.as_deref().unwrap_or_default();
        for (part, word) in parts.iter_mut().zip(&asked.words) {
            if *part == 0.0 && (holds_folded(&entity.signature, word) || holds_folded(doc, word)) {
                *part = TEXT;
            }
        }
    }

    fn score(&self, node: Node, asked: &Asked, parts: &[f64], whole: &HashSet<Name>) -> f64 {
        let Some(entity) = self.entity(node) else { return 0.0 };
        let sum: f64 = parts.iter().zip(&asked.weights).map(|(part, weight)| part * weight).sum();
        let met = parts.iter().filter(|part| **part > 0.0).count() as f64;
        let coverage = met / asked.words.len().max(1) as f64;
        let exact = if whole.contains(&entity.name) { 3.0 } else { 1.0 };
        let kind = match (entity.kind.is_type(), entity.kind.is_callable()) {
            (true, _) => 1.15,
            (_, true) => 1.0,
            (false, false) => 0.5,
        };
        let test = if self.is_test(node.file) { 0.4 } else { 1.0 };
        // Among those that fit alike, what many files name comes first.
        let files = self.mentions.get(&entity.name).map_or(0, Vec::len) as f64;
        sum * coverage * exact * kind * test * (1.0 + files.ln_1p() / 20.0)
    }

    /// Returns who calls a node, and what it calls, each once, surest first.
    pub fn neighbours(&self, node: Node) -> (Vec<Node>, Vec<Node>) {
        let sorted = |ties: Vec<super::Tie>, of: &dyn Fn(&super::Tie) -> Option<Node>| {
            let calls = |tie: &&super::Tie| matches!(tie.relation, Relation::Calls | Relation::Uses);
            let mut nodes: Vec<(u8, Node)> =
                ties.iter().filter(calls).filter_map(|tie| Some((100 - tie.confidence, of(tie)?))).collect();
            nodes.sort_unstable();
            let mut seen = BTreeSet::new();
            nodes.into_iter().map(|(_, node)| node).filter(|one| *one != node && seen.insert(*one)).collect()
        };
        (
            sorted(self.ties_to(node, false), &|tie| Some(tie.from)),
            sorted(self.ties_from(node, false), &|tie| tie.to),
        )
    }
}

/// Answers whether a word is among others, whatever its ending.
fn has(words: &[Box<str>], word: &str) -> bool {
    words.iter().any(|one| alike(one, word))
}

/// Answers whether two words are one but for their endings.
fn alike(one: &str, other: &str) -> bool {
    one == other
        || one.len() >= 4
            && other.len() >= 4
            && (one.starts_with(stemmed(other)) || other.starts_with(stemmed(one)))
}

/// Answers whether a lower-case word is in a text, in whatever case.
pub(super) fn holds_folded(text: &str, word: &str) -> bool {
    if !word.is_ascii() {
        return text.to_lowercase().contains(word);
    }
    let word = word.as_bytes();
    let Some(first) = word.first() else { return true };
    let starts = text.as_bytes().windows(word.len());
    starts.into_iter().any(|start| start[0].eq_ignore_ascii_case(first) && start.eq_ignore_ascii_case(word))
}

/// Takes a common ending off.
fn stemmed(word: &str) -> &str {
    let stem = ["ations", "ation", "ing", "ers", "ies", "es", "ed", "er", "s", "e"]
        .iter()
        .find_map(|ending| word.strip_suffix(ending));
    stem.filter(|stem| stem.len() >= 4 && stem.is_ascii()).unwrap_or(word)
}

/// Splits a text into lower-case words, names of several words too: `openStore`, `open_store`, `HTTPServer`.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    for part in text.split(|c: char| !c.is_alphanumeric()) {
        let letters: Vec<char> = part.chars().collect();
        let mut word = String::new();
        for (at, letter) in letters.iter().enumerate() {
            let begins = letter.is_uppercase()
                && (at > 0 && letters[at - 1].is_lowercase()
                    || letters.get(at + 1).is_some_and(|next| next.is_lowercase()));
            if begins && !word.is_empty() {
                all.push(std::mem::take(&mut word));
            }
            word.extend(letter.to_lowercase());
        }
        if word.len() > 1 {
            all.push(word);
        }
    }
    all.retain(|word| word.len() > 1);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_into_their_words() {
        assert_eq!(
            words("openStore open_db HTTPServer a"),
            ["open", "store", "open", "db", "http", "server"]
        );
    }
}
