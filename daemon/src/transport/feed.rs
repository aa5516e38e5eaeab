//! Event streams as HTTP bodies: what they carry, what keeps them open, and what ends them.

use std::{convert::Infallible, pin::Pin, time::Duration};

use axum::body::Body;
use bytes::{BufMut, Bytes, BytesMut};
use futures::{Stream, future::BoxFuture, stream};
use tokio::{
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior, Sleep, interval_at, sleep},
};
use tokio_util::sync::CancellationToken;

use super::talk::Said;
use crate::{
    auth::Recognised,
    mcp::{Reader, Reply},
};

/// Time between comments that keep an idle stream open through proxies.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Longest a stream stays open; its client opens another.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a client waits before it comes back to a stream whose connection was closed.
const RETRY: Duration = Duration::from_secs(1);

/// The comment that keeps a stream open.
const COMMENT: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// One event: its id where the stream can be resumed, and its data, which holds no line break.
pub(crate) fn event(id: Option<&str>, data: &[u8]) -> Bytes {
    let mut event = BytesMut::with_capacity(data.len() + 64);
    event.put_slice(b"event: message\n");
    if let Some(id) = id {
        event.put_slice(b"id: ");
        event.put_slice(id.as_bytes());
        event.put_slice(b"\n");
    }
    event.put_slice(b"data: ");
    event.put_slice(data);
    event.put_slice(b"\n\n");
    event.freeze()
}

/// The first event of a stream that can be resumed: only an id to come back with (MCP 2025-11-25, Sending Messages).
fn priming(track: u64) -> Bytes {
    Bytes::from(format!("id: {track}-\nretry: {}\ndata: \n\n", RETRY.as_millis()))
}

/// The id of an event of a session's stream.
pub(crate) fn event_id(track: u64, number: u64) -> String {
    format!("{track}-{number}")
}

/// What a stream carries.
pub(super) enum Source {
    /// A stream of a session, which outlives the connection.
    Track(Reader),
    /// A conversation.
    Talk(Said),
    /// One request that is answered on the way: dropping it ends the request.
    Call(Call),
}

/// A request whose answer is streamed.
pub(super) struct Call {
    pub(super) answering: BoxFuture<'static, Reply>,
    pub(super) messages: mpsc::Receiver<Bytes>,
    /// The answer, while messages before it are still to be sent.
    pub(super) reply: Option<Reply>,
    pub(super) over: bool,
}

impl Call {
    pub(super) fn new(answering: BoxFuture<'static, Reply>, messages: mpsc::Receiver<Bytes>) -> Self {
        Self { answering, messages, reply: None, over: false }
    }

    /// Returns the next message; the answer is the last. One that was cancelled has no answer.
    pub(super) async fn next(&mut self) -> Option<Bytes> {
        if self.over {
            return None;
        }
        if self.reply.is_none() {
            tokio::select! {
                biased;
                Some(message) = self.messages.recv() => return Some(message),
                reply = self.answering.as_mut() => self.reply = Some(reply),
            }
        }
        if let Ok(message) = self.messages.try_recv() {
            return Some(message);
        }
        self.over = true;
        match self.reply.take() {
            Some(Reply::Message { body, .. }) => Some(body.whole()),
            Some(Reply::Accepted) | None => None,
        }
    }
}

/// What ends a stream early.
#[derive(Debug, Clone, Default)]
pub(super) struct Ends {
    /// A session that ended, or a key that was revoked.
    pub(super) ended: CancellationToken,
    /// The time of a secret that was replaced.
    pub(super) replaced: CancellationToken,
    /// A drain.
    pub(super) draining: CancellationToken,
}

/// A stream while it is open.
pub(super) struct Feed {
    source: Source,
    /// What is sent before anything else.
    first: Option<Bytes>,
    ends: Ends,
    /// Sleeps until the key or what was shown expires, or the stream is too old.
    expired: Pin<Box<Sleep>>,
    ticks: Interval,
    /// Kept as long as the stream is open: its connection is in use.
    _held: Box<dyn Send>,
}

impl Feed {
    /// A stream for `who`, which ends with any of `ends`. `held` is dropped with the stream.
    pub(super) fn new(source: Source, who: &Recognised, ends: Ends, held: impl Send + 'static) -> Self {
        let mut ticks = interval_at(Instant::now() + KEEP_ALIVE, KEEP_ALIVE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (expired, held) =
            (Box::pin(sleep(who.time_left().unwrap_or(LONGEST).min(LONGEST))), Box::new(held));
        Self { source, first: None, ends, expired, ticks, _held: held }
    }

    /// Begins with an id to come back with.
    pub(super) fn primed(mut self) -> Self {
        if let Source::Track(reader) = &self.source {
            self.first = Some(priming(reader.track()));
        }
        self
    }

    /// Begins with a comment, so that the client sees the stream open before anything happens.
    pub(super) fn greeting(mut self) -> Self {
        self.first = Some(COMMENT);
        self
    }

    /// Begins with these bytes.
    pub(super) fn beginning(mut self, first: Bytes) -> Self {
        self.first = Some(first);
        self
    }

    /// Returns the stream as a body.
    pub(super) fn body(self) -> Body {
        Body::from_stream(self.events())
    }

    fn events(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(self, |mut feed| async move {
            let bytes = feed.next().await?;
            Some((Ok(bytes), feed))
        })
    }

    /// Returns the next bytes, or `None` at the end. What waits is sent before a drain ends the stream, so that a last
    /// word is heard.
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let Self { source, ends, expired, ticks, .. } = self;
        tokio::select! {
            biased;
            () = expired.as_mut() => None,
            () = ends.ended.cancelled() => None,
            () = ends.replaced.cancelled() => None,
            message = source.next() => message,
            () = ends.draining.cancelled() => None,
            _ = ticks.tick() => Some(COMMENT),
        }
    }
}

impl Source {
    async fn next(&mut self) -> Option<Bytes> {
        match self {
            Self::Track(reader) => {
                let (number, data) = reader.next().await?;
                Some(event(Some(&event_id(reader.track(), number)), &data))
            }
            Self::Talk(said) => said.next().await.map(|data| event(None, &data)),
            Self::Call(call) => call.next().await.map(|data| event(None, &data)),
        }
    }
}
