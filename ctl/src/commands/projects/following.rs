//! An analysis on its way: a bar that is rewritten until it ends, and Ctrl-C, which stops it where that is ours to do.

use std::time::Duration;

use mcpd_ipc::projects::{AnalysisPhase, AnalysisState, ProjectsAnalysis, ProjectsStop};
use tokio::time::sleep;

use super::{door::Door, page};
use crate::{
    commands::waiting::Wait,
    error::{Ended, Error, Kind},
    output::Output,
    page::Page,
    text,
};

/// How long an analysis may take to stop when it is told to.
const STOPPING: Duration = Duration::from_secs(10);

/// An analysis that is looked at until it ends.
pub(super) struct Following<'f> {
    pub(super) door: &'f Door,
    pub(super) tenant: Option<String>,
    pub(super) project: String,
}

impl Following<'_> {
    /// Returns how it ended; one that is still under way is left to itself.
    pub(super) async fn to_the_end(
        &self,
        begun: AnalysisState,
        out: &mut Output,
    ) -> Result<AnalysisState, Error> {
        let state = tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => None,
            state = self.watch(begun, out) => Some(state?),
        };
        out.progress_over();
        match state {
            Some(state) => Ok(state),
            None => self.interrupted(out).await,
        }
    }

    async fn watch(&self, begun: AnalysisState, out: &mut Output) -> Result<AnalysisState, Error> {
        let mut state = begun;
        while !state.phase.is_over() {
            out.progress(&progress(&state));
            sleep(self.door.pause()).await;
            state = self.look().await.map_err(unseen)?;
        }
        Ok(state)
    }

    async fn look(&self) -> Result<AnalysisState, Error> {
        let (tenant, project) = (self.tenant.clone(), self.project.clone());
        self.door.call(ProjectsAnalysis { tenant, project }).await
    }

    /// Stops what runs on this machine's daemon; another's is not ours to stop.
    async fn interrupted(&self, out: &mut Output) -> Result<AnalysisState, Error> {
        let Door::Here(daemon) = self.door else { return self.look().await };
        out.progress("stopping");
        let (tenant, project) = (self.tenant.clone(), self.project.clone());
        let mut state = daemon.call(ProjectsStop { tenant, project }).await?;
        let wait = Wait::new(STOPPING);
        while !state.phase.is_over() && wait.left().is_some() {
            wait.pause().await;
            state = self.look().await?;
        }
        Ok(state)
    }
}

/// Returns how an analysis ended, for the exit code; an error where it failed.
pub(super) fn ended(state: &AnalysisState) -> Result<Ended, Error> {
    match state.phase {
        AnalysisPhase::Done => Ok(Ended::Done),
        AnalysisPhase::Failed => {
            let mention = page::mention(&state.project, &state.tenant);
            let because = state.failure.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
            let message = format!("the analysis of {mention} failed{because}");
            Err(Error::new(Kind::Failed, message).hint("the code graph is as it was before"))
        }
        AnalysisPhase::Stopped
        | AnalysisPhase::Waiting
        | AnalysisPhase::Walking
        | AnalysisPhase::Parsing
        | AnalysisPhase::Storing
        | AnalysisPhase::Linking => Ok(Ended::Negative),
    }
}

/// Returns how far it is: `[#######.............] parsing: 402 of 1204 files`.
fn progress(state: &AnalysisState) -> String {
    let phase = state.phase.as_str();
    match (state.phase, state.done, state.total) {
        (AnalysisPhase::Waiting, ..) => "waiting: other projects come first".into(),
        (_, 0, 0) => phase.into(),
        (_, done, 0) => format!("{phase}: {}", text::count(done, "file")),
        (_, done, total) => {
            format!("{} {phase}: {done} of {}", text::bar(done, total), text::count(total, "file"))
        }
    }
}

/// Says what becomes of an analysis that cannot be looked at any more.
fn unseen(error: Error) -> Error {
    if error.kind == Kind::NotFound { error } else { error.hint("the analysis itself may go on") }
}

/// Says on stderr that nothing came of something because somebody pressed Ctrl-C.
pub(super) fn given_up(out: &mut Output) -> Ended {
    out.aside(&Page::of("stopped; nothing was changed"));
    Ended::Negative
}
