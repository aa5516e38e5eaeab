//! Words of English that carry little meaning. In a question they weigh less rather than nothing: "to be or not to
//! be" still finds what it asks for.

use std::{collections::HashSet, sync::LazyLock};

use crate::segment::segment;

/// The words, sorted.
const LITTLE: [&str; 129] = [
    "a",
    "about",
    "above",
    "after",
    "again",
    "against",
    "all",
    "am",
    "an",
    "and",
    "any",
    "are",
    "as",
    "at",
    "be",
    "because",
    "been",
    "before",
    "being",
    "below",
    "between",
    "both",
    "but",
    "by",
    "can",
    "could",
    "did",
    "do",
    "does",
    "doing",
    "don",
    "down",
    "during",
    "each",
    "few",
    "for",
    "from",
    "further",
    "had",
    "has",
    "have",
    "having",
    "he",
    "her",
    "here",
    "hers",
    "herself",
    "him",
    "himself",
    "his",
    "how",
    "i",
    "if",
    "in",
    "into",
    "is",
    "it",
    "its",
    "itself",
    "just",
    "me",
    "more",
    "most",
    "my",
    "myself",
    "no",
    "nor",
    "not",
    "now",
    "of",
    "off",
    "on",
    "once",
    "only",
    "or",
    "other",
    "our",
    "ours",
    "ourselves",
    "out",
    "over",
    "own",
    "s",
    "same",
    "she",
    "should",
    "so",
    "some",
    "such",
    "t",
    "than",
    "that",
    "the",
    "their",
    "theirs",
    "them",
    "themselves",
    "then",
    "there",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "too",
    "under",
    "until",
    "up",
    "very",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "whom",
    "why",
    "will",
    "with",
    "would",
    "you",
    "your",
    "yours",
    "yourself",
    "yourselves",
];

/// The same as the index keeps them.
static STEMS: LazyLock<HashSet<String>> = LazyLock::new(|| LITTLE.iter().map(|word| segment(word)).collect());

/// Returns whether a term of the index is a word that carries little meaning.
pub(crate) fn key_means_little(key: &str) -> bool {
    STEMS.contains(key)
}

/// Returns whether a lower-case word carries little meaning.
pub(crate) fn means_little(word: &str) -> bool {
    LITTLE.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_asked_by_whole_words() {
        assert!(LITTLE.is_sorted());
        assert!(means_little("the") && means_little("yourselves"));
        assert!(key_means_little("becaus") && key_means_little("the") && !key_means_little("becam"));
        assert!(!means_little("theatre") && !means_little(""));
    }
}
