//! `list_todos`: lists tasks.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{choices::TodoStatus, views::TodoView};
use crate::{
    store::{Store, TodoFilter},
    tools::{
        Call, Family, Tool, ToolError,
        params::{Paging, ProjectId},
        tool::Effect,
    },
};

/// Lists todos.
pub(super) struct ListTodos(pub(super) Store);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// only this status
    status: Option<TodoStatus>,
    /// only this category
    category: Option<String>,
    /// only this priority or higher
    #[schemars(range(min = 1, max = 5))]
    min_priority: Option<u8>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// how many there are in all
    total: i64,
    /// highest priority first, then oldest
    todos: Vec<TodoView>,
    /// offset of the next page, when there is one
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<i64>,
}

impl Tool for ListTodos {
    const NAME: &'static str = "list_todos";
    const FAMILY: Family = Family::Context;
    const TITLE: &'static str = "List todos";
    const DESCRIPTION: &'static str =
        "List the tasks of a project, filtered by status, category or priority, highest priority first.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let project = args.project_id.find(&self.0, who).await?;
        let filter = TodoFilter {
            status: args.status.map(|status| status.as_str().to_owned()),
            category: args.category,
            min_priority: args.min_priority.map(Into::into),
        };
        let (todos, total) = self.0.todos().list(&project.id, &filter, args.paging.page()).await?;
        let next_offset = args.paging.next(todos.len(), total);
        Ok(Output { total, todos: todos.into_iter().map(Into::into).collect(), next_offset })
    }
}
