//! Tests of the jail: a tree in a directory of its own, and a secret beside it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod jail;
mod races;
mod read;
mod walk;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::{Jail, Limits, Root, Walk};

pub(super) const SECRET: &str = "the secret canary";

/// `root` may be read; `outside` holds `secret.rs` and may not.
pub(super) struct Place {
    _directory: tempfile::TempDir,
    pub(super) root: PathBuf,
    pub(super) outside: PathBuf,
}

impl Place {
    pub(super) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        let (root, outside) = (base.join("root"), base.join("outside"));
        fs::create_dir(&root).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("secret.rs"), SECRET).unwrap();
        Self { _directory: directory, root, outside }
    }

    pub(super) fn with(files: &[(&str, &str)]) -> Self {
        let place = Self::new();
        for (path, text) in files {
            place.write(path, text);
        }
        place
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn jail(&self) -> Jail {
        Jail::new(vec![self.root.clone()])
    }

    pub(super) fn open(&self) -> Root {
        self.jail().open(&self.root).unwrap()
    }

    pub(super) fn walk(&self) -> Walk {
        self.walk_within(&LIMITS)
    }

    pub(super) fn walk_within(&self, limits: &Limits) -> Walk {
        self.open().walk(limits, &is_rust, &|_| ControlFlow::Continue(())).unwrap()
    }
}

pub(super) const LIMITS: Limits =
    Limits { files: 10_000, file_bytes: 1_000_000, total_bytes: 100_000_000, depth: 64 };

pub(super) fn is_rust(path: &str) -> bool {
    path.ends_with(".rs")
}

pub(super) fn link(to: impl AsRef<Path>, at: impl AsRef<Path>) {
    std::os::unix::fs::symlink(to, at).unwrap();
}

pub(super) fn fifo(at: &Path) {
    let made = std::process::Command::new("mkfifo").arg(at).status().unwrap();
    assert!(made.success(), "mkfifo {}", at.display());
}

pub(super) fn paths(walk: &Walk) -> Vec<&str> {
    walk.files.iter().map(|file| file.path.as_str()).collect()
}
