//! Recording an error: the same error twice is one row, and what is said again is put upon it.

use futures::FutureExt;
use sqlx::SqliteConnection;

use super::{
    BlockLevel, FirewallRepository, KnownError, Outcome, SHARED,
    days::{self, Counted},
    read, solutions,
};
use crate::store::{Owner, StoreError, changes::Telling, new_id, now, projects};

/// An error that occurred.
#[derive(Debug, Clone, PartialEq)]
pub struct NewError {
    /// Whose and by whom.
    pub owner: Owner,
    /// The caller's `project_id`; absent for an error that is shared.
    pub project: Option<String>,
    /// What makes two records the same error.
    pub identity: Vec<u8>,
    /// Kind of operation, normalised.
    pub error_type: String,
    /// The situation in a line.
    pub scene: String,
    /// The canonical pattern.
    pub pattern: String,
    /// The text of the error.
    pub message: String,
    /// Terms of message and scene.
    pub terms: String,
    /// What a match brings about, when it was said.
    pub level: Option<BlockLevel>,
    /// What to do about it.
    pub solution: Option<String>,
    /// The trust in that, when it was said.
    pub stated: Option<f64>,
    /// Whether it can be applied without a person, when it was said.
    pub auto_fix: Option<bool>,
    /// Whether a solution helped.
    pub outcome: Option<Outcome>,
    /// Errors a scope may hold.
    pub most: i64,
}

/// What became of a solution that was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SolutionFate {
    /// None was given, and the known one stays.
    NotGiven,
    /// It is the first.
    First,
    /// It is the known one.
    Same,
    /// It is trusted more than the one before, which is kept as an alternative.
    Better,
    /// The known one is trusted as much or more: it is kept as an alternative.
    Alternative,
    /// None was given, and an alternative is trusted more than the known one now.
    AlternativeRose,
}

/// What became of a record.
#[derive(Debug, Clone, PartialEq)]
pub struct ErrorRecorded {
    /// The error as it is now.
    pub error: KnownError,
    /// Whether it was not known before.
    pub is_new: bool,
    /// The level before, where it was another.
    pub former_level: Option<BlockLevel>,
    /// The scene before, where it was another.
    pub former_scene: Option<String>,
    /// Whether the message before was another.
    pub is_message_new: bool,
    /// What became of the solution.
    pub fate: SolutionFate,
    /// The solution an outcome was counted for.
    pub outcome_of: Option<String>,
    /// An alternative that was let go because there were too many.
    pub dropped: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Before {
    id: String,
    scene: String,
    message: String,
    level: String,
    solution: Option<String>,
}

impl FirewallRepository<'_> {
    /// Records an error: a new one, or one more occurrence of a known one.
    pub async fn record(&self, error: NewError) -> Result<ErrorRecorded, StoreError> {
        self.0.writer.run_telling(move |connection, telling| record(connection, telling, error).boxed()).await
    }
}

async fn record(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    new: NewError,
) -> Result<ErrorRecorded, StoreError> {
    let tenant = &new.owner.tenant;
    let project = match &new.project {
        Some(name) => Some(projects::ensure(connection, telling, tenant, name).await?),
        None => None,
    };
    let scope = project.as_deref().unwrap_or(SHARED);
    let before: Option<Before> = sqlx::query_as(
        "SELECT id, scene, message, level, solution FROM firewall_errors \
         WHERE tenant = ? AND scope = ? AND identity = ?",
    )
    .bind(tenant)
    .bind(scope)
    .bind(&new.identity)
    .fetch_optional(&mut *connection)
    .await?;
    let revision = next_revision(connection, (tenant, scope), before.is_none(), new.most).await?;
    let (id, at) = (before.as_ref().map_or_else(new_id, |before| before.id.clone()), now());
    match &before {
        None => {
            insert(connection, &new, Place { id: &id, scope, project: project.as_deref(), revision, at })
                .await?
        }
        Some(_) => update(connection, &new, Place { id: &id, scope, project: None, revision, at }).await?,
    }
    days::count_error(connection, (tenant, &id), Counted::Occurred, at).await?;
    let current = before.as_ref().and_then(|before| before.solution.as_deref());
    let settled = solutions::settle(connection, (&id, current), &new).await?;
    sqlx::query("UPDATE firewall_errors SET solution = ? WHERE id = ?")
        .bind(settled.current.as_ref().map(|solution| &solution.id))
        .bind(&id)
        .execute(&mut *connection)
        .await?;
    let error = read::one(connection, tenant, &id).await?;
    let former = before.as_ref().map(|before| BlockLevel::read(&before.level)).transpose()?;
    Ok(ErrorRecorded {
        is_new: before.is_none(),
        former_level: former.filter(|level| *level != error.level),
        is_message_new: before.as_ref().is_some_and(|before| before.message != error.message),
        former_scene: before.map(|before| before.scene).filter(|scene| *scene != error.scene),
        error,
        fate: settled.fate,
        outcome_of: settled.outcome_of,
        dropped: settled.dropped,
    })
}

