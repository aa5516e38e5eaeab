//! `HEAD` and the references it may lead through.

use gix_hash::ObjectId;
use sha2::{Digest as _, Sha256};

use super::{GitError, Head, Repository, broken};
use crate::tree::{Root, TreeError};

/// Bytes of a reference at most; a commit has 41.
const LONGEST_REFERENCE: u64 = 4_096;

/// Bytes of all packed references at most: about a million of them.
const LARGEST_PACKED: u64 = 64 * 1024 * 1024;

/// References that lead to references, at most; git follows five.
const MOST_STEPS: usize = 5;

/// What a reference holds.
enum Target {
    Commit(ObjectId),
    Reference(String),
}

impl Repository {
    /// Returns what is checked out.
    pub fn head(&self) -> Result<Head, GitError> {
        let worktree = self.worktree.clone();
        match self.target()? {
            Target::Commit(commit) => Ok(Head { commit: Some(commit.to_string()), branch: None, worktree }),
            Target::Reference(name) => {
                let commit = self.resolve(&name)?.map(|commit| commit.to_string());
                let branch = name.strip_prefix("refs/heads/").unwrap_or(&name).to_owned();
                Ok(Head { commit, branch: Some(branch), worktree })
            }
        }
    }

    /// Returns a mark that differs once `HEAD`, its branch or the index was written.
    pub fn mark(&self) -> u64 {
        let mut hash = Sha256::new();
        let mut files = vec![(&self.git, "HEAD".to_owned()), (&self.git, "index".to_owned())];
        files.push((&self.common, "packed-refs".to_owned()));
        if let Ok(Target::Reference(name)) = self.target() {
            files.push((self.home(&name), name));
        }
        for (directory, name) in files {
            hash.update(name.as_bytes());
            if let Ok(Some(stamp)) = directory.stamp(&name) {
                hash.update(stamp.size.to_le_bytes());
                hash.update(stamp.modified.to_le_bytes());
                hash.update(stamp.changed.to_le_bytes());
                hash.update(stamp.inode.to_le_bytes());
            }
        }
        let mut mark = [0; 8];
        mark.copy_from_slice(&hash.finalize()[..8]);
        u64::from_le_bytes(mark)
    }

    /// Returns the commit that is checked out.
    pub(super) fn commit(&self) -> Result<Option<ObjectId>, GitError> {
        match self.target()? {
            Target::Commit(commit) => Ok(Some(commit)),
            Target::Reference(name) => self.resolve(&name),
        }
    }

    fn target(&self) -> Result<Target, GitError> {
        parse(&self.git.read("HEAD", LONGEST_REFERENCE)?.bytes)
    }

    /// Follows a reference to its commit, `None` if there is none yet.
    fn resolve(&self, name: &str) -> Result<Option<ObjectId>, GitError> {
        let mut name = name.to_owned();
        for _ in 0..MOST_STEPS {
            match self.home(&name).read(&name, LONGEST_REFERENCE) {
                Ok(read) => match parse(&read.bytes)? {
                    Target::Commit(commit) => return Ok(Some(commit)),
                    Target::Reference(next) => name = next,
                },
                // A directory: there is a branch `a/b`, and `a` is packed or is not.
                Err(TreeError::NotThere | TreeError::NotAFile) => return self.packed(&name),
                Err(TreeError::BadPath) => return Err(broken("a reference has an impossible name")),
                Err(error) => return Err(error.into()),
            }
        }
        Err(broken("its references lead in circles"))
    }

    fn packed(&self, name: &str) -> Result<Option<ObjectId>, GitError> {
        let packed = match self.common.read("packed-refs", LARGEST_PACKED) {
            Ok(read) => read.bytes,
            Err(TreeError::NotThere) => return Ok(None),
            Err(TreeError::TooLarge { .. }) => return Err(GitError::TooLarge { what: "its references" }),
            Err(error) => return Err(error.into()),
        };
        let line = packed.split(|&byte| byte == b'\n').find_map(|line| {
            let (commit, rest) = line.split_at_checked(40)?;
            (rest.strip_prefix(b" ")?.trim_ascii_end() == name.as_bytes()).then_some(commit)
        });
        line.map(hex).transpose()
    }

    /// Returns where a reference is kept: most are common to all worktrees.
    fn home(&self, name: &str) -> &Root {
        let own = ["refs/worktree/", "refs/bisect/", "refs/rewritten/"];
        if own.iter().any(|own| name.starts_with(own)) { &self.git } else { &self.common }
    }
}

fn parse(bytes: &[u8]) -> Result<Target, GitError> {
    let text = bytes.trim_ascii();
    let Some(name) = text.strip_prefix(b"ref:") else { return hex(text).map(Target::Commit) };
    let name = str::from_utf8(name.trim_ascii_start())
        .map_err(|_| GitError::Unsupported { what: "a branch whose name is not UTF-8" })?;
    if name == "refs/heads/.invalid" {
        return Err(GitError::Unsupported { what: "the reftable format" });
    }
    // Anything else would let a reference read any file of the git directory.
    if !name.starts_with("refs/") {
        return Err(broken("a reference has an impossible name"));
    }
    Ok(Target::Reference(name.to_owned()))
}

fn hex(text: &[u8]) -> Result<ObjectId, GitError> {
    if text.len() == 64 && text.iter().all(u8::is_ascii_hexdigit) {
        return Err(GitError::Unsupported { what: "SHA-256 objects" });
    }
    ObjectId::from_hex(text).map_err(|_| broken("a reference holds no commit"))
}
