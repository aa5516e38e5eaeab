//! What became of an import.

use std::path::Path;

use serde::Serialize;

use super::source::Problem;
use crate::page::Page;

/// Problems that `--json` lists; the others are counted.
const LISTED: usize = 1_000;

/// What became of an import, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// What was read.
    from: String,
    /// Whether nothing was to be stored.
    dry_run: bool,
    /// Memories found in it.
    pub(super) memories: u64,
    /// Those that are new.
    pub(super) stored: u64,
    /// Those that were known already.
    pub(super) known: u64,
    /// What was bad, or not taken.
    pub(super) refused: u64,
    /// What held nothing to remember.
    pub(super) skipped: u64,
    /// What was stored and looks like a secret.
    pub(super) suspicious: u64,
    /// What was wrong, and where.
    problems: Vec<Problem>,
    /// What is to be thought about, and where.
    warnings: Vec<Problem>,
}

impl Report {
    pub(super) fn new(from: &Path, dry_run: bool) -> Self {
        let from = if from.as_os_str() == "-" { "stdin".into() } else { from.display().to_string() };
        Self {
            from,
            dry_run,
            memories: 0,
            stored: 0,
            known: 0,
            refused: 0,
            skipped: 0,
            suspicious: 0,
            problems: Vec::new(),
            warnings: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, problem: Problem) {
        self.refused += 1;
        if self.problems.len() < LISTED {
            self.problems.push(problem);
        }
    }

    pub(super) fn warn(&mut self, warning: Problem) {
        self.suspicious += 1;
        if self.warnings.len() < LISTED {
            self.warnings.push(warning);
        }
    }

    /// Puts what was wrong in the order of its places: the daemon refuses later than we do.
    pub(super) fn sort(&mut self) {
        self.problems.sort_by(|left, right| left.place.cmp(&right.place));
    }

    pub(super) fn page(&self) -> Page {
        let Self { from, memories, stored, known, refused, skipped, .. } = self;
        Page::of(if self.dry_run {
            format!("{from}: {memories} to store, {refused} refused, {skipped} skipped; nothing was changed")
        } else {
            format!("{from}: {stored} stored, {known} known already, {refused} refused, {skipped} skipped")
        })
    }
}
