//! `create_todo`: creates a task.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::choices::TodoCategory;
use crate::{
    store::{NewTodo, Store},
    tools::{
        Call, Family, Tool, ToolError,
        params::{ProjectId, owner},
        time,
        tool::Effect,
    },
};

/// Priority of a todo when nobody says.
const PRIORITY: u8 = 3;

/// Creates a todo.
pub(super) struct CreateTodo(pub(super) Store);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project; the project is made on first use
    project_id: ProjectId,
    /// task title
    #[schemars(length(min = 1, max = 512), regex(pattern = r"\S"))]
    title: String,
    /// details
    #[schemars(length(max = 65536))]
    description: Option<String>,
    /// kind of task, feature when absent
    category: Option<TodoCategory>,
    /// 1 lowest to 5 highest, 3 when absent
    #[schemars(range(min = 1, max = 5))]
    priority: Option<u8>,
    /// whole hours
    #[schemars(range(min = 0, max = 100000))]
    estimated_hours: Option<u32>,
    /// ids of todos of this project that must be finished first
    #[schemars(length(max = 100))]
    depends_on: Option<Vec<String>>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    todo_id: String,
    project_id: String,
    title: String,
    priority: i64,
    category: String,
    status: String,
    depends_on: Vec<String>,
    created_at: String,
}

impl Tool for CreateTodo {
    const NAME: &'static str = "create_todo";
    const FAMILY: Family = Family::Context;
    const TITLE: &'static str = "Create a todo";
    const DESCRIPTION: &'static str = "Create a task of a project, with a priority and the todos it depends on. \
        get_next_todo then recommends what to do first.";
    const EFFECT: Effect = Effect::Adds;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let todo = self
            .0
            .todos()
            .create(NewTodo {
                owner: owner(who),
                project: args.project_id.0,
                title: args.title,
                description: args.description,
                category: args.category.unwrap_or(TodoCategory::Feature).as_str().to_owned(),
                priority: args.priority.unwrap_or(PRIORITY).into(),
                estimated_hours: args.estimated_hours.map(Into::into),
                depends_on: args.depends_on.unwrap_or_default(),
            })
            .await?;
        Ok(Output {
            todo_id: todo.id,
            project_id: todo.project,
            title: todo.title,
            priority: todo.priority,
            category: todo.category,
            status: todo.status,
            depends_on: todo.depends_on,
            created_at: time::text(todo.created_at),
        })
    }
}
