//! Ranking by BM25 (Robertson and Zaragoza, 2009) with the non-negative inverse document frequency of Lucene.

use std::collections::{HashMap, HashSet};

use crate::segment::{Term, terms};

/// Saturation of term frequency.
const K1: f64 = 1.2;
/// Weight of document length.
const B: f64 = 0.75;

/// Terms of a question at most.
const LONGEST_QUESTION: usize = 256;

/// A question, segmented once.
#[derive(Debug, Clone)]
pub struct Query {
    terms: Vec<Term>,
}

/// A text that may answer the question.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Its terms as [`crate::segment`] gave them: kept with the text, so that a question segments nothing but itself.
    pub terms: &'a str,
}

/// How well one candidate answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Index into the candidates given.
    pub index: usize,
    /// 0..1: the share reached of what a text repeating every word of the question for ever would score.
    pub score: f64,
    /// Words of the question that occur, in the question's order.
    pub matched: Vec<String>,
}

impl Query {
    /// Segments a question; a term asked for twice counts once, and what a very long one says last is not asked.
    pub fn new(text: &str) -> Self {
        let mut seen = HashSet::new();
        let mut unique = terms(text);
        unique.retain(|term| seen.insert(term.key.clone()));
        unique.truncate(LONGEST_QUESTION);
        Self { terms: unique }
    }

    /// Returns the distinct index terms of the question.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().map(|term| term.key.as_str())
    }

    /// Returns whether nothing searchable was asked.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Ranks `candidates`, best first; those without any word of the question are left out.
    ///
    /// `corpus` is the number of texts the candidates were chosen from. Equal scores keep the given order, so the
    /// result is the same each time.
    pub fn rank(&self, candidates: &[Candidate<'_>], corpus: usize) -> Vec<Ranked> {
        let counted: Vec<Counted> = candidates.iter().map(|candidate| self.count(candidate.terms)).collect();
        let total: usize = counted.iter().map(|one| one.length).sum();
        let average = (total as f64 / counted.len().max(1) as f64).max(1.0);
        let weights = self.weights(&counted, corpus.max(candidates.len()));
        let best: f64 = weights.iter().map(|weight| weight * (K1 + 1.0)).sum();
        let mut ranked: Vec<Ranked> = counted
            .iter()
            .enumerate()
            .filter_map(|(index, one)| {
                let score = one.score(&weights, average) / best;
                let matched = self.matched(one);
                (!matched.is_empty()).then_some(Ranked { index, score, matched })
            })
            .collect();
        ranked.sort_by(|left, right| right.score.total_cmp(&left.score));
        ranked
    }

    fn count(&self, terms: &str) -> Counted {
        let mut frequencies: HashMap<&str, usize> = HashMap::new();
        let mut length = 0;
        for term in terms.split(' ') {
            length += 1;
            *frequencies.entry(term).or_default() += 1;
        }
        let hits = self.terms.iter().map(|term| frequencies.get(term.key.as_str()).copied().unwrap_or(0));
        Counted { hits: hits.collect(), length }
    }

    /// Inverse document frequency of each term of the question.
    fn weights(&self, counted: &[Counted], corpus: usize) -> Vec<f64> {
        (0..self.terms.len())
            .map(|term| {
                let holding = counted.iter().filter(|one| one.hits[term] > 0).count() as f64;
                (1.0 + (corpus as f64 - holding + 0.5) / (holding + 0.5)).ln()
            })
            .collect()
    }

    fn matched(&self, one: &Counted) -> Vec<String> {
        let pairs = self.terms.iter().zip(&one.hits);
        pairs.filter(|(_, hits)| **hits > 0).map(|(term, _)| term.surface.clone()).collect()
    }
}

/// One candidate counted against the question.
struct Counted {
    /// Occurrences of each term of the question.
    hits: Vec<usize>,
    /// Terms in the text.
    length: usize,
}

impl Counted {
    fn score(&self, weights: &[f64], average: f64) -> f64 {
        let norm = K1 * (1.0 - B + B * self.length as f64 / average);
        let each = self.hits.iter().zip(weights).map(|(&hits, weight)| {
            let frequency = hits as f64;
            weight * frequency * (K1 + 1.0) / (frequency + norm)
        });
        each.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(question: &str, texts: &[&str]) -> Vec<Ranked> {
        let segmented: Vec<String> = texts.iter().map(|text| crate::segment(text)).collect();
        let candidates: Vec<Candidate<'_>> = segmented.iter().map(|terms| Candidate { terms }).collect();
        Query::new(question).rank(&candidates, texts.len())
    }

    #[test]
    fn one_question_in_two_languages_finds_both() {
        let texts = ["部署使用蓝绿发布", "the cache is Redis", "lunch at noon"];
        let found = rank("Redis 蓝绿", &texts);
        let indices: Vec<usize> = found.iter().map(|one| one.index).collect();
        assert_eq!(indices.len(), 2);
        assert!(indices.contains(&0) && indices.contains(&1));
    }

    #[test]
    fn a_rare_word_outweighs_a_common_one() {
        let texts = ["the build is slow", "the build uses zstd", "the build is green"];
        assert_eq!(rank("build zstd", &texts)[0].index, 1);
    }

    #[test]
    fn scores_stay_within_zero_and_one_and_name_what_matched() {
        let found = rank("deploy deploys", &["deploy deploy deploy"]);
        assert!(found[0].score > 0.0 && found[0].score < 1.0);
        assert_eq!(found[0].matched, ["deploy"]);
    }

    #[test]
    fn a_single_character_finds_the_words_it_stands_in() {
        for character in ["登", "录", "口"] {
            assert_eq!(rank(character, &["登录接口", "别的"]).len(), 1, "{character}");
        }
    }

    #[test]
    fn nothing_in_common_is_not_found() {
        assert!(rank("kubernetes", &["bread and butter"]).is_empty());
        assert!(rank("", &["bread"]).is_empty());
    }
}
