//! What can go wrong in the store, in its own words: sqlx stops here.

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing is kept under that name or id.
    #[error("not found")]
    NotFound,
    /// Something with that name is kept already.
    #[error("already there")]
    Duplicate,
    /// A project or a tenant keeps as much as it may.
    #[error("{0}")]
    Quota(String),
    /// A scope knows as many errors as it may.
    #[error("{0} errors are known here, and more are not kept")]
    TooManyErrors(i64),
    /// Something was said of a solution, and there is none.
    #[error("{0} is about a solution, and none is known or given")]
    NoSolution(&'static str),
    /// A todo is over, or waits for the like already.
    #[error("{0}")]
    Settled(String),
    /// A todo names dependencies that are not todos of its project.
    #[error("unknown dependencies: {}", .0.join(", "))]
    UnknownDependencies(Vec<String>),
    /// Todos would wait for each other; the ids lead from the first dependency back to the todo itself.
    #[error("the todos would wait for each other: {}", .0.join(" -> "))]
    Cycle(Vec<String>),
    /// The database was written by a newer version.
    #[error(
        "the database has migration {0}, which this version of mcpd does not know: it was used by a newer mcpd; \
         start that version, or restore a backup made before the upgrade"
    )]
    Newer(i64),
    /// The SQLite that was linked can corrupt its write-ahead log.
    #[error(
        "SQLite {found} is linked, but {wanted} or newer is needed: older ones can corrupt a write-ahead log"
    )]
    OldSqlite {
        /// Version that was linked.
        found: String,
        /// Oldest good version.
        wanted: &'static str,
    },
    /// A row does not hold what it must.
    #[error("a stored row does not hold {0}")]
    Corrupt(&'static str),
    /// The file is none that `mcpctl backup` made.
    #[error("the file is no backup of mcpd")]
    NoBackup,
    /// A database is not sound.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The writer has stopped.
    #[error("the store is closed")]
    Closed,
    /// The disk, the file or SQLite refused; nothing was written.
    #[error("the database refused: {0}")]
    Unavailable(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "a foreign enum that may grow: the rest is one thing to us"
        )]
        match error {
            sqlx::Error::RowNotFound => Self::NotFound,
            sqlx::Error::PoolClosed => Self::Closed,
            sqlx::Error::Database(database) if database.is_unique_violation() => Self::Duplicate,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        if let sqlx::migrate::MigrateError::VersionMissing(version) = error {
            return Self::Newer(version);
        }
        Self::Unavailable(error.to_string())
    }
}

impl From<std::io::Error> for StoreError {
    fn from(error: std::io::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}
