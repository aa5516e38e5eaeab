//! The one writer: takes what has queued, runs each job in its own savepoint, commits once, then acknowledges.
//!
//! An acknowledged write is on disk. Many writers share one sync; one failing job never takes its neighbours along.

use std::{
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use futures::{FutureExt, future::BoxFuture};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, timeout_at},
};

use super::{
    BUSY_TIMEOUT, StoreError,
    changes::{Changes, Telling},
    writable::{TRY_AGAIN, Writable, touch},
};

/// Jobs that may wait; a caller beyond that waits for room.
const QUEUE: usize = 1024;
/// Jobs in one transaction at most, so that nobody waits long for the commit.
const GROUP: usize = 256;

/// Whether a job's savepoint is released or rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Release,
    RollBack,
}

/// A queued write whose type has been forgotten.
trait Job: Send {
    /// Writes through the connection and says whether to keep it.
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, Keep>;
    /// Answers whether it failed because of the disk, the file or SQLite.
    fn was_refused(&self) -> bool;
    /// Tells the caller how it ended, given how the transaction did, and everyone who listens what changed.
    fn settle(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Write<T, F> {
    work: Option<F>,
    result: Result<T, StoreError>,
    answer: oneshot::Sender<Result<T, StoreError>>,
    telling: Telling,
}

impl<T, F> Job for Write<T, F>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut SqliteConnection, &'c mut Telling) -> BoxFuture<'c, Result<T, StoreError>>
        + Send,
{
    fn run<'a>(&'a mut self, connection: &'a mut SqliteConnection) -> BoxFuture<'a, Keep> {
        async move {
            if let Some(work) = self.work.take() {
                let ran = AssertUnwindSafe(work(connection, &mut self.telling)).catch_unwind().await;
                self.result = ran.unwrap_or(Err(StoreError::Unavailable("a write panicked".into())));
            }
            if self.result.is_ok() { Keep::Release } else { Keep::RollBack }
        }
        .boxed()
    }

    fn was_refused(&self) -> bool {
        matches!(self.result, Err(StoreError::Unavailable(_)))
    }

    fn settle(self: Box<Self>, committed: Result<(), StoreError>) {
        let ended = committed.and(self.result);
        let stands = ended.is_ok();
        // The caller may have given up; the write stands all the same.
        let _ = self.answer.send(ended);
        if stands {
            self.telling.announce();
        }
    }
}

enum Order {
    Run(Box<dyn Job>),
    Checkpoint(oneshot::Sender<bool>),
    Close(oneshot::Sender<()>),
}

/// A handle to the writer task.
#[derive(Debug, Clone)]
pub(super) struct Writer {
    orders: mpsc::Sender<Order>,
    changes: Changes,
    owes: Arc<AtomicBool>,
    writable: Writable,
}

impl Writer {
    /// Opens the writing connection and starts the task that owns it.
    pub(super) async fn start(options: SqliteConnectOptions, changes: Changes) -> Result<Self, StoreError> {
        let connection = options.connect().await?;
        let (orders, queue) = mpsc::channel(QUEUE);
        // Ends by itself on Close or when the last handle is gone; `close` waits for it.
        let writable = Writable::default();
        let tried = Instant::now();
        tokio::spawn(Task { options, connection, queue, writable: writable.clone(), tried }.run());
        Ok(Self { orders, changes, owes: Arc::default(), writable })
    }

    /// Runs `work`, which changes nothing that anybody listens for, in the next group and returns its value once that
    /// is committed.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        self.run_telling(move |connection, _| work(connection)).await
    }

    /// Runs `work` in the next group, returns its value once that is committed and announces what it told.
    pub(super) async fn run_telling<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection, &'c mut Telling) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let telling = self.changes.telling();
        let write = Write { work: Some(work), result: Err(StoreError::Closed), answer, telling };
        let order = Order::Run(Box::new(write));
        self.orders.send(order).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Closed)?
    }

    /// Notes that something was deleted whose traces are to leave the write-ahead log too.
    pub(super) fn owe_a_clean_log(&self) {
        self.owes.store(true, Ordering::Relaxed);
    }

    /// If that was noted, moves what the write-ahead log holds into the database and empties the log. While somebody
    /// reads an older state it cannot, waits for nobody, and is to be tried again.
    pub(super) async fn clean_log(&self) -> Result<(), StoreError> {
        if !self.owes.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let (done, finished) = oneshot::channel();
        self.orders.send(Order::Checkpoint(done)).await.map_err(|_| StoreError::Closed)?;
        if !finished.await.map_err(|_| StoreError::Closed)? {
            self.owe_a_clean_log();
        }
        Ok(())
    }

    /// Returns what is known of the disk.
    pub(super) fn writable(&self) -> &Writable {
        &self.writable
    }

    /// Finishes what is queued and closes the connection.
    pub(super) async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.orders.send(Order::Close(done)).await.is_ok() {
            let _ = finished.await;
        }
    }
}

