//! What can go wrong with judging code.

use crate::{code::CodeError, store::StoreError};

/// Why nothing was found out about the quality of a project.
#[derive(Debug, thiserror::Error)]
pub enum QualityError {
    /// There is no such issue, or it is of another tenant.
    #[error("there is no quality issue {0:?}")]
    UnknownIssue(String),
    /// The code cannot be asked.
    #[error(transparent)]
    Code(#[from] CodeError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}
