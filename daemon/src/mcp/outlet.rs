//! The way to a client beside the answer: progress, log lines and questions of a running request leave here.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc};

/// Messages of one request that wait for its client. Progress and log lines beyond are dropped, the rest waits.
const WAITING: usize = 64;

/// Where the messages of a request go that are not its answer.
#[derive(Debug, Clone)]
pub enum Outlet {
    /// Nowhere: the client takes one JSON object and nothing else.
    Closed,
    /// Onto the stream that answers too.
    Stream(mpsc::Sender<Bytes>),
    /// Onto an event stream that is opened when there is something to say.
    Lazy(Arc<Lazy>),
}

/// An event stream that does not exist before its first message.
#[derive(Debug, Default)]
pub struct Lazy {
    sender: OnceLock<mpsc::Sender<Bytes>>,
    receiver: Mutex<Option<mpsc::Receiver<Bytes>>>,
    opened: Notify,
    hung_up: Notify,
}

impl Lazy {
    fn sender(&self) -> &mpsc::Sender<Bytes> {
        self.sender.get_or_init(|| {
            let (sender, receiver) = mpsc::channel(WAITING);
            *self.receiver.lock() = Some(receiver);
            self.opened.notify_one();
            sender
        })
    }

    /// Waits for the first message and returns what all of them come out of. Once only.
    pub async fn opened(&self) -> mpsc::Receiver<Bytes> {
        loop {
            if let Some(receiver) = self.receiver.lock().take() {
                return receiver;
            }
            self.opened.notified().await;
        }
    }

    /// Waits until the connection is to be closed before the stream has ended.
    pub async fn hung_up(&self) {
        self.hung_up.notified().await;
    }
}

impl Outlet {
    /// Answers whether anything but the answer can be sent.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self, Self::Closed)
    }

    /// Returns the stream that carries both directions, if this is one.
    pub(super) fn stream(&self) -> Option<mpsc::Sender<Bytes>> {
        match self {
            Self::Stream(sender) => Some(sender.clone()),
            Self::Closed | Self::Lazy(_) => None,
        }
    }

    /// Sends what may be missed: dropped when the client reads too slowly.
    pub(super) fn offer(&self, message: impl Into<Bytes>) {
        if let Some(sender) = self.sender() {
            let _ = sender.try_send(message.into());
        }
    }

    /// Sends what must arrive, waiting for a slow client; `false` when nobody listens any more.
    pub(super) async fn send(&self, message: impl Into<Bytes>) -> bool {
        match self.sender() {
            Some(sender) => sender.send(message.into()).await.is_ok(),
            None => false,
        }
    }

    /// Closes the connection of an event stream; its client comes back for the rest.
    #[cfg(feature = "testing")]
    pub(super) fn hang_up(&self) {
        if let Self::Lazy(lazy) = self {
            lazy.sender();
            lazy.hung_up.notify_one();
        }
    }

    fn sender(&self) -> Option<&mpsc::Sender<Bytes>> {
        match self {
            Self::Closed => None,
            Self::Stream(sender) => Some(sender),
            Self::Lazy(lazy) => Some(lazy.sender()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lazy_stream_opens_with_its_first_message() {
        let lazy = Arc::new(Lazy::default());
        let outlet = Outlet::Lazy(Arc::clone(&lazy));
        let early = tokio::time::timeout(std::time::Duration::from_millis(1), lazy.opened());
        assert!(early.await.is_err());
        outlet.offer("one");
        assert!(outlet.send("two").await);
        let mut receiver = lazy.opened().await;
        assert_eq!(receiver.recv().await.unwrap(), "one");
        assert_eq!(receiver.recv().await.unwrap(), "two");
    }

    #[tokio::test]
    async fn what_may_be_missed_never_waits() {
        let outlet = Outlet::Lazy(Arc::default());
        (0..WAITING * 2).for_each(|_| outlet.offer("more"));
        assert!(!Outlet::Closed.send("nobody").await);
    }
}
