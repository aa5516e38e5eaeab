//! Answering a question: BM25 over the terms, cosines of a sentence model where there are any, and a second look with
//! what the best texts of the first have in common (relevance feedback as in RM3, Abdul-Jaleel et al. 2004, and
//! Rocchio 1971 for the vectors). The constants come from the ablation in EVAL.md.

use std::collections::HashMap;

use crate::{
    index::{Index, TermList},
    postings::Postings,
    question::{Asked, Question},
    segment::is_ideograph,
    vectors::cosine,
    words::key_means_little,
};

/// What all added terms together may weigh, of the question.
const ADDED: f32 = 0.5;

/// How much more like the question than the mean of all texts one must be to be found by that alone.
const NEAR: f32 = 0.1;

/// How the parts of the search are weighed. The default is what the daemon uses; the evaluation tries others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tuning {
    /// Saturation of term frequency in BM25.
    pub k1: f32,
    /// Weight of text length in BM25.
    pub b: f32,
    /// Weight of a word of the question that means little, against one that means something.
    pub little: f32,
    /// Weight of the cosine beside the lexical share.
    pub cosine: f32,
    /// Feedback where only terms decide.
    pub lexical: Feedback,
    /// Feedback where a model has looked at the texts too.
    pub hybrid: Feedback,
}

/// What the best texts of a first search add to the question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feedback {
    /// Best texts looked at; 0 for no second search.
    pub texts: usize,
    /// Terms taken from them.
    pub terms: usize,
    /// Weight of the strongest of those, against a term of the question.
    pub weight: f32,
    /// Weight of their mean vector against that of the question.
    pub vector: f32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            k1: 0.9,
            b: 0.25,
            little: 0.2,
            cosine: 0.5,
            lexical: Feedback { texts: 8, terms: 10, weight: 0.2, vector: 0.0 },
            hybrid: Feedback { texts: 5, terms: 10, weight: 0.3, vector: 0.3 },
        }
    }
}

/// A text that answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its place in the index.
    pub place: u32,
    /// What it is ranked by: the lexical share and the weighed cosine.
    pub rank: f32,
    /// Share reached of what a text repeating every word of the question for ever would score.
    pub lexical: f32,
    /// How much more like the question it is than the mean of all texts, as a model sees it, in cosines; absent without
    /// a vector.
    pub cosine: Option<f32>,
    /// Words of the question that occur, in the question's order.
    pub matched: Vec<String>,
    /// Terms that occur and that the best texts added to the question, the strongest first.
    pub related: Vec<String>,
}

/// What a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Best first; equal ones in the order of their places.
    pub hits: Vec<Hit>,
    /// What the vectors were compared with: a caller that keeps them exactly compares the best few again.
    pub direction: Option<Direction>,
    /// Weight of a cosine in a hit's rank.
    pub weight: f32,
}

/// Returns the chance that a text of this rank answers the question, 0..1, for ranks with or without cosines: a
/// logistic curve fitted to the judged sets of EVAL.md. It keeps the order of the ranks.
pub fn score(rank: f32, hybrid: bool) -> f32 {
    let (middle, slope) = if hybrid { (0.685, 8.05) } else { (0.504, 10.08) };
    1.0 / (1.0 + ((middle - rank) * slope).exp())
}

/// Where a question points among vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Direction {
    towards: Vec<f32>,
    /// Cosine of the mean of all vectors.
    mean: f32,
}

impl Direction {
    /// Returns how much more like the question a vector is than the mean of all texts.
    pub fn likeness(&self, vector: &[f32]) -> f32 {
        cosine(&self.towards, vector) - self.mean
    }
}

impl Index {
    /// Returns the best `count` texts for a question among those `wanted`. A text without any word of the question is found only by its vector.
    pub fn search(
        &self,
        question: &Question,
        count: usize,
        wanted: impl Fn(u32) -> bool,
        tuning: &Tuning,
    ) -> Found {
        Search { index: self, question, tuning }.run(count, wanted)
    }
}

struct Search<'a> {
    index: &'a Index,
    question: &'a Question,
    tuning: &'a Tuning,
}

/// A term that the best texts added.
struct Added<'a> {
    key: &'a str,
    postings: &'a Postings,
    weight: f32,
}

