//! Project notes: pitfalls, tips, open issues, and which of them are resolved.

use futures::FutureExt;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{
    Owner, Page, Store, StoreError,
    changes::{Part, Telling},
    new_id, now, projects, sessions, words_from_text, words_to_text,
};

/// A note to add.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNote {
    /// Whose and by whom.
    pub owner: Owner,
    /// The caller's `project_id`.
    pub project: String,
    /// Kind of note.
    pub category: String,
    /// Short title.
    pub title: String,
    /// The text.
    pub content: String,
    /// 1 lowest to 5 highest.
    pub importance: i64,
    /// Code it refers to.
    pub related_code: Option<String>,
    /// Free labels.
    pub tags: Vec<String>,
    /// Ids of notes that this one resolves.
    pub resolves: Vec<String>,
}

/// Which notes of a project are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NoteFilter {
    /// Only this category.
    pub category: Option<String>,
    /// Not this category.
    pub without_category: Option<String>,
    /// Only this importance or higher.
    pub min_importance: Option<i64>,
    /// Whether resolved notes are left out.
    pub unresolved_only: bool,
    /// Only notes with this label.
    pub tag: Option<String>,
}

/// A note as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: String,
    /// Kind of note.
    pub category: String,
    /// Short title.
    pub title: String,
    /// The text.
    pub content: String,
    /// 1 lowest to 5 highest.
    pub importance: i64,
    /// Code it refers to.
    pub related_code: Option<String>,
    /// Free labels.
    pub tags: Vec<String>,
    /// When it was added.
    pub created_at: i64,
    /// When it was resolved.
    pub resolved_at: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    category: String,
    title: String,
    content: String,
    importance: i64,
    related_code: Option<String>,
    tags: String,
    created_at: i64,
    resolved_at: Option<i64>,
}

/// The notes of the store.
pub struct NoteRepository<'a>(pub(super) &'a Store);

impl NoteRepository<'_> {
    /// Adds a note and returns its id. An unknown or already resolved id in `resolves` fails as `NotFound`.
    pub async fn create(&self, note: NewNote) -> Result<String, StoreError> {
        self.0.writer.run_telling(move |connection, telling| create(connection, telling, note).boxed()).await
    }

    /// Returns a page of a project's notes, most important first, then newest, and how many there are in all.
    pub async fn list(
        &self,
        project: &str,
        filter: &NoteFilter,
        page: Page,
    ) -> Result<(Vec<Note>, i64), StoreError> {
        const WHERE: &str = "WHERE project = ? AND (? IS NULL OR category = ?) AND (? IS NULL OR category <> ?) \
             AND importance >= ? \
             AND (NOT ? OR resolved_at IS NULL) \
             AND (? IS NULL OR EXISTS (SELECT 1 FROM json_each(notes.tags) WHERE value = ?))";
        let list = format!(
            "SELECT id, category, title, content, importance, related_code, tags, created_at, resolved_at \
             FROM notes {WHERE} ORDER BY importance DESC, created_at DESC, id DESC LIMIT ? OFFSET ?"
        );
        let count = format!("SELECT count(*) FROM notes {WHERE}");
        let category = filter.category.as_deref();
        let without = filter.without_category.as_deref();
        let least = filter.min_importance.unwrap_or(0);
        let tag = filter.tag.as_deref();
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(list))
            .bind(project)
            .bind(category)
            .bind(category)
            .bind(without)
            .bind(without)
            .bind(least)
            .bind(filter.unresolved_only)
            .bind(tag)
            .bind(tag)
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(&self.0.readers)
            .await?;
        let total = sqlx::query_scalar(AssertSqlSafe(count))
            .bind(project)
            .bind(category)
            .bind(category)
            .bind(without)
            .bind(without)
            .bind(least)
            .bind(filter.unresolved_only)
            .bind(tag)
            .bind(tag)
            .fetch_one(&self.0.readers)
            .await?;
        Ok((rows.into_iter().map(read).collect::<Result<_, _>>()?, total))
    }
}

async fn create(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    new: NewNote,
) -> Result<String, StoreError> {
    let owner = &new.owner;
    let project = projects::ensure(connection, telling, &owner.tenant, &new.project).await?;
    let session = sessions::current(connection, &project, &owner.author).await?;
    let (id, at) = (new_id(), now());
    for resolved in &new.resolves {
        let changed = sqlx::query(
            "UPDATE notes SET resolved_at = ? WHERE project = ? AND id = ? AND resolved_at IS NULL",
        )
        .bind(at)
        .bind(&project)
        .bind(resolved)
        .execute(&mut *connection)
        .await?;
        if changed.rows_affected() == 0 {
            return Err(StoreError::NotFound);
        }
    }
    sqlx::query(
        "INSERT INTO notes (id, tenant, project, session, category, title, content, importance, related_code, \
                            tags, author, created_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(&id)
    .bind(&owner.tenant)
    .bind(&project)
    .bind(session)
    .bind(&new.category)
    .bind(&new.title)
    .bind(&new.content)
    .bind(new.importance)
    .bind(new.related_code.as_deref())
    .bind(words_to_text(&new.tags))
    .bind(&owner.author)
    .bind(at)
    .execute(&mut *connection)
    .await?;
    telling.tell(&owner.tenant, &new.project, || Part::Notes);
    Ok(id)
}

fn read(row: Row) -> Result<Note, StoreError> {
    Ok(Note {
        id: row.id,
        category: row.category,
        title: row.title,
        content: row.content,
        importance: row.importance,
        related_code: row.related_code,
        tags: words_from_text(&row.tags)?,
        created_at: row.created_at,
        resolved_at: row.resolved_at,
    })
}