struct Task {
    options: SqliteConnectOptions,
    connection: SqliteConnection,
    queue: mpsc::Receiver<Order>,
    writable: Writable,
    /// When it was last seen whether anything can be written.
    tried: Instant,
}

impl Task {
    async fn run(mut self) {
        let mut orders = Vec::with_capacity(GROUP);
        let mut closing = None;
        while closing.is_none() && self.next(&mut orders).await {
            let mut jobs = Vec::with_capacity(orders.len());
            let mut checkpoints = Vec::new();
            for order in orders.drain(..) {
                match order {
                    Order::Run(job) => jobs.push(job),
                    Order::Checkpoint(done) => checkpoints.push(done),
                    Order::Close(done) => closing = Some(done),
                }
            }
            if !jobs.is_empty() {
                self.group(jobs).await;
            }
            if !checkpoints.is_empty() {
                let cleaned = self.checkpoint().await;
                for done in checkpoints {
                    // Who asked may have given up.
                    let _ = done.send(cleaned);
                }
            }
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the writing connection did not close cleanly");
        }
        if let Some(done) = closing {
            let _ = done.send(());
        }
    }

    /// Waits for orders, and while nothing can be written tries that each second, in between or among them; false when
    /// there will be none.
    async fn next(&mut self, orders: &mut Vec<Order>) -> bool {
        while self.writable.is_failing() {
            let due = self.tried + TRY_AGAIN;
            // Asked first: orders that come without a pause would never let the time pass.
            if Instant::now() >= due {
                self.try_again().await;
            } else if let Ok(received) = timeout_at(due, self.queue.recv_many(orders, GROUP)).await {
                return received > 0;
            }
        }
        self.queue.recv_many(orders, GROUP).await > 0
    }

    async fn try_again(&mut self) {
        self.tried = Instant::now();
        let written = async {
            execute(&mut self.connection, "BEGIN IMMEDIATE").await?;
            touch(&mut self.connection).await?;
            execute(&mut self.connection, "COMMIT").await?;
            Ok::<_, StoreError>(())
        };
        match written.await {
            Ok(()) => self.writable.works(),
            Err(_) => self.recover().await,
        }
    }

    /// Runs jobs in one transaction and tells every caller how it ended.
    async fn group(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        let committed = transaction(&mut self.connection, &mut jobs).await;
        if committed.is_err() || jobs.iter().any(|job| job.was_refused()) {
            self.writable.failed();
            self.tried = Instant::now();
        }
        if let Err(error) = &committed {
            tracing::error!(%error, writes = jobs.len(), "a group of writes was not committed");
            self.recover().await;
        }
        for job in jobs {
            job.settle(match &committed {
                Ok(()) => Ok(()),
                Err(error) => Err(StoreError::Unavailable(error.to_string())),
            });
        }
    }

