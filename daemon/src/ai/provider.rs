//! One provider: a prompt goes out, its answer comes back in pieces. A provider that is busy or away is tried again, as
//! it wishes and while there is time; one that has begun to answer is not, since its words are paid for.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::StatusCode;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use mcpd_config::Ai as Settings;
use rand::RngExt;
use sse_stream::SseStream;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::{
    Prompt, ProviderError, Ready, Usage, is_name,
    wire::{End, Piece, Wire},
};
use crate::{
    memory::estimated_tokens,
    outbound::{KeyText, OutboundError, Said, Sent, Site},
};

/// What complaints call it.
const WHAT: &str = "provider";
/// Pause before the second try when the provider names none; each further one is twice as long.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest pause of our own.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Bytes of a streamed answer for each token it may have: events are wordy.
const BYTES_PER_TOKEN: usize = 2_048;
/// Bytes of an answer after which somebody is told how far it is.
const STEP: usize = 256;
/// How many times our estimate a provider may say that a prompt or an answer had; more is no count.
const TIMES: i64 = 8;
/// Overloaded, in the words of Anthropic's API.
const OVERLOADED: u16 = 529;

/// A provider as the settings name it.
#[derive(Debug)]
pub(super) struct Provider {
    settings: Settings,
    key: Option<KeyText>,
    wire: Wire,
    site: Site,
    model: String,
}

/// A whole answer.
#[derive(Debug)]
pub(super) struct Spoken {
    pub(super) text: String,
    pub(super) model: String,
    pub(super) usage: Usage,
}

/// No answer, and what it cost all the same.
#[derive(Debug)]
pub(super) struct Failed {
    pub(super) error: ProviderError,
    pub(super) usage: Usage,
}

impl<E: Into<ProviderError>> From<E> for Failed {
    fn from(error: E) -> Self {
        // What did not begin to answer used nothing, and that is no estimate.
        Self { error: error.into(), usage: Usage { is_counted: true, ..Usage::default() } }
    }
}

impl Provider {
    /// Takes settings and key. Nothing is sent yet.
    pub(super) fn new(settings: &Settings, key: Option<KeyText>) -> Result<Self, ProviderError> {
        // Nobody is made for settings that name none.
        let wire = Wire::of(settings.provider).unwrap_or(Wire::Anthropic);
        let url = settings.url.as_deref().unwrap_or(wire.url());
        let site = Site::new(WHAT, url, key.clone().map(|key| wire.key(key)))?;
        let model = settings.model.clone().unwrap_or_default();
        Ok(Self { settings: settings.clone(), key, wire, site, model })
    }

    /// Answers whether it is the one of these settings and this key.
    pub(super) fn is_of(&self, settings: &Settings, key: Option<&KeyText>) -> bool {
        self.settings == *settings && self.key.as_ref() == key
    }

    /// Returns what it would be asked as.
    pub(super) fn ready(&self) -> Ready {
        Ready { model: self.model.clone(), place: self.place(), has_key: self.key.is_some() }
    }

    /// Has the model answer. `heard` is told the tokens so far, estimated.
    pub(super) async fn speak(
        &self,
        prompt: &Prompt,
        heard: &(dyn Fn(i64) + Sync),
    ) -> Result<Spoken, Failed> {
        let until = Instant::now() + self.settings.deadline;
        let body = self.wire.body(&self.model, prompt, self.settings.output_tokens);
        let body = Bytes::from(body.map_err(ProviderError::Prompt)?);
        let (mut tries, mut spent) = (0, Usage { is_counted: true, ..Usage::default() });
        loop {
            let mut failed = match self.once(prompt, body.clone(), until, heard).await {
                Ok(spoken) => return Ok(Spoken { usage: spoken.usage.and(spent), ..spoken }),
                Err(failed) => failed,
            };
            failed.usage = failed.usage.and(spent);
            spent = failed.usage;
            let Some(wish) = again(&failed) else { return Err(failed) };
            let pause = wish.unwrap_or_else(|| backoff(tries));
            tries += 1;
            if tries > self.settings.retries || pause >= until.saturating_duration_since(Instant::now()) {
                return Err(failed);
            }
            tracing::debug!(error = %failed.error, ?pause, "the provider is tried again");
            sleep(pause).await;
        }
    }

