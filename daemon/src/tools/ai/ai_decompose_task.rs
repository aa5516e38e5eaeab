//! `ai_decompose_task`: one todo as steps.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    places::Grounds,
    plan::{self, Beside, Step, Steps},
    thinking::{Mode, Spoken, Task, Thinking},
};
use crate::{
    store::{Plan, StoreError, Todo},
    tools::{Call, Code, Family, Tool, ToolError, params::owner, tool::Effect},
};

const INSTRUCTION: &str = "Break this todo into steps that are taken one after the other: each with a title, what to do and \
    where, what it begins from, what there is when it is done, how to tell that it is done, and hours. Ground each in \
    the material.";

/// Breaks a todo down.
pub(super) struct AiDecomposeTask {
    pub(super) grounds: Grounds,
    pub(super) thinking: Thinking<Steps>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// task to decompose
    #[schemars(length(min = 1, max = 64))]
    todo_id: String,
    /// whether to create the steps as todos, one after the other, which the task then waits for
    save: Option<bool>,
    /// your own steps, to be created instead
    #[schemars(length(min = 1, max = 30))]
    steps: Option<Vec<Step>>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    todo_id: String,
    project_id: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// one after the other
    steps: Vec<Numbered>,
    #[serde(flatten)]
    beside: Beside,
}

#[derive(Serialize, JsonSchema)]
struct Numbered {
    /// from 1
    step: usize,
    #[serde(flatten)]
    what: Step,
}

impl Tool for AiDecomposeTask {
    const NAME: &'static str = "ai_decompose_task";
    const FAMILY: Family = Family::Ai;
    const TITLE: &'static str = "Decompose a task";
    const DESCRIPTION: &'static str = "Break one todo into steps with input, output, validation and hours, from its text \
        and the code it is about; with save=true they are created as todos. Send steps to create your own.";
    const EFFECT: Effect = Effect::Adds;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let store = &self.grounds.store;
        let todo = match store.todos().get(&call.who.tenant, &args.todo_id).await {
            Err(StoreError::NotFound) => {
                return Err(ToolError::not_found(
                    "todo",
                    &args.todo_id,
                    "list_todos shows the ids of a project's todos",
                ));
            }
            todo => todo?,
        };
        let project = store.projects().find(&call.who.tenant, &todo.project).await?;
        let about = format!("{}\n{}", todo.title, todo.description.as_deref().unwrap_or_default());
        let known = self.grounds.about(call, &project, &about).await?;
        let save = args.save.unwrap_or(args.steps.is_some());
        let (steps, spoken, by_rule) = match args.steps {
            Some(steps) => (steps, Spoken::of(Mode::Caller), false),
            None => {
                let mut material = vec![("todo".to_owned(), told(&todo))];
                material.extend(known.material());
                let task = Task { instruction: INSTRUCTION, material };
                let (said, spoken) = self.thinking.think(call, task).await?;
                match said {
                    Some(said) => (said.steps, spoken, false),
                    None => {
                        (plan::steps(&todo.title, todo.description.as_deref(), &known.places), spoken, true)
                    }
                }
            }
        };
        if save && steps.is_empty() {
            return Err(ToolError::new(
                Code::NotIndexed,
                "no steps were created: the todo lists none, and nothing in the code is about it",
            )
            .hint("call analyze_codebase first, or make your own list and send it as steps"));
        }
        let mut created = Vec::new();
        if save {
            let plan = Plan {
                owner: owner(call.who),
                project: project.name.clone(),
                todos: plan::in_turn(&steps, &todo.category, todo.priority),
                waiting: Some(todo.id.clone()),
            };
            created = store.todos().plan(plan).await?.into_iter().map(|made| made.id).collect();
        }
        let by_hours = by_rule && steps.iter().any(|step| step.estimated_hours > 0);
        let note = "the todo lists no steps, and nothing in the indexed code is about it; \
                    analyze_codebase reads the code";
        let beside = Beside {
            created,
            note: steps.is_empty().then(|| note.to_owned()),
            estimates: by_hours.then_some(plan::BASIS),
            context: known.said,
            spoken,
            freshness: known.fresh,
        };
        Ok(Output {
            todo_id: todo.id,
            project_id: project.name,
            title: todo.title,
            description: todo.description,
            steps: (1..).zip(steps).map(|(step, what)| Numbered { step, what }).collect(),
            beside,
        })
    }
}

fn told(todo: &Todo) -> String {
    let Todo { title, category, priority, status, .. } = todo;
    let description = todo.description.as_deref().unwrap_or("(no description)");
    format!("{title}\n{category}, priority {priority}, {status}\n{description}")
}
