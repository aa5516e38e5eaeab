//! What a panic says: one line in the log like any other, without what it was about to do with.

use std::panic;

/// Has panics logged with their place. What is said of them goes where every line goes, past the backstop that takes
/// secrets out; standard error gets nothing else.
pub(super) fn log_them() {
    panic::set_hook(Box::new(|info| {
        let said = info.payload_as_str().unwrap_or("something that is no text");
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: "mcpd::panic", place, said, "a panic");
    }));
}
