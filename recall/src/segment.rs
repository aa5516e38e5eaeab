//! Text to terms. Latin words are split at case changes, lower-cased and stemmed (Porter 2); runs of Chinese,
//! Japanese and Korean characters become overlapping bigrams, which need no dictionary and find two-character words.

use rust_stemmers::{Algorithm, Stemmer};
use unicode_normalization::UnicodeNormalization;

/// Version of the analysis: terms kept under another number are made again from their texts.
pub const ANALYSIS: i64 = 1;

/// Longest word that is kept whole, in characters; the rest of a longer one (base64, hashes) carries no meaning.
const LONGEST_WORD: usize = 64;

/// A term as the index keeps it, with the text it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// What is indexed and compared.
    pub key: String,
    /// How it stood in the text, for explaining a match.
    pub surface: String,
    /// Whether it is the last of a run of ideographs.
    pub(crate) ends_run: bool,
}

impl Term {
    pub(crate) fn new(key: String, surface: String) -> Self {
        Self { key, surface, ends_run: false }
    }
}

/// Returns the terms of `text`, in order, with repetitions.
pub fn terms(text: &str) -> Vec<Term> {
    let stemmer = Stemmer::create(Algorithm::English);
    let mut found = Vec::new();
    let mut word = String::new();
    let mut ideographs: Vec<char> = Vec::new();
    // One form for what looks alike: full-width letters, ligatures, accents written apart (Unicode UAX #15, NFKC).
    for character in text.nfkc() {
        if is_ideograph(character) {
            end_word(&mut word, &stemmer, &mut found);
            ideographs.push(character);
        } else {
            end_ideographs(&mut ideographs, &mut found);
            if character.is_alphanumeric() {
                word.push(character);
            } else {
                end_word(&mut word, &stemmer, &mut found);
            }
        }
    }
    end_word(&mut word, &stemmer, &mut found);
    end_ideographs(&mut ideographs, &mut found);
    found
}

/// Returns the term keys of `text` joined by spaces: what an index is given. Beside the terms it holds every
/// ideograph alone, so that a question of a single character finds the words it stands in.
pub fn segment(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut push = |key: &str| {
        if !joined.is_empty() {
            joined.push(' ');
        }
        joined.push_str(key);
    };
    for term in terms(text) {
        push(&term.key);
        if let (Some(first), true) =
            (term.key.chars().next().filter(|first| is_ideograph(*first)), term.key.chars().count() == 2)
        {
            push(first.encode_utf8(&mut [0; 4]));
            if term.ends_run {
                push(&term.key[first.len_utf8()..]);
            }
        }
    }
    joined
}

fn end_word(word: &mut String, stemmer: &Stemmer, found: &mut Vec<Term>) {
    if word.is_empty() {
        return;
    }
    let parts = split_case(word);
    let several = parts.len() > 1;
    for part in parts {
        push_word(part, stemmer, found);
    }
    // `getUserName` is found by its parts and by itself, as people type identifiers in both ways.
    if several {
        push_word(word, stemmer, found);
    }
    word.clear();
}

fn push_word(surface: &str, stemmer: &Stemmer, found: &mut Vec<Term>) {
    let lower: String = surface.chars().take(LONGEST_WORD).flat_map(char::to_lowercase).collect();
    let key = if lower.is_ascii() { stemmer.stem(&lower).into_owned() } else { lower };
    if !key.is_empty() {
        found.push(Term::new(key, surface.to_owned()));
    }
}

fn end_ideographs(run: &mut Vec<char>, found: &mut Vec<Term>) {
    let width = run.len().min(2);
    if width > 0 {
        let last = run.len() - width;
        for (index, part) in run.windows(width).enumerate() {
            let key: String = part.iter().collect();
            found.push(Term { surface: key.clone(), key, ends_run: index == last });
        }
    }
    run.clear();
}

/// Splits `HTTPServer2Go` into `HTTP`, `Server`, `2`, `Go`.
fn split_case(word: &str) -> Vec<&str> {
    let characters: Vec<(usize, char)> = word.char_indices().collect();
    let mut parts = Vec::new();
    let mut start = 0;
    for (index, pair) in characters.windows(2).enumerate() {
        let (before, (at, here)) = (pair[0].1, pair[1]);
        let next_is_lower = characters.get(index + 2).is_some_and(|(_, after)| after.is_lowercase());
        let border = (before.is_lowercase() && here.is_uppercase())
            || (before.is_uppercase() && here.is_uppercase() && next_is_lower)
            || (before.is_numeric() != here.is_numeric());
        if border {
            parts.push(&word[start..at]);
            start = at;
        }
    }
    parts.push(&word[start..]);
    parts
}

pub(crate) fn is_ideograph(character: char) -> bool {
    matches!(character,
        '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}'
        | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{ac00}'..='\u{d7a3}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn english_is_stemmed_and_lower_cased() {
        assert_eq!(segment("The databases were Connected"), "the databas were connect");
    }

    #[test]
    fn chinese_becomes_bigrams_beside_english() {
        assert_eq!(segment("用Redis缓存会话"), "用 redi 缓存 缓 存会 存 会话 会 话");
    }

    #[test]
    fn identifiers_are_found_by_part_and_whole() {
        assert_eq!(segment("getUserName"), "get user name getusernam");
        assert_eq!(segment("HTTPServer"), "http server httpserver");
        assert_eq!(segment("snake_case_name"), "snake case name");
        assert_eq!(segment("utf8"), "utf 8 utf8");
    }

    #[test]
    fn dates_and_versions_keep_their_numbers() {
        assert_eq!(segment("2026-11-22 v1.2"), "2026 11 22 v 1 v1 2");
    }

    #[test]
    fn what_looks_alike_is_alike() {
        assert_eq!(segment("cafe\u{301}"), segment("caf\u{e9}"));
        assert_eq!(segment("ＲＥＤＩＳ"), "redi");
    }

    proptest! {
        #[test]
        fn any_text_gives_terms_an_index_accepts(text in ".{0,200}") {
            for term in terms(&text) {
                prop_assert!(!term.key.is_empty());
                prop_assert!(!term.key.contains(char::is_whitespace));
                prop_assert!(!term.key.contains('"'));
            }
        }
    }
}
