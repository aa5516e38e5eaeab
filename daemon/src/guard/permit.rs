//! The two proofs of admission: a visitor is known, a permit is let in.

use std::sync::Arc;

use super::slots::Slot;
use crate::{
    auth::{Lease, Peer, Principal, Recognised},
    telemetry::Gauged,
};

/// A caller that was recognised.
#[derive(Debug, Clone)]
pub struct Visitor {
    /// Who it is.
    pub principal: Arc<Principal>,
    /// How long the secret it showed opens the door; for ever where none was asked for.
    pub lease: Arc<Lease>,
    /// Where it really comes from, proxies seen through.
    pub peer: Peer,
}

impl Visitor {
    /// Returns who was recognised, by which secret.
    pub fn recognised(&self) -> Recognised {
        Recognised { principal: Arc::clone(&self.principal), lease: Arc::clone(&self.lease) }
    }
}

/// The proof that one request was admitted. Only the guard makes it; dropping it gives the slot back.
#[derive(Debug)]
pub struct Permit {
    visitor: Visitor,
    _slot: Slot,
    _counted: Gauged,
}

impl Permit {
    pub(super) fn new(visitor: Visitor, slot: Slot, counted: Gauged) -> Self {
        Self { visitor, _slot: slot, _counted: counted }
    }

    /// Returns who was admitted.
    pub fn principal(&self) -> &Arc<Principal> {
        &self.visitor.principal
    }
}
