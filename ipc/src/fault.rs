//! Why the daemon did not obey a command.

use serde::{Deserialize, Serialize};

/// The kind of a refusal; `mcpctl` turns it into its exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The arguments make no sense.
    Usage,
    /// What was named does not exist.
    NotFound,
    /// What was asked clashes with what is there.
    Conflict,
    /// The daemon may not or cannot do it now.
    Refused,
    /// The caller may not ask for it.
    NotPermitted,
    /// A fault inside the daemon; the id in the message finds it in the log.
    Internal,
}

/// A refusal: a sentence and, where there is one, what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Fault {
    /// What kind of refusal it is.
    pub kind: FaultKind,
    /// One lower-case sentence without a trailing dot.
    pub message: String,
    /// What the operator can do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Fault {
    /// Makes a refusal without a hint.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Says that something named does not exist.
    pub fn not_found(what: &str, name: &str) -> Self {
        Self::new(FaultKind::NotFound, format!("there is no {what} {name:?}"))
    }
}
