//! How requests end, as they are counted and logged: answered, failed, or with nobody left to hear.

use std::time::Instant;

use super::{Ask, Envelope, Mcp, RpcError};
use crate::telemetry::Outcome;

/// Notices a client that hung up before its answer: what runs is dropped then, and counted here. A write that was
/// queued is written all the same.
pub(super) struct Gone<'g, 'a, 'e> {
    mcp: &'g Mcp,
    ask: &'g Ask<'a>,
    envelope: &'g Envelope<'e>,
    began: Instant,
    left: bool,
}

impl<'g, 'a, 'e> Gone<'g, 'a, 'e> {
    /// Watches a request until it is answered.
    pub(super) fn watch(mcp: &'g Mcp, ask: &'g Ask<'a>, envelope: &'g Envelope<'e>, began: Instant) -> Self {
        Self { mcp, ask, envelope, began, left: true }
    }

    /// Says that there is an answer.
    pub(super) fn answered(&mut self) {
        self.left = false;
    }
}

impl Drop for Gone<'_, '_, '_> {
    fn drop(&mut self) {
        if self.left {
            let end = End { outcome: Outcome::Gone, status: 499, began: self.began };
            let tool = self.mcp.tool(self.envelope);
            self.mcp.finish(self.ask, &self.envelope.method, tool, end);
        }
    }
}

/// How a request ended.
pub(super) struct End {
    pub(super) outcome: Outcome,
    pub(super) status: u16,
    pub(super) began: Instant,
}

impl End {
    pub(super) fn failed(error: &RpcError, began: Instant) -> Self {
        let refused = matches!(error, RpcError::Denied(_));
        let outcome = if *error == RpcError::Cancelled {
            Outcome::Gone
        } else if refused {
            Outcome::Refused
        } else {
            Outcome::ProtocolError
        };
        Self { outcome, status: error.status(), began }
    }
}
