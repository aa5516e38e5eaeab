//! `get_project_context`: everything needed to resume work.

use std::{collections::BTreeMap, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    picture::gather,
    views::{DecisionView, NoteView, SessionView, TodoView},
};
use crate::{
    code::Figures,
    memory::Memories,
    store::{CodeTree, Store, StoreError, now},
    tools::{Call, Family, Tool, ToolError, params::ProjectId, time, tool::Effect},
};

/// Gathers the context.
pub(super) struct GetProjectContext {
    pub(super) store: Store,
    pub(super) memories: Arc<Memories>,
}

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    project_id: String,
    context: Gathered,
    /// the task to take next, null when none is ready
    next_todo: Option<TodoView>,
    /// why this one, or why none
    next_reason: String,
    /// how much code there is, as it was read last; absent when none was
    #[serde(skip_serializing_if = "Option::is_none")]
    code_summary: Option<CodeSummary>,
    generated_at: String,
}

#[derive(Serialize, JsonSchema)]
struct CodeSummary {
    files: u64,
    lines: u64,
    /// files by language
    languages: BTreeMap<String, u64>,
    /// definitions by kind
    entities: BTreeMap<String, u64>,
    indexed_at: String,
    /// commit that was checked out then
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
}

impl From<CodeTree> for CodeSummary {
    fn from(tree: CodeTree) -> Self {
        let Figures { files, lines, languages, entities, .. } = Figures::kept(&tree.figures);
        let indexed_at = time::text(tree.indexed_at.unwrap_or_default());
        Self { files, lines, languages, entities, indexed_at, commit: tree.commit, branch: tree.branch }
    }
}

#[derive(Serialize, JsonSchema)]
struct Gathered {
    /// the last session that was closed
    last_session: Option<SessionView>,
    open_sessions: Vec<SessionView>,
    in_progress: Vec<TodoView>,
    /// pending todos, highest priority first, ten at most
    pending_todos: Vec<TodoView>,
    /// pending todos in all
    pending_total: usize,
    /// decisions in force, newest first, ten at most
    recent_decisions: Vec<DecisionView>,
    /// open notes of category issue, most important first, ten at most
    unresolved_issues: Vec<NoteView>,
    /// open notes of importance 4 or 5 of the other categories, ten at most
    important_notes: Vec<NoteView>,
    /// memories that tell most about the open work, then the newest, ten at most; retrieve_memory finds the others
    relevant_memories: Vec<MemoryView>,
}

#[derive(Serialize, JsonSchema)]
struct MemoryView {
    memory_id: String,
    content: String,
    memory_level: &'static str,
    created_at: String,
}

impl Tool for GetProjectContext {
    const NAME: &'static str = "get_project_context";
    const FAMILY: Family = Family::Context;
    const TITLE: &'static str = "Get project context";
    const DESCRIPTION: &'static str = "Everything needed to resume work on a project, in one call: the last session, \
        open todos and the next one to take, recent decisions, unresolved issues, important notes, relevant memories, the size of its code.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let project = args.project_id.find(&self.store, who).await?;
        let code_summary = match self.store.code().tree(&project.id).await {
            Ok(tree) => Some(tree).filter(|tree| tree.revision > 0).map(Into::into),
            Err(StoreError::NotFound) => None,
            Err(error) => return Err(error.into()),
        };
        let picture = gather(&self.store, &self.memories, project).await?;
        Ok(Output {
            code_summary,
            project_id: picture.project,
            next_reason: picture.choice.reason(),
            next_todo: picture.choice.next.map(Into::into),
            generated_at: time::text(now()),
            context: Gathered {
                last_session: picture.last_session.map(Into::into),
                open_sessions: picture.open_sessions.into_iter().map(Into::into).collect(),
                in_progress: picture.choice.in_progress.into_iter().map(Into::into).collect(),
                pending_todos: picture.pending.into_iter().map(Into::into).collect(),
                pending_total: picture.pending_total,
                recent_decisions: picture
                    .decisions
                    .into_iter()
                    .map(TryInto::try_into)
                    .collect::<Result<_, _>>()?,
                unresolved_issues: picture.issues.into_iter().map(Into::into).collect(),
                important_notes: picture.important.into_iter().map(Into::into).collect(),
                relevant_memories: picture
                    .memories
                    .into_iter()
                    .map(|memory| MemoryView {
                        memory_id: memory.id,
                        content: memory.content,
                        memory_level: memory.level.as_str(),
                        created_at: time::text(memory.created_at),
                    })
                    .collect(),
            },
        })
    }
}
