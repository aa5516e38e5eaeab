//! The code of projects in the words of `mcpd_ipc`, for operators and for who pushes a tree over HTTP: what is asked,
//! checked and answered, the same on both ways.

use std::{path::PathBuf, sync::Arc};

use mcpd_ipc::{
    Fault, FaultKind,
    projects::{
        AnalysisPhase, AnalysisReport, AnalysisState, ProjectCount, ProjectDetail, ProjectForgotten,
        ProjectInfo, ProjectList, ProjectProblem, ProjectSource, PushBegin, PushBegun, PushEnd, PushFiles,
        PushOffer, PushTaken, PushWanted,
    },
};

use super::{Code, CodeError, Figures, Job, Offered, Outcome, Phase, Wish};
use crate::store::{CodeTree, Owner, TreeSource, new_id};

/// Longest name of a project, as the tools' schemas have it.
const LONGEST_PROJECT: usize = 128;
/// Files named of those that could not be read or parsed.
const NAMED: usize = 200;

/// Speaks for somebody.
pub struct Desk<'a> {
    /// The code of all projects.
    pub code: &'a Code,
    /// Whose projects, and who acts.
    pub owner: Owner,
}

impl Desk<'_> {
    /// Lists the projects with code, of one tenant or of everybody.
    pub async fn list(code: &Code, tenant: Option<&str>) -> Result<ProjectList, Fault> {
        let trees = code.store.code().trees(tenant).await.map_err(|error| internal(&error))?;
        Ok(ProjectList { projects: trees.iter().map(|tree| info(code, tree)).collect() })
    }

    /// Shows one project.
    pub async fn show(&self, project: &str) -> Result<ProjectDetail, Fault> {
        let tree = self.tree(project).await?;
        let figures = Figures::kept(&tree.figures);
        let problems = self.code.problems(&self.owner.tenant, project, NAMED).await;
        let (walked, unread, unparsed) = problems.map_err(|error| fault(&error))?;
        let problem = |(path, reason): (String, String)| ProjectProblem { path, reason };
        let mut skipped: Vec<ProjectProblem> = walked.files.into_iter().chain(unread).map(problem).collect();
        let skipped_more = walked.more + skipped.len().saturating_sub(NAMED) as u64;
        skipped.truncate(NAMED);
        let parse_errors = unparsed.into_iter().map(problem).collect();
        let counts = |counts: std::collections::BTreeMap<String, u64>| {
            let mut all: Vec<_> =
                counts.into_iter().map(|(name, count)| ProjectCount { name, count }).collect();
            all.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.name.cmp(&other.name)));
            all
        };
        Ok(ProjectDetail {
            info: info(self.code, &tree),
            languages: counts(figures.languages),
            kinds: counts(figures.entities),
            relation_kinds: counts(figures.relations),
            unresolved: figures.unresolved,
            skipped,
            skipped_more,
            parse_errors,
        })
    }

    /// Begins an analysis, or joins the one that runs.
    pub async fn analyze(
        &self,
        project: String,
        title: Option<String>,
        path: Option<String>,
    ) -> Result<AnalysisState, Fault> {
        check_project(&project)?;
        let path = path.map(PathBuf::from);
        let wish = Wish { owner: self.owner.clone(), project: project.clone(), title, path };
        let job = self.code.begin(wish).await.map_err(|error| fault(&error))?;
        Ok(state(&self.owner.tenant, &project, &job))
    }

    /// Says how far an analysis is, or how the last one ended.
    pub async fn analysis(&self, project: &str) -> Result<AnalysisState, Fault> {
        let tree = self.tree(project).await?;
        Ok(match self.code.job(&tree.project) {
            Some(job) => state(&tree.tenant, project, &job),
            None => ended_before(&tree),
        })
    }

    /// Stops an analysis.
    pub async fn stop(&self, project: &str) -> Result<AnalysisState, Fault> {
        let tree = self.tree(project).await?;
        let job = self.code.job(&tree.project).filter(|job| job.is_running());
        let job = job.ok_or_else(|| {
            Fault::new(FaultKind::Conflict, format!("no analysis of project {project:?} is running"))
        })?;
        job.stop.cancel();
        Ok(state(&tree.tenant, project, &job))
    }

    /// Begins or ends to watch a tree.
    pub async fn watch(&self, project: &str, on: bool) -> Result<ProjectInfo, Fault> {
        self.code.set_watched(&self.owner.tenant, project, on).await.map_err(|error| fault(&error))?;
        Ok(info(self.code, &self.tree(project).await?))
    }

    /// Forgets the code of a project.
    pub async fn forget(&self, project: &str) -> Result<ProjectForgotten, Fault> {
        let files = self.code.forget(&self.owner.tenant, project).await.map_err(|error| fault(&error))?;
        Ok(ProjectForgotten { files })
    }

    /// Begins a push; `batch` is the largest message that comes through.
    pub fn push_begin(&self, ask: PushBegin, batch: u64) -> Result<PushBegun, Fault> {
        check_project(&ask.project)?;
        let push =
            self.code.push_begin(self.owner.clone(), ask.project, ask.name).map_err(|error| fault(&error))?;
        let limits = self.code.config.borrow().code.clone();
        Ok(PushBegun {
            push,
            files: limits.max_files.into(),
            file_bytes: limits.max_file,
            total_bytes: limits.max_tree,
            batch_bytes: batch,
            extensions: Code::extensions().map(str::to_owned).collect(),
        })
    }

    /// Takes what a client has.
    pub async fn push_offer(&self, ask: PushOffer) -> Result<PushWanted, Fault> {
        let mut files = Vec::with_capacity(ask.files.len());
        let mut refused = Vec::new();
        for file in ask.files {
            match from_hex(&file.hash) {
                Some(hash) => files.push(Offered { path: file.path, size: file.size, hash }),
                None => refused
                    .push(ProjectProblem { path: file.path, reason: "its hash is no SHA-256".to_owned() }),
            }
        }
        let pushed =
            self.code.push_offer(&self.owner, &ask.push, files).await.map_err(|error| fault(&error))?;
        refused.extend(pushed.refused.into_iter().map(|(path, reason)| ProjectProblem { path, reason }));
        Ok(PushWanted { wanted: pushed.paths, refused })
    }

    /// Takes contents.
    pub async fn push_files(&self, ask: PushFiles) -> Result<PushTaken, Fault> {
        let files = ask.files.into_iter().map(|file| (file.path, file.content)).collect();
        let pushed =
            self.code.push_files(&self.owner, &ask.push, files).await.map_err(|error| fault(&error))?;
        let refused =
            pushed.refused.into_iter().map(|(path, reason)| ProjectProblem { path, reason }).collect();
        Ok(PushTaken { taken: pushed.paths.len() as u64, refused })
    }

    /// Makes what was offered the tree.
    pub async fn push_end(&self, ask: PushEnd) -> Result<AnalysisState, Fault> {
        let (project, job) =
            self.code.push_end(&self.owner, &ask.push).await.map_err(|error| fault(&error))?;
        Ok(state(&self.owner.tenant, &project, &job))
    }

    async fn tree(&self, project: &str) -> Result<CodeTree, Fault> {
        self.code.tree(&self.owner.tenant, project).await.map_err(|error| fault(&error))
    }
}

