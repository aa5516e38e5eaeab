//! From a question in words to the few definitions it is about: their names count most, then where they stand and what
//! is written about them; what they are linked to follows.

use std::collections::{BTreeSet, HashMap};

use super::{Graph, Node};
use crate::facts::Relation;

/// Words of a question that are looked for.
const WORDS: usize = 32;
/// Weight of a word in the own name, in the names around, in the path, in signature and documentation.
const NAME: f64 = 4.0;
const AROUND: f64 = 1.5;
const PATH: f64 = 1.0;
const TEXT: f64 = 0.6;

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

impl Graph {
    /// Returns the definitions a question is about, best first, with their scores.
    pub fn explore(&self, question: &str, most: usize) -> Vec<(Node, f64)> {
        let mut asked: BTreeSet<String> =
            words(question).into_iter().filter(|word| !EMPTY.contains(&word.as_str())).collect();
        if asked.is_empty() {
            asked = words(question).into_iter().collect();
        }
        let asked: Vec<String> = asked.into_iter().take(WORDS).collect();
        // Whole identifiers in the question outweigh their words.
        let named: BTreeSet<&str> = question
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|part| part.len() > 2)
            .collect();
        let weights = self.weights(&asked);
        let mut scored: Vec<(Node, f64)> = Vec::new();
        for (place, file) in self.all() {
            let path: BTreeSet<String> = words(&file.path).into_iter().collect();
            let in_path: Vec<f64> =
                asked.iter().map(|word| if has(&path, word) { PATH } else { 0.0 }).collect();
            let penalty = if self.is_test(place) { 0.4 } else { 1.0 };
            let mut around: Vec<Vec<f64>> = Vec::with_capacity(file.facts.entities.len());
            for (index, entity) in file.facts.entities.iter().enumerate() {
                let node = Node { file: place, entity: index as u32 };
                let own_name = self.names.text(entity.name);
                let own: BTreeSet<String> = words(own_name).into_iter().collect();
                let text = || {
                    let doc = entity.doc.as_deref().unwrap_or_default();
                    format!("{} {doc}", entity.signature).to_lowercase()
                };
                let above = entity.parent.and_then(|parent| around.get(parent as usize));
                let mut score = 0.0;
                let mut met = 0;
                let mut here = Vec::with_capacity(asked.len());
                let mut lower = None;
                for (at, word) in asked.iter().enumerate() {
                    let of_name = if has(&own, word) { NAME } else { 0.0 };
                    let of_above = above.map_or(0.0, |above| above[at]);
                    let mut best = of_name + of_above * AROUND / NAME + in_path[at];
                    if best == 0.0 && lower.get_or_insert_with(text).contains(word.as_str()) {
                        best = TEXT;
                    }
                    met += usize::from(best > 0.0);
                    score += best * weights[at];
                    here.push(of_name.max(of_above * 0.8));
                }
                around.push(here);
                if score > 0.0 {
                    let coverage = met as f64 / asked.len() as f64;
                    let exact = if named.contains(own_name) { 3.0 } else { 1.0 };
                    let kind = match (entity.kind.is_type(), entity.kind.is_callable()) {
                        (true, _) => 1.15,
                        (_, true) => 1.0,
                        (false, false) => 0.5,
                    };
                    scored.push((node, score * coverage * exact * kind * penalty));
                }
            }
        }
        scored.sort_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        scored.truncate(most * 4);
        self.lift_central(&mut scored);
        scored.truncate(most);
        scored
    }

    /// Among those that fit alike, what many refer to comes first.
    fn lift_central(&self, scored: &mut [(Node, f64)]) {
        for (node, score) in scored.iter_mut() {
            let calls = self.ties_to(*node, false).len() as f64;
            *score *= 1.0 + calls.ln_1p() / 20.0;
        }
        scored.sort_by(|one, other| other.1.total_cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
    }

    /// Rare words tell more (Spärck Jones, "A statistical interpretation of term specificity", 1972).
    fn weights(&self, asked: &[String]) -> Vec<f64> {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let mut all = 0;
        for (name, nodes) in &self.definitions {
            all += nodes.len();
            let lower = self.names.text(*name).to_lowercase();
            for word in asked.iter().filter(|word| lower.contains(word.as_str())) {
                *counts.entry(word).or_default() += nodes.len();
            }
        }
        let all = all as f64;
        asked
            .iter()
            .map(|word| (1.0 + all / (1.0 + counts.get(word.as_str()).copied().unwrap_or(0) as f64)).ln())
            .collect()
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
fn has(words: &BTreeSet<String>, word: &str) -> bool {
    words.contains(word)
        || word.len() >= 4
            && words.iter().any(|one| {
                one.len() >= 4 && (one.starts_with(stemmed(word)) || word.starts_with(stemmed(one)))
            })
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
