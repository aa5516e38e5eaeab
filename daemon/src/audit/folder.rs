//! The folder of the records: files named by their first record, appended to and synced, begun anew by size, and a note
//! of the last record beside them, by which a cut end is seen.

use std::{
    fs::{DirBuilder, File},
    io::{self, ErrorKind, Read},
    os::unix::fs::{DirBuilderExt, FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use chrono::Utc;

use super::{
    AuditError, Deed, Fate, Record,
    notes::Tally,
    record::{GENESIS, Mac, Seal, hex, unhex},
};

/// Begins the name of every file.
const PREFIX: &str = "audit-";
/// Ends it.
const SUFFIX: &str = ".jsonl";
/// The note of the last record.
const HEAD: &str = "head";

/// What the daemon does itself.
pub(super) const BEGUN: &str = "file_begun";
/// The same, when what was there is not what was written.
pub(super) const BROKEN: &str = "chain_broken";
/// The daemon removed files of which more are there than are kept.
pub(super) const DROPPED: &str = "files_dropped";

/// The last record of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) seq: u64,
    pub(super) mac: Mac,
}

/// How large files become and how many are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) file_size: u64,
    pub(super) keep: usize,
}

/// The folder, as the one who writes it knows it.
pub(super) struct Folder {
    directory: PathBuf,
    seal: Seal,
    head: Head,
    written: Option<Written>,
    /// Why what is there is not what was written; the next record tells.
    broken: Option<String>,
}

/// The file that is written.
struct Written {
    file: File,
    path: PathBuf,
    /// Bytes of it that are on the disk.
    length: u64,
    /// Whether a write beyond them failed, and may have left something.
    torn: bool,
}

impl Folder {
    /// Opens the folder, making it if there is none. What a crash left of a line is removed; what else is not as it was
    /// written is told by the next record.
    pub(super) fn open(directory: &Path, key: &Path) -> Result<Self, AuditError> {
        private_directory(directory)?;
        let files = files(directory)?;
        if !files.is_empty() && !key.exists() {
            return Err(AuditError::KeyLost { key: key.to_owned(), directory: directory.to_owned() });
        }
        let place = |error: io::Error| AuditError::Place { path: key.to_owned(), why: error.to_string() };
        let seal = Seal::new(&crate::secret::key_file(key).map_err(place)?)?;
        let fresh = Head { seq: 0, mac: GENESIS };
        let mut folder =
            Self { directory: directory.to_owned(), seal, head: fresh, written: None, broken: None };
        folder.take_up(&files)?;
        Ok(folder)
    }

    /// Finds the end of the chain.
    fn take_up(&mut self, files: &[PathBuf]) -> Result<(), AuditError> {
        let remembered = self.remembered();
        let Some(last) = files.last() else {
            match remembered {
                Some(head) if head.seq > 0 => {
                    self.broken = Some(format!("records 1 to {} are gone", head.seq));
                    self.head = head;
                }
                _ => self.remember(),
            }
            return Ok(());
        };
        let file = File::options().read(true).write(true).open(last)?;
        let (length, found) = end(&file)?;
        let torn = file.metadata()?.len() > length;
        if length == 0 {
            // Begun by a process that ended before its first record was there.
            std::fs::remove_file(last)?;
            return self.take_up(&files[..files.len() - 1]);
        }
        self.written = Some(Written { file, path: last.clone(), length, torn });
        let Some(found) = found else {
            self.broken = Some(format!("the end of {} is no record", last.display()));
            self.head = remembered.unwrap_or(self.head);
            return Ok(());
        };
        self.head = found;
        match remembered {
            None => self.broken = Some("the note of the last record is gone".to_owned()),
            Some(head) if head.seq > found.seq => {
                self.broken = Some(format!("records {} to {} are gone", found.seq + 1, head.seq));
                self.head = head;
            }
            Some(head) => {
                if let Some(bad) = super::verify::since(&self.directory, &self.seal, head)? {
                    self.broken = Some(bad.why);
                }
            }
        }
        Ok(())
    }

    /// Returns the last record that is on the disk.
    pub(super) fn head(&self) -> Head {
        self.head
    }

    pub(super) fn seal(&self) -> &Seal {
        &self.seal
    }

    /// Writes records of deeds and returns the number of the last one once they are on the disk.
    pub(super) fn append(&mut self, deeds: Vec<(Deed, Tally)>, bounds: Bounds) -> Result<u64, AuditError> {
        self.look()?;
        let full = self.written.as_ref().is_none_or(|written| written.length >= bounds.file_size);
        if full || self.broken.is_some() {
            self.begin()?;
            self.drop_files(bounds.keep)?;
        }
        self.write(deeds, None)
    }

    /// Sees whether the file is still the one that was written. What a failed write left is taken away first.
    fn look(&mut self) -> io::Result<()> {
        let Some(written) = &mut self.written else { return Ok(()) };
        if written.torn {
            written.file.set_len(written.length)?;
            written.torn = false;
        }
        let there = std::fs::symlink_metadata(&written.path);
        let same = there.is_ok_and(|there| {
            let ours = written.file.metadata();
            let same = ours.is_ok_and(|ours| (ours.dev(), ours.ino()) == (there.dev(), there.ino()));
            same && there.len() == written.length
        });
        if !same {
            let path = written.path.display();
            self.broken = Some(format!("{path} was changed, moved or removed while it was written"));
        }
        Ok(())
    }

