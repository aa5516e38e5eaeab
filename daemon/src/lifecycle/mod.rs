//! The life of the daemon, read top to bottom: load, lock, open, bind, announce, serve, obey, drain, flush.

mod descriptors;
mod doors;
mod error;
mod first_run;
mod house;
mod lock;
mod memory;
mod pepper;
mod privacy;
mod renewal;
mod restore;
mod running;
mod safety;
mod stdio;
mod supervisor;
mod upkeep;

use std::{path::PathBuf, sync::Arc};

use mcpd_config::{Config, Origin, Overrides, Profile};
use mcpd_ipc::Place;

pub use error::LifeError;
pub use running::Ended;
pub use stdio::run_stdio;

use crate::{
    audit::{Audit, AuditGuard, Deed},
    auth::{Keyring, PepperPlace, Principal},
    control::{Facts, Hands, Pictures},
    guard::{Guard, Listed, PeerRules},
    mcp::Sessions,
    memory::Memories,
    signals::{self, Orders},
    store::Store,
    telemetry::{LogSettings, Logs, Recorder, since_boot},
    tls::{TlsError, TlsPort},
};
use descriptors::Descriptors;
use doors::Doors;
use first_run::Greeting;
use house::{Ground, House};
use lock::Lock;
use running::{Parts, Running};
use supervisor::Supervisor;
pub(crate) use supervisor::is_on_record;

/// How long the store may take to close.
const CLOSING: std::time::Duration = std::time::Duration::from_secs(5);

/// The same when somebody does not want to wait.
const HURRY: std::time::Duration = std::time::Duration::from_millis(200);

/// What the daemon is started with, before anything is read.
#[derive(Debug, Clone)]
pub struct Boot {
    /// Where it lives.
    pub place: Place,
    /// A configuration file somebody named; it must exist.
    pub config_file: Option<PathBuf>,
    /// Layers above the file.
    pub layers: Vec<(Origin, Overrides)>,
    /// `$XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
    /// `$CREDENTIALS_DIRECTORY`, where a service manager puts what it hands over.
    pub credentials_dir: Option<PathBuf>,
    /// Whether a service manager keeps what is printed.
    pub on_record: bool,
}

