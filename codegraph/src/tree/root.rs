//! One open directory: its files are examined and read relative to it, name by name, never through a link.

use std::fs::File;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Stat, fstat, statat};
use rustix::io::Errno;

use super::{Limits, Stamp, TreeError, Walk, disk, walk};

/// Bytes of a relative path at most.
const LONGEST_PATH: usize = 16 * 1024;

/// One directory, opened once; everything is opened relative to it.
#[derive(Debug)]
pub struct Root {
    directory: OwnedFd,
    path: PathBuf,
    device: u64,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its stamp, the same before and after reading.
    pub stamp: Stamp,
}

/// Whether a file may have other names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// It has this name only.
    None,
    /// It may have more; `git clone` from a neighbouring directory makes its objects hard links.
    Hard,
}

impl Root {
    pub(super) fn new(directory: OwnedFd, path: PathBuf, stat: &Stat) -> Self {
        Self { directory, path, device: disk::device(stat) }
    }

    /// Returns the canonical path the directory had when it was opened; for people, never for opening.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Finds the files whose path `wanted` accepts; `watch` hears how many there are so far and may stop the walk.
    pub fn walk(
        &self,
        limits: &Limits,
        wanted: &dyn Fn(&str) -> bool,
        watch: &dyn Fn(usize) -> ControlFlow<()>,
    ) -> Result<Walk, TreeError> {
        walk::run(self, limits, wanted, watch)
    }

    /// Reads a file of at most `most` bytes.
    pub fn read(&self, path: &str, most: u64) -> Result<Read, TreeError> {
        // Once more: an editor that saves at this very moment is no reason to give up.
        match self.read_once(path, most) {
            Err(TreeError::Changed) => self.read_once(path, most),
            other => other,
        }
    }

    /// Returns the stamp of a file or directory, `None` where there is none (any more).
    pub fn stamp(&self, path: &str) -> Result<Option<Stamp>, TreeError> {
        let examine = TreeError::io("examine the file");
        if path.is_empty() {
            return fstat(&self.directory).map(|stat| Some(disk::stamp(&stat))).map_err(examine);
        }
        let found = match self.parent(path) {
            Ok((parent, name)) => statat(self.or_own(&parent), name, AtFlags::SYMLINK_NOFOLLOW),
            Err(TreeError::NotThere) => return Ok(None),
            Err(error) => return Err(error),
        };
        match found {
            Ok(stat) => {
                let kind = disk::kind(&stat);
                Ok((kind.is_file() || kind.is_dir()).then(|| disk::stamp(&stat)))
            }
            Err(errno) if disk::leads_nowhere(errno) => Ok(None),
            Err(errno) => Err(examine(errno)),
        }
    }

    /// Opens a regular file and returns it with its stamp.
    pub(crate) fn open_file(&self, path: &str, links: Links) -> Result<(File, Stamp), TreeError> {
        let (parent, name) = self.parent(path)?;
        open(self.or_own(&parent), name, links)
    }

    /// Opens a directory of this one.
    pub(crate) fn enter(&self, path: &str) -> Result<Self, TreeError> {
        let (parent, name) = self.parent(path)?;
        let directory = self.step(self.or_own(&parent), name)?;
        Ok(Self { directory, path: self.path.join(path), device: self.device })
    }

    /// Returns the names in this directory that are text, `None` if there are more than `most`.
    pub(crate) fn names(&self, most: usize) -> Result<Option<Vec<String>>, TreeError> {
        let mut names = Vec::new();
        for entry in self.entries()? {
            if names.len() > most + 2 {
                return Ok(None);
            }
            let entry = entry.map_err(TreeError::io("read the directory"))?;
            names.extend(entry.file_name().to_str().ok().map(str::to_owned));
        }
        names.retain(|name| name != "." && name != "..");
        Ok((names.len() <= most).then_some(names))
    }

    pub(super) fn entries(&self) -> Result<Dir, TreeError> {
        Dir::read_from(&self.directory).map_err(TreeError::io("read the directory"))
    }

    pub(super) fn stat(&self) -> Result<Stat, TreeError> {
        fstat(&self.directory).map_err(TreeError::io("examine the directory"))
    }

