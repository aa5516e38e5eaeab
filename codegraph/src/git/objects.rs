//! The objects of a repository and of those it borrows from, packed or loose, with a bound on the work altogether.

use std::collections::{HashMap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::Kind;

use super::inflate::Inflater;
use super::pack::{self, Pack, Stored};
use super::{GitError, Repository, broken};
use crate::tree::{Links, Root, TreeError};

/// Bytes of a commit or a tree at most: a folder of half a million files.
const LARGEST_OBJECT: u64 = 32 * 1024 * 1024;

/// Bytes of all objects and deltas that are inflated for one question.
const MOST_BYTES: u64 = 1024 * 1024 * 1024;

/// Bytes of the deltas that lead to one object, and how many; git makes at most 4,095.
const LARGEST_CHAIN: u64 = 128 * 1024 * 1024;
const LONGEST_CHAIN: usize = 4_096;

/// Bytes of the objects that are kept because others are told by their difference from them.
const LARGEST_CACHE: usize = 64 * 1024 * 1024;

/// Object directories that borrow from one another.
const MOST_STORES: usize = 16;

/// Packs altogether: each keeps two files open.
const MOST_PACKS: usize = 200;

/// Files in a folder of packs.
const MOST_NAMES: usize = 10_000;

/// Bytes of a list of directories to borrow from.
const LARGEST_ALTERNATES: u64 = 64 * 1024;

/// The objects of a repository.
pub(super) struct Objects {
    stores: Vec<Root>,
    packs: Vec<Pack>,
    inflater: Inflater,
    left: u64,
    cache: HashMap<Place, (Kind, Rc<Vec<u8>>)>,
    cached: usize,
}

/// A pack and where in it.
type Place = (usize, u64);

impl Objects {
    pub(super) fn open(repository: &Repository) -> Result<Self, GitError> {
        let (mut stores, mut packs) = (Vec::<Root>::new(), Vec::new());
        let mut coming: VecDeque<PathBuf> = VecDeque::new();
        let mut next = Some(repository.common.enter("objects")?);
        while let Some(store) = next.take() {
            open_packs(&store, &mut packs)?;
            coming.extend(borrowed(&store)?);
            stores.push(store);
            while let Some(path) = coming.pop_front() {
                let store = match repository.jail.open(&path) {
                    Ok(store) => store,
                    // Git goes on without it as well.
                    Err(TreeError::Missing | TreeError::NotADirectory) => continue,
                    Err(TreeError::Outside) => return Err(GitError::Outside),
                    Err(error) => return Err(error.into()),
                };
                if stores.iter().any(|known| known.path() == store.path()) {
                    continue;
                }
                if stores.len() >= MOST_STORES {
                    return Err(GitError::TooLarge { what: "the directories it borrows objects from" });
                }
                next = Some(store);
                break;
            }
        }
        let inflater = Inflater::new();
        Ok(Self { stores, packs, inflater, left: MOST_BYTES, cache: HashMap::new(), cached: 0 })
    }

    /// Returns the content of an object of a kind.
    pub(super) fn read(&mut self, object: &ObjectId, kind: Kind) -> Result<Rc<Vec<u8>>, GitError> {
        let (found, bytes) = match self.place(object)? {
            Some(place) => self.packed(place)?,
            None => self.loose(object)?,
        };
        if found == kind { Ok(bytes) } else { Err(broken("an object is of another kind than expected")) }
    }

    fn place(&self, object: &ObjectId) -> Result<Option<Place>, GitError> {
        for (number, pack) in self.packs.iter().enumerate() {
            if let Some(at) = pack.find(object)? {
                return Ok(Some((number, at)));
            }
        }
        Ok(None)
    }

    /// Takes bytes from what may be inflated, before memory is taken for them.
    fn charge(&mut self, bytes: u64) -> Result<usize, GitError> {
        if bytes > LARGEST_OBJECT {
            return Err(GitError::TooLarge { what: "one of its folders" });
        }
        self.left =
            self.left.checked_sub(bytes).ok_or(GitError::TooLarge { what: "its folders together" })?;
        Ok(bytes as usize)
    }

    fn packed(&mut self, mut place: Place) -> Result<(Kind, Rc<Vec<u8>>), GitError> {
        let mut deltas = Vec::new();
        let mut weight = 0;
        let (kind, mut whole) = loop {
            if let Some((kind, bytes)) = self.cache.get(&place) {
                break (*kind, Rc::clone(bytes));
            }
            let entry = self.packs[place.0].entry(place.1)?;
            let size = self.charge(entry.size)?;
            weight += entry.size;
            if deltas.len() >= LONGEST_CHAIN || weight > LARGEST_CHAIN {
                return Err(GitError::TooLarge { what: "a chain of deltas" });
            }
            let bytes = self.inflater.stream(self.packs[place.0].data(), entry.at).exactly(size)?;
            let base = match entry.stored {
                Stored::Whole(kind) => {
                    let bytes = Rc::new(bytes);
                    self.keep(place, kind, &bytes);
                    break (kind, bytes);
                }
                Stored::After(base) => Ok((place.0, base)),
                Stored::Beside(object) => self.place(&object)?.ok_or(object),
            };
            deltas.push((place, bytes));
            match base {
                Ok(base) => place = base,
                Err(object) => break self.loose(&object)?,
            }
        };
        for (place, delta) in deltas.into_iter().rev() {
            let damaged = || broken("a delta does not fit its base");
            let (before, after, orders) = pack::sizes(&delta).ok_or_else(damaged)?;
            let size = self.charge(after)?;
            if before != whole.len() as u64 {
                return Err(damaged());
            }
            whole = Rc::new(pack::apply(&whole, orders, size).ok_or_else(damaged)?);
            self.keep(place, kind, &whole);
        }
        Ok((kind, whole))
    }

    fn keep(&mut self, place: Place, kind: Kind, bytes: &Rc<Vec<u8>>) {
        if self.cached + bytes.len() > LARGEST_CACHE {
            self.cache.clear();
            self.cached = 0;
        }
        self.cached += bytes.len();
        self.cache.insert(place, (kind, Rc::clone(bytes)));
    }

    fn loose(&mut self, object: &ObjectId) -> Result<(Kind, Rc<Vec<u8>>), GitError> {
        let name = object.to_string();
        let path = format!("{}/{}", &name[..2], &name[2..]);
        let mut found = None;
        for store in &self.stores {
            match store.open_file(&path, Links::Hard) {
                Ok((file, _)) => {
                    found = Some(file);
                    break;
                }
                Err(TreeError::NotThere) => {}
                Err(error) => return Err(error.into()),
            }
        }
        // In a clone that fetches on demand this is nothing wrong, but nothing is fetched here.
        let file = found.ok_or(broken("an object that HEAD needs is missing"))?;
        let mut head = [0; 32];
        let filled = self.inflater.stream(&file, 0).fill(&mut head)?;
        let (kind, size, used) = gix_object::decode::loose_header(&head[..filled])
            .map_err(|_| broken("an object has no header"))?;
        let size = self.charge(size)?;
        let mut bytes = self.inflater.stream(&file, 0).exactly(used + size)?;
        bytes.drain(..used);
        Ok((kind, Rc::new(bytes)))
    }
}

/// Opens the packs of an object directory.
fn open_packs(store: &Root, packs: &mut Vec<Pack>) -> Result<(), GitError> {
    let directory = match store.enter("pack") {
        Ok(directory) => directory,
        Err(TreeError::NotThere) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let many = || GitError::TooLarge { what: "the number of its packs" };
    let names = directory.names(MOST_NAMES)?.ok_or_else(many)?;
    for name in names.iter().filter(|name| name.ends_with(".idx")) {
        if packs.len() >= MOST_PACKS {
            return Err(many());
        }
        match Pack::open(&directory, name) {
            Ok(pack) => packs.push(pack),
            // Git is packing anew at this moment; what is gone is in another pack.
            Err(GitError::Tree(TreeError::NotThere)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Returns the object directories that one borrows from.
fn borrowed(store: &Root) -> Result<Vec<PathBuf>, GitError> {
    let text = match store.read("info/alternates", LARGEST_ALTERNATES) {
        Ok(read) => read.bytes,
        Err(TreeError::NotThere) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let text =
        String::from_utf8(text).map_err(|_| broken("it borrows objects from a path that is no text"))?;
    let paths = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(paths.map(|path| store.path().join(path)).collect())
}
