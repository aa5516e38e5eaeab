//! The files of a tree that a daemon can read code from, and their contents as they are sent.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use ignore::{DirEntry, WalkBuilder};
use mcpd_ipc::projects::{ProjectProblem, PushBegun, PushOffered, PushedFile};
use sha2::{Digest, Sha256};
use tokio::task::yield_now;

use crate::{
    error::{Error, Kind},
    output::Output,
    text,
};

/// Directories of what others wrote or programs made.
const FOREIGN: [&str; 2] = ["node_modules", "__pycache__"];

/// Files that mark such a directory.
const MARKS: [&str; 2] = ["CACHEDIR.TAG", "pyvenv.cfg"];

/// A file of the tree.
#[derive(Debug)]
pub(super) struct Found {
    /// Its path within the tree, with `/` between the names.
    pub(super) path: String,
    file: PathBuf,
}

/// The files of a tree, and what could not be looked at.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) files: Vec<Found>,
    /// Those that no daemon can take.
    pub(super) skipped: Vec<ProjectProblem>,
    /// Those that could not be looked at.
    pub(super) unread: Vec<ProjectProblem>,
}

impl Tree {
    /// Finds the files whose names end in what the daemon says, in the order of their names.
    pub(super) async fn walk(root: &Path, limits: &PushBegun, out: &mut Output) -> Result<Self, Error> {
        let mut walker = WalkBuilder::new(root);
        // A rule is a rule without a repository too. Above the tree rules count only where a repository ends their
        // reach: a home directory under version control may ignore everything. The user's own rules, which no other
        // user's push would know, do not count.
        walker.require_git(false).parents(is_in_repository(root)).git_global(false);
        walker.follow_links(false).sort_by_file_name(Ord::cmp);
        walker.filter_entry(|entry| !is_foreign(entry));
        let (mut tree, mut seen) = (Self::default(), 0_u64);
        for entry in walker.build() {
            match entry {
                Ok(entry) => tree.add(root, &entry, &limits.extensions),
                Err(error) => tree.unread.push(unread(root, &error)),
            }
            seen += 1;
            if seen.is_multiple_of(256) {
                let files = tree.files.len() as u64;
                out.progress(&format!("looking for code: {} found", text::count(files, "file")));
                yield_now().await;
            }
        }
        tree.check(root, limits)?;
        Ok(tree)
    }

    fn add(&mut self, root: &Path, entry: &DirEntry, endings: &[String]) {
        // Links are no files here, and neither is what might never end.
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return;
        }
        let name = entry.file_name().to_string_lossy();
        if !endings.iter().any(|ending| has_ending(&name, ending)) {
            return;
        }
        let within = entry.path().strip_prefix(root).unwrap_or(entry.path());
        let names: Option<Vec<&str>> = within.iter().map(|name| name.to_str()).collect();
        match names {
            Some(names) => self.files.push(Found { path: names.join("/"), file: entry.path().to_owned() }),
            None => {
                let path = within.display().to_string();
                self.skipped.push(ProjectProblem { path, reason: "its name is not UTF-8".into() });
            }
        }
    }

    fn check(&self, root: &Path, limits: &PushBegun) -> Result<(), Error> {
        let root = root.display();
        if self.files.is_empty() {
            let message = format!("there is no code in {root} that the daemon reads");
            let endings = limits.extensions.join(", ");
            return Err(Error::new(Kind::Failed, message)
                .hint(format!("it reads files that end in: {endings}"))
                .hint("hidden files and what .gitignore or .ignore name are left out"));
        }
        if self.files.len() as u64 > limits.files {
            return Err(too_much(format!(
                "{root} holds {} files of code, and the daemon takes {} at most",
                self.files.len(),
                limits.files
            )));
        }
        Ok(())
    }
}

/// Says that a tree is larger than the daemon takes.
pub(super) fn too_much(message: String) -> Error {
    Error::new(Kind::Failed, message)
        .hint("name what does not belong to it in .gitignore or .ignore, or push a part of it")
}

/// Returns whether a directory belongs to somebody else's code; the tree itself does not, whatever its name.
fn is_foreign(entry: &DirEntry) -> bool {
    if entry.depth() == 0 || !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return false;
    }
    FOREIGN.iter().any(|name| entry.file_name() == *name)
        || MARKS.iter().any(|mark| entry.path().join(mark).is_file())
}

fn is_in_repository(root: &Path) -> bool {
    let root = std::path::absolute(root).unwrap_or_else(|_| root.to_owned());
    root.ancestors().any(|above| above.join(".git").exists())
}

/// Returns whether a name has something before a dot and the ending behind it.
fn has_ending(name: &str, ending: &str) -> bool {
    let stem = name.strip_suffix(ending).and_then(|stem| stem.strip_suffix('.'));
    stem.is_some_and(|stem| !stem.is_empty())
}

/// Says what could not be looked at, by its path within the tree.
fn unread(root: &Path, error: &ignore::Error) -> ProjectProblem {
    let (path, reason) = match error {
        ignore::Error::WithPath { path, err } => (Some(path.as_path()), err.to_string()),
        ignore::Error::WithDepth { err, .. } => return unread(root, err),
        ignore::Error::Partial(_)
        | ignore::Error::WithLineNumber { .. }
        | ignore::Error::Loop { .. }
        | ignore::Error::Io(_)
        | ignore::Error::Glob { .. }
        | ignore::Error::UnrecognizedFileType(_)
        | ignore::Error::InvalidDefinition => (None, error.to_string()),
    };
    let path = path.map_or(root, |path| path.strip_prefix(root).unwrap_or(path));
    ProjectProblem { path: path.display().to_string(), reason: format!("it cannot be read: {reason}") }
}

/// Why a file is not sent.
#[derive(Debug)]
pub(super) enum Unsent {
    /// It is larger than the daemon takes.
    TooLarge(String),
    /// It cannot be read.
    Unread(String),
}

impl Found {
    /// Returns the file as it is sent, and the offer of it; what is not UTF-8 in it is replaced.
    pub(super) fn read(&self, limit: u64) -> Result<(PushOffered, PushedFile), Unsent> {
        let too_large = || Unsent::TooLarge(format!("it is larger than {}", text::bytes(limit)));
        let failed = |error: std::io::Error| Unsent::Unread(format!("it cannot be read: {error}"));
        let file = File::open(&self.file).map_err(failed)?;
        let mut bytes = Vec::new();
        file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > limit {
            return Err(too_large());
        }
        let content = String::from_utf8(bytes)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        let size = content.len() as u64;
        if size > limit {
            return Err(too_large());
        }
        let hash: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        let path = self.path.clone();
        Ok((PushOffered { path: path.clone(), size, hash }, PushedFile { path, content }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_stands_behind_a_dot_and_a_name() {
        let cases = [
            ("a.py", true),
            ("a.b.py", true),
            (".py", false),
            ("apy", false),
            ("a.pyc", false),
            ("py", false),
        ];
        for (name, expected) in cases {
            assert_eq!(has_ending(name, "py"), expected, "{name}");
        }
        assert!(has_ending("x.d.ts", "d.ts"));
    }
}