fn check_project(project: &str) -> Result<(), Fault> {
    if project.trim().is_empty() || project.chars().count() > LONGEST_PROJECT {
        let rule = format!("a project's name has 1 to {LONGEST_PROJECT} characters, not all of them blank");
        return Err(Fault::new(FaultKind::Usage, rule));
    }
    Ok(())
}

fn info(code: &Code, tree: &CodeTree) -> ProjectInfo {
    let figures = Figures::kept(&tree.figures);
    let (dirty, changed) = code.named(&tree.project).checked.known();
    let last = code.job(&tree.project).map(|job| state(&tree.tenant, &tree.name, &job));
    ProjectInfo {
        tenant: tree.tenant.clone(),
        project: tree.name.clone(),
        name: tree.title.clone().unwrap_or_else(|| tree.name.clone()),
        source: match tree.source {
            TreeSource::Tree => ProjectSource::Tree,
            TreeSource::Push => ProjectSource::Push,
        },
        path: tree.root.clone(),
        files: figures.files,
        lines: figures.lines,
        entities: figures.entities.values().sum(),
        relations: figures.relations.values().sum(),
        indexed_at: tree.indexed_at,
        commit: tree.commit.clone(),
        branch: tree.branch.clone(),
        worktree: tree.worktree.clone(),
        dirty: dirty as u64,
        changed: changed.map(|changed| changed as u64),
        watched: tree.watched,
        complete: tree.cut.is_none(),
        // One that ended well says nothing that the rest does not.
        running: last.filter(|last| last.phase != AnalysisPhase::Done),
    }
}

