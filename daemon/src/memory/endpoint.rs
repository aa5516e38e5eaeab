//! A client of an embeddings endpoint that speaks OpenAI's protocol: one POST, a list of vectors back.
//!
//! The texts are memories and the key is a secret, so nothing of them is followed elsewhere, logged or repeated in an
//! error. The environment is not read: no proxy, no certificate file of another name than the system's.

mod answer;
mod error;
mod message;
mod roots;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{
    HeaderMap, HeaderValue, Request, Response, StatusCode, Uri,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, LOCATION, RETRY_AFTER, USER_AGENT},
    uri::Scheme,
};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout};
use zeroize::Zeroizing;

pub(crate) use error::EndpointError;
use message::{Said, Sent};

/// Most texts in one request: what the most modest servers take (text-embeddings-inference, unless told otherwise).
pub(crate) const BATCH: usize = 32;

/// Longest text that is sent, in characters; what a model reads of it is the endpoint's affair.
const LONGEST: usize = 32_000;

/// Bytes an answer may have besides its vectors.
const FRAME: usize = 1 << 20;
/// Bytes of one number, generously: `-0.00012345678901234567` on an indented line of its own has less.
const NUMBER: usize = 64;
/// Bytes that are read of an answer which is an error.
const COMPLAINT: usize = 16 << 10;

/// How long an unused connection is kept: shorter than the minute after which gateways forget one silently.
const IDLE: Duration = Duration::from_secs(30);
/// Connections kept unused: a question and the worker that embeds memories.
const SPARE: usize = 2;

/// Pause before the second try when the endpoint does not name one.
const PAUSE: Duration = Duration::from_millis(250);

/// What opens the endpoint. It is never printed.
#[derive(Clone)]
pub(crate) struct EndpointKey(Zeroizing<String>);

impl EndpointKey {
    /// Wraps the content of a key file, without the white space around it.
    pub(crate) fn new(text: &str) -> Self {
        Self(Zeroizing::new(text.trim().to_owned()))
    }

    /// Returns the header that shows the key.
    fn header(&self) -> Result<HeaderValue, EndpointError> {
        if self.0.is_empty() {
            return Err(EndpointError::Key("is empty"));
        }
        let text = Zeroizing::new(format!("Bearer {}", self.0.as_str()));
        let mut header = HeaderValue::from_str(&text)
            .map_err(|_| EndpointError::Key("holds characters that no header carries"))?;
        header.set_sensitive(true);
        Ok(header)
    }
}

impl fmt::Debug for EndpointKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EndpointKey(…)")
    }
}

/// An embeddings endpoint and the model it is asked for.
pub(crate) struct Endpoint {
    uri: Uri,
    /// Host and port, as errors name it: the rest of the address may hold a secret.
    place: String,
    model: String,
    key: Option<EndpointKey>,
    authorization: Option<HeaderValue>,
    // hyper's client and not reqwest, which brings 1.1 MB and a second verifier of certificates for what is unused
    // here: redirects, proxies, cookies, decoders.
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Endpoint")
            .field("place", &self.place)
            .field("model", &self.model)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    input: &'a [&'a str],
    /// What OpenAI's own client asks for by itself is base64.
    encoding_format: &'static str,
}

/// A try that failed.
struct Failed {
    error: EndpointError,
    /// How long to wait before a second one; `None` when that would end alike.
    again: Option<Duration>,
}

impl From<EndpointError> for Failed {
    fn from(error: EndpointError) -> Self {
        Self { error, again: None }
    }
}

impl Endpoint {
    /// Takes the full address, up to and with `/embeddings`. Nothing is sent yet.
    pub(crate) fn new(url: &str, model: &str, key: Option<EndpointKey>) -> Result<Self, EndpointError> {
        Self::with_roots(url, model, key, roots::system)
    }

    fn with_roots(
        url: &str,
        model: &str,
        key: Option<EndpointKey>,
        roots: impl FnOnce() -> Result<RootCertStore, EndpointError>,
    ) -> Result<Self, EndpointError> {
        let uri: Uri = url.parse().map_err(|_| EndpointError::Url("is no address"))?;
        if uri.scheme() != Some(&Scheme::HTTP) && uri.scheme() != Some(&Scheme::HTTPS) {
            return Err(EndpointError::Url("does not begin with http:// or https://"));
        }
        let place = match uri.authority() {
            None => return Err(EndpointError::Url("names no host")),
            Some(authority) if authority.host().is_empty() => {
                return Err(EndpointError::Url("names no host"));
            }
            Some(authority) if authority.as_str().contains('@') => {
                return Err(EndpointError::Url("names a user; a key belongs into the key file"));
            }
            Some(authority) => authority.to_string(),
        };
        let authorization = key.as_ref().map(EndpointKey::header).transpose()?;
        // Reading the authorities takes some milliseconds, so only for an address that needs them.
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        let roots = if secure { roots()? } else { RootCertStore::empty() };
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(EndpointError::Setup)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        // The tasks this spawns each serve one connection, and end with it: when it was unused for long, or when the
        // endpoint is dropped.
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(SPARE)
            .build(connector);
        Ok(Self { uri, place, model: model.to_owned(), key, authorization, client })
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
        let late = |_| EndpointError::Late { place: self.place.clone(), deadline };
        timeout(deadline, tries).await.map_err(late)?
    }

