//! Why a tree or a file of it cannot be had. Nothing here tells what lies outside the roots, not even whether it
//! exists.

use std::io;

use rustix::io::Errno;

/// Why a tree or a file of it cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TreeError {
    /// The path of the tree is relative: relative to what, nobody knows here.
    #[error("the path of a tree must be absolute")]
    NotAbsolute,
    /// There is nothing by that name inside the roots.
    #[error("there is no such directory")]
    Missing,
    /// It is a file.
    #[error("it is not a directory")]
    NotADirectory,
    /// It is not inside the roots; whether it exists is not said.
    #[error("the path is outside the directories that may be read")]
    Outside,
    /// It belongs to the kernel: processes, devices and the like.
    #[error("the path belongs to the system and holds no source code")]
    Forbidden,
    /// A path that names no file of a tree: absolute, empty, with `..`, or too long.
    #[error("not a path of a file inside the tree")]
    BadPath,
    /// There is no such file, or a link lies on the way to it.
    #[error("there is no such file in the tree")]
    NotThere,
    /// It is a directory, a link, a pipe or a device.
    #[error("it is not a regular file")]
    NotAFile,
    /// It has another name, which may lie anywhere.
    #[error("the file is a hard link, whose other name may lie anywhere")]
    HardLink,
    /// It lies in a directory of another file system.
    #[error("the file lies on another file system than the tree")]
    OtherFilesystem,
    /// It is larger than the caller allows.
    #[error("the file has {size} bytes, more than {most}")]
    TooLarge {
        /// Its size.
        size: u64,
        /// What the caller allows.
        most: u64,
    },
    /// It was written to while it was read, twice.
    #[error("the file changed while it was read")]
    Changed,
    /// The system refuses.
    #[error("cannot {doing}")]
    Io {
        /// What was attempted.
        doing: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

impl TreeError {
    pub(super) fn io(doing: &'static str) -> impl Fn(Errno) -> Self {
        move |errno| Self::Io { doing, source: errno.into() }
    }
}
