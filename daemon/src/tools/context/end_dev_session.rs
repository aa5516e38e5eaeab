//! `end_dev_session`: closes a development session.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    store::{SessionEnd, Store, StoreError},
    tools::{Call, Family, Tool, ToolError, time, tool::Effect},
};

/// Closes a session.
pub(super) struct EndDevSession(pub(super) Store);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// session to close, as start_dev_session returned it
    session_id: String,
    /// what was completed
    #[schemars(length(min = 1, max = 65536), regex(pattern = r"\S"))]
    achievements: String,
    /// where to continue
    #[schemars(length(max = 65536))]
    next_steps: Option<String>,
    /// files changed during the session
    #[schemars(length(max = 1000))]
    files_modified: Option<Vec<String>>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    session_id: String,
    project_id: String,
    end_time: String,
    /// minutes from start to end, with fractions
    duration_minutes: f64,
    achievements: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_steps: Option<String>,
    /// titles of the todos completed while the session was open
    todos_completed: Vec<String>,
    /// true when it was closed before; then nothing changed and this is how it was closed
    already_ended: bool,
}

impl Tool for EndDevSession {
    const NAME: &'static str = "end_dev_session";
    const FAMILY: Family = Family::Context;
    const TITLE: &'static str = "End a development session";
    const DESCRIPTION: &'static str = "Close a development session and record what was done and what is next, so that \
        the next session can continue. Closing it twice changes nothing.";
    const EFFECT: Effect = Effect::Settles;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let end = SessionEnd {
            achievements: args.achievements,
            next_steps: args.next_steps,
            files_modified: args.files_modified.unwrap_or_default(),
        };
        let ended = self.0.sessions().end(&who.tenant, &args.session_id, end).await;
        let (session, already_ended) = match ended {
            Err(StoreError::NotFound) => {
                let hint = "start_dev_session returns the id; get_project_context shows open sessions";
                return Err(ToolError::not_found("session", &args.session_id, hint));
            }
            other => other?,
        };
        let todos_completed = self.0.sessions().completed_todos(&session).await?;
        let ended_at = session.ended_at.unwrap_or(session.started_at);
        let minutes = (ended_at - session.started_at) as f64 / 60_000.0;
        Ok(Output {
            session_id: session.id,
            project_id: session.project,
            end_time: time::text(ended_at),
            duration_minutes: (minutes * 100.0).round() / 100.0,
            achievements: session.achievements.unwrap_or_default(),
            next_steps: session.next_steps,
            todos_completed,
            already_ended,
        })
    }
}
