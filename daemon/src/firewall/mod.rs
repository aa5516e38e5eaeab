//! The firewall of errors: what failed once is recorded with what helped, and an operation is compared with it before
//! it is done. The store keeps the rows, `mcpd_recall` compares texts; this decides.

mod check;
mod error;
mod fit;
mod glob;
mod known;
mod message;
mod pattern;
mod verdict;
mod version;
mod withheld;

use std::sync::Arc;

use mcpd_config::{Config, SecretRule};
use mcpd_ipc::redact::suspicion;
use mcpd_recall::Question;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::sync::watch;

pub use check::{Checked, Met, Operation};
pub use error::FirewallError;
pub use verdict::Risk;

use crate::store::{
    BlockLevel, ErrorFilter, ErrorRecorded, FirewallFigures, KnownError, NewError, Outcome, Owner, Page,
    PastCheck, SHARED, Solution, Store, StoreError, Window,
};
use known::Scopes;
use pattern::{Features, PATTERN, operation_type};

/// Errors one scope knows at most: each check compares with all of them.
const MOST_ERRORS: i64 = 10_000;

/// Errors a text search looks through, best first.
const SEARCHED: usize = 1000;

/// Checks told with an error, and among the figures.
const RECENT: i64 = 10;

/// An error to record.
#[derive(Debug, Clone, PartialEq)]
pub struct Occurrence {
    /// Whose and by whom.
    pub owner: Owner,
    /// The caller's `project_id`; absent for an error that all projects share.
    pub project: Option<String>,
    /// Kind of operation; may hold wildcards.
    pub error_type: String,
    /// The situation in a line.
    pub scene: String,
    /// What identifies the failing operation.
    pub pattern: Map<String, Value>,
    /// The text of the error.
    pub message: String,
    /// What a match brings about, when it was said.
    pub level: Option<BlockLevel>,
    /// What to do about it.
    pub solution: Option<String>,
    /// The trust in that, when it was said.
    pub confidence: Option<f64>,
    /// Whether it can be applied without a person, when it was said.
    pub auto_fix: Option<bool>,
    /// Whether a solution helped.
    pub outcome: Option<Outcome>,
}

/// What became of an occurrence.
#[derive(Debug, Clone, PartialEq)]
pub struct Noted {
    /// As the store has it.
    pub recorded: ErrorRecorded,
    /// The argument that looks like a secret, and like which.
    pub suspicion: Option<(&'static str, &'static str)>,
}

/// Whose errors are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// The tenant.
    pub tenant: String,
    /// The project's id; absent for the shared errors alone.
    pub project: Option<String>,
}

/// An error with all that is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Whole {
    /// The error.
    pub error: KnownError,
    /// Its solutions, the one trusted most first.
    pub solutions: Vec<Solution>,
    /// The newest checks that met it.
    pub checks: Vec<PastCheck>,
}

/// The known errors of all projects.
#[derive(Debug)]
pub struct Firewall {
    store: Store,
    config: watch::Receiver<Arc<Config>>,
    scopes: Scopes,
}

impl Firewall {
    /// Makes the firewall on a store.
    pub fn new(store: Store, config: watch::Receiver<Arc<Config>>) -> Self {
        Self { store, config, scopes: Scopes::default() }
    }

    /// Records an error: a new one, or one more occurrence of the same; the next check meets it.
    pub async fn record(&self, occurred: Occurrence) -> Result<Noted, FirewallError> {
        let error_type = operation_type(&occurred.error_type);
        if error_type.is_empty() {
            return Err(FirewallError::Features { what: "error_type", reason: "it has no word".to_owned() });
        }
        let pattern = Features::of(&occurred.pattern, PATTERN)?;
        let rule = self.config.borrow().memory.secrets;
        // Away from the threads that serve: a long text takes a while.
        let (occurred, pattern, terms, identity, suspicion) = tokio::task::spawn_blocking(move || {
            let suspicion = (rule != SecretRule::Allow).then(|| suspected(&occurred)).flatten();
            let terms = known::terms(&occurred.scene, &occurred.message);
            let identity = identity(&error_type, &pattern, &occurred.message);
            (occurred, pattern.text(), terms, (error_type, identity), suspicion)
        })
        .await?;
        if let (SecretRule::Refuse, Some((what, kind))) = (rule, suspicion) {
            return Err(FirewallError::Secret { what, kind });
        }
        let (error_type, identity) = identity;
        let recorded = self
            .store
            .firewall()
            .record(NewError {
                owner: occurred.owner,
                project: occurred.project,
                identity,
                error_type,
                scene: occurred.scene,
                pattern,
                message: occurred.message,
                terms,
                level: occurred.level,
                solution: occurred.solution,
                stated: occurred.confidence,
                auto_fix: occurred.auto_fix,
                outcome: occurred.outcome,
                most: MOST_ERRORS,
            })
            .await?;
        Ok(Noted { recorded, suspicion })
    }

