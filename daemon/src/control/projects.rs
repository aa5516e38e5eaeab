//! The code of projects, looked after by operators.

use mcpd_ipc::{
    FRAME_LIMIT, Fault,
    projects::{
        AnalysisState, ProjectDetail, ProjectForgotten, ProjectInfo, ProjectList, ProjectsAnalysis,
        ProjectsAnalyze, ProjectsForget, ProjectsList, ProjectsShow, ProjectsStop, ProjectsWatch, PushBegin,
        PushBegun, PushEnd, PushFiles, PushOffer, PushTaken, PushWanted,
    },
};

use super::{Hands, Operator, keys::word};
use crate::{auth::Principal, code::Desk, store::Owner, telemetry::CodeChanged};

/// What a frame holds beside the files in it, in bytes.
const ENVELOPE: u64 = 4 << 10;

pub(super) async fn list(hands: &Hands, ask: ProjectsList) -> Result<ProjectList, Fault> {
    Desk::list(&hands.code, ask.tenant.as_deref()).await
}

pub(super) async fn show(
    hands: &Hands,
    operator: Operator,
    ask: ProjectsShow,
) -> Result<ProjectDetail, Fault> {
    desk(hands, operator, ask.tenant)?.show(&ask.project).await
}

pub(super) async fn analyze(
    hands: &Hands,
    operator: Operator,
    ask: ProjectsAnalyze,
) -> Result<AnalysisState, Fault> {
    let begun = desk(hands, operator, ask.tenant)?.analyze(ask.project, ask.name, ask.path).await?;
    changed("analysis begun", &begun.project, operator);
    Ok(begun)
}

pub(super) async fn analysis(
    hands: &Hands,
    operator: Operator,
    ask: ProjectsAnalysis,
) -> Result<AnalysisState, Fault> {
    desk(hands, operator, ask.tenant)?.analysis(&ask.project).await
}

pub(super) async fn stop(
    hands: &Hands,
    operator: Operator,
    ask: ProjectsStop,
) -> Result<AnalysisState, Fault> {
    let stopped = desk(hands, operator, ask.tenant)?.stop(&ask.project).await?;
    changed("analysis stopped", &stopped.project, operator);
    Ok(stopped)
}

pub(super) async fn watch(
    hands: &Hands,
    operator: Operator,
    ask: ProjectsWatch,
) -> Result<ProjectInfo, Fault> {
    let info = desk(hands, operator, ask.tenant)?.watch(&ask.project, ask.on).await?;
    changed(if ask.on { "watched" } else { "no longer watched" }, &ask.project, operator);
    Ok(info)
}

pub(super) async fn forget(
    hands: &Hands,
    operator: Operator,
    ask: ProjectsForget,
) -> Result<ProjectForgotten, Fault> {
    let forgotten = desk(hands, operator, ask.tenant)?.forget(&ask.project).await?;
    changed("forgotten", &ask.project, operator);
    Ok(forgotten)
}

pub(super) fn push_begin(hands: &Hands, operator: Operator, ask: PushBegin) -> Result<PushBegun, Fault> {
    let frame = hands.config.borrow().control.frame_limit.min(FRAME_LIMIT as u64);
    let tenant = ask.tenant.clone();
    desk(hands, operator, tenant)?.push_begin(ask, frame.saturating_sub(ENVELOPE))
}

pub(super) async fn push_offer(
    hands: &Hands,
    operator: Operator,
    ask: PushOffer,
) -> Result<PushWanted, Fault> {
    pusher(hands, operator, &ask.push)?.push_offer(ask).await
}

pub(super) async fn push_files(
    hands: &Hands,
    operator: Operator,
    ask: PushFiles,
) -> Result<PushTaken, Fault> {
    pusher(hands, operator, &ask.push)?.push_files(ask).await
}

pub(super) async fn push_end(
    hands: &Hands,
    operator: Operator,
    ask: PushEnd,
) -> Result<AnalysisState, Fault> {
    let begun = pusher(hands, operator, &ask.push)?.push_end(ask).await?;
    changed("pushed", &begun.project, operator);
    Ok(begun)
}

fn desk(hands: &Hands, operator: Operator, tenant: Option<String>) -> Result<Desk<'_>, Fault> {
    let tenant = word("tenant", tenant.unwrap_or_else(|| "default".to_owned()))?;
    let owner = Owner { tenant, author: Principal::local(operator.uid).author() };
    Ok(Desk { code: &hands.code, owner })
}

/// An operator goes on with a push of any tenant it began.
fn pusher<'h>(hands: &'h Hands, operator: Operator, push: &str) -> Result<Desk<'h>, Fault> {
    desk(hands, operator, hands.code.push_tenant(push))
}

fn changed(change: &'static str, project: &str, operator: Operator) {
    CodeChanged { change, project, by: &Principal::local(operator.uid).author() }.emit();
}
