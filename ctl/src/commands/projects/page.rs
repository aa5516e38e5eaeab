//! What people see of projects and their code graphs.

use mcpd_ipc::projects::{
    AnalysisPhase, AnalysisReport, AnalysisState, ProjectCount, ProjectDetail, ProjectForgotten, ProjectInfo,
    ProjectList, ProjectProblem, ProjectSource,
};

use crate::{daemon::Daemon, page::Page, paint::Tone, quote, table::Table, text};

/// Whose a project is where nobody says so.
const TENANT: &str = "default";

/// Names a project; its tenant too, where that is not the usual one.
pub(super) fn mention(project: &str, tenant: &str) -> String {
    if tenant == TENANT { format!("project {project}") } else { format!("project {project} ({tenant})") }
}

/// Returns what is typed after a command to name the project.
fn typed(project: &str, tenant: &str) -> String {
    let project = quote::word(project);
    if tenant == TENANT { project } else { format!("{project} --tenant {}", quote::word(tenant)) }
}

pub(super) fn list(list: &ProjectList, daemon: &Daemon, now: i64) -> Page {
    if list.projects.is_empty() {
        let line = daemon.line("projects analyze NAME DIR");
        return Page::of(format!("no project has a code graph; make one: {line}"));
    }
    let headings = [
        "PROJECT",
        "TENANT",
        "NAME",
        "STATE",
        "FILES",
        "LINES",
        "ENTITIES",
        "RELATIONS",
        "INDEXED",
        "BRANCH",
        "COMMIT",
        "WATCHED",
        "PATH",
    ];
    let table = list.projects.iter().fold(Table::new(headings), |table, info| {
        let (word, tone) = state(info);
        let table = table.row([
            info.project.clone(),
            info.tenant.clone(),
            info.name.clone(),
            word,
            info.files.to_string(),
            info.lines.to_string(),
            info.entities.to_string(),
            info.relations.to_string(),
            text::relative_or(info.indexed_at, now, "never"),
            info.branch.clone().unwrap_or_else(|| "-".into()),
            info.commit.as_deref().map_or_else(|| "-".into(), short),
            yes_or_no(info.watched).into(),
            place(info),
        ]);
        match tone {
            Some(tone) => table.toned(3, tone),
            None => table,
        }
    });
    let table = table.figures(&[4, 5, 6, 7]).spare(&[2, 10, 7, 5, 1, 11, 9, 6, 4]).cut(12);
    Page::default().table(table)
}

pub(super) fn one(detail: &ProjectDetail, now: i64) -> Page {
    let ProjectDetail { info, languages, kinds, relation_kinds, .. } = detail;
    let indexed = info.indexed_at.map_or_else(|| "never".into(), |at| text::date(at, now));
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let (word, tone) = state(info);
    let table = Table::fields([("project", info.project.clone()), ("tenant", info.tenant.clone())])
        .row(["name".into(), info.name.clone()])
        .row(["source".into(), source(info)])
        .row(["state".into(), word]);
    let table = match tone {
        Some(tone) => table.toned(1, tone),
        None => table,
    };
    let table = table
        .row(["indexed".into(), indexed])
        .row(["commit".into(), commit(info)])
        .row(["branch".into(), or_dash(&info.branch)])
        .row(["work tree".into(), or_dash(&info.worktree)])
        .row(["watched".into(), yes_or_no(info.watched).into()])
        .row(["files".into(), with_counts(info.files, languages)])
        .row(["lines".into(), info.lines.to_string()])
        .row(["entities".into(), with_counts(info.entities, kinds)])
        .row(["relations".into(), with_counts(info.relations, relation_kinds)])
        .row(["unresolved".into(), text::count(detail.unresolved, "name")]);
    let failure = info.running.as_ref().and_then(|running| running.failure.as_ref());
    let page = match failure {
        Some(failure) => Page::of(format!("its last analysis failed: {failure}")).gap().table(table),
        None => Page::default().table(table),
    };
    let page = problems(page, "left out:", &detail.skipped, detail.skipped_more);
    problems(page, "understood only in part:", &detail.parse_errors, 0)
}

/// Adds files that are not as they should be, below a line of their own.
fn problems(page: Page, heading: &str, problems: &[ProjectProblem], more: u64) -> Page {
    if problems.is_empty() && more == 0 {
        return page;
    }
    let page = problems.iter().fold(page.gap().line(heading), |page, problem| {
        // One line each, whatever the daemon says.
        page.line(format!("  {}: {}", problem.path, problem.reason))
    });
    if more > 0 { page.line(format!("  and {more} more")) } else { page }
}

pub(super) fn watched(info: &ProjectInfo) -> Page {
    let mention = mention(&info.project, &info.tenant);
    Page::of(if info.watched {
        format!("changes of {mention} are followed: {}", place(info))
    } else {
        format!("changes of {mention} are not followed any more; its code graph stays")
    })
}

pub(super) fn forgotten(forgotten: &ProjectForgotten, project: &str, tenant: Option<&str>) -> Page {
    let mention = mention(project, tenant.unwrap_or(TENANT));
    let files = text::count(forgotten.files, "file");
    Page::of(format!("forgot the code graph of {mention}, {files}; its memories and todos stay"))
}

