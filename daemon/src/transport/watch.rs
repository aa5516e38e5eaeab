//! The watch over a connection: a stream that notes what happens on it, and one timer that is seldom set anew.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper::body::{Body, Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
    time::{Instant, Sleep, sleep_until},
};

use super::pulse::{Busy, Deadlines, Missed, Pulse};
use crate::guard::Trace;

/// How often a connection that is under no deadline is looked at: a request may have ended without its task hearing of it.
const LOOK: Duration = Duration::from_secs(30);

/// Waits until a connection misses a deadline.
pub(super) struct Watch {
    pulse: Arc<Pulse>,
    deadlines: Deadlines,
    timer: Pin<Box<Sleep>>,
    old: bool,
}

impl Watch {
    /// Begins with a new connection.
    pub(super) fn new(pulse: Arc<Pulse>, deadlines: Deadlines) -> Self {
        let timer = Box::pin(sleep_until(Instant::now() + deadlines.first_byte));
        Self { pulse, deadlines, timer, old: false }
    }

    /// Returns the deadline that was missed. To be polled after the connection, so that it sees what happened there.
    pub(super) async fn missed(&mut self) -> Missed {
        std::future::poll_fn(|context| self.poll_missed(context)).await
    }

    /// The timer is only set anew when something is due earlier, or when it fires too early: a connection with many
    /// requests pays for a look at two numbers.
    fn poll_missed(&mut self, context: &mut Context<'_>) -> Poll<Missed> {
        loop {
            if self.pulse.is_urgent()
                && let Some((due, _)) = self.pulse.due(&self.deadlines, self.old)
                && due < self.timer.deadline()
            {
                self.timer.as_mut().reset(due);
            }
            ready!(self.timer.as_mut().poll(context));
            let now = Instant::now();
            // Idling is not urgent, so it is looked for no later than it may last.
            let mut next = now + LOOK.min(self.deadlines.keep_alive);
            if let Some((due, missed)) = self.pulse.due(&self.deadlines, self.old) {
                if due <= now {
                    self.old |= missed == Missed::Age;
                    return Poll::Ready(missed);
                }
                next = next.min(due);
            }
            self.timer.as_mut().reset(next);
        }
    }
}

/// A TCP stream that notes what happens on it. After an upgrade it is what the upgrade gets.
pub(super) struct Watched {
    stream: TcpStream,
    pulse: Arc<Pulse>,
    trace: Arc<Trace>,
    /// Given back when the descriptor is.
    _socket: OwnedSemaphorePermit,
}

impl Watched {
    /// Watches a stream, which uses one of the descriptors there are.
    pub(super) fn new(
        stream: TcpStream,
        pulse: Arc<Pulse>,
        trace: Arc<Trace>,
        socket: OwnedSemaphorePermit,
    ) -> Self {
        Self { stream, pulse, trace, _socket: socket }
    }

    /// Waits for the first byte and returns it without taking it; none if the peer has nothing to say.
    pub(super) async fn peek(&self) -> io::Result<Option<u8>> {
        let mut first = [0];
        let peeked = self.stream.peek(&mut first).await?;
        Ok(first.first().copied().filter(|_| peeked > 0))
    }

    fn note(&self, written: &Poll<io::Result<usize>>) {
        match written {
            Poll::Ready(Ok(bytes)) => {
                self.pulse.took();
                self.trace.send(*bytes);
            }
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.pulse.stalls(),
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let bytes = buffer.filled().len() - before;
        if bytes > 0 {
            self.pulse.heard();
            self.trace.receive(bytes);
        }
        read
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if self.pulse.is_aborted() {
            // The system would keep an answer that nobody takes, megabytes of it, for minutes.
            let _ = self.stream.set_zero_linger();
        }
    }
}

/// A body that holds its connection busy until it is written or given up.
pub(super) struct Held<B> {
    body: B,
    _busy: Busy,
}

impl<B> Held<B> {
    /// Ties a body to its connection.
    pub(super) fn new(body: B, busy: Busy) -> Self {
        Self { body, _busy: busy }
    }
}

impl<B: Body + Unpin> Body for Held<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    const DEADLINES: Deadlines = Deadlines {
        first_byte: Duration::from_secs(10),
        header: Duration::from_secs(5),
        write: Duration::from_secs(20),
        keep_alive: Duration::from_secs(40),
        age: Duration::from_secs(1000),
    };

    fn watched() -> (Arc<Pulse>, Watch, Instant) {
        let pulse = Arc::new(Pulse::new(Arc::default()));
        (Arc::clone(&pulse), Watch::new(pulse, DEADLINES), Instant::now())
    }

    /// What was missed, and after how many seconds, if nothing polls the connection for another reason.
    async fn missed(watch: &mut Watch, began: Instant) -> (u64, Missed) {
        let missed = watch.missed().await;
        (began.elapsed().as_secs(), missed)
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_missed_at_its_deadline() {
        let (_pulse, mut watch, began) = watched();
        assert_eq!(missed(&mut watch, began).await, (10, Missed::FirstByte));
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_deadline_sets_the_timer_anew() {
        let (pulse, mut watch, began) = watched();
        sleep(Duration::from_secs(1)).await;
        pulse.heard();
        assert_eq!(missed(&mut watch, began).await, (6, Missed::Header));
    }

    #[tokio::test(start_paused = true)]
    async fn a_timer_that_fires_too_early_goes_on() {
        let (pulse, mut watch, began) = watched();
        drop(Busy::new(&pulse));
        assert_eq!(missed(&mut watch, began).await, (40, Missed::KeepAlive));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_ends_elsewhere_is_noticed() {
        let (pulse, mut watch, began) = watched();
        let busy = Busy::new(&pulse);
        tokio::spawn(async move {
            sleep(Duration::from_secs(100)).await;
            drop(busy);
        });
        assert_eq!(missed(&mut watch, began).await, (140, Missed::KeepAlive));
    }

    #[tokio::test(start_paused = true)]
    async fn the_old_finish_what_they_serve_and_are_told_once() {
        let (pulse, mut watch, began) = watched();
        let busy = Busy::new(&pulse);
        assert_eq!(missed(&mut watch, began).await, (1000, Missed::Age));
        pulse.stalls();
        assert_eq!(missed(&mut watch, began).await, (1020, Missed::Write));
        drop(busy);
    }
}
