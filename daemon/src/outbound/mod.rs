//! Requests to addresses an operator named: one POST of JSON, and its answer as it comes.
//!
//! The texts are the project's and the key is a secret, so nothing of them is followed elsewhere, logged or repeated in
//! an error. The environment is not read: no proxy, no certificate file of another name than the system's.

mod error;
#[cfg(test)]
pub(crate) mod fake;
mod message;
mod roots;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{
    HeaderMap, HeaderName, HeaderValue, Request, Response, Uri,
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
use zeroize::Zeroizing;

pub(crate) use error::OutboundError;
pub(crate) use message::{Said, Sent};

/// Bytes that are read of an answer which is an error.
const COMPLAINT: usize = 16 << 10;

/// How long an unused connection is kept: shorter than the minute after which gateways forget one silently.
const IDLE: Duration = Duration::from_secs(30);
/// Connections kept unused.
const SPARE: usize = 2;

/// A key as it was written, without the white space around it. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct KeyText(Zeroizing<String>);

impl KeyText {
    /// Wraps the content of a key file or of a variable.
    pub(crate) fn new(text: String) -> Self {
        let text = Zeroizing::new(text);
        Self(Zeroizing::new(text.trim().to_owned()))
    }
}

impl KeyText {
    /// Answers whether a text shows the key.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        !self.0.is_empty() && text.contains(self.0.as_str())
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyText(…)")
    }
}

/// A key, and how it is shown to a site.
#[derive(Debug, Clone)]
pub(crate) struct SiteKey {
    text: KeyText,
    header: HeaderName,
    prefix: &'static str,
}

impl SiteKey {
    /// Shows a key as `Authorization: Bearer`.
    pub(crate) fn bearer(text: KeyText) -> Self {
        Self { text, header: AUTHORIZATION, prefix: "Bearer " }
    }

    /// Shows a key in a header of its own.
    pub(crate) fn in_header(text: KeyText, header: HeaderName) -> Self {
        Self { text, header, prefix: "" }
    }

    /// Returns the header that shows the key.
    fn shown(&self, what: &'static str) -> Result<(HeaderName, HeaderValue), OutboundError> {
        if self.text.0.is_empty() {
            return Err(OutboundError::Key(what, "is empty"));
        }
        let text = Zeroizing::new(format!("{}{}", self.prefix, self.text.0.as_str()));
        let mut value = HeaderValue::from_str(&text)
            .map_err(|_| OutboundError::Key(what, "holds characters that no header carries"))?;
        value.set_sensitive(true);
        Ok((self.header.clone(), value))
    }
}

/// An address that is asked, with the connections to it.
pub(crate) struct Site {
    uri: Uri,
    /// Host and port, as errors name it: the rest of the address may hold a secret.
    place: String,
    key: Option<SiteKey>,
    credentials: Option<(HeaderName, HeaderValue)>,
    // hyper's client and not reqwest, which brings 1.1 MB and a second verifier of certificates for what is unused
    // here: redirects, proxies, cookies, decoders.
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
}

