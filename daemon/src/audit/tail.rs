//! The last records, for people.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use super::{AuditError, Record, folder::files};

/// Which records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TailWanted {
    /// As many as these, the newest.
    pub most: usize,
    /// Only those after this number.
    pub after: u64,
    /// Only those of actors that contain this.
    pub actor: Option<String>,
    /// Only those of actions that contain this.
    pub action: Option<String>,
}

/// Reads the newest records that are wanted, oldest of them first. What is no record is passed over; `verify` names it.
pub(super) fn tail(directory: &Path, wanted: &TailWanted) -> Result<Vec<Record>, AuditError> {
    let mut found: Vec<Record> = Vec::new();
    for file in files(directory)?.iter().rev() {
        let mut here = Vec::new();
        for line in BufReader::new(File::open(file)?).split(b'\n') {
            here.extend(Record::read(&line?).filter(|record| wanted.wants(record)));
        }
        let older = wanted.most.saturating_sub(found.len());
        here.drain(..here.len().saturating_sub(older));
        let done = here.first().is_some_and(|first| first.seq <= wanted.after + 1);
        here.append(&mut found);
        found = here;
        if done || found.len() >= wanted.most {
            break;
        }
    }
    Ok(found)
}

impl TailWanted {
    fn wants(&self, record: &Record) -> bool {
        let has =
            |part: &Option<String>, whole: &str| part.as_deref().is_none_or(|part| whole.contains(part));
        record.seq > self.after && has(&self.actor, &record.actor) && has(&self.action, &record.action)
    }
}