    /// Empties the write-ahead log, unless somebody reads of it now; the writes that wait do not wait for readers.
    async fn checkpoint(&mut self) -> bool {
        let emptied = async {
            execute(&mut self.connection, "PRAGMA busy_timeout = 0").await?;
            let busy: Result<i64, sqlx::Error> =
                sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut self.connection).await;
            let patience = format!("PRAGMA busy_timeout = {}", BUSY_TIMEOUT.as_millis());
            sqlx::query(AssertSqlSafe(patience)).execute(&mut self.connection).await?;
            Ok::<_, sqlx::Error>(busy? == 0)
        };
        emptied.await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the write-ahead log was not emptied");
            false
        })
    }

    /// Makes the connection usable again after a failed transaction, so that the daemon recovers without a restart.
    async fn recover(&mut self) {
        if execute(&mut self.connection, "ROLLBACK").await.is_ok() {
            return;
        }
        // Either no transaction was open, or the connection is in a state nobody should write in.
        match self.options.connect().await {
            Ok(fresh) => self.connection = fresh,
            Err(error) => tracing::error!(%error, "the writing connection could not be reopened"),
        }
    }
}

async fn transaction(
    connection: &mut SqliteConnection,
    jobs: &mut [Box<dyn Job>],
) -> Result<(), sqlx::Error> {
    execute(connection, "BEGIN IMMEDIATE").await?;
    for job in jobs {
        execute(connection, "SAVEPOINT job").await?;
        if job.run(connection).await == Keep::RollBack {
            execute(connection, "ROLLBACK TO job").await?;
        }
        execute(connection, "RELEASE job").await?;
    }
    execute(connection, "COMMIT").await
}

async fn execute(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(sql).execute(connection).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn writer(dir: &tempfile::TempDir) -> Writer {
        let options = SqliteConnectOptions::new().filename(dir.path().join("t.db")).create_if_missing(true);
        let writer = Writer::start(options, Changes::new()).await.unwrap();
        let create = "CREATE TABLE t (n INTEGER UNIQUE)";
        writer.run(move |c| async move { Ok(execute(c, create).await?) }.boxed()).await.unwrap();
        writer
    }

    async fn insert(writer: &Writer, number: i64) -> Result<(), StoreError> {
        writer
            .run(move |c| {
                async move {
                    sqlx::query("INSERT INTO t VALUES (?)").bind(number).execute(&mut *c).await?;
                    // A second statement that fails for 13: the first must go with it.
                    if number == 13 {
                        return Err(StoreError::NotFound);
                    }
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    async fn count(writer: &Writer) -> i64 {
        let query = sqlx::query_scalar("SELECT count(*) FROM t");
        writer.run(move |c| async move { Ok(query.fetch_one(c).await?) }.boxed()).await.unwrap()
    }

    #[tokio::test]
    async fn a_failing_job_leaves_its_neighbours_alone() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(&dir).await;
        let all = (0..100).map(|number| insert(&writer, number));
        let results = futures::future::join_all(all).await;
        let failed = results.iter().filter(|result| result.is_err()).count();
        assert_eq!((failed, count(&writer).await), (1, 99));
    }

    #[tokio::test]
    async fn a_panicking_job_fails_alone_and_the_writer_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(&dir).await;
        let panicked: Result<(), StoreError> =
            writer.run(|_| async { panic!("a bug in a write") }.boxed()).await;
        assert!(matches!(panicked, Err(StoreError::Unavailable(_))));
        insert(&writer, 1).await.unwrap();
        assert_eq!(count(&writer).await, 1);
    }

    #[tokio::test]
    async fn close_finishes_what_is_queued() {
        let dir = tempfile::tempdir().unwrap();
        let writer = writer(&dir).await;
        let (inserted, ()) = tokio::join!(insert(&writer, 5), writer.close());
        inserted.unwrap();
        assert!(matches!(insert(&writer, 6).await, Err(StoreError::Closed)));
    }
}