    /// Returns the number of the file system that is not left.
    pub(super) fn device(&self) -> u64 {
        self.device
    }

    fn read_once(&self, path: &str, most: u64) -> Result<Read, TreeError> {
        let (parent, name) = self.parent(path)?;
        read(self.or_own(&parent), name, most)
    }

    fn or_own<'a>(&'a self, directory: &'a Option<OwnedFd>) -> BorrowedFd<'a> {
        directory.as_ref().map_or(self.directory.as_fd(), AsFd::as_fd)
    }

    /// Opens the directory that holds `path`, `None` if it is this one, and returns the last name.
    fn parent<'a>(&self, path: &'a str) -> Result<(Option<OwnedFd>, &'a str), TreeError> {
        if !is_inside(path) {
            return Err(TreeError::BadPath);
        }
        let mut directory: Option<OwnedFd> = None;
        let mut rest = path;
        while let Some((name, after)) = rest.split_once('/') {
            directory = Some(self.step(self.or_own(&directory), name)?);
            rest = after;
        }
        Ok((directory, rest))
    }

    /// Opens one directory further, on the same file system.
    fn step(&self, parent: BorrowedFd<'_>, name: &str) -> Result<OwnedFd, TreeError> {
        let directory = disk::open_directory(parent, name).map_err(not_opened)?;
        let stat = fstat(&directory).map_err(TreeError::io("examine the directory"))?;
        // Only directories are compared: on overlayfs a file may have the number of the layer it comes from.
        if disk::device(&stat) == self.device { Ok(directory) } else { Err(TreeError::OtherFilesystem) }
    }
}

/// Reports whether a relative path, by its text, names something below a directory.
fn is_inside(path: &str) -> bool {
    path.len() <= LONGEST_PATH
        && !path.contains('\0')
        && path.split('/').all(|name| !name.is_empty() && name != "." && name != "..")
}

/// Reads the file `name` of an open directory, of at most `most` bytes.
pub(super) fn read(parent: BorrowedFd<'_>, name: &str, most: u64) -> Result<Read, TreeError> {
    let (mut file, stamp) = open(parent, name, Links::None)?;
    if stamp.size > most {
        return Err(TreeError::TooLarge { size: stamp.size, most });
    }
    let mut bytes = Vec::with_capacity(usize::try_from(stamp.size).unwrap_or(0).min(1 << 24));
    (&mut file)
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| TreeError::Io { doing: "read the file", source })?;
    let after = fstat(&file).map_err(TreeError::io("examine the file"))?;
    if disk::stamp(&after) != stamp || bytes.len() as u64 != stamp.size {
        return Err(TreeError::Changed);
    }
    Ok(Read { bytes, stamp })
}

fn open(parent: BorrowedFd<'_>, name: &str, links: Links) -> Result<(File, Stamp), TreeError> {
    // Asked before opening, because opening some devices does something; asked again after, because this proves nothing
    // about what is opened.
    check(&statat(parent, name, AtFlags::SYMLINK_NOFOLLOW).map_err(not_opened)?, links)?;
    let file = disk::open_file(parent, name).map_err(not_opened)?;
    let stat = fstat(&file).map_err(TreeError::io("examine the file"))?;
    check(&stat, links)?;
    // A single file can be mounted over another.
    if disk::is_system_filesystem(&file).map_err(TreeError::io("examine the file"))? {
        return Err(TreeError::Forbidden);
    }
    Ok((File::from(file), disk::stamp(&stat)))
}

fn check(stat: &Stat, links: Links) -> Result<(), TreeError> {
    if disk::kind(stat) != FileType::RegularFile {
        return Err(TreeError::NotAFile);
    }
    match links {
        Links::None if disk::names(stat) > 1 => Err(TreeError::HardLink),
        Links::None | Links::Hard => Ok(()),
    }
}

fn not_opened(errno: Errno) -> TreeError {
    if disk::leads_nowhere(errno) {
        return TreeError::NotThere;
    }
    // A name longer than any name can be.
    if errno == Errno::NAMETOOLONG { TreeError::NotThere } else { TreeError::io("open the file")(errno) }
}
