//! Which model compares memories by meaning: one file read into the process, or an endpoint. There is one at a time.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use mcpd_config::{EmbeddingSource, Embeddings};
use mcpd_recall::Encoder;
use parking_lot::RwLock;
use tokio::sync::Notify;

use super::{MemoryError, endpoint::Endpoint, indexes::Space};
use crate::outbound::{KeyText, SiteKey};

/// Name of the model's file in the folder of models.
const FILE: &str = "use-multilingual-3.safetensors";

/// Where packages put the file.
const SHARED: [&str; 2] = ["/usr/local/share/mcpd/models", "/usr/share/mcpd/models"];

/// How long an endpoint that failed is left alone.
const REST: Duration = Duration::from_secs(10);

/// How long an endpoint has to say what it is, and to embed memories: nobody waits for either.
const PATIENCE: Duration = Duration::from_secs(60);

/// A model that can be asked.
#[derive(Debug)]
pub(super) enum Model {
    /// In this process.
    Local(Local),
    /// Behind an address.
    Remote(Remote),
}

#[derive(Debug)]
pub(super) struct Local {
    name: String,
    pub(super) encoder: Encoder,
    file: PathBuf,
    /// Size and age of the file when it was read.
    stamp: (u64, Option<std::time::SystemTime>),
}

#[derive(Debug)]
pub(super) struct Remote {
    name: String,
    dimensions: usize,
    endpoint: Endpoint,
    settings: Embeddings,
    /// Age of the file of its key when that was read.
    key_stamp: Option<std::time::SystemTime>,
}

/// Why texts have no vectors.
#[derive(Debug)]
pub(super) enum Unembeddable {
    /// The model does not answer.
    Away(String),
    /// The model answers, but will not have one of these texts.
    Refused(String),
}

impl Unembeddable {
    pub(super) fn reason(self) -> String {
        match self {
            Self::Away(reason) | Self::Refused(reason) => reason,
        }
    }
}

/// How a model fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelState {
    /// None is set up, or none is installed.
    Off,
    /// It answers.
    Ready,
    /// It is set up and does not answer.
    Away,
}

/// A model as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelView {
    /// How it fares.
    pub state: ModelState,
    /// Name under which its vectors are kept: the model and the numbers in a vector.
    pub id: Option<String>,
    /// Numbers in a vector.
    pub dimensions: Option<usize>,
    /// The file or the address.
    pub source: Option<String>,
    /// Why it is away or off.
    pub reason: Option<String>,
}

/// The model in use, and where others come from.
#[derive(Debug)]
pub(super) struct Models {
    folder: PathBuf,
    now: RwLock<Now>,
    poked: Notify,
    look: AtomicBool,
    /// Held while the model is looked for: an older look must not undo a newer one.
    refreshing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Now {
    model: Option<Arc<Model>>,
    trouble: Option<Trouble>,
}

#[derive(Debug, Clone)]
struct Trouble {
    reason: String,
    since: Instant,
}

impl Model {
    pub(super) fn space(&self) -> Space<'_> {
        match self {
            Self::Local(local) => Space { model: &local.name, dimensions: local.encoder.dimensions() },
            Self::Remote(remote) => Space { model: &remote.name, dimensions: remote.dimensions },
        }
    }

    fn source(&self) -> String {
        match self {
            Self::Local(local) => local.file.display().to_string(),
            Self::Remote(remote) => remote.settings.url.clone().unwrap_or_default(),
        }
    }
}

impl Models {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            now: RwLock::default(),
            poked: Notify::new(),
            look: AtomicBool::new(true),
            refreshing: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the model, whether or not it answers right now.
    pub(super) fn current(&self) -> Option<Arc<Model>> {
        self.now.read().model.clone()
    }

    pub(super) fn wants_vectors(&self) -> bool {
        self.now.read().model.is_some()
    }

    /// Returns why the model that is set up does not answer.
    pub(super) fn away(&self) -> Option<String> {
        self.now.read().trouble.as_ref().map(|trouble| trouble.reason.clone())
    }

    /// Wakes the worker.
    pub(super) fn poke(&self) {
        self.poked.notify_one();
    }

    /// Waits to be poked.
    pub(super) async fn poked(&self) {
        self.poked.notified().await;
    }