    async fn once(
        &self,
        prompt: &Prompt,
        body: Bytes,
        until: Instant,
        heard: &(dyn Fn(i64) + Sync),
    ) -> Result<Spoken, Failed> {
        let texts = [prompt.user(), prompt.system()];
        let sent = self.site.sent(&texts);
        let late = || OutboundError::Late { place: self.place(), deadline: self.settings.deadline };
        let headers = self.wire.headers();
        let posted = self.site.post(&headers, "text/event-stream", body, &sent);
        let response = match timeout_at(until, posted).await {
            Ok(response) => response?,
            // It has the prompt, and may have made the answer: that is paid for, whether or not it arrives.
            Err(_) => {
                let output = self.settings.output_tokens.into();
                let usage = Usage { input: prompt.tokens(), output, is_counted: false };
                return Err(Failed { error: late().into(), usage });
            }
        };
        let mut hearing =
            Hearing { provider: self, prompt, words: String::new(), told: 0, seen: Seen::default(), heard };
        let heard = timeout_at(until, hearing.listen(response.into_body(), &sent)).await;
        let usage = hearing.usage();
        match heard {
            Ok(Ok(())) => {
                // Nothing of an answer that shows the key is used, wherever in it that is.
                if self.repeats(&hearing.words) {
                    return Err(Failed { error: ProviderError::Repeats { place: self.place() }, usage });
                }
                let named = hearing.seen.model.take().filter(|name| is_name(name) && !self.repeats(name));
                Ok(Spoken { text: hearing.words, model: named.unwrap_or_else(|| self.model.clone()), usage })
            }
            Ok(Err(error)) => Err(Failed { error, usage }),
            Err(_) => Err(Failed { error: late().into(), usage }),
        }
    }

    /// Answers whether a text shows the key.
    fn repeats(&self, text: &str) -> bool {
        self.key.as_ref().is_some_and(|key| key.is_in(text))
    }

    fn place(&self) -> String {
        self.site.place().to_owned()
    }
}

/// What the pieces said besides words.
#[derive(Debug, Default)]
struct Seen {
    model: Option<String>,
    input: Option<i64>,
    output: Option<i64>,
    end: Option<End>,
}

/// An answer while it comes.
struct Hearing<'a> {
    provider: &'a Provider,
    prompt: &'a Prompt,
    words: String,
    /// Bytes of them when somebody was told last.
    told: usize,
    seen: Seen,
    heard: &'a (dyn Fn(i64) + Sync),
}

