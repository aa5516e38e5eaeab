//! Places for calls in flight. A full house says 503 rather than queueing without end.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use super::Denied;

/// How many calls run and how many may.
pub(super) struct Slots {
    taken: Arc<AtomicUsize>,
    limit: AtomicUsize,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(super) struct Slot(Arc<AtomicUsize>);

impl Slots {
    pub(super) fn new(limit: u32) -> Self {
        Self { taken: Arc::default(), limit: AtomicUsize::new(limit as usize) }
    }

    pub(super) fn reload(&self, limit: u32) {
        self.limit.store(limit as usize, Ordering::Relaxed);
    }

    pub(super) fn taken(&self) -> usize {
        self.taken.load(Ordering::SeqCst)
    }

    pub(super) fn take(&self) -> Result<Slot, Denied> {
        let slot = Slot(Arc::clone(&self.taken));
        let before = self.taken.fetch_add(1, Ordering::SeqCst);
        // Dropping the slot gives the place back.
        if before >= self.limit.load(Ordering::Relaxed) { Err(Denied::Busy) } else { Ok(slot) }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back() {
        let slots = Slots::new(1);
        let first = slots.take().unwrap();
        assert_eq!(slots.take().unwrap_err(), Denied::Busy);
        drop(first);
        assert!(slots.take().is_ok());
        assert_eq!(slots.taken(), 0);
    }
}
