//! `mcpctl connections`: who is connected, and closing one.

use clap::{Args, Subcommand};
use mcpd_ipc::connections::{ConnectionList, ConnectionsClose, ConnectionsList};

use crate::{
    ask::Consent,
    daemon::Daemon,
    error::{Ended, Error, OrSee},
    output::Output,
    page::Page,
    surroundings::Surroundings,
    table::Table,
    text,
};

/// What can be done with connections.
#[derive(Subcommand)]
pub(crate) enum ConnectionsCommand {
    /// Lists open connections
    #[command(after_help = "Example:\n  mcpctl connections list --json")]
    List,
    /// Closes one connection
    Close(CloseArgs),
}

/// Which connection.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl connections close 17")]
pub(crate) struct CloseArgs {
    /// Its number in the list
    id: u64,
    #[command(flatten)]
    consent: Consent,
}

/// Runs one of the connection commands; without one it lists.
pub(crate) async fn run(
    command: Option<ConnectionsCommand>,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let now = surroundings.now;
    match command {
        None | Some(ConnectionsCommand::List) => {
            let list = daemon.call(ConnectionsList {}).await?;
            out.show(&list, |list| list_page(list, daemon, now))?;
        }
        Some(ConnectionsCommand::Close(CloseArgs { id, consent })) => {
            consent.ask(&format!("close connection {id}?"), surroundings, out)?;
            let closed = daemon.call(ConnectionsClose { id }).await.or_see(&daemon.line("connections"))?;
            out.show(&closed, |closed| Page::of(format!("closed connection {}", closed.id)))?;
        }
    }
    Ok(Ended::Done)
}

fn list_page(list: &ConnectionList, daemon: &Daemon, now: i64) -> Page {
    if list.connections.is_empty() {
        let line = daemon.line("connect claude-code");
        return Page::of(format!("nobody is connected; to connect Claude Code: {line}"));
    }
    let headings = ["ID", "TRANSPORT", "PEER", "KEY", "CLIENT", "REQUESTS", "IN", "OUT", "SINCE"];
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let table = list.connections.iter().fold(Table::new(headings), |table, connection| {
        table.row([
            connection.id.to_string(),
            connection.transport.clone(),
            connection.peer.clone(),
            or_dash(&connection.key),
            or_dash(&connection.client),
            connection.requests.to_string(),
            text::bytes(connection.bytes_in),
            text::bytes(connection.bytes_out),
            text::relative(connection.since, now),
        ])
    });
    Page::default().table(table.figures(&[0, 5, 6, 7]).spare(&[8, 5, 1]))
}
