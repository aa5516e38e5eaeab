//! Where files come from: one directory, opened once, and nothing outside it. Every file and directory is opened
//! relative to an open directory and never through a link, so that a tree which changes while it is read cannot
//! lead anywhere else.

mod disk;
mod error;
mod jail;
mod root;
mod rules;
mod walk;

#[cfg(test)]
mod tests;

use std::fmt;

pub use error::TreeError;
pub use jail::Jail;
pub(crate) use root::Links;
pub use root::{Read, Root};
use serde::{Deserialize, Serialize};

/// What tells whether a file or directory is still the one it was.
///
/// The clock of a file system ticks every few milliseconds: a file written twice within one tick may keep its stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Nanoseconds since 1970 at which its content was last changed, as far as it says itself.
    pub modified: i64,
    /// Nanoseconds since 1970 at which anything about it was last changed; no program can set it back.
    pub changed: i64,
    /// Its number within its file system.
    pub inode: u64,
}

/// A file or directory of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Its path relative to the root, with `/` between names; empty for the root.
    pub path: String,
    /// Its stamp when it was found.
    pub stamp: Stamp,
}

/// How much of a tree is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Files.
    pub files: usize,
    /// Bytes of one file; larger ones are skipped.
    pub file_bytes: u64,
    /// Bytes of all files together.
    pub total_bytes: u64,
    /// Directories below one another; one is kept open for each, and 200 are the most in any case.
    pub depth: usize,
}

/// What a walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Walk {
    /// The wanted files, sorted by path.
    pub files: Vec<Found>,
    /// Every directory whose entries were read, sorted by path; a changed stamp means something came or went.
    pub directories: Vec<Found>,
    /// What was wanted and left out, in the order of the walk.
    pub skipped: Vec<Skipped>,
    /// How many more were left out than `skipped` lists.
    pub skipped_more: usize,
    /// Why the walk ended before the end, if it did.
    pub cut: Option<Cut>,
}

/// Something a walk left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Its path relative to the root; bytes that are no text are replaced.
    pub path: String,
    /// The reason.
    pub why: Why,
}

/// Why a walk left something out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It is larger than one file may be.
    TooLarge {
        /// Its size.
        bytes: u64,
    },
    /// It is a symbolic link.
    Link,
    /// It has another name, which may lie anywhere.
    HardLink,
    /// It is a pipe, a socket or a device.
    NotAFile,
    /// It is a directory of another file system.
    OtherFilesystem,
    /// It cannot be read; the text says why.
    Unreadable(String),
    /// Its name is no text.
    NotUtf8,
    /// It is a directory deeper than the limit.
    TooDeep,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes } => write!(f, "it has {bytes} bytes, more than one file may have"),
            Self::Link => f.write_str("it is a symbolic link, and links are not followed"),
            Self::HardLink => f.write_str("it is a hard link, whose other name may lie anywhere"),
            Self::NotAFile => f.write_str("it is a pipe, a socket or a device"),
            Self::OtherFilesystem => f.write_str("it lies on another file system"),
            Self::Unreadable(reason) => write!(f, "it cannot be read: {reason}"),
            Self::NotUtf8 => f.write_str("its name is not UTF-8"),
            Self::TooDeep => f.write_str("it lies deeper than directories are followed"),
        }
    }
}

/// Why a walk ended early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// There are more files than the limit.
    Files,
    /// The files have more bytes together than the limit.
    Bytes,
    /// There are far more directories than files may be.
    Directories,
    /// There are more names of all kinds than anyone waits for.
    Entries,
    /// The caller stopped it.
    Stopped,
}

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Files => "the tree has more files than the limit",
            Self::Bytes => "the files of the tree are larger together than the limit",
            Self::Directories => "the tree has more directories than the limit",
            Self::Entries => "the tree has more entries than the limit",
            Self::Stopped => "the walk was stopped",
        })
    }
}
