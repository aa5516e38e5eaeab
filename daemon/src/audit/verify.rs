//! The chain, looked through from its first record to its last: which is the first that is not what was written?

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use super::{
    Record,
    error::AuditError,
    folder::{BROKEN, DROPPED, Head, files, first_of},
    record::{GENESIS, LONGEST, Mac, Seal, hex, split, unhex},
};

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
    let skipped =
        files.iter().rposition(|file| first_of(file).is_some_and(|first| first <= wanted.after + 1));
    files.drain(..skipped.unwrap_or(0));
    let mut look = Look { seal, wanted, last: None, first: 0, records: 0, missing: None, checked: None };
    let mut bad = None;
    for file in &files {
        bad = look.through(file)?;
        if bad.is_some() {
            break;
        }
    }
    let bad = bad.or_else(|| look.at_the_end());
    let checkpoint = look.last.map_or(Checkpoint { seq: 0, mac: hex(&GENESIS) }, |head| head.into());
    Ok(Verified { files: files.len() as u64, records: look.records, first: look.first, checkpoint, bad })
}

/// Looks whether a record is where it was, and everything after it is sound.
pub(super) fn since(directory: &Path, seal: &Seal, head: Head) -> Result<Option<Bad>, AuditError> {
    let checkpoint = (head.seq > 0).then(|| Checkpoint::from(head));
    let (checkpoint, after) = (checkpoint.as_ref(), head.seq.saturating_sub(1));
    // How far the chain goes is not known here.
    let wanted = Wanted { head: Head { seq: 0, mac: GENESIS }, checkpoint, after };
    Ok(verify(directory, seal, &wanted)?.bad)
}

struct Look<'a> {
    seal: &'a Seal,
    wanted: &'a Wanted<'a>,
    last: Option<Head>,
    first: u64,
    records: u64,
    /// The last record of those that are said to be dropped, while no record has said so.
    missing: Option<u64>,
    /// Whether the checkpoint was the record it should be.
    checked: Option<bool>,
}

impl Look<'_> {
    fn through(&mut self, path: &Path) -> io::Result<Option<Bad>> {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut reader = BufReader::new(File::open(path)?);
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
                format!("records {next} to {} are missing before it", seq - 1)
            } else {
                format!("record {seq} stands in the place of record {next}")
            });
        }
        if split(line).is_none() {
            return Err("it has no seal".to_owned());
        }
        let changed = "its seal does not fit: it, or what stands before it, is not what was written";
        let (record, mac) = self.seal.read(&before.mac, line).ok_or(changed)?;
        if record.action == BROKEN && record.seq > self.wanted.after + 1 {
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
            self.checked = Some(true);
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
            return missing(
                last + 1,
                format!("records {} to {known} are missing: the end was cut off", last + 1),
            );
        }
        match self.wanted.checkpoint {
            Some(checkpoint) if self.checked.is_none() && checkpoint.seq >= self.first => {
                missing(checkpoint.seq, "the record of the checkpoint is missing".to_owned())
            }
            _ => None,
        }
    }
}

impl From<Head> for Checkpoint {
    fn from(head: Head) -> Self {
        let mac: &Mac = &head.mac;
        Self { seq: head.seq, mac: hex(mac) }
    }
}
