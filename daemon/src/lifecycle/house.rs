//! What stands behind the doors: the parts that are the same whether MCP comes over HTTP or standard input.

use std::{path::PathBuf, sync::Arc};

use ipnet::IpNet;
use mcpd_config::Config;
use tokio::sync::watch;

use super::LifeError;
use crate::{
    ai::Ai,
    auth::Keyring,
    code::Code,
    guard::Guard,
    mcp::{Library, Mcp, News, Sessions},
    memory::Memories,
    quality::Quality,
    store::Store,
    telemetry::Recorder,
    tools::{Health, Registry, Shelves},
};

/// The parts, each made where what it uses is known.
pub(super) struct House {
    pub(super) store: Store,
    pub(super) memories: Arc<Memories>,
    pub(super) code: Arc<Code>,
    pub(super) ai: Arc<Ai>,
    pub(super) recorder: Arc<Recorder>,
    pub(super) guard: Arc<Guard>,
    pub(super) registry: Arc<Registry>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) news: Arc<News>,
    pub(super) mcp: Arc<Mcp>,
    pub(super) health: Arc<Health>,
    /// The configuration in force, and where a reload puts another.
    pub(super) config: (watch::Sender<Arc<Config>>, watch::Receiver<Arc<Config>>),
}

/// What the house stands on.
pub(super) struct Ground {
    pub(super) store: Store,
    /// The folder in which sentence models are installed.
    pub(super) models: PathBuf,
    /// The home folder of the daemon's user.
    pub(super) home: Option<PathBuf>,
}

impl House {
    /// Builds the house. `keys` is absent where nobody is asked for one; `listed` is the operators' allowlist.
    pub(super) async fn build(
        config: &Config,
        Ground { store, models, home }: Ground,
        recorder: Recorder,
        keys: Option<Arc<Keyring>>,
        listed: Option<Vec<IpNet>>,
    ) -> Result<Self, LifeError> {
        let recorder = Arc::new(recorder);
        let in_force = watch::channel(Arc::new(config.clone()));
        let guard = Arc::new(Guard::new(config, keys, listed, Arc::clone(&recorder)));
        let memories = Arc::new(Memories::new(store.clone(), in_force.1.clone(), models));
        let code = Code::new(store.clone(), in_force.1.clone(), home);
        let ai = Arc::new(Ai::new(store.clone(), in_force.1.clone(), Arc::clone(&recorder)));
        let quality = Quality::new(store.clone(), Arc::clone(&code), in_force.1.clone());
        let shelves = Shelves { store: &store, memories: &memories, code: &code, quality: &quality, ai: &ai };
        let registry = Arc::new(Registry::new(shelves, in_force.1.clone(), &recorder)?);
        registry.restore(&store).await?;
        let sessions = Arc::new(Sessions::new(&config.limits, Some(store.clone())));
        let news = Arc::new(News::new(Arc::clone(&sessions)));
        let library = Library::new(store.clone(), Arc::clone(&memories));
        let mcp = Mcp::new(
            Arc::clone(&guard),
            Arc::clone(&registry),
            Arc::clone(&news),
            library,
            Arc::clone(&recorder),
        );
        let health = Arc::new(Health::new(
            store.clone(),
            Arc::clone(&guard),
            Arc::clone(&memories),
            recorder.audit().clone(),
        ));
        Ok(Self {
            store,
            memories,
            code,
            ai,
            recorder,
            guard,
            registry,
            sessions,
            news,
            mcp: Arc::new(mcp),
            health,
            config: in_force,
        })
    }
}
