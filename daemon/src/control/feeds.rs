//! Feeds for whoever watches: the whole first, then the newest. Nothing is looked at while nobody watches, and who reads
//! slowly is sent the newest once it has read: nothing queues for it here.

use std::{sync::Arc, time::Duration};

use interprocess::local_socket::tokio::Stream;
use mcpd_ipc::{
    Fault, FaultKind, FrameError, Outcome, ReadHalf, Subscription, WriteHalf,
    feed::{Bucket, Picture, WatchDaemon, WatchLogs},
    frame, halves, read_frame,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::Mutex,
    time::{Instant, MissedTickBehavior, interval, timeout},
};

use super::{
    Hands, life,
    server::{HELLO_DEADLINE, WRITE_DEADLINE},
};
use crate::{store::now, telemetry::LogTail};

/// Shortest and longest time between two pictures.
const EVERY: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(60));
/// How old a picture may be that a watcher is sent first, and later.
const SHARED: (Duration, Duration) = (Duration::from_millis(50), Duration::from_millis(500));
/// Time between two batches of requests.
const REQUESTS_EVERY: Duration = Duration::from_millis(250);
/// Requests in one batch, the newest.
const REQUESTS: usize = 250;
/// Time between two looks at the log.
const LOGS_EVERY: Duration = Duration::from_millis(250);
/// Lines of the log in one batch, the newest; and of those written before, at most.
const LINES: usize = 2000;
const BACKLOG: usize = 10_000;

/// The last picture, shared by all who watch.
#[derive(Default)]
pub struct Pictures(Mutex<Option<Taken>>);

struct Taken {
    at: Instant,
    frame: Arc<Vec<u8>>,
}

impl Pictures {
    /// Returns a picture that is at most so old, as a frame.
    async fn newest(&self, hands: &Hands, age: Duration, limit: usize) -> Result<Arc<Vec<u8>>, FrameError> {
        let mut last = self.0.lock().await;
        if let Some(taken) = last.as_ref().filter(|taken| taken.at.elapsed() < age) {
            return Ok(Arc::clone(&taken.frame));
        }
        let frame = Arc::new(frame(&Outcome::Ok(picture(hands).await), limit)?);
        *last = Some(Taken { at: Instant::now(), frame: Arc::clone(&frame) });
        Ok(frame)
    }
}

/// Feeds a watcher until it hangs up.
pub(super) async fn feed(hands: &Hands, stream: Stream, limit: usize) -> Result<(), FrameError> {
    let (mut reader, writer) = halves(stream);
    let asked = timeout(HELLO_DEADLINE, read_frame::<Subscription>(&mut reader, limit)).await;
    let mut watcher = Watcher { reader, writer, limit: limit.saturating_mul(16) };
    match asked {
        Err(_) => Ok(()),
        Ok(Ok(Subscription::WatchDaemon(ask))) => daemon(hands, &mut watcher, &ask).await,
        Ok(Ok(Subscription::WatchRequests(_))) => requests(hands, &mut watcher).await,
        Ok(Ok(Subscription::WatchLogs(ask))) => logs(hands, &mut watcher, ask).await,
        Ok(Err(FrameError::Json(error))) => {
            let fault = Fault::new(FaultKind::Usage, format!("the feed is not understood: {error}"))
                .hint("mcpctl and mcpd may be of different versions");
            watcher.tell(&Outcome::<()>::Err(fault)).await
        }
        Ok(Err(error)) => Err(error),
    }
}

async fn daemon(hands: &Hands, watcher: &mut Watcher, ask: &WatchDaemon) -> Result<(), FrameError> {
    let every = Duration::from_millis(ask.every_ms).clamp(EVERY.0, EVERY.1);
    let mut ticks = ticks(every);
    // Those who tick a little apart share one picture; the first is as new as can be.
    let mut age = SHARED.0;
    loop {
        if watcher.hangs_up_before(ticks.tick()).await {
            return Ok(());
        }
        let frame = hands.pictures.newest(hands, age, watcher.limit).await?;
        watcher.send(&frame).await?;
        age = (every / 2).min(SHARED.1);
    }
}

