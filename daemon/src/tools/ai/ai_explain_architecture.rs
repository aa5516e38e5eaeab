//! `ai_explain_architecture`: how the project is built.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    draft::Draft,
    thinking::{Spoken, Task, Thinking},
};
use crate::{
    code::Scene,
    tools::{
        Call, Family, Tool, ToolError,
        code::{Asking, Fresh, Spot, Structure},
        markdown::Markdown,
        params::ProjectId,
        tool::Effect,
    },
};

/// Files, circles and the like that are named.
const NAMED: usize = 15;

const INSTRUCTION: &str = "Explain the architecture of this project to a developer who is new to it, as Markdown: what \
    its parts are and what each is for, how they depend on each other, where running begins, what most of it leans on, \
    which circles and hot spots to know, and where to begin to read. Name files as the facts do.";

/// Explains an architecture.
pub(super) struct AiExplainArchitecture {
    pub(super) asking: Asking,
    pub(super) thinking: Thinking<Said>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
}

/// What a model is asked for.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Said {
    /// Markdown, 200 to 1500 words
    #[schemars(length(min = 1, max = 40000))]
    explanation: String,
}

impl Draft for Said {}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    project_id: String,
    /// Markdown
    explanation: String,
    #[serde(flatten)]
    structure: Structure,
    #[serde(flatten)]
    spoken: Spoken,
    freshness: Fresh,
}

impl Tool for AiExplainArchitecture {
    const NAME: &'static str = "ai_explain_architecture";
    const FAMILY: Family = Family::Ai;
    const TITLE: &'static str = "Explain the architecture";
    const DESCRIPTION: &'static str = "Explain how the project is built, as Markdown: layers, main modules, dependency \
        cycles, hot spots, entry points and where to begin to read.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let project_id = args.project_id.0.clone();
        let name = project_id.clone();
        let (structure, report, freshness) = self
            .asking
            .ask(call, args.project_id, move |scene| {
                let structure = Structure::of(scene);
                let report = report(scene, &name, &structure);
                Ok((structure, report, Fresh::from(scene.fresh)))
            })
            .await?;
        let task = Task { instruction: INSTRUCTION, material: vec![("facts".to_owned(), report.clone())] };
        let (said, spoken) = self.thinking.think(call, task).await?;
        let explanation = said.map_or(report, |said| said.explanation);
        Ok(Output { project_id, explanation, structure, spoken, freshness })
    }
}

/// Writes what is known, without a model.
fn report(scene: &Scene<'_>, project: &str, structure: &Structure) -> String {
    let (graph, totals) = (scene.graph, scene.totals);
    let mut page = Markdown::new("Architecture of", project);
    let languages: Vec<String> =
        totals.languages.iter().map(|(one, files)| format!("{} ({files} files)", one.as_str())).collect();
    page.paragraph(&format!(
        "{} files, {} lines, {} definitions: {}.",
        graph.len(),
        totals.lines,
        totals.entities(),
        languages.join(", ")
    ));
    page.section("Layers, from those that lean on nothing upwards");
    for layer in &structure.layers {
        page.item(&format!("layer {}, {} files", layer.layer, layer.files), &layer.examples.join(", "));
    }
    page.section("Modules most others lean on");
    for module in structure.modules.iter().take(NAMED) {
        let uses = format!("{} files refer to it, it refers to {}", module.fan_in, module.fan_out);
        let doc = graph.file_at(&module.path).and_then(|node| graph.file_facts(node).doc);
        let says = doc.map(super::reading::first_sentence).unwrap_or_default();
        page.item(
            &uses,
            &format!("{} {}", module.path, if says.is_empty() { String::new() } else { format!("({says})") }),
        );
    }
    page.section("Circles of dependencies");
    if structure.cycles.is_empty() {
        page.paragraph("None.");
    }
    for cycle in structure.cycles.iter().take(NAMED) {
        page.item(&format!("{} files", cycle.size), &cycle.files.join(", "));
    }
    spots(&mut page, &structure.hot_spots);
    page.section("Where running begins");
    for entry in structure.entry_points.iter().take(NAMED) {
        page.item("entry", entry);
    }
    page.finish()
}

fn spots(page: &mut Markdown, spots: &[Spot]) {
    if spots.is_empty() {
        return;
    }
    page.section("Hot spots: much hangs on them, and they are complex");
    for spot in spots.iter().take(NAMED) {
        page.item(&format!("{} uses, cyclomatic complexity {}", spot.uses, spot.cyclomatic), &spot.entity_id);
    }
}
