//! `list_project_notes`: lists notes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::views::NoteView;
use crate::{
    store::{NoteFilter, Store},
    tools::{
        Call, Family, Tool, ToolError,
        params::{Paging, ProjectId},
        tool::Effect,
    },
};

/// Lists notes.
pub(super) struct ListProjectNotes(pub(super) Store);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// only this category
    category: Option<String>,
    /// only this importance or higher
    #[schemars(range(min = 1, max = 5))]
    min_importance: Option<u8>,
    /// leave out resolved notes
    unresolved_only: Option<bool>,
    /// only notes with this label
    tag: Option<String>,
    #[serde(flatten)]
    paging: Paging,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// how many there are in all
    total: i64,
    /// most important first, then newest
    notes: Vec<NoteView>,
    /// offset of the next page, when there is one
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<i64>,
}

impl Tool for ListProjectNotes {
    const NAME: &'static str = "list_project_notes";
    const FAMILY: Family = Family::Context;
    const TITLE: &'static str = "List project notes";
    const DESCRIPTION: &'static str = "List the notes of a project (pitfalls, tips, optimizations, issues, reminders), most important first.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let project = args.project_id.find(&self.0, who).await?;
        let filter = NoteFilter {
            category: args.category,
            without_category: None,
            min_importance: args.min_importance.map(Into::into),
            unresolved_only: args.unresolved_only.unwrap_or(false),
            tag: args.tag,
        };
        let (notes, total) = self.0.notes().list(&project.id, &filter, args.paging.page()).await?;
        let next_offset = args.paging.next(notes.len(), total);
        Ok(Output { total, notes: notes.into_iter().map(Into::into).collect(), next_offset })
    }
}
