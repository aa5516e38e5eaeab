//! The folder of the records: files named by their first record, appended to and synced, begun anew by size, and a note
//! of the last record beside them, by which a cut end is seen.

use std::{
    fs::{File, TryLockError},
    io::{self, ErrorKind, Read},
    os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use chrono::Utc;

use super::{
    AuditError, Deed, Record,
    notes::Tally,
    record::{GENESIS, Mac, Seal, hex, unhex},
    verify::{Wanted, verify},
};
use crate::secret::{OTHERS, key_file, own_uid, private_folder, quoted, refuse_replaceable};

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
    /// The folder itself, opened once and locked: to sync it takes no descriptor when there is none left, and two daemons
    /// that wrote one chain would break it for each other.
    handle: File,
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
        make_private(directory)?;
        let handle = File::open(directory)?;
        match handle.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let why = "another daemon keeps its own there; name another in audit.directory".to_owned();
                return Err(AuditError::Place { path: directory.to_owned(), why });
            }
            Err(TryLockError::Error(error)) => {
                tracing::warn!(target: "mcpd::audit", %error, "nothing keeps another daemon from this folder");
            }
            Ok(()) => {}
        }
        let files = files(directory)?;
        let had_key = key.exists();
        if !files.is_empty() && !had_key {
            return Err(AuditError::KeyLost { key: key.to_owned(), directory: directory.to_owned() });
        }
        let place = |error: io::Error| AuditError::Place { path: key.to_owned(), why: error.to_string() };
        let seal = Seal::new(&key_file(key).map_err(place)?)?;
        let head = Head { seq: 0, mac: GENESIS };
        let directory = directory.to_owned();
        let mut folder = Self { directory, handle, seal, head, written: None, broken: None };
        folder.take_up(&files, had_key)?;
        if let Some(why) = &folder.broken {
            tracing::error!(target: "mcpd::audit", why, "the audit is not what was written; the next record tells");
        }
        Ok(folder)
    }

    /// Finds the end of the chain: the last record that is as it was written.
    fn take_up(&mut self, files: &[PathBuf], had_key: bool) -> Result<(), AuditError> {
        let remembered = remembered(&self.directory, &self.seal);
        let Some(last) = files.last() else {
            match remembered {
                Some(head) if head.seq > 0 => {
                    self.broken = Some(format!("records 1 to {} are gone", head.seq));
                    self.head = head;
                }
                // Where there is a key there was a chain.
                None if had_key => self.broken = Some("all records are gone".to_owned()),
                _ => self.remember_for_good()?,
            }
            return Ok(());
        };
        let file = File::options().read(true).write(true).open(last)?;
        let length = whole_lines(&file)?;
        let torn = file.metadata()?.len() > length;
        if length == 0 {
            // Begun by a process that ended before its first record was there.
            std::fs::remove_file(last)?;
            return self.take_up(&files[..files.len() - 1], had_key);
        }
        self.written = Some(Written { file, path: last.clone(), length, torn });
        let first = first_of(last).unwrap_or(1);
        let after = remembered.map_or(first, |head| head.seq.min(first)).saturating_sub(1);
        let wanted = Wanted { head: remembered.unwrap_or(self.head), checkpoint: None, after };
        let looked = verify(&self.directory, &self.seal, &wanted)?;
        let sound = looked.last.unwrap_or(self.head);
        self.broken = match (remembered, looked.bad) {
            (None, _) => Some("the note of the last record is gone".to_owned()),
            (Some(_), bad) => bad.map(|bad| bad.why),
        };
        // What cannot be vouched for is nothing to go on from.
        self.head = remembered.filter(|head| head.seq > sound.seq).unwrap_or(sound);
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
    pub(super) fn append(&mut self, deeds: &[(Deed, Tally)], bounds: Bounds) -> Result<u64, AuditError> {
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
            let why = format!("{path} was changed, moved or removed while it was written");
            tracing::error!(target: "mcpd::audit", why, "the audit is not what was written");
            self.broken = Some(why);
        }
        Ok(())
    }

    /// Begins a new file; its first record bears the seal of the one before, and tells if that is not there any more.
    fn begin(&mut self) -> Result<(), AuditError> {
        let path = self.directory.join(format!("{PREFIX}{:012}{SUFFIX}", self.head.seq + 1));
        let file = fresh_file(&path)?;
        // Its name is on the disk before anything counts as written to it.
        self.handle.sync_all()?;
        let before = self.written.replace(Written { file, path, length: 0, torn: false });
        let action = if self.broken.is_some() { BROKEN } else { BEGUN };
        let mut deed = Deed::own(action);
        deed.why.clone_from(&self.broken);
        let prev = Some(hex(&self.head.mac));
        match self.write(&[(deed, (Utc::now(), 1))], prev) {
            Ok(_) => self.broken = None,
            Err(error) => {
                // The file stays without a record, and is taken when something is to be written next.
                self.written = before;
                return Err(error);
            }
        }
        Ok(())
    }

    /// Removes the oldest files beyond those that are kept, and records that first.
    fn drop_files(&mut self, keep: usize) -> Result<(), AuditError> {
        let files = files(&self.directory)?;
        let Some(first_kept) = files.len().checked_sub(keep.max(1)).filter(|first| *first > 0) else {
            return Ok(());
        };
        let through = files.get(first_kept).and_then(|file| first_of(file)).unwrap_or(1) - 1;
        let subject = Some(through.to_string());
        self.write(&[(Deed { subject, ..Deed::own(DROPPED) }, (Utc::now(), 1))], None)?;
        files[..first_kept].iter().try_for_each(std::fs::remove_file)?;
        Ok(())
    }

    fn write(&mut self, deeds: &[(Deed, Tally)], mut prev: Option<String>) -> Result<u64, AuditError> {
        let mut bytes = Vec::new();
        let Head { mut seq, mut mac } = self.head;
        for (deed, (at, times)) in deeds {
            seq += 1;
            let record = Record { prev: prev.take(), ..Record::of(seq, *at, deed.clone(), *times) };
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
        let line = note(&self.seal, self.head);
        let mut options = File::options();
        let opened =
            options.create(true).truncate(false).write(true).mode(0o600).open(self.directory.join(HEAD));
        if let Err(error) = opened.and_then(|file| file.write_all_at(line.as_bytes(), 0)) {
            tracing::warn!(%error, "the last record of the audit could not be noted");
        }
    }

    /// Notes it for good: a chain that has just begun is not taken for one that lost its note.
    fn remember_for_good(&self) -> Result<(), AuditError> {
        self.remember();
        File::open(self.directory.join(HEAD))?.sync_all()?;
        Ok(self.handle.sync_all()?)
    }
}

