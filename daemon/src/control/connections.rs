//! Open connections, seen and closed by operators.

use mcpd_ipc::{
    Fault,
    connections::{ConnectionClosed, ConnectionInfo, ConnectionList, ConnectionsClose, ConnectionsList},
};

use super::Hands;

pub(super) fn list(hands: &Hands, _: ConnectionsList) -> Result<ConnectionList, Fault> {
    let info = |view: crate::guard::ConnectionView| ConnectionInfo {
        id: view.id,
        transport: view.transport.to_owned(),
        peer: view.peer.to_string(),
        key: view.principal,
        since: view.since,
        requests: view.requests,
    };
    Ok(ConnectionList { connections: hands.guard.connections().into_iter().map(info).collect() })
}

pub(super) fn close(hands: &Hands, ask: ConnectionsClose) -> Result<ConnectionClosed, Fault> {
    if hands.guard.close_connection(ask.id) {
        Ok(ConnectionClosed { id: ask.id })
    } else {
        Err(Fault::not_found("connection", &ask.id.to_string())
            .hint("mcpctl connections shows the open ones"))
    }
}
