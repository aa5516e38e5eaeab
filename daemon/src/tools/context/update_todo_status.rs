//! `update_todo_status`: moves a task on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::choices::TodoStatus;
use crate::{
    auth::Principal,
    store::{Store, StoreError, TodoChange},
    tools::{Code, Family, Tool, ToolError, tool::Effect},
};

/// Changes a todo.
pub(super) struct UpdateTodoStatus(pub(super) Store);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// task id, as create_todo or list_todos returned it
    todo_id: String,
    /// new status
    status: TodoStatus,
    /// percent done; 100 when completed, else unchanged when absent
    #[schemars(range(min = 0, max = 100))]
    progress: Option<u8>,
    /// remark kept with the change
    #[schemars(length(max = 65536))]
    completion_note: Option<String>,
    /// ids of todos that must be finished first, in place of those it has
    #[schemars(length(max = 100))]
    depends_on: Option<Vec<String>>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    todo_id: String,
    project_id: String,
    title: String,
    status: String,
    progress: i64,
    depends_on: Vec<String>,
    /// todos that wait for nothing any more
    unblocked: Vec<Unblocked>,
}

#[derive(Serialize, JsonSchema)]
struct Unblocked {
    todo_id: String,
    title: String,
}

impl Tool for UpdateTodoStatus {
    const NAME: &'static str = "update_todo_status";
    const FAMILY: Family = Family::Context;
    const TITLE: &'static str = "Update a todo";
    const DESCRIPTION: &'static str = "Change the status and progress of a task, for example to completed, and learn \
        which todos are no longer blocked by it.";
    const EFFECT: Effect = Effect::Settles;
    type Args = Args;
    type Output = Output;

    async fn call(&self, who: &Principal, args: Args) -> Result<Output, ToolError> {
        let not_found = |error| {
            if matches!(error, StoreError::NotFound) {
                let hint = "list_todos shows the ids of a project's todos";
                return ToolError::not_found("todo", &args.todo_id, hint);
            }
            error.into()
        };
        let todos = self.0.todos();
        let before = todos.get(&who.tenant, &args.todo_id).await.map_err(not_found)?;
        let change = TodoChange {
            status: args.status.as_str().to_owned(),
            progress: progress(&args, before.progress)?,
            completion_note: args.completion_note.clone(),
            depends_on: args.depends_on.clone(),
            completed: args.status == TodoStatus::Completed,
        };
        let todo = todos.change(&who.tenant, &args.todo_id, change).await.map_err(not_found)?;
        let unblocked = match args.status {
            TodoStatus::Completed | TodoStatus::Cancelled => self.unblocked(who, &todo.id).await?,
            TodoStatus::Pending | TodoStatus::InProgress | TodoStatus::Blocked => Vec::new(),
        };
        Ok(Output {
            todo_id: todo.id,
            project_id: todo.project,
            title: todo.title,
            status: todo.status,
            progress: todo.progress,
            depends_on: todo.depends_on,
            unblocked,
        })
    }
}

/// Completed means all of it; another status keeps what was reached unless told, and a todo opened again is not done.
fn progress(args: &Args, before: i64) -> Result<i64, ToolError> {
    if args.status == TodoStatus::Completed {
        return match args.progress {
            None | Some(100) => Ok(100),
            Some(other) => Err(ToolError::new(
                Code::InvalidArguments,
                format!("progress: a completed todo is 100 percent done, not {other}"),
            )
            .hint("leave progress out, or use status in_progress")),
        };
    }
    Ok(args.progress.map_or(if before == 100 { 0 } else { before }, i64::from))
}

impl UpdateTodoStatus {
    /// Returns the todos that waited for `id` and now wait for nothing.
    async fn unblocked(&self, who: &Principal, id: &str) -> Result<Vec<Unblocked>, ToolError> {
        let todos = self.0.todos();
        let mut free = Vec::new();
        for waiting in todos.waiting_for(id).await? {
            let mut blocked = false;
            for other in &waiting.depends_on {
                let other = todos.get(&who.tenant, other).await?;
                blocked |= !matches!(other.status.as_str(), "completed" | "cancelled");
            }
            if !blocked {
                free.push(Unblocked { todo_id: waiting.id, title: waiting.title });
            }
        }
        Ok(free)
    }
}
