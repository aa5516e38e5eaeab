//! A client of an embeddings endpoint that speaks OpenAI's protocol: one POST, a list of vectors back.

mod answer;
#[cfg(test)]
mod tests;

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout};

use crate::outbound::{OutboundError, Site, SiteKey};
use answer::AnswerError;

/// Most texts in one request: what the most modest servers take (text-embeddings-inference, unless told otherwise).
pub(crate) const BATCH: usize = 32;

/// Longest text that is sent, in characters; what a model reads of it is the endpoint's affair.
const LONGEST: usize = 32_000;

/// Bytes an answer may have besides its vectors.
const FRAME: usize = 1 << 20;
/// Bytes of one number, generously: `-0.00012345678901234567` on an indented line of its own has less.
const NUMBER: usize = 64;

/// Pause before the second try when the endpoint does not name one.
const PAUSE: Duration = Duration::from_millis(250);

/// What complaints call it.
const WHAT: &str = "embeddings endpoint";

/// Why an endpoint cannot be asked, or gave no vectors.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EndpointError {
    /// More texts than one request takes.
    #[error("{0} texts are more than the {BATCH} of one request")]
    TooMany(usize),
    /// The question cannot be written.
    #[error("the question cannot be written as JSON")]
    Question(#[source] serde_json::Error),
    /// It cannot be asked, or does not answer.
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    /// The answer is not what was asked for.
    #[error("the answer of {place} cannot be used: {reason}")]
    Answer {
        /// Host and port.
        place: String,
        /// What is wrong with it.
        reason: AnswerError,
    },
}

impl EndpointError {
    /// Returns whether it answered, and only these texts are what it will not have.
    pub(crate) fn is_about_the_texts(&self) -> bool {
        match self {
            Self::Outbound(OutboundError::Status { status, .. }) => {
                let about_us = [401, 402, 403, 404, 405, 407, 408, 429];
                status.is_client_error() && !about_us.contains(&status.as_u16())
            }
            Self::Answer { .. } => true,
            Self::TooMany(_) | Self::Question(_) | Self::Outbound(_) => false,
        }
    }

    /// Returns how long to wait before a second try; nothing when that would end alike.
    fn again(&self) -> Option<Duration> {
        let Self::Outbound(error) = self else { return None };
        if let OutboundError::Status { status, wait, .. } = error
            && [StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE].contains(status)
        {
            return Some(wait.unwrap_or(PAUSE));
        }
        // A kept connection may have been closed by the other side just when it was used again; to embed twice does no
        // harm.
        matches!(error, OutboundError::Closed { .. }).then_some(Duration::ZERO)
    }
}

/// An embeddings endpoint and the model it is asked for.
#[derive(Debug)]
pub(crate) struct Endpoint {
    site: Site,
    model: String,
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    input: &'a [&'a str],
    /// What OpenAI's own client asks for by itself is base64.
    encoding_format: &'static str,
}

impl Endpoint {
    /// Takes the full address, up to and with `/embeddings`. Nothing is sent yet.
    pub(crate) fn new(url: &str, model: &str, key: Option<SiteKey>) -> Result<Self, EndpointError> {
        Ok(Self { site: Site::new(WHAT, url, key)?, model: model.to_owned() })
    }

    /// Returns the model that is asked for.
    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    /// Embeds up to [`BATCH`] texts: vectors in their order, of length 1 and of one dimension.
    ///
    /// A busy endpoint and a connection that broke are tried a second time, if that still fits into `deadline`.
    pub(crate) async fn embed(
        &self,
        texts: &[String],
        deadline: Duration,
    ) -> Result<Vec<Vec<f32>>, EndpointError> {
        if texts.is_empty() {
            return Ok(Vec::new());
        }
        if texts.len() > BATCH {
            return Err(EndpointError::TooMany(texts.len()));
        }
        let texts: Vec<&str> = texts.iter().map(|text| cut(text)).collect();
        let tries = self.tries(&texts, deadline);
        let late = |_| OutboundError::Late { place: self.site.place().to_owned(), deadline };
        timeout(deadline, tries).await.map_err(late)?
    }

    async fn tries(&self, texts: &[&str], deadline: Duration) -> Result<Vec<Vec<f32>>, EndpointError> {
        let start = Instant::now();
        let question = Question { model: self.model(), input: texts, encoding_format: "float" };
        let body = Bytes::from(serde_json::to_vec(&question).map_err(EndpointError::Question)?);
        let error = match self.once(texts, body.clone()).await {
            Ok(vectors) => return Ok(vectors),
            Err(error) => error,
        };
        let left = deadline.saturating_sub(start.elapsed());
        match error.again() {
            Some(pause) if pause < left => {
                sleep(pause).await;
                self.once(texts, body).await
            }
            Some(_) | None => Err(error),
        }
    }

    async fn once(&self, texts: &[&str], body: Bytes) -> Result<Vec<Vec<f32>>, EndpointError> {
        let sent = self.site.sent(texts);
        let response = self.site.post(&[], "application/json", body, &sent).await?;
        let limit = FRAME + texts.len() * answer::DIMENSIONS.end() * NUMBER;
        let body = self.site.whole(response.into_body(), limit).await?;
        answer::vectors(&body, &sent)
            .map_err(|reason| EndpointError::Answer { place: self.site.place().to_owned(), reason })
    }
}

/// Returns the beginning of a text that is sent.
fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end])
}
