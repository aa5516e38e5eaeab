//! The quality of code: what smells in the graph of a project is kept as issues, dimensions are scored from what was
//! measured, and how both go is told from snapshots.

mod error;
mod hours;
mod manifests;
mod measure;
mod report;
mod score;
mod spots;
mod trend;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mcpd_codegraph::{git::Window, smells::SmellKind};
use mcpd_config::Config;
use tokio::sync::watch;

pub use error::QualityError;
pub(crate) use hours::rounded;
pub use hours::{DAY, FORMULA as HOURS_FORMULA};
pub use score::{Dimension, OVERALL as OVERALL_FORMULA, Scored, level};
pub use spots::{FORMULA as SPOTS_FORMULA, HistoryFigures, Spot, Spots};
pub use trend::{Direction, Trend};

use crate::{
    code::{Code, Freshness},
    store::{
        FoundIssue, Issue, IssueFilter, NewSnapshot, Owner, Page, QualitySnapshot, Reconciled, Run, Scores,
        StatusChange, Store, StoreError,
    },
};
use manifests::Dependencies;
use measure::Measured;
use score::Figures;

/// Time that walking through a history may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Snapshots that a trend looks at, the latest ones.
const MOST_SNAPSHOTS: i64 = 1_000;

/// The quality of the code of all projects.
pub struct Quality {
    store: Store,
    code: Arc<Code>,
    config: watch::Receiver<Arc<Config>>,
}

/// What looking for issues brought.
#[derive(Debug, Clone, PartialEq)]
pub struct Detected {
    /// Issues of those kinds that are open, the worst first.
    pub issues: Vec<Issue>,
    /// What became of them.
    pub done: Reconciled,
    /// Whether more was found than is kept.
    pub cut: bool,
    /// How fresh it is.
    pub fresh: Freshness,
}

/// How a project stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessed {
    /// Each dimension.
    pub scored: Vec<Scored>,
    /// What is kept of it.
    pub snapshot: QualitySnapshot,
    /// What looking for issues brought.
    pub detected: Detected,
}

/// An issue that was found just now, and its id where it is kept already.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    /// Its id.
    pub id: Option<String>,
    /// What was found.
    pub found: FoundIssue,
}

/// Issues as they are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed {
    /// A page of them.
    pub issues: Vec<Issue>,
    /// How many there are in all.
    pub total: i64,
    /// When issues were looked for last, if ever.
    pub ran_at: Option<i64>,
}

/// How a project went.
#[derive(Debug, Clone, PartialEq)]
pub struct Trends {
    /// The latest snapshots of the time, oldest first.
    pub snapshots: Vec<QualitySnapshot>,
    /// How many there are in all.
    pub total: i64,
    /// How they go.
    pub trend: Trend,
}

/// A report for people.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Markdown.
    pub text: String,
    /// Id of the latest snapshot, if there is one.
    pub snapshot: Option<String>,
}

/// How a project stands now, beside how it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Stood {
    /// All of it for people.
    pub report: Report,
    /// Each dimension.
    pub scored: Vec<Scored>,
    /// The whole; nothing where nothing was measured.
    pub overall: Option<f64>,
    /// What was found, without what somebody ignores, the worst first.
    pub standing: Vec<Standing>,
    /// Where it costs most, the worst first.
    pub spots: Vec<Spot>,
    /// How fresh it is.
    pub fresh: Freshness,
}

/// What manifests and the folder say of a project.
#[derive(Default)]
struct Around {
    readme: Option<bool>,
    dependencies: Option<Dependencies>,
    open_todos: usize,
}

impl Quality {
    /// Makes the quality floor on a store and the code of projects.
    pub fn new(store: Store, code: Arc<Code>, config: watch::Receiver<Arc<Config>>) -> Arc<Self> {
        Arc::new(Self { store, code, config })
    }

    /// Looks for issues of some kinds and keeps what became of them.
    pub async fn detect(
        &self,
        owner: &Owner,
        project: &str,
        kinds: Vec<SmellKind>,
    ) -> Result<Detected, QualityError> {
        let measured = self.measure(owner, project, kinds).await?;
        self.keep(owner, measured).await.map(|(detected, _)| detected)
    }

