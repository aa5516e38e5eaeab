//! Ways of searching: what the daemon does, step by step, and what it was compared with.

use mcpd_recall::{Feedback, Found, Index, Question, Tuning, cosine};

use crate::{
    DEEPEST,
    sets::{Indexed, Judged, Set},
};

/// A way of searching: the best documents for each question of a set.
pub(crate) type Way = Box<dyn Fn(&Set, &Indexed) -> Vec<Vec<usize>>>;

/// The ways, the simplest first.
pub(crate) fn ways(with_model: bool) -> Vec<(&'static str, Way)> {
    let none = Feedback { texts: 0, terms: 0, weight: 0.0, vector: 0.0 };
    let chosen = Tuning::default();
    let bare = Tuning { k1: 1.5, b: 0.75, little: 1.0, lexical: none, hybrid: none, ..chosen };
    let lengths = Tuning { k1: chosen.k1, b: chosen.b, ..bare };
    let small = Tuning { little: chosen.little, ..lengths };
    let mut ways: Vec<(&str, Way)> = vec![
        ("plain BM25: words as they are, k1 1.5, b 0.75", Box::new(plain)),
        ("our terms, k1 1.5, b 0.75", search(bare, false)),
        ("... k1 0.9, b 0.25", search(lengths, false)),
        ("... small words weigh 0.2", search(small, false)),
        ("... feedback = lexical", search(chosen, false)),
    ];
    if with_model {
        let raw = |set: &Set, indexed: &Indexed| nearest(set, indexed, |question| &question.1);
        let essence = |set: &Set, indexed: &Indexed| nearest(set, indexed, |question| &question.0);
        ways.push(("model alone, whole question", Box::new(raw)));
        ways.push(("model alone, essence", Box::new(essence)));
        ways.push(("model alone, essence, seen from the mean", Box::new(seen_from_the_mean)));
        ways.push((
            "reciprocal ranks of lexical and model",
            Box::new(move |set, indexed| reciprocal(set, indexed, chosen)),
        ));
        ways.push(("lexical share + 0.5 cosine, no feedback", search(small, true)));
        for (name, cosine) in [("... + 0.3 cosine, feedback", 0.3), ("... + 1.0 cosine, feedback", 1.0)] {
            ways.push((name, search(Tuning { cosine, ..chosen }, true)));
        }
        ways.push(("... + 0.5 cosine, feedback = hybrid", search(chosen, true)));
    }
    ways
}

fn search(tuning: Tuning, with_model: bool) -> Way {
    Box::new(move |set, indexed| {
        let each = set.questions.iter().map(|question| {
            let vector = question.vectors.as_ref().filter(|_| with_model).map(|(essence, _)| essence.clone());
            let question = Question::new(&question.text).with_vector(vector);
            places(&indexed.index.search(&question, DEEPEST, |_| true, &tuning))
        });
        each.collect()
    })
}

/// What others measure against: lower-cased words, nothing else.
fn plain(set: &Set, _: &Indexed) -> Vec<Vec<usize>> {
    let words = |text: &str| -> Vec<String> {
        text.to_lowercase()
            .split(|character: char| !character.is_alphanumeric() && character != '_')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let mut index = Index::new(None);
    for text in &set.documents {
        index.insert(&words(text).join(" "));
    }
    let none = Feedback { texts: 0, terms: 0, weight: 0.0, vector: 0.0 };
    let tuning = Tuning { k1: 1.5, b: 0.75, little: 1.0, lexical: none, hybrid: none, cosine: 0.0 };
    let answer = |question: &Judged| {
        let question = Question::of_terms(words(&question.text));
        index
            .search(&question, DEEPEST, |_| true, &tuning)
            .hits
            .iter()
            .map(|hit| hit.place as usize)
            .collect()
    };
    set.questions.iter().map(answer).collect()
}

fn nearest(set: &Set, indexed: &Indexed, of: impl Fn(&(Vec<f32>, Vec<f32>)) -> &Vec<f32>) -> Vec<Vec<usize>> {
    let answer = |question: &Judged| {
        let Some(vectors) = &question.vectors else { return Vec::new() };
        let mut places: Vec<(f32, usize)> = indexed
            .vectors
            .iter()
            .enumerate()
            .map(|(place, vector)| (cosine(of(vectors), vector), place))
            .collect();
        places.sort_by(|left, right| right.0.total_cmp(&left.0));
        places.into_iter().take(DEEPEST).map(|(_, place)| place).collect()
    };
    set.questions.iter().map(answer).collect()
}

fn seen_from_the_mean(set: &Set, indexed: &Indexed) -> Vec<Vec<usize>> {
    let answer = |question: &Judged| {
        let vector = question.vectors.as_ref().map(|(essence, _)| essence.clone());
        let nothing = Question::of_terms(Vec::new()).with_vector(vector);
        let none = Feedback { texts: 0, terms: 0, weight: 0.0, vector: 0.0 };
        let tuning = Tuning { hybrid: none, ..Tuning::default() };
        places(&indexed.index.search(&nothing, DEEPEST, |_| true, &tuning))
    };
    set.questions.iter().map(answer).collect()
}

fn places(found: &Found) -> Vec<usize> {
    found.hits.iter().map(|hit| hit.place as usize).collect()
}

/// Both rankings count alike, by 1 / (60 + rank) (Cormack et al. 2009).
fn reciprocal(set: &Set, indexed: &Indexed, tuning: Tuning) -> Vec<Vec<usize>> {
    let all = set.documents.len();
    let lexical = |question: &Judged| -> Vec<usize> {
        places(&indexed.index.search(&Question::new(&question.text), all, |_| true, &tuning))
    };
    let by_model = |question: &Judged| -> Vec<usize> {
        let Some((essence, _)) = &question.vectors else { return Vec::new() };
        let mut places: Vec<usize> = (0..all).collect();
        let near = |place: &usize| cosine(essence, &indexed.vectors[*place]);
        places.sort_by(|left, right| near(right).total_cmp(&near(left)));
        places
    };
    let answer = |question: &Judged| {
        let mut scores = vec![0.0; all];
        for ranking in [lexical(question), by_model(question)] {
            for (rank, place) in ranking.into_iter().enumerate() {
                scores[place] += 1.0 / (60.0 + rank as f64);
            }
        }
        let mut places: Vec<usize> = (0..all).collect();
        places.sort_by(|left, right| scores[*right].total_cmp(&scores[*left]));
        places.truncate(DEEPEST);
        places
    };
    set.questions.iter().map(answer).collect()
}
