//! The daemon while it runs: doors open, orders obeyed, and the way out that loses no answer.

use std::{sync::Arc, time::Duration};

use interprocess::local_socket::tokio::Stream;
use mcpd_config::Config;
use mcpd_ipc::halves;
use tokio::{
    io::AsyncWriteExt,
    sync::{mpsc, watch},
    time::{Instant, sleep, timeout_at},
};
use tokio_util::{
    io::{InspectReader, InspectWriter},
    sync::CancellationToken,
    task::TaskTracker,
};

use super::{
    Boot, LifeError, check_simple, doors::Doors, house::House, open_tls, renewal, supervisor::Supervisor,
    upkeep,
};
use crate::{
    audit::{Audit, Deed, Fate},
    auth::Caller,
    control::{Arrival, Hands},
    guard::{Denied, Guard},
    mcp::{Mcp, Reply, RpcError, Sessions},
    signals::{Order, ReloadAnswer},
    telemetry::Logs,
    tls::{InForce, TlsPort},
    tools::{LogLevel, Registry},
    transport::{self, Door, Ends, Http, HttpParts, Side, Sockets},
};

/// Streams from the local socket that wait to be served.
const ARRIVALS: usize = 16;
/// How long written answers may take to leave once the last call is done.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Longest a drain may be told to wait: a year is for ever, and the clock can count it.
const LONGEST_DRAIN: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// How often a drain looks whether calls are still running.
const LOOK: Duration = Duration::from_millis(5);

/// How the daemon ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Every call was answered.
    Drained,
    /// The deadline passed with calls still running.
    DeadlinePassed {
        /// How many.
        calls: usize,
    },
    /// It is to start again.
    Restart,
    /// Somebody did not want to wait.
    Stopped,
}

/// Everything that is made before the doors open.
pub(super) struct Parts {
    pub(super) boot: Boot,
    pub(super) house: House,
    pub(super) hands: Hands,
    pub(super) doors: Doors,
    /// What the endpoint shows over TLS.
    pub(super) tls: Option<Arc<TlsPort>>,
    pub(super) sockets: Sockets,
    /// Operators that are held at a time.
    pub(super) operators: usize,
    pub(super) logs: Logs,
    pub(super) supervisor: Supervisor,
}

