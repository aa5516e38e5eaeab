//! What a committed write changed, told to whoever listens: the source of every notification about resources.
//!
//! A write tells while it runs; the writer announces once the commit stands, and nothing for a write that failed.

use tokio::sync::broadcast;

/// Changes a listener may fall behind; one that reads slower is told that it lagged, and must take all as changed.
const BEHIND: usize = 1024;

/// One thing that a committed write changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whose.
    pub tenant: String,
    /// The caller's `project_id`.
    pub project: String,
    /// What of it.
    pub part: Part,
}

/// The part of a project that changed. Each is also a change of the project's context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// A memory, by its id: stored, stored again, or gone.
    Memories(String),
    /// The todos.
    Todos,
    /// The decisions.
    Decisions,
    /// The notes.
    Notes,
    /// The development sessions.
    Sessions,
    /// The project is new.
    ProjectMade,
}

/// Where changes are announced.
#[derive(Debug, Clone)]
pub(super) struct Changes(broadcast::Sender<Change>);

impl Changes {
    pub(super) fn new() -> Self {
        Self(broadcast::Sender::new(BEHIND))
    }

    /// Begins to hear of the writes that start from now on.
    pub(super) fn listen(&self) -> broadcast::Receiver<Change> {
        self.0.subscribe()
    }

    /// Begins to collect what one write changes.
    pub(super) fn telling(&self) -> Telling {
        Telling { changes: self.clone(), told: Vec::new() }
    }
}

/// What one write changes, kept until it is committed. Allocates nothing while nobody listens.
#[derive(Debug)]
pub(super) struct Telling {
    changes: Changes,
    told: Vec<Change>,
}

impl Telling {
    /// Notes a change.
    pub(super) fn tell(&mut self, tenant: &str, project: &str, part: impl FnOnce() -> Part) {
        if self.heard() {
            self.told.push(Change { tenant: tenant.to_owned(), project: project.to_owned(), part: part() });
        }
    }

    /// Answers whether anybody listens.
    pub(super) fn heard(&self) -> bool {
        self.changes.0.receiver_count() > 0
    }

    /// Announces what was noted: the write is committed.
    pub(super) fn announce(self) {
        for change in self.told {
            // Fails only when the last listener has left.
            let _ = self.changes.0.send(change);
        }
    }
}

#[cfg(test)]
mod tests;
