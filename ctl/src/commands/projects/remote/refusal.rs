//! What another daemon, or whatever stands before it, says instead of a reply: each status becomes a sentence with what
//! to do about it.

use std::{error::Error as StdError, io, time::Duration};

use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use mcpd_ipc::{Fault, projects::PushRefused};
use rustls::{CertificateError, InvalidMessage};
use serde_json::Value;

use crate::{
    error::{Error, Kind},
    text,
};

/// How long to wait where a daemon asks for patience and does not say how much.
const PAUSE: Duration = Duration::from_secs(1);

/// Characters of a message that are shown: it comes from whoever answers there.
const LONGEST: usize = 400;

/// A no, and when to ask again.
pub(super) struct Refusal {
    pub(super) error: Error,
    /// Absent where that would end alike.
    pub(super) wait: Option<Duration>,
}

impl Refusal {
    /// Reads an answer that is no success.
    pub(super) fn read(place: &str, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let wait = (status == StatusCode::TOO_MANY_REQUESTS).then(|| pause(headers));
        Self { error: error(place, status, wait, body), wait }
    }
}

fn error(place: &str, status: StatusCode, wait: Option<Duration>, body: &[u8]) -> Error {
    let fault = serde_json::from_slice::<PushRefused>(body).ok().map(|refused| told(refused.error));
    let said = said(body);
    let because = said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
    let new = |kind, message: &str| Error::new(kind, format!("{place} {message}{because}"));
    match status {
        StatusCode::UNAUTHORIZED => new(Kind::NotPermitted, "does not know this key")
            .hint("issue one where the daemon runs: mcpctl keys add NAME --scope read --scope write")
            .hint("put it alone into a file that only you can read, and name that with --key-file"),
        StatusCode::FORBIDDEN => new(Kind::NotPermitted, "does not let this key push")
            .hint("it needs the scope write, and an address that both the key and the daemon allow"),
        // The daemon's own no, about a project or a push, says more than the status does.
        StatusCode::NOT_FOUND if fault.is_some() => fault.unwrap_or_else(|| new(Kind::NotFound, "")),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => new(Kind::NotFound, "takes no pushes")
            .hint("name the daemon's address without more, as in http://192.168.3.5:8765"),
        StatusCode::PAYLOAD_TOO_LARGE => new(Kind::Failed, "takes no request as large as this one")
            .hint("a proxy before the daemon may have a limit of its own; the daemon names its limit itself"),
        StatusCode::TOO_MANY_REQUESTS => {
            let seconds = wait.unwrap_or(PAUSE).as_secs();
            new(Kind::Failed, "takes no more requests of this key for now")
                .hint(format!("try again in {}", text::span(seconds)))
        }
        StatusCode::SERVICE_UNAVAILABLE => {
            new(Kind::Failed, "is busy or about to end").hint("try again in a while")
        }
        status if status.is_redirection() => {
            let message = format!("answered {status}, which is not followed because the key would travel");
            Error::new(Kind::Failed, format!("{place} {message}")).hint("name the address it points to")
        }
        status => fault.unwrap_or_else(|| new(Kind::Failed, &format!("answered {status}"))),
    }
}

/// Returns a daemon's own no; what it advises to type is meant for its machine and would do something else on this one.
fn told(fault: Fault) -> Error {
    // What is said to whoever is not permitted is about the socket.
    let is_advised = fault.hint.is_some();
    let mut error = Error::from(fault);
    error.hints.retain(|_| is_advised);
    let advice = error.hints.iter_mut().filter(|hint| hint.contains("mcpctl "));
    advice.for_each(|hint| *hint = format!("where the daemon runs: {hint}"));
    error
}

/// Returns the sentence in an answer: `{"error": {"message": …}}` or `{"error": …}`.
fn said(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = body.get("error")?;
    let said = error.get("message").unwrap_or(error).as_str()?;
    let mut short: String = said.chars().take(LONGEST).collect();
    if short.len() < said.len() {
        short.push('…');
    }
    Some(short)
}

/// Returns how long the daemon wishes not to be asked.
fn pause(headers: &HeaderMap) -> Duration {
    let wish = headers.get(RETRY_AFTER).and_then(|wish| wish.to_str().ok()?.trim().parse().ok());
    wish.map_or(PAUSE, Duration::from_secs)
}

/// Says why no answer came, or why none began.
pub(super) fn unsent(error: &(dyn StdError + 'static), is_connecting: bool, place: &str) -> Error {
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        let message = format!("no secure connection to {place}: {}", untrusted(tls));
        return Error::new(Kind::Unreachable, message);
    }
    let why = causes(error).last().map(ToString::to_string).unwrap_or_default();
    if is_connecting {
        return Error::new(Kind::Unreachable, format!("no daemon answers at {place}: {why}"))
            .hint("`mcpctl status` says on its machine where it listens");
    }
    Error::new(Kind::Failed, format!("the conversation with {place} broke off: {why}"))
}

/// What lies behind an error, itself first. `io::Error` does not count the error it wraps among its sources.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| error.source())
    })
}

/// Says what is wrong with the other side of a TLS connection.
fn untrusted(error: &rustls::Error) -> String {
    if matches!(error, rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) {
        return "its certificate comes from an authority that this machine does not trust".to_owned();
    }
    if matches!(error, rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) {
        return "it does not speak TLS; is its address http://?".to_owned();
    }
    error.to_string()
}