impl fmt::Debug for Site {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Site")
            .field("place", &self.place)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Site {
    /// Takes a full address; `what` names it in complaints. Nothing is sent yet.
    pub(crate) fn new(what: &'static str, url: &str, key: Option<SiteKey>) -> Result<Self, OutboundError> {
        Self::with_roots(what, url, key, roots::system)
    }

    /// Takes the certificate authorities it is checked against, too.
    pub(crate) fn with_roots(
        what: &'static str,
        url: &str,
        key: Option<SiteKey>,
        roots: impl FnOnce() -> Result<RootCertStore, OutboundError>,
    ) -> Result<Self, OutboundError> {
        let wrong = |how| OutboundError::Url(what, how);
        let uri: Uri = url.parse().map_err(|_| wrong("is no address"))?;
        if uri.scheme() != Some(&Scheme::HTTP) && uri.scheme() != Some(&Scheme::HTTPS) {
            return Err(wrong("does not begin with http:// or https://"));
        }
        let place = match uri.authority() {
            None => return Err(wrong("names no host")),
            Some(authority) if authority.host().is_empty() => return Err(wrong("names no host")),
            Some(authority) if authority.as_str().contains('@') => {
                return Err(wrong("names a user; a key belongs into the key file"));
            }
            Some(authority) => authority.to_string(),
        };
        let credentials = key.as_ref().map(|key| key.shown(what)).transpose()?;
        // Reading the authorities takes some milliseconds, so only for an address that needs them.
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        let roots = if secure { roots()? } else { RootCertStore::empty() };
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(OutboundError::Setup)?
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
        // site is dropped.
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .pool_max_idle_per_host(SPARE)
            .build(connector);
        Ok(Self { uri, place, key, credentials, client })
    }

    /// Returns host and port.
    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    /// Returns what was sent and must not come back in an error.
    pub(crate) fn sent<'s>(&'s self, texts: &'s [&'s str]) -> Sent<'s> {
        Sent { key: self.key.as_ref().map(|key| key.text.0.as_str()), texts }
    }

    /// Sends JSON, and returns the answer once it begins with a good status.
    pub(crate) async fn post(
        &self,
        extra: &[(HeaderName, HeaderValue)],
        accept: &'static str,
        body: Bytes,
        sent: &Sent<'_>,
    ) -> Result<Response<Incoming>, OutboundError> {
        let mut request = Request::post(self.uri.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, accept)
            .header(USER_AGENT, concat!("mcpd/", env!("CARGO_PKG_VERSION")));
        for (name, value) in self.credentials.iter().chain(extra) {
            request = request.header(name.clone(), value.clone());
        }
        let request = request.body(Full::new(body)).map_err(OutboundError::Request)?;
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| error::of_connection(&error, error.is_connect(), &self.place))?;
        match response.status().is_success() {
            true => Ok(response),
            false => Err(self.refused(response, sent).await),
        }
    }

    /// Reads an answer to its end, if it is no longer than `limit`.
    pub(crate) async fn whole(&self, body: Incoming, limit: usize) -> Result<Vec<u8>, OutboundError> {
        let place = || self.place.clone();
        match read(body, limit).await {
            (body, Whole::Yes) => Ok(body),
            (_, Whole::Cut) => Err(OutboundError::TooLarge { place: place(), limit }),
            (_, Whole::Broken) => Err(OutboundError::Torn { place: place() }),
        }
    }

    /// Says why the site did not do what was asked.
    async fn refused(&self, response: Response<Incoming>, sent: &Sent<'_>) -> OutboundError {
        let status = response.status();
        let place = self.place.clone();
        if status.is_redirection() {
            let to = response.headers().get(LOCATION).map(HeaderValue::as_bytes);
            let to = to.map_or(Said::Nothing, |to| Said::words(&String::from_utf8_lossy(to), sent));
            return OutboundError::Redirected { place, status, to };
        }
        let wait = wait(response.headers(), Utc::now());
        // The status speaks even when its text does not arrive.
        let (body, _) = read(response.into_body(), COMPLAINT).await;
        OutboundError::Status { place, status, said: Said::read(&body, sent), wait }
    }
}

/// Returns how long a site wishes not to be asked (RFC 9110, section 10.2.3).
fn wait(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let wish = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = wish.parse() {
        return Some(Duration::from_secs(seconds));
    }
    // The date of HTTP is one of those that mail has; one that has passed asks for no pause.
    let date = DateTime::parse_from_rfc2822(wish).ok()?;
    Some(date.signed_duration_since(now).to_std().unwrap_or_default())
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

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    #[test]
    fn a_wait_is_read_in_seconds_and_as_a_date() {
        let now = Utc.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap();
        let wish = |text: &'static str| {
            wait(&HeaderMap::from_iter([(RETRY_AFTER, HeaderValue::from_static(text))]), now)
        };
        assert_eq!(wish("7"), Some(Duration::from_secs(7)));
        assert_eq!(wish("18446744073709551615"), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(wish("Sun, 22 Nov 2026 12:00:09 GMT"), Some(Duration::from_secs(9)));
        assert_eq!(wish("Sun, 22 Nov 2026 11:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(wish("soon"), None);
        assert_eq!(wish("-1"), None);
        assert_eq!(wait(&HeaderMap::new(), now), None);
    }

    #[test]
    fn a_key_is_not_printed() {
        let site = Site::new(
            "site",
            "http://127.0.0.1:1/?code=hush",
            Some(SiteKey::bearer(KeyText::new("sk-hush\n".into()))),
        );
        let site = site.unwrap();
        let printed = format!("{site:?} {:?}", site.credentials);
        assert!(!printed.contains("hush") && printed.contains("127.0.0.1:1"), "{printed}");
    }
}
