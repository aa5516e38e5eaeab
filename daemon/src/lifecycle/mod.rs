//! The life of the daemon, read top to bottom: load, lock, open, bind, announce, serve, obey, drain, flush.

mod error;
mod first_run;
mod lock;
mod running;
mod stdio;
mod upkeep;

use std::{
    net::SocketAddr,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use mcpd_config::{Config, Origin, Overrides, Profile};
use mcpd_ipc::Place;
use tokio::{net::TcpListener, sync::watch};

pub use error::LifeError;
pub use running::Ended;
pub use stdio::run_stdio;

use crate::{
    auth::{Keyring, Pepper},
    control::{Facts, Hands, Socket},
    guard::{Guard, Listed, PeerRules},
    mcp::{Mcp, Sessions},
    signals,
    store::Store,
    telemetry::{LogSettings, Logs, Recorder},
    tools::{Health, Registry},
    transport::{Http, RequestIds},
};
use error::file;
use lock::Lock;
use running::{Parts, Running};

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
}

/// Lives, from the first file read to the last row flushed, and says how it ended.
pub async fn run(boot: Boot) -> Result<Ended, LifeError> {
    private_umask();
    let (config, config_file) = boot.load()?; //                  all complaints at once
    boot.make_state()?;
    let mut lock = Lock::take(&boot.place)?; //                   one daemon for each state directory
    let config_file = first_run::write_config(&boot, config_file)?;
    let (logs, _flush) = Logs::start(&config.telemetry, &boot.log_settings(&config, true))?;
    let store = Store::open(&boot.database(&config), config.store.readers).await?;
    let pepper_file = boot.place.state.join("pepper");
    let kept = store.keys().all().await?.len();
    if kept > 0 && !pepper_file.exists() {
        // A new pepper would turn every key away without a word.
        return Err(LifeError::PepperLost { path: pepper_file, keys: kept });
    }
    let pepper = Pepper::load(&pepper_file).map_err(file("the pepper", &pepper_file, "read"))?;
    let keys = Arc::new(Keyring::load(store.clone(), pepper).await?);

    let (changes, config_now) = watch::channel(Arc::new(config.clone()));
    let recorder = Arc::new(Recorder::default());
    let operator = store.allow().all().await?;
    let operator = operator.map(|cidrs| cidrs.iter().filter_map(|cidr| cidr.parse().ok()).collect());
    let door_keys = config.auth.keys.then(|| Arc::clone(&keys));
    let guard = Arc::new(Guard::new(&config, door_keys, operator, Arc::clone(&recorder)));
    let registry = Arc::new(Registry::new(&store, config_now.clone(), &recorder)?);
    let sessions = Arc::new(Sessions::new(&config.limits));
    let mcp = Arc::new(Mcp::new(
        Arc::clone(&guard),
        Arc::clone(&registry),
        Arc::clone(&sessions),
        Arc::clone(&recorder),
    ));

    let listener = bind(config.server.http.then_some(config.server.listen)).await?; // early: fail before we announce
    let for_figures = bind(config.telemetry.listen).await?;
    let figures =
        for_figures.as_ref().map(TcpListener::local_addr).transpose()?.map(|address| address.to_string());
    let socket_path = boot.socket(&config);
    let socket = Socket::bind(&socket_path).await?;
    let facts = Facts {
        profile: config.profile,
        url: listener.as_ref().map(url).transpose()?,
        socket: socket_path,
        state: boot.place.state.clone(),
        config_file,
    };
    lock.announce(&facts.socket)?;
    let (orders_in, orders) = signals::orders();
    let health = Arc::new(Health::new(store.clone(), Arc::clone(&guard)));
    let http = Http {
        mcp: Arc::clone(&mcp),
        guard: Arc::clone(&guard),
        recorder: Arc::clone(&recorder),
        config: config_now.clone(),
        health: Arc::clone(&health),
        registry: Arc::clone(&registry),
        requests: RequestIds::default(),
    };
    let hands = Hands {
        keys: Arc::clone(&keys),
        guard,
        registry,
        sessions,
        store: store.clone(),
        health,
        recorder,
        config: config_now,
        orders: orders_in.clone(),
        facts: facts.clone(),
    };
    // From now on this file is the configuration: one that vanishes is a mistake, not a wish for the defaults.
    let boot = Boot { config_file: facts.config_file.clone(), ..boot };
    let named = boot.place.is_named();
    let running = Running::serve(
        boot,
        Parts { mcp, http, hands, listeners: (listener, for_figures), socket, changes, logs },
    )?;
    let signals = tokio::spawn(signals::listen(orders_in));
    warn_if_open(&config, &running.peers(), &facts);
    first_run::greet(&facts, &keys, &config, named).await?;
    tracing::info!(url = facts.url, figures, socket = %facts.socket.display(), profile = %facts.profile, "ready");

    let ended = running.obey_and_drain(orders).await; //          returns when everything is answered, or nobody waits
    signals.abort();
    flush(&keys, &store, ended).await;
    lock.release()?;
    tracing::info!(?ended, "ended");
    Ok(ended)
}

