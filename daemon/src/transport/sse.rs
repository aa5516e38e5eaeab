//! Event streams: what a GET listens on, and a POST answered as one event.

use std::{convert::Infallible, pin::Pin, sync::Arc, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use futures::{Stream, stream};
use tokio::{
    sync::mpsc,
    time::{Interval, MissedTickBehavior, Sleep, interval, sleep},
};
use tokio_util::sync::CancellationToken;

use super::answers;
use crate::{guard::Guard, mcp::Session};

/// Time between comments that keep an idle stream open through proxies.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Answers with one event and the end of the stream.
pub(super) fn single(body: &Bytes) -> Response {
    answers::stream(Body::from(answers::event(body)))
}

/// Answers with a stream of what the server says on its own in this session, until the session ends, its key is
/// revoked, or the daemon drains.
pub(super) fn listen(session: &Arc<Session>, guard: &Guard) -> Response {
    let listener = Listener {
        messages: session.listen(),
        ended: session.ended.clone(),
        draining: guard.draining().clone(),
        expired: expiry(session.principal.expires_at),
        ticks: {
            let mut ticks = interval(KEEP_ALIVE);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        },
    };
    answers::stream(Body::from_stream(listener.events()))
}

/// Longest a stream stays open; its client opens another.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Sleeps until a key expires at `end`, UTC milliseconds, but not longer than a stream may live.
fn expiry(end: Option<i64>) -> Pin<Box<Sleep>> {
    let left = end.map(|end| end.saturating_sub(crate::store::now()).max(0));
    let left = left.map_or(LONGEST, |left| Duration::from_millis(left.unsigned_abs()));
    Box::pin(sleep(left.min(LONGEST)))
}

struct Listener {
    messages: mpsc::Receiver<Bytes>,
    ended: CancellationToken,
    draining: CancellationToken,
    /// Sleeps until the key expires.
    expired: Pin<Box<Sleep>>,
    ticks: Interval,
}

impl Listener {
    fn events(self) -> impl Stream<Item = Result<Bytes, Infallible>> {
        stream::unfold(self, |mut listener| async move {
            let bytes = listener.next().await?;
            Some((Ok(bytes), listener))
        })
    }

    /// Returns the next bytes, or `None` at the end. Messages come before the end, so that a last word is heard.
    async fn next(&mut self) -> Option<Bytes> {
        tokio::select! {
            biased;
            () = self.ended.cancelled() => None,
            () = self.expired.as_mut() => None,
            Some(message) = self.messages.recv() => Some(answers::event(&message)),
            () = self.draining.cancelled() => None,
            _ = self.ticks.tick() => Some(Bytes::from_static(b": keep-alive\n\n")),
        }
    }
}
