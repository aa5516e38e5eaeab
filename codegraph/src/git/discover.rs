//! The way from a tree to its repository, upwards and never out of the roots.

use std::path::Path;

use super::{GitError, Repository, broken};
use crate::tree::{Jail, Root, TreeError};

/// Bytes of the small files that lead from one directory to another.
const LONGEST_POINTER: u64 = 4_096;

impl Repository {
    /// Finds the repository that a tree lies in, `None` if there is none inside the roots.
    pub fn discover(tree: &Path, jail: &Jail) -> Result<Option<Self>, GitError> {
        let tree = jail.open(tree)?;
        // The path is canonical: what is above it in name is above it in fact.
        let path = tree.path().to_owned();
        for directory in path.ancestors() {
            let top = match jail.open(directory) {
                Ok(top) => top,
                Err(TreeError::Outside) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
            let Some(git) = find(&top, jail)? else { continue };
            let prefix = path.strip_prefix(directory).unwrap_or(Path::new(""));
            let prefix = prefix.to_str().ok_or(GitError::Unsupported { what: "a path that is not UTF-8" })?;
            let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
            return Self::new(tree, git, prefix, jail).map(Some);
        }
        Ok(None)
    }

    fn new(tree: Root, git: Root, prefix: String, jail: &Jail) -> Result<Self, GitError> {
        let linked = pointer(&git, "commondir")?;
        let common = match &linked {
            Some(common) => follow(&git, common, jail)?,
            None => follow(&git, ".", jail)?,
        };
        if common.stamp("objects")?.is_none() || git.stamp("HEAD")?.is_none() {
            return Err(broken("it has no HEAD or no objects"));
        }
        let name = || Some(git.path().file_name()?.to_str()?.to_owned());
        let worktree = linked.and_then(|_| name());
        Ok(Self { tree, git, common, prefix, worktree, jail: jail.clone() })
    }
}

/// Returns the git directory of a worktree: `.git` itself, or where the file of that name leads.
fn find(top: &Root, jail: &Jail) -> Result<Option<Root>, GitError> {
    match jail.open(&top.path().join(".git")) {
        Ok(git) => Ok(Some(git)),
        Err(TreeError::Missing) => Ok(None),
        Err(TreeError::NotADirectory) => {
            let text = pointer(top, ".git")?.ok_or(broken("its .git vanished"))?;
            let to = text.strip_prefix("gitdir:").ok_or(broken("its .git file names no directory"))?;
            // Once and no further: git too wants a directory at the end, so that no loop is possible.
            follow(top, to.trim_start(), jail).map(Some)
        }
        Err(error) => Err(outside(error)),
    }
}

/// Reads a file that holds a path.
fn pointer(directory: &Root, name: &str) -> Result<Option<String>, GitError> {
    match directory.read(name, LONGEST_POINTER) {
        Ok(read) => {
            let text =
                String::from_utf8(read.bytes).map_err(|_| broken("it leads to a path that is no text"))?;
            Ok(Some(text.trim_end_matches(['\n', '\r']).to_owned()))
        }
        Err(TreeError::NotThere) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn follow(from: &Root, to: &str, jail: &Jail) -> Result<Root, GitError> {
    jail.open(&from.path().join(to)).map_err(outside)
}

fn outside(error: TreeError) -> GitError {
    match error {
        TreeError::Outside => GitError::Outside,
        TreeError::Missing | TreeError::NotADirectory => broken("its .git leads nowhere"),
        TreeError::NotAbsolute
        | TreeError::Forbidden
        | TreeError::BadPath
        | TreeError::NotThere
        | TreeError::NotAFile
        | TreeError::HardLink
        | TreeError::OtherFilesystem
        | TreeError::TooLarge { .. }
        | TreeError::Changed
        | TreeError::Io { .. } => error.into(),
    }
}