/// Lives, from the first file read to the last row flushed, and says how it ended.
pub async fn run(boot: Boot) -> Result<Ended, LifeError> {
    memory::in_small_pages();
    privacy::private_umask();
    privacy::no_core_dumps();
    let supervisor = Supervisor::greet(); //                            it learns each step from here on
    let starting = supervisor.keep_alive(); //                       a migration may take longer than it waits
    let descriptors = Descriptors::raise(); //                    before anything is opened
    safety::state_directory(&boot.place.state)?; //               before a file in it is believed
    let (config, read) = boot.load()?; //                         all complaints at once
    let tls = open_tls(&config)?; //                              before anything is made
    safety::make_state_directory(&boot.place.state)?;
    safety::files(&boot, &boot.database(&config))?;
    let mut lock = Lock::take(&boot.place)?; //                   one daemon for each state directory
    let restored = restore::put_in_place(&boot.database(&config), boot.pepper().file())?; // before anything opens it
    let config_file = first_run::write_config(&boot, read)?;
    let (logs, requests, _flush) = Logs::start(&config.telemetry, &boot.log_settings(&config, true))?;
    if let Some(kept) = restored {
        tracing::warn!(kept = %kept.display(), "a backup was put in place; what was there is kept");
    }
    let (audit, records) = boot.audit(&config)?;
    let store = Store::open(&boot.database(&config), config.store.readers).await?; // connect, migrate
    let keys = pepper::keyring(&boot.pepper(), &store).await?;
    let asked = config.auth.keys.then(|| Arc::clone(&keys));
    let listed = store.allow().all().await?;
    let house =
        House::build(&config, boot.ground(&store), Recorder::new(requests, audit.clone()), asked, listed)
            .await?;
    let back = house.sessions.restore(|who| principal(&keys, &house.guard, who)).await?; // clients go on where they were
    house.news.resume();
    let (orders_in, orders) = signals::orders();
    let signals = tokio::spawn(signals::listen(orders_in.clone()).map_err(LifeError::Signals)?);

    let (sockets, operators) = (descriptors.sockets(&config), descriptors.operators());
    let doors = Doors::bind(&config, &boot).await?; //          bind early: fail before we announce
    let figures = doors.figures_address();
    let facts = Facts {
        profile: config.profile,
        url: doors.url(tls.as_deref())?,
        address: doors.address()?,
        socket: doors.socket_path.clone(),
        admins: doors.admins.clone(),
        state: boot.place.state.clone(),
        logs: boot.log_settings(&config, true).directory,
        audit: boot.records(&config),
        pepper: boot.pepper(),
        started: (crate::store::now(), since_boot()),
        instance: crate::store::new_id(),
        config_file,
    };
    lock.announce(&facts.socket)?;
    warn_if_open(&config, &house.guard.peers(), &facts);
    let greeting = Greeting { named: boot.place.is_named(), on_record: boot.on_record };
    // From now on this file is the configuration: one that vanishes is a mistake, not a wish for the defaults.
    let boot = Boot { config_file: facts.config_file.clone(), ..boot };
    let (sessions, memories) = (Arc::clone(&house.sessions), Arc::clone(&house.memories));
    let hands = hands(&house, Arc::clone(&keys), (orders_in, tls.clone()), facts.clone());
    let running =
        Running::serve(Parts { boot, house, hands, doors, tls, sockets, operators, logs, supervisor })?;
    record_start(&audit).await;
    let had_keys = !keys.all().is_empty();
    greeting.say(&facts, &keys, &config).await?;
    if let Some(first) = keys.all().first().filter(|_| !had_keys) {
        record_first_key(&audit, first);
    }
    supervisor.ready("serving");
    tracing::info!(url = facts.url, figures, socket = %facts.socket.display(), profile = %facts.profile, sessions = back, "ready");

    drop(starting); //                                            from here on only orders that are heard are life
    let ended = running.obey_and_drain(orders).await; //          returns when everything is answered, or nobody waits
    let _ending = supervisor.keep_alive(); //                        what is flushed may take its time, too
    signals.abort();
    flush(&keys, &sessions, &memories, &store, ended).await;
    audit.note(Deed { subject: Some(format!("{ended:?}")), ..Deed::own("ended") });
    records.close().await;
    lock.release()?;
    tracing::info!(?ended, "ended");
    Ok(ended)
}

/// Records that the daemon runs, before anybody is told so.
async fn record_start(audit: &Audit) {
    let started = Deed { subject: Some(env!("CARGO_PKG_VERSION").to_owned()), ..Deed::own("started") };
    if audit.record(started.clone()).await.is_err() {
        audit.note(started); // the log has the cause, and the record follows when it can be written
    }
}

/// Records the key of a first start, which nobody asked for.
fn record_first_key(audit: &Audit, key: &Principal) {
    let (subject, why) = (Some(format!("name={}", key.name())), Some(format!("key {}", key.label())));
    audit.note(Deed { subject, why, ..Deed::own("keys add") });
}

fn hands(
    house: &House,
    keys: Arc<Keyring>,
    (orders, tls): (Orders, Option<Arc<TlsPort>>),
    facts: Facts,
) -> Hands {
    Hands {
        keys,
        guard: Arc::clone(&house.guard),
        registry: Arc::clone(&house.registry),
        sessions: Arc::clone(&house.sessions),
        store: house.store.clone(),
        memories: Arc::clone(&house.memories),
        ai: Arc::clone(&house.ai),
        code: Arc::clone(&house.code),
        health: Arc::clone(&house.health),
        recorder: Arc::clone(&house.recorder),
        config: house.config.1.clone(),
        orders,
        tls,
        facts,
        caring: tokio::sync::Mutex::default(),
        pictures: Pictures::default(),
    }
}

/// Returns the principal that the store names `who`: a key, or anyone where keys are switched off.
fn principal(keys: &Keyring, guard: &Guard, who: &str) -> Option<Arc<Principal>> {
    match who.strip_prefix("key:") {
        Some(id) => keys.find(id),
        None => guard.anonymous().filter(|anonymous| anonymous.author() == who),
    }
}

