//! Source trees of projects: which files, what each says, and the texts that were sent. Facts are written as they come
//! and count for nothing until the writes of a commit make them the tree of the project.

mod read;
mod write;

pub use read::{CodeFile, CodeTree, Kept};
pub use write::{Commit, NewFacts, NewFile, NewTree};

use super::Store;

/// Version of the extraction: facts of another are not read.
pub const EXTRACTION: i64 = 2;

/// Where a tree comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreeSource {
    /// A folder of this machine.
    Tree,
    /// What a client sent.
    Push,
}

impl TreeSource {
    /// Returns the word in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Push => "push",
        }
    }
}

/// The source trees of the store.
pub struct CodeRepository<'a>(pub(super) &'a Store);
