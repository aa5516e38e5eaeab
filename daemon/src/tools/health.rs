//! How the daemon fares, asked for on every door: one answer for `/health`, `/ready` and `mcpctl status`.

use std::sync::Arc;

use crate::{guard::Guard, store::Store};

/// What health depends on.
pub struct Health {
    store: Store,
    guard: Arc<Guard>,
}

/// How the daemon fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It serves.
    Healthy,
    /// It serves what it can; the reason is for anyone who may ask.
    Degraded(&'static str),
    /// It finishes what runs and takes nothing new.
    Draining,
}

impl Condition {
    /// Returns the word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Degraded(_) => "degraded",
            Self::Draining => "draining",
        }
    }

    /// Returns why it is degraded.
    pub fn reason(self) -> Option<&'static str> {
        if let Self::Degraded(reason) = self { Some(reason) } else { None }
    }
}

impl Health {
    /// Watches a store and a guard.
    pub fn new(store: Store, guard: Arc<Guard>) -> Self {
        Self { store, guard }
    }

    /// Returns how the daemon fares now.
    pub async fn condition(&self) -> Condition {
        if self.guard.draining().is_cancelled() {
            return Condition::Draining;
        }
        match self.store.ping().await {
            Ok(()) => Condition::Healthy,
            Err(error) => {
                tracing::warn!(%error, "the store does not answer");
                Condition::Degraded("the store does not answer")
            }
        }
    }
}