    /// Returns an error with all that is known of it. Where a project is named, it must be one of its or a shared one.
    pub async fn get(&self, whose: &Whose, id: &str) -> Result<Whole, FirewallError> {
        let unknown = || FirewallError::UnknownError(id.to_owned());
        let firewall = self.store.firewall();
        if let Some(project) = &whose.project
            && !firewall.is_in(&whose.tenant, project, id).await?
        {
            return Err(unknown());
        }
        let (error, solutions) = firewall
            .get(&whose.tenant, id)
            .await
            .map_err(|error| if matches!(error, StoreError::NotFound) { unknown() } else { error.into() })?;
        let checks = firewall.checks_of(id, RECENT).await?;
        Ok(Whole { error, solutions, checks })
    }

    /// Returns a page of the errors of a type and how many there are: those a text asks for, best first, or else the
    /// last seen first.
    pub async fn list(
        &self,
        whose: &Whose,
        error_type: Option<&str>,
        text: Option<&str>,
        page: Page,
    ) -> Result<(Vec<KnownError>, i64), FirewallError> {
        let type_like = error_type.map(like);
        let firewall = self.store.firewall();
        let Some(text) = text else {
            let filter = ErrorFilter { type_like, ids: None };
            let project = whose.project.as_deref();
            return Ok(firewall.list(&whose.tenant, project, &filter, page).await?);
        };
        let ranked = self.ranked(whose, text).await?;
        let filter = ErrorFilter { type_like, ids: Some(ranked.clone()) };
        let all = Page { limit: SEARCHED as i64, offset: 0 };
        let (mut errors, total) =
            firewall.list(&whose.tenant, whose.project.as_deref(), &filter, all).await?;
        let place = |error: &KnownError| ranked.iter().position(|id| *id == error.id);
        errors.sort_by_cached_key(place);
        let part = errors.into_iter().skip(usize::try_from(page.offset).unwrap_or(usize::MAX));
        Ok((part.take(usize::try_from(page.limit).unwrap_or(0)).collect(), total))
    }

    /// Returns the figures, and the newest checks that warned or blocked.
    pub async fn figures(
        &self,
        whose: &Whose,
        window: Window,
    ) -> Result<(FirewallFigures, Vec<PastCheck>), FirewallError> {
        let (firewall, project) = (self.store.firewall(), whose.project.as_deref());
        let figures = firewall.figures(&whose.tenant, project, window).await?;
        let recent = firewall.intercepts(&whose.tenant, project, window.since(), RECENT).await?;
        Ok((figures, recent))
    }

    /// Returns the ids of the errors a text asks for, best first.
    async fn ranked(&self, whose: &Whose, text: &str) -> Result<Vec<String>, FirewallError> {
        let known = self.known(whose).await?;
        let question = Question::new(text);
        let mut found = tokio::task::spawn_blocking(move || {
            let found = known.iter().flat_map(|scope| scope.state.read().like(&question, SEARCHED, |_| true));
            found.collect::<Vec<_>>()
        })
        .await?;
        found.sort_by(|left, right| right.1.total_cmp(&left.1));
        found.truncate(SEARCHED);
        Ok(found.into_iter().map(|(id, ..)| id.to_string()).collect())
    }

    /// Returns what the caller sees: the project's errors, if one is named, and the shared ones.
    async fn known(&self, whose: &Whose) -> Result<Vec<Arc<known::KnownScope>>, StoreError> {
        let mut known = Vec::with_capacity(2);
        for scope in whose.project.as_deref().into_iter().chain([SHARED]) {
            known.push(self.scopes.of(&self.store, &whose.tenant, scope).await?);
        }
        Ok(known)
    }
}

/// Returns what makes two records the same error: the type and the pattern, and where the pattern is empty the
/// fingerprint of the message.
fn identity(error_type: &str, pattern: &Features, text: &str) -> Vec<u8> {
    let print = if pattern.is_empty() { message::fingerprint(text) } else { Vec::new() };
    let features = pattern.text();
    let parts = [error_type.as_bytes(), b"\0", features.as_bytes(), b"\0", &print];
    Sha256::digest(parts.concat()).to_vec()
}

/// Returns which argument looks like a secret, and like which.
fn suspected(occurred: &Occurrence) -> Option<(&'static str, &'static str)> {
    let pattern = Value::Object(occurred.pattern.clone()).to_string();
    let texts = [
        ("error_message", Some(&occurred.message)),
        ("error_scene", Some(&occurred.scene)),
        ("error_pattern", Some(&pattern)),
        ("solution", occurred.solution.as_ref()),
    ];
    texts.into_iter().find_map(|(what, text)| Some((what, suspicion(text?)?)))
}

/// Returns the pattern of SQL's `LIKE` for a type: with wildcards as a whole, without as a part.
fn like(error_type: &str) -> String {
    let is_wild = glob::Glob::is_wild(error_type);
    let mut like = String::new();
    for letter in operation_type(error_type).chars() {
        match letter {
            '*' => like.push('%'),
            '?' => like.push('_'),
            '%' | '_' | '!' => like.extend(['!', letter]),
            plain => like.push(plain),
        }
    }
    if is_wild { like } else { format!("%{like}%") }
}

#[cfg(test)]
mod tests;
