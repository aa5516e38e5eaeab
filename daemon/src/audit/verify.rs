//! The chain, looked through from its first record to its last: which is the first that is not what was written?

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use super::{
    Record,
    error::AuditError,
    folder::{BROKEN, DROPPED, Head, files, first_of, remembered},
    record::{GENESIS, LONGEST, Mac, Seal, hex, split, unhex},
};
use crate::secret::existing_key;

/// What a look through the chain found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Files that were read.
    pub files: u64,
    /// Records that are as they were written.
    pub records: u64,
    /// The number of the first.
    pub first: u64,
    /// The last one's number and seal: what to keep elsewhere, for a later look.
    pub checkpoint: Checkpoint,
    /// The first record that is not as it was written.
    pub bad: Option<Bad>,
    /// The last one that is.
    pub(super) last: Option<Head>,
}

/// A record by its number and seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its number.
    pub seq: u64,
    /// Its seal, in hexadecimal.
    pub mac: String,
}

/// A record that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// The name of its file; empty when it has none any more.
    pub file: String,
    /// Its line there, from 1 on.
    pub line: u64,
    /// The number it has, or should have.
    pub seq: u64,
    /// What is wrong.
    pub why: String,
}

/// What is asked of a look.
pub(super) struct Wanted<'a> {
    /// The last record, as the one who writes knows it.
    pub(super) head: Head,
    /// A record that was there once.
    pub(super) checkpoint: Option<&'a Checkpoint>,
    /// Only records after this one.
    pub(super) after: u64,
}

/// Looks through the whole chain.
pub(super) fn verify(directory: &Path, seal: &Seal, wanted: &Wanted<'_>) -> Result<Verified, AuditError> {
    let mut files = files(directory)?;
    // The file that has the first record wanted; its own first record says what came before.
    let skipped = files
        .iter()
        .rposition(|file| first_of(file).is_some_and(|first| first <= wanted.after.saturating_add(1)));
    files.drain(..skipped.unwrap_or(0));
    let mut look =
        Look { seal, wanted, last: None, before: None, first: 0, records: 0, missing: None, checked: false };
    let mut bad = None;
    for file in &files {
        bad = look.through(file)?;
        if bad.is_some() {
            break;
        }
    }
    let bad = bad.or_else(|| look.at_the_end());
    // What lies beyond what is known to be on the disk may be written anew, and is nothing to keep.
    let known = look
        .last
        .map(|last| if wanted.head.seq > 0 && last.seq > wanted.head.seq { wanted.head } else { last });
    let checkpoint = known.map_or(Checkpoint { seq: 0, mac: hex(&GENESIS) }, |head| head.into());
    let Look { records, first, last, .. } = look;
    Ok(Verified { files: files.len() as u64, records, first, checkpoint, bad, last })
}

/// Looks through a chain that no daemon need be writing, or through a copy of one. Its last record is known by the note
/// beside it.
pub fn look_at(
    directory: &Path,
    key: &Path,
    after: u64,
    checkpoint: Option<&Checkpoint>,
) -> Result<Verified, AuditError> {
    let place = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| AuditError::Unreadable { path, why: error.to_string() }
    };
    let seal = Seal::new(&existing_key(key).map_err(place(key))?)?;
    std::fs::read_dir(directory).map_err(place(directory))?;
    let noted = remembered(directory, &seal);
    let head = noted.unwrap_or(Head { seq: 0, mac: GENESIS });
    let mut found = verify(directory, &seal, &Wanted { head, checkpoint, after })?;
    if noted.is_none() && found.bad.is_none() {
        let seq = found.last.map_or(after, |last| last.seq) + 1;
        let why =
            "the note of the last record is gone: whether the end was cut off cannot be said".to_owned();
        found.bad = Some(Bad { file: String::new(), line: 0, seq, why });
    }
    Ok(found)
}

struct Look<'a> {
    seal: &'a Seal,
    wanted: &'a Wanted<'a>,
    last: Option<Head>,
    first: u64,
    records: u64,
    /// The last record of those that are said to be dropped, while no record has said so.
    missing: Option<u64>,
    /// What is said to stand before the first record that is read.
    before: Option<Head>,
    /// Whether the checkpoint was the record it should be.
    checked: bool,
}

