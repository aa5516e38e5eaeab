//! What became of a push.

use std::path::Path;

use mcpd_ipc::projects::{AnalysisState, ProjectProblem};
use serde::Serialize;

use crate::{commands::projects::page, daemon::Daemon, page::Page, text};

/// Problems that `--json` lists; the others are counted.
const LISTED: usize = 1_000;

/// Problems that people see one by one; the others are counted.
const SHOWN: usize = 20;

/// What became of a push, as `--json` prints it.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    /// The tree.
    from: String,
    project: String,
    /// Whether nothing was to be sent.
    pub(super) dry_run: bool,
    /// Files of code in it that were offered.
    pub(super) files: u64,
    /// Bytes of those.
    pub(super) bytes: u64,
    /// Those that the daemon did not have.
    pub(super) wanted: u64,
    /// Those that were sent and taken.
    pub(super) sent: u64,
    /// Bytes that were sent.
    pub(super) sent_bytes: u64,
    /// Those that no daemon takes: too large, or of a name that is not UTF-8.
    skipped: u64,
    /// Those that could not be read, or were not taken.
    pub(super) refused: u64,
    /// Both of them, and why.
    problems: Vec<ProjectProblem>,
    /// How the analysis ended; absent in a dry run.
    pub(super) analysis: Option<AnalysisState>,
}

impl Report {
    pub(super) fn new(from: &Path, project: &str, dry_run: bool) -> Self {
        Self {
            from: from.display().to_string(),
            project: project.to_owned(),
            dry_run,
            files: 0,
            bytes: 0,
            wanted: 0,
            sent: 0,
            sent_bytes: 0,
            skipped: 0,
            refused: 0,
            problems: Vec::new(),
            analysis: None,
        }
    }

    pub(super) fn skip(&mut self, problem: ProjectProblem) {
        self.skipped += 1;
        self.list(problem);
    }

    pub(super) fn refuse(&mut self, problem: ProjectProblem) {
        self.refused += 1;
        self.list(problem);
    }

    fn list(&mut self, problem: ProjectProblem) {
        if self.problems.len() < LISTED {
            self.problems.push(problem);
        }
    }

    /// Says what became of it; `daemon` is the one it went to, where that can be asked from here.
    pub(super) fn page(&self, daemon: Option<&Daemon>) -> Page {
        let page = self.problems.iter().take(SHOWN).fold(Page::default(), |page, problem| {
            page.line(format!("not pushed: {}: {}", problem.path, problem.reason))
        });
        let unshown = (self.skipped + self.refused).saturating_sub(SHOWN as u64);
        let page = match unshown {
            0 => page,
            more => page.line(format!("not pushed: {more} more; --json lists some of them")),
        };
        let page = page.line(format!("{}: {}", self.from, self.told()));
        match &self.analysis {
            None => page,
            Some(state) => page.page(page::analysis(state, daemon)),
        }
    }

    fn told(&self) -> String {
        let size = text::bytes(self.bytes);
        let files = format!("{} of code ({size})", text::count(self.files, "file"));
        match (self.dry_run, self.wanted) {
            (true, 0) => format!("{files}, none to send; nothing was changed"),
            (true, wanted) => format!("{files}, {wanted} to send; nothing was changed"),
            (false, 0) => format!("{files}, all known already: nothing was sent"),
            (false, _) => format!("{files}, {} sent ({})", self.sent, text::bytes(self.sent_bytes)),
        }
    }
}
