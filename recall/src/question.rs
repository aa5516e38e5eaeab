//! A question: its terms with their weights, and what of it a sentence model is given.

use std::collections::HashSet;

use crate::{
    segment::{Term, is_ideograph, terms},
    words::means_little,
};

/// Terms of a question at most; what a very long one says last is not asked.
const LONGEST: usize = 256;

/// A question, analysed once.
#[derive(Debug, Clone)]
pub struct Question {
    pub(crate) asked: Vec<Asked>,
    essence: String,
    pub(crate) vector: Option<Vec<f32>>,
}

/// A term that is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) key: String,
    /// As it stood in the question.
    pub(crate) surface: String,
    /// Whether it means something: finding it alone makes an answer.
    pub(crate) counts: bool,
}

impl Question {
    /// Analyses a question; a term asked for twice counts once.
    pub fn new(text: &str) -> Self {
        let mut seen = HashSet::new();
        let mut asked = Vec::new();
        for term in terms(text).into_iter().flat_map(with_characters) {
            if asked.len() < LONGEST && seen.insert(term.key.clone()) {
                let little = means_little(&term.surface.to_lowercase());
                asked.push(Asked { key: term.key, surface: term.surface, counts: !little });
            }
        }
        // A question of nothing but small words asks for those.
        if !asked.iter().any(|term| term.counts) {
            asked.iter_mut().for_each(|term| term.counts = true);
        }
        Self { asked, essence: essence(text), vector: None }
    }

    /// Makes a question of terms that are analysed already.
    pub fn of_terms(terms: Vec<String>) -> Self {
        let essence = terms.join(" ");
        let mut seen = HashSet::new();
        let asked = terms.into_iter().filter(|term| seen.insert(term.clone()));
        let asked = asked.map(|term| Asked { surface: term.clone(), key: term, counts: true }).collect();
        Self { asked, essence, vector: None }
    }

    /// Adds the vector that a model gave for the essence.
    #[must_use]
    pub fn with_vector(mut self, vector: Option<Vec<f32>>) -> Self {
        self.vector = vector;
        self
    }

    /// Returns what a sentence model should be given: the question without the words that only make it a question. A
    /// model sees in "what", "when" and "who" a likeness of all questions that no answer has.
    pub fn essence(&self) -> &str {
        &self.essence
    }
}

/// Returns a term and, behind two ideographs, each of them alone, as the texts are segmented.
fn with_characters(term: Term) -> Vec<Term> {
    let ideographs = term.key.chars().count() == 2 && term.key.chars().all(is_ideograph);
    let mut all = vec![term];
    if ideographs {
        let alone: Vec<Term> =
            all[0].key.chars().map(|one| Term::new(one.to_string(), one.to_string())).collect();
        all.extend(alone);
    }
    all
}

fn essence(text: &str) -> String {
    let is_word = |character: char| character.is_alphanumeric() || matches!(character, '\'' | '-' | '_');
    let words = text.split(|character| !is_word(character)).filter(|word| !word.is_empty());
    let kept: Vec<&str> = words.filter(|word| !means_little(&word.to_lowercase())).collect();
    if kept.is_empty() { text.trim().to_owned() } else { kept.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_words_weigh_less_unless_there_is_nothing_else() {
        let question = Question::new("What is the cache?");
        let counting: Vec<&str> =
            question.asked.iter().filter(|term| term.counts).map(|term| term.key.as_str()).collect();
        assert_eq!(counting, ["cach"]);
        assert!(Question::new("to be or not to be").asked.iter().all(|term| term.counts));
        assert!(Question::new("?!，。").asked.is_empty() && Question::new("").asked.is_empty());
    }

    #[test]
    fn the_essence_is_what_the_question_is_about() {
        assert_eq!(Question::new("When did we move to Redis 7.2?").essence(), "move Redis 7 2");
        assert_eq!(Question::new("who are you?").essence(), "who are you?");
        assert_eq!(Question::new("缓存用什么？").essence(), "缓存用什么");
    }

    #[test]
    fn ideographs_are_asked_for_together_and_alone() {
        let keys: Vec<String> = Question::new("登录").asked.into_iter().map(|term| term.key).collect();
        assert_eq!(keys, ["登录", "登", "录"]);
    }

    #[test]
    fn a_very_long_question_is_cut() {
        let text: String = (0..10_000).map(|number| format!("w{number} ")).collect();
        assert_eq!(Question::new(&text).asked.len(), LONGEST);
    }
}
