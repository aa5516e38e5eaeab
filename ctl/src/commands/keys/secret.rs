//! The one way of a new secret to its operator.

use mcpd_ipc::keys::Shown;
use serde::Serialize;

use crate::{
    error::{Error, Kind},
    output::{Format, Output},
    page::Page,
};

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