    /// Begins a new file; its first record bears the seal of the one before, and tells if that is not there any more.
    fn begin(&mut self) -> Result<(), AuditError> {
        let path = self.directory.join(format!("{PREFIX}{:012}{SUFFIX}", self.head.seq + 1));
        let mut options = File::options();
        let file = options.write(true).create_new(true).mode(0o600).open(&path)?;
        let before = self.written.replace(Written { file, path: path.clone(), length: 0, torn: false });
        let action = if self.broken.is_some() { BROKEN } else { BEGUN };
        let mut deed = Deed::own(action);
        deed.why.clone_from(&self.broken);
        let prev = Some(hex(&self.head.mac));
        let written = self.write(vec![(deed, (Utc::now(), 1))], prev);
        let named = written.and_then(|_| Ok(File::open(&self.directory)?.sync_all()?));
        if named.is_err() {
            // It is begun again when something is to be written next.
            let _ = std::fs::remove_file(&path);
            self.written = before;
        } else {
            self.broken = None;
        }
        named
    }

    /// Removes the oldest files beyond those that are kept, and records that first.
    fn drop_files(&mut self, keep: usize) -> Result<(), AuditError> {
        let files = files(&self.directory)?;
        let Some(first_kept) = files.len().checked_sub(keep.max(1)).filter(|first| *first > 0) else {
            return Ok(());
        };
        let through = files.get(first_kept).and_then(|file| first_of(file)).unwrap_or(1) - 1;
        let subject = Some(through.to_string());
        self.write(vec![(Deed { subject, ..Deed::own(DROPPED) }, (Utc::now(), 1))], None)?;
        files[..first_kept].iter().try_for_each(std::fs::remove_file)?;
        Ok(())
    }

    fn write(&mut self, deeds: Vec<(Deed, Tally)>, mut prev: Option<String>) -> Result<u64, AuditError> {
        let mut bytes = Vec::new();
        let Head { mut seq, mut mac } = self.head;
        for (deed, (at, times)) in deeds {
            seq += 1;
            let record = Record { prev: prev.take(), ..Record::of(seq, at, deed, times) };
            mac = self.seal.write(&mac, &record, &mut bytes)?;
        }
        let Some(written) = &mut self.written else { return Err(AuditError::Closed) };
        let done = written.file.write_all_at(&bytes, written.length).and_then(|()| written.file.sync_data());
        if let Err(error) = done {
            written.torn = true;
            return Err(error.into());
        }
        written.length += bytes.len() as u64;
        self.head = Head { seq, mac };
        self.remember();
        Ok(seq)
    }

    /// Notes the last record. It is not synced: it may lag behind, which the chain makes up for, and is never ahead.
    fn remember(&self) {
        let line = self.note(self.head);
        let mut options = File::options();
        let opened =
            options.create(true).truncate(false).write(true).mode(0o600).open(self.directory.join(HEAD));
        if let Err(error) = opened.and_then(|file| file.write_all_at(line.as_bytes(), 0)) {
            tracing::warn!(%error, "the last record of the audit could not be noted");
        }
    }

    fn note(&self, head: Head) -> String {
        let mac = self.seal.over(&head.mac, format!("head {}", head.seq).as_bytes());
        format!("{:020} {} {}\n", head.seq, hex(&head.mac), hex(&mac))
    }

    fn remembered(&self) -> Option<Head> {
        let text = std::fs::read_to_string(self.directory.join(HEAD)).ok()?;
        let mut words = text.split_whitespace();
        let head = Head { seq: words.next()?.parse().ok()?, mac: unhex(words.next()?)? };
        (self.note(head) == text).then_some(head)
    }
}

impl Deed {
    /// Returns something that the daemon did itself.
    pub fn own(action: &'static str) -> Self {
        Self {
            actor: "mcpd".to_owned(),
            action: action.into(),
            subject: None,
            fate: Fate::Done,
            why: None,
            answers: None,
        }
    }
}

/// Returns where the last whole line ends, and what it is.
fn end(file: &File) -> io::Result<(u64, Option<Head>)> {
    let mut bytes = Vec::new();
    let mut reader = file;
    reader.read_to_end(&mut bytes)?;
    let Some(newline) = bytes.iter().rposition(|byte| *byte == b'\n') else { return Ok((0, None)) };
    let start = bytes[..newline].iter().rposition(|byte| *byte == b'\n').map_or(0, |before| before + 1);
    let line = &bytes[start..newline];
    let head = super::record::split(line)
        .and_then(|(_, mac)| Record::read(line).map(|record| Head { seq: record.seq, mac }));
    Ok((newline as u64 + 1, head))
}

/// Returns the files, oldest first. One that is a link, or no file, is refused.
pub(super) fn files(directory: &Path) -> Result<Vec<PathBuf>, AuditError> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let path = entry?.path();
        if first_of(&path).is_none() {
            continue;
        }
        if !std::fs::symlink_metadata(&path)?.is_file() {
            let why = "it is a link or no file; move it away".to_owned();
            return Err(AuditError::Place { path, why });
        }
        found.push(path);
    }
    found.sort();
    Ok(found)
}

/// Returns the number of a file's first record, as its name says.
pub(super) fn first_of(file: &Path) -> Option<u64> {
    let number = file.file_name()?.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    number.parse().ok().filter(|_| number.len() == 12)
}

fn private_directory(path: &Path) -> Result<(), AuditError> {
    let bad = |why: String| AuditError::Place { path: path.to_owned(), why };
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(bad(error.to_string())),
        _ => {}
    }
    let found = std::fs::symlink_metadata(path)?;
    if !found.is_dir() {
        return Err(bad("it is a link or no directory; name another in audit.directory".to_owned()));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(bad("it belongs to somebody else; make it the daemon's own with chown".to_owned()));
    }
    if found.mode() & 0o077 != 0 {
        return Err(bad(format!("others may use it; make it private: chmod 700 {}", path.display())));
    }
    Ok(())
}