    async fn tries(&self, texts: &[&str], deadline: Duration) -> Result<Vec<Vec<f32>>, EndpointError> {
        let start = Instant::now();
        let question = Question { model: self.model(), input: texts, encoding_format: "float" };
        let body = Bytes::from(serde_json::to_vec(&question).map_err(EndpointError::Question)?);
        let failed = match self.once(texts, body.clone()).await {
            Ok(vectors) => return Ok(vectors),
            Err(failed) => failed,
        };
        let left = deadline.saturating_sub(start.elapsed());
        match failed.again {
            Some(pause) if pause < left => {
                sleep(pause).await;
                self.once(texts, body).await.map_err(|failed| failed.error)
            }
            Some(_) | None => Err(failed.error),
        }
    }

    async fn once(&self, texts: &[&str], body: Bytes) -> Result<Vec<Vec<f32>>, Failed> {
        let mut request = Request::post(self.uri.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("mcpd/", env!("CARGO_PKG_VERSION")));
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let request = request.body(Full::new(body)).map_err(EndpointError::Request)?;
        let response = self.client.request(request).await.map_err(|error| self.unsent(&error))?;
        let sent = Sent { key: self.key.as_ref().map(|key| key.0.as_str()), texts };
        if !response.status().is_success() {
            return Err(self.refused(response, &sent).await);
        }
        let limit = FRAME + texts.len() * answer::DIMENSIONS.end() * NUMBER;
        let (body, whole) = read(response.into_body(), limit).await;
        match whole {
            Whole::Yes => {}
            Whole::Cut => return Err(EndpointError::TooLarge { place: self.place.clone(), limit }.into()),
            Whole::Broken => return Err(EndpointError::Closed { place: self.place.clone() }.into()),
        }
        answer::vectors(&body, &sent)
            .map_err(|reason| EndpointError::Answer { place: self.place.clone(), reason }.into())
    }

    /// Says why no answer began.
    fn unsent(&self, error: &hyper_util::client::legacy::Error) -> Failed {
        let error = error::of_connection(error, error.is_connect(), &self.place);
        // A kept connection may have been closed by the other side just when it was used again; to embed twice does
        // no harm.
        let again = matches!(error, EndpointError::Closed { .. }).then_some(Duration::ZERO);
        Failed { error, again }
    }

    /// Says why the endpoint did not do what was asked.
    async fn refused(&self, response: Response<Incoming>, sent: &Sent<'_>) -> Failed {
        let status = response.status();
        let place = self.place.clone();
        if status.is_redirection() {
            let to = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
            let to = to.map_or(Said::Nothing, |to| Said::words(&String::from_utf8_lossy(to), sent));
            return EndpointError::Redirected { place, status, to }.into();
        }
        let busy = status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE;
        let again = busy.then(|| pause(response.headers(), Utc::now()));
        // The status speaks even when its text does not arrive.
        let (body, _) = read(response.into_body(), COMPLAINT).await;
        Failed { error: EndpointError::Status { place, status, said: Said::read(&body, sent) }, again }
    }
}

/// Returns how long the endpoint wishes not to be asked.
fn pause(headers: &HeaderMap, now: DateTime<Utc>) -> Duration {
    let Some(wish) = headers.get(RETRY_AFTER).and_then(|wish| wish.to_str().ok()).map(str::trim) else {
        return PAUSE;
    };
    if let Ok(seconds) = wish.parse() {
        return Duration::from_secs(seconds);
    }
    // The date of HTTP is one of those that mail has; one that has passed asks for no pause.
    DateTime::parse_from_rfc2822(wish)
        .map_or(PAUSE, |date| date.signed_duration_since(now).to_std().unwrap_or_default())
}

/// Whether a body was read to its end.
#[derive(Debug, PartialEq, Eq)]
enum Whole {
    Yes,
    /// It is longer than it may be.
    Cut,
    Broken,
}

/// Reads a body up to a limit.
async fn read(mut body: Incoming, limit: usize) -> (Vec<u8>, Whole) {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return (bytes, Whole::Broken) };
        let Ok(data) = frame.into_data() else { continue };
        let room = limit - bytes.len();
        bytes.extend_from_slice(data.get(..room).unwrap_or(&data));
        if data.len() > room {
            return (bytes, Whole::Cut);
        }
    }
    (bytes, Whole::Yes)
}

/// Returns the beginning of a text that is sent.
fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).map_or(text, |(end, _)| &text[..end])
}
