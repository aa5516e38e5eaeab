//! Todos and what they wait for.

use futures::FutureExt;
use sqlx::{AssertSqlSafe, SqliteConnection};

use super::{
    Owner, Page, Store, StoreError,
    changes::{Part, Telling},
    dependencies, new_id, now, projects, sessions, words_to_text,
};

/// A todo to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTodo {
    /// Whose and by whom.
    pub owner: Owner,
    /// The caller's `project_id`.
    pub project: String,
    /// Short title.
    pub title: String,
    /// Details.
    pub description: Option<String>,
    /// Kind of task.
    pub category: String,
    /// 1 lowest to 5 highest.
    pub priority: i64,
    /// Whole hours.
    pub estimated_hours: Option<i64>,
    /// Ids of todos that must be finished first.
    pub depends_on: Vec<String>,
}

/// What changes in a todo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TodoChange {
    /// The new status.
    pub status: String,
    /// Percent done; absent keeps what was reached, except that completed means all and reopened means none.
    pub progress: Option<i64>,
    /// Remark.
    pub completion_note: Option<String>,
    /// The new dependencies, if they change.
    pub depends_on: Option<Vec<String>>,
    /// Whether the status says that it is done.
    pub completed: bool,
}

/// Which todos of a project are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TodoFilter {
    /// Only this status.
    pub status: Option<String>,
    /// Only this category.
    pub category: Option<String>,
    /// Only this priority or higher.
    pub min_priority: Option<i64>,
}

/// A todo as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Todo {
    /// Its id.
    pub id: String,
    /// The caller's `project_id`.
    pub project: String,
    /// Short title.
    pub title: String,
    /// Details.
    pub description: Option<String>,
    /// Kind of task.
    pub category: String,
    /// 1 lowest to 5 highest.
    pub priority: i64,
    /// Whole hours.
    pub estimated_hours: Option<i64>,
    /// `pending`, `in_progress`, `completed`, `blocked` or `cancelled`.
    pub status: String,
    /// Percent done.
    pub progress: i64,
    /// Remark kept with the last change.
    pub completion_note: Option<String>,
    /// Ids of todos that must be finished first.
    pub depends_on: Vec<String>,
    /// When it was made.
    pub created_at: i64,
    /// When it was completed.
    pub completed_at: Option<i64>,
}

const COLUMNS: &str = "SELECT t.id, p.name AS project, t.title, t.description, t.category, t.priority, t.estimated_hours, \
     t.status, t.progress, t.completion_note, t.created_at, t.completed_at, \
     (SELECT json_group_array(d.depends_on) FROM \
        (SELECT depends_on FROM todo_dependencies WHERE todo = t.id ORDER BY depends_on) d) AS depends_on \
     FROM todos t JOIN projects p ON p.id = t.project";

#[derive(sqlx::FromRow)]
struct Row {
    id: String,
    project: String,
    title: String,
    description: Option<String>,
    category: String,
    priority: i64,
    estimated_hours: Option<i64>,
    status: String,
    progress: i64,
    completion_note: Option<String>,
    created_at: i64,
    completed_at: Option<i64>,
    depends_on: String,
}

/// The todos of the store.
pub struct TodoRepository<'a>(pub(super) &'a Store);

impl TodoRepository<'_> {
    /// Makes a todo.
    pub async fn create(&self, todo: NewTodo) -> Result<Todo, StoreError> {
        self.0.writer.run_telling(move |connection, telling| create(connection, telling, todo).boxed()).await
    }

    /// Returns a tenant's todo.
    pub async fn get(&self, tenant: &str, id: &str) -> Result<Todo, StoreError> {
        let mut connection = self.0.readers.acquire().await?;
        fetch(&mut connection, tenant, id).await
    }

    /// Changes a tenant's todo.
    pub async fn change(&self, tenant: &str, id: &str, change: TodoChange) -> Result<Todo, StoreError> {
        let (tenant, id) = (tenant.to_owned(), id.to_owned());
        self.0
            .writer
            .run_telling(move |connection, telling| apply(connection, telling, (tenant, id), change).boxed())
            .await
    }

    /// Returns a page of a project's todos, highest priority first, then oldest, and how many there are in all.
    pub async fn list(
        &self,
        project: &str,
        filter: &TodoFilter,
        page: Page,
    ) -> Result<(Vec<Todo>, i64), StoreError> {
        const WHERE: &str = "WHERE t.project = ? AND (? IS NULL OR t.status = ?) \
             AND (? IS NULL OR t.category = ?) AND t.priority >= ?";
        let list = format!("{COLUMNS} {WHERE} ORDER BY t.priority DESC, t.created_at, t.id LIMIT ? OFFSET ?");
        let count = format!("SELECT count(*) FROM todos t {WHERE}");
        let (status, category) = (filter.status.as_deref(), filter.category.as_deref());
        let least = filter.min_priority.unwrap_or(0);
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(list))
            .bind(project)
            .bind(status)
            .bind(status)
            .bind(category)
            .bind(category)
            .bind(least)
            .bind(page.limit)
            .bind(page.offset)
            .fetch_all(&self.0.readers)
            .await?;
        let total = sqlx::query_scalar(AssertSqlSafe(count))
            .bind(project)
            .bind(status)
            .bind(status)
            .bind(category)
            .bind(category)
            .bind(least)
            .fetch_one(&self.0.readers)
            .await?;
        Ok((rows.into_iter().map(read).collect::<Result<_, _>>()?, total))
    }

    /// Returns id and title of those of a project's todos named that are neither completed nor cancelled: what others
    /// still wait for.
    pub async fn unfinished(
        &self,
        project: &str,
        ids: &[String],
    ) -> Result<Vec<(String, String)>, StoreError> {
        Ok(sqlx::query_as(
            "SELECT id, title FROM todos WHERE project = ? AND id IN (SELECT value FROM json_each(?)) \
             AND status NOT IN ('completed', 'cancelled')",
        )
        .bind(project)
        .bind(words_to_text(ids))
        .fetch_all(&self.0.readers)
        .await?)
    }

    /// Returns every todo of a project that is neither completed nor cancelled, oldest first.
    pub async fn open(&self, project: &str) -> Result<Vec<Todo>, StoreError> {
        let sql = format!(
            "{COLUMNS} WHERE t.project = ? AND t.status NOT IN ('completed', 'cancelled') \
             ORDER BY t.created_at, t.id"
        );
        let rows: Vec<Row> =
            sqlx::query_as(AssertSqlSafe(sql)).bind(project).fetch_all(&self.0.readers).await?;
        rows.into_iter().map(read).collect()
    }

    /// Returns the open todos that wait for the one named.
    pub async fn waiting_for(&self, id: &str) -> Result<Vec<Todo>, StoreError> {
        let sql = format!(
            "{COLUMNS} JOIN todo_dependencies w ON w.todo = t.id \
             WHERE w.depends_on = ? AND t.status NOT IN ('completed', 'cancelled') \
             ORDER BY t.created_at, t.id"
        );
        let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(sql)).bind(id).fetch_all(&self.0.readers).await?;
        rows.into_iter().map(read).collect()
    }
}

