//! The directories under which trees may be read, and the way from a path to an open directory inside them.

use std::fs;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, fstat};
use rustix::io::Errno;

use super::{Root, TreeError, disk};

/// The directories under which trees may be read.
#[derive(Debug, Clone)]
pub struct Jail {
    roots: Vec<PathBuf>,
}

impl Jail {
    /// Returns the jail of these directories; one that does not exist yet matches nothing until it does.
    pub fn new(roots: Vec<PathBuf>) -> Self {
        Self { roots }
    }

    /// Returns the directories as they were given.
    pub fn roots(&self) -> &[PathBuf] {
        &self.roots
    }

    /// Opens a directory inside the roots, or one of them.
    pub fn open(&self, path: &Path) -> Result<Root, TreeError> {
        if !path.is_absolute() {
            return Err(TreeError::NotAbsolute);
        }
        let canonical = match fs::canonicalize(path) {
            Ok(canonical) => canonical,
            Err(_) => return Err(self.why_not(path)),
        };
        let root = self.containing(&canonical).ok_or(TreeError::Outside)?;
        if disk::is_system_path(&canonical) {
            return Err(TreeError::Forbidden);
        }
        Self::descend(&root, canonical)
    }

    /// Returns the canonical root that holds a canonical path.
    fn containing(&self, canonical: &Path) -> Option<PathBuf> {
        // Resolved each time: a root may be made, moved or mounted while the daemon runs.
        let roots = self.roots.iter().filter(|root| root.is_absolute());
        roots.filter_map(|root| fs::canonicalize(root).ok()).find(|root| canonical.starts_with(root))
    }

    /// Opens a canonical path again from the root's descriptor, name by name: between the question where it leads and
    /// this, any of its directories may have been replaced by a link.
    fn descend(root: &Path, canonical: PathBuf) -> Result<Root, TreeError> {
        let refused = |errno: Errno| match errno {
            Errno::NOENT => TreeError::Missing,
            Errno::NOTDIR => TreeError::NotADirectory,
            Errno::LOOP | Errno::MLINK => TreeError::Outside,
            other => TreeError::Io { doing: "open the directory", source: other.into() },
        };
        let mut directory = disk::open_directory(CWD, root).map_err(refused)?;
        let below = canonical.strip_prefix(root).map_err(|_| TreeError::Outside)?;
        for component in below.components() {
            let Component::Normal(name) = component else { return Err(TreeError::Outside) };
            directory = disk::open_directory(&directory, name).map_err(refused)?;
        }
        if disk::is_system_filesystem(&directory).map_err(TreeError::io("examine the directory"))? {
            return Err(TreeError::Forbidden);
        }
        let stat = fstat(&directory).map_err(TreeError::io("examine the directory"))?;
        Ok(Root::new(directory, canonical, &stat))
    }

    /// Returns why a path leads nowhere, without telling anything of what lies outside.
    fn why_not(&self, path: &Path) -> TreeError {
        let mut missing = path;
        for ancestor in path.ancestors().skip(1) {
            let Ok(canonical) = fs::canonicalize(ancestor) else {
                missing = ancestor;
                continue;
            };
            if self.containing(&canonical).is_none() {
                return TreeError::Outside;
            }
            return match fs::symlink_metadata(missing) {
                // A link that cannot be followed answers as one that leads out: else it would tell what exists there.
                Ok(found) if found.is_symlink() => TreeError::Outside,
                Err(error) if error.kind() == ErrorKind::NotFound => TreeError::Missing,
                Err(error) if error.kind() == ErrorKind::NotADirectory => TreeError::NotADirectory,
                Err(source) => TreeError::Io { doing: "open the directory", source },
                // It is there and cannot be entered.
                Ok(_) => {
                    TreeError::Io { doing: "open the directory", source: ErrorKind::PermissionDenied.into() }
                }
            };
        }
        TreeError::Outside
    }
}
