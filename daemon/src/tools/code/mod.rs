//! The code of a project: analyse it, then ask. Every answer says how fresh it is.

mod analyze_codebase;
mod explain_module;
mod explore_code;
mod find_dependencies;
mod find_entity;
mod fresh;
mod get_file_outline;
mod list_modules;
mod query_architecture;
mod search_code_pattern;
mod trace_function_calls;
mod view;

use std::sync::Arc;

pub(super) use fresh::Fresh;
use mcpd_codegraph::{Fit, Graph, Node, facts::Kind};
use mcpd_config::Config;
pub(super) use query_architecture::{Spot, Structure};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::watch;
pub(super) use view::{Brief, source};

use super::{
    Call, Code as Failure, ToolError,
    params::{ProjectId, owner},
    registry::{BadSchema, Building},
};
use crate::code::{Code, CodeError, Scene};

/// Candidates named when a name is not clear.
const CANDIDATES: usize = 10;

/// Adds the family.
pub(super) fn register(
    registry: &mut Building<'_>,
    code: &Arc<Code>,
    config: &watch::Receiver<Arc<Config>>,
) -> Result<(), BadSchema> {
    let asked = || Asking::new(code);
    registry.add(analyze_codebase::AnalyzeCodebase { code: Arc::clone(code), config: config.clone() })?;
    registry.add(query_architecture::QueryArchitecture(asked()))?;
    registry.add(find_entity::FindEntity(asked()))?;
    registry.add(trace_function_calls::TraceFunctionCalls(asked()))?;
    registry.add(find_dependencies::FindDependencies(asked()))?;
    registry.add(list_modules::ListModules(asked()))?;
    registry.add(explain_module::ExplainModule(asked()))?;
    registry.add(search_code_pattern::SearchCodePattern(asked()))?;
    registry.add(get_file_outline::GetFileOutline(asked()))?;
    registry.add(explore_code::ExploreCode(asked()))
}

/// Which file is asked about.
#[derive(Deserialize, JsonSchema)]
struct FileArgs {
    /// id of the project
    project_id: ProjectId,
    /// file path relative to the project root
    #[schemars(length(min = 1, max = 4096))]
    file_path: String,
}

/// Where questions are asked.
pub(super) struct Asking {
    code: Arc<Code>,
}

impl Asking {
    /// Asks the code of projects.
    pub(super) fn new(code: &Arc<Code>) -> Self {
        Self { code: Arc::clone(code) }
    }

    /// Answers a question from the graph of a project.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        call: Call<'_>,
        project: ProjectId,
        question: impl FnOnce(&Scene<'_>) -> Result<T, ToolError> + Send + 'static,
    ) -> Result<T, ToolError> {
        self.code.ask(&owner(call.who), &project.0, question).await?
    }
}

impl From<CodeError> for ToolError {
    fn from(error: CodeError) -> Self {
        let words = error.to_string();
        let told = |code| Self::new(code, words.clone());
        match error {
            CodeError::UnknownProject(id) => Self::unknown_project(&id),
            CodeError::NotIndexed(_) => told(Failure::NotIndexed).hint(
                "call analyze_codebase with the folder of the project first; whether something is in its code is \
                 not known",
            ),
            CodeError::Indexing(..) => {
                told(Failure::NotIndexed).hint("ask again in a moment, or call analyze_codebase, which waits")
            }
            CodeError::Tree(_) => told(Failure::Refused).hint(
                "name a folder by its whole path, inside what code.roots of the daemon's configuration allows; \
                 mcpctl projects push sends one that is elsewhere",
            ),
            CodeError::NoRoots => told(Failure::Refused)
                .hint("the operator names folders in code.roots, or sends a tree with mcpctl projects push"),
            CodeError::Sent(_) => told(Failure::Conflict).hint("mcpctl projects push brings it up to date"),
            CodeError::UnknownPush(_) => told(Failure::NotFound),
            CodeError::TooMuch(_) => told(Failure::TooLarge),
            CodeError::Stopped => {
                told(Failure::Conflict).hint("call again to go on; what was known before stays")
            }
            CodeError::Store(error) => error.into(),
            CodeError::Unfinished(error) => Self::internal(&error),
        }
    }
}

/// What somebody means by a name: the best, and the others of that name.
pub(super) struct Meant {
    pub(super) node: Node,
    others: Vec<Node>,
}

/// Returns what a name means, or the error that says what is there instead.
pub(super) fn meant(
    graph: &Graph,
    name: &str,
    wanted: &dyn Fn(Kind) -> bool,
    what: &str,
) -> Result<Meant, ToolError> {
    let named = graph.named(name, wanted);
    if let Some((node, others)) = named.split_first() {
        return Ok(Meant { node: *node, others: others.iter().take(CANDIDATES).copied().collect() });
    }
    let near = graph.find(name, wanted, 5);
    let near: Vec<String> =
        near.nodes.iter().filter(|(_, fit)| *fit <= Fit::Letters).map(|(node, _)| graph.id(*node)).collect();
    let hint = match near.is_empty() {
        true => "the code is indexed and has nothing of that name; find_entity searches by parts of names"
            .to_owned(),
        false => {
            format!("the code is indexed and has nothing of exactly that name; near are {}", near.join(", "))
        }
    };
    Err(ToolError::not_found(what, name, &hint))
}

/// Returns a file by its path in the tree, or the error that says what is near.
pub(super) fn file(graph: &Graph, path: &str) -> Result<Node, ToolError> {
    let plain = path.trim().trim_start_matches("./");
    if let Some(node) = graph.file_at(plain) {
        return Ok(node);
    }
    let name = plain.rsplit('/').next().unwrap_or(plain);
    let near: Vec<&str> = graph.files_named(name).into_iter().take(5).map(|node| graph.path(node)).collect();
    let hint = match near.is_empty() {
        true => "the code is indexed and has no such file; list_modules names them all".to_owned(),
        false => {
            format!("file_path is relative to the root of the tree; of that name are {}", near.join(", "))
        }
    };
    Err(ToolError::not_found("file", path, &hint))
}
