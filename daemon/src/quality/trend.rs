//! How scores go: a straight line through the snapshots of a time, by least squares.

use super::hours::rounded;
use crate::store::{QualitySnapshot, Scores};

/// Change over the whole time within which a score is called stable.
const STABLE: f64 = 0.1;
/// Milliseconds of the time by which slopes are told.
const MONTH: f64 = 30.0 * 24.0 * 60.0 * 60.0 * 1000.0;
/// Least milliseconds between the first and the last snapshot of a slope: what changed within minutes, told by the
/// month, is a number without a meaning.
const APART: f64 = 60.0 * 60.0 * 1000.0;

/// Which way something goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Upwards.
    Improving,
    /// Neither way.
    Stable,
    /// Downwards.
    Worsening,
    /// There are too few snapshots.
    InsufficientData,
}

impl Direction {
    /// Returns the word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Improving => "improving",
            Self::Stable => "stable",
            Self::Worsening => "worsening",
            Self::InsufficientData => "insufficient_data",
        }
    }

    fn of(line: Option<&Line>) -> Self {
        match line.map(|line| line.slope * line.length) {
            None => Self::InsufficientData,
            Some(change) if change > STABLE => Self::Improving,
            Some(change) if change < -STABLE => Self::Worsening,
            Some(_) => Self::Stable,
        }
    }
}

/// A straight line through scores, by milliseconds.
struct Line {
    slope: f64,
    length: f64,
}

/// How the snapshots of a time go.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// Which way the whole goes.
    pub direction: Direction,
    /// Change of each score in 30 days.
    pub slopes: Scores,
}

impl Trend {
    /// Lays a line through each score.
    pub(super) fn of(snapshots: &[QualitySnapshot]) -> Self {
        let line = |score: fn(&Scores) -> Option<f64>| {
            let points = snapshots.iter().filter_map(|one| Some((one.taken_at, score(&one.scores)?)));
            Line::through(&points.collect::<Vec<(i64, f64)>>())
        };
        let slope = |score: fn(&Scores) -> Option<f64>| line(score).and_then(|line| line.by_month());
        let slopes = Scores {
            overall: slope(|scores| scores.overall),
            code_quality: slope(|scores| scores.code_quality),
            test_quality: slope(|scores| scores.test_quality),
            documentation: slope(|scores| scores.documentation),
            dependencies: slope(|scores| scores.dependencies),
            todos: slope(|scores| scores.todos),
        };
        Self { direction: Direction::of(line(|scores| scores.overall).as_ref()), slopes }
    }
}

impl Line {
    /// Returns the line with the least squares (Legendre, 1805), where there are points enough.
    fn through(points: &[(i64, f64)]) -> Option<Self> {
        let (first, last) = (points.first()?.0, points.last()?.0);
        let count = points.len() as f64;
        let at = |time: i64| (time - first) as f64;
        let mean_time = points.iter().map(|(time, _)| at(*time)).sum::<f64>() / count;
        let mean_score = points.iter().map(|(_, score)| score).sum::<f64>() / count;
        let (mut both, mut square) = (0.0, 0.0);
        for (time, score) in points {
            both += (at(*time) - mean_time) * (score - mean_score);
            square += (at(*time) - mean_time).powi(2);
        }
        // One point, or several of one moment, make no line.
        (square > 0.0).then(|| Self { slope: both / square, length: at(last) })
    }

    /// Returns its slope by 30 days, unless it is too short for that.
    fn by_month(&self) -> Option<f64> {
        (self.length >= APART).then(|| rounded(self.slope * MONTH, 1000.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1000;

    fn snapshot(day: i64, overall: Option<f64>) -> QualitySnapshot {
        QualitySnapshot {
            id: day.to_string(),
            taken_at: day * DAY,
            commit: None,
            scores: Scores { overall, todos: Some(3.0), ..Scores::default() },
            issues: 0,
            hours: 0.0,
        }
    }

    #[test]
    fn a_line_goes_through_all_and_not_from_the_first_to_the_last() {
        let scores = [5.0, 6.0, 7.0, 8.0, 5.0];
        let snapshots: Vec<_> =
            scores.iter().enumerate().map(|(day, score)| snapshot(day as i64, Some(*score))).collect();
        let trend = Trend::of(&snapshots);
        // By hand: days 0..4, mean 2 and 6.2; both 2, square 10; 0.2 a day.
        assert_eq!(trend.slopes.overall, Some(6.0));
        assert_eq!((trend.direction, trend.slopes.todos), (Direction::Improving, Some(0.0)));
        assert_eq!(trend.slopes.dependencies, None);
        let falling: Vec<_> = (0..4).map(|day| snapshot(day, Some(9.0 - day as f64))).collect();
        assert_eq!(Trend::of(&falling).direction, Direction::Worsening);
        let flat: Vec<_> = (0..4).map(|day| snapshot(day, Some(9.0))).collect();
        assert_eq!(Trend::of(&flat).direction, Direction::Stable);
    }

    #[test]
    fn too_little_makes_no_line() {
        for few in [vec![], vec![snapshot(1, Some(5.0))], vec![snapshot(1, Some(5.0)), snapshot(2, None)]] {
            assert_eq!(Trend::of(&few).direction, Direction::InsufficientData);
        }
        let at_once = [snapshot(1, Some(5.0)), snapshot(1, Some(9.0))];
        assert_eq!(Trend::of(&at_once).direction, Direction::InsufficientData);
        let soon =
            [snapshot(1, Some(5.0)), QualitySnapshot { taken_at: DAY + 1000, ..snapshot(1, Some(9.0)) }];
        let trend = Trend::of(&soon);
        assert_eq!(
            (trend.direction, trend.slopes.overall),
            (Direction::Improving, None),
            "a second is no month"
        );
    }
}
