//! Scores from 0 to 10: each dimension by a formula that is told, from figures that are told, and unknown where there
//! are none. Densities are by 1,000 lines, so that a large project is not worse for being large.

use std::collections::BTreeMap;

use mcpd_codegraph::{Reach, Written};
use serde_json::{Value, json};

use super::{hours::rounded, manifests::Dependencies};
use crate::store::Scores;

/// A side of a project that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    /// By its issues.
    CodeQuality,
    /// By what tests reach.
    TestQuality,
    /// By what is written about it.
    Documentation,
    /// By what its manifests say.
    Dependencies,
    /// By what is marked as left to do.
    Todos,
}

impl Dimension {
    /// Every dimension, in the order people list them.
    pub const ALL: [Self; 5] =
        [Self::CodeQuality, Self::TestQuality, Self::Documentation, Self::Dependencies, Self::Todos];

    /// Returns the word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CodeQuality => "code_quality",
            Self::TestQuality => "test_quality",
            Self::Documentation => "documentation",
            Self::Dependencies => "dependencies",
            Self::Todos => "todos",
        }
    }

    /// Returns how much of the whole it is.
    pub fn weight(self) -> f64 {
        match self {
            Self::CodeQuality => 0.40,
            Self::TestQuality => 0.25,
            Self::Documentation => 0.15,
            Self::Dependencies | Self::Todos => 0.10,
        }
    }

    /// Returns how its score is made of its evidence.
    pub fn formula(self) -> &'static str {
        match self {
            Self::CodeQuality => {
                "10 / (1 + points per 1000 lines / 10); points: critical 4, high 2, medium 1, low 0.5; at least 1000 lines"
            }
            Self::TestQuality => "10 * (0.7 * reached / functions + 0.3 * min(1, test_lines / code_lines))",
            Self::Documentation => "10 * (0.9 * documented / public + 0.1 if there is a readme)",
            Self::Dependencies => "10 * (0.7 * (1 - unbounded / declared) + 0.3 * locked / lockable)",
            Self::Todos => "10 / (1 + markers per 1000 lines / 5); at least 1000 lines",
        }
    }
}

/// How the whole is made.
pub const OVERALL: &str = "mean of the scores that are known, weighted code_quality 0.4, test_quality 0.25, \
    documentation 0.15, dependencies 0.1, todos 0.1";

/// Points of an issue by its severity.
pub(super) fn points(severity: &str) -> f64 {
    match severity {
        "critical" => 4.0,
        "high" => 2.0,
        "medium" => 1.0,
        _ => 0.5,
    }
}

/// One dimension of a project.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// Which.
    pub dimension: Dimension,
    /// From 0 to 10; absent when it is not known.
    pub score: Option<f64>,
    /// What it follows from.
    pub evidence: BTreeMap<&'static str, Value>,
}

/// What scores are made of.
pub(super) struct Figures<'a> {
    /// Issues that are open, and their points together.
    pub(super) issues: usize,
    pub(super) points: f64,
    pub(super) reach: &'a Reach,
    pub(super) written: &'a Written,
    /// Nothing when nobody could look for one.
    pub(super) readme: Option<bool>,
    /// Nothing when nobody could look for manifests.
    pub(super) dependencies: Option<&'a Dependencies>,
    /// Todos of the project that are open.
    pub(super) open_todos: usize,
}

/// Judges every dimension.
pub(super) fn all(figures: &Figures<'_>) -> Vec<Scored> {
    Dimension::ALL.into_iter().map(|dimension| scored(dimension, figures)).collect()
}

/// Returns the scores as they are kept.
pub(super) fn scores(all: &[Scored]) -> Scores {
    let of =
        |dimension: Dimension| all.iter().find(|one| one.dimension == dimension).and_then(|one| one.score);
    Scores {
        overall: overall(all),
        code_quality: of(Dimension::CodeQuality),
        test_quality: of(Dimension::TestQuality),
        documentation: of(Dimension::Documentation),
        dependencies: of(Dimension::Dependencies),
        todos: of(Dimension::Todos),
    }
}

/// Returns the weighted mean of what is known.
fn overall(all: &[Scored]) -> Option<f64> {
    let known = || all.iter().filter_map(|one| Some((one.score?, one.dimension.weight())));
    let weights: f64 = known().map(|(_, weight)| weight).sum();
    (weights > 0.0)
        .then(|| rounded(known().map(|(score, weight)| score * weight).sum::<f64>() / weights, 100.0))
}