fn note(seal: &Seal, head: Head) -> String {
    let mac = seal.over(&head.mac, format!("head {}", head.seq).as_bytes());
    format!("{:020} {} {}\n", head.seq, hex(&head.mac), hex(&mac))
}

/// Returns the last record that was noted, if the note is what was written.
pub(super) fn remembered(directory: &Path, seal: &Seal) -> Option<Head> {
    let text = std::fs::read_to_string(directory.join(HEAD)).ok()?;
    let mut words = text.split_whitespace();
    let head = Head { seq: words.next()?.parse().ok()?, mac: unhex(words.next()?)? };
    (note(seal, head) == text).then_some(head)
}

/// Makes a file, or takes one that is there and has no record: of a beginning that was cut short.
fn fresh_file(path: &Path) -> Result<File, AuditError> {
    let mut options = File::options();
    options.read(true).write(true).mode(0o600);
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        made => return Ok(made?),
    }
    let file = options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed()).open(path)?;
    if whole_lines(&file)? > 0 {
        let why = "there are records in it that come later; move it away".to_owned();
        return Err(AuditError::Place { path: path.to_owned(), why });
    }
    file.set_len(0)?;
    Ok(file)
}

/// Returns where the last whole line ends.
fn whole_lines(file: &File) -> io::Result<u64> {
    let mut bytes = Vec::new();
    let mut reader = file;
    reader.read_to_end(&mut bytes)?;
    Ok(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last as u64 + 1))
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
    number.parse().ok().filter(|_| number.len() >= 12)
}

fn make_private(path: &Path) -> Result<(), AuditError> {
    let bad = |why: String| AuditError::Place { path: path.to_owned(), why };
    match private_folder(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(bad(error.to_string())),
        _ => {}
    }
    refuse_replaceable(path).map_err(|open| bad(open.to_string()))?;
    let found = std::fs::symlink_metadata(path)?;
    if !found.is_dir() {
        return Err(bad("it is a link or no directory; name another in audit.directory".to_owned()));
    }
    if found.uid() != own_uid() {
        let mend = format!("chown {} {}", own_uid(), quoted(path));
        return Err(bad(format!("it is user {}'s; make it the daemon's own: {mend}", found.uid())));
    }
    if found.mode() & OTHERS != 0 {
        return Err(bad(format!("others may use it; make it private: chmod 700 {}", quoted(path))));
    }
    Ok(())
}
