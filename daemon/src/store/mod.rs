//! The store: the only place with SQL. Callers ask repositories named after what they keep.
//! Writes go through one writer that commits in groups; reads through a pool.

mod ai_usage;
mod allow;
mod care;
mod changes;
mod client_sessions;
mod code;
mod decisions;
mod dependencies;
mod error;
mod firewall;
mod keys;
mod memories;
mod migrate;
mod notes;
mod pepper;
mod plan;
mod projects;
mod quality;
mod sessions;
mod settings;
mod statistics;
mod todos;
mod tools;
mod writable;
mod writer;

use std::{
    fs::File,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

pub use ai_usage::{AiUsage, AiUsageRepository, Spent};
pub use allow::AllowRepository;
pub use care::{CareRepository, Contents, Examined, Label, beside, read_backup, take_label_off};
use changes::Changes;
pub use changes::{Change, Part};
pub use client_sessions::{ClientSession, ClientSessionRepository};
pub use code::{
    CodeFile, CodeRepository, CodeTree, Commit, EXTRACTION, Kept, NewFacts, NewFile, NewTree, TreeSource,
};
pub use decisions::{Decision, DecisionRepository, NewDecision};
pub use error::StoreError;
pub use firewall::{
    BlockLevel, ChangedError, ErrorFilter, ErrorRecorded, FirewallFigures, FirewallRepository, KnownError,
    MatchedBy, NewCheck, NewError, Outcome, PastCheck, SHARED, Solution, SolutionFate, TypeFigures, Verdict,
    Window,
};
pub use keys::{KeyRepository, KeyRow, PreviousSecret};
pub use memories::{
    Browsed, Browsing, Changed, Embedded, Level, MOST_TAGS, Memory, MemoryRepository, NewMemory, Quota,
    Stored, Unembedded,
};
pub use notes::{NewNote, Note, NoteFilter, NoteRepository};
pub use pepper::PepperRepository;
pub use plan::{Plan, PlannedTodo};
pub use projects::{Owner, ProjectRepository, ProjectRow, ProjectSummary};
pub use quality::{
    Closing, FoundIssue, Issue, IssueFilter, NewSnapshot, QualityRepository, QualitySnapshot, Reconciled,
    Run, Scores, StatusChange,
};
pub use sessions::{DevSession, NewSession, SessionEnd, SessionRepository};
pub use statistics::{Statistics, StatisticsRepository};
pub use todos::{NewTodo, Todo, TodoChange, TodoFilter, TodoRepository};
use tokio::sync::broadcast;
pub use tools::ToolRepository;
use writer::Writer;

/// How long a statement waits for another process that holds the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// A slice of a list and how long the whole list is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Rows at most.
    pub limit: i64,
    /// Rows left out before the first.
    pub offset: i64,
}

/// The database of one state directory.
#[derive(Debug, Clone)]
pub struct Store {
    path: PathBuf,
    readers: SqlitePool,
    writer: Writer,
    changes: Changes,
    /// Locked, shared with every process that has the database open, for as long as this one has.
    used: Arc<File>,
}

