//! Project context: sessions, todos, decisions, notes, and the picture they make together.

mod add_project_note;
mod create_todo;
mod end_dev_session;
mod get_next_todo;
mod get_project_context;
mod get_project_statistics;
mod list_design_decisions;
mod list_project_notes;
mod list_todos;
mod next;
mod picture;
mod record_design_decision;
mod start_dev_session;
mod update_todo_status;
mod views;

use super::registry::{BadSchema, Building};
use std::sync::Arc;

pub(super) use choices::TodoCategory;

use crate::{memory::Memories, store::Store};
#[cfg(test)]
pub(crate) use next::Choice;
pub(crate) use picture::{Picture, ROWS, gather};

/// Adds the family.
pub(super) fn register(
    registry: &mut Building<'_>,
    store: &Store,
    memories: &Arc<Memories>,
) -> Result<(), BadSchema> {
    registry.add(start_dev_session::StartDevSession(store.clone()))?;
    registry.add(end_dev_session::EndDevSession(store.clone()))?;
    registry.add(record_design_decision::RecordDesignDecision(store.clone()))?;
    registry.add(add_project_note::AddProjectNote(store.clone()))?;
    registry.add(create_todo::CreateTodo(store.clone()))?;
    registry.add(update_todo_status::UpdateTodoStatus(store.clone()))?;
    registry.add(get_project_context::GetProjectContext {
        store: store.clone(),
        memories: Arc::clone(memories),
    })?;
    registry.add(list_todos::ListTodos(store.clone()))?;
    registry.add(get_next_todo::GetNextTodo(store.clone()))?;
    registry.add(list_design_decisions::ListDesignDecisions(store.clone()))?;
    registry.add(list_project_notes::ListProjectNotes(store.clone()))?;
    registry.add(get_project_statistics::GetProjectStatistics(store.clone()))
}

/// An enumeration of words callers choose from, with the word the store keeps.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub(in crate::tools) enum $name { $($variant),* }

        impl $name {
            /// Returns the word as the store keeps it.
            pub(in crate::tools) fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
    };
}

mod choices {
    //! Words that several tools of the family let callers choose from.

    words!(TodoStatus {
        Pending = "pending",
        InProgress = "in_progress",
        Completed = "completed",
        Blocked = "blocked",
        Cancelled = "cancelled",
    });
    words!(TodoCategory {
        Feature = "feature",
        Bugfix = "bugfix",
        Refactor = "refactor",
        Test = "test",
        Documentation = "documentation",
    });
    words!(DecisionCategory {
        Architecture = "architecture",
        Technology = "technology",
        Pattern = "pattern",
        Optimization = "optimization",
    });
    words!(NoteCategory {
        Pitfall = "pitfall",
        Tip = "tip",
        Optimization = "optimization",
        Issue = "issue",
        Reminder = "reminder",
    });
}
