//! `analyze_codebase`: reads a source tree and keeps what it says as the code graph of a project.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use mcpd_config::Config;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::{
    code::{Code, Figures, Job, Outcome, PassedOver, Phase, Progress as Step, Report, Wish},
    tools::{
        Call, Code as Failure, Family, Tool, ToolError,
        params::{ProjectId, owner},
        tool::Effect,
    },
};

/// Files named that were passed over.
const NAMED: usize = 50;
/// Part of the time a call may take after which it answers while the analysis goes on.
const PATIENCE: f64 = 0.8;

/// Analyses a tree.
pub(super) struct AnalyzeCodebase {
    pub(super) code: Arc<Code>,
    pub(super) config: watch::Receiver<Arc<Config>>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// display name of the project
    #[schemars(length(min = 1, max = 200))]
    project_name: String,
    /// absolute path of the tree to scan
    #[schemars(length(min = 1, max = 4096))]
    project_path: String,
    /// main language hint; every known language is read in any case
    #[serde(default)]
    language: Hint,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Hint {
    #[default]
    Python,
    Javascript,
    Java,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    project_id: String,
    /// "done", or "running" when the analysis goes on in the background
    status: &'static str,
    stats: Stats,
    duration_ms: u64,
    incremental: Incremental,
    /// what to know: that a limit left files out, or how far a running analysis is
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Serialize, JsonSchema, Default)]
struct Stats {
    total_files: u64,
    total_lines: u64,
    /// files by language
    languages: BTreeMap<String, u64>,
    entities_by_type: BTreeMap<String, u64>,
    /// links by relation, to what is in the tree or not
    relations_by_type: BTreeMap<String, u64>,
    /// links to what is not in the tree, such as the standard library
    unresolved: u64,
    /// files that were passed over and why, the first 50
    skipped: Vec<Problem>,
    skipped_count: u64,
    /// files that could be parsed only in part, the first 50
    parse_errors: Vec<Problem>,
    parse_error_count: u64,
}

#[derive(Serialize, JsonSchema)]
struct Problem {
    path: String,
    reason: String,
}

#[derive(Serialize, JsonSchema, Default)]
struct Incremental {
    added: u64,
    changed: u64,
    removed: u64,
}

impl Tool for AnalyzeCodebase {
    const NAME: &'static str = "analyze_codebase";
    const FAMILY: Family = Family::Code;
    const TITLE: &'static str = "Analyse a code base";
    const DESCRIPTION: &'static str = "Index the source code of a project: read a folder and keep its classes, functions, \
        calls, imports and inheritance as the project's code graph. Incremental: call it again after changes, only \
        changed files are read. Python, JavaScript, TypeScript, Java, Swift, Vue, Rust, Go, C, C++, C#, Ruby, PHP and \
        Kotlin; .gitignore is respected.";
    const EFFECT: Effect = Effect::Settles;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let project = args.project_id.0;
        let owner = owner(call.who);
        let wish = Wish {
            owner: owner.clone(),
            project: project.clone(),
            title: Some(args.project_name),
            path: Some(PathBuf::from(args.project_path)),
        };
        let before = self.code.running(&owner.tenant, &project).await;
        let job = self.code.begin(wish).await?;
        // Who joined an analysis of somebody else does not end it by going away.
        let mine = before.is_none_or(|before| !Arc::ptr_eq(&before, &job));
        let leash = Leash { job: mine.then(|| Arc::clone(&job)) };
        let patience = self.config.borrow().server.call_deadline.mul_f64(PATIENCE);
        let outcome = follow(&job, call, patience).await;
        leash.let_go();
        match outcome {
            Some(Outcome::Done(report)) => self.done(&owner.tenant, project, report, args.language).await,
            Some(Outcome::Stopped) => Err(ToolError::new(Failure::Conflict, "the analysis was stopped")
                .hint("call again to go on; what was known before stays")),
            Some(Outcome::Failed(reason)) => {
                Err(ToolError::new(Failure::Refused, format!("the tree was not analysed: {reason}")))
            }
            None => Ok(running(project, &job.now())),
        }
    }
}

