//! Why something was not recorded, or why the records cannot be used.

use std::{io, path::PathBuf};

/// Why the audit does not open, or did not record something.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The folder, or something in it, is not as it must be.
    #[error("the audit cannot be kept in {}: {why}", .path.display())]
    Place {
        /// What is not as it must be.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// The folder, or what seals it, cannot be read.
    #[error("the audit cannot be looked at: {}: {why}", .path.display())]
    Unreadable {
        /// What cannot be read.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Records are there and what sealed them is not.
    #[error(
        "{} is gone, and the records in {} were sealed with it; put it back, or move that folder away to begin anew",
        .key.display(), .directory.display()
    )]
    KeyLost {
        /// Where the key was.
        key: PathBuf,
        /// The records.
        directory: PathBuf,
    },
    /// It could not be written.
    #[error("the audit cannot be written: {0}")]
    Unwritten(String),
    /// It is not written any more.
    #[error("the audit is closed")]
    Closed,
    /// More waits than can be written.
    #[error("the audit is written too slowly")]
    Slow,
    /// The system refused to read or to write it.
    #[error("{0}")]
    System(#[from] io::Error),
}
