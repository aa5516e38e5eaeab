//! Every order from outside as one enum: signals of the system and commands of an operator meet here.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

/// What someone outside wants the daemon to do with its life.
#[derive(Debug)]
pub enum Order {
    /// Load the configuration again; the answer goes back to whoever asked.
    Reload(Option<oneshot::Sender<ReloadAnswer>>),
    /// Refuse new work, finish what runs, end. The deadline replaces the configured one.
    Drain(Option<Duration>),
    /// The system wants the process to end: the first time like `Drain`, while draining like `Stop`.
    Terminate,
    /// Refuse new work, finish what runs, then start again in the same process.
    Restart,
    /// End at once.
    Stop,
    /// Answer, which shows that orders are heard.
    Beat(oneshot::Sender<()>),
}

/// How a reload went: keys in force now, keys that need a restart; or every complaint.
pub type ReloadAnswer = Result<(Vec<String>, Vec<String>), String>;

/// Where orders are given. Bounded: an order that finds eight before it waits.
pub type Orders = mpsc::Sender<Order>;

/// Makes the channel of orders.
pub fn orders() -> (Orders, mpsc::Receiver<Order>) {
    mpsc::channel(8)
}

/// Turns signals into orders until the receiver is gone: SIGTERM and SIGINT drain, a second one stops at once,
/// SIGHUP reloads. They are caught from the call on, before the future is first polled: on a busy machine that is later
/// than the announcement, and a signal then would end the process as if nobody listened.
pub fn listen(orders: Orders) -> std::io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        loop {
            let order = tokio::select! {
                _ = terminate.recv() => Order::Terminate,
                _ = interrupt.recv() => Order::Terminate,
                _ = hangup.recv() => Order::Reload(None),
            };
            if orders.send(order).await.is_err() {
                return;
            }
        }
    })
}
