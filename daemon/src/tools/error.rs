//! How a tool fails: a code for programs, a sentence, and what to do next. Never SQL, never a path.

use std::{error::Error, fmt};

use serde::Serialize;
use serde_json::json;

use crate::{
    memory::MemoryError,
    store::{StoreError, new_id},
};

/// The kind of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// An argument is missing, unknown or out of range.
    InvalidArguments,
    /// No project has that id yet.
    UnknownProject,
    /// The code of the project was not analysed: what is in it is not known.
    NotIndexed,
    /// What an id names does not exist.
    NotFound,
    /// What was asked clashes with what is there.
    Conflict,
    /// A text is longer than what is kept.
    TooLarge,
    /// The rules of this daemon do not allow it.
    Refused,
    /// The store cannot be used now.
    StoreUnavailable,
    /// The call took longer than calls may.
    DeadlineExceeded,
    /// The client cannot do, or refused, what the call needs of it.
    ClientUnable,
    /// A fault inside the daemon.
    Internal,
}

/// A failure of a tool, told to the model that called it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolError {
    /// Its kind.
    pub code: Code,
    /// One sentence.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl ToolError {
    /// Makes a failure without a hint.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says that an id names nothing the caller may see.
    pub fn not_found(what: &str, id: &str, hint: &str) -> Self {
        Self::new(Code::NotFound, format!("there is no {what} {id:?}")).hint(hint)
    }

    /// Says that a project has never been used.
    pub fn unknown_project(id: &str) -> Self {
        Self::new(Code::UnknownProject, format!("no project {id:?} is known yet"))
            .hint("check project_id; a project is made by the first call that stores something in it")
    }

    /// Hides a fault of ours behind an id that finds it in the log.
    pub fn internal(error: &(dyn Error + 'static)) -> Self {
        Self::hidden(Code::Internal, "internal error", error, "report it with the id to the operator")
    }

    fn hidden(code: Code, what: &str, error: &dyn fmt::Display, hint: &str) -> Self {
        let id = new_id();
        tracing::error!(%error, id, "a tool failed");
        Self::new(code, format!("{what} (id {id})")).hint(hint)
    }

    /// Returns the failure as the object every tool answers with.
    pub fn to_json(&self) -> String {
        let mut error = json!({ "code": self.code, "message": self.message });
        if let Some(hint) = &self.hint {
            error["hint"] = hint.as_str().into();
        }
        json!({ "success": false, "error": error }).to_string()
    }
}

impl From<StoreError> for ToolError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::UnknownDependencies(ids) => {
                Self::new(Code::NotFound, format!("depends_on names unknown todos: {}", ids.join(", ")))
                    .hint("list_todos shows the ids of this project's todos")
            }
            StoreError::Quota(_) => Self::new(Code::TooLarge, error.to_string())
                .hint("delete what is not needed any more, or have the operator raise the quota"),
            StoreError::Cycle(_) => {
                Self::new(Code::Conflict, error.to_string()).hint("leave out the dependency that leads back")
            }
            StoreError::Settled(_) => Self::new(Code::Conflict, error.to_string())
                .hint("list_todos shows how it stands; update_todo_status opens a todo again"),
            StoreError::TooManyErrors(_) => Self::new(Code::TooLarge, error.to_string())
                .hint("record it under a pattern that is known already, with wildcards or fewer keys"),
            StoreError::NoSolution(_) => Self::new(Code::Conflict, error.to_string())
                .hint("give the solution with it, or leave it out; nothing was recorded"),
            StoreError::NotFound => Self::new(Code::NotFound, "what the call names does not exist"),
            StoreError::Duplicate => Self::new(Code::Conflict, "it is there already"),
            StoreError::Closed | StoreError::Unavailable(_) => Self::hidden(
                Code::StoreUnavailable,
                "the store cannot be used now, nothing was written",
                &error,
                "try again in a moment; the operator finds the cause in the log",
            ),
            StoreError::Newer(_)
            | StoreError::OldSqlite { .. }
            | StoreError::Corrupt(_)
            | StoreError::NoBackup
            | StoreError::Damaged(_) => Self::internal(&error),
        }
    }
}

impl From<MemoryError> for ToolError {
    fn from(error: MemoryError) -> Self {
        match error {
            MemoryError::TooLarge { .. } => {
                Self::new(Code::TooLarge, error.to_string()).hint("store it in several memories")
            }
            MemoryError::Secret(_) => Self::new(Code::Refused, error.to_string())
                .hint("store where the secret is kept, not the secret itself"),
            MemoryError::Labels(_) => Self::new(Code::InvalidArguments, error.to_string()),
            MemoryError::Store(error) => error.into(),
            MemoryError::Model(_) | MemoryError::Unfinished(_) => Self::internal(&error),
        }
    }
}
