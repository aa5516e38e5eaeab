//! What can go wrong with source trees.

use mcpd_codegraph::tree::TreeError;

use crate::store::StoreError;

/// Why a source tree was not read, or a question about it not answered.
#[derive(Debug, thiserror::Error)]
pub enum CodeError {
    /// The project is known, but no source tree of it was analysed.
    #[error("the code of project {0:?} is not indexed")]
    NotIndexed(String),
    /// The first analysis of the project runs now.
    #[error("the code of project {0:?} is being indexed: {1} of {2} files so far")]
    Indexing(String, u64, u64),
    /// No project has that name.
    #[error("no project {0:?} is known yet")]
    UnknownProject(String),
    /// The folder cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// No folder may be read.
    #[error("this daemon reads no source trees: code.roots names no folder")]
    NoRoots,
    /// The project has a tree that was sent, and no folder.
    #[error("the code of project {0:?} was sent by a client; there is no folder to read")]
    Sent(String),
    /// There is no such push, or no longer.
    #[error("there is no push {0:?}: it has ended, or was idle for too long")]
    UnknownPush(String),
    /// More was sent than is taken.
    #[error("{0}")]
    TooMuch(String),
    /// The analysis ended without a result.
    #[error("the analysis was stopped")]
    Stopped,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The work panicked.
    #[error("the work did not finish")]
    Unfinished(#[from] tokio::task::JoinError),
}
