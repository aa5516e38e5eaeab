//! Open connections, seen and closed by operators.

use mcpd_ipc::{
    Fault,
    connections::{ConnectionClosed, ConnectionInfo, ConnectionList, ConnectionsClose, ConnectionsList},
};

use super::{Hands, Operator};
use crate::telemetry::ConnectionClosed as Closed;

pub(super) fn list(hands: &Hands, _: ConnectionsList) -> Result<ConnectionList, Fault> {
    let info = |view: crate::guard::ConnectionView| ConnectionInfo {
        id: view.id,
        transport: view.transport.to_owned(),
        peer: view.peer.to_string(),
        key: view.principal.map(|name| name.to_string()),
        client: view.client.map(|name| name.to_string()),
        since: view.since,
        requests: view.requests,
        bytes_in: view.bytes_in,
        bytes_out: view.bytes_out,
    };
    Ok(ConnectionList { connections: hands.guard.connections().into_iter().map(info).collect() })
}

pub(super) fn close(
    hands: &Hands,
    operator: Operator,
    ask: ConnectionsClose,
) -> Result<ConnectionClosed, Fault> {
    if hands.guard.close_connection(ask.id) {
        Closed { id: ask.id, operator: operator.uid }.emit();
        Ok(ConnectionClosed { id: ask.id })
    } else {
        Err(Fault::not_found("connection", &ask.id.to_string())
            .hint("mcpctl connections shows the open ones"))
    }
}
