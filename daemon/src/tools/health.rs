//! How the daemon fares, asked for on every door: one answer for `/health`, `/ready` and `mcpctl status`.

use std::sync::Arc;

use crate::{audit::Audit, guard::Guard, memory::Memories, store::Store};

/// What health depends on.
pub struct Health {
    store: Store,
    guard: Arc<Guard>,
    memories: Arc<Memories>,
    audit: Audit,
}

/// How the daemon fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It serves.
    Healthy,
    /// It serves, with less than is set up; the reason is for anyone who may ask.
    Reduced(&'static str),
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
            Self::Reduced(_) | Self::Degraded(_) => "degraded",
            Self::Draining => "draining",
        }
    }

    /// Returns why it is degraded.
    pub fn reason(self) -> Option<&'static str> {
        match self {
            Self::Reduced(reason) | Self::Degraded(reason) => Some(reason),
            Self::Healthy | Self::Draining => None,
        }
    }

    /// Returns whether calls can be sent here.
    pub fn is_ready(self) -> bool {
        match self {
            Self::Healthy | Self::Reduced(_) => true,
            Self::Degraded(_) | Self::Draining => false,
        }
    }
}

impl Health {
    /// Watches a store, a guard, the model of memories and the audit.
    pub fn new(store: Store, guard: Arc<Guard>, memories: Arc<Memories>, audit: Audit) -> Self {
        Self { store, guard, memories, audit }
    }

    /// Returns how the daemon fares now.
    pub async fn condition(&self) -> Condition {
        if self.guard.draining().is_cancelled() {
            return Condition::Draining;
        }
        match self.store.ping().await {
            Ok(()) if self.store.is_read_only() => Condition::Reduced("the database cannot be written"),
            Ok(()) if self.audit.trouble().is_some() => Condition::Reduced("the audit cannot be written"),
            Ok(()) if self.memories.model_is_away() => Condition::Reduced("the sentence model is away"),
            Ok(()) => Condition::Healthy,
            Err(error) => {
                tracing::warn!(%error, "the store does not answer");
                Condition::Degraded("the store does not answer")
            }
        }
    }
}