/// Writes what is kept in memory and closes the store. A database that hangs must not keep the process, and somebody
/// who does not want to wait is not made to.
async fn flush(keys: &Keyring, store: &Store, ended: Ended) {
    let patience = if ended == Ended::Stopped { HURRY } else { CLOSING };
    let flushed = tokio::time::timeout(patience, async {
        if let Err(error) = keys.flush_used(0).await {
            tracing::warn!(%error, "when keys were last used could not be written");
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

    /// Loads the configuration from every layer.
    pub(crate) fn load(&self) -> Result<(Config, Option<PathBuf>), LifeError> {
        let path = self.config_path();
        let text = path
            .as_ref()
            .map(|path| std::fs::read_to_string(path).map_err(file("the configuration", path, "read")))
            .transpose()?;
        let layer = path.as_deref().zip(text.as_deref());
        Ok((Config::load(layer, &self.layers)?, path))
    }

    fn make_state(&self) -> Result<(), LifeError> {
        let state = &self.place.state;
        private_directory(state).map_err(file("the state directory", state, "made"))?;
        let mode = std::fs::metadata(state).map_err(file("the state directory", state, "read"))?.mode();
        if mode & 0o022 != 0 {
            return Err(LifeError::OpenState(state.clone()));
        }
        Ok(())
    }

    fn database(&self, config: &Config) -> PathBuf {
        config.store.path.clone().unwrap_or_else(|| self.place.state.join("mcpd.db"))
    }

    fn socket(&self, config: &Config) -> PathBuf {
        let default = || self.place.default_socket(self.runtime_dir.as_deref());
        config.control.socket.clone().unwrap_or_else(default)
    }

    fn log_settings(&self, config: &Config, stderr: bool) -> LogSettings {
        let own = || self.place.state.join("logs");
        LogSettings { directory: config.telemetry.directory.clone().unwrap_or_else(own), stderr }
    }
}

/// Makes whatever this process creates private from the start, rather than a moment later.
fn private_umask() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

fn private_directory(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

async fn bind(address: Option<SocketAddr>) -> Result<Option<TcpListener>, LifeError> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address).await;
    listener.map(Some).map_err(|source| LifeError::Listen { address, source })
}

/// Returns the endpoint's URL; a daemon that listens everywhere is named by its loopback address.
fn url(listener: &TcpListener) -> Result<String, LifeError> {
    let mut address = listener.local_addr()?;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    Ok(format!("http://{address}/mcp"))
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

/// Refuses a keyless daemon that the operators' own list would open to the network.
fn check_simple(config: &Config, guard: &Guard) -> Result<(), LifeError> {
    let open = config.profile == Profile::Simple && !config.server.listen.ip().is_loopback();
    if open && guard.peers().listed() == Listed::LoopbackOnly {
        return Err(LifeError::SimpleInTheOpen);
    }
    Ok(())
}
