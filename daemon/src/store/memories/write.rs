//! How memories are written: deduplicated by content, counted and numbered for the indexes in the same transaction,
//! removed with all that was derived from them.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use sha2::{Digest, Sha256};
use sqlx::SqliteConnection;

use super::{Level, NewMemory, Stored};
use crate::store::{
    StoreError,
    changes::{Part, Telling},
    new_id, now, projects, sessions, words_from_text, words_to_text,
};

/// What a project and a tenant may keep at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Memories of one project.
    pub project_memories: i64,
    /// Bytes of content of one project.
    pub project_bytes: i64,
    /// Memories of all projects of a tenant.
    pub tenant_memories: i64,
    /// Bytes of content of all projects of a tenant.
    pub tenant_bytes: i64,
}

impl Default for Quota {
    /// No limits.
    fn default() -> Self {
        let most = i64::MAX;
        Self { project_memories: most, project_bytes: most, tenant_memories: most, tenant_bytes: most }
    }
}

/// Labels of one memory at most, those of every time it was stored together.
pub const MOST_TAGS: usize = 64;

/// A memory whose content is stored again.
#[derive(sqlx::FromRow)]
struct Known {
    seq: i64,
    id: String,
    level: String,
    tags: String,
    created_at: i64,
    expires_at: Option<i64>,
}

/// Stores a memory or finds the one with the same content.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    memory: NewMemory,
) -> Result<Stored, StoreError> {
    let owner = &memory.owner;
    let project = projects::ensure(connection, telling, &owner.tenant, &memory.project).await?;
    let hash = Sha256::digest(memory.content.as_bytes()).to_vec();
    let known: Option<Known> = sqlx::query_as(
        "SELECT seq, id, level, tags, created_at, expires_at FROM memories WHERE project = ? AND content_hash = ?",
    )
    .bind(&project)
    .bind(&hash)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some(known) = known {
        if known.expires_at.is_none_or(|end| end > now()) {
            let stored = extend(connection, &project, &memory, known).await?;
            telling.tell(&owner.tenant, &memory.project, || Part::Memories(stored.id.clone()));
            return Ok(stored);
        }
        // Its time has run out but the purge has not come by: it is gone for everyone.
        remove(connection, &project, known.seq).await?;
        telling.tell(&owner.tenant, &memory.project, || Part::Memories(known.id));
    }
    let revision = count(connection, &project, 1, memory.content.len() as i64).await?;
    check(connection, &owner.tenant, &project, memory.quota).await?;
    let session = sessions::current(connection, &project, &owner.author).await?;
    let stored = Stored {
        id: new_id(),
        level: memory.level,
        created_at: memory.created_at.map_or_else(now, |then| then.min(now())),
        expires_at: memory.expires_at,
        deduplicated: false,
    };
    sqlx::query(
        "INSERT INTO memories (id, tenant, project, level, content, content_hash, terms, analysis, tags, category, \
                               confidence, tokens, author, session, created_at, expires_at, revision) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&stored.id)
    .bind(&owner.tenant)
    .bind(&project)
    .bind(stored.level.as_str())
    .bind(&memory.content)
    .bind(&hash)
    .bind(&memory.terms)
    .bind(mcpd_recall::ANALYSIS)
    .bind(words_to_text(&memory.tags))
    .bind(memory.category.as_deref())
    .bind(memory.confidence)
    .bind(memory.tokens)
    .bind(&owner.author)
    .bind(session)
    .bind(stored.created_at)
    .bind(stored.expires_at)
    .bind(revision)
    .execute(connection)
    .await?;
    telling.tell(&owner.tenant, &memory.project, || Part::Memories(stored.id.clone()));
    Ok(stored)
}

/// Gives a known memory the longer of its own life and the new one, the labels of both, and what was said anew.
async fn extend(
    connection: &mut SqliteConnection,
    project: &str,
    memory: &NewMemory,
    known: Known,
) -> Result<Stored, StoreError> {
    let level = Level::read(&known.level)?.max(memory.level);
    let expires_at = match (known.expires_at, memory.expires_at) {
        (Some(old), Some(new)) => Some(old.max(new)),
        _ => None,
    };
    let mut tags = words_from_text(&known.tags)?;
    tags.extend(memory.tags.iter().cloned());
    let mut seen = HashSet::new();
    tags.retain(|tag| seen.insert(tag.clone()));
    tags.truncate(MOST_TAGS);
    let revision = count(connection, project, 0, 0).await?;
    sqlx::query(
        "UPDATE memories SET level = ?, expires_at = ?, tags = ?, category = coalesce(?, category), \
                confidence = coalesce(?, confidence), revision = ? WHERE seq = ?",
    )
    .bind(level.as_str())
    .bind(expires_at)
    .bind(words_to_text(&tags))
    .bind(memory.category.as_deref())
    .bind(memory.confidence)
    .bind(revision)
    .bind(known.seq)
    .execute(connection)
    .await?;
    Ok(Stored { id: known.id, level, created_at: known.created_at, expires_at, deduplicated: true })
}

/// Counts what a write adds to a project and returns the number of this change.
pub(super) async fn count(
    connection: &mut SqliteConnection,
    project: &str,
    memories: i64,
    bytes: i64,
) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar(
        "UPDATE projects SET memory_revision = memory_revision + 1, memory_count = memory_count + ?, \
                memory_bytes = memory_bytes + ? WHERE id = ? RETURNING memory_revision",
    )
    .bind(memories)
    .bind(bytes)
    .bind(project)
    .fetch_one(connection)
    .await?)
}

