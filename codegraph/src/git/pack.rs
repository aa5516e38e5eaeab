//! One pack: the index that says where objects are, their headers, and how a delta is applied. Read in pieces from open
//! files: a mapped file that someone cuts short would end the daemon.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use gix_hash::ObjectId;
use gix_object::Kind;

use super::{GitError, broken};
use crate::tree::{Links, Root};

/// Where the names of objects begin in an index: after the magic number, the version and 256 counts.
const NAMES: u64 = 8 + 1024;

/// A pack with its index.
pub(super) struct Pack {
    index: File,
    data: File,
    /// How many objects begin with a byte up to this one.
    counts: Vec<u32>,
}

/// How an object is kept.
pub(super) enum Stored {
    /// As it is.
    Whole(Kind),
    /// As what differs from the object this far before it.
    After(u64),
    /// As what differs from another object.
    Beside(ObjectId),
}

/// The beginning of an object in a pack.
pub(super) struct Entry {
    pub(super) stored: Stored,
    /// Bytes once inflated.
    pub(super) size: u64,
    /// Where the compressed bytes begin.
    pub(super) at: u64,
}

impl Pack {
    /// Opens the pack of an index called `name`.
    pub(super) fn open(directory: &Root, name: &str) -> Result<Self, GitError> {
        let (index, stamp) = directory.open_file(name, Links::Hard)?;
        let data = format!("{}.pack", name.strip_suffix(".idx").unwrap_or(name));
        let (data, _) = directory.open_file(&data, Links::Hard)?;
        let mut head = vec![0; NAMES as usize];
        index.read_exact_at(&mut head, 0)?;
        if head[..8] != *b"\xfftOc\0\0\0\x02" {
            return Err(GitError::Unsupported { what: "a pack index of another version" });
        }
        let counts: Vec<u32> = head[8..].as_chunks().0.iter().copied().map(u32::from_be_bytes).collect();
        let count = counts.last().copied().unwrap_or(0);
        if !counts.is_sorted() || stamp.size < NAMES + u64::from(count) * 28 {
            return Err(broken("the index of a pack contradicts itself"));
        }
        Ok(Self { index, data, counts })
    }

    /// Returns where an object begins.
    pub(super) fn find(&self, object: &ObjectId) -> Result<Option<u64>, GitError> {
        let first = usize::from(object.as_slice()[0]);
        let mut low = if first == 0 { 0 } else { self.counts[first - 1] };
        let mut high = self.counts[first];
        while low < high {
            let middle = low + (high - low) / 2;
            let name: [u8; 20] = self.at(NAMES + u64::from(middle) * 20)?;
            match name.as_slice().cmp(object.as_slice()) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return self.offset(middle).map(Some),
            }
        }
        Ok(None)
    }

    fn offset(&self, number: u32) -> Result<u64, GitError> {
        let count = u64::from(self.counts[255]);
        let short = u32::from_be_bytes(self.at(NAMES + count * 24 + u64::from(number) * 4)?);
        if short < 1 << 31 {
            return Ok(u64::from(short));
        }
        let long = u64::from(short & 0x7fff_ffff);
        Ok(u64::from_be_bytes(self.at(NAMES + count * 28 + long * 8)?))
    }

    fn at<const N: usize>(&self, at: u64) -> Result<[u8; N], GitError> {
        let mut bytes = [0; N];
        self.index.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }

    /// Reads the beginning of the object at `start`.
    pub(super) fn entry(&self, start: u64) -> Result<Entry, GitError> {
        let mut head = [0; 32];
        let read = self.data.read_at(&mut head, start)?;
        let mut used = 0;
        let mut next = || {
            let byte = head[..read].get(used).copied();
            used += 1;
            byte
        };
        let entry = begin(&mut next).ok_or(broken("an object of a pack has no header"))?;
        let (kind, size) = entry;
        let stored = match kind {
            1 => Stored::Whole(Kind::Commit),
            2 => Stored::Whole(Kind::Tree),
            3 => Stored::Whole(Kind::Blob),
            4 => Stored::Whole(Kind::Tag),
            6 => {
                let distance = distance(&mut next).ok_or(broken("a delta has no base"))?;
                // Never itself and never one behind it: following them comes to an end.
                let base = start.checked_sub(distance).filter(|_| distance > 0);
                Stored::After(base.ok_or(broken("a delta has an impossible base"))?)
            }
            7 => {
                let name = head[..read].get(used..used + 20).ok_or(broken("a delta has no base"))?;
                used += 20;
                Stored::Beside(ObjectId::try_from(name).map_err(|_| broken("a delta has no base"))?)
            }
            _ => return Err(broken("an object of a pack has an unknown kind")),
        };
        Ok(Entry { stored, size, at: start + used as u64 })
    }

    pub(super) fn data(&self) -> &File {
        &self.data
    }
}

/// Reads the kind and the size of an object.
fn begin(next: &mut dyn FnMut() -> Option<u8>) -> Option<(u8, u64)> {
    let mut byte = next()?;
    let kind = (byte >> 4) & 7;
    let mut size = u64::from(byte & 15);
    let mut shift = 4;
    while byte & 128 != 0 {
        byte = next()?;
        if shift > 56 {
            return None;
        }
        size |= u64::from(byte & 127) << shift;
        shift += 7;
    }
    Some((kind, size))
}

/// Reads a number whose bytes come with the highest first and each add one, as packs and the index write distances.
pub(super) fn distance(next: &mut dyn FnMut() -> Option<u8>) -> Option<u64> {
    let mut byte = next()?;
    let mut value = u64::from(byte & 127);
    while byte & 128 != 0 {
        byte = next()?;
        value = (value + 1).checked_mul(128).filter(|value| *value < 1 << 56)? | u64::from(byte & 127);
    }
    Some(value)
}

/// Returns the sizes before and after that a delta begins with, and its instructions.
pub(super) fn sizes(delta: &[u8]) -> Option<(u64, u64, &[u8])> {
    let mut rest = delta;
    let mut size = || {
        let (mut value, mut shift) = (0, 0);
        loop {
            let (&byte, after) = rest.split_first()?;
            rest = after;
            if shift > 56 {
                return None;
            }
            value |= u64::from(byte & 127) << shift;
            shift += 7;
            if byte & 128 == 0 {
                return Some(value);
            }
        }
    };
    let (before, after) = (size()?, size()?);
    Some((before, after, rest))
}

/// Applies the instructions of a delta, which must yield `size` bytes.
pub(super) fn apply(base: &[u8], mut delta: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut whole = Vec::with_capacity(size);
    while let Some((&order, rest)) = delta.split_first() {
        delta = rest;
        let piece = if order & 128 == 0 {
            // Nothing to insert is reserved, and would never end.
            let (piece, rest) =
                delta.split_at_checked(usize::from(order)).filter(|(piece, _)| !piece.is_empty())?;
            delta = rest;
            piece
        } else {
            let mut number = |bits: std::ops::Range<u32>| {
                let mut value = 0;
                for (place, bit) in bits.enumerate() {
                    if order & (1 << bit) != 0 {
                        let (&byte, rest) = delta.split_first()?;
                        delta = rest;
                        value |= usize::from(byte) << (8 * place);
                    }
                }
                Some(value)
            };
            let start = number(0..4)?;
            let length = match number(4..7)? {
                0 => 0x1_0000,
                length => length,
            };
            base.get(start..start.checked_add(length)?)?
        };
        if whole.len() + piece.len() > size {
            return None;
        }
        whole.extend_from_slice(piece);
    }
    (whole.len() == size).then_some(whole)
}
