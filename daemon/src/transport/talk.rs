//! A conversation over a stream that carries both directions: standard input and output, a bridge, a WebSocket, or
//! HTTP with server-sent events. Requests run side by side; what is said goes out one message at a time.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::body::Taken;
use crate::{
    guard::{Trace, Visitor},
    mcp::{Ask, Line, Mcp, Origin, Outlet, Reply, RpcError},
    telemetry::RequestIds,
};

/// Requests of one stream that run at a time.
const AT_ONCE: usize = 64;
/// Requests of one stream that run or wait for that; the stream is not read on while there are so many. More than run,
/// so that what cancels one of them is read.
const SEATS: usize = 128;
/// Messages that wait to be sent. Answers wait for room, progress and log lines are dropped.
const WAITING: usize = 64;

/// One conversation.
pub(super) struct Talk {
    mcp: Arc<Mcp>,
    visitor: Visitor,
    trace: Arc<Trace>,
    line: Line,
    requests: RequestIds,
    outlet: Outlet,
    answers: mpsc::Sender<Bytes>,
    tasks: TaskTracker,
    places: Semaphore,
    seats: Arc<Semaphore>,
    done: CancellationToken,
}

/// A place for one message of a stream. The stream is read only by who has one.
pub(super) struct Seat {
    _held: Option<OwnedSemaphorePermit>,
}

/// What is to be sent, in order.
pub(super) struct Said {
    messages: mpsc::Receiver<Bytes>,
    done: CancellationToken,
}

impl Talk {
    /// Begins a conversation, and returns what it says.
    pub(super) fn begin(mcp: Arc<Mcp>, visitor: Visitor, trace: Arc<Trace>) -> (Arc<Self>, Said) {
        let (answers, messages) = mpsc::channel(WAITING);
        let done = CancellationToken::new();
        let talk = Self {
            mcp,
            visitor,
            trace,
            line: Line::default(),
            requests: RequestIds::default(),
            outlet: Outlet::Stream(answers.clone()),
            answers,
            tasks: TaskTracker::new(),
            places: Semaphore::new(AT_ONCE),
            seats: Arc::new(Semaphore::new(SEATS)),
            done: done.clone(),
        };
        (Arc::new(talk), Said { messages, done })
    }

    /// Returns who talks.
    pub(super) fn visitor(&self) -> &Visitor {
        &self.visitor
    }

    /// Waits for the place of the next message. It is taken before the message is read, so that nothing read is lost
    /// when reading is interrupted.
    pub(super) async fn seat(&self) -> Seat {
        // Nobody closes the seats, so there always is one.
        Seat { _held: Arc::clone(&self.seats).acquire_owned().await.ok() }
    }

    /// Takes one message. Returns once it runs, or once it is served if later ones depend on it; it is served in any
    /// case.
    pub(super) async fn hear(self: &Arc<Self>, seat: Seat, message: Taken) {
        let goes_first = self.mcp.goes_first(&message);
        let talk = Arc::clone(self);
        let served = self.tasks.spawn(async move {
            // What others depend on, or what may cancel them, does not wait behind them.
            let place = if goes_first { None } else { talk.places.acquire().await.ok() };
            talk.answer(&message).await;
            drop((place, seat));
        });
        if goes_first {
            let _ = served.await;
        }
    }

    /// Notes that the client has said its last: subscriptions end, calls are finished.
    pub(super) fn hush(&self) {
        self.line.hushed.cancel();
    }

    /// Answers a message that could not be read.
    pub(super) async fn complain(&self, error: &RpcError) {
        self.say(Reply::error(None, error)).await;
    }

    /// Waits until nobody hears what is said any more.
    pub(super) async fn unheard(&self) {
        self.answers.closed().await;
    }

    /// Ends what runs, for a client that is gone or not welcome any more.
    pub(super) fn abandon(&self) {
        self.line.exchange.cancel_all();
    }

    /// Waits for what runs.
    pub(super) async fn wait(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Fires once the conversation has finished.
    pub(super) fn done(&self) -> &CancellationToken {
        &self.done
    }

    /// Waits for what runs, ends the session, and lets the last messages go.
    pub(super) async fn finish(&self) {
        self.wait().await;
        let session = self.line.session.lock().take();
        if let Some(session) = session {
            self.mcp.sessions().end(&session.id);
        }
        self.done.cancel();
    }

    async fn answer(&self, body: &[u8]) {
        let request = self.requests.next();
        let origin = Origin::Stream(&self.line);
        self.trace.request();
        let (visitor, trace, outlet) = (&self.visitor, &self.trace, &self.outlet);
        let ask = Ask { request, visitor, origin, trace, outlet, body };
        self.say(self.mcp.answer(&ask).await).await;
    }

    async fn say(&self, reply: Reply) {
        match reply {
            Reply::Accepted => {}
            // Nobody reads any more: the stream ends by itself.
            Reply::Message { body, .. } => drop(self.answers.send(body.whole()).await),
        }
    }
}

impl Said {
    /// Returns the next message; `None` once the conversation has finished and everything is said.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        tokio::select! {
            biased;
            message = self.messages.recv() => message,
            () = self.done.cancelled() => {
                // The session may still hold its end of the stream; what it says from now on is not waited for.
                self.messages.close();
                self.messages.recv().await
            }
        }
    }
}
