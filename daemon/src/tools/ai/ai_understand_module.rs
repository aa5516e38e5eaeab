//! `ai_understand_module`: what a file is for.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    draft::Draft,
    facts::Module,
    lines, reading,
    thinking::{Mode, Spoken, Task, Thinking},
};
use crate::tools::{
    Call, Family, Tool, ToolError,
    code::{Asking, Brief, Fresh, file},
    params::ProjectId,
    tool::Effect,
};

const INSTRUCTION: &str = "Explain what this module is for: a summary of one or two sentences, what it is responsible \
    for, how it works together with what it depends on and what uses it, and the risks of changing it.";

/// Explains a file.
pub(super) struct AiUnderstandModule {
    pub(super) asking: Asking,
    pub(super) thinking: Thinking<Said>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// file path relative to the project root
    #[schemars(length(min = 1, max = 4096), regex(pattern = r"\S"))]
    module_name: String,
}

/// What a model is asked for.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Said {
    /// one or two sentences
    #[schemars(length(min = 1, max = 2000))]
    summary: String,
    #[schemars(length(min = 1, max = 30))]
    responsibilities: Vec<String>,
    /// how it works together with its neighbours
    #[schemars(length(max = 4000))]
    collaboration: String,
    /// what may go wrong when it is changed
    #[schemars(length(max = 30))]
    risks: Vec<String>,
}

impl Draft for Said {}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    module_name: String,
    understanding: Understanding,
    /// the lines themselves, in mode caller
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(flatten)]
    spoken: Spoken,
    freshness: Fresh,
}

#[derive(Serialize, JsonSchema)]
struct Understanding {
    summary: String,
    /// what its definitions say of themselves; in the other modes what a model makes of it
    responsibilities: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    collaboration: Option<String>,
    /// what it defines at its top, the most used from other files first
    interface: Vec<Offered>,
    /// files of the tree, and what is elsewhere as it is written
    depends_on: Vec<String>,
    used_by: Vec<String>,
    risks: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Offered {
    #[serde(flatten)]
    entity: Brief,
    /// uses from other files
    uses: usize,
}

impl Tool for AiUnderstandModule {
    const NAME: &'static str = "ai_understand_module";
    const FAMILY: Family = Family::Ai;
    const TITLE: &'static str = "Understand a module";
    const DESCRIPTION: &'static str = "Explain what a source file is for: summary, responsibilities, interface, what it \
        depends on, who uses it, and risks, from the code graph and its source.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let wanted = args.module_name;
        let facts = self
            .asking
            .ask(call, args.project_id, move |scene| Ok(Module::of(scene, file(scene.graph, &wanted)?)))
            .await?;
        let task = Task { instruction: INSTRUCTION, material: material(&facts) };
        let (said, spoken) = self.thinking.think(call, task).await?;
        Ok(output(facts, said, spoken))
    }
}

fn material(facts: &Module) -> Vec<(String, String)> {
    let known = std::iter::once(format!("{}: {}", facts.path, facts.what));
    let known = known.chain(facts.risks.iter().map(|risk| format!("measured: {risk}")));
    let interface = facts.interface.iter();
    vec![
        ("facts".to_owned(), lines(known)),
        ("documentation".to_owned(), facts.doc.clone().unwrap_or_default()),
        (
            "interface".to_owned(),
            lines(interface.map(|one| format!("{}, {} uses elsewhere", one.brief.line(), one.uses))),
        ),
        ("depends on".to_owned(), lines(&facts.depends_on)),
        ("used by".to_owned(), lines(&facts.used_by)),
        (format!("source of {}", facts.path), facts.source.clone().unwrap_or_default()),
    ]
}

fn output(facts: Module, said: Option<Said>, spoken: Spoken) -> Output {
    let (summary, responsibilities, collaboration, more) = match said {
        Some(said) => (said.summary, said.responsibilities, Some(said.collaboration), said.risks),
        None => {
            let sentence = facts.doc.as_deref().map(reading::first_sentence).filter(|text| !text.is_empty());
            (sentence.unwrap_or(facts.what), facts.says, None, Vec::new())
        }
    };
    Output {
        module_name: facts.path,
        understanding: Understanding {
            summary,
            responsibilities,
            collaboration,
            interface: facts
                .interface
                .into_iter()
                .map(|one| Offered { entity: one.brief, uses: one.uses })
                .collect(),
            depends_on: facts.depends_on,
            used_by: facts.used_by,
            risks: facts.risks.into_iter().chain(more).collect(),
        },
        source: facts.source.filter(|_| spoken.mode == Mode::Caller),
        spoken,
        freshness: facts.fresh,
    }
}
