//! `get_project_context`: everything needed to resume work.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    next::choose,
    views::{DecisionView, NoteView, SessionView, TodoView},
};
use crate::{
    auth::Principal,
    store::{NoteFilter, Page, Store, now},
    tools::{Family, Tool, ToolError, params::ProjectId, time, tool::Effect},
};

/// Rows of each list: enough to resume, little enough to read.
const ROWS: i64 = 10;
/// Importance from which a note is shown.
const IMPORTANT: i64 = 4;

/// Gathers the context.
pub(super) struct GetProjectContext(pub(super) Store);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// identifier of the project the record belongs to
    project_id: ProjectId,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    project_id: String,
    context: Gathered,
    /// the task to take next, null when none is ready
    next_todo: Option<TodoView>,
    /// why this one, or why none
    next_reason: String,
    generated_at: String,
}

#[derive(Serialize, JsonSchema)]
struct Gathered {
    /// the last session that was closed
    last_session: Option<SessionView>,
    open_sessions: Vec<SessionView>,
    in_progress: Vec<TodoView>,
    /// pending todos, highest priority first, ten at most
    pending_todos: Vec<TodoView>,
    /// pending todos in all
    pending_total: usize,
    /// decisions in force, newest first, ten at most
    recent_decisions: Vec<DecisionView>,
    /// open notes of category issue, most important first, ten at most
    unresolved_issues: Vec<NoteView>,
    /// open notes of importance 4 or 5 of the other categories, ten at most
    important_notes: Vec<NoteView>,
    /// the newest memories, ten at most; retrieve_memory finds the others
    recent_memories: Vec<MemoryView>,
}

#[derive(Serialize, JsonSchema)]
struct MemoryView {
    memory_id: String,
    content: String,
    memory_level: &'static str,
    created_at: String,
}

impl Tool for GetProjectContext {
    const NAME: &'static str = "get_project_context";
    const FAMILY: Family = Family::Context;
    const TITLE: &'static str = "Get project context";
    const DESCRIPTION: &'static str = "Everything needed to resume work on a project, in one call: the last session, \
        open todos and the next one to take, recent decisions, unresolved issues, important notes, newest memories.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, who: &Principal, args: Args) -> Result<Output, ToolError> {
        let project = args.project_id.find(&self.0, who).await?;
        let sessions = self.0.sessions();
        let open = sessions.open(&project.id, None, ROWS).await?;
        let last_session = sessions.last_closed(&project.id).await?;
        let todos = self.0.todos().open(&project.id).await?;
        let mut pending: Vec<_> = todos.iter().filter(|todo| todo.status == "pending").cloned().collect();
        let pending_total = pending.len();
        pending.sort_by_key(|todo| -todo.priority);
        pending.truncate(ROWS as usize);
        let choice = choose(todos);
        let page = Page { limit: ROWS, offset: 0 };
        let (decisions, _) = self.0.decisions().list(&project.id, None, false, page).await?;
        let issue = Some("issue".to_owned());
        let open_notes = NoteFilter { unresolved_only: true, ..NoteFilter::default() };
        let issues = NoteFilter { category: issue.clone(), ..open_notes.clone() };
        let (issues, _) = self.0.notes().list(&project.id, &issues, page).await?;
        let important = NoteFilter { without_category: issue, min_importance: Some(IMPORTANT), ..open_notes };
        let (important, _) = self.0.notes().list(&project.id, &important, page).await?;
        let memories = self.0.memories().recent(&project.id, ROWS).await?;
        let views = |notes: Vec<crate::store::Note>| notes.into_iter().map(NoteView::from).collect();
        Ok(Output {
            project_id: project.name,
            next_reason: choice.reason(),
            next_todo: choice.next.map(Into::into),
            generated_at: time::text(now()),
            context: Gathered {
                last_session: last_session.map(Into::into),
                open_sessions: open.into_iter().map(Into::into).collect(),
                in_progress: choice.in_progress.into_iter().map(Into::into).collect(),
                pending_todos: pending.into_iter().map(Into::into).collect(),
                pending_total,
                recent_decisions: decisions.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
                unresolved_issues: views(issues),
                important_notes: views(important),
                recent_memories: memories
                    .into_iter()
                    .map(|memory| MemoryView {
                        memory_id: memory.id,
                        content: memory.content,
                        memory_level: memory.level.as_str(),
                        created_at: time::text(memory.created_at),
                    })
                    .collect(),
            },
        })
    }
}
