//! Errors of the wire in words, at the border: nothing above knows them.

use std::error::Error;

use mcpd_ipc::{CallError, FaultKind};

use crate::msg::{Trouble, Why};

/// Returns what an error means for somebody at a screen.
pub(super) fn of(error: &CallError) -> Why {
    let (kind, hint) = match error {
        CallError::Unreachable { .. } => (Trouble::Gone, None),
        CallError::NotPermitted { .. } => {
            let hint = "ask the user who runs the daemon, or become that user";
            (Trouble::NotPermitted, Some(hint.to_owned()))
        }
        CallError::Refused(fault) if fault.kind == FaultKind::NotPermitted => {
            (Trouble::NotPermitted, fault.hint.clone())
        }
        CallError::Refused(fault) => (Trouble::Refused, fault.hint.clone()),
        CallError::TimedOut(_) | CallError::Broken(_) => (Trouble::Broken, None),
    };
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(source) = cause {
        words = format!("{words}: {source}");
        cause = source.source();
    }
    Why { kind, words: without_number(&words), hint }
}

/// Leaves out the number that the standard library puts behind what the system said.
fn without_number(words: &str) -> String {
    match words.split_once(" (os error ") {
        Some((before, after)) => format!("{before}{}", after.split_once(')').map_or("", |(_, rest)| rest)),
        None => words.to_owned(),
    }
}

/// Returns that nobody answers, in given words.
pub(super) fn gone(words: impl Into<String>) -> Why {
    Why { kind: Trouble::Gone, words: words.into(), hint: None }
}

/// Returns that a command could not even be sent.
pub(super) fn busy() -> Why {
    Why { kind: Trouble::Refused, words: "too many commands wait for an answer".into(), hint: None }
}

#[cfg(test)]
mod tests {
    use mcpd_ipc::Fault;

    use super::*;

    #[test]
    fn troubles_are_told_apart_with_causes_and_hints() {
        let source = std::io::Error::other("connection refused");
        assert_eq!(without_number("refused (os error 111): x"), "refused: x");
        let gone = of(&CallError::Unreachable { socket: "/s".into(), source });
        assert_eq!(
            (gone.kind, gone.words.as_str()),
            (Trouble::Gone, "no daemon answers at /s: connection refused")
        );
        let barred = of(&CallError::NotPermitted { socket: "/s".into() });
        assert_eq!(barred.kind, Trouble::NotPermitted);
        let mismatch = "the client speaks control protocol 2 and the daemon 3: the client is older";
        let fault = Fault::new(FaultKind::Conflict, mismatch).hint("update mcpctl");
        let refused = of(&fault.into());
        assert_eq!((refused.kind, refused.words.as_str()), (Trouble::Refused, mismatch));
        assert_eq!(refused.hint.as_deref(), Some("update mcpctl"));
    }
}
