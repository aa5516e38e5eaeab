//! How often each file changed: the commits that `HEAD` leads to, newest first, each compared with its parent. What ends
//! the walk before the beginning is told, since a count without its window says nothing.

use std::{
    collections::{BinaryHeap, HashMap, HashSet},
    time::{Duration, Instant},
};

use gix_hash::ObjectId;
use gix_object::{CommitRef, Kind, TreeRefIter, tree::EntryKind};

use super::{GitError, Repository, broken, objects::Objects};
use crate::tree::TreeError;

const HASH: gix_hash::Kind = gix_hash::Kind::Sha1;
/// Folders below one another at most.
const DEEPEST: usize = 200;
/// Files that are counted at most.
const MOST_FILES: usize = 200_000;
/// Bytes of the list of commits whose parents a shallow clone does not have.
const LARGEST_SHALLOW: u64 = 1024 * 1024;

/// How far back to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Commits at most.
    pub commits: usize,
    /// Oldest commit that counts, seconds since 1970.
    pub since: i64,
    /// Time it may take.
    pub patience: Duration,
}

/// What ended a walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// There are no more commits.
    Beginning,
    /// Older commits do not count.
    Window,
    /// There are more commits than are looked at.
    Commits,
    /// It took too long.
    Time,
    /// There is more to read than is read for a stranger.
    Size,
    /// The clone is a shallow one: what came before is not there.
    Shallow,
    /// An object is missing or damaged.
    Missing,
}

impl Ended {
    /// Returns why, in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Beginning => "the first commit",
            Self::Window => "older commits do not count",
            Self::Commits => "more commits than are looked at",
            Self::Time => "the time for it was over",
            Self::Size => "more to read than is read",
            Self::Shallow => "a shallow clone, which has no older commits",
            Self::Missing => "an object that is missing or damaged",
        }
    }
}

/// How often files changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Commits that changed each file, by its path in the tree; merges count nothing, what they merged does.
    pub changes: HashMap<String, u32>,
    /// Commits that were looked at.
    pub commits: usize,
    /// Time of the oldest of them, seconds since 1970.
    pub oldest: Option<i64>,
    /// What ended it.
    pub ended: Ended,
}

/// A commit still to be looked at; the greatest is the newest.
type Coming = (i64, ObjectId);

/// A commit as far as it matters here.
struct Commit {
    tree: ObjectId,
    parents: Vec<ObjectId>,
    time: i64,
}

/// A walk under way.
struct Walk<'a> {
    objects: Objects,
    prefix: &'a str,
    wanted: &'a dyn Fn(&str) -> bool,
    history: History,
    began: Instant,
    window: Window,
}

impl Repository {
    /// Counts how often the files changed that `wanted` accepts.
    pub fn history(&self, window: Window, wanted: &dyn Fn(&str) -> bool) -> Result<History, GitError> {
        let history = History { changes: HashMap::new(), commits: 0, oldest: None, ended: Ended::Beginning };
        let Some(head) = self.commit()? else { return Ok(history) };
        let shallow = self.shallow()?;
        let objects = Objects::open(self)?;
        let began = Instant::now();
        let mut walk = Walk { objects, prefix: &self.prefix, wanted, history, began, window };
        match walk.run(head, &shallow) {
            Ok(ended) => walk.history.ended = ended,
            // Of the first commit nothing could be read: there is no history to tell.
            Err(error) if walk.history.commits == 0 => return Err(error),
            Err(GitError::TooLarge { .. }) => walk.history.ended = Ended::Size,
            Err(
                GitError::Broken { .. }
                | GitError::Outside
                | GitError::Unsupported { .. }
                | GitError::Tree(_)
                | GitError::Io(_),
            ) => walk.history.ended = Ended::Missing,
        }
        Ok(walk.history)
    }

    /// Returns the commits whose parents were left out of the clone.
    fn shallow(&self) -> Result<HashSet<ObjectId>, GitError> {
        let text = match self.common.read("shallow", LARGEST_SHALLOW) {
            Ok(read) => read.bytes,
            Err(TreeError::NotThere) => return Ok(HashSet::new()),
            Err(error) => return Err(error.into()),
        };
        let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        let ids = lines.map(|line| ObjectId::from_hex(line.trim_ascii()));
        ids.collect::<Result<_, _>>().map_err(|_| broken("its list of shallow commits cannot be read"))
    }
}