    /// Has the worker look through the store for memories without a vector.
    pub(super) fn look_through(&self) {
        self.look.store(true, Ordering::Relaxed);
    }

    /// Takes the wish to look through the store.
    pub(super) fn takes_look(&self) -> bool {
        self.look.swap(false, Ordering::Relaxed)
    }

    /// Returns the vector of a question. An endpoint that just failed is not asked again for a while.
    pub(super) async fn ask(&self, remote: &Remote, text: &str) -> Result<Vec<f32>, String> {
        let resting = self.now.read().trouble.clone().filter(|trouble| trouble.since.elapsed() < REST);
        if let Some(trouble) = resting {
            return Err(trouble.reason);
        }
        let vectors = self.embed(remote, &[text.to_owned()], remote.settings.deadline).await;
        vectors.map(|mut vectors| vectors.swap_remove(0)).map_err(Unembeddable::reason)
    }

    /// Returns the vectors of memories, which nobody waits for.
    pub(super) async fn embed_many(
        &self,
        remote: &Remote,
        texts: &[String],
    ) -> Result<Vec<Vec<f32>>, Unembeddable> {
        self.embed(remote, texts, PATIENCE).await
    }

    async fn embed(
        &self,
        remote: &Remote,
        texts: &[String],
        deadline: Duration,
    ) -> Result<Vec<Vec<f32>>, Unembeddable> {
        let away = |reason: String| {
            tracing::warn!(reason, "the embeddings endpoint is away");
            self.now.write().trouble = Some(Trouble { reason: reason.clone(), since: Instant::now() });
            Unembeddable::Away(reason)
        };
        match remote.endpoint.embed(texts, deadline).await {
            Ok(vectors)
                if vectors.len() == texts.len()
                    && vectors.iter().all(|vector| vector.len() == remote.dimensions) =>
            {
                self.now.write().trouble = None;
                Ok(vectors)
            }
            Ok(_) => Err(away("the endpoint gives vectors of another length now".to_owned())),
            // It answered: others' texts may be to its liking.
            Err(error) if error.is_about_the_texts() => Err(Unembeddable::Refused(error.to_string())),
            Err(error) => Err(away(error.to_string())),
        }
    }

    /// Puts the model in place that the settings ask for; returns whether it is another than the one in use before.
    pub(super) async fn refresh(&self, settings: &Embeddings) -> bool {
        let _refreshing = self.refreshing.lock().await;
        let found = match settings.source {
            EmbeddingSource::Off => Ok(None),
            EmbeddingSource::Local => self.local().await,
            EmbeddingSource::Endpoint => self.remote(settings).await.map(Some),
        };
        let mut now = self.now.write();
        let before = now.model.as_ref().map(|model| model.space().model.to_owned());
        match found {
            Ok(model) => {
                *now = Now {
                    model,
                    trouble: now.trouble.take().filter(|_| settings.source == EmbeddingSource::Endpoint),
                }
            }
            Err(reason) => {
                let known = now.trouble.as_ref().is_some_and(|trouble| trouble.reason == reason);
                if !known {
                    tracing::warn!(reason, "the embedding model is away; memories are found by their words");
                }
                *now = Now { model: None, trouble: Some(Trouble { reason, since: Instant::now() }) };
            }
        }
        let after = now.model.as_ref().map(|model| model.space().model.to_owned());
        drop(now);
        if before == after {
            return false;
        }
        self.look_through();
        if let Some(model) = after {
            tracing::info!(model, "the embedding model is in place");
        }
        true
    }

    /// Returns the model in the first file there is.
    async fn local(&self) -> Result<Option<Arc<Model>>, String> {
        let places = std::iter::once(self.folder.clone()).chain(SHARED.map(PathBuf::from));
        let Some((file, data)) = places
            .map(|folder| folder.join(FILE))
            .find_map(|file| fs::metadata(&file).ok().map(|data| (file, data)))
        else {
            return Ok(None);
        };
        let stamp = (data.len(), data.modified().ok());
        if let Some(model) = self.current()
            && let Model::Local(local) = &*model
            && local.file == file
            && local.stamp == stamp
        {
            return Ok(Some(model));
        }
        let path = file.clone();
        let read = tokio::task::spawn_blocking(move || Encoder::read(&path)).await;
        let encoder = read.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        let name = format!("{}/{}", encoder.id(), encoder.dimensions());
        Ok(Some(Arc::new(Model::Local(Local { name, encoder, file, stamp }))))
    }