/// Returns how much debt an overall score means.
pub fn level(overall: Option<f64>) -> &'static str {
    match overall {
        None => "unknown",
        Some(score) if score >= 8.0 => "low",
        Some(score) if score >= 6.0 => "moderate",
        Some(score) if score >= 4.0 => "high",
        Some(_) => "critical",
    }
}

fn scored(dimension: Dimension, figures: &Figures<'_>) -> Scored {
    let (score, evidence) = match dimension {
        Dimension::CodeQuality => code_quality(figures),
        Dimension::TestQuality => test_quality(figures.reach),
        Dimension::Documentation => documentation(figures),
        Dimension::Dependencies => dependencies(figures.dependencies),
        Dimension::Todos => todos(figures),
    };
    Scored {
        dimension,
        score: score.map(|score| rounded(score, 100.0)),
        evidence: evidence.into_iter().collect(),
    }
}

type Found = (Option<f64>, Vec<(&'static str, Value)>);

/// Returns thousands of lines, one at least: an issue in a small file is no flood.
fn thousands(lines: u64) -> f64 {
    (lines as f64 / 1000.0).max(1.0)
}

fn code_quality(figures: &Figures<'_>) -> Found {
    let lines = figures.reach.code_lines;
    let density = figures.points / thousands(lines);
    let evidence = vec![
        ("open_issues", json!(figures.issues)),
        ("points", json!(rounded(figures.points, 100.0))),
        ("code_lines", json!(lines)),
        ("points_per_1000_lines", json!(rounded(density, 100.0))),
    ];
    ((lines > 0).then_some(10.0 / (1.0 + density / 10.0)), evidence)
}

fn test_quality(reach: &Reach) -> Found {
    let share = reach.reached as f64 / reach.functions.max(1) as f64;
    let lines = (reach.test_lines as f64 / reach.code_lines.max(1) as f64).min(1.0);
    let evidence = vec![
        ("functions", json!(reach.functions)),
        ("reached", json!(reach.reached)),
        ("test_files", json!(reach.test_files)),
        ("test_lines", json!(reach.test_lines)),
        ("code_lines", json!(reach.code_lines)),
        ("how", json!("followed over links from tests; nothing was run")),
    ];
    ((reach.functions > 0).then_some(10.0 * (0.7 * share + 0.3 * lines)), evidence)
}

fn documentation(figures: &Figures<'_>) -> Found {
    let Written { public, documented, .. } = figures.written;
    let share = *documented as f64 / (*public).max(1) as f64;
    let score = match figures.readme {
        Some(readme) => 0.9 * share + if readme { 0.1 } else { 0.0 },
        // What nobody could look for counts neither way.
        None => share,
    };
    let evidence =
        vec![("public", json!(public)), ("documented", json!(documented)), ("readme", json!(figures.readme))];
    ((*public > 0).then_some(10.0 * score), evidence)
}

fn dependencies(found: Option<&Dependencies>) -> Found {
    let Some(found) = found else {
        return (None, vec![("why_unknown", json!("the tree was sent by a client, without its manifests"))]);
    };
    if found.manifests.is_empty() {
        return (None, vec![("why_unknown", json!("there is no manifest that is understood"))]);
    }
    let unbounded = found.unbounded as f64 / found.declared.max(1) as f64;
    let locked = match found.lockable {
        0 => 1.0,
        lockable => found.locked as f64 / lockable as f64,
    };
    // What declares nothing has nothing to lock.
    let score = if found.declared == 0 { 1.0 } else { 0.7 * (1.0 - unbounded) + 0.3 * locked };
    let evidence = vec![
        ("manifests", json!(found.manifests.len())),
        ("declared", json!(found.declared)),
        ("unbounded", json!(found.unbounded)),
        ("unbounded_names", json!(found.names)),
        ("lockable", json!(found.lockable)),
        ("locked", json!(found.locked)),
        ("unreadable", json!(found.unreadable)),
    ];
    (Some(10.0 * score), evidence)
}

fn todos(figures: &Figures<'_>) -> Found {
    let lines = figures.reach.code_lines + figures.reach.test_lines;
    let sum: u64 = figures.written.markers.iter().map(|(_, count)| count).sum();
    let density = sum as f64 / thousands(lines);
    let mut evidence = vec![
        ("markers", json!(sum)),
        ("lines", json!(lines)),
        ("markers_per_1000_lines", json!(rounded(density, 100.0))),
        ("open_todos", json!(figures.open_todos)),
    ];
    evidence.extend(figures.written.markers.iter().map(|(mark, count)| (mark.as_str(), json!(count))));
    ((lines > 0).then_some(10.0 / (1.0 + density / 5.0)), evidence)
}

#[cfg(test)]
mod tests;
