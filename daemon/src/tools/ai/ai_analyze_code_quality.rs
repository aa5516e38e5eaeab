//! `ai_analyze_code_quality`: what is wrong with the code, and what to mend first.

use std::{collections::BTreeMap, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    draft::Draft,
    lines,
    thinking::{Spoken, Task, Thinking},
};
use crate::{
    quality::{Dimension, Quality, Scored, Spot, Standing, Stood, level},
    tools::{
        Call, Family, Tool, ToolError,
        code::Fresh,
        params::{ProjectId, owner},
        tool::Effect,
    },
};

/// Recommendations that are made.
const MOST: usize = 10;
/// Hot spots and dimensions that are recommended.
const SPOTS: usize = 6;
/// Score below which a dimension is worth a word.
const LOW: f64 = 6.0;

const INSTRUCTION: &str = "Judge the quality of this project's code from what was measured, as Markdown: what the scores \
    come from, which problems weigh most and why, and which can wait. Then recommend what to mend first, each with the \
    file or dimension it is about, the reason from the facts, and what to do. Say where nothing was measured.";

/// Judges the code.
pub(super) struct AiAnalyzeCodeQuality {
    pub(super) quality: Arc<Quality>,
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
    /// Markdown, at most 800 words
    #[schemars(length(min = 1, max = 20000))]
    analysis: String,
    /// the most important first
    #[schemars(length(min = 1, max = 10))]
    top_recommendations: Vec<Recommendation>,
}

impl Draft for Said {}

/// Something to mend.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Recommendation {
    /// a file, or a dimension
    #[schemars(length(min = 1, max = 4096))]
    about: String,
    #[schemars(length(min = 1, max = 4000))]
    why: String,
    #[schemars(length(min = 1, max = 4000))]
    what: String,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    project_id: String,
    /// Markdown
    analysis: String,
    /// 0..10, higher is better; null where nothing was measured
    scores: BTreeMap<&'static str, Option<f64>>,
    debt_level: &'static str,
    /// the most important first
    top_recommendations: Vec<Recommendation>,
    open_issues: usize,
    #[serde(flatten)]
    spoken: Spoken,
    freshness: Fresh,
}

impl Tool for AiAnalyzeCodeQuality {
    const NAME: &'static str = "ai_analyze_code_quality";
    const FAMILY: Family = Family::Ai;
    const TITLE: &'static str = "Analyze code quality";
    const DESCRIPTION: &'static str = "Judge the quality of a project's code and recommend what to mend first, from \
        issues, scores, hot spots and trends measured now; nothing is stored.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let project_id = args.project_id.0;
        let stood = self.quality.stand(&owner(call.who), &project_id).await?;
        let recommended = recommendations(&stood);
        let task = Task { instruction: INSTRUCTION, material: material(&stood) };
        let (said, spoken) = self.thinking.think(call, task).await?;
        let scores = stood.scored.iter().map(|one| (one.dimension.as_str(), one.score));
        let scores = scores.chain([("overall", stood.overall)]).collect();
        let open_issues = stood.standing.len();
        let (analysis, top_recommendations) = match said {
            Some(said) => (said.analysis, said.top_recommendations),
            None => (stood.report.text, recommended),
        };
        Ok(Output {
            project_id,
            analysis,
            scores,
            debt_level: level(stood.overall),
            top_recommendations,
            open_issues,
            spoken,
            freshness: (&stood.fresh).into(),
        })
    }
}

fn material(stood: &Stood) -> Vec<(String, String)> {
    let issue = |one: &Standing| {
        let found = &one.found;
        format!("{} {}: {} ({})", found.severity, found.kind, found.title, found.path)
    };
    vec![
        ("report".to_owned(), stood.report.text.clone()),
        ("issues, the worst first".to_owned(), lines(stood.standing.iter().take(100).map(issue))),
    ]
}

/// Returns what follows from what was measured: the files in which mending pays most, then the weakest dimensions.
fn recommendations(stood: &Stood) -> Vec<Recommendation> {
    let spots = stood.spots.iter().take(SPOTS).map(of_spot);
    let mut weak: Vec<&Scored> =
        stood.scored.iter().filter(|one| one.score.is_some_and(|score| score < LOW)).collect();
    weak.sort_by(|one, other| one.score.unwrap_or(LOW).total_cmp(&other.score.unwrap_or(LOW)));
    spots.chain(weak.into_iter().filter_map(of_dimension)).take(MOST).collect()
}

fn of_spot(spot: &Spot) -> Recommendation {
    let changes = spot.commits.map_or(String::new(), |commits| format!(", {commits} commits changed it"));
    let worst = spot.issues.first();
    Recommendation {
        about: spot.file.clone(),
        why: format!(
            "{} issues, debt score {:.1}{changes}, {} files refer to it; the worst: {}",
            spot.issues.len(),
            spot.debt_score,
            spot.fan_in,
            worst.map_or("none", |one| one.found.title.as_str())
        ),
        what: worst.map_or_else(String::new, |one| one.found.suggestion.to_owned()),
    }
}

fn of_dimension(scored: &Scored) -> Option<Recommendation> {
    let what = match scored.dimension {
        // The hot spots before say what to do about it.
        Dimension::CodeQuality => return None,
        Dimension::TestQuality => {
            "write tests that reach the functions no test reaches, those of the hot spots first"
        }
        Dimension::Documentation => "document the public types and functions, those most used first",
        Dimension::Dependencies => {
            "bound the versions of dependencies, and keep a lock file beside the manifest"
        }
        Dimension::Todos => "do what comments mark as left to do, or make it todos",
    };
    let evidence: Vec<String> = scored
        .evidence
        .iter()
        .filter(|(_, value)| value.is_number())
        .map(|(name, value)| format!("{} {value}", name.replace('_', " ")))
        .collect();
    Some(Recommendation {
        about: scored.dimension.as_str().to_owned(),
        why: format!("{:.1} of 10: {}", scored.score?, evidence.join(", ")),
        what: what.to_owned(),
    })
}
