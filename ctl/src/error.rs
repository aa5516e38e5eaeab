//! What went wrong, what to type next, and the only place where exit codes are chosen.

use std::{io, time::Duration};

use mcpd_ipc::{CallError, Fault, FaultKind, PlaceError};

/// How a command that ran to its end ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// As asked.
    Done,
    /// With "no" for an answer: an address not allowed, a tool that reports a failure.
    Negative,
}

/// The kind of an error; it picks the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command line makes no sense.
    Usage,
    /// What was named does not exist.
    NotFound,
    /// What was asked clashes with what is there.
    Conflict,
    /// It was refused or it failed.
    Failed,
    /// No daemon answers.
    Unreachable,
    /// The caller may not.
    NotPermitted,
    /// Somebody was asked and said no.
    Declined,
    /// Whoever read our output has stopped reading, as `head` does.
    ReaderGone,
}

/// Why a command did not end as asked.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Error {
    /// Its kind.
    pub(crate) kind: Kind,
    /// What was attempted.
    pub(crate) message: String,
    /// What to type next.
    pub(crate) hints: Vec<String>,
    /// The cause.
    #[source]
    pub(crate) source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What to do about not being permitted.
const WHO_MAY: &str = "run this as the user the daemon runs as, or as root";

/// Returns the exit code of a run.
pub(crate) fn exit_code(result: &Result<Ended, Error>) -> u8 {
    match result {
        Ok(Ended::Done) => 0,
        Ok(Ended::Negative) => 1,
        Err(error) => match error.kind {
            Kind::ReaderGone => 0,
            Kind::Failed | Kind::NotFound | Kind::Conflict | Kind::Declined => 1,
            Kind::Usage => 2,
            Kind::Unreachable => 3,
            Kind::NotPermitted => 4,
        },
    }
}

impl Error {
    /// Makes an error without cause or hint.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new(), source: None }
    }

    /// Adds what to type next.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds what to type next, unless something is said already.
    #[must_use]
    pub(crate) fn or_hint(self, hint: &str) -> Self {
        if self.hints.is_empty() { self.hint(hint) } else { self }
    }

    /// Adds the cause.
    #[must_use]
    pub(crate) fn because(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Translates what went wrong before the daemon took a command.
    ///
    /// A daemon that accepts and then says nothing, or nothing sensible, is as far away as one that is not there.
    pub(crate) fn connecting(error: CallError) -> Self {
        match error {
            CallError::Unreachable { socket, source } => {
                Self::new(Kind::Unreachable, format!("no daemon answers at {socket}")).because(source)
            }
            CallError::NotPermitted { socket } => {
                Self::new(Kind::NotPermitted, format!("you may not use {socket}")).hint(WHO_MAY)
            }
            CallError::TimedOut(limit) => Self::new(Kind::Unreachable, too_slow(limit)),
            CallError::Refused(fault) => fault.into(),
            CallError::Broken(source) => {
                Self::new(Kind::Unreachable, "whoever answers at the socket does not speak like a daemon")
                    .because(source)
            }
        }
    }

    /// Translates what went wrong while the daemon had the command.
    pub(crate) fn calling(error: CallError) -> Self {
        match error {
            CallError::Unreachable { .. } | CallError::NotPermitted { .. } => Self::connecting(error),
            CallError::TimedOut(limit) => Self::new(Kind::Failed, too_slow(limit))
                .hint("it may still do what was asked; `--timeout 60s` waits longer"),
            CallError::Refused(fault) => fault.into(),
            CallError::Broken(source) => {
                Self::new(Kind::Failed, "the conversation with the daemon broke off").because(source)
            }
        }
    }
}