impl Hearing<'_> {
    async fn listen(&mut self, body: Incoming, sent: &Sent<'_>) -> Result<(), ProviderError> {
        let settings = &self.provider.settings;
        let place = || self.provider.place();
        let most = settings.output_tokens as usize * BYTES_PER_TOKEN;
        let mut events = SseStream::new(Limited::new(body, most).map_err(std::io::Error::other));
        loop {
            let Ok(event) = timeout(settings.stall, events.next()).await else {
                return Err(ProviderError::Stalled { place: place(), after: settings.stall });
            };
            let data = match event {
                Some(Ok(event)) => event.data,
                // A connection that broke, or more bytes than an answer has.
                Some(Err(sse_stream::Error::Body(_))) => {
                    return Err(ProviderError::Unfinished { place: place() });
                }
                Some(Err(error)) => return Err(self.foreign(&error.to_string(), sent)),
                // Some servers end the connection after the last piece instead of saying that it was the last.
                None if self.seen.end.is_some() => return self.ended(),
                None => return Err(ProviderError::Unfinished { place: place() }),
            };
            let Some(data) = data else { continue };
            let piece =
                self.provider.wire.piece(&data).map_err(|error| self.foreign(&error.to_string(), sent))?;
            let is_last = piece.is_last;
            if let Some(trouble) = &piece.error {
                let said = Said::words(&trouble.message, sent);
                return Err(ProviderError::BrokeOff {
                    place: place(),
                    said,
                    is_overload: trouble.is_overload,
                });
            }
            self.take(piece);
            if is_last {
                return self.ended();
            }
        }
    }

    fn take(&mut self, piece: Piece) {
        let seen = &mut self.seen;
        seen.model = piece.model.or(seen.model.take());
        seen.input = piece.input.or(seen.input);
        seen.output = piece.output.or(seen.output);
        seen.end = piece.end.or(seen.end);
        if !piece.words.is_empty() {
            self.words.push_str(&piece.words);
            if self.words.len() - self.told >= STEP {
                self.told = self.words.len();
                (self.heard)(estimated_tokens(&self.words));
            }
        }
    }

    fn ended(&self) -> Result<(), ProviderError> {
        let place = self.provider.place();
        match self.seen.end {
            Some(End::Complete) => Ok(()),
            Some(End::TooLong) => {
                Err(ProviderError::TooLong { place, tokens: self.provider.settings.output_tokens })
            }
            Some(End::Declined) => Err(ProviderError::Declined { place }),
            None => Err(ProviderError::Unfinished { place }),
        }
    }

    fn foreign(&self, reason: &str, sent: &Sent<'_>) -> ProviderError {
        ProviderError::Protocol {
            place: self.provider.place(),
            protocol: self.provider.wire.protocol(),
            reason: Said::words(reason, sent).to_string().trim_start_matches(": ").to_owned(),
        }
    }

    /// Returns what was used: as the provider says, else as estimated from what went out and came.
    fn usage(&self) -> Usage {
        // What a provider says counts against a tenant's month: within reason.
        let within = |told: Option<i64>, most: i64| told.filter(|told| (0..=most).contains(told));
        let (prompt, most) = (self.prompt.tokens(), i64::from(self.provider.settings.output_tokens));
        let input = within(self.seen.input, prompt.saturating_mul(TIMES));
        let output = within(self.seen.output, most.saturating_mul(TIMES));
        Usage {
            input: input.unwrap_or(prompt),
            output: output.unwrap_or_else(|| estimated_tokens(&self.words)),
            is_counted: input.is_some() && output.is_some(),
        }
    }
}

/// Returns whether another try may end otherwise, and how long the provider wishes to be left alone.
fn again(failed: &Failed) -> Option<Option<Duration>> {
    match &failed.error {
        ProviderError::Outbound(OutboundError::Status { status, wait, .. }) => {
            is_passing(*status).then_some(*wait)
        }
        ProviderError::Outbound(
            OutboundError::Closed { .. } | OutboundError::Refused { .. } | OutboundError::Unreachable { .. },
        ) => Some(None),
        ProviderError::BrokeOff { is_overload: true, .. } if failed.usage.output == 0 => Some(None),
        ProviderError::Outbound(_)
        | ProviderError::Prompt(_)
        | ProviderError::Stalled { .. }
        | ProviderError::Unfinished { .. }
        | ProviderError::TooLong { .. }
        | ProviderError::Declined { .. }
        | ProviderError::Repeats { .. }
        | ProviderError::BrokeOff { .. }
        | ProviderError::Protocol { .. } => None,
    }
}

fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504 | OVERLOADED)
}

/// Returns a pause of our own: exponential with full jitter, so that those who failed together do not come back together
/// (Brooker, "Exponential Backoff and Jitter", 2015).
fn backoff(tries: u64) -> Duration {
    let factor = 1_u32.checked_shl(u32::try_from(tries).unwrap_or(u32::MAX)).unwrap_or(u32::MAX);
    let most = PAUSE.saturating_mul(factor).min(LONGEST_PAUSE);
    most.mul_f64(rand::rng().random_range(0.1..=1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_are_bounded() {
        for (tries, most) in [(0, 500), (1, 1000), (3, 4000), (4, 8000), (9, 8000), (u64::MAX, 8000)] {
            for _ in 0..100 {
                let pause = backoff(tries);
                assert!(pause <= Duration::from_millis(most), "{tries}: {pause:?}");
                assert!(pause >= Duration::from_millis(most / 10), "{tries}: {pause:?}");
            }
        }
    }
}
