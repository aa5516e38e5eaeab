//! Why a site gave no answer, in words an operator can act on. They name host and port, never the key or a text.

use std::{error::Error, io, time::Duration};

use http::StatusCode;
use rustls::{CertificateError, InvalidMessage};

use super::message::{Said, shown};

/// Why a site cannot be asked, or did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutboundError {
    /// The address cannot be used.
    #[error("the url of the {0} {1}")]
    Url(&'static str, &'static str),
    /// The key cannot be used.
    #[error("the key of the {0} {1}")]
    Key(&'static str, &'static str),
    /// Nothing to check certificates against.
    #[error("no certificate authorities are installed to check an https endpoint: install ca-certificates")]
    NoRoots,
    /// The TLS library refuses its own defaults.
    #[error("TLS cannot be set up")]
    Setup(#[source] rustls::Error),
    /// The request cannot be written.
    #[error("the request cannot be made")]
    Request(#[source] http::Error),
    /// Nothing listens.
    #[error("{place} refuses the connection: nothing listens there")]
    Refused {
        /// Host and port.
        place: String,
    },
    /// The name or the way is unknown.
    #[error("{place} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        place: String,
        /// What the system says.
        reason: String,
    },
    /// The other side cannot be trusted, or does not speak TLS.
    #[error("no secure connection to {place}: {reason}")]
    Tls {
        /// Host and port.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The deadline passed.
    #[error("{place} gave no answer within {}", period(*deadline))]
    Late {
        /// Host and port.
        place: String,
        /// The time it had.
        deadline: Duration,
    },
    /// The connection ended before an answer began.
    #[error("{place} closed the connection before its answer was complete")]
    Closed {
        /// Host and port.
        place: String,
    },
    /// The connection ended in the middle of the answer.
    #[error("{place} closed the connection before its answer was complete")]
    Torn {
        /// Host and port.
        place: String,
    },
    /// Something else than HTTP came back.
    #[error("{place} does not answer in HTTP; is the url https:// there?")]
    NotHttp {
        /// Host and port.
        place: String,
    },
    /// The connection failed in another way.
    #[error("the connection to {place} failed: {reason}")]
    Broken {
        /// Host and port.
        place: String,
        /// What the library says.
        reason: String,
    },
    /// It points elsewhere.
    #[error(
        "{place} answered {status}, a redirect, which is not followed because key and texts would travel{to}"
    )]
    Redirected {
        /// Host and port.
        place: String,
        /// Its status.
        status: StatusCode,
        /// Where to.
        to: Said,
    },
    /// It refused.
    #[error("{place} answered {status}{said}")]
    Status {
        /// Host and port.
        place: String,
        /// Its status.
        status: StatusCode,
        /// Its message.
        said: Said,
        /// How long it wishes not to be asked, if it says so.
        wait: Option<Duration>,
    },
    /// The answer is longer than it may be.
    #[error("the answer of {place} is larger than {limit} bytes")]
    TooLarge {
        /// Host and port.
        place: String,
        /// Bytes allowed.
        limit: usize,
    },
}

/// Says why no answer came over a connection, or why there was none.
pub(super) fn of_connection(error: &(dyn Error + 'static), connecting: bool, place: &str) -> OutboundError {
    let place = place.to_owned();
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return OutboundError::Tls { place, reason: untrusted(tls) };
    }
    let io = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last();
    if connecting {
        return match io {
            Some(io) if io.kind() == io::ErrorKind::ConnectionRefused => OutboundError::Refused { place },
            Some(io) => OutboundError::Unreachable { place, reason: shown(&io.to_string()) },
            None => OutboundError::Unreachable { place, reason: deepest(error) },
        };
    }
    let http = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
    let closed = io.is_some_and(|io| {
        [io::ErrorKind::ConnectionReset, io::ErrorKind::BrokenPipe, io::ErrorKind::UnexpectedEof]
            .contains(&io.kind())
    });
    if closed
        || http.is_some_and(|http| http.is_incomplete_message() || http.is_canceled() || http.is_closed())
    {
        return OutboundError::Closed { place };
    }
    if http.is_some_and(hyper::Error::is_parse) {
        return OutboundError::NotHttp { place };
    }
    OutboundError::Broken { place, reason: deepest(error) }
}

/// What lies behind an error, itself first. `io::Error` does not count the error it wraps among its sources.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| error.source())
    })
}

fn deepest(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(|cause| shown(&cause.to_string())).unwrap_or_default()
}

/// Says what is wrong with the other side of a TLS connection.
fn untrusted(error: &rustls::Error) -> String {
    if matches!(error, rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) {
        return "its certificate comes from an authority that this machine does not trust".to_owned();
    }
    if matches!(error, rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) {
        return "it does not speak TLS; is its url http://?".to_owned();
    }
    shown(&error.to_string())
}

/// Writes a duration as the configuration does, without the parts nobody waits for.
fn period(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{} s", duration.as_secs_f32())
    }
}
