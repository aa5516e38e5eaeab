//! Files in which debt costs most: what is wrong in them, weighed by how often they change and by what hangs on them.

use std::collections::BTreeMap;

use mcpd_codegraph::git::History;

use super::{Standing, hours::rounded, measure::FileFigures, score::points};
use crate::code::NoHistory;

/// The formula, as it is told.
pub const FORMULA: &str = "debt_score = points * (1 + ln(1 + commits)) * (1 + ln(1 + fan_in) / 4 + ln(1 + complexity) / 4); \
    points: critical 4, high 2, medium 1, low 0.5, of an issue over several files to each its part; complexity is the \
    largest of the file's functions; commits 0 where there is no history; priority: critical from 40, high from 20, \
    medium from 8";

/// Issues of a file that are named.
const NAMED: usize = 3;

/// A file, and what is wrong with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// Its path.
    pub file: String,
    /// How much it costs, by the formula.
    pub debt_score: f64,
    /// How soon to look at it.
    pub priority: &'static str,
    /// Issues it is part of.
    pub issues: Vec<Standing>,
    /// Hours that putting them right is estimated to take.
    pub hours: f64,
    /// Commits that changed it; nothing where there is no history.
    pub commits: Option<u32>,
    /// Files that refer to it.
    pub fan_in: usize,
    /// The largest cyclomatic complexity of its functions.
    pub complexity: u32,
}

/// All of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Spots {
    /// The worst first.
    pub spots: Vec<Spot>,
    /// How often files changed, or why nobody knows.
    pub history: Result<HistoryFigures, NoHistory>,
}

/// How far a history went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryFigures {
    /// Commits that were looked at.
    pub commits: usize,
    /// Time of the oldest, UTC milliseconds.
    pub oldest: Option<i64>,
    /// What ended it.
    pub ended: &'static str,
}

impl Spots {
    /// Weighs files.
    pub(super) fn of(
        standing: &[Standing],
        files: &BTreeMap<String, FileFigures>,
        history: Result<History, NoHistory>,
    ) -> Self {
        let mut by_file: BTreeMap<&str, (f64, f64, Vec<Standing>)> = BTreeMap::new();
        for one in standing {
            let share = one.found.files.len().max(1) as f64;
            for file in &one.found.files {
                let (sum, hours, issues) = by_file.entry(file).or_default();
                *sum += points(one.found.severity) / share;
                *hours += one.found.hours / share;
                issues.push(one.clone());
            }
        }
        let spot = |(file, (sum, hours, mut issues)): (&str, (f64, f64, Vec<Standing>))| {
            let figures = files.get(file).copied().unwrap_or_default();
            let commits =
                history.as_ref().ok().map(|history| history.changes.get(file).copied().unwrap_or(0));
            let log = |number: f64| (1.0 + number).ln();
            let churn = 1.0 + log(commits.unwrap_or(0).into());
            let weight = 1.0 + log(figures.fan_in as f64) / 4.0 + log(figures.complexity.into()) / 4.0;
            let debt_score = rounded(sum * churn * weight, 100.0);
            issues.sort_by_key(|one| std::cmp::Reverse(one.found.severity_rank));
            Spot {
                file: file.to_owned(),
                debt_score,
                priority: priority(debt_score),
                issues,
                hours: rounded(hours, 100.0),
                commits,
                fan_in: figures.fan_in,
                complexity: figures.complexity,
            }
        };
        let mut spots: Vec<Spot> = by_file.into_iter().map(spot).collect();
        spots.sort_by(|one, other| {
            other.debt_score.total_cmp(&one.debt_score).then_with(|| one.file.cmp(&other.file))
        });
        let figures = |history: History| HistoryFigures {
            commits: history.commits,
            oldest: history.oldest.map(|seconds| seconds.saturating_mul(1000)),
            ended: history.ended.as_str(),
        };
        Self { spots, history: history.map(figures) }
    }
}

impl Spot {
    /// Returns the worst issues.
    pub fn main_issues(&self) -> &[Standing] {
        &self.issues[..self.issues.len().min(NAMED)]
    }
}

fn priority(score: f64) -> &'static str {
    match score {
        score if score >= 40.0 => "critical",
        score if score >= 20.0 => "high",
        score if score >= 8.0 => "medium",
        _ => "low",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use mcpd_codegraph::git::Ended;

    use super::*;
    use crate::store::FoundIssue;

    fn standing(path: &str, severity: &'static str, rank: i64) -> Standing {
        let found = FoundIssue {
            fingerprint: format!("{path}{severity}"),
            kind: "long_function",
            severity,
            severity_rank: rank,
            title: severity.into(),
            suggestion: "",
            entity: path.into(),
            path: path.into(),
            line: 1,
            files: path.split(' ').map(str::to_owned).collect(),
            measures: "{}".into(),
            confidence: 100,
            hours: 2.0,
        };
        Standing { id: None, found }
    }

    fn history(changes: &[(&str, u32)]) -> History {
        let changes: HashMap<String, u32> =
            changes.iter().map(|(path, count)| ((*path).to_owned(), *count)).collect();
        History { changes, commits: 9, oldest: Some(1), ended: Ended::Beginning }
    }

    #[test]
    fn a_file_that_changes_often_comes_before_one_that_rests() {
        let issues =
            [standing("a.py", "medium", 2), standing("b.py", "medium", 2), standing("b.py", "high", 3)];
        let files = BTreeMap::new();
        let still = Spots::of(&issues, &files, Ok(history(&[])));
        assert_eq!(
            still.spots.iter().map(|spot| (&*spot.file, spot.debt_score)).collect::<Vec<_>>(),
            [("b.py", 3.0), ("a.py", 1.0)]
        );
        assert_eq!(still.spots[0].main_issues()[0].found.severity, "high", "the worst is named first");
        let busy = Spots::of(&issues, &files, Ok(history(&[("a.py", 100)])));
        assert_eq!((&*busy.spots[0].file, busy.spots[0].commits), ("a.py", Some(100)));
        let heavy =
            BTreeMap::from([("a.py".to_owned(), FileFigures { fan_in: 5_000, complexity: 400, lines: 1 })]);
        assert_eq!(&*Spots::of(&issues, &heavy, Ok(history(&[]))).spots[0].file, "a.py", "much hangs on it");
    }

    #[test]
    fn without_a_history_debt_alone_counts_and_that_is_told() {
        let spots =
            Spots::of(&[standing("a.py b.py", "critical", 4)], &BTreeMap::new(), Err(NoHistory::Sent));
        assert_eq!(spots.history, Err(NoHistory::Sent));
        let told: Vec<_> =
            spots.spots.iter().map(|spot| (spot.debt_score, spot.hours, spot.commits)).collect();
        assert_eq!(told, [(2.0, 1.0, None), (2.0, 1.0, None)], "each has its part");
        assert_eq!([7.9, 8.0, 20.0, 40.0].map(priority), ["low", "medium", "high", "critical"]);
    }
}
