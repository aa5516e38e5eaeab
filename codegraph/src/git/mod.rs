//! What git knows of a tree. The repository is a stranger's like the tree: everything of it is read through the jail,
//! no configuration is obeyed, no filter, hook or other program is run, and what a forged object can cost is bounded.
//! Crates of gix parse commits and trees, inflate and hash; its repository is not used, because it opens paths and maps
//! files.

mod changes;
mod discover;
mod history;
mod index;
mod inflate;
mod objects;
mod pack;
mod refs;

#[cfg(test)]
mod tests;

pub use history::{Ended, History, Window};

use crate::tree::{Jail, Root, TreeError};

/// The repository a tree belongs to.
#[derive(Debug)]
pub struct Repository {
    /// The tree itself.
    tree: Root,
    /// The directory with `HEAD` and the index of this worktree.
    git: Root,
    /// The directory with references and objects; the same unless the worktree is a linked one.
    common: Root,
    /// The path of the tree within the worktree, with a `/` at its end unless it is the whole.
    prefix: String,
    /// The name of a linked worktree.
    worktree: Option<String>,
    /// Where borrowed objects may lie.
    jail: Jail,
}

/// What is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The commit in full, `None` before the first.
    pub commit: Option<String>,
    /// The name of the branch, `None` when there is none checked out.
    pub branch: Option<String>,
    /// The name of the worktree, if it is a linked one.
    pub worktree: Option<String>,
}

/// How the files of a tree differ from `HEAD`; paths are relative to the tree and sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Files with another content.
    pub modified: Vec<String>,
    /// Files that `HEAD` does not have, staged or not.
    pub untracked: Vec<String>,
    /// Files that only `HEAD` has.
    pub deleted: Vec<String>,
}

/// Why git has nothing to say about a tree.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// Part of the repository is not inside the roots; whether it exists is not said.
    #[error("the repository lies outside the directories that may be read")]
    Outside,
    /// It is no repository, or no longer a whole one.
    #[error("the repository is damaged: {what}")]
    Broken {
        /// What is wrong.
        what: &'static str,
    },
    /// It uses something newer or older than what is read here.
    #[error("the repository uses {what}, which is not supported")]
    Unsupported {
        /// What it uses.
        what: &'static str,
    },
    /// It is larger than what is read for a stranger.
    #[error("the repository is too large: {what}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
    },
    /// One of its files cannot be had.
    #[error("cannot read the repository")]
    Tree(#[from] TreeError),
    /// One of its files cannot be read any further.
    #[error("cannot read the objects of the repository")]
    Io(#[from] std::io::Error),
}

fn broken(what: &'static str) -> GitError {
    GitError::Broken { what }
}
