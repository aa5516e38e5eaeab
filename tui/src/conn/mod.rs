//! The wire: tasks that speak ipc and turn what they hear into messages. They call again and again while nobody answers.

mod backoff;
mod control;
#[cfg(all(test, unix))]
pub(crate) mod tests;
mod why;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mcpd_ipc::{
    CallError, Feed, Watcher,
    feed::{WatchDaemon, WatchLogs, WatchRequests},
};
use tokio::{
    sync::{Notify, mpsc, watch},
    task::{JoinError, JoinSet},
    time::timeout,
};

use self::backoff::Backoff;
use crate::{
    effect::Call,
    msg::{FeedName, Msg, Trouble, Why},
};

/// Messages that may wait for the screen. The feeds wait when it is full, and the daemon then skips for them.
const NEWS: usize = 64;
/// Commands that may wait for the daemon; more are refused.
const CALLS: usize = 16;
/// How much longer than agreed a picture may take before the daemon counts as gone.
const SILENCE: Duration = Duration::from_secs(10);
/// Lines of the log that are asked for at first.
const LINES: u32 = 500;

/// How the daemon is found and what it is told.
pub(crate) struct Wire {
    /// Finds the socket.
    pub(crate) socket: Box<dyn Fn() -> Result<PathBuf, String> + Send + Sync>,
    /// Program and version.
    pub(crate) program: String,
    /// Time between two pictures.
    pub(crate) refresh: Duration,
}

impl Wire {
    fn locate(&self) -> Result<PathBuf, Why> {
        (self.socket)().map_err(why::gone)
    }
}

/// The tasks that speak to the daemon; they end when it is dropped.
pub(crate) struct Conn {
    calls: mpsc::Sender<Call>,
    retry: Arc<Notify>,
    tasks: JoinSet<()>,
}

impl Conn {
    /// Begins to call the daemon; what is heard comes out of the receiver.
    pub(crate) fn open(wire: Wire) -> (Self, mpsc::Receiver<Msg>) {
        let wire = Arc::new(wire);
        let (news_in, news) = mpsc::channel(NEWS);
        let (calls, calls_out) = mpsc::channel(CALLS);
        let (times_in, times) = watch::channel(0);
        let retry = Arc::new(Notify::new());
        let mut tasks = JoinSet::new();
        tasks.spawn(control::obey(Arc::clone(&wire), calls_out, times, news_in.clone()));
        tasks.spawn(keep_watching(Link { wire, times: times_in, news: news_in, retry: Arc::clone(&retry) }));
        (Self { calls, retry, tasks }, news)
    }

    /// Sends a command; returns it as failed where too many wait already.
    pub(crate) fn call(&self, call: Call) -> Option<Msg> {
        self.calls.try_send(call).err().map(|error| Msg::Failed(Box::new(error.into_inner()), why::busy()))
    }

    /// Calls the daemon now instead of at the end of the wait.
    pub(crate) fn retry(&self) {
        self.retry.notify_one();
    }

    /// Returns when a task ended, which only a bug makes it do; carries its panic on.
    pub(crate) async fn broke(&mut self) {
        if let Some(Err(error)) = self.tasks.join_next().await {
            carry_on(error);
        }
    }
}

fn carry_on(error: JoinError) {
    if let Ok(panic) = error.try_into_panic() {
        std::panic::resume_unwind(panic);
    }
}

/// What the task that watches the daemon uses.
struct Link {
    wire: Arc<Wire>,
    /// Counts how often the daemon came (back).
    times: watch::Sender<u64>,
    news: mpsc::Sender<Msg>,
    retry: Arc<Notify>,
}

async fn keep_watching(link: Link) {
    let mut backoff = Backoff::default();
    loop {
        let Err(why) = watch_once(&link, &mut backoff).await else { return };
        let wait = backoff.wait();
        let until = now() + wait.as_millis() as i64;
        if link.news.send(Msg::Away { why, until }).await.is_err() {
            return;
        }
        // The permit of an Enter during the try that just failed is void.
        let _ = timeout(Duration::ZERO, link.retry.notified()).await;
        let _ = timeout(wait, link.retry.notified()).await;
    }
}

/// Opens the feeds and passes on what they bring until one breaks off. `Ok` means that nobody listens any more.
async fn watch_once(link: &Link, backoff: &mut Backoff) -> Result<(), Why> {
    let socket = link.wire.locate()?;
    let program = &*link.wire.program;
    let every_ms = link.wire.refresh.as_millis() as u64;
    let logs = WatchLogs { lines: LINES, follow: true, level: None, target: None, contains: None };
    let said = |error: CallError| why::of(&error);
    let daemon = Watcher::open(&socket, program, WatchDaemon { every_ms }).await.map_err(said)?;
    let requests = Watcher::open(&socket, program, WatchRequests {}).await.map_err(said)?;
    let logs = Watcher::open(&socket, program, logs).await.map_err(said)?;

    let patience = link.wire.refresh + SILENCE;
    let mut daemon = Pump { watcher: daemon, news: link.news.clone(), patience: Some(patience) };
    // It is back when it says something, not when something listens: a socket alone proves little.
    let first = daemon.next().await.map_err(said)?;
    backoff.reset();
    link.times.send_modify(|times| *times += 1);
    for msg in [Msg::Connected, Msg::Picture(Box::new(first))] {
        if link.news.send(msg).await.is_err() {
            return Ok(());
        }
    }
    let requests = Pump { watcher: requests, news: link.news.clone(), patience: None };
    let logs = Pump { watcher: logs, news: link.news.clone(), patience: None };
    let mut feeds = JoinSet::new();
    feeds.spawn(async move { (None, daemon.run(|picture| Msg::Picture(Box::new(picture))).await) });
    feeds.spawn(async move { (Some(FeedName::Requests), requests.run(Msg::Requests).await) });
    feeds.spawn(async move { (Some(FeedName::Logs), logs.run(Msg::Logs).await) });
    while let Some(ended) = feeds.join_next().await {
        match ended {
            Ok((Some(feed), Some(why)))
                if why.kind == Trouble::Refused || why.kind == Trouble::NotPermitted =>
            {
                // This one is not to be had; the others go on.
                if link.news.send(Msg::NoFeed(feed, why)).await.is_err() {
                    return Ok(());
                }
            }
            Ok((_, Some(why))) => return Err(why),
            Ok((_, None)) => return Ok(()),
            Err(error) => carry_on(error),
        }
    }
    Ok(())
}

/// Passes on what one feed brings.
struct Pump<F> {
    watcher: Watcher<F>,
    news: mpsc::Sender<Msg>,
    /// How long it may be silent; absent where silence means nothing.
    patience: Option<Duration>,
}

impl<F: Feed> Pump<F> {
    /// Returns the next news. After an error the feed is of no use any more.
    async fn next(&mut self) -> Result<F::News, CallError> {
        let next = self.watcher.next();
        let news = match self.patience {
            Some(patience) => timeout(patience, next).await.map_err(|_| CallError::TimedOut(patience))?,
            None => next.await,
        };
        news?.ok_or(CallError::Broken(mcpd_ipc::FrameError::Closed))
    }

    /// Runs until the feed ends, and says why; `None` when nobody listens any more.
    async fn run(mut self, msg: impl Fn(F::News) -> Msg) -> Option<Why> {
        loop {
            match self.next().await {
                Ok(news) => self.news.send(msg(news)).await.ok()?,
                Err(error) => return Some(why::of(&error)),
            }
        }
    }
}

/// Returns the time, milliseconds since 1970.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
