//! The thread that writes records: what is asked for is on the disk before it is answered, what is noted follows within
//! a second, and while the disk refuses it tries again each second.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use chrono::Utc;
use parking_lot::{Mutex, RwLock};
use tokio::sync::oneshot;

use super::{
    AuditError, Deed,
    folder::{Bounds, Folder, Head},
    notes::{Notes, Tally},
    record::hex,
};

/// Orders that wait; who comes then is told that the audit is slow.
const QUEUE: usize = 1024;
/// How long what is noted waits, and how often the disk is tried again.
const TICK: Duration = Duration::from_secs(1);
/// Records after which a checkpoint is logged, and the time after which it is if there was any.
const CHECKPOINT: (u64, Duration) = (1000, Duration::from_secs(60 * 60));

/// Recorded when the disk takes records again.
const AGAIN: &str = "audit_writes_again";

/// What is wanted of the thread.
pub(super) enum Order {
    /// Record this now, and say its number.
    Keep(Box<Deed>, oneshot::Sender<Result<u64, AuditError>>),
    /// Record what is noted, and say which record is the last.
    Look(oneshot::Sender<Head>),
    /// Record what is noted, and end.
    Close,
}

/// A deed, and who waits for its number.
type Asked = (Deed, oneshot::Sender<Result<u64, AuditError>>);

/// What the thread shares with everybody.
#[derive(Clone, Default)]
pub(super) struct Shared {
    pub(super) notes: Notes,
    pub(super) trouble: Arc<Mutex<Option<String>>>,
}

/// A handle to the thread.
pub(super) struct Clerk {
    orders: SyncSender<Order>,
    thread: Option<JoinHandle<()>>,
}

impl Clerk {
    pub(super) fn start(
        folder: Folder,
        shared: Shared,
        settings: Arc<RwLock<mcpd_config::Audit>>,
    ) -> std::io::Result<Self> {
        let (orders, queue) = sync_channel(QUEUE);
        let (said, logged) = (folder.head().seq, Instant::now());
        let writing = Writing { folder, shared, settings, said, logged, ticked: logged };
        let thread = std::thread::Builder::new().name("audit".into()).spawn(move || writing.run(&queue))?;
        Ok(Self { orders, thread: Some(thread) })
    }

    pub(super) fn orders(&self) -> SyncSender<Order> {
        self.orders.clone()
    }

    /// Records what waits and ends the thread.
    pub(super) fn close(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        // It ends by itself when nobody can order any more.
        let _ = self.orders.send(Order::Close);
        let _ = thread.join();
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.end();
    }
}

/// Says that nothing is recorded any more when the thread ends by a panic.
struct Watch(Arc<Mutex<Option<String>>>);

impl Drop for Watch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            *self.0.lock() = Some("the thread that writes it has ended; restart the daemon".to_owned());
        }
    }
}

struct Writing {
    folder: Folder,
    shared: Shared,
    settings: Arc<RwLock<mcpd_config::Audit>>,
    /// The record that was logged last, and when.
    said: u64,
    logged: Instant,
    /// When what is noted was recorded last.
    ticked: Instant,
}

impl Writing {
    fn run(mut self, queue: &Receiver<Order>) {
        let _watch = Watch(Arc::clone(&self.shared.trouble));
        let mut next = None;
        loop {
            // Orders that come without a pause do not keep waiting what is noted.
            if self.ticked.elapsed() >= TICK {
                self.tick();
            }
            match next.take().map_or_else(|| queue.recv_timeout(TICK), Ok) {
                Ok(Order::Keep(deed, answer)) => next = self.keep_with_others((*deed, answer), queue),
                Ok(Order::Look(answer)) => self.look(answer),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Order::Close) | Err(RecvTimeoutError::Disconnected) => return self.end(),
            }
        }
    }

    /// Records a deed together with those that wait behind it, which share one sync; each has its own number. Returns the
    /// order that stands behind them, if there is one.
    fn keep_with_others(&mut self, first: Asked, queue: &Receiver<Order>) -> Option<Order> {
        let (mut deeds, mut next) = (vec![first], None);
        while deeds.len() < QUEUE && next.is_none() {
            match queue.try_recv() {
                Ok(Order::Keep(deed, answer)) => deeds.push((*deed, answer)),
                Ok(other) => next = Some(other),
                Err(_) => break,
            }
        }
        self.keep(deeds);
        next
    }

    fn end(mut self) {
        let notes = self.shared.notes.take_all();
        self.record(notes);
        self.say();
        let lost = self.shared.notes.take_all().len();
        if lost > 0 {
            tracing::error!(target: "mcpd::audit", lost, "what was noted could not be recorded before the end");
        }
    }

    fn look(&mut self, answer: oneshot::Sender<Head>) {
        self.tick();
        // Who asked may have given up.
        let _ = answer.send(self.folder.head());
    }

    fn keep(&mut self, deeds: Vec<Asked>) {
        let now = Utc::now();
        let (deeds, answers): (Vec<_>, Vec<_>) =
            deeds.into_iter().map(|(deed, answer)| ((deed, (now, 1)), answer)).unzip();
        let done = self.append(&deeds);
        let count = answers.len() as u64;
        for (answer, place) in answers.into_iter().zip(1..) {
            let _ = answer.send(match &done {
                Ok(last) => Ok(last - count + place),
                Err(error) => Err(AuditError::Unwritten(error.clone())),
            });
        }
    }

    /// Records what is noted; while there is trouble, also that it is over.
    fn tick(&mut self) {
        self.ticked = Instant::now();
        let notes = self.shared.notes.take();
        self.record(notes);
    }

    fn record(&mut self, notes: Vec<(Deed, Tally)>) {
        let troubled = self.shared.trouble.lock().is_some();
        if notes.is_empty() && !troubled {
            return;
        }
        let mut deeds = notes;
        if troubled {
            deeds.push((Deed::own(AGAIN), (Utc::now(), 1)));
        }
        if self.append(&deeds).is_err() {
            deeds.retain(|(deed, _)| deed.action != AGAIN);
            self.shared.notes.put_back(deeds);
        }
    }

    fn append(&mut self, deeds: &[(Deed, Tally)]) -> Result<u64, String> {
        let bounds = {
            let settings = self.settings.read();
            Bounds { file_size: settings.file_size, keep: settings.keep as usize }
        };
        let done = self.folder.append(deeds, bounds).map_err(|error| error.to_string());
        let mut trouble = self.shared.trouble.lock();
        match (&done, trouble.is_some()) {
            (Ok(_), false) => {}
            (Ok(_), true) => {
                *trouble = None;
                tracing::warn!(target: "mcpd::audit", "the audit is written again");
            }
            (Err(error), false) => {
                tracing::error!(target: "mcpd::audit", error, "what operators order is refused until it can be");
                *trouble = Some(error.clone());
            }
            (Err(error), true) => *trouble = Some(error.clone()),
        }
        drop(trouble);
        let (most, longest) = CHECKPOINT;
        let new = self.folder.head().seq - self.said;
        if new >= most || (new > 0 && self.logged.elapsed() >= longest) {
            self.say();
        }
        done
    }

    /// Logs the last record: whoever keeps logs elsewhere has a checkpoint.
    fn say(&mut self) {
        let Head { seq, mac } = self.folder.head();
        if seq > self.said {
            tracing::info!(target: "mcpd::audit", checkpoint = %format_args!("{seq}:{}", hex(&mac)), "records so far");
        }
        (self.said, self.logged) = (seq, Instant::now());
    }
}