impl AnalyzeCodebase {
    async fn done(
        &self,
        tenant: &str,
        project: String,
        report: Report,
        hint: Hint,
    ) -> Result<Output, ToolError> {
        let (walked, unread, unparsed) = self.code.problems(tenant, &project, NAMED).await?;
        let Report { added, changed, removed, skipped, cut, duration_ms, figures, .. } = report;
        let cut = cut.map(|cut| format!("the index is incomplete: {cut}"));
        let missing = missing(&figures, hint);
        let notes: Vec<String> = cut.into_iter().chain(missing).collect();
        Ok(Output {
            project_id: project,
            status: "done",
            stats: stats(figures, skipped, &walked, unread, unparsed),
            duration_ms,
            incremental: Incremental { added, changed, removed },
            note: (!notes.is_empty()).then(|| notes.join("; ")),
        })
    }
}

/// Ends an analysis whose caller has gone.
struct Leash {
    job: Option<Arc<Job>>,
}

impl Leash {
    fn let_go(mut self) {
        self.job = None;
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        if let Some(job) = &self.job {
            job.stop.cancel();
        }
    }
}

/// Tells how far an analysis is until it has ended, or patience has.
async fn follow(job: &Job, call: Call<'_>, patience: Duration) -> Option<Outcome> {
    let mut steps = job.watch();
    let telling = async {
        let mut told = 0.0;
        loop {
            let step = steps.borrow_and_update().clone();
            tell(&call, &step, &mut told);
            if let Some(outcome) = step.outcome {
                return outcome;
            }
            if steps.changed().await.is_err() {
                return Outcome::Stopped;
            }
        }
    };
    tokio::time::timeout(patience, telling).await.ok()
}

/// Progress only grows: what comes before and after parsing is a step beside its files.
fn tell(call: &Call<'_>, step: &Step, told: &mut f64) {
    let (message, done) = match step.phase {
        Phase::Waiting => ("waiting for another analysis".to_owned(), 0.0),
        Phase::Walking => (format!("looking for files: {} so far", step.done), 0.0),
        Phase::Parsing => (format!("read {} of {} files", step.done, step.total), step.done as f64),
        Phase::Storing => ("writing what was found".to_owned(), *told + 1.0),
        Phase::Linking => ("finding out what refers to what".to_owned(), *told + 1.0),
        Phase::Ended => return,
    };
    *told = told.max(done);
    let total = (step.phase == Phase::Parsing).then_some(step.total as f64 + 2.0);
    call.progress(*told, total, Some(&message));
}

fn running(project: String, now: &Step) -> Output {
    let note = format!(
        "the analysis goes on in the background: {} of {} files so far; call again to wait for it",
        now.done, now.total
    );
    Output {
        project_id: project,
        status: "running",
        stats: Stats::default(),
        duration_ms: 0,
        incremental: Incremental::default(),
        note: Some(note),
    }
}

fn stats(
    figures: Figures,
    skipped_count: u64,
    walked: &PassedOver,
    unread: Vec<(String, String)>,
    unparsed: Vec<(String, String)>,
) -> Stats {
    let problem = |(path, reason): (String, String)| Problem { path, reason };
    let skipped = walked.files.iter().cloned().chain(unread).take(NAMED).map(problem).collect();
    Stats {
        total_files: figures.files,
        total_lines: figures.lines,
        languages: figures.languages,
        entities_by_type: figures.entities,
        relations_by_type: figures.relations,
        unresolved: figures.unresolved,
        skipped,
        skipped_count,
        parse_errors: unparsed.into_iter().map(problem).collect(),
        parse_error_count: figures.unparsed,
    }
}

/// Says that a tree has nothing of the language that was hinted at.
fn missing(figures: &Figures, hint: Hint) -> Option<String> {
    let words: &[&str] = match hint {
        // The default hints at nothing.
        Hint::Python => {
            return figures
                .languages
                .is_empty()
                .then(|| "no source file of a known language is in the tree".to_owned());
        }
        Hint::Javascript => &["javascript", "typescript", "tsx", "vue"],
        Hint::Java => &["java", "kotlin"],
    };
    let none = !words.iter().any(|word| figures.languages.contains_key(*word));
    none.then(|| format!("no {} file is in the tree", words[0]))
}
