//! `get_next_todo`: recommends the next task.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{next::choose, views::TodoView};
use crate::{
    store::Store,
    tools::{Call, Family, Tool, ToolError, params::ProjectId, tool::Effect},
};

/// Recommends a todo.
pub(super) struct GetNextTodo(pub(super) Store);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// the task to take next, null when none is ready
    todo: Option<TodoView>,
    /// why this one, or why none
    reason: String,
    /// pending tasks that wait for others
    blocked: Vec<Blocked>,
    /// tasks somebody works on already
    in_progress: Vec<TodoView>,
}

#[derive(Serialize, JsonSchema)]
struct Blocked {
    todo_id: String,
    title: String,
    /// titles of the tasks it waits for
    blockers: Vec<String>,
}

impl Tool for GetNextTodo {
    const NAME: &'static str = "get_next_todo";
    const FAMILY: Family = Family::Context;
    const TITLE: &'static str = "Recommend the next todo";
    const DESCRIPTION: &'static str = "Recommend the next task of a project: one whose dependencies are all done, by \
        priority, then by how many others it sets free, then by age. Says why, and what is blocked by what.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let project = args.project_id.find(&self.0, who).await?;
        let choice = choose(self.0.todos().open(&project.id).await?);
        let reason = choice.reason();
        let blocked = choice.waiting.into_iter().map(|(todo, blockers)| Blocked {
            todo_id: todo.id,
            title: todo.title,
            blockers,
        });
        Ok(Output {
            todo: choice.next.map(Into::into),
            reason,
            blocked: blocked.collect(),
            in_progress: choice.in_progress.into_iter().map(Into::into).collect(),
        })
    }
}
