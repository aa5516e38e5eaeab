//! `mcpctl doctor`: what can be seen from outside the daemon, then what it finds itself.

#[cfg(unix)]
mod local;

use std::time::Duration;

use mcpd_ipc::care::{Check, Doctor, Verdict};
use serde::Serialize;

use crate::{
    daemon::Daemon,
    error::{Ended, Error, Kind},
    output::Output,
    page::Page,
    paint::Tone,
    surroundings::Surroundings,
    text,
};

/// How long the daemon may examine itself, whatever `--timeout` says less.
const EXAMINING: Duration = Duration::from_secs(60);

/// All that was looked at, as `--json` prints it.
#[derive(Serialize)]
struct Findings {
    /// What was seen without the daemon.
    local: Vec<Check>,
    /// What the daemon found; absent when it did not answer.
    daemon: Option<Vec<Check>>,
}

/// Examines everything; what is seen without the daemon is shown even when it is away.
pub(crate) async fn run(
    daemon: &Daemon,
    surroundings: &Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let local = local_checks(daemon, surroundings)?;
    let (found, absent) = match daemon.patient(EXAMINING).call(Doctor {}).await {
        Ok(report) => (Some(report.checks), None),
        Err(error) => (None, Some(error)),
    };
    let findings = Findings { local, daemon: found };
    out.show(&findings, |findings| page(findings, absent.as_ref(), daemon))?;
    match absent {
        Some(error) => Err(error),
        None if findings.all().any(|check| check.verdict == Verdict::Problem) => Ok(Ended::Negative),
        None => Ok(Ended::Done),
    }
}

#[cfg(unix)]
pub(super) fn local_checks(daemon: &Daemon, surroundings: &Surroundings) -> Result<Vec<Check>, Error> {
    local::checks(daemon, surroundings.user)
}

/// Returns nothing: owners and modes are not looked at where files have none.
#[cfg(not(unix))]
pub(super) fn local_checks(_: &Daemon, _: &Surroundings) -> Result<Vec<Check>, Error> {
    Ok(Vec::new())
}

impl Findings {
    fn all(&self) -> impl Iterator<Item = &Check> {
        self.local.iter().chain(self.daemon.iter().flatten())
    }
}

fn page(findings: &Findings, absent: Option<&Error>, daemon: &Daemon) -> Page {
    let longest = findings.all().map(|check| check.name.chars().count()).max().unwrap_or_default();
    let page = findings.all().fold(Page::default(), |page, check| add(page, check, longest, daemon));
    let count = |verdict| findings.all().filter(|check| check.verdict == verdict).count() as u64;
    let (warnings, problems) = (count(Verdict::Warning), count(Verdict::Problem));
    let sum = match (problems, warnings) {
        (0, 0) => None,
        (0, _) => Some(text::count(warnings, "warning")),
        (_, 0) => Some(text::count(problems, "problem")),
        _ => Some(format!("{}, {}", text::count(problems, "problem"), text::count(warnings, "warning"))),
    };
    // What only the daemon can see is not well before it has said so.
    let unseen = absent.map(|error| match error.kind {
        Kind::NotPermitted => "the daemon examined nothing for you; only files were looked at",
        Kind::Usage
        | Kind::NotFound
        | Kind::Conflict
        | Kind::Failed
        | Kind::Unreachable
        | Kind::Declined
        | Kind::ReaderGone => "the daemon did not answer; only files were looked at",
    });
    match (sum, unseen) {
        (None, None) => page.gap().line("all is well"),
        (sum, unseen) => sum.iter().map(String::as_str).chain(unseen).fold(page.gap(), Page::line),
    }
}

/// Adds a line with what was found and, below it, what to do.
fn add(page: Page, check: &Check, longest: usize, daemon: &Daemon) -> Page {
    let (tone, word) = match check.verdict {
        Verdict::Ok => (Tone::Good, "ok     "),
        Verdict::Warning => (Tone::Warning, "warning"),
        Verdict::Problem => (Tone::Bad, "problem"),
    };
    let page = page.toned("", tone, word, &format!("  {:longest$}  {}", check.name, check.found));
    match &check.advice {
        Some(advice) => page.text(&daemon.retold(advice), "         "),
        None => page,
    }
}
