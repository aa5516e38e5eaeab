//! The one way of a new secret to its operator, and of an old one from its holder.

use mcpd_ipc::keys::Shown;
use serde::Serialize;

use crate::{
    daemon::Daemon,
    error::{Error, Kind},
    output::{Format, Output},
    page::Page,
    quote,
    surroundings::Surroundings,
};

/// The longest text that is read to find a secret in it, in bytes.
const LIMIT: u64 = 64 << 10;

/// Shows a reply that holds a secret: to people the secret alone, to programs all of it.
///
/// It exists nowhere else, so nothing that can fail may come before this.
pub(super) fn deliver<R: Serialize>(reply: &R, secret: &Shown, out: &mut Output) -> Result<(), Error> {
    match out.format {
        Format::Json => out.json(reply),
        Format::Text => out.page(&Page::of(secret.reveal())),
    }
}

/// Says that a secret exists which nobody has; not even a closed pipe makes that a success.
pub(super) fn undelivered(error: Error, done: &str, next: &str) -> Error {
    let message = format!("{done}, but the secret could not be written and is lost");
    Error::new(Kind::Failed, message).because(error).hint(next)
}

/// Reads a secret from stdin: never from the command line, which other users see.
pub(super) fn typed(
    name: &str,
    daemon: &Daemon,
    surroundings: &mut Surroundings,
    out: &mut Output,
) -> Result<Shown, Error> {
    let text = if surroundings.terminal.stdin {
        out.aside(&Page::of("paste the secret, then Enter"));
        surroundings.line(LIMIT)
    } else {
        surroundings.text(LIMIT)
    };
    let text = text.map_err(|error| {
        Error::new(Kind::Failed, "the secret could not be read from stdin").because(error)
    })?;
    let usage = |message| {
        let again = daemon.line(&format!("keys import {} < FILE", quote::word(name)));
        Err(Error::new(Kind::Usage, message).hint(again))
    };
    match text.trim() {
        "" => usage("stdin holds no secret"),
        secret if secret.contains('\n') => usage("stdin holds more than one line; a secret is one"),
        secret => Ok(Shown::new(secret)),
    }
}