    /// Looks for all issues, scores every dimension and takes a snapshot.
    pub async fn assess(&self, owner: &Owner, project: &str) -> Result<Assessed, QualityError> {
        let measured = self.measure(owner, project, SmellKind::ALL.to_vec()).await?;
        let around = self.around(owner, project, &measured).await?;
        let (detected, measured) = self.keep(owner, measured).await?;
        let points = detected.issues.iter().map(|issue| score::points(&issue.severity)).sum();
        let scored = judged(&measured, &around, detected.issues.len(), points);
        let snapshot = NewSnapshot {
            tenant: owner.tenant.clone(),
            project: measured.project.clone(),
            commit: measured.fresh.commit.clone(),
            scores: score::scores(&scored),
            issues: detected.issues.len() as i64,
            hours: rounded(detected.issues.iter().map(|issue| issue.hours).sum(), 100.0),
            code_lines: measured.reach.code_lines as i64,
        };
        let snapshot = self.store.quality().take_snapshot(snapshot).await?;
        Ok(Assessed { scored, snapshot, detected })
    }

    /// Weighs the files of a project by what is wrong in them and how often they change. Nothing is kept.
    pub async fn hot_spots(&self, owner: &Owner, project: &str) -> Result<(Spots, Freshness), QualityError> {
        let measured = self.measure(owner, project, SmellKind::ALL.to_vec()).await?;
        let standing = self.standing(&measured).await?;
        let spots = self.spots(owner, project, &measured, &standing).await?;
        Ok((spots, measured.fresh))
    }

    /// Writes how a project stands now, beside how it went. Nothing is kept.
    pub async fn stand(&self, owner: &Owner, project: &str) -> Result<Stood, QualityError> {
        let measured = self.measure(owner, project, SmellKind::ALL.to_vec()).await?;
        let standing = self.standing(&measured).await?;
        let around = self.around(owner, project, &measured).await?;
        let points = standing.iter().map(|one| score::points(one.found.severity)).sum();
        let scored = judged(&measured, &around, standing.len(), points);
        let trends = self.trends(owner, project, 0).await?;
        let (spots, scores) =
            (self.spots(owner, project, &measured, &standing).await?, score::scores(&scored));
        let told = report::Told {
            project,
            scored: &scored,
            scores,
            standing: &standing,
            spots: &spots,
            dependencies: around.dependencies.as_ref(),
            trends: &trends,
            measured: &measured,
        };
        let snapshot = trends.snapshots.last().map(|snapshot| snapshot.id.clone());
        let report = Report { text: report::written(&told), snapshot };
        let (fresh, spots) = (measured.fresh, spots.spots);
        Ok(Stood { report, overall: scores.overall, scored, standing, spots, fresh })
    }

    /// Returns how a project went since a time, UTC milliseconds.
    pub async fn trends(&self, owner: &Owner, project: &str, since: i64) -> Result<Trends, QualityError> {
        let project = self.project(owner, project).await?;
        let (snapshots, total) = self.store.quality().snapshots(&project, since, MOST_SNAPSHOTS).await?;
        Ok(Trends { trend: Trend::of(&snapshots), snapshots, total })
    }

    /// Returns a page of the issues of a project as they are kept.
    pub async fn issues(
        &self,
        owner: &Owner,
        project: &str,
        filter: &IssueFilter,
        page: Page,
    ) -> Result<Listed, QualityError> {
        let project = self.project(owner, project).await?;
        let (issues, total) = self.store.quality().issues(&project, filter, page).await?;
        Ok(Listed { issues, total, ran_at: self.store.quality().last_run(&project).await? })
    }

    /// Sets the status of an issue.
    pub async fn set_status(
        &self,
        owner: &Owner,
        issue: &str,
        change: StatusChange,
    ) -> Result<Issue, QualityError> {
        match self.store.quality().set_status(&owner.tenant, issue, change).await {
            Err(StoreError::NotFound) => Err(QualityError::UnknownIssue(issue.to_owned())),
            set => Ok(set?),
        }
    }

    /// Returns our id of a project whose code is known.
    async fn project(&self, owner: &Owner, project: &str) -> Result<String, QualityError> {
        Ok(self.code.tree(&owner.tenant, project).await?.project)
    }