fn state(tenant: &str, project: &str, job: &Arc<Job>) -> AnalysisState {
    let now = job.now();
    let (phase, failure, report) = match now.outcome {
        None => (phase(now.phase), None, None),
        Some(Outcome::Stopped) => (AnalysisPhase::Stopped, None, None),
        Some(Outcome::Failed(reason)) => (AnalysisPhase::Failed, Some(reason), None),
        Some(Outcome::Done(report)) => {
            let figures = &report.figures;
            let told = AnalysisReport {
                files: figures.files,
                lines: figures.lines,
                added: report.added,
                changed: report.changed,
                removed: report.removed,
                entities: figures.entities.values().sum(),
                relations: figures.relations.values().sum(),
                skipped: report.skipped,
                parse_errors: figures.unparsed,
                duration_ms: report.duration_ms,
                cut: report.cut,
            };
            (AnalysisPhase::Done, None, Some(told))
        }
    };
    let (tenant, project) = (tenant.to_owned(), project.to_owned());
    AnalysisState { tenant, project, phase, done: now.done, total: now.total, failure, report }
}

/// The state of a tree that was analysed before the daemon started.
fn ended_before(tree: &CodeTree) -> AnalysisState {
    let phase = if tree.revision > 0 { AnalysisPhase::Done } else { AnalysisPhase::Stopped };
    let (tenant, project) = (tree.tenant.clone(), tree.name.clone());
    AnalysisState { tenant, project, phase, done: 0, total: 0, failure: None, report: None }
}

fn phase(phase: Phase) -> AnalysisPhase {
    match phase {
        Phase::Waiting => AnalysisPhase::Waiting,
        Phase::Walking => AnalysisPhase::Walking,
        Phase::Parsing => AnalysisPhase::Parsing,
        Phase::Storing => AnalysisPhase::Storing,
        Phase::Linking | Phase::Ended => AnalysisPhase::Linking,
    }
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let half = |at: usize| char::from(*digits.get(at)?).to_digit(16);
    if digits.len() != 64 {
        return None;
    }
    let mut hash = [0; 32];
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = (half(2 * at)? * 16 + half(2 * at + 1)?) as u8;
    }
    Some(hash)
}

/// Puts a failure into the words of operators.
fn fault(error: &CodeError) -> Fault {
    let told = |kind| Fault::new(kind, error.to_string());
    match error {
        CodeError::UnknownProject(_) => told(FaultKind::NotFound).hint("mcpctl projects list"),
        CodeError::NotIndexed(project) | CodeError::Sent(project) => {
            told(FaultKind::NotFound).hint(format!("mcpctl projects analyze {project} DIR"))
        }
        CodeError::Indexing(..) => told(FaultKind::Conflict).hint("wait until it has ended"),
        CodeError::Tree(_) | CodeError::NoRoots => told(FaultKind::Refused)
            .hint("code.roots in the configuration names the folders that may be read; mcpctl projects push sends another"),
        CodeError::UnknownPush(_) => told(FaultKind::NotFound).hint("push again: what was sent is kept"),
        CodeError::TooMuch(_) | CodeError::Stopped => told(FaultKind::Refused),
        CodeError::Store(_) | CodeError::Unfinished(_) => internal(error),
    }
}

fn internal(error: &dyn std::error::Error) -> Fault {
    let id = new_id();
    tracing::error!(%error, id, "a command failed");
    Fault::new(FaultKind::Internal, format!("internal error (id {id})"))
        .hint("the log names the cause under that id")
}
