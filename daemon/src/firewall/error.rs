//! Why an error was not recorded, or an operation not checked.

use crate::store::StoreError;

/// What can go wrong in the firewall.
#[derive(Debug, thiserror::Error)]
pub enum FirewallError {
    /// Features of an operation cannot be compared.
    #[error("{what}: {reason}")]
    Features {
        /// The argument.
        what: &'static str,
        /// Why not, and what is allowed.
        reason: String,
    },
    /// A text looks like a secret, and those are refused here.
    #[error("{what} looks like {kind}, and this daemon refuses to store secrets")]
    Secret {
        /// The argument.
        what: &'static str,
        /// What it looks like.
        kind: &'static str,
    },
    /// No development session has that id, or it is another project's.
    #[error("there is no session {0:?} here")]
    UnknownSession(String),
    /// No error has that id where the caller looks.
    #[error("there is no error {0:?}")]
    UnknownError(String),
    /// The store failed or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A task of ours ended before its time.
    #[error("the work was not finished: {0}")]
    Unfinished(#[from] tokio::task::JoinError),
}