impl Store {
    /// Opens or creates the database at `path`, migrates it under a lock and starts the writer.
    ///
    /// Fails when the bundled SQLite is too old, the file is no database, or it was written by a newer mcpd.
    pub async fn open(path: &Path, readers: u32) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
            // What is forgotten is overwritten, not only unlinked.
            .pragma("secure_delete", "on");
        let used = File::options().create(true).truncate(false).write(true).open(beside(path, ".use"))?;
        used.lock_shared()?;
        migrate::prepare(path, &options).await?;
        // The writer opens first: a read-only connection cannot create the WAL files.
        let changes = Changes::new();
        let writer = Writer::start(options.clone(), changes.clone()).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(readers.max(1))
            .connect_with(options.read_only(true).pragma("query_only", "on"))
            .await?;
        Ok(Self { path: path.to_owned(), readers, writer, changes, used: Arc::new(used) })
    }

    /// Returns the database file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the database as a whole.
    pub fn care(&self) -> CareRepository<'_> {
        CareRepository(self)
    }

    /// Answers whether no other process has the database open now.
    pub fn is_alone(&self) -> bool {
        // Ours alone can be made exclusive; whatever came of that, it is shared again.
        let alone = self.used.try_lock().is_ok();
        let _ = self.used.lock_shared();
        alone
    }

    /// Returns the API keys.
    pub fn keys(&self) -> KeyRepository<'_> {
        KeyRepository(self)
    }

    /// Returns the operators' part of the allowlist.
    pub fn allow(&self) -> AllowRepository<'_> {
        AllowRepository(self)
    }

    /// Returns which tools operators switched off.
    pub fn tools(&self) -> ToolRepository<'_> {
        ToolRepository(self)
    }

    /// Returns what is known of the pepper.
    pub fn pepper(&self) -> PepperRepository<'_> {
        PepperRepository(self)
    }

    /// Returns the projects.
    pub fn projects(&self) -> ProjectRepository<'_> {
        ProjectRepository(self)
    }

    /// Returns the memories.
    pub fn memories(&self) -> MemoryRepository<'_> {
        MemoryRepository(self)
    }

    /// Returns the development sessions.
    pub fn sessions(&self) -> SessionRepository<'_> {
        SessionRepository(self)
    }

    /// Returns the sessions of clients.
    pub fn client_sessions(&self) -> ClientSessionRepository<'_> {
        ClientSessionRepository(self)
    }

    /// Returns the source trees.
    pub fn code(&self) -> CodeRepository<'_> {
        CodeRepository(self)
    }

    /// Returns the issues of code, and how projects stood.
    pub fn quality(&self) -> QualityRepository<'_> {
        QualityRepository(self)
    }

    /// Returns the todos.
    pub fn todos(&self) -> TodoRepository<'_> {
        TodoRepository(self)
    }

    /// Returns the design decisions.
    pub fn decisions(&self) -> DecisionRepository<'_> {
        DecisionRepository(self)
    }

    /// Returns the project notes.
    pub fn notes(&self) -> NoteRepository<'_> {
        NoteRepository(self)
    }

    /// Returns the errors that are known.
    pub fn firewall(&self) -> FirewallRepository<'_> {
        FirewallRepository(self)
    }

    /// Returns the figures about projects.
    pub fn statistics(&self) -> StatisticsRepository<'_> {
        StatisticsRepository(self)
    }

    /// Returns what tenants use of a model.
    pub fn ai_usage(&self) -> AiUsageRepository<'_> {
        AiUsageRepository(self)
    }

    /// Returns what committed writes change, from those on that start after this. A listener that falls far behind is
    /// told that it lagged; who writes never waits for it.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.changes.listen()
    }

    /// Answers whether the database can be read right now.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.readers).await?;
        Ok(())
    }

    /// Answers whether the last write failed because of the disk, the file or SQLite. It is tried again each second.
    pub fn is_read_only(&self) -> bool {
        self.writer.writable().is_failing()
    }

    /// Commits what is queued, closes every connection and waits for that. What is left is one file, unless another
    /// process has it open.
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
        // Who closes last takes the write-ahead log into the database, and those that only read cannot.
        if let Err(error) = self.care().fold().await {
            tracing::warn!(%error, "the write-ahead log stays beside the database until the next start");
        }
    }
}

#[cfg(test)]
impl Store {
    /// Begins to read, and goes on reading the state of now.
    pub(crate) async fn snapshot(&self) -> Snapshot {
        let mut transaction = self.readers.begin().await.unwrap();
        sqlx::query("SELECT count(*) FROM memories").execute(&mut *transaction).await.unwrap();
        Snapshot(transaction)
    }
}

/// A state of the store that somebody reads.
#[cfg(test)]
pub(crate) struct Snapshot(sqlx::Transaction<'static, sqlx::Sqlite>);

#[cfg(test)]
impl Snapshot {
    pub(crate) async fn end(self) {
        self.0.rollback().await.unwrap();
    }
}

/// Returns a new UUIDv7: unique, and ordered by the time it was made.
pub(crate) fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// Returns the time in UTC milliseconds since 1970.
pub(crate) fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// Writes a list of words into a text column.
pub(crate) fn words_to_text(words: &[String]) -> String {
    serde_json::Value::from(words).to_string()
}

/// Reads a list of words from a text column; anything else there is a corrupt row.
pub(crate) fn words_from_text(text: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt("a list of words"))
}