/// Returns the number of this change of a scope, and counts an error that is new in it.
async fn next_revision(
    connection: &mut SqliteConnection,
    (tenant, scope): (&str, &str),
    is_new: bool,
    most: i64,
) -> Result<i64, StoreError> {
    let row: Option<(i64, i64)> =
        sqlx::query_as("SELECT revision, errors FROM firewall_scopes WHERE tenant = ? AND scope = ?")
            .bind(tenant)
            .bind(scope)
            .fetch_optional(&mut *connection)
            .await?;
    let (revision, errors) = row.unwrap_or((0, 0));
    let (revision, errors) = (revision + 1, errors + i64::from(is_new));
    if is_new && errors > most {
        return Err(StoreError::TooManyErrors(most));
    }
    let sql = match row {
        Some(_) => "UPDATE firewall_scopes SET revision = ?, errors = ? WHERE tenant = ? AND scope = ?",
        None => "INSERT INTO firewall_scopes (revision, errors, tenant, scope) VALUES (?, ?, ?, ?)",
    };
    sqlx::query(sql).bind(revision).bind(errors).bind(tenant).bind(scope).execute(connection).await?;
    Ok(revision)
}

/// Where and when an error is written.
struct Place<'a> {
    id: &'a str,
    scope: &'a str,
    project: Option<&'a str>,
    revision: i64,
    at: i64,
}

async fn insert(
    connection: &mut SqliteConnection,
    new: &NewError,
    place: Place<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO firewall_errors (id, tenant, scope, project, identity, error_type, scene, pattern, message, terms, \
                                      analysis, level, occurrences, revision, author, created_at, seen_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
    )
    .bind(place.id)
    .bind(&new.owner.tenant)
    .bind(place.scope)
    .bind(place.project)
    .bind(&new.identity)
    .bind(&new.error_type)
    .bind(&new.scene)
    .bind(&new.pattern)
    .bind(&new.message)
    .bind(&new.terms)
    .bind(mcpd_recall::ANALYSIS)
    .bind(new.level.unwrap_or(BlockLevel::Warning).as_str())
    .bind(place.revision)
    .bind(&new.owner.author)
    .bind(place.at)
    .bind(place.at)
    .execute(connection)
    .await?;
    Ok(())
}

async fn update(
    connection: &mut SqliteConnection,
    new: &NewError,
    place: Place<'_>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE firewall_errors SET scene = ?, message = ?, terms = ?, analysis = ?, level = coalesce(?, level), \
                occurrences = occurrences + 1, revision = ?, seen_at = ? WHERE id = ?",
    )
    .bind(&new.scene)
    .bind(&new.message)
    .bind(&new.terms)
    .bind(mcpd_recall::ANALYSIS)
    .bind(new.level.map(BlockLevel::as_str))
    .bind(place.revision)
    .bind(place.at)
    .bind(place.id)
    .execute(connection)
    .await?;
    Ok(())
}
