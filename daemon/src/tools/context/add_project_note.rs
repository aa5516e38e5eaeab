//! `add_project_note`: adds a note, and may resolve earlier ones.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::choices::NoteCategory;
use crate::{
    store::{NewNote, Store, StoreError},
    tools::{
        Call, Code, Family, Tool, ToolError,
        params::{ProjectId, owner, unique},
        tool::Effect,
    },
};

/// Importance of a note when nobody says.
const IMPORTANCE: u8 = 3;

/// Adds a note.
pub(super) struct AddProjectNote(pub(super) Store);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project; the project is made on first use
    project_id: ProjectId,
    /// kind of note
    category: NoteCategory,
    /// short title
    #[schemars(length(min = 1, max = 512), regex(pattern = r"\S"))]
    title: String,
    /// note text
    #[schemars(length(min = 1, max = 65536), regex(pattern = r"\S"))]
    content: String,
    /// 1 lowest to 5 highest, 3 when absent
    #[schemars(range(min = 1, max = 5))]
    importance: Option<u8>,
    /// code snippet it refers to
    #[schemars(length(max = 65536))]
    related_code: Option<String>,
    /// free labels
    #[schemars(length(max = 64))]
    tags: Option<Vec<String>>,
    /// ids of notes that this one resolves
    #[schemars(length(max = 50))]
    resolves: Option<Vec<String>>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    note_id: String,
    title: String,
    category: NoteCategory,
    importance: u8,
    /// ids of the notes that are now resolved
    resolved: Vec<String>,
}

impl Tool for AddProjectNote {
    const NAME: &'static str = "add_project_note";
    const FAMILY: Family = Family::Context;
    const TITLE: &'static str = "Add a project note";
    const DESCRIPTION: &'static str = "Add a note to a project: a pitfall, a tip, an optimization, an issue or a \
        reminder that others should see. With resolves it closes earlier notes.";
    const EFFECT: Effect = Effect::Adds;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let importance = args.importance.unwrap_or(IMPORTANCE);
        let resolved = unique(args.resolves);
        let note = NewNote {
            owner: owner(who),
            project: args.project_id.0,
            category: args.category.as_str().to_owned(),
            title: args.title.clone(),
            content: args.content,
            importance: importance.into(),
            related_code: args.related_code,
            tags: args.tags.unwrap_or_default(),
            resolves: resolved.clone(),
        };
        match self.0.notes().create(note).await {
            Err(StoreError::NotFound) => Err(ToolError::new(
                Code::NotFound,
                format!("resolves names a note that is not open in this project: {}", resolved.join(", ")),
            )
            .hint("list_project_notes with unresolved_only shows the open ones; nothing was added")),
            created => {
                let note_id = created?;
                Ok(Output { note_id, title: args.title, category: args.category, importance, resolved })
            }
        }
    }
}
