//! `ai_understand_function`: what a function is for.

use mcpd_codegraph::facts::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    draft::Draft,
    facts::Function,
    lines, reading,
    thinking::{Mode, Spoken, Task, Thinking},
};
use crate::tools::{
    Call, Code, Family, Tool, ToolError,
    code::{Asking, Brief, Fresh, meant},
    params::ProjectId,
    tool::Effect,
};

const INSTRUCTION: &str = "Explain what this function is for: a summary of one or two sentences, its role among its \
    callers, what each parameter means, its edge cases with the lines that show them, and the risks of changing it.";

/// Explains a function.
pub(super) struct AiUnderstandFunction {
    pub(super) asking: Asking,
    pub(super) thinking: Thinking<Said>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// entity_id of a function or method; a clear name works too
    #[schemars(length(min = 1, max = 4096), regex(pattern = r"\S"))]
    entity_id: String,
}

/// What a model is asked for.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Said {
    /// one or two sentences
    #[schemars(length(min = 1, max = 2000))]
    summary: String,
    /// what part it plays for those that call it
    #[schemars(length(min = 1, max = 2000))]
    role: String,
    #[schemars(length(max = 50))]
    parameters: Vec<SaidParameter>,
    /// each with the line that shows it
    #[schemars(length(max = 30))]
    edge_cases: Vec<String>,
    /// what may go wrong when it is changed
    #[schemars(length(max = 30))]
    risks: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
struct SaidParameter {
    /// its name alone
    name: String,
    meaning: String,
}

impl Draft for Said {}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    entity_id: String,
    function_name: String,
    signature: String,
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
    role: String,
    parameters: Vec<Parameter>,
    /// lines that raise, give up, check or catch; in the other modes in words
    edge_cases: Vec<String>,
    callers: Vec<Brief>,
    callees: Vec<Brief>,
    /// what was measured, and in the other modes what a model adds
    risks: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Parameter {
    /// as it is written
    declared: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<String>,
}

impl Tool for AiUnderstandFunction {
    const NAME: &'static str = "ai_understand_function";
    const FAMILY: Family = Family::Ai;
    const TITLE: &'static str = "Understand a function";
    const DESCRIPTION: &'static str = "Explain what a function is for: summary, role, parameters, edge cases, callers, \
        callees and risks, from the code graph and its source.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let wanted = args.entity_id;
        let facts = self
            .asking
            .ask(call, args.project_id, move |scene| {
                let graph = scene.graph;
                let found = match meant(graph, &wanted, &Kind::is_callable, "function") {
                    Ok(found) => found,
                    Err(error) => return Err(no_function(graph, &wanted).unwrap_or(error)),
                };
                Ok(Function::of(scene, found.node))
            })
            .await?;
        let task = Task { instruction: INSTRUCTION, material: material(&facts) };
        let (said, spoken) = self.thinking.think(call, task).await?;
        Ok(output(facts, said, spoken))
    }
}

/// Says that a name means something that does not run.
fn no_function(graph: &mcpd_codegraph::Graph, wanted: &str) -> Option<ToolError> {
    let node = *graph.named(wanted, &|_| true).first()?;
    let error = ToolError::new(
        Code::InvalidArguments,
        format!("{:?} is a {}, and no function", graph.id(node), graph.kind(node).as_str()),
    );
    Some(error.hint(
        "find_entity shows it; ai_understand_module explains its file; its methods have ids of their own",
    ))
}

fn material(facts: &Function) -> Vec<(String, String)> {
    let briefs = |briefs: &[Brief]| lines(briefs.iter().map(Brief::line));
    let known = [facts.what.clone(), facts.signature.clone(), facts.role.clone()];
    let known = known.into_iter().chain(facts.risks.iter().map(|risk| format!("measured: {risk}")));
    vec![
        ("facts".to_owned(), lines(known)),
        ("documentation".to_owned(), facts.doc.clone().unwrap_or_default()),
        (format!("source of {}", facts.entity_id), facts.source.clone().unwrap_or_default()),
        ("callers".to_owned(), briefs(&facts.callers)),
        ("callees".to_owned(), briefs(&facts.callees)),
    ]
}

fn output(facts: Function, said: Option<Said>, spoken: Spoken) -> Output {
    let declared = facts.parameters;
    let understanding = match said {
        None => Understanding {
            summary: match facts.doc.as_deref().map(reading::first_sentence) {
                Some(sentence) if !sentence.is_empty() => sentence,
                Some(_) | None => facts.what,
            },
            role: facts.role,
            parameters: declared.into_iter().map(|declared| Parameter { declared, meaning: None }).collect(),
            edge_cases: facts.edge_cases,
            callers: facts.callers,
            callees: facts.callees,
            risks: facts.risks,
        },
        Some(said) => Understanding {
            summary: said.summary,
            role: said.role,
            parameters: declared
                .into_iter()
                .map(|declared| Parameter { meaning: meaning(&said.parameters, &declared), declared })
                .collect(),
            edge_cases: said.edge_cases,
            callers: facts.callers,
            callees: facts.callees,
            risks: facts.risks.into_iter().chain(said.risks).collect(),
        },
    };
    Output {
        entity_id: facts.entity_id,
        function_name: facts.name,
        signature: facts.signature,
        understanding,
        source: facts.source.filter(|_| spoken.mode == Mode::Caller),
        spoken,
        freshness: facts.fresh,
    }
}

/// Returns what was said of the parameter with that declaration.
fn meaning(said: &[SaidParameter], declared: &str) -> Option<String> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let words: Vec<&str> = declared.split(|character| !is_part(character)).collect();
    let one =
        said.iter().find(|one| words.contains(&one.name.trim_matches(|character| !is_part(character))))?;
    Some(one.meaning.clone())
}
