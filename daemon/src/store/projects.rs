//! Projects: made on first use, never asked for twice.

use sqlx::SqliteConnection;

use super::{Store, StoreError, new_id, now};

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
}

/// Returns the id of a tenant's project inside a write, making the project if it is new.
pub(super) async fn ensure(
    connection: &mut SqliteConnection,
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
    Ok(id)
}
