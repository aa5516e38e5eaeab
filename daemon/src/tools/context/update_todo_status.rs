//! `update_todo_status`: moves a task on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::choices::TodoStatus;
use crate::{
    auth::Principal,
    store::{Store, StoreError, TodoChange},
    tools::{Call, Code, Family, Tool, ToolError, tool::Effect},
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

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let not_found = |error| {
            if matches!(error, StoreError::NotFound) {
                let hint = "list_todos shows the ids of a project's todos";
                return ToolError::not_found("todo", &args.todo_id, hint);
            }
            error.into()
        };
        let todos = self.0.todos();
        let change = TodoChange {
            status: args.status.as_str().to_owned(),
            progress: progress(&args)?,
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

/// Completed means all of it; saying otherwise is a mistake worth telling.
fn progress(args: &Args) -> Result<Option<i64>, ToolError> {
    let given = args.progress.map(i64::from);
    match given {
        Some(part) if args.status == TodoStatus::Completed && part != 100 => Err(ToolError::new(
            Code::InvalidArguments,
            format!("progress: a completed todo is 100 percent done, not {part}"),
        )
        .hint("leave progress out, or use status in_progress")),
        given => Ok(given),
    }
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
