//! Why a memory was not stored or found.

use crate::store::StoreError;

/// What can go wrong with memories.
#[derive(Debug, thiserror::Error)]
pub enum MemoryError {
    /// The content is longer than one memory may be.
    #[error("content has {size} bytes, a memory keeps at most {most}")]
    TooLarge {
        /// Bytes given.
        size: u64,
        /// Bytes allowed.
        most: u64,
    },
    /// The content looks like a secret, and those are refused here.
    #[error("the content looks like {0}, and this daemon refuses to store secrets")]
    Secret(&'static str),
    /// A tag or the category is too long, empty, or one too many.
    #[error("{0}")]
    Labels(String),
    /// A model cannot be put in place.
    #[error("the model cannot be used: {0}")]
    Model(String),
    /// The store failed or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A task of ours ended before its time.
    #[error("the work was not finished: {0}")]
    Unfinished(#[from] tokio::task::JoinError),
}
