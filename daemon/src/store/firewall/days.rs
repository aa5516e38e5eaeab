//! Figures by day: what a window of days asks for after the checks themselves are gone.

use sqlx::SqliteConnection;

use super::{SHARED, Verdict};
use crate::store::StoreError;

/// Milliseconds of a day.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Returns the UTC day of a time, numbered from 1970.
pub(super) fn day_of(millis: i64) -> i64 {
    millis.div_euclid(DAY)
}

/// What an error is counted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counted {
    /// It occurred.
    Occurred,
    /// A check met it.
    Met(Verdict),
}

impl Counted {
    /// Returns how much it adds to the occurrences, the blocks and the warnings.
    pub(super) fn adds(self) -> (i64, i64, i64) {
        match self {
            Self::Occurred => (1, 0, 0),
            Self::Met(Verdict::Block) => (0, 1, 0),
            Self::Met(Verdict::Warn) => (0, 0, 1),
            Self::Met(Verdict::Allow) => (0, 0, 0),
        }
    }
}

/// Counts something for an error on the day of `at`.
pub(super) async fn count_error(
    connection: &mut SqliteConnection,
    (tenant, error): (&str, &str),
    what: Counted,
    at: i64,
) -> Result<(), StoreError> {
    let (occurred, blocked, warned) = what.adds();
    let day = day_of(at);
    let counted = sqlx::query(
        "UPDATE firewall_error_days SET occurrences = occurrences + ?, blocked = blocked + ?, warned = warned + ? \
         WHERE error = ? AND day = ?",
    )
    .bind(occurred)
    .bind(blocked)
    .bind(warned)
    .bind(error)
    .bind(day)
    .execute(&mut *connection)
    .await?;
    if counted.rows_affected() > 0 {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO firewall_error_days (tenant, error, day, occurrences, blocked, warned) VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(tenant)
    .bind(error)
    .bind(day)
    .bind(occurred)
    .bind(blocked)
    .bind(warned)
    .execute(connection)
    .await?;
    Ok(())
}

/// Counts a check of a scope on the day of `at`.
pub(super) async fn count_check(
    connection: &mut SqliteConnection,
    (tenant, scope): (&str, &str),
    verdict: Verdict,
    at: i64,
) -> Result<(), StoreError> {
    let (_, blocked, warned) = Counted::Met(verdict).adds();
    let day = day_of(at);
    let counted = sqlx::query(
        "UPDATE firewall_days SET checks = checks + 1, blocked = blocked + ?, warned = warned + ? \
         WHERE tenant = ? AND scope = ? AND day = ?",
    )
    .bind(blocked)
    .bind(warned)
    .bind(tenant)
    .bind(scope)
    .bind(day)
    .execute(&mut *connection)
    .await?;
    if counted.rows_affected() > 0 {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO firewall_days (tenant, scope, day, checks, blocked, warned) VALUES (?, ?, ?, 1, ?, ?)",
    )
    .bind(tenant)
    .bind(scope)
    .bind(day)
    .bind(blocked)
    .bind(warned)
    .execute(connection)
    .await?;
    Ok(())
}

/// Returns the two scopes a caller sees, as a pair for a query: the project's and the shared one.
pub(super) fn scopes(project: Option<&str>) -> (&str, &str) {
    (project.unwrap_or(SHARED), SHARED)
}
