//! `start_dev_session`: opens a development session.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::views::SessionView;
use crate::{
    store::{NewSession, Store},
    tools::{
        Call, Family, Tool, ToolError,
        params::{ProjectId, owner},
        time,
        tool::Effect,
    },
};

/// Other open sessions shown, newest first.
const OTHERS: i64 = 10;

/// Opens a session.
pub(super) struct StartDevSession(pub(super) Store);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project; the project is made on first use
    project_id: ProjectId,
    /// what this session should achieve
    #[schemars(length(min = 1, max = 16384), regex(pattern = r"\S"))]
    goals: String,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    session_id: String,
    project_id: String,
    start_time: String,
    goals: String,
    /// true when you had this session open already
    resumed: bool,
    /// the last session of the project that was closed
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_session: Option<SessionView>,
    /// sessions of the project that somebody left open; end_dev_session closes them
    other_open_sessions: Vec<SessionView>,
}

impl Tool for StartDevSession {
    const NAME: &'static str = "start_dev_session";
    const FAMILY: Family = Family::Context;
    const TITLE: &'static str = "Start a development session";
    const DESCRIPTION: &'static str = "Open a development session with a goal. Returns what the previous session \
        achieved and where to continue. Todos, decisions and notes you add afterwards belong to it until \
        end_dev_session.";
    const EFFECT: Effect = Effect::Settles;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let who = call.who;
        let project = args.project_id.0.clone();
        let new = NewSession { owner: owner(who), project, goals: args.goals };
        let (session, resumed) = self.0.sessions().start(new).await?;
        let project = args.project_id.find(&self.0, who).await?;
        let sessions = self.0.sessions();
        let others = sessions.open(&project.id, Some(&session.id), OTHERS).await?;
        let previous = sessions.last_closed(&project.id).await?;
        Ok(Output {
            session_id: session.id,
            project_id: session.project,
            start_time: time::text(session.started_at),
            goals: session.goals,
            resumed,
            previous_session: previous.map(Into::into),
            other_open_sessions: others.into_iter().map(Into::into).collect(),
        })
    }
}
