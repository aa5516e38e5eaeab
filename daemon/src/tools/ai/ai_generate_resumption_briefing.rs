//! `ai_generate_resumption_briefing`: where work stands, and what to do next.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    draft::Draft,
    thinking::{Spoken, Task, Thinking},
};
use crate::{
    memory::Memories,
    store::{DevSession, Store, now},
    tools::{
        Call, Family, Picture, Tool, ToolError, gather,
        markdown::{Markdown, line, moment},
        params::ProjectId,
        tool::Effect,
    },
};

/// Next actions that are named.
const ACTIONS: usize = 10;

const INSTRUCTION: &str = "Brief a developer, or an agent, who resumes work on this project after a break, as Markdown: \
    what was done last, where things stand, what was decided and why, what to beware of, and what to do next and why. \
    Then list the next actions, the most urgent first.";

/// Writes a briefing.
pub(super) struct AiGenerateResumptionBriefing {
    pub(super) kept: (Store, Arc<Memories>),
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
    /// Markdown, at most 600 words
    #[schemars(length(min = 1, max = 20000))]
    briefing: String,
    #[schemars(length(min = 1, max = 10))]
    next_actions: Vec<String>,
}

impl Draft for Said {}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    project_id: String,
    /// Markdown
    briefing: String,
    /// the most urgent first
    next_actions: Vec<String>,
    /// whether no session was ever closed
    first_session: bool,
    #[serde(flatten)]
    spoken: Spoken,
}

impl Tool for AiGenerateResumptionBriefing {
    const NAME: &'static str = "ai_generate_resumption_briefing";
    const FAMILY: Family = Family::Ai;
    const TITLE: &'static str = "Brief for resuming work";
    const DESCRIPTION: &'static str = "Write a briefing to resume work on a project, as Markdown: the last session, \
        where things stand, decisions, pitfalls, and the next actions in order.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let (store, memories) = &self.kept;
        let project = args.project_id.find(store, call.who).await?;
        let picture = gather(store, memories, project).await?;
        let facts = briefing(&picture);
        let task = Task { instruction: INSTRUCTION, material: vec![("facts".to_owned(), facts.clone())] };
        let (said, spoken) = self.thinking.think(call, task).await?;
        let (briefing, next_actions) = match said {
            Some(said) => (said.briefing, said.next_actions),
            None => (facts, actions(&picture)),
        };
        let first_session = picture.last_session.is_none();
        Ok(Output { project_id: picture.project, briefing, next_actions, first_session, spoken })
    }
}

/// Writes what is kept, shorter than the context as a whole.
fn briefing(picture: &Picture) -> String {
    let mut page = Markdown::new("Resuming", &picture.project);
    page.paragraph(&format!("As of {}.", moment(now())));
    page.section("What was done last");
    match &picture.last_session {
        Some(session) => session_of(&mut page, session),
        None => page.paragraph("No session was closed yet."),
    }
    if !picture.open_sessions.is_empty() {
        page.section("Sessions left open");
        picture.open_sessions.iter().for_each(|session| session_of(&mut page, session));
    }
    page.section("What to do next");
    match &picture.choice.next {
        Some(todo) => {
            page.item("next todo", &todo.title);
            page.fact(&format!("why: {}", picture.choice.reason()));
        }
        None => page.fact(&picture.choice.reason()),
    }
    for todo in &picture.choice.in_progress {
        page.item(&format!("in progress, {} %", todo.progress), &todo.title);
    }
    for todo in &picture.pending {
        page.item(&format!("pending, priority {}", todo.priority), &todo.title);
    }
    if picture.pending_total > picture.pending.len() {
        page.fact(&format!("and {} more pending todos", picture.pending_total - picture.pending.len()));
    }
    let lists = [("Open issues", &picture.issues), ("Mind", &picture.important)];
    for (title, notes) in lists.into_iter().filter(|(_, notes)| !notes.is_empty()) {
        page.section(title);
        notes.iter().for_each(|note| page.item(&note.category, &format!("{}: {}", note.title, note.content)));
    }
    if !picture.decisions.is_empty() {
        page.section("Decisions in force");
        for decision in &picture.decisions {
            page.item(&decision.category, &format!("{}: {}", decision.title, decision.reasoning));
        }
    }
    if !picture.memories.is_empty() {
        page.section("Remembered");
        picture.memories.iter().for_each(|memory| page.item(memory.level.as_str(), &memory.content));
    }
    page.finish()
}

fn session_of(page: &mut Markdown, session: &DevSession) {
    let when = match session.ended_at {
        Some(end) => format!("ended {}", moment(end)),
        None => format!("open since {}", moment(session.started_at)),
    };
    page.item(&when, &session.goals);
    let told = [("achieved", &session.achievements), ("next steps", &session.next_steps)];
    told.into_iter()
        .filter_map(|(what, text)| Some((what, text.as_deref()?)))
        .for_each(|(what, text)| page.below(what, text));
}

/// Returns what to do next, as it follows from what is kept.
fn actions(picture: &Picture) -> Vec<String> {
    let progress =
        picture.choice.in_progress.iter().map(|todo| format!("go on with the todo {}", line(&todo.title)));
    let next = picture
        .choice
        .next
        .iter()
        .map(|todo| format!("take the todo {}: {}", line(&todo.title), picture.choice.reason()));
    let steps = picture.last_session.iter().filter_map(|session| session.next_steps.as_deref());
    let steps = steps.map(|steps| format!("as the last session left it: {}", line(steps)));
    let issues = picture.issues.iter().map(|issue| format!("resolve the issue {}", line(&issue.title)));
    let open = picture
        .open_sessions
        .iter()
        .map(|session| format!("close the session {} if it is over: {}", session.id, line(&session.goals)));
    let mut all: Vec<String> =
        progress.chain(next).chain(steps).chain(issues).chain(open).take(ACTIONS).collect();
    if all.is_empty() {
        all.push("begin with start_dev_session and create_todo: nothing is open".to_owned());
    }
    all
}