/// Says how an analysis ended, or that it goes on; `daemon` is the one it runs in, where that can be asked from here.
pub(super) fn analysis(state: &AnalysisState, daemon: Option<&Daemon>) -> Page {
    let mention = mention(&state.project, &state.tenant);
    let show = format!("projects show {}", typed(&state.project, &state.tenant));
    let line = daemon.map(|daemon| daemon.line(&show));
    match (state.phase, &state.report) {
        (AnalysisPhase::Done, Some(told)) => {
            let line = line.filter(|_| told.skipped + told.parse_errors > 0);
            let page = report(told, &mention);
            line.iter().fold(page, |page, line| page.hint(&format!("which files: {line}")))
        }
        (AnalysisPhase::Done, None) => Page::of(format!("the code graph of {mention} is current")),
        (AnalysisPhase::Stopped | AnalysisPhase::Failed, _) => {
            Page::of(format!("the analysis of {mention} was stopped; the code graph is as it was before"))
        }
        (
            AnalysisPhase::Waiting
            | AnalysisPhase::Walking
            | AnalysisPhase::Parsing
            | AnalysisPhase::Storing
            | AnalysisPhase::Linking,
            _,
        ) => {
            let how_far = line.map(|line| format!("; how far it is: {line}")).unwrap_or_default();
            Page::of(format!("the analysis of {mention} goes on in the background{how_far}"))
        }
    }
}

/// Says what came of an analysis that ended as it should.
fn report(report: &AnalysisReport, mention: &str) -> Page {
    let AnalysisReport { added, changed, removed, .. } = report;
    let difference = match (added, changed, removed) {
        (0, 0, 0) => "none new, changed or gone".into(),
        _ => format!("{added} new, {changed} changed, {removed} gone"),
    };
    let begins = format!("the code graph of {mention} is ");
    let page = match &report.cut {
        None => Page::default().toned(&begins, Tone::Good, "current", ""),
        Some(cut) => Page::default().toned(&begins, Tone::Warning, "incomplete", &format!(": {cut}")),
    };
    page.table(Table::fields([
        ("files", format!("{} ({difference})", report.files)),
        ("lines", report.lines.to_string()),
        ("entities", report.entities.to_string()),
        ("relations", report.relations.to_string()),
        ("left out", text::count(report.skipped, "file")),
        ("in part", text::count(report.parse_errors, "file")),
        ("took", took(report.duration_ms)),
    ]))
}

fn took(ms: u64) -> String {
    if ms < 60_000 { text::millis(ms as f64) } else { text::span(ms / 1000) }
}

/// Returns how current a code graph is in a word or two.
fn state(info: &ProjectInfo) -> (String, Option<Tone>) {
    if let Some(running) = &info.running {
        return under_way(running);
    }
    match (info.indexed_at, info.complete, info.changed) {
        (None, ..) => ("not analysed".into(), Some(Tone::Warning)),
        (Some(_), false, _) => ("incomplete".into(), Some(Tone::Warning)),
        (Some(_), true, Some(0)) => ("current".into(), Some(Tone::Good)),
        (Some(_), true, Some(changed)) => (format!("{changed} changed"), Some(Tone::Warning)),
        (Some(_), true, None) => ("analysed".into(), None),
    }
}

/// Returns what an analysis does now and how much of that is done, or how it ended.
fn under_way(running: &AnalysisState) -> (String, Option<Tone>) {
    let phase = running.phase.as_str();
    let percent = u128::from(running.done.min(running.total)) * 100;
    match (running.phase, percent.checked_div(u128::from(running.total))) {
        (AnalysisPhase::Failed, _) => (phase.to_owned(), Some(Tone::Bad)),
        (AnalysisPhase::Stopped, _) => (phase.to_owned(), Some(Tone::Warning)),
        (AnalysisPhase::Done | AnalysisPhase::Waiting, _) | (_, None) => (phase.to_owned(), None),
        (
            AnalysisPhase::Walking | AnalysisPhase::Parsing | AnalysisPhase::Storing | AnalysisPhase::Linking,
            Some(percent),
        ) => (format!("{phase} {percent}%"), None),
    }
}

/// Returns where the code comes from, as one column shows it.
fn place(info: &ProjectInfo) -> String {
    match (info.source, &info.path) {
        (ProjectSource::Tree, Some(path)) => path.clone(),
        (ProjectSource::Tree, None) => "-".into(),
        (ProjectSource::Push, _) => "(pushed)".into(),
    }
}

fn source(info: &ProjectInfo) -> String {
    match (info.source, &info.path) {
        (ProjectSource::Tree, Some(path)) => format!("the tree {path}"),
        (ProjectSource::Tree, None) => "a tree".into(),
        (ProjectSource::Push, _) => "pushed from elsewhere".into(),
    }
}

fn commit(info: &ProjectInfo) -> String {
    match (&info.commit, info.dirty) {
        (None, _) => "-".into(),
        (Some(commit), 0) => commit.clone(),
        (Some(commit), 1) => format!("{commit}, and 1 file differs from it"),
        (Some(commit), dirty) => format!("{commit}, and {dirty} files differ from it"),
    }
}

/// Returns the beginning of a commit's id, which is enough to find it.
fn short(commit: &str) -> String {
    commit.chars().take(10).collect()
}

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

/// Returns a sum with what it is made of: `12 (rust 9, python 3)`.
fn with_counts(sum: u64, counts: &[ProjectCount]) -> String {
    if counts.is_empty() {
        return sum.to_string();
    }
    let counts: Vec<String> = counts.iter().map(|kind| format!("{} {}", kind.name, kind.count)).collect();
    format!("{sum} ({})", counts.join(", "))
}
