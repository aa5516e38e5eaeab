//! Legacy sessions, seen and ended by operators.

use mcpd_ipc::{
    Fault, FaultKind,
    sessions::{SessionClosed, SessionInfo, SessionList, SessionsClose, SessionsList},
};

use super::{Hands, Operator};
use crate::{mcp::SessionView, telemetry::SessionClosed as Closed};

pub(super) fn list(hands: &Hands, _: SessionsList) -> Result<SessionList, Fault> {
    Ok(SessionList { sessions: hands.sessions.list().into_iter().map(info).collect() })
}

pub(super) async fn close(
    hands: &Hands,
    operator: Operator,
    ask: SessionsClose,
) -> Result<SessionClosed, Fault> {
    let mut meant = hands.sessions.list().into_iter().filter(|one| one.id.starts_with(&ask.id));
    let (Some(session), another) = (meant.next().filter(|_| !ask.id.is_empty()), meant.next()) else {
        return Err(Fault::not_found("session", &ask.id).hint("mcpctl sessions shows the open ones"));
    };
    if another.is_some() {
        let message = format!("several sessions begin with {:?}", ask.id);
        return Err(
            Fault::new(FaultKind::Conflict, message).hint("give more of its id; mcpctl sessions --json")
        );
    }
    hands.sessions.end_now(&session.id).await;
    Closed { id: &session.id[..8], key: &session.principal, operator: operator.uid }.emit();
    Ok(SessionClosed { session: info(session) })
}

fn info(view: SessionView) -> SessionInfo {
    SessionInfo {
        id: view.id,
        key: view.principal.to_string(),
        client: view.client,
        revision: view.revision.to_owned(),
        since: view.created_at,
        last_used_at: view.last_used_at,
        heard: view.heard,
        subscriptions: view.subscriptions as u64,
    }
}
