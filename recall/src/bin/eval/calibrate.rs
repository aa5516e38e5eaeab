//! How likely a text of some rank is an answer: a logistic curve through what was judged, the sets counting alike.

use std::io::{Write as _, stdout};

use mcpd_recall::{Question, Tuning};

use crate::{
    DEEPEST,
    sets::{Indexed, Set},
};

/// Steps of the descent, and their size: the curve has two numbers, so any patient method finds it.
const STEPS: usize = 20_000;
const STEP: f64 = 0.5;

/// A judged hit: its rank, whether it answers, and its weight.
struct Judgement {
    rank: f64,
    answers: bool,
    weight: f64,
}

/// Prints the curve for words alone and, with a model, for both, and how true it is.
pub(crate) fn report(sets: &[(Set, Indexed)], with_model: bool) -> std::io::Result<()> {
    let mut out = stdout().lock();
    for hybrid in [false, true] {
        if hybrid && !with_model {
            continue;
        }
        let judged = judged(sets, hybrid);
        let (middle, slope) = fit(&judged);
        writeln!(out, "\n{}: 1 / (1 + exp({slope:.2} * ({middle:.3} - rank)))", name(hybrid))?;
        writeln!(out, "\n| score | hits | answers |\n|---|---|---|")?;
        for tenth in 0..10 {
            let lowest = f64::from(tenth) / 10.0;
            let within = |one: &&Judgement| {
                let score = chance(one.rank, middle, slope);
                score >= lowest && score < lowest + 0.1
            };
            let all: Vec<&Judgement> = judged.iter().filter(within).collect();
            let weight: f64 = all.iter().map(|one| one.weight).sum();
            let answers: f64 = all.iter().filter(|one| one.answers).map(|one| one.weight).sum();
            writeln!(
                out,
                "| {lowest:.1} | {} | {:.2} |",
                all.len(),
                answers / weight.max(f64::MIN_POSITIVE)
            )?;
        }
    }
    Ok(())
}

fn name(hybrid: bool) -> &'static str {
    if hybrid { "words and meaning" } else { "words" }
}

fn judged(sets: &[(Set, Indexed)], hybrid: bool) -> Vec<Judgement> {
    let mut judged = Vec::new();
    for (set, indexed) in sets {
        let weight = 1.0 / set.questions.len().max(1) as f64;
        for question in &set.questions {
            let vector = question.vectors.as_ref().filter(|_| hybrid).map(|(essence, _)| essence.clone());
            let asked = Question::new(&question.text).with_vector(vector);
            let found = indexed.index.search(&asked, DEEPEST, |_| true, &Tuning::default());
            judged.extend(found.hits.iter().map(|hit| Judgement {
                rank: f64::from(hit.rank),
                answers: question.relevant.contains(&(hit.place as usize)),
                weight,
            }));
        }
    }
    judged
}

/// Maximum likelihood by gradient descent; returns where the chance is even, and how steep it is there.
fn fit(judged: &[Judgement]) -> (f64, f64) {
    let (mut offset, mut slope) = (0.0, 1.0);
    let all: f64 = judged.iter().map(|one| one.weight).sum();
    for _ in 0..STEPS {
        let (mut by_offset, mut by_slope) = (0.0, 0.0);
        for one in judged {
            let error = 1.0 / (1.0 + (-(offset + slope * one.rank)).exp()) - f64::from(u8::from(one.answers));
            by_offset += one.weight * error;
            by_slope += one.weight * error * one.rank;
        }
        offset -= STEP * by_offset / all;
        slope -= STEP * by_slope / all;
    }
    (-offset / slope, slope)
}

fn chance(rank: f64, middle: f64, slope: f64) -> f64 {
    1.0 / (1.0 + ((middle - rank) * slope).exp())
}
