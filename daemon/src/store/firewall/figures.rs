//! Figures about known errors and checks, all of them or those of a window of days.

use super::{
    FirewallRepository, SHARED, Solution,
    days::{day_of, scopes},
};
use crate::store::{StoreError, now};

/// Types told.
const TYPES: i64 = 20;

/// From when on things are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first UTC day, numbered from 1970; 0 for all.
    first_day: i64,
}

impl Window {
    /// Returns the window of the last so many UTC days, today among them; absent means all that is known.
    pub fn of_days(days: Option<u16>) -> Self {
        let first_day = days.map_or(0, |days| day_of(now()) - i64::from(days.saturating_sub(1)));
        Self { first_day }
    }

    /// Returns when it begins, UTC milliseconds.
    pub fn since(self) -> i64 {
        self.first_day.saturating_mul(24 * 60 * 60 * 1000)
    }
}

/// Figures about the errors a caller sees, and the checks made there.
#[derive(Debug, Clone, PartialEq)]
pub struct FirewallFigures {
    /// Errors that occurred in the window, or were met by a check.
    pub errors: i64,
    /// Their occurrences.
    pub occurrences: i64,
    /// Those of them that block.
    pub blocking: i64,
    /// Their best solutions.
    pub solutions: Vec<Solution>,
    /// Checks.
    pub checks: i64,
    /// Of these, how many blocked.
    pub blocks: i64,
    /// Of these, how many warned.
    pub warnings: i64,
    /// The types that occurred most, at most twenty.
    pub by_type: Vec<TypeFigures>,
}

/// Figures about the errors of one type.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct TypeFigures {
    /// The type.
    pub error_type: String,
    /// Its errors.
    pub errors: i64,
    /// Their occurrences.
    pub occurrences: i64,
    /// Operations they blocked.
    pub blocks: i64,
}

impl FirewallRepository<'_> {
    /// Counts the errors of a project and the shared ones, and the checks made in the project.
    pub async fn figures(
        &self,
        tenant: &str,
        project: Option<&str>,
        window: Window,
    ) -> Result<FirewallFigures, StoreError> {
        let (own, shared) = scopes(project);
        // One snapshot: figures that belong together agree.
        let mut snapshot = self.0.readers.begin().await?;
        let by_type: Vec<TypeFigures> = sqlx::query_as(
            "SELECT e.error_type, count(DISTINCT e.id) AS errors, sum(d.occurrences) AS occurrences, \
                    sum(d.blocked) AS blocks \
             FROM firewall_errors e JOIN firewall_error_days d ON d.error = e.id \
             WHERE e.tenant = ? AND (e.scope = ? OR e.scope = ?) AND d.day >= ? \
             GROUP BY e.error_type ORDER BY occurrences DESC, e.error_type LIMIT ?",
        )
        .bind(tenant)
        .bind(own)
        .bind(shared)
        .bind(window.first_day)
        .bind(TYPES)
        .fetch_all(&mut *snapshot)
        .await?;
        let (errors, occurrences, blocking): (i64, i64, i64) = sqlx::query_as(
            "SELECT count(*), coalesce(sum(seen.occurrences), 0), \
                    coalesce(sum(CASE WHEN e.level = 'block' THEN 1 ELSE 0 END), 0) \
             FROM firewall_errors e JOIN (SELECT error, sum(occurrences) AS occurrences FROM firewall_error_days \
                  WHERE tenant = ? AND day >= ? GROUP BY error) seen ON seen.error = e.id \
             WHERE e.tenant = ? AND (e.scope = ? OR e.scope = ?)",
        )
        .bind(tenant)
        .bind(window.first_day)
        .bind(tenant)
        .bind(own)
        .bind(shared)
        .fetch_one(&mut *snapshot)
        .await?;
        let solutions = sqlx::query_as(
            "SELECT s.id, s.solution, s.stated, s.auto_fix, s.solved, s.not_solved, s.author, s.created_at \
             FROM firewall_errors e JOIN firewall_solutions s ON s.id = e.solution \
             WHERE e.tenant = ? AND (e.scope = ? OR e.scope = ?) \
               AND EXISTS (SELECT 1 FROM firewall_error_days d WHERE d.error = e.id AND d.day >= ?)",
        )
        .bind(tenant)
        .bind(own)
        .bind(shared)
        .bind(window.first_day)
        .fetch_all(&mut *snapshot)
        .await?;
        let (checks, blocks, warnings): (i64, i64, i64) = sqlx::query_as(
            "SELECT coalesce(sum(checks), 0), coalesce(sum(blocked), 0), coalesce(sum(warned), 0) \
             FROM firewall_days WHERE tenant = ? AND scope = ? AND day >= ?",
        )
        .bind(tenant)
        .bind(project.unwrap_or(SHARED))
        .bind(window.first_day)
        .fetch_one(&mut *snapshot)
        .await?;
        Ok(FirewallFigures { errors, occurrences, blocking, solutions, checks, blocks, warnings, by_type })
    }
}