impl Walk<'_> {
    fn run(&mut self, head: ObjectId, shallow: &HashSet<ObjectId>) -> Result<Ended, GitError> {
        let mut ended = Ended::Beginning;
        let mut seen: HashSet<ObjectId> = HashSet::from([head]);
        let first = self.commit(&head)?;
        let mut known: HashMap<ObjectId, Commit> = HashMap::new();
        let mut open: BinaryHeap<Coming> = BinaryHeap::from([(first.time, head)]);
        known.insert(head, first);
        while let Some((time, id)) = open.pop() {
            let Some(commit) = known.remove(&id) else { continue };
            if time < self.window.since {
                // By their clocks the rest is older still.
                return Ok(if ended == Ended::Shallow { ended } else { Ended::Window });
            }
            if self.history.commits >= self.window.commits {
                return Ok(Ended::Commits);
            }
            if self.began.elapsed() > self.window.patience {
                return Ok(Ended::Time);
            }
            let is_shallow = shallow.contains(&id);
            if is_shallow {
                ended = Ended::Shallow;
            }
            let parents = if is_shallow { &[][..] } else { &commit.parents };
            for parent in parents {
                if seen.insert(*parent) {
                    let known_parent = self.commit(parent)?;
                    open.push((known_parent.time, *parent));
                    known.insert(*parent, known_parent);
                }
            }
            match parents {
                [] if is_shallow => {}
                [] => self.compare(None, commit.tree)?,
                [only] => {
                    let before = known.get(only).map(|parent| parent.tree);
                    let before = match before {
                        Some(tree) => tree,
                        None => self.commit(only)?.tree,
                    };
                    self.compare(Some(before), commit.tree)?;
                }
                [_, ..] => {}
            }
            self.history.commits += 1;
            self.history.oldest = Some(self.history.oldest.map_or(time, |oldest| oldest.min(time)));
        }
        Ok(ended)
    }

    fn commit(&mut self, id: &ObjectId) -> Result<Commit, GitError> {
        let bytes = self.objects.read(id, Kind::Commit)?;
        let damaged = |_| broken("one of its commits cannot be read");
        let commit = CommitRef::from_bytes(&bytes, HASH).map_err(damaged)?;
        let time = commit.committer().map_err(damaged)?.seconds();
        Ok(Commit { tree: commit.tree(), parents: commit.parents().collect(), time })
    }

    /// Counts what differs between two commits below the prefix.
    fn compare(&mut self, before: Option<ObjectId>, after: ObjectId) -> Result<(), GitError> {
        if before == Some(after) {
            return Ok(());
        }
        let before = match before {
            Some(tree) => self.below_prefix(tree)?,
            None => None,
        };
        let after = self.below_prefix(after)?;
        let mut open = vec![(before, after, String::new(), 0)];
        while let Some((before, after, path, depth)) = open.pop() {
            if before == after || depth > DEEPEST {
                continue;
            }
            let (old, new) = (self.entries(before)?, self.entries(after)?);
            let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                let (one, other) = (old.get(name), new.get(name));
                if one == other {
                    continue;
                }
                let whole = format!("{path}{name}");
                let tree = |entry: Option<&Entry>| match entry {
                    Some(Entry::Folder(id)) => Some(*id),
                    Some(Entry::File(..)) | None => None,
                };
                let file = |entry: Option<&Entry>| matches!(entry, Some(Entry::File(..)));
                if file(one) || file(other) {
                    self.count(&whole)?;
                }
                if tree(one).is_some() || tree(other).is_some() {
                    open.push((tree(one), tree(other), whole + "/", depth + 1));
                }
            }
        }
        Ok(())
    }

    fn count(&mut self, path: &str) -> Result<(), GitError> {
        if let Some(count) = self.history.changes.get_mut(path) {
            *count += 1;
        } else if (self.wanted)(path) {
            if self.history.changes.len() >= MOST_FILES {
                return Err(GitError::TooLarge { what: "the files of its history" });
            }
            self.history.changes.insert(path.to_owned(), 1);
        }
        Ok(())
    }

    fn below_prefix(&mut self, tree: ObjectId) -> Result<Option<ObjectId>, GitError> {
        let mut folder = tree;
        for name in self.prefix.split_terminator('/') {
            match self.entries(Some(folder))?.get(name) {
                Some(Entry::Folder(child)) => folder = *child,
                Some(Entry::File(..)) | None => return Ok(None),
            }
        }
        Ok(Some(folder))
    }

    fn entries(&mut self, folder: Option<ObjectId>) -> Result<HashMap<String, Entry>, GitError> {
        let Some(folder) = folder else { return Ok(HashMap::new()) };
        let bytes = self.objects.read(&folder, Kind::Tree)?;
        let mut entries = HashMap::new();
        for entry in TreeRefIter::from_bytes(&bytes, HASH) {
            let entry = entry.map_err(|_| broken("a folder of one of its commits cannot be read"))?;
            let Ok(name) = str::from_utf8(entry.filename) else { continue };
            let id = entry.oid.to_owned();
            let entry = match entry.mode.kind() {
                EntryKind::Tree => Entry::Folder(id),
                kind @ (EntryKind::Blob | EntryKind::BlobExecutable) => {
                    Entry::File(id, kind == EntryKind::Blob)
                }
                EntryKind::Link | EntryKind::Commit => continue,
            };
            entries.insert(name.to_owned(), entry);
        }
        Ok(entries)
    }
}

/// What a name in a folder is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// A file with this content, and whether it is a plain one.
    File(ObjectId, bool),
    Folder(ObjectId),
}
