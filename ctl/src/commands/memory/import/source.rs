//! Where imported memories come from: one after another, each with its place.

use std::path::Path;

use mcpd_ipc::memory::MemoryEntry;
use serde::Serialize;

use super::{Form, lines::Lines, notes::Notes};
use crate::{error::Error, output::Output, surroundings::Surroundings};

/// A file, and the line in it where there is one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(super) struct Place {
    pub(super) file: String,
    pub(super) line: Option<u64>,
}

impl std::fmt::Display for Place {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}", self.file),
            None => formatter.write_str(&self.file),
        }
    }
}

/// A memory that was found, with what its source says about where it belongs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) tenant: Option<String>,
    pub(super) project: Option<String>,
    pub(super) entry: MemoryEntry,
}

/// Something that is no memory and should be one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Problem {
    #[serde(flatten)]
    pub(super) place: Place,
    /// What is wrong, and what to do about it.
    pub(super) problem: String,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Next {
    /// A memory.
    Memory(Box<Found>),
    /// Something bad.
    Bad(Problem),
    /// Something with nothing in it to remember.
    Nothing,
}

/// A source that is open.
pub(super) enum Source {
    /// JSON lines, ours or the official memory server's.
    Lines(Lines),
    /// Markdown.
    Notes(Notes),
}

impl Source {
    /// Opens a source for memories of at most `largest` bytes.
    pub(super) fn open(
        from: &Path,
        form: Form,
        largest: u64,
        surroundings: &mut Surroundings,
        out: &mut Output,
    ) -> Result<Self, Error> {
        match form {
            Form::Markdown => Ok(Self::Notes(Notes::open(from, largest)?)),
            Form::Auto | Form::Jsonl | Form::Server => {
                Ok(Self::Lines(Lines::open(from, form, surroundings, out)?))
            }
        }
    }

    /// Returns what comes next; nothing at the end.
    pub(super) fn next(&mut self) -> Result<Option<Next>, Error> {
        match self {
            Self::Lines(lines) => lines.next(),
            Self::Notes(notes) => Ok(notes.next()),
        }
    }

    /// Returns how far it is read.
    pub(super) fn progress(&self) -> String {
        match self {
            Self::Lines(lines) => lines.progress(),
            Self::Notes(notes) => notes.progress(),
        }
    }
}
