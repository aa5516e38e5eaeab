//! How memories are written: deduplicated by content, indexed in the same transaction, removed with their terms.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{Level, NewMemory, Stored};
use crate::store::{
    StoreError,
    changes::{Part, Telling},
    new_id, now, projects, words_from_text, words_to_text,
};

/// Stores a memory or finds the one with the same content.
pub(super) async fn put(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    memory: NewMemory,
) -> Result<Stored, StoreError> {
    let owner = &memory.owner;
    let project = projects::ensure(connection, telling, &owner.tenant, &memory.project).await?;
    let hash = Sha256::digest(memory.content.as_bytes()).to_vec();
    let known: Option<(i64, String, String, i64, Option<i64>)> = sqlx::query_as(
        "SELECT seq, id, level, created_at, expires_at FROM memories WHERE project = ? AND content_hash = ?",
    )
    .bind(&project)
    .bind(&hash)
    .fetch_optional(&mut *connection)
    .await?;
    if let Some((seq, id, level, created_at, expires_at)) = known {
        if expires_at.is_none_or(|end| end > now()) {
            let known =
                Stored { id, level: Level::read(&level)?, created_at, expires_at, deduplicated: true };
            let known = extend(connection, &memory, known).await?;
            telling.tell(&owner.tenant, &memory.project, || Part::Memories(known.id.clone()));
            return Ok(known);
        }
        // Its time has run out but the purge has not come by: it is gone for everyone.
        remove(connection, seq).await?;
        telling.tell(&owner.tenant, &memory.project, || Part::Memories(id));
    }
    let stored = Stored {
        id: new_id(),
        level: memory.level,
        created_at: now(),
        expires_at: memory.expires_at,
        deduplicated: false,
    };
    let inserted = sqlx::query(
        "INSERT INTO memories (id, tenant, project, level, content, content_hash, terms, tags, category, confidence, \
                               tokens, author, created_at, expires_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&stored.id)
    .bind(&owner.tenant)
    .bind(&project)
    .bind(stored.level.as_str())
    .bind(&memory.content)
    .bind(&hash)
    .bind(&memory.terms)
    .bind(words_to_text(&memory.tags))
    .bind(memory.category.as_deref())
    .bind(memory.confidence)
    .bind(memory.tokens)
    .bind(&owner.author)
    .bind(stored.created_at)
    .bind(stored.expires_at)
    .execute(&mut *connection)
    .await?;
    sqlx::query("INSERT INTO memory_terms (rowid, terms) VALUES (?, ?)")
        .bind(inserted.last_insert_rowid())
        .bind(&memory.terms)
        .execute(&mut *connection)
        .await?;
    telling.tell(&owner.tenant, &memory.project, || Part::Memories(stored.id.clone()));
    Ok(stored)
}

/// Gives a known memory the longer of its own life and the new one, the labels of both, and what was said anew.
async fn extend(
    connection: &mut SqliteConnection,
    memory: &NewMemory,
    mut known: Stored,
) -> Result<Stored, StoreError> {
    known.level = known.level.max(memory.level);
    known.expires_at = match (known.expires_at, memory.expires_at) {
        (Some(old), Some(new)) => Some(old.max(new)),
        _ => None,
    };
    let tags: String = sqlx::query_scalar("SELECT tags FROM memories WHERE id = ?")
        .bind(&known.id)
        .fetch_one(&mut *connection)
        .await?;
    let mut tags = words_from_text(&tags)?;
    tags.extend(memory.tags.iter().cloned());
    let mut seen = HashSet::new();
    tags.retain(|tag| seen.insert(tag.clone()));
    sqlx::query(
        "UPDATE memories SET level = ?, expires_at = ?, tags = ?, category = coalesce(?, category), \
                confidence = coalesce(?, confidence) WHERE id = ?",
    )
    .bind(known.level.as_str())
    .bind(known.expires_at)
    .bind(words_to_text(&tags))
    .bind(memory.category.as_deref())
    .bind(memory.confidence)
    .bind(&known.id)
    .execute(connection)
    .await?;
    Ok(known)
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
    let gone = ended.len();
    // Whose they were is asked once for each project, and only when somebody wants to know.
    let mut projects: HashMap<String, (String, String)> = HashMap::new();
    for (seq, id, project) in ended {
        remove(connection, seq).await?;
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

async fn remove(connection: &mut SqliteConnection, seq: i64) -> Result<(), StoreError> {
    for sql in ["DELETE FROM memory_terms WHERE rowid = ?", "DELETE FROM memories WHERE seq = ?"] {
        sqlx::query(AssertSqlSafe(sql)).bind(seq).execute(&mut *connection).await?;
    }
    Ok(())
}
