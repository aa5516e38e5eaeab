//! `list_modules`: the files of a project.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asking, fresh::Fresh};
use crate::tools::{
    Call, Family, Tool, ToolError,
    params::{Paging, ProjectId},
    tool::Effect,
};

/// Imports named of one file.
const IMPORTS: usize = 30;

/// Lists files.
pub(super) struct ListModules(pub(super) Asking);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// only files below this folder
    #[schemars(length(max = 4096))]
    folder: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// files returned
    count: usize,
    total: usize,
    /// by path
    modules: Vec<Module>,
    /// offset of the next page, if there is one
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<i64>,
    freshness: Fresh,
}

#[derive(Serialize, JsonSchema)]
struct Module {
    path: String,
    language: &'static str,
    lines: u32,
    /// definitions in it
    entities: usize,
    /// what it imports, as it is written, the first 30
    imports: Vec<String>,
    /// files of the tree that refer to it
    referred_by: usize,
}

impl Tool for ListModules {
    const NAME: &'static str = "list_modules";
    const FAMILY: Family = Family::Code;
    const TITLE: &'static str = "List modules";
    const DESCRIPTION: &'static str =
        "List the source files of the project with their language, size, number of definitions and imports.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let (page, paging) = (args.paging.page(), args.paging);
        let folder = args.folder.map(|folder| folder.trim_matches('/').trim_start_matches("./").to_owned());
        self.0
            .ask(call, args.project_id, move |scene| {
                let graph = scene.graph;
                let below = |path: &str| {
                    let rest = folder
                        .as_deref()
                        .filter(|folder| !folder.is_empty())
                        .map(|folder| path.strip_prefix(folder));
                    rest.is_none_or(|rest| rest.is_some_and(|rest| rest.starts_with('/') || rest.is_empty()))
                };
                let files: Vec<_> =
                    graph.files_by_path().into_iter().filter(|node| below(graph.path(*node))).collect();
                let some = files.iter().skip(page.offset as usize).take(page.limit as usize);
                let modules: Vec<Module> = some
                    .map(|node| {
                        let file = graph.file_facts(*node);
                        Module {
                            path: graph.path(*node).to_owned(),
                            language: file.language.as_str(),
                            lines: file.lines,
                            entities: file.entities,
                            imports: graph
                                .imports(*node)
                                .into_iter()
                                .map(|one| one.written)
                                .take(IMPORTS)
                                .collect(),
                            referred_by: graph.referring_files(*node).len(),
                        }
                    })
                    .collect();
                Ok(Output {
                    count: modules.len(),
                    total: files.len(),
                    next_offset: paging.next(modules.len(), files.len() as i64),
                    modules,
                    freshness: scene.fresh.into(),
                })
            })
            .await
    }
}