/// Returns the sentence about a daemon that did not answer in time.
fn too_slow(limit: Duration) -> String {
    format!("the daemon did not answer within {}", humantime::format_duration(limit))
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        let kind = match fault.kind {
            FaultKind::Usage => Kind::Usage,
            FaultKind::NotFound => Kind::NotFound,
            FaultKind::Conflict => Kind::Conflict,
            FaultKind::Refused | FaultKind::Internal => Kind::Failed,
            FaultKind::NotPermitted => Kind::NotPermitted,
        };
        let hint = fault.hint.or_else(|| (kind == Kind::NotPermitted).then(|| WHO_MAY.into()));
        Self { hints: hint.into_iter().collect(), ..Self::new(kind, fault.message) }
    }
}

impl From<PlaceError> for Error {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::NoHome => Self::new(Kind::Usage, error.to_string()),
        }
    }
}

impl From<io::Error> for Error {
    /// Translates a failure to write our own output: everything else that does I/O says what it attempted.
    fn from(error: io::Error) -> Self {
        let kind = if error.kind() == io::ErrorKind::BrokenPipe { Kind::ReaderGone } else { Kind::Failed };
        Self::new(kind, "the output could not be written").because(error)
    }
}

/// Adds a pointer to what exists, where the daemon did not give one.
pub(crate) trait OrSee {
    /// Adds `hint` when something named does not exist, or exists already, and no other hint says more.
    fn or_see(self, hint: &str) -> Self;
}

impl<T> OrSee for Result<T, Error> {
    fn or_see(self, hint: &str) -> Self {
        self.map_err(|error| match error.kind {
            Kind::NotFound | Kind::Conflict => error.or_hint(hint),
            Kind::Usage
            | Kind::Failed
            | Kind::Unreachable
            | Kind::NotPermitted
            | Kind::Declined
            | Kind::ReaderGone => error,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(error: impl Into<Error>) -> u8 {
        exit_code(&Err(error.into()))
    }

    #[test]
    fn the_kind_picks_the_exit_code() {
        assert_eq!(exit_code(&Ok(Ended::Done)), 0);
        assert_eq!(exit_code(&Ok(Ended::Negative)), 1);
        let cases = [
            (FaultKind::Usage, 2),
            (FaultKind::NotFound, 1),
            (FaultKind::Conflict, 1),
            (FaultKind::Refused, 1),
            (FaultKind::NotPermitted, 4),
            (FaultKind::Internal, 1),
        ];
        for (kind, code) in cases {
            assert_eq!(code_of(Fault::new(kind, "x")), code, "{kind:?}");
            assert_eq!(code_of(Error::calling(CallError::Refused(Fault::new(kind, "x")))), code, "{kind:?}");
        }
        assert_eq!(code_of(PlaceError::NoHome), 2);
        assert_eq!(code_of(io::Error::from(io::ErrorKind::BrokenPipe)), 0);
        assert_eq!(code_of(io::Error::from(io::ErrorKind::StorageFull)), 1);
    }

    #[test]
    fn silence_before_the_command_is_unreachable_and_after_it_a_failure() {
        let slow = || CallError::TimedOut(Duration::from_millis(1500));
        assert_eq!(code_of(Error::connecting(slow())), 3);
        let late = Error::calling(slow());
        assert_eq!(late.to_string(), "the daemon did not answer within 1s 500ms");
        assert_eq!(code_of(late), 1);
        let denied = CallError::NotPermitted { socket: "/x".into() };
        assert_eq!(code_of(Error::connecting(denied)), 4);
        let broken = || CallError::Broken(mcpd_ipc::FrameError::Closed);
        assert_eq!(code_of(Error::connecting(broken())), 3);
        assert_eq!(code_of(Error::calling(broken())), 1);
    }

    #[test]
    fn the_daemons_hint_wins_over_ours() {
        let missing = Fault::not_found("key", "x");
        let ours = Err::<(), Error>(missing.clone().into()).or_see("list").unwrap_err();
        assert_eq!(ours.hints, ["list"]);
        let theirs = Err::<(), Error>(missing.hint("theirs").into()).or_see("list").unwrap_err();
        assert_eq!(theirs.hints, ["theirs"]);
    }
}
