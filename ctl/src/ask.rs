//! Questions before what cannot be undone.

use clap::Args;

use crate::{
    error::{Error, Kind},
    output::Output,
    surroundings::Surroundings,
};

/// Consent to what is dangerous: a person is asked, a script goes ahead.
#[derive(Args)]
pub(crate) struct Consent {
    /// Goes ahead without asking; scripts (stdin is no terminal) are never asked
    #[arg(short, long)]
    yes: bool,
}

/// Consent to what replaces everything: a person is asked, a script must have said so.
#[derive(Args)]
pub(crate) struct FirmConsent {
    /// Goes ahead without asking; scripts (stdin is no terminal) need it
    #[arg(short, long)]
    yes: bool,
}

impl Consent {
    /// Returns whether somebody will be asked, for those who have to find out first what to ask.
    pub(crate) fn is_asked(&self, surroundings: &Surroundings) -> bool {
        !self.yes && surroundings.terminal.stdin
    }

    /// Asks, where somebody is to be asked.
    pub(crate) fn ask(
        &self,
        question: &str,
        surroundings: &mut Surroundings,
        out: &mut Output,
    ) -> Result<(), Error> {
        if self.is_asked(surroundings) { ask(question, surroundings, out) } else { Ok(()) }
    }
}

impl FirmConsent {
    /// Fails where nobody can be asked and nobody consented; `again` is the same line with consent.
    pub(crate) fn check(&self, again: &str, surroundings: &Surroundings) -> Result<(), Error> {
        if self.yes || surroundings.terminal.stdin {
            return Ok(());
        }
        Err(Error::new(Kind::Usage, "stdin is no terminal, so nobody can be asked: say --yes").hint(again))
    }

    /// Asks, unless somebody consented.
    pub(crate) fn ask(
        &self,
        question: &str,
        surroundings: &mut Surroundings,
        out: &mut Output,
    ) -> Result<(), Error> {
        if self.yes { Ok(()) } else { ask(question, surroundings, out) }
    }
}

/// The longest answer that is listened to, in bytes.
const LONGEST: u64 = 1 << 10;

/// Asks on stderr; anything but yes is a no.
fn ask(question: &str, surroundings: &mut Surroundings, out: &mut Output) -> Result<(), Error> {
    out.ask(&format!("{question} [y/N]"));
    let answer = surroundings.line(LONGEST).unwrap_or_default();
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Error::new(Kind::Declined, "nothing was changed")),
    }
}
