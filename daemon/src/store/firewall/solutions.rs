//! Solutions of errors: how far each is trusted, which comes first, and what a record changes in them.

use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::{MOST_SOLUTIONS, NewError, SolutionFate};
use crate::store::{StoreError, new_id, now};

/// How many outcomes the stated trust counts for.
const PRIOR: f64 = 2.0;

/// Whether a solution helped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It did.
    Solved,
    /// It did not.
    NotSolved,
}

/// A solution as kept.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Solution {
    /// Its id.
    pub id: String,
    /// What to do.
    pub solution: String,
    /// The trust that was stated, 0..1.
    pub stated: f64,
    /// Whether it can be applied without a person.
    pub auto_fix: bool,
    /// Times it helped.
    pub solved: i64,
    /// Times it did not.
    pub not_solved: i64,
    /// Who gave it.
    pub author: String,
    /// When it was given first.
    pub created_at: i64,
}

impl Solution {
    /// Returns the trust in it, 0..1: the mean of a Beta distribution, whose prior is the stated trust with the weight
    /// of two outcomes and whose evidence are the outcomes told since.
    pub fn confidence(&self) -> f64 {
        let (solved, not_solved) = (self.solved as f64, self.not_solved as f64);
        (PRIOR * self.stated + solved) / (PRIOR + solved + not_solved)
    }

    /// Returns how that trust is reckoned, with its figures.
    pub fn basis(&self) -> String {
        format!(
            "(2 x {:.2} stated + {solved} solved) / (2 + {solved} solved + {} not solved)",
            self.stated,
            self.not_solved,
            solved = self.solved
        )
    }

    /// Answers whether it is trusted more than another: as much is not more, unless the other failed more often.
    fn is_better_than(&self, other: &Self) -> bool {
        let (mine, its) = (self.confidence(), other.confidence());
        mine > its || mine == its && self.not_solved < other.not_solved
    }
}

/// What a record did to the solutions of an error.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settled {
    pub(super) current: Option<Solution>,
    pub(super) fate: SolutionFate,
    /// The solution an outcome was counted for.
    pub(super) outcome_of: Option<String>,
    /// A solution that was let go because there were too many.
    pub(super) dropped: Option<String>,
}

/// Returns the solutions of an error, the one given first and then the oldest first.
pub(super) async fn of(
    connection: &mut SqliteConnection,
    error: &str,
    first: Option<&str>,
) -> Result<Vec<Solution>, StoreError> {
    Ok(sqlx::query_as(
        "SELECT id, solution, stated, auto_fix, solved, not_solved, author, created_at FROM firewall_solutions \
         WHERE error = ? ORDER BY CASE WHEN id = ? THEN 0 ELSE 1 END, created_at, id",
    )
    .bind(error)
    .bind(first.unwrap_or_default())
    .fetch_all(connection)
    .await?)
}

/// Puts what a record says of solutions upon those that are known, and returns which is trusted most now.
pub(super) async fn settle(
    connection: &mut SqliteConnection,
    (error, current): (&str, Option<&str>),
    new: &NewError,
) -> Result<Settled, StoreError> {
    let mut known = of(connection, error, current).await?;
    let given = new.solution.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let before = known.first().map(|solution| solution.id.clone());
    let place = given.and_then(|text| known.iter().position(|one| same(&one.solution, text)));
    let (target, is_new) = match (given, place) {
        (Some(_), Some(place)) => (Some(place), false),
        (Some(text), None) => {
            known.push(fresh(new, text));
            (Some(known.len() - 1), true)
        }
        (None, _) => ((!known.is_empty()).then_some(0), false),
    };
    let Some(target) = target else {
        return match needs_solution(new) {
            Some(what) => Err(StoreError::NoSolution(what)),
            None => {
                Ok(Settled { current: None, fate: SolutionFate::NotGiven, outcome_of: None, dropped: None })
            }
        };
    };
    if let (false, Some(stated)) = (is_new, new.stated) {
        known[target].stated = stated;
    }
    if let Some(auto_fix) = new.auto_fix {
        known[target].auto_fix = auto_fix;
    }
    let outcome_of = match new.outcome {
        Some(outcome) => {
            let tried =
                tried(outcome, target, is_new, known.len()).ok_or(StoreError::NoSolution("outcome"))?;
            match outcome {
                Outcome::Solved => known[tried].solved += 1,
                Outcome::NotSolved => known[tried].not_solved += 1,
            }
            Some(known[tried].id.clone())
        }
        None => None,
    };
    let best = best(&known);
    let dropped = (known.len() > MOST_SOLUTIONS).then(|| least(&known, best, is_new.then_some(target)));
    for (index, one) in known.iter().enumerate().filter(|(index, _)| Some(*index) != dropped) {
        if is_new && index == target {
            insert(connection, error, new, one).await?;
        } else {
            update(connection, one).await?;
        }
    }
    if let Some(dropped) = dropped {
        sqlx::query("DELETE FROM firewall_solutions WHERE id = ?")
            .bind(&known[dropped].id)
            .execute(connection)
            .await?;
    }
    let risen = before.as_deref().is_some_and(|before| before != known[best].id);
    let fate = match (given.is_some(), is_new, best == target) {
        (false, _, _) if risen => SolutionFate::AlternativeRose,
        (false, _, _) => SolutionFate::NotGiven,
        (true, true, true) if before.is_none() => SolutionFate::First,
        (true, _, true) if risen => SolutionFate::Better,
        (true, false, true) => SolutionFate::Same,
        (true, _, _) => SolutionFate::Alternative,
    };
    let dropped = dropped.map(|dropped| known[dropped].solution.clone());
    Ok(Settled { current: Some(known.swap_remove(best)), fate, outcome_of, dropped })
}

