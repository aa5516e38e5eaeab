//! The index, as far as it says which files were last seen unchanged. Read without keeping it: version 4 can describe
//! terabytes of names in a few megabytes.

use gix_hash::ObjectId;

use super::{GitError, broken};

/// Bytes of the index at most: about two million files.
pub(super) const LARGEST_INDEX: u64 = 256 * 1024 * 1024;

/// Bytes of a path at most; no system opens longer ones.
const LONGEST_PATH: usize = 4_096;

/// Bytes of an entry before its flags: ten numbers and the object.
const FIXED: usize = 40 + 20;

/// A file as the index last saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// The object it was then.
    pub(super) object: ObjectId,
    /// Nanoseconds since 1970 of its last change.
    pub(super) modified: i64,
    /// Its size, modulo 2^32.
    pub(super) size: u32,
}

/// Calls `each` with every file of an index that is not in conflict.
pub(super) fn read(bytes: &[u8], each: &mut dyn FnMut(&[u8], Seen)) -> Result<(), GitError> {
    let short = || broken("its index ends early");
    let mut bytes = Bytes(bytes);
    if bytes.take(4).ok_or_else(short)? != b"DIRC" {
        return Err(broken("its index is none"));
    }
    let version = bytes.number().ok_or_else(short)?;
    if !(2..=4).contains(&version) {
        return Err(GitError::Unsupported { what: "an index of another version" });
    }
    let mut path = Vec::new();
    for _ in 0..bytes.number().ok_or_else(short)? {
        let (seen, conflict) = entry(&mut bytes, version, &mut path).ok_or_else(short)?;
        if path.len() > LONGEST_PATH {
            return Err(broken("its index has impossible paths"));
        }
        if !conflict {
            each(&path, seen);
        }
    }
    Ok(())
}

/// Reads one entry, whose path is left in `path` for the next to build on.
fn entry(bytes: &mut Bytes<'_>, version: u32, path: &mut Vec<u8>) -> Option<(Seen, bool)> {
    let fixed = bytes.take(FIXED)?;
    let number = |at: usize| fixed.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    let modified = i64::from(number(8)?) * 1_000_000_000 + i64::from(number(12)?);
    let size = number(36)?;
    let object = ObjectId::try_from(fixed.get(40..)?).ok()?;
    let flags = u16::from_be_bytes(bytes.take(2)?.try_into().ok()?);
    let mut length = FIXED + 2;
    if version >= 3 && flags & 0x4000 != 0 {
        bytes.take(2)?;
        length += 2;
    }
    if version == 4 {
        let keep = path.len().checked_sub(usize::try_from(bytes.variable()?).ok()?)?;
        path.truncate(keep);
        path.extend_from_slice(bytes.line()?);
    } else {
        path.clear();
        path.extend_from_slice(bytes.line()?);
        // To the next multiple of eight; `line` took the first of one to eight NULs.
        bytes.take(7 - (length + path.len()) % 8)?;
    }
    Some((Seen { object, modified, size }, flags & 0x3000 != 0))
}

/// What is left of the file.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// Takes what comes before the next NUL, and the NUL.
    fn line(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().take(LONGEST_PATH + 1).position(|&byte| byte == 0)?;
        let line = self.take(end)?;
        self.take(1)?;
        Some(line)
    }

    fn variable(&mut self) -> Option<u64> {
        super::pack::distance(&mut || self.take(1).map(|byte| byte[0]))
    }
}