    async fn measure(
        &self,
        owner: &Owner,
        project: &str,
        kinds: Vec<SmellKind>,
    ) -> Result<Measured, QualityError> {
        let tree = self.code.tree(&owner.tenant, project).await?;
        let thresholds = measure::thresholds(&self.config.borrow().quality, tree.cut.is_some());
        let look = || {
            let kinds = kinds.clone();
            move |scene: &crate::code::Scene<'_>| Measured::of(scene, &thresholds, kinds)
        };
        let mut measured = self.code.ask(owner, project, look()).await?;
        // Much has changed, and is being read again now: judged before that, all of it would seem to be as it was.
        if !measured.fresh.changed.is_empty()
            && let Some(job) = self.code.running(&owner.tenant, project).await
        {
            job.ended().await;
            measured = self.code.ask(owner, project, look()).await?;
        }
        // Of now: asking may have read again what had changed.
        let left_out = self.code.left_out(&owner.tenant, project).await?;
        Ok(Measured { left_out, project: tree.project, ..measured })
    }

    /// Keeps what was found, and returns what is open then.
    async fn keep(
        &self,
        owner: &Owner,
        mut measured: Measured,
    ) -> Result<(Detected, Measured), QualityError> {
        let kinds: Vec<&'static str> = measured.kinds.iter().map(|kind| kind.as_str()).collect();
        let run = Run {
            tenant: owner.tenant.clone(),
            project: measured.project.clone(),
            commit: measured.fresh.commit.clone(),
            kinds: kinds.clone(),
            closing: measured.closing(),
            found: std::mem::take(&mut measured.found),
        };
        let done = self.store.quality().reconcile(run).await?;
        let mut issues = self.store.quality().open_issues(&measured.project).await?;
        issues.retain(|issue| kinds.contains(&issue.kind.as_str()));
        let detected = Detected { issues, done, cut: measured.cut, fresh: measured.fresh.clone() };
        Ok((detected, measured))
    }

    /// Returns what was found without what somebody ignores.
    async fn standing(&self, measured: &Measured) -> Result<Vec<Standing>, QualityError> {
        let kept = self.store.quality().statuses(&measured.project).await?;
        let standing = measured.found.iter().filter_map(|found| match kept.get(&found.fingerprint) {
            Some((_, status)) if status == "ignored" => None,
            Some((id, _)) => Some(Standing { id: Some(id.clone()), found: found.clone() }),
            None => Some(Standing { id: None, found: found.clone() }),
        });
        Ok(standing.collect())
    }

    async fn spots(
        &self,
        owner: &Owner,
        project: &str,
        measured: &Measured,
        standing: &[Standing],
    ) -> Result<Spots, QualityError> {
        let settings = self.config.borrow().quality.clone();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let since = now.as_secs() as i64 - settings.history.as_secs() as i64;
        let window = Window { commits: settings.history_commits as usize, since, patience: PATIENCE };
        let history = self.code.history(&owner.tenant, project, window).await?;
        Ok(Spots::of(standing, &measured.files, history))
    }

    async fn around(
        &self,
        owner: &Owner,
        project: &str,
        measured: &Measured,
    ) -> Result<Around, QualityError> {
        let beside = self.code.beside(&owner.tenant, project, manifests::wanted).await?;
        Ok(Around {
            readme: beside.as_deref().map(manifests::has_readme),
            dependencies: beside.as_deref().map(manifests::read),
            open_todos: self.store.todos().open(&measured.project).await?.len(),
        })
    }
}

/// Scores every dimension.
fn judged(measured: &Measured, around: &Around, issues: usize, points: f64) -> Vec<Scored> {
    score::all(&Figures {
        issues,
        points,
        reach: &measured.reach,
        written: &measured.written,
        readme: around.readme,
        dependencies: around.dependencies.as_ref(),
        open_todos: around.open_todos,
    })
}

/// Returns the days that so many hours are.
pub(crate) fn days(hours: f64) -> f64 {
    rounded(hours / DAY, 100.0)
}

/// Returns the scores of a dimension.
pub(crate) fn score_of(scores: &Scores, dimension: Dimension) -> Option<f64> {
    match dimension {
        Dimension::CodeQuality => scores.code_quality,
        Dimension::TestQuality => scores.test_quality,
        Dimension::Documentation => scores.documentation,
        Dimension::Dependencies => scores.dependencies,
        Dimension::Todos => scores.todos,
    }
}