/// Returns what was said that only a solution can take.
fn needs_solution(new: &NewError) -> Option<&'static str> {
    match (new.outcome, new.auto_fix, new.stated) {
        (Some(_), _, _) => Some("outcome"),
        (None, Some(true), _) => Some("auto_fix"),
        (None, _, Some(stated)) if stated > 0.0 => Some("solution_confidence"),
        (None, _, _) => None,
    }
}

/// Returns the solution an outcome is about. What a record brings and did not solve it is the one known before: nobody
/// records a solution that is known to fail.
fn tried(outcome: Outcome, target: usize, is_new: bool, count: usize) -> Option<usize> {
    match outcome {
        Outcome::NotSolved if is_new => (count > 1).then_some(0),
        Outcome::Solved | Outcome::NotSolved => Some(target),
    }
}

/// Returns the solution trusted most; the first of equals, so that the present one stays.
fn best(known: &[Solution]) -> usize {
    (1..known.len())
        .fold(0, |best, other| if known[other].is_better_than(&known[best]) { other } else { best })
}

/// Returns the alternative trusted least, the oldest of equals; never the best one, nor what was just given.
fn least(known: &[Solution], best: usize, given: Option<usize>) -> usize {
    let others = (0..known.len()).filter(|index| *index != best && Some(*index) != given);
    others
        .reduce(|least, other| if known[least].is_better_than(&known[other]) { other } else { least })
        .unwrap_or(best)
}

/// Texts that differ in white space alone are one solution.
fn same(left: &str, right: &str) -> bool {
    left.split_whitespace().eq(right.split_whitespace())
}

fn fresh(new: &NewError, text: &str) -> Solution {
    Solution {
        id: new_id(),
        solution: text.to_owned(),
        stated: new.stated.unwrap_or(0.0),
        auto_fix: new.auto_fix.unwrap_or(false),
        solved: 0,
        not_solved: 0,
        author: new.owner.author.clone(),
        created_at: now(),
    }
}

async fn insert(
    connection: &mut SqliteConnection,
    error: &str,
    new: &NewError,
    one: &Solution,
) -> Result<(), StoreError> {
    let words: Vec<&str> = one.solution.split_whitespace().collect();
    let digest = Sha256::digest(words.join(" "));
    sqlx::query(
        "INSERT INTO firewall_solutions (id, tenant, error, digest, solution, stated, auto_fix, solved, not_solved, \
                                         author, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&one.id)
    .bind(&new.owner.tenant)
    .bind(error)
    .bind(digest.to_vec())
    .bind(&one.solution)
    .bind(one.stated)
    .bind(one.auto_fix)
    .bind(one.solved)
    .bind(one.not_solved)
    .bind(&one.author)
    .bind(one.created_at)
    .execute(connection)
    .await?;
    Ok(())
}

async fn update(connection: &mut SqliteConnection, one: &Solution) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE firewall_solutions SET stated = ?, auto_fix = ?, solved = ?, not_solved = ? WHERE id = ?",
    )
    .bind(one.stated)
    .bind(one.auto_fix)
    .bind(one.solved)
    .bind(one.not_solved)
    .bind(&one.id)
    .execute(connection)
    .await?;
    Ok(())
}
