//! `mcpctl sessions`: what `initialize` opened, and ending one.

use clap::{Args, Subcommand};
use mcpd_ipc::sessions::{SessionInfo, SessionList, SessionsClose, SessionsList};

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

/// What can be done with sessions.
#[derive(Subcommand)]
pub(crate) enum SessionsCommand {
    /// Lists sessions
    #[command(after_help = "Example:\n  mcpctl sessions list --json")]
    List,
    /// Ends one session; its client is told so and may begin anew
    Close(CloseArgs),
}

/// Which session.
#[derive(Args)]
#[command(after_help = "Example:\n  mcpctl sessions close 4f1c09a2b77d")]
pub(crate) struct CloseArgs {
    /// Its id, or the beginning of it that no other has
    id: String,
    #[command(flatten)]
    consent: Consent,
}

/// Digits of an id that the table shows; the daemon takes any beginning that only one session has.
const SHOWN: usize = 12;

/// Runs one of the session commands; without one it lists.
pub(crate) async fn run(
    command: Option<SessionsCommand>,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Ended, Error> {
    let now = surroundings.now;
    match command {
        None | Some(SessionsCommand::List) => {
            let list = daemon.call(SessionsList {}).await?;
            out.show(&list, |list| list_page(list, now))?;
        }
        Some(SessionsCommand::Close(CloseArgs { id, consent })) => {
            consent.ask(&format!("end the session {id}?"), surroundings, out)?;
            let closed = daemon.call(SessionsClose { id }).await.or_see(&daemon.line("sessions"))?;
            out.show(&closed, |closed| {
                let SessionInfo { client, key, .. } = &closed.session;
                Page::of(format!("closed session {} of {client} (key {key})", short(&closed.session)))
            })?;
        }
    }
    Ok(Ended::Done)
}

fn list_page(list: &SessionList, now: i64) -> Page {
    if list.sessions.is_empty() {
        return Page::of("there are no sessions; clients of the newest revision open none");
    }
    let headings = ["ID", "KEY", "CLIENT", "REVISION", "STREAM", "SUBSCRIPTIONS", "LAST USED", "SINCE"];
    let table = list.sessions.iter().fold(Table::new(headings), |table, session| {
        table.row([
            short(session),
            session.key.clone(),
            session.client.clone(),
            session.revision.clone(),
            if session.heard { "open" } else { "-" }.into(),
            session.subscriptions.to_string(),
            text::relative(session.last_used_at, now),
            text::relative(session.since, now),
        ])
    });
    Page::default().table(table.figures(&[5]).spare(&[5, 7, 4]))
}

fn short(session: &SessionInfo) -> String {
    session.id.chars().take(SHOWN).collect()
}