async fn requests(hands: &Hands, watcher: &mut Watcher) -> Result<(), FrameError> {
    let mut tailed = hands.recorder.tail().watch();
    let mut ticks = ticks(REQUESTS_EVERY);
    let mut first = true;
    loop {
        let batch = tailed.take(REQUESTS);
        // The first says that the watching has begun.
        if std::mem::take(&mut first) || !batch.requests.is_empty() || batch.skipped > 0 {
            watcher.tell(&Outcome::Ok(batch)).await?;
        }
        if watcher.hangs_up_before(ticks.tick()).await {
            return Ok(());
        }
    }
}

async fn logs(hands: &Hands, watcher: &mut Watcher, ask: WatchLogs) -> Result<(), FrameError> {
    let backlog = usize::try_from(ask.lines).unwrap_or(BACKLOG).min(BACKLOG);
    let follow = ask.follow;
    let mut tail = LogTail::new(hands.facts.logs.clone(), ask);
    let (mut ticks, mut first) = (ticks(LOGS_EVERY), true);
    loop {
        let begin = std::mem::take(&mut first);
        // Files are read on a thread that may wait for the disk.
        let read = tokio::task::spawn_blocking(move || {
            let batch = if begin { tail.backlog(backlog) } else { tail.news(LINES) };
            (tail, batch)
        });
        let Ok((back, batch)) = read.await else { return Ok(()) };
        tail = back;
        match batch {
            Ok(batch) if begin || !batch.lines.is_empty() || batch.skipped > 0 => {
                watcher.tell(&Outcome::Ok(batch)).await?;
            }
            Ok(_) => {}
            Err(error) => {
                let fault = Fault::new(FaultKind::Refused, format!("the log cannot be read: {error}"));
                return watcher.tell(&Outcome::<()>::Err(fault)).await;
            }
        }
        if !follow || watcher.hangs_up_before(ticks.tick()).await {
            return Ok(());
        }
    }
}

/// Ticks at once and then at each interval; who could not keep up has missed some.
fn ticks(every: Duration) -> tokio::time::Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// The other side of a feed.
struct Watcher {
    reader: ReadHalf,
    writer: WriteHalf,
    limit: usize,
}

impl Watcher {
    async fn tell<T: serde::Serialize>(&mut self, news: &Outcome<T>) -> Result<(), FrameError> {
        match frame(news, self.limit) {
            Ok(frame) => self.send(&frame).await,
            Err(FrameError::TooLong { size, limit }) => {
                let why = format!("the news take {size} bytes and control.frame_limit allows {limit}");
                let fault =
                    Fault::new(FaultKind::Refused, why).hint("ask for less, or raise control.frame_limit");
                self.send(&frame(&Outcome::<()>::Err(fault), self.limit)?).await
            }
            Err(error) => Err(error),
        }
    }

    /// Sends a frame. One that is not taken in time ends the feed: half a frame cannot be taken back.
    async fn send(&mut self, frame: &[u8]) -> Result<(), FrameError> {
        match timeout(WRITE_DEADLINE, self.writer.write_all(frame)).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(FrameError::Closed),
        }
    }

    /// Waits, and answers whether the watcher hung up meanwhile. Whatever it says is an end: a feed has one question.
    async fn hangs_up_before<T>(&mut self, wait: impl Future<Output = T>) -> bool {
        tokio::select! {
            _ = self.reader.read_u8() => true,
            _ = wait => false,
        }
    }
}

/// Looks at the daemon.
async fn picture(hands: &Hands) -> Picture {
    let durations = hands.recorder.durations().into_iter();
    Picture {
        at: now(),
        status: life::report(hands).await,
        stats: life::figures(hands),
        durations: durations.map(|(up_to_ms, count)| Bucket { up_to_ms, count }).collect(),
    }
}