/// The daemon with its doors open.
pub(super) struct Running {
    boot: Boot,
    guard: Arc<Guard>,
    sessions: Arc<Sessions>,
    registry: Arc<Registry>,
    tls: Option<Arc<TlsPort>>,
    changes: watch::Sender<Arc<Config>>,
    logs: Logs,
    audit: Audit,
    supervisor: Supervisor,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Running {
    /// Opens the doors.
    pub(super) fn serve(parts: Parts) -> Result<Self, LifeError> {
        let Parts { boot, house, hands, doors, tls, sockets, operators, logs, supervisor } = parts;
        let (changes, in_force) = house.config;
        let config = in_force.borrow().clone();
        let guard = house.guard;
        check_simple(&config, &guard)?;
        guard.set_ceiling(sockets.connections());
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let (changes_kept, news) = (house.store.changes(), Arc::clone(&house.news));
        tasks.spawn({
            let (news, registry, stop) = (Arc::clone(&news), Arc::clone(&house.registry), stop.clone());
            async move { news.carry(changes_kept, registry.changes(), stop).await }
        });
        tasks.spawn(house.memories.work(stop.clone()));
        tasks.spawn(Arc::clone(&house.code).work(true, stop.clone()));
        if let Some(tls) = &tls {
            renewal::announce(&tls.in_force(), &guard);
            tasks.spawn(renewal::watch(Arc::clone(tls), Arc::clone(&guard), stop.clone()));
        }
        tasks.spawn(supervisor.beat(hands.orders.clone(), stop.clone()));
        tasks.spawn(upkeep::rounds(house.store, Arc::clone(&hands.keys), news, stop.clone()));
        let http = Http::new(HttpParts {
            mcp: Arc::clone(&house.mcp),
            guard: Arc::clone(&guard),
            recorder: Arc::clone(&house.recorder),
            config: in_force.clone(),
            health: house.health,
            registry: Arc::clone(&house.registry),
            code: house.code,
            tasks: tasks.clone(),
        });
        for (listener, side) in [(doors.endpoint, Side::Endpoint), (doors.figures, Side::Figures)] {
            let Some(listener) = listener else { continue };
            let door = Door {
                listener,
                http: Arc::clone(&http),
                side,
                tls: tls.clone().filter(|_| side == Side::Endpoint),
                guard: Arc::clone(&guard),
                config: in_force.clone(),
                sockets: sockets.clone(),
                stop: stop.clone(),
                tasks: tasks.clone(),
            };
            tasks.spawn(transport::serve(door));
        }
        let (arrivals, arrived) = mpsc::channel(ARRIVALS);
        tasks.spawn(bridges(arrived, house.mcp, Arc::clone(&guard), in_force, (tasks.clone(), stop.clone())));
        tasks.spawn(doors.socket.serve(Arc::new(hands), operators, arrivals, stop.clone()));
        let (sessions, registry) = (house.sessions, house.registry);
        let audit = house.recorder.audit().clone();
        Ok(Self { boot, guard, sessions, registry, tls, changes, logs, audit, supervisor, tasks, stop })
    }

    /// Obeys orders until one of them ends the daemon, then ends it.
    pub(super) async fn obey_and_drain(self, mut orders: mpsc::Receiver<Order>) -> Ended {
        let ended = loop {
            match orders.recv().await {
                Some(Order::Reload(answer)) => {
                    self.supervisor.reloading();
                    let outcome = self.reload();
                    if answer.is_none() {
                        self.signalled("reload", outcome.as_ref().err());
                    }
                    self.supervisor.ready(match &outcome {
                        Ok(_) => "serving; the configuration was reloaded",
                        Err(_) => "serving; the last reload was refused, the log says why",
                    });
                    if let Some(answer) = answer {
                        // Whoever asked may have gone; the log knows.
                        let _ = answer.send(outcome);
                    }
                }
                // Whoever asked may have given up by now.
                Some(Order::Beat(heard)) => drop(heard.send(())),
                Some(Order::Drain(deadline)) => break self.end(deadline, &mut orders).await,
                Some(Order::Terminate) => {
                    self.signalled("drain", None);
                    break self.end(None, &mut orders).await;
                }
                Some(Order::Restart) => {
                    let deadline = self.deadline(None);
                    self.supervisor.restarting(deadline);
                    break match self.drain(deadline, &mut orders).await {
                        Ended::Stopped => Ended::Stopped,
                        Ended::Drained | Ended::DeadlinePassed { .. } | Ended::Restart => Ended::Restart,
                    };
                }
                Some(Order::Stop) | None => {
                    self.supervisor.stopping(Duration::ZERO);
                    break Ended::Stopped;
                }
            }
        };
        self.guard.drain();
        self.stop.cancel();
        self.tasks.close();
        // Tasks hear the token; one that does not must not keep the process.
        let patience = if ended == Ended::Stopped { LAST_WORDS / 10 } else { LAST_WORDS };
        let _ = tokio::time::timeout(patience, self.tasks.wait()).await;
        ended
    }

    /// Records what a signal of the system asked for; operators' commands are recorded where they come in.
    fn signalled(&self, action: &'static str, failed: Option<&String>) {
        let fate = if failed.is_some() { Fate::Failed } else { Fate::Done };
        let actor = "signal".to_owned();
        self.audit.note(Deed { actor, fate, why: failed.cloned(), ..Deed::own(action) });
    }

    /// Loads the configuration again. A bad one changes nothing.
    fn reload(&self) -> ReloadAnswer {
        let reloaded = self.boot.load().and_then(|(new, _)| {
            check_simple(&new, &self.guard)?;
            let certified = self.read_certificate(&new)?;
            self.logs.set(&new.telemetry.log)?;
            Ok((new, certified))
        });
        let (new, certified) = reloaded.map_err(|error| {
            tracing::error!(
                error = error.told(),
                "the configuration was not reloaded; the old one stays in force"
            );
            error.told()
        })?;
        let running = self.changes.borrow().clone();
        let (mut live, mut restart) = (Vec::new(), Vec::new());
        for change in mcpd_config::changes(&running, &new) {
            match change.effect {
                mcpd_config::Effect::Live => live.push(change.key),
                mcpd_config::Effect::Restart => restart.push(change.key),
            }
        }
        let merged = mcpd_config::merge_live(&running, &new);
        self.guard.reload(&merged);
        if let Some((tls, new)) = self.tls.as_ref().zip(certified) {
            renewal::announce(&tls.put(new), &self.guard);
        }
        self.sessions.reload(&merged.limits);
        self.registry.reload(&merged.tools);
        self.audit.reload(&merged.audit);
        self.changes.send_replace(Arc::new(merged));
        tracing::info!(?live, ?restart, "the configuration was reloaded");
        Ok((live, restart))
    }

    /// Reads the certificate anew. Files of other names count after a restart, which will not fail for their sake; those
    /// in force may be gone by then.
    fn read_certificate(&self, new: &Config) -> Result<Option<InForce>, LifeError> {
        let (running, required) = (self.changes.borrow().clone(), new.tls.client_required);
        let files = |config: &Config| {
            let tls = &config.tls;
            (tls.certificate.clone(), tls.key.clone(), tls.client_ca.clone())
        };
        let Some(tls) = &self.tls else {
            open_tls(new)?;
            return Ok(None);
        };
        if files(&running) == files(new) {
            return Ok(Some(tls.read(required)?));
        }
        open_tls(new)?;
        Ok(tls.read(required).ok())
    }

    /// Returns how long running calls get: what somebody said, else what is configured.
    fn deadline(&self, said: Option<Duration>) -> Duration {
        said.unwrap_or_else(|| self.changes.borrow().server.drain_deadline).min(LONGEST_DRAIN)
    }

    /// Drains for good.
    async fn end(&self, deadline: Option<Duration>, orders: &mut mpsc::Receiver<Order>) -> Ended {
        let deadline = self.deadline(deadline);
        self.supervisor.stopping(deadline);
        self.drain(deadline, orders).await
    }

    /// Refuses new work and waits for what runs, until the deadline or until somebody orders to stop.
    async fn drain(&self, deadline: Duration, orders: &mut mpsc::Receiver<Order>) -> Ended {
        tracing::info!(calls = self.guard.calls_in_flight(), ?deadline, "draining");
        self.sessions.log_all(LogLevel::Notice, "the daemon is draining; it will be back after its restart");
        self.guard.drain();
        let finished = async {
            while self.guard.calls_in_flight() > 0 {
                sleep(LOOK).await;
            }
        };
        let hurry = async {
            loop {
                match orders.recv().await {
                    Some(Order::Stop | Order::Terminate) | None => return,
                    // Draining already; and a configuration no longer matters.
                    Some(Order::Drain(_) | Order::Reload(_) | Order::Restart) => {}
                    Some(Order::Beat(heard)) => drop(heard.send(())),
                }
            }
        };
        let ended = tokio::select! {
            finished = timeout_at(Instant::now() + deadline, finished) => match finished {
                Ok(()) => Ended::Drained,
                Err(_) => Ended::DeadlinePassed { calls: self.guard.calls_in_flight() },
            },
            () = hurry => Ended::Stopped,
        };
        if ended == Ended::Drained {
            self.last_words().await;
        }
        ended
    }

    /// Lets answers that are written leave: waits for connections to close, which they do once they are idle.
    async fn last_words(&self) {
        let closed = async {
            while self.guard.open_connections() > 0 {
                sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(LAST_WORDS, closed).await.is_err() {
            let cut = self.guard.open_connections();
            tracing::warn!(connections = cut, "connections that did not close in time are cut");
        }
    }
}

/// Tells a bridge why it is not served, in one line, and hangs up.
async fn refuse(stream: Stream, denied: Denied) {
    let Reply::Message { body, .. } = Reply::error(None, &RpcError::Denied(denied)) else { return };
    let (_, mut writer) = halves(stream);
    let line = [&body.whole()[..], b"\n"].concat();
    let _ = tokio::time::timeout(LAST_WORDS, writer.write_all(&line)).await;
}

/// Serves MCP to the bridges of `mcpd stdio` that come through the local socket.
async fn bridges(
    mut arrived: mpsc::Receiver<Arrival>,
    mcp: Arc<Mcp>,
    guard: Arc<Guard>,
    config: watch::Receiver<Arc<Config>>,
    (tasks, stop): (TaskTracker, CancellationToken),
) {
    while let Some((stream, operator)) = arrived.recv().await {
        let caller = Caller::local(operator.uid);
        let admitted = guard
            .recognise(&caller)
            .and_then(|visitor| Ok((visitor, guard.connection(caller.peer, "local")?)));
        let (visitor, place) = match admitted {
            Ok(admitted) => admitted,
            Err(denied) => {
                tasks.spawn(refuse(stream, denied));
                continue;
            }
        };
        let _ = guard.attach(&place, &visitor);
        let (draining, stop) = (guard.draining().child_token(), stop.clone());
        let closed = place.closed().clone();
        let limit = usize::try_from(config.borrow().server.body_limit).unwrap_or(usize::MAX);
        let mcp = Arc::clone(&mcp);
        tasks.spawn(async move {
            let (reader, writer) = halves(stream);
            let (received, sent) = (Arc::clone(place.trace()), Arc::clone(place.trace()));
            let reader = InspectReader::new(reader, move |bytes| received.receive(bytes.len()));
            let writer = InspectWriter::new(writer, move |bytes| sent.send(bytes.len()));
            let trace = Arc::clone(place.trace());
            let serving =
                transport::serve_lines(mcp, visitor, Ends { reader, writer, limit, trace }, draining);
            tokio::select! { () = serving => {}, () = closed.cancelled() => {}, () = stop.cancelled() => {} }
            drop(place);
        });
    }
}