impl Look<'_> {
    fn through(&mut self, path: &Path) -> io::Result<Option<Bad>> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let file = match File::open(path) {
            // Dropped since the files were listed.
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.last.is_none() => return Ok(None),
            opened => opened?,
        };
        let mut reader = BufReader::new(file);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            (&mut reader).take(LONGEST as u64).read_until(b'\n', &mut line)?;
            let whole = line.pop_if(|last| *last == b'\n').is_some();
            if line.is_empty() && !whole {
                break;
            }
            let reached = self.last.is_some_and(|last| last.seq >= self.wanted.head.seq);
            if !whole && reached {
                break; // it is being written now
            }
            let next = self.last.map_or_else(|| first_of(path).unwrap_or(1), |last| last.seq + 1);
            if let Err(why) = self.take(&line, number == 1) {
                return Ok(Some(Bad { file: name, line: number, seq: next, why }));
            }
        }
        Ok(None)
    }

    fn take(&mut self, line: &[u8], opens: bool) -> Result<(), String> {
        let shown = Record::read(line).ok_or("it is no record")?;
        let before =
            if opens { self.before(&shown)? } else { self.last.ok_or("nothing stands before it")? };
        if shown.seq != before.seq + 1 {
            let (seq, next) = (shown.seq, before.seq + 1);
            return Err(if seq > next {
                format!("{} missing before it", records(next, seq - 1))
            } else {
                format!("record {seq} stands in the place of record {next}")
            });
        }
        if split(line).is_none() {
            return Err("it has no seal".to_owned());
        }
        let changed = "its seal does not fit: it, or what stands before it, is not what was written";
        let (record, mac) = self.seal.read(&before.mac, line).ok_or(changed)?;
        let asked_past = self.wanted.after > 0 && record.seq <= self.wanted.after.saturating_add(1);
        if record.action == BROKEN && !asked_past {
            let why = record.why.unwrap_or_default();
            let seq = record.seq;
            return Err(format!(
                "{why}; the daemon began anew here, and --after {} looks at the rest",
                seq - 1
            ));
        }
        if record.action == DROPPED && record.subject.and_then(|seq| seq.parse().ok()) >= self.missing {
            self.missing = None;
        }
        self.note(Head { seq: record.seq, mac })
    }

    /// Returns what stands before the first record of a file.
    fn before(&mut self, opening: &Record) -> Result<Head, String> {
        let prev = opening
            .prev
            .as_deref()
            .and_then(unhex)
            .ok_or("the first of a file, it says nothing of the one before")?;
        let claimed = Head { seq: opening.seq.saturating_sub(1), mac: prev };
        match self.last {
            // After a break it begins where the daemon knew the end to be.
            Some(_) if opening.action == BROKEN => Ok(claimed),
            Some(last) => Ok(last),
            None => {
                self.first = opening.seq;
                if claimed.seq == 0 && prev != GENESIS {
                    return Err("the first of all, it says that another was before it".to_owned());
                }
                self.before = Some(claimed);
                self.missing = (claimed.seq > self.wanted.after).then_some(claimed.seq);
                Ok(claimed)
            }
        }
    }

    fn note(&mut self, head: Head) -> Result<(), String> {
        let differs = |mac: &str| mac != hex(&head.mac);
        if head.seq == self.wanted.head.seq && differs(&hex(&self.wanted.head.mac)) {
            return Err("another record than the daemon wrote".to_owned());
        }
        if let Some(checkpoint) = self.wanted.checkpoint.filter(|checkpoint| checkpoint.seq == head.seq) {
            if differs(&checkpoint.mac) {
                return Err("another record than the checkpoint says".to_owned());
            }
            self.checked = true;
        }
        self.last = Some(head);
        self.records += 1;
        Ok(())
    }

    /// Says what is missing once everything there is was read.
    fn at_the_end(&self) -> Option<Bad> {
        let missing = |seq, why: String| Some(Bad { file: String::new(), line: 0, seq, why });
        let last = self.last.map_or(0, |last| last.seq);
        if let Some(through) = self.missing {
            return missing(
                1,
                format!("records 1 to {through} are missing, and none says that they were dropped"),
            );
        }
        let known = self.wanted.head.seq;
        if last < known {
            return missing(last + 1, format!("{} missing: the end was cut off", records(last + 1, known)));
        }
        let checkpoint = self.wanted.checkpoint.filter(|_| !self.checked)?;
        if self.before.is_some_and(|before| Checkpoint::from(before) == *checkpoint) {
            return None;
        }
        let why = if checkpoint.seq >= self.first {
            "the record of the checkpoint is missing"
        } else {
            "the record of the checkpoint is older than what was looked at: whether it was there cannot be said"
        };
        missing(checkpoint.seq, why.to_owned())
    }
}

fn records(from: u64, to: u64) -> String {
    if from == to { format!("record {from} is") } else { format!("records {from} to {to} are") }
}

impl From<Head> for Checkpoint {
    fn from(head: Head) -> Self {
        let mac: &Mac = &head.mac;
        Self { seq: head.seq, mac: hex(mac) }
    }
}