    /// Returns the endpoint, once it has said how long its vectors are.
    async fn remote(&self, settings: &Embeddings) -> Result<Arc<Model>, String> {
        let stamp = |file: &PathBuf| fs::metadata(file).and_then(|data| data.modified()).ok();
        let key_stamp = settings.key_file.as_ref().and_then(stamp);
        if let Some(model) = self.current()
            && let Model::Remote(remote) = &*model
            && remote.settings == *settings
            && remote.key_stamp == key_stamp
        {
            return Ok(model);
        }
        let (url, model) =
            settings.url.as_deref().zip(settings.model.as_deref()).ok_or("no endpoint is named")?;
        let key = match &settings.key_file {
            Some(file) => {
                let text = tokio::fs::read_to_string(file).await;
                let text = text.map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
                Some(SiteKey::bearer(KeyText::new(text)))
            }
            None => None,
        };
        let endpoint = Endpoint::new(url, model, key).map_err(|error| error.to_string())?;
        let first = endpoint.embed(&["mcpd".to_owned()], settings.deadline).await;
        let dimensions = first.map_err(|error| error.to_string())?.first().map_or(0, Vec::len);
        let name = format!("{model}/{dimensions}");
        Ok(Arc::new(Model::Remote(Remote {
            name,
            dimensions,
            endpoint,
            settings: settings.clone(),
            key_stamp,
        })))
    }

    /// Returns the model as an operator sees it.
    pub(super) fn view(&self, settings: &Embeddings) -> ModelView {
        let now = self.now.read();
        let space = now.model.as_deref().map(Model::space);
        let state = match (&now.trouble, &now.model) {
            (Some(_), _) => ModelState::Away,
            (None, Some(_)) => ModelState::Ready,
            (None, None) => ModelState::Off,
        };
        let off = match settings.source {
            EmbeddingSource::Off => "embeddings.source is \"off\"",
            EmbeddingSource::Local => "no model is installed",
            EmbeddingSource::Endpoint => "the endpoint was not asked yet",
        };
        let trouble = now.trouble.as_ref().map(|trouble| trouble.reason.clone());
        ModelView {
            state,
            id: space.map(|space| space.model.to_owned()),
            dimensions: space.map(|space| space.dimensions),
            source: now.model.as_deref().map(Model::source),
            reason: trouble.or_else(|| (state == ModelState::Off).then(|| off.to_owned())),
        }
    }

    /// Checks a model file and copies it to its place.
    pub(super) fn install(&self, file: &Path) -> Result<(), MemoryError> {
        let cannot =
            |what: &str, error: &dyn std::fmt::Display| MemoryError::Model(format!("{what}: {error}"));
        let data = fs::metadata(file).map_err(|error| cannot(&file.display().to_string(), &error))?;
        if !data.is_file() {
            return Err(cannot(&file.display().to_string(), &"it is no regular file"));
        }
        // The copy is what is checked: nobody can exchange it between the look and the use.
        fs::create_dir_all(&self.folder).map_err(|error| cannot("the folder of models", &error))?;
        let beside = self.folder.join(format!(".{FILE}.new"));
        let copied = copy(file, &beside).map_err(|error| cannot("the copy", &error)).and_then(|()| {
            Encoder::read(&beside).map_err(|error| MemoryError::Model(error.to_string()))?;
            fs::rename(&beside, self.folder.join(FILE)).map_err(|error| cannot("the copy", &error))
        });
        if copied.is_err() {
            // What could not be used is not kept; that it cannot be removed says nothing more.
            let _ = fs::remove_file(&beside);
        }
        copied
    }

    /// Removes the installed model; `false` when there was none.
    pub(super) fn remove(&self) -> Result<bool, MemoryError> {
        match fs::remove_file(self.folder.join(FILE)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(MemoryError::Model(format!("the file cannot be removed: {error}"))),
        }
    }
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut read = fs::File::open(from)?;
    let mut written = fs::File::options().create(true).truncate(true).write(true).mode(0o600).open(to)?;
    written.set_permissions(fs::Permissions::from_mode(0o600))?;
    std::io::copy(&mut read, &mut written)?;
    written.flush()?;
    written.sync_all()
}
