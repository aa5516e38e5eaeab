//! The descriptors that the HTTP doors may use. The last ones are not theirs: operators, the store and the log must go on
//! working when clients knock beyond every limit.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Clients that are told at a time why they get no place, at most.
const FAREWELLS: usize = 256;

/// HTTP doors; each holds a socket for the next to come.
const DOORS: usize = 2;

/// Sockets of the HTTP doors, all together.
#[derive(Clone)]
pub struct Sockets {
    all: Arc<Semaphore>,
    farewells: Arc<Semaphore>,
    connections: usize,
}

impl Sockets {
    /// Divides so many descriptors.
    pub fn new(descriptors: usize) -> Self {
        let all = descriptors.clamp(DOORS + 2, Semaphore::MAX_PERMITS);
        let farewells = FAREWELLS.min(all / 4);
        Self {
            all: Arc::new(Semaphore::new(all)),
            farewells: Arc::new(Semaphore::new(farewells)),
            connections: all - farewells - DOORS,
        }
    }

    /// Returns how many connections can be open beside those that are turned away.
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// Waits for a socket that may be opened.
    pub(super) async fn next(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.all).acquire_owned().await.ok()
    }

    /// Returns leave to turn somebody away with an answer, unless too many are being answered.
    pub(super) fn farewell(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.farewells).try_acquire_owned().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_divided_and_there_is_always_one() {
        let connections = |descriptors| Sockets::new(descriptors).connections();
        assert_eq!([0, 32, 1024, usize::MAX].map(connections), [1, 22, 766, Semaphore::MAX_PERMITS - 258]);
    }

    #[tokio::test]
    async fn a_socket_comes_back() {
        let sockets = Sockets::new(4);
        let mut held = Vec::new();
        for _ in 0..4 {
            held.push(sockets.next().await.unwrap());
        }
        assert_eq!(sockets.all.available_permits(), 0);
        held.pop();
        assert!(sockets.next().await.is_some());
    }
}
