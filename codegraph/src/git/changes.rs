//! What differs between `HEAD` and the files of a tree.

use std::collections::{HashMap, HashSet};

use gix_hash::ObjectId;
use gix_object::{CommitRefIter, Kind, TreeRefIter, tree::EntryKind};

use super::index::{self, LARGEST_INDEX, Seen};
use super::objects::Objects;
use super::{Changes, GitError, Repository, broken};
use crate::tree::Stamp;

/// Entries of the tree of a commit at most.
const MOST_ENTRIES: usize = 1_000_000;

/// Bytes of their paths together: folders can be many times in a commit at no cost to whoever made it.
const LONGEST_PATHS: usize = 256 * 1024 * 1024;

/// Folders below one another at most, as in a walk.
const DEEPEST: usize = 200;

const HASH: gix_hash::Kind = gix_hash::Kind::Sha1;

/// A file that `HEAD` has.
struct Known {
    object: ObjectId,
    /// How the index last saw it when it was the same as in `HEAD`.
    seen: Option<Seen>,
    /// It is among the files of the tree.
    present: bool,
}

/// What `HEAD` has of a tree.
#[derive(Default)]
struct Snapshot {
    files: HashMap<String, Known>,
    /// Repositories within, whose files are theirs.
    submodules: HashSet<String>,
    entries: usize,
    path_bytes: usize,
}

impl Repository {
    /// Compares the files of the tree with `HEAD`; `read` returns the content of one, and `wanted` says which files
    /// count when they are missing.
    pub fn changes<'a>(
        &self,
        files: &mut dyn Iterator<Item = (&'a str, Stamp)>,
        read: &dyn Fn(&str) -> Option<Vec<u8>>,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Changes, GitError> {
        let mut snapshot = Snapshot::default();
        if let Some(commit) = self.commit()? {
            snapshot.take(&mut Objects::open(self)?, commit, &self.prefix, wanted)?;
        }
        let written = self.note_index(&mut snapshot);
        let mut changes = Changes::default();
        for (path, stamp) in files {
            let Some(known) = snapshot.files.get_mut(path) else {
                if !snapshot.is_in_submodule(path) {
                    changes.untracked.push(path.to_owned());
                }
                continue;
            };
            known.present = true;
            if known.is_clean_by_index(stamp, written) {
                continue;
            }
            match read(path) {
                Some(bytes) if is_object(&bytes, &known.object) => {}
                Some(_) => changes.modified.push(path.to_owned()),
                // Gone since it was found, or no longer readable.
                None if self.is_gone(path) => changes.deleted.push(path.to_owned()),
                None => changes.modified.push(path.to_owned()),
            }
        }
        // A walk leaves out hidden, ignored and oversized files: only what is really gone is deleted.
        let absent = snapshot.files.into_iter().filter(|(_, known)| !known.present).map(|(path, _)| path);
        changes.deleted.extend(absent.filter(|path| self.is_gone(path)));
        for paths in [&mut changes.modified, &mut changes.untracked, &mut changes.deleted] {
            paths.sort_unstable();
        }
        Ok(changes)
    }

    fn is_gone(&self, path: &str) -> bool {
        matches!(self.tree.stamp(path), Ok(None))
    }

    /// Notes how the index last saw the files of `HEAD`, and returns when it was written.
    fn note_index(&self, snapshot: &mut Snapshot) -> i64 {
        // Without an index, or with a damaged one, every file is hashed: slower and just as true.
        let Ok(index) = self.git.read("index", LARGEST_INDEX) else { return 0 };
        let _ = index::read(&index.bytes, &mut |path, seen| {
            let below = path.strip_prefix(self.prefix.as_bytes()).and_then(|path| str::from_utf8(path).ok());
            if let Some(known) = below.and_then(|path| snapshot.files.get_mut(path))
                && known.object == seen.object
            {
                known.seen = Some(seen);
            }
        });
        index.stamp.modified
    }
}

impl Known {
    fn is_clean_by_index(&self, stamp: Stamp, written: i64) -> bool {
        // A file changed in the very moment the index was written may have changed after it as well.
        self.seen.is_some_and(|seen| {
            seen.modified == stamp.modified && seen.size == stamp.size as u32 && stamp.modified < written
        })
    }
}

impl Snapshot {
    /// Takes the files of a commit that are below `prefix` and wanted.
    fn take(
        &mut self,
        objects: &mut Objects,
        commit: ObjectId,
        prefix: &str,
        wanted: &dyn Fn(&str) -> bool,
    ) -> Result<(), GitError> {
        let bytes = objects.read(&commit, Kind::Commit)?;
        let mut folder = CommitRefIter::from_bytes(&bytes, HASH)
            .tree_id()
            .map_err(|_| broken("its commit has no tree"))?;
        for name in prefix.split_terminator('/') {
            match self.child(objects, &folder, name)? {
                Some(child) => folder = child,
                None => return Ok(()),
            }
        }
        let mut folders = vec![(folder, String::new(), 0)];
        while let Some((folder, path, depth)) = folders.pop() {
            let bytes = objects.read(&folder, Kind::Tree)?;
            for entry in TreeRefIter::from_bytes(&bytes, HASH) {
                let entry = entry.map_err(|_| broken("a folder of its commit cannot be read"))?;
                self.count(0)?;
                let Ok(name) = str::from_utf8(entry.filename) else { continue };
                let path = format!("{path}{name}");
                let object = entry.oid.to_owned();
                match entry.mode.kind() {
                    EntryKind::Blob | EntryKind::BlobExecutable if wanted(&path) => {
                        self.count(path.len())?;
                        self.files.insert(path, Known { object, seen: None, present: false });
                    }
                    EntryKind::Tree if depth < DEEPEST => {
                        self.count(path.len())?;
                        folders.push((object, path + "/", depth + 1));
                    }
                    EntryKind::Commit => {
                        self.count(path.len())?;
                        self.submodules.insert(path);
                    }
                    EntryKind::Blob | EntryKind::BlobExecutable | EntryKind::Tree | EntryKind::Link => {}
                }
            }
        }
        Ok(())
    }

    fn child(
        &mut self,
        objects: &mut Objects,
        folder: &ObjectId,
        name: &str,
    ) -> Result<Option<ObjectId>, GitError> {
        let bytes = objects.read(folder, Kind::Tree)?;
        for entry in TreeRefIter::from_bytes(&bytes, HASH) {
            let entry = entry.map_err(|_| broken("a folder of its commit cannot be read"))?;
            self.count(0)?;
            if entry.filename == name && entry.mode.is_tree() {
                return Ok(Some(entry.oid.to_owned()));
            }
        }
        Ok(None)
    }

    /// Counts an entry, or the bytes of a path that is kept.
    fn count(&mut self, path_bytes: usize) -> Result<(), GitError> {
        self.entries += usize::from(path_bytes == 0);
        self.path_bytes += path_bytes;
        if self.entries > MOST_ENTRIES || self.path_bytes > LONGEST_PATHS {
            return Err(GitError::TooLarge { what: "the files of its commit" });
        }
        Ok(())
    }

    fn is_in_submodule(&self, path: &str) -> bool {
        !self.submodules.is_empty()
            && path.match_indices('/').any(|(end, _)| self.submodules.contains(&path[..end]))
    }
}

fn is_object(bytes: &[u8], object: &ObjectId) -> bool {
    gix_object::compute_hash(HASH, Kind::Blob, bytes).is_ok_and(|hash| hash == *object)
}
