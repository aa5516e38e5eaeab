//! What a connection shows of itself beside its place: the name its client gives itself, its requests and bytes.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use parking_lot::Mutex;

/// What operators see of a connection. The client's name is a stranger's word.
#[derive(Debug, Default)]
pub struct Trace {
    named: AtomicBool,
    client: Mutex<Option<Arc<str>>>,
    requests: AtomicU64,
    received: AtomicU64,
    sent: AtomicU64,
}

impl Trace {
    /// Answers whether the client's name is known; cheap, since every request asks.
    pub fn is_named(&self) -> bool {
        self.named.load(Ordering::Relaxed)
    }

    /// Forgets the name, for a connection that another's client uses now.
    pub(super) fn forget_name(&self) {
        *self.client.lock() = None;
        self.named.store(false, Ordering::Relaxed);
    }

    /// Notes what the client calls itself.
    pub fn name(&self, client: &str) {
        *self.client.lock() = Some(client.into());
        self.named.store(true, Ordering::Relaxed);
    }

    /// Counts a request.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts bytes from the client.
    pub fn receive(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Counts bytes to the client.
    pub fn send(&self, bytes: usize) {
        self.sent.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Returns what the client calls itself.
    pub fn client(&self) -> Option<Arc<str>> {
        self.client.lock().clone()
    }

    /// Returns how many requests there were.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Returns the bytes from the client and to it.
    pub fn bytes(&self) -> (u64, u64) {
        (self.received.load(Ordering::Relaxed), self.sent.load(Ordering::Relaxed))
    }
}
