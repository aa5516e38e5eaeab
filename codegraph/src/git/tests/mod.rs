//! Tests of what git knows, against repositories that git itself made.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod changes;
mod history;
mod hostile;
mod places;

use std::cell::Cell;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::{Changes, GitError, Repository};
use crate::tree::{Jail, Limits};

/// `root` may be read and `outside` may not; `root/main` is a repository with a few files in its first commit.
pub(super) struct Place {
    directory: tempfile::TempDir,
    pub(super) root: PathBuf,
    pub(super) outside: PathBuf,
    pub(super) main: PathBuf,
}

impl Place {
    /// Returns a place with a repository and nothing in it.
    pub(super) fn empty(options: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().canonicalize().unwrap();
        let (root, outside) = (base.join("root"), base.join("outside"));
        let main = root.join("main");
        fs::create_dir_all(&main).unwrap();
        fs::create_dir(&outside).unwrap();
        let place = Self { directory, root, outside, main };
        place.git(&[&["init", "-q", "-b", "trunk"], options].concat());
        place
    }

    pub(super) fn new() -> Self {
        let place = Self::empty(&[]);
        for path in ["a.rs", "b.rs", "src/lib.rs", "src/deep/er/x.rs", "readme.md"] {
            place.write(path, &format!("// {path}\n"));
        }
        place.commit("first");
        place
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.main.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(super) fn remove(&self, path: &str) {
        fs::remove_file(self.main.join(path)).unwrap();
    }

    pub(super) fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    /// Runs git in the repository and returns what it prints.
    pub(super) fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.main, arguments)
    }

    pub(super) fn git_in(&self, directory: &Path, arguments: &[&str]) -> String {
        let output = self.run(directory, arguments);
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Runs git and returns how it ended.
    pub(super) fn run(&self, directory: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new("git");
        command.current_dir(directory).args(arguments).env_clear();
        for (name, value) in [
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "a"),
            ("GIT_AUTHOR_EMAIL", "a@b"),
            ("GIT_COMMITTER_NAME", "a"),
            ("GIT_COMMITTER_EMAIL", "a@b"),
            ("GIT_ALLOW_PROTOCOL", "file"),
        ] {
            command.env(name, value);
        }
        command.env("HOME", self.directory.path()).env("PATH", std::env::var_os("PATH").unwrap());
        command.output().expect("these tests need git: install the package `git`")
    }

    pub(super) fn jail(&self) -> Jail {
        Jail::new(vec![self.root.clone()])
    }

    pub(super) fn discover(&self, path: impl AsRef<Path>) -> Result<Option<Repository>, GitError> {
        Repository::discover(&self.root.join(path), &self.jail())
    }

    pub(super) fn repository(&self) -> Repository {
        self.discover("main").unwrap().unwrap()
    }

    pub(super) fn changes(&self) -> Changes {
        self.changes_in("main").unwrap().0
    }

    /// Compares a tree, and returns how many files had to be read for it.
    pub(super) fn changes_in(&self, path: &str) -> Result<(Changes, usize), GitError> {
        let repository = self.discover(path)?.expect("there is a repository");
        let tree = self.jail().open(&self.root.join(path)).unwrap();
        let limits = Limits { files: 1_000, file_bytes: 1 << 20, total_bytes: 1 << 30, depth: 64 };
        let wanted = |path: &str| path.ends_with(".rs");
        let walk = tree.walk(&limits, &wanted, &|_| ControlFlow::Continue(())).unwrap();
        let reads = Cell::new(0);
        let read = |path: &str| {
            reads.set(reads.get() + 1);
            tree.read(path, 1 << 20).ok().map(|read| read.bytes)
        };
        let mut files = walk.files.iter().map(|found| (found.path.as_str(), found.stamp));
        repository.changes(&mut files, &read, &wanted).map(|changes| (changes, reads.get()))
    }
}

pub(super) fn changes(modified: &[&str], untracked: &[&str], deleted: &[&str]) -> Changes {
    let owned = |paths: &[&str]| paths.iter().map(|&path| path.to_owned()).collect();
    Changes { modified: owned(modified), untracked: owned(untracked), deleted: owned(deleted) }
}
