//! `completion/complete`: the names and ids a person may mean, while they type.

use std::{borrow::Cow, collections::HashMap};

use serde::{Deserialize, Serialize};

use super::{RpcError, envelope::Params, library::Library, prompts::Prompt, resources::Kind};
use crate::{auth::Principal, store::StoreError};

/// Values in one answer (MCP, `CompleteResult`).
const VALUES: i64 = 100;
/// Longest value that is looked for, in characters: no name or id of ours is longer.
const LONGEST: usize = 128;

/// The result of `completion/complete`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub(super) struct CompleteResult {
    pub(super) completion: Completion,
}

/// What may be meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Completion {
    pub(super) values: Vec<String>,
    pub(super) total: i64,
    pub(super) has_more: bool,
}

/// Parameters of `completion/complete`.
#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow, rename = "ref")]
    reference: Reference<'a>,
    #[serde(borrow)]
    argument: Argument<'a>,
    #[serde(default)]
    context: Context,
}

/// What the argument belongs to.
#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    uri: Option<Cow<'a, str>>,
}

/// The argument and what was typed so far.
#[derive(Deserialize)]
struct Argument<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    value: Cow<'a, str>,
}

/// What was filled in before.
#[derive(Default, Deserialize)]
struct Context {
    #[serde(default)]
    arguments: HashMap<String, String>,
}

/// What is to be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// A project's name.
    Project,
    /// A memory's id.
    Memory,
    /// Free words, which nobody can guess.
    Words,
}

impl Library {
    /// Completes an argument of a prompt or of a resource template.
    pub(super) async fn complete(
        &self,
        who: &Principal,
        params: Params<'_>,
    ) -> Result<CompleteResult, RpcError> {
        let raw = params.ok_or_else(|| invalid("completion/complete needs a ref and an argument"))?;
        let asked: Asked<'_> = serde_json::from_str(raw.get()).map_err(|error| invalid(error.to_string()))?;
        let wanted = wanted(who, &asked)?;
        let typed = asked.argument.value.as_ref();
        if typed.chars().nth(LONGEST).is_some() {
            return Ok(CompleteResult::default());
        }
        let found = match wanted {
            Wanted::Words => Ok((Vec::new(), 0)),
            Wanted::Project => self.store.projects().names_like(&who.tenant, typed, VALUES).await,
            Wanted::Memory => match asked.context.arguments.get("project") {
                Some(project) => self.ids(who, project, typed).await,
                None => Ok((Vec::new(), 0)),
            },
        };
        let (values, total) = found.map_err(|error| RpcError::internal(&error))?;
        let has_more = (values.len() as i64) < total;
        Ok(CompleteResult { completion: Completion { values, total, has_more } })
    }

    async fn ids(
        &self,
        who: &Principal,
        project: &str,
        typed: &str,
    ) -> Result<(Vec<String>, i64), StoreError> {
        match self.store.projects().find(&who.tenant, project).await {
            Ok(project) => self.store.memories().ids_like(&project.id, typed, VALUES).await,
            Err(StoreError::NotFound) => Ok((Vec::new(), 0)),
            Err(error) => Err(error),
        }
    }
}

/// Tells what is to be completed. What `who` may not know of sounds like what does not exist.
fn wanted(who: &Principal, asked: &Asked<'_>) -> Result<Wanted, RpcError> {
    let argument = asked.argument.name.as_ref();
    let none = || invalid("it has no such argument");
    match asked.reference.kind.as_ref() {
        "ref/prompt" => {
            let name = asked.reference.name.as_deref().ok_or_else(|| invalid("a ref/prompt has a name"))?;
            let prompt = Prompt::find(who, name).ok_or_else(|| invalid("there is no such prompt"))?;
            let known = prompt.arguments().iter().any(|one| one.name == argument);
            match argument {
                "project" if known => Ok(Wanted::Project),
                _ if known => Ok(Wanted::Words),
                _ => Err(none()),
            }
        }
        "ref/resource" => {
            let uri = asked.reference.uri.as_deref().ok_or_else(|| invalid("a ref/resource has a uri"))?;
            let open = Kind::ALL.into_iter().filter(|kind| kind.open_to(who));
            let kind = open.into_iter().find(|kind| kind.template() == uri);
            match (kind.ok_or_else(|| invalid("there is no such resource template"))?, argument) {
                (Kind::Context | Kind::Decisions | Kind::Todos | Kind::Memory, "project") => {
                    Ok(Wanted::Project)
                }
                (Kind::Memory, "id") => Ok(Wanted::Memory),
                (Kind::Context | Kind::Decisions | Kind::Todos | Kind::Memory, _) => Err(none()),
            }
        }
        _ => Err(invalid("a ref is a ref/prompt or a ref/resource")),
    }
}

fn invalid(why: impl Into<String>) -> RpcError {
    RpcError::InvalidParams(why.into())
}

#[cfg(test)]
mod tests;
