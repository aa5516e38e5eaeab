//! Prompts: work that people start by name, with the project's context in the message.

#[cfg(test)]
mod tests;
mod words;

use std::collections::BTreeMap;

use serde::Serialize;

use self::words::Subject;
use super::{
    RpcError,
    error::shortened,
    library::Library,
    resources::{Address, Kind, MARKDOWN, Place, ResourceContents, only_page, quoted},
};
use crate::{auth::Principal, store::StoreError};

/// Longest name of a project, in characters, as the tools have it.
const PROJECT: usize = 128;
/// Longest goal, in characters.
const GOAL: usize = 16_384;

/// Arguments of a prompt as they came.
pub(super) type Arguments = BTreeMap<String, String>;

/// A prompt in the list (MCP, `Prompt`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PromptListing {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) arguments: &'static [PromptArgument],
}

/// An argument of a prompt (MCP, `PromptArgument`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PromptArgument {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) required: bool,
}

/// The page of `prompts/list`: there is only one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PromptPage {
    pub(super) prompts: Vec<PromptListing>,
}

/// The result of `prompts/get`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct PromptResult {
    pub(super) description: &'static str,
    pub(super) messages: Vec<PromptMessage>,
}

/// One message of a prompt (MCP, `PromptMessage`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct PromptMessage {
    pub(super) role: &'static str,
    pub(super) content: Content,
}

/// The content of a message (MCP, `ContentBlock`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Content {
    /// Our words.
    Text {
        /// The words.
        text: String,
    },
    /// A resource, whole.
    Resource {
        /// What it holds.
        resource: ResourceContents,
    },
}

/// The prompts, in the order clients see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Prompt {
    /// Where the work stands and what comes next.
    ResumeWork,
    /// How the project is built, and why.
    ExplainArchitecture,
    /// How to reach a goal.
    PlanGoal,
}

/// The argument every prompt has.
const PROJECT_ARGUMENT: PromptArgument = PromptArgument {
    name: "project",
    description: "project_id of the project, as the tools take it",
    required: true,
};

/// What `plan_goal` is to reach.
const GOAL_ARGUMENT: PromptArgument = PromptArgument {
    name: "goal",
    description: "what is to be reached, in a sentence or more",
    required: true,
};

impl Prompt {
    const ALL: [Self; 3] = [Self::ResumeWork, Self::ExplainArchitecture, Self::PlanGoal];

    /// Returns the prompt of that name, if `who` may know of it: each shows the context of a project.
    pub(super) fn find(who: &Principal, name: &str) -> Option<Self> {
        let open = Kind::Context.open_to(who);
        Self::ALL.into_iter().find(|prompt| open && prompt.name() == name)
    }

    /// Returns the arguments it takes.
    pub(super) fn arguments(self) -> &'static [PromptArgument] {
        match self {
            Self::ResumeWork | Self::ExplainArchitecture => &[PROJECT_ARGUMENT],
            Self::PlanGoal => &[PROJECT_ARGUMENT, GOAL_ARGUMENT],
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::ResumeWork => "resume_work",
            Self::ExplainArchitecture => "explain_architecture",
            Self::PlanGoal => "plan_goal",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::ResumeWork => "Resume work",
            Self::ExplainArchitecture => "Explain the architecture",
            Self::PlanGoal => "Plan a goal",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::ResumeWork => "Resume work on a project: where it stands, and which todo to take next.",
            Self::ExplainArchitecture => {
                "Explain how a project is built and why, from its design decisions, notes and memories."
            }
            Self::PlanGoal => "Plan how a project reaches a goal, as todos in the order they can be done.",
        }
    }

    /// Returns the places whose resources go before the instruction; the first is always there.
    fn places(self) -> &'static [Place] {
        match self {
            Self::ResumeWork | Self::PlanGoal => &[Place::Context],
            Self::ExplainArchitecture => &[Place::Context, Place::Decisions],
        }
    }
}

impl Library {
    /// Returns the prompts `who` may use.
    pub(super) fn prompts(&self, who: &Principal, cursor: Option<&str>) -> Result<PromptPage, RpcError> {
        only_page(cursor)?;
        let open = Prompt::ALL.into_iter().filter(|_| Kind::Context.open_to(who));
        let listing = |prompt: Prompt| PromptListing {
            name: prompt.name(),
            title: prompt.title(),
            description: prompt.description(),
            arguments: prompt.arguments(),
        };
        Ok(PromptPage { prompts: open.map(listing).collect() })
    }

    /// Returns a prompt with its arguments filled in.
    pub(super) async fn prompt(
        &self,
        who: &Principal,
        name: &str,
        arguments: &Arguments,
    ) -> Result<PromptResult, RpcError> {
        let prompt = Prompt::find(who, name).ok_or_else(|| unknown(name))?;
        let project = required(arguments, &PROJECT_ARGUMENT, PROJECT)?;
        let goal = match prompt {
            Prompt::ResumeWork | Prompt::ExplainArchitecture => None,
            Prompt::PlanGoal => Some(quoted(required(arguments, &GOAL_ARGUMENT, GOAL)?)),
        };
        let mut messages = Vec::new();
        for place in prompt.places().iter().filter(|place| place.kind().open_to(who)) {
            let address = Address::new(project, place.clone());
            match self.text(who, &address).await {
                Ok(text) => {
                    let resource = ResourceContents { uri: address.uri(), mime_type: MARKDOWN, text };
                    messages.push(PromptMessage { role: "user", content: Content::Resource { resource } });
                }
                Err(StoreError::NotFound) => break,
                Err(error) => return Err(RpcError::internal(&error)),
            }
        }
        let known = !messages.is_empty();
        if !known && prompt == Prompt::ExplainArchitecture {
            return Err(RpcError::InvalidParams(format!("no project {project:?} is known yet")));
        }
        let text = words::instruction(prompt, &Subject { project, known, goal: goal.as_deref() });
        messages.push(PromptMessage { role: "user", content: Content::Text { text } });
        Ok(PromptResult { description: prompt.description(), messages })
    }
}

fn unknown(name: &str) -> RpcError {
    RpcError::InvalidParams(format!("there is no prompt {:?}", shortened(name)))
}

fn required<'a>(
    arguments: &'a Arguments,
    argument: &PromptArgument,
    longest: usize,
) -> Result<&'a str, RpcError> {
    let name = argument.name;
    let given = arguments.get(name).filter(|given| !given.trim().is_empty());
    let given = given.ok_or_else(|| RpcError::InvalidParams(format!("the argument {name} is missing")))?;
    if given.chars().nth(longest).is_some() {
        return Err(RpcError::InvalidParams(format!("the argument {name} is over {longest} characters")));
    }
    Ok(given)
}
