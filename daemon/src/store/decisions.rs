//! Design decisions, and which later ones took their place.

use futures::FutureExt;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{
    Owner, Page, Store, StoreError,
    changes::{Part, Telling},
    new_id, now, projects, sessions,
};

/// A decision to record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDecision {
    /// Whose and by whom.
    pub owner: Owner,
    /// The caller's `project_id`.
    pub project: String,
    /// Short title.
    pub title: String,
    /// Kind of decision.
    pub category: String,
    /// Details.
    pub description: Option<String>,
    /// Why this option.
    pub reasoning: String,
    /// Options considered, as a JSON array.
    pub alternatives: String,
    /// What it affects.
    pub impact_scope: Option<String>,
    /// Ids of active decisions it takes the place of.
    pub supersedes: Vec<String>,
}

/// A decision as kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Decision {
    /// Its id.
    pub id: String,
    /// Short title.
    pub title: String,
    /// Kind of decision.
    pub category: String,
    /// Details.
    pub description: Option<String>,
    /// Why this option.
    pub reasoning: String,
    /// Options considered, as a JSON array.
    pub alternatives: String,
    /// What it affects.
    pub impact_scope: Option<String>,
    /// The decision that took its place.
    pub superseded_by: Option<String>,
    /// When it was recorded.
    pub created_at: i64,
}

/// The decisions of the store.
pub struct DecisionRepository<'a>(pub(super) &'a Store);

impl DecisionRepository<'_> {
    /// Records a decision and returns its id and time. Unknown or already superseded ids fail as `NotFound`.
    pub async fn create(&self, decision: NewDecision) -> Result<(String, i64), StoreError> {
        self.0
            .writer
            .run_telling(move |connection, telling| create(connection, telling, decision).boxed())
            .await
    }

    /// Returns a page of a project's decisions, newest first, and how many there are in all.
    pub async fn list(
        &self,
        project: &str,
        category: Option<&str>,
        with_superseded: bool,
        page: Page,
    ) -> Result<(Vec<Decision>, i64), StoreError> {
        const WHERE: &str = "WHERE project = ? AND (? IS NULL OR category = ?) \
             AND (? OR superseded_by IS NULL)";
        let list = format!(
            "SELECT id, title, category, description, reasoning, alternatives, impact_scope, superseded_by, \
             created_at FROM decisions {WHERE} ORDER BY created_at DESC, id DESC LIMIT ? OFFSET ?"
        );
        let count = format!("SELECT count(*) FROM decisions {WHERE}");
        let decisions = sqlx::query_as(AssertSqlSafe(list))
            .bind(project)
            .bind(category)
            .bind(category)
            .bind(with_superseded)
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(&self.0.readers)
            .await?;
        let total = sqlx::query_scalar(AssertSqlSafe(count))
            .bind(project)
            .bind(category)
            .bind(category)
            .bind(with_superseded)
            .fetch_one(&self.0.readers)
            .await?;
        Ok((decisions, total))
    }
}

async fn create(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    new: NewDecision,
) -> Result<(String, i64), StoreError> {
    let owner = &new.owner;
    let project = projects::ensure(connection, telling, &owner.tenant, &new.project).await?;
    let session = sessions::current(connection, &project, &owner.author).await?;
    let (id, at) = (new_id(), now());
    sqlx::query(
        "INSERT INTO decisions (id, tenant, project, session, title, category, description, reasoning, \
                                alternatives, impact_scope, author, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(&owner.tenant)
    .bind(&project)
    .bind(session)
    .bind(&new.title)
    .bind(&new.category)
    .bind(new.description.as_deref())
    .bind(&new.reasoning)
    .bind(&new.alternatives)
    .bind(new.impact_scope.as_deref())
    .bind(&owner.author)
    .bind(at)
    .execute(&mut *connection)
    .await?;
    for earlier in &new.supersedes {
        let changed = sqlx::query(
            "UPDATE decisions SET superseded_by = ? \
             WHERE project = ? AND id = ? AND superseded_by IS NULL AND id <> ?",
        )
        .bind(&id)
        .bind(&project)
        .bind(earlier)
        .bind(&id)
        .execute(&mut *connection)
        .await?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
    }
    telling.tell(&owner.tenant, &new.project, || Part::Decisions);
    Ok((id, at))
}