/// Writes what is kept in memory and closes the store. A database that hangs must not keep the process, and somebody
/// who does not want to wait is not made to.
async fn flush(keys: &Keyring, sessions: &Sessions, memories: &Memories, store: &Store, ended: Ended) {
    let patience = if ended == Ended::Stopped { HURRY } else { CLOSING };
    let flushed = tokio::time::timeout(patience, async {
        if let Err(error) = keys.flush_used(0).await {
            tracing::warn!(%error, "when keys were last used could not be written");
        }
        sessions.flush().await;
        if let Err(error) = memories.flush().await {
            tracing::warn!(%error, "which memories were found could not be written down");
        }
        store.close().await;
    });
    if flushed.await.is_err() {
        tracing::error!("the store did not close in time; what it had not acknowledged may be lost");
    }
}

impl Boot {
    /// Returns the configuration file that is used: the named one, else the place's own if it exists.
    fn config_path(&self) -> Option<PathBuf> {
        let own = || self.place.config.exists().then(|| self.place.config.clone());
        self.config_file.clone().or_else(own)
    }

    /// Returns what the house stands on.
    fn ground(&self, store: &Store) -> Ground {
        Ground { store: store.clone(), models: self.place.state.join("models"), home: std::env::home_dir() }
    }

    /// Loads the configuration from every layer. A file that others can write to is refused, at a reload as at the start:
    /// who writes it decides who may call.
    pub(crate) fn load(&self) -> Result<(Config, Option<PathBuf>), LifeError> {
        let path = self.config_path();
        let text = path.as_ref().map(|path| safety::trusted_text("the configuration", path)).transpose()?;
        let layer = path.as_deref().zip(text.as_deref());
        Ok((Config::load(layer, &self.layers)?, path))
    }

    fn pepper(&self) -> PepperPlace {
        PepperPlace::find(&self.place.state, self.credentials_dir.as_deref())
    }

    fn database(&self, config: &Config) -> PathBuf {
        config.store.path.clone().unwrap_or_else(|| self.place.state.join("mcpd.db"))
    }

    /// Returns the folder of the audit.
    pub(crate) fn records(&self, config: &Config) -> PathBuf {
        config.audit.directory.clone().unwrap_or_else(|| self.place.state.join("audit"))
    }

    fn audit(&self, config: &Config) -> Result<(Audit, AuditGuard), LifeError> {
        Ok(Audit::open(&self.records(config), &self.audit_key(), &config.audit)?)
    }

    /// Returns where the key is that seals the audit.
    pub(crate) fn audit_key(&self) -> PathBuf {
        self.place.state.join("audit.key")
    }

    fn log_settings(&self, config: &Config, stderr: bool) -> LogSettings {
        let own = || self.place.state.join("logs");
        LogSettings { directory: config.telemetry.directory.clone().unwrap_or_else(own), stderr }
    }
}

/// A daemon without keys says so loudly; who chose it must see it each time.
fn warn_if_open(config: &Config, peers: &PeerRules, facts: &Facts) {
    if config.profile != Profile::Simple {
        return;
    }
    let url = facts.url.as_deref().unwrap_or("no port");
    let reach = match peers.listed() {
        Listed::LoopbackOnly => "anyone on this machine",
        Listed::Nobody => "nobody, until the allowlist has an entry,",
        Listed::Networks(..) => "anyone on the allowlist",
    };
    tracing::warn!("PROFILE SIMPLE: NO KEYS. {reach} can read and write every memory at {url}");
}

/// Reads what the port shows over TLS, where there is a port.
fn open_tls(config: &Config) -> Result<Option<Arc<TlsPort>>, TlsError> {
    let port = if config.server.http { TlsPort::open(&config.tls, config.server.http2)? } else { None };
    Ok(port.map(Arc::new))
}

/// Refuses a keyless daemon that the operators' own list would open to the network.
fn check_simple(config: &Config, guard: &Guard) -> Result<(), LifeError> {
    let open = config.profile == Profile::Simple && !config.server.listen.ip().is_loopback();
    if open && guard.peers().listed() == Listed::LoopbackOnly {
        return Err(LifeError::SimpleInTheOpen);
    }
    Ok(())
}
