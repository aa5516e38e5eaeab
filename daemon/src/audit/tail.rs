//! The last records, for people.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
    path::Path,
};

use super::{
    AuditError, Record,
    folder::{files, first_of},
};

/// Which records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TailWanted {
    /// As many as these: the newest, or those that follow `after`.
    pub most: usize,
    /// Only those after this number.
    pub after: u64,
    /// Only those of actors that contain this.
    pub actor: Option<String>,
    /// Only those of actions that contain this.
    pub action: Option<String>,
}

/// Reads records, oldest first: after a number, those that follow it; else the newest. What is no record is passed over;
/// `verify` names it.
pub(super) fn tail(directory: &Path, wanted: &TailWanted) -> Result<Vec<Record>, AuditError> {
    let files = files(directory)?;
    if wanted.after > 0 {
        let next = wanted.after.saturating_add(1);
        let start =
            files.iter().rposition(|file| first_of(file).is_some_and(|first| first <= next)).unwrap_or(0);
        let mut found = Vec::new();
        for file in &files[start..] {
            found.append(&mut records(file, wanted)?);
            if found.len() >= wanted.most {
                break;
            }
        }
        found.truncate(wanted.most);
        return Ok(found);
    }
    let mut found: Vec<Record> = Vec::new();
    for file in files.iter().rev() {
        let mut here = records(file, wanted)?;
        here.drain(..here.len().saturating_sub(wanted.most - found.len()));
        here.append(&mut found);
        found = here;
        if found.len() >= wanted.most {
            break;
        }
    }
    Ok(found)
}

/// Returns the records of a file that are wanted; a file that was dropped meanwhile has none.
fn records(file: &Path, wanted: &TailWanted) -> io::Result<Vec<Record>> {
    let file = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let mut found = Vec::new();
    for line in BufReader::new(file).split(b'\n') {
        found.extend(Record::read(&line?).filter(|record| wanted.wants(record)));
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