impl Search<'_> {
    fn run(&self, count: usize, wanted: impl Fn(u32) -> bool) -> Found {
        let texts = self.index.texts.len();
        let mut lexical = vec![0.0; texts];
        // Whether a word of the question that makes an answer stands there.
        let mut answers = vec![false; texts];
        for term in &self.question.asked {
            if let Some(list) = self.index.list(&term.key) {
                self.score(
                    &list.postings,
                    self.weight(term),
                    &mut lexical,
                    term.counts.then_some(&mut answers),
                );
            }
        }
        let best = self.best();
        lexical.iter_mut().for_each(|score| *score /= best);
        let mut direction = self.question.vector.as_deref().and_then(|vector| self.direction(vector));
        let mut cosines = self.cosines(direction.as_ref());
        let ranks = self.ranks(&lexical, cosines.as_deref());
        let alive =
            |place: &u32| self.index.texts[*place as usize].length > 0 && ranks[*place as usize] > 0.0;
        let places = || (0..texts as u32).filter(alive);
        let feedback = if direction.is_some() { self.tuning.hybrid } else { self.tuning.lexical };
        let top = best_of(
            places().filter(|place| answers[*place as usize] || cosines.is_some()),
            &ranks,
            feedback.texts,
        );
        let added = self.added(&top, &ranks, feedback);
        for term in &added {
            self.score(term.postings, term.weight / best, &mut lexical, None);
        }
        if let Some(direction) = direction.as_mut().filter(|_| feedback.vector > 0.0 && !top.is_empty()) {
            self.turn(direction, &top, &ranks, feedback.vector);
            cosines = self.cosines(Some(&*direction));
        }
        let ranks = self.ranks(&lexical, cosines.as_deref());
        let found = (0..texts as u32).filter(|place| {
            let at = *place as usize;
            let near = cosines.as_ref().is_some_and(|cosines| cosines[at] > NEAR);
            self.index.texts[at].length > 0 && (answers[at] || near) && wanted(*place)
        });
        let places = best_of(found, &ranks, count);
        let hit = |place: u32| {
            let at = place as usize;
            let has_vector = self.index.vectors.as_ref().is_some_and(|vectors| vectors.holds(place));
            Hit {
                place,
                rank: ranks[at],
                lexical: lexical[at],
                cosine: cosines.as_ref().filter(|_| has_vector).map(|cosines| cosines[at]),
                matched: self.matched(place),
                related: self.related(place, &added),
            }
        };
        Found { hits: places.into_iter().map(hit).collect(), direction, weight: self.tuning.cosine }
    }

    /// Adds the scores of one term, and notes where it stands.
    fn score(
        &self,
        postings: &Postings,
        weight: f32,
        scores: &mut [f32],
        mut answers: Option<&mut Vec<bool>>,
    ) {
        let Tuning { k1, b, .. } = *self.tuning;
        let weight = weight * self.index.idf(postings.living) * (k1 + 1.0);
        let (base, slope) = (k1 * (1.0 - b), k1 * b / self.index.mean_length());
        for (place, times) in postings.iter() {
            let at = place as usize;
            let times = times as f32;
            scores[at] += weight * times / (times + base + slope * self.index.texts[at].length as f32);
            if let Some(answers) = &mut answers {
                answers[at] = true;
            }
        }
    }

    fn weight(&self, term: &Asked) -> f32 {
        if term.counts { 1.0 } else { self.tuning.little }
    }

    /// What a share is a share of: the score of a text that repeats every word of the question for ever, and no less
    /// than that of a word which tells a little. A question of words that nearly all texts hold has no good answer.
    fn best(&self) -> f32 {
        self.most().max(self.tuning.k1 + 1.0)
    }

    fn most(&self) -> f32 {
        let holding = |term: &Asked| self.index.list(&term.key).map_or(0, |list| list.postings.living);
        let each = self.question.asked.iter().map(|term| self.weight(term) * self.index.idf(holding(term)));
        each.sum::<f32>() * (self.tuning.k1 + 1.0)
    }

    /// Where the question points, seen from the middle of the texts: what all texts share says nothing.
    fn direction(&self, vector: &[f32]) -> Option<Direction> {
        let vectors = self.index.vectors.as_ref()?;
        if vector.len() != vectors.dimensions() || vectors.is_empty() {
            return None;
        }
        let mean = self.index.mean_vector();
        let towards = unit(vector.iter().zip(&mean).map(|(value, mean)| value - mean).collect())?;
        Some(Direction { mean: product(&towards, &mean), towards })
    }

    /// Turns the direction towards the best texts.
    fn turn(&self, direction: &mut Direction, top: &[u32], ranks: &[f32], weight: f32) {
        let Some(vectors) = &self.index.vectors else { return };
        let sum: f32 = top.iter().map(|place| ranks[*place as usize]).sum();
        for place in top {
            let share = weight * ranks[*place as usize] / sum;
            for (value, other) in direction.towards.iter_mut().zip(vectors.get(*place).unwrap_or_default()) {
                *value += share * other;
            }
        }
        if let Some(turned) = unit(direction.towards.clone()) {
            *direction = Direction { mean: product(&turned, &self.index.mean_vector()), towards: turned };
        }
    }

    /// How much more like the question each text is than the mean; one without a vector is as the mean.
    fn cosines(&self, direction: Option<&Direction>) -> Option<Vec<f32>> {
        let Direction { towards, mean } = direction?;
        let mut cosines = vec![0.0; self.index.texts.len()];
        let vectors = self.index.vectors.as_ref()?;
        vectors.cosines(towards, |place, cosine| cosines[place as usize] = cosine - mean);
        Some(cosines)
    }

    fn ranks(&self, lexical: &[f32], cosines: Option<&[f32]>) -> Vec<f32> {
        match cosines {
            Some(cosines) => {
                let weighed = |(share, cosine): (&f32, &f32)| share + self.tuning.cosine * cosine;
                lexical.iter().zip(cosines).map(weighed).collect()
            }
            None => lexical.to_vec(),
        }
    }

    /// The terms that tell the best texts from the others, with their weights.
    fn added(&self, top: &[u32], ranks: &[f32], feedback: Feedback) -> Vec<Added<'_>> {
        let sum: f32 = top.iter().map(|place| ranks[*place as usize]).sum();
        let mut strengths: HashMap<u32, f32> = HashMap::new();
        for place in top {
            let text = &self.index.texts[*place as usize];
            let share = ranks[*place as usize] / sum / text.length as f32;
            for (number, times) in text.terms() {
                *strengths.entry(number).or_default() += share * times.min(2) as f32;
            }
        }
        let mut strong: Vec<(f32, u32)> = strengths
            .into_iter()
            .filter(|(number, _)| self.may_add(&self.index.terms[*number as usize]))
            .map(|(number, strength)| {
                (strength * self.index.idf(self.index.terms[number as usize].postings.living), number)
            })
            .collect();
        strong.sort_unstable_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1)));
        strong.truncate(feedback.terms);
        let most = strong.first().map_or(1.0, |(strength, _)| strength.max(f32::MIN_POSITIVE));
        let idf = |number: u32| self.index.idf(self.index.terms[number as usize].postings.living);
        let all: f32 = strong.iter().map(|(strength, number)| strength / most * idf(*number)).sum();
        // All of them together weigh less than the question: else they would outvote one of common words.
        let bound = self.most() / (self.tuning.k1 + 1.0) * ADDED / all.max(f32::MIN_POSITIVE);
        let weight = feedback.weight.min(bound) / most;
        let added = |(strength, number): (f32, u32)| {
            let list = &self.index.terms[number as usize];
            Added { key: &list.key, postings: &list.postings, weight: weight * strength }
        };
        strong.into_iter().map(added).collect()
    }

    /// What only one text holds would find nothing but that text.
    fn may_add(&self, list: &TermList) -> bool {
        let key = &*list.key;
        let alone = key.chars().nth(1).is_none() && key.chars().all(is_ideograph);
        list.postings.living > 1
            && !alone
            && !key_means_little(key)
            && self.question.asked.iter().all(|term| term.key != key)
    }

    /// The words of the question that stand in a text; an ideograph alone is not named beside a word it is part of.
    fn matched(&self, place: u32) -> Vec<String> {
        let holds = self.holding(place);
        let mut matched: Vec<String> = Vec::new();
        for term in self.question.asked.iter().filter(|term| holds(&term.key)) {
            let part = term.surface.chars().all(is_ideograph);
            if !part || !matched.iter().any(|other| other.contains(&term.surface)) {
                matched.push(term.surface.clone());
            }
        }
        matched
    }

    fn related(&self, place: u32, added: &[Added<'_>]) -> Vec<String> {
        let holds = self.holding(place);
        added.iter().filter(|term| holds(term.key)).map(|term| term.key.to_owned()).collect()
    }

    /// Answers which terms stand in a text.
    fn holding(&self, place: u32) -> impl Fn(&str) -> bool {
        let numbers: Vec<u32> = self.index.texts[place as usize].terms().map(|(number, _)| number).collect();
        move |key| self.index.number_of(key).is_some_and(|number| numbers.binary_search(&number).is_ok())
    }
}

/// The best `count` places, best first, equals by place.
fn best_of(places: impl Iterator<Item = u32>, ranks: &[f32], count: usize) -> Vec<u32> {
    let order = |left: &u32, right: &u32| {
        ranks[*right as usize].total_cmp(&ranks[*left as usize]).then(left.cmp(right))
    };
    let mut places: Vec<u32> = places.collect();
    if count == 0 {
        return Vec::new();
    }
    if places.len() > count {
        places.select_nth_unstable_by(count - 1, order);
        places.truncate(count);
    }
    places.sort_unstable_by(order);
    places
}

fn product(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let norm = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|value| *value /= norm);
    norm.is_normal().then_some(vector)
}

#[cfg(test)]
mod tests;