pub(super) async fn create(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    new: NewTodo,
) -> Result<Todo, StoreError> {
    let owner = &new.owner;
    let project = projects::ensure(connection, telling, &owner.tenant, &new.project).await?;
    let session = sessions::current(connection, &project, &owner.author).await?;
    dependencies::check_known(connection, &project, &new.depends_on).await?;
    let id = new_id();
    let at = now();
    sqlx::query(
        "INSERT INTO todos (id, tenant, project, session, title, description, category, priority, \
                            estimated_hours, status, progress, author, created_at, updated_at) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0, ?, ?, ?)",
    )
    .bind(&id)
    .bind(&owner.tenant)
    .bind(&project)
    .bind(session)
    .bind(&new.title)
    .bind(new.description.as_deref())
    .bind(&new.category)
    .bind(new.priority)
    .bind(new.estimated_hours)
    .bind(&owner.author)
    .bind(at)
    .bind(at)
    .execute(&mut *connection)
    .await?;
    dependencies::depend(connection, &owner.tenant, &id, &new.depends_on).await?;
    telling.tell(&owner.tenant, &new.project, || Part::Todos);
    fetch(connection, &owner.tenant, &id).await
}

async fn apply(
    connection: &mut SqliteConnection,
    telling: &mut Telling,
    (tenant, id): (String, String),
    change: TodoChange,
) -> Result<Todo, StoreError> {
    let project: String = sqlx::query_scalar("SELECT project FROM todos WHERE tenant = ? AND id = ?")
        .bind(&tenant)
        .bind(&id)
        .fetch_one(&mut *connection)
        .await?;
    if let Some(depends_on) = &change.depends_on {
        dependencies::check_known(connection, &project, depends_on).await?;
        dependencies::check_acyclic(connection, &project, &id, depends_on).await?;
        sqlx::query("DELETE FROM todo_dependencies WHERE todo = ?")
            .bind(&id)
            .execute(&mut *connection)
            .await?;
        dependencies::depend(connection, &tenant, &id, depends_on).await?;
    }
    let at = now();
    // The first completion counts; a todo that is opened again has none.
    sqlx::query(
        "UPDATE todos SET status = ?, \
                progress = coalesce(?, CASE WHEN ? THEN 100 WHEN progress = 100 THEN 0 ELSE progress END), \
                completion_note = coalesce(?, completion_note), \
                updated_at = ?, completed_at = CASE WHEN ? THEN coalesce(completed_at, ?) ELSE NULL END \
         WHERE id = ?",
    )
    .bind(&change.status)
    .bind(change.progress)
    .bind(change.completed)
    .bind(change.completion_note.as_deref())
    .bind(at)
    .bind(change.completed)
    .bind(at)
    .bind(&id)
    .execute(&mut *connection)
    .await?;
    let todo = fetch(connection, &tenant, &id).await?;
    telling.tell(&tenant, &todo.project, || Part::Todos);
    Ok(todo)
}

pub(super) async fn fetch(
    connection: &mut SqliteConnection,
    tenant: &str,
    id: &str,
) -> Result<Todo, StoreError> {
    let sql = format!("{COLUMNS} WHERE t.tenant = ? AND t.id = ?");
    let row: Row = sqlx::query_as(AssertSqlSafe(sql)).bind(tenant).bind(id).fetch_one(connection).await?;
    read(row)
}

fn read(row: Row) -> Result<Todo, StoreError> {
    Ok(Todo {
        id: row.id,
        project: row.project,
        title: row.title,
        description: row.description,
        category: row.category,
        priority: row.priority,
        estimated_hours: row.estimated_hours,
        status: row.status,
        progress: row.progress,
        completion_note: row.completion_note,
        depends_on: super::words_from_text(&row.depends_on)?,
        created_at: row.created_at,
        completed_at: row.completed_at,
    })
}
