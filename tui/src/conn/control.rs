//! The control connection: one command after another, each answered with what it brought or why it brought nothing. It
//! is never repeated by itself: nobody knows whether the first try was obeyed.

use std::{sync::Arc, time::Duration};

use mcpd_ipc::{
    CallError, Client, allow::AllowList, connections::ConnectionsList, keys::KeysList,
    sessions::SessionsList, tools::ToolsList,
};
use tokio::sync::{mpsc, watch};

use super::{Wire, why};
use crate::{
    effect::{Call, Listed},
    msg::{Msg, Reply},
};

/// How long a command may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// Calls what it is given until nobody gives more. `times` counts how often the daemon came (back): a connection to one
/// that went is not used again.
pub(super) async fn obey(
    wire: Arc<Wire>,
    mut calls: mpsc::Receiver<Call>,
    times: watch::Receiver<u64>,
    news: mpsc::Sender<Msg>,
) {
    let mut open: Option<(Client, u64)> = None;
    while let Some(call) = calls.recv().await {
        let time = *times.borrow();
        let kept = open.take().filter(|(_, of)| *of == time).map(|(client, _)| client);
        let msg = match talk(&wire, kept, call.clone()).await {
            (client, Ok(reply)) => {
                open = client.map(|client| (client, time));
                Msg::Done(Box::new(reply))
            }
            (client, Err(msg)) => {
                open = client.map(|client| (client, time));
                msg
            }
        };
        if news.send(msg).await.is_err() {
            return;
        }
    }
}

/// Calls over `kept` or a new connection; returns the connection where it can be used again.
async fn talk(wire: &Wire, kept: Option<Client>, call: Call) -> (Option<Client>, Result<Reply, Msg>) {
    let mut client = match kept {
        Some(client) => client,
        None => match connect(wire).await {
            Ok(client) => client,
            Err(why) => return (None, Err(Msg::Failed(Box::new(call), why))),
        },
    };
    match ask(&mut client, call.clone()).await {
        Ok(reply) => (Some(client), Ok(reply)),
        Err(error) => {
            let failed = Msg::Failed(Box::new(call), why::of(&error));
            // After anything but a refusal an answer may still come, and would be taken for that of the next command.
            let is_usable = matches!(error, CallError::Refused(_));
            (is_usable.then_some(client), Err(failed))
        }
    }
}

async fn connect(wire: &Wire) -> Result<Client, crate::msg::Why> {
    let socket = wire.locate()?;
    Client::connect(&socket, &wire.program, DEADLINE).await.map_err(|error| why::of(&error))
}

async fn ask(client: &mut Client, call: Call) -> Result<Reply, CallError> {
    Ok(match call {
        Call::List(Listed::Connections) => Reply::Connections(client.call(ConnectionsList {}).await?),
        Call::List(Listed::Sessions) => Reply::Sessions(client.call(SessionsList {}).await?),
        Call::List(Listed::Keys) => Reply::Keys(client.call(KeysList {}).await?),
        Call::List(Listed::Allow) => Reply::Allow(client.call(AllowList {}).await?),
        Call::List(Listed::Tools) => Reply::Tools(client.call(ToolsList {}).await?),
        Call::Tool(show) => Reply::Tool(client.call(show).await?),
        Call::CloseConnection(close) => Reply::ConnectionClosed(client.call(close).await?),
        Call::CloseSession(close) => Reply::SessionClosed(client.call(close).await?),
        Call::AddKey(add) => Reply::KeyCreated(client.call(add).await?),
        Call::RotateKey(rotate) => Reply::KeyRotated(client.call(rotate).await?),
        Call::RenameKey(rename) => Reply::KeyRenamed(client.call(rename).await?),
        Call::RevokeKey(revoke) => Reply::KeyRevoked(client.call(revoke).await?),
        Call::AddNetwork(add) => Reply::AllowChanged(client.call(add).await?),
        Call::RemoveNetwork(remove) => Reply::AllowChanged(client.call(remove).await?),
        Call::TestAddress(test) => Reply::Verdict(client.call(test).await?),
        Call::Enable(enable) => Reply::ToolsSwitched(client.call(enable).await?),
        Call::Disable(disable) => Reply::ToolsSwitched(client.call(disable).await?),
    })
}
