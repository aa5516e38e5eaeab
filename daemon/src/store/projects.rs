//! Projects: made on first use, never asked for twice.

use sqlx::SqliteConnection;

use super::{
    Store, StoreError,
    changes::{Part, Telling},
    new_id, now,
};

/// Whose data a call may see and who makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The tenant.
    pub tenant: String,
    /// The principal that acts, kept as the author of what it writes.
    pub author: String,
}

/// One project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectRow {
    /// Our id.
    pub id: String,
    /// The caller's `project_id`.
    pub name: String,
}

/// A project in a list.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ProjectSummary {
    /// The caller's `project_id`.
    pub name: String,
    /// When its last decision was recorded.
    pub decided_at: Option<i64>,
}

/// The projects of the store.
pub struct ProjectRepository<'a>(pub(super) &'a Store);

impl ProjectRepository<'_> {
    /// Returns a tenant's project by the caller's name for it.
    pub async fn find(&self, tenant: &str, name: &str) -> Result<ProjectRow, StoreError> {
        let id = sqlx::query_scalar("SELECT id FROM projects WHERE tenant = ? AND name = ?")
            .bind(tenant)
            .bind(name)
            .fetch_one(&self.0.readers)
            .await?;
        Ok(ProjectRow { id, name: name.to_owned() })
    }

    /// Returns a tenant's projects by name, beginning behind the name given.
    pub async fn after(
        &self,
        tenant: &str,
        name: Option<&str>,
        limit: i64,
    ) -> Result<Vec<ProjectSummary>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT name, (SELECT max(created_at) FROM decisions WHERE project = projects.id) AS decided_at \
             FROM projects WHERE tenant = ? AND name > ? ORDER BY name LIMIT ?",
        )
        .bind(tenant)
        // No project has an empty name, so every one is behind it.
        .bind(name.unwrap_or_default())
        .bind(limit)
        .fetch_all(&self.0.readers)
        .await?)
    }

    /// Returns the names of a tenant's projects that hold `part`, those that begin with it first, and how many there
    /// are in all. ASCII letters match in either case.
    pub async fn names_like(
        &self,
        tenant: &str,
        part: &str,
        limit: i64,
    ) -> Result<(Vec<String>, i64), StoreError> {
        // instr and not LIKE: nothing in it is a wildcard, so there is nothing to escape.
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "SELECT name, count(*) OVER () FROM projects WHERE tenant = ?1 AND instr(lower(name), lower(?2)) > 0 \
             ORDER BY instr(lower(name), lower(?2)) > 1, name LIMIT ?3",
        )
        .bind(tenant)
        .bind(part)
        .bind(limit)
        .fetch_all(&self.0.readers)
        .await?;
        let total = rows.first().map_or(0, |(_, total)| *total);
        Ok((rows.into_iter().map(|(name, _)| name).collect(), total))
    }
}

/// Returns the id of a tenant's project inside a write, making the project if it is new.
pub(super) async fn ensure(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    tenant: &str,
    name: &str,
) -> Result<String, StoreError> {
    let found: Option<String> = sqlx::query_scalar("SELECT id FROM projects WHERE tenant = ? AND name = ?")
        .bind(tenant)
        .bind(name)
        .fetch_optional(&mut *connection)
        .await?;
    if let Some(id) = found {
        return Ok(id);
    }
    let id = new_id();
    sqlx::query("INSERT INTO projects (id, tenant, name, created_at) VALUES (?, ?, ?, ?)")
        .bind(&id)
        .bind(tenant)
        .bind(name)
        .bind(now())
        .execute(connection)
        .await?;
    telling.tell(tenant, name, || Part::ProjectMade);
    Ok(id)
}
