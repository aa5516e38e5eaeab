//! Records of the store as callers see them.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::{
    store::{Decision, DevSession, Note, StoreError, Todo},
    tools::{ToolError, time},
};

/// A todo.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct TodoView {
    pub(super) todo_id: String,
    pub(super) title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    category: String,
    pub(super) status: String,
    priority: i64,
    /// percent done
    progress: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    estimated_hours: Option<i64>,
    /// ids of todos that must be finished first
    depends_on: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_note: Option<String>,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    completed_at: Option<String>,
}

impl From<Todo> for TodoView {
    fn from(todo: Todo) -> Self {
        Self {
            todo_id: todo.id,
            title: todo.title,
            description: todo.description,
            category: todo.category,
            status: todo.status,
            priority: todo.priority,
            progress: todo.progress,
            estimated_hours: todo.estimated_hours,
            depends_on: todo.depends_on,
            completion_note: todo.completion_note,
            created_at: time::text(todo.created_at),
            completed_at: time::text_of(todo.completed_at),
        }
    }
}

/// A design decision.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct DecisionView {
    decision_id: String,
    title: String,
    category: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    reasoning: String,
    /// options considered, with name, pros and cons
    alternatives: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    impact_scope: Option<String>,
    /// active or superseded
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<String>,
    created_at: String,
}

impl TryFrom<Decision> for DecisionView {
    type Error = ToolError;

    fn try_from(decision: Decision) -> Result<Self, ToolError> {
        let alternatives = serde_json::from_str(&decision.alternatives)
            .map_err(|_| StoreError::Corrupt("the alternatives of a decision"))?;
        Ok(Self {
            decision_id: decision.id,
            title: decision.title,
            category: decision.category,
            description: decision.description,
            reasoning: decision.reasoning,
            alternatives,
            impact_scope: decision.impact_scope,
            status: if decision.superseded_by.is_none() { "active" } else { "superseded" },
            superseded_by: decision.superseded_by,
            created_at: time::text(decision.created_at),
        })
    }
}

/// A project note.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct NoteView {
    note_id: String,
    category: String,
    title: String,
    content: String,
    importance: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    related_code: Option<String>,
    tags: Vec<String>,
    is_resolved: bool,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    resolved_at: Option<String>,
}

impl From<Note> for NoteView {
    fn from(note: Note) -> Self {
        Self {
            note_id: note.id,
            category: note.category,
            title: note.title,
            content: note.content,
            importance: note.importance,
            related_code: note.related_code,
            tags: note.tags,
            is_resolved: note.resolved_at.is_some(),
            created_at: time::text(note.created_at),
            resolved_at: time::text_of(note.resolved_at),
        }
    }
}

/// A development session.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct SessionView {
    session_id: String,
    goals: String,
    start_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    achievements: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_steps: Option<String>,
    files_modified: Vec<String>,
}

impl From<DevSession> for SessionView {
    fn from(session: DevSession) -> Self {
        Self {
            session_id: session.id,
            goals: session.goals,
            start_time: time::text(session.started_at),
            end_time: time::text_of(session.ended_at),
            achievements: session.achievements,
            next_steps: session.next_steps,
            files_modified: session.files_modified,
        }
    }
}
