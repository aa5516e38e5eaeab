//! Issues of code and how projects stood: an issue is one row for as long as it is the same thing, whatever becomes of
//! it.

mod issues;
mod reconcile;
mod snapshots;

pub use issues::{Issue, IssueFilter, StatusChange};
pub use reconcile::{Closing, FoundIssue, Reconciled, Run};
pub use snapshots::{NewSnapshot, QualitySnapshot, Scores};

use super::Store;

/// The issues and snapshots of the store.
pub struct QualityRepository<'a>(pub(super) &'a Store);

#[cfg(test)]
mod tests;
