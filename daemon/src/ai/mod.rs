//! Answers in a model's words: a prompt goes to the provider an operator set up, within its budget, and comes back as
//! what was asked for, or not at all. Whoever asks goes on with the facts then.

mod answer;
mod error;
mod prompt;
mod provider;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use chrono::{DateTime, Utc};
use mcpd_config::{AiProvider, Config};
use parking_lot::Mutex;
use tokio::sync::watch;

pub(crate) use answer::{Unusable, is_name, json_in};
pub(crate) use error::{ProviderError, Silence};
pub(crate) use prompt::{Prompt, Shape};
use provider::Provider;
pub(crate) use wire::Usage;

use crate::{
    outbound::KeyText,
    store::{Spent, Store},
    telemetry::{AiAnswered, Recorder},
};

/// The variable that holds the key of the provider, where no file does.
const KEY_VARIABLE: &str = "MCPD_AI_KEY";

/// The provider in use, and what it may cost.
pub struct Ai {
    store: Store,
    config: watch::Receiver<Arc<Config>>,
    recorder: Arc<Recorder>,
    /// Key of the environment, read once at the start.
    key: Option<KeyText>,
    provider: Mutex<Option<Arc<Provider>>>,
    running: AtomicU32,
}

/// A prompt, who pays for it, and who hears how far its answer is.
pub(crate) struct Ask<'a> {
    /// Whose budget it is taken from.
    pub(crate) tenant: &'a str,
    pub(crate) prompt: &'a Prompt,
    /// Hears the tokens so far, estimated.
    pub(crate) heard: &'a (dyn Fn(i64) + Sync),
}

/// An answer that is what was asked for.
#[derive(Debug)]
pub(crate) struct Answered<T> {
    pub(crate) answer: T,
    /// The model as it names itself.
    pub(crate) model: String,
    pub(crate) usage: Usage,
}

/// A provider that could be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ready {
    pub(crate) model: String,
    /// Host and port.
    pub(crate) place: String,
    pub(crate) has_key: bool,
}

/// Counts an answer that is being made for as long as it lives.
struct Running<'a>(&'a AtomicU32);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Ai {
    /// Makes the floor on a store. Nothing is asked yet.
    pub fn new(store: Store, config: watch::Receiver<Arc<Config>>, recorder: Arc<Recorder>) -> Self {
        let key = std::env::var(KEY_VARIABLE).ok().filter(|key| !key.trim().is_empty()).map(KeyText::new);
        Self { store, config, recorder, key, provider: Mutex::default(), running: AtomicU32::new(0) }
    }

    /// Returns the provider that would be asked, if one is set up, or why it could not be. Nothing is sent.
    pub(crate) async fn ready(&self) -> Result<Option<Ready>, String> {
        let settings = self.settings();
        if settings.provider == AiProvider::Off {
            return Ok(None);
        }
        match self.provider(&settings).await {
            Ok(provider) => Ok(Some(provider.ready())),
            Err(silence) => Err(told(&silence)),
        }
    }

    /// Returns the settings in force.
    pub(crate) fn settings(&self) -> mcpd_config::Ai {
        self.config.borrow().ai.clone()
    }

    /// Has the provider answer a prompt; `read` turns its words into what was asked for. Any other end is a silence
    /// with its reason.
    pub(crate) async fn answer<T>(
        &self,
        ask: Ask<'_>,
        read: impl FnOnce(&str) -> Result<T, Unusable>,
    ) -> Result<Answered<T>, Silence> {
        let settings = self.settings();
        if settings.provider == AiProvider::Off {
            return Err(Silence::Off);
        }
        let began = std::time::Instant::now();
        let answered = self.within_limits(&settings, ask, read).await;
        let (outcome, usage) = match &answered {
            Ok(answered) => ("answered", answered.usage),
            Err((silence, usage)) => (silence.as_str(), *usage),
        };
        let error = answered.as_ref().err().map(|(silence, _)| told(silence));
        let Usage { input, output, .. } = usage;
        let duration = began.elapsed();
        AiAnswered { recorder: &self.recorder, outcome, error, input, output, duration }.emit();
        answered.map_err(|(silence, _)| silence)
    }

    async fn within_limits<T>(
        &self,
        settings: &mcpd_config::Ai,
        ask: Ask<'_>,
        read: impl FnOnce(&str) -> Result<T, Unusable>,
    ) -> Result<Answered<T>, (Silence, Usage)> {
        let unspent = |silence| (silence, Usage::default());
        let _running = self.run(settings.concurrency).map_err(unspent)?;
        let provider = self.provider(settings).await.map_err(unspent)?;
        let reserved = ask.prompt.tokens() + i64::from(settings.output_tokens);
        let month = month(Utc::now());
        let budget = i64::try_from(settings.monthly_tokens).unwrap_or(i64::MAX);
        let usages = self.store.ai_usage();
        match usages.reserve(ask.tenant, &month, reserved, budget).await {
            Ok(true) => {}
            Ok(false) => return Err(unspent(Silence::Budget { budget })),
            Err(error) => return Err(unspent(Silence::Store(error))),
        }
        // From here on the reservation stands until what was really used is known: a call that is cut off in between
        // counts as if it had used everything.
        let spoken = provider.speak(ask.prompt, ask.heard).await;
        let usage = match &spoken {
            Ok(spoken) => spoken.usage,
            Err(failed) => failed.usage,
        };
        let spent = Spent { reserved, input: usage.input, output: usage.output };
        if let Err(error) = usages.settle(ask.tenant, &month, spent).await {
            // The answer is paid for: it is not thrown away because the books cannot be kept.
            tracing::warn!(%error, "what an answer used could not be written down; its reservation stands");
        }
        let spoken = spoken.map_err(|failed| (Silence::Provider(failed.error), failed.usage))?;
        let answer = read(&spoken.text).map_err(|unusable| (Silence::Unusable(unusable), usage))?;
        Ok(Answered { answer, model: spoken.model, usage })
    }

    fn run(&self, most: u32) -> Result<Running<'_>, Silence> {
        let before = self.running.fetch_add(1, Ordering::AcqRel);
        let running = Running(&self.running);
        if before >= most { Err(Silence::Busy { most }) } else { Ok(running) }
    }

    /// Returns the provider the settings name, made anew when they or the key have changed.
    async fn provider(&self, settings: &mcpd_config::Ai) -> Result<Arc<Provider>, Silence> {
        let key = match &settings.key_file {
            Some(file) => {
                let text = tokio::fs::read_to_string(file).await.map(KeyText::new);
                Some(text.map_err(|error| Silence::KeyFile { file: file.clone(), error })?)
            }
            None => self.key.clone(),
        };
        let mut kept = self.provider.lock();
        if let Some(provider) = kept.as_ref().filter(|provider| provider.is_of(settings, key.as_ref())) {
            return Ok(Arc::clone(provider));
        }
        let made = Arc::new(Provider::new(settings, key).map_err(Silence::Provider)?);
        *kept = Some(Arc::clone(&made));
        Ok(made)
    }
}

/// Says why nobody answered, in the words for operators.
fn told(silence: &Silence) -> String {
    match silence.detail() {
        Some(detail) => format!("{silence}: {detail}"),
        None => silence.to_string(),
    }
}

/// Returns the month that a budget is of.
fn month(now: DateTime<Utc>) -> String {
    now.format("%Y-%m").to_string()
}