/// Fails when what was just counted is more than the project or its tenant may keep: the savepoint takes it back.
async fn check(
    connection: &mut SqliteConnection,
    tenant: &str,
    project: &str,
    quota: Quota,
) -> Result<(), StoreError> {
    const PROJECT: &str = "SELECT memory_count, memory_bytes FROM projects WHERE id = ?";
    const TENANT: &str = "SELECT coalesce(sum(memory_count), 0), coalesce(sum(memory_bytes), 0) FROM projects WHERE tenant = ?";
    for (who, sql, name, memories, bytes) in [
        ("the project", PROJECT, project, quota.project_memories, quota.project_bytes),
        ("the tenant", TENANT, tenant, quota.tenant_memories, quota.tenant_bytes),
    ] {
        let kept: (i64, i64) = sqlx::query_as(sql).bind(name).fetch_one(&mut *connection).await?;
        if kept.0 > memories {
            return Err(StoreError::Quota(format!("{who} may keep {memories} memories")));
        }
        if kept.1 > bytes {
            return Err(StoreError::Quota(format!("{who} may keep {bytes} bytes of memories")));
        }
    }
    Ok(())
}

/// Removes memories whose time has run out.
pub(super) async fn purge(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    limit: i64,
) -> Result<usize, StoreError> {
    let ended: Vec<(i64, String, String)> = sqlx::query_as(
        "SELECT seq, id, project FROM memories WHERE expires_at <= ? ORDER BY expires_at LIMIT ?",
    )
    .bind(now())
    .bind(limit)
    .fetch_all(&mut *connection)
    .await?;
    forget(connection, telling, ended).await
}

/// Removes rows, given with their ids and projects, and returns how many there were.
pub(super) async fn forget(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    rows: Vec<(i64, String, String)>,
) -> Result<usize, StoreError> {
    let gone = rows.len();
    // Whose they were is asked once for each project, and only when somebody wants to know.
    let mut projects: HashMap<String, (String, String)> = HashMap::new();
    for (seq, id, project) in rows {
        remove(connection, &project, seq).await?;
        if !telling.heard() {
            continue;
        }
        let (tenant, name) = match projects.entry(project) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let found = sqlx::query_as("SELECT tenant, name FROM projects WHERE id = ?")
                    .bind(new.key())
                    .fetch_one(&mut *connection)
                    .await?;
                new.insert(found)
            }
        };
        telling.tell(tenant, name, || Part::Memories(id));
    }
    Ok(gone)
}

/// Removes one row and its vector, and leaves its number for the indexes that know it.
async fn remove(connection: &mut SqliteConnection, project: &str, seq: i64) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM memory_vectors WHERE seq = ?").bind(seq).execute(&mut *connection).await?;
    let bytes: i64 =
        sqlx::query_scalar("DELETE FROM memories WHERE seq = ? RETURNING length(CAST(content AS BLOB))")
            .bind(seq)
            .fetch_one(&mut *connection)
            .await?;
    let revision = count(connection, project, -1, -bytes).await?;
    sqlx::query("INSERT INTO memories_gone (project, revision, seq) VALUES (?, ?, ?)")
        .bind(project)
        .bind(revision)
        .bind(seq)
        .execute(connection)
        .await?;
    Ok(())
}

/// Counts that memories were part of an answer; short ones that were so often enough become mid.
pub(super) async fn found(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    ids: Vec<String>,
    promote_after: u32,
    mid_ttl: i64,
) -> Result<(), StoreError> {
    let now = now();
    for id in ids {
        let row: Option<(i64, String, i64, String)> = sqlx::query_as(
            "UPDATE memories SET found = found + 1 WHERE id = ? RETURNING seq, level, found, project",
        )
        .bind(&id)
        .fetch_optional(&mut *connection)
        .await?;
        let Some((seq, level, found, project)) = row else { continue };
        if promote_after == 0 || found < i64::from(promote_after) || Level::read(&level)? != Level::Short {
            continue;
        }
        let revision = count(connection, &project, 0, 0).await?;
        sqlx::query("UPDATE memories SET level = ?, expires_at = ?, revision = ? WHERE seq = ?")
            .bind(Level::Mid.as_str())
            .bind(now.saturating_add(mid_ttl))
            .bind(revision)
            .bind(seq)
            .execute(&mut *connection)
            .await?;
        let (tenant, name): (String, String) =
            sqlx::query_as("SELECT tenant, name FROM projects WHERE id = ?")
                .bind(&project)
                .fetch_one(&mut *connection)
                .await?;
        telling.tell(&tenant, &name, || Part::Memories(id));
    }
    Ok(())
}
