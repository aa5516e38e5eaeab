//! `ai_generate_todos_from_goal`: a goal as todos that wait for each other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    draft::Draft,
    places::{Grounds, Known},
    plan::{self, Beside, Planned, Todos},
    thinking::{Mode, Spoken, Task, Thinking},
};
use crate::{
    store::Plan,
    tools::{
        Call, Code, Family, Tool, ToolError,
        params::{ProjectId, owner},
        tool::Effect,
    },
};

const INSTRUCTION: &str = "Break the goal into todos that lead to it: each small enough for one sitting, with a title that \
    says what is done then, a description that names the files and definitions concerned, its category, priority, \
    difficulty, hours, risks, and the places of earlier todos it waits for. Ground each in the material.";

/// Makes todos of a goal.
pub(super) struct AiGenerateTodosFromGoal {
    pub(super) grounds: Grounds,
    pub(super) thinking: Thinking<Todos>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// development goal
    #[schemars(length(min = 1, max = 4000), regex(pattern = r"\S"))]
    goal: String,
    /// whether to create the todos, with their dependencies
    save: Option<bool>,
    /// your own todos for the goal, to be created instead
    #[schemars(length(min = 1, max = 30))]
    todos: Option<Vec<Planned>>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    project_id: String,
    goal: String,
    /// in order; depends_on are places in this list, from 1
    todos: Vec<Planned>,
    #[serde(flatten)]
    beside: Beside,
}

impl Tool for AiGenerateTodosFromGoal {
    const NAME: &'static str = "ai_generate_todos_from_goal";
    const FAMILY: Family = Family::Ai;
    const TITLE: &'static str = "Plan a goal as todos";
    const DESCRIPTION: &'static str = "Break a development goal into todos with priorities, risks and dependencies, \
        grounded in the code graph; with save=true they are created. Send todos to create your own list.";
    const EFFECT: Effect = Effect::Adds;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let project = args.project_id.find(&self.grounds.store, call.who).await?;
        let known = self.grounds.about(call, &project, &args.goal).await?;
        let save = args.save.unwrap_or(args.todos.is_some());
        let (todos, spoken, by_rule) = self.plan(call, &args.goal, args.todos, &known).await?;
        if save && todos.is_empty() {
            return Err(ToolError::new(
                Code::NotIndexed,
                "no todos were created: nothing in the code is about this goal",
            )
            .hint("call analyze_codebase first, or make your own list and send it as todos"));
        }
        let mut created = Vec::new();
        if save {
            let plan = Plan {
                owner: owner(call.who),
                project: project.name.clone(),
                todos: plan::planned(&todos),
                waiting: None,
            };
            let made = self.grounds.store.todos().plan(plan).await?;
            created = made.into_iter().map(|todo| todo.id).collect();
        }
        Ok(Output {
            project_id: project.name,
            goal: args.goal,
            beside: Beside {
                created,
                note: note(&known, &todos),
                estimates: by_rule.then_some(plan::BASIS),
                context: known.said,
                spoken,
                freshness: known.fresh,
            },
            todos,
        })
    }
}

impl AiGenerateTodosFromGoal {
    /// Returns the todos, whose they are, and whether they come from the rule alone.
    async fn plan(
        &self,
        call: Call<'_>,
        goal: &str,
        own: Option<Vec<Planned>>,
        known: &Known,
    ) -> Result<(Vec<Planned>, Spoken, bool), ToolError> {
        if let Some(todos) = own {
            let own = Todos { todos };
            own.check().map_err(|wrong| {
                ToolError::new(Code::InvalidArguments, wrong)
                    .hint("depends_on are places of earlier todos, from 1")
            })?;
            return Ok((own.todos, Spoken::of(Mode::Caller), false));
        }
        let mut material = vec![("goal".to_owned(), goal.to_owned())];
        material.extend(known.material());
        let task = Task { instruction: INSTRUCTION, material };
        let (said, spoken) = self.thinking.think(call, task).await?;
        Ok(match said {
            Some(said) => (said.todos, spoken, false),
            None => (plan::todos(goal, &known.places), spoken, true),
        })
    }
}

fn note(known: &Known, todos: &[Planned]) -> Option<String> {
    if known.fresh.is_none() {
        return Some(
            "the code of the project is not indexed: call analyze_codebase for todos that name it".to_owned(),
        );
    }
    todos.is_empty().then(|| "nothing in the indexed code is about this goal in these words".to_owned())
}
