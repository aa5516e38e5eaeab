//! Answers of the HTTP edge, built in one place.

use std::time::Duration;

use axum::{body::Body, response::Response};
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::{
    feed::{event, event_id},
    pieces,
};
use crate::{
    guard::Denied,
    mcp::{Payload, Reply, RpcError, Session},
};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// An answer without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    with_body(status, None, Body::empty())
}

/// A JSON answer.
pub(super) fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    with_body(status, Some(JSON), body.into())
}

/// An answer of plain text, for people.
pub(super) fn text(status: StatusCode, kind: &'static str, body: impl Into<Body>) -> Response {
    with_body(status, Some(HeaderValue::from_static(kind)), body.into())
}

fn with_body(status: StatusCode, kind: Option<HeaderValue>, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    response
}

/// A refusal of the guard, before any JSON-RPC id is known.
pub(super) fn denied(denied: &Denied) -> Response {
    let mut response = reply(Reply::error(None, &RpcError::Denied(denied.clone())));
    // A refused stranger keeps no place.
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

/// An error of the protocol that the HTTP edge notices itself, under a status of HTTP's own.
pub(super) fn invalid(status: StatusCode, why: &'static str) -> Response {
    let Reply::Message { body, .. } = Reply::error(None, &RpcError::InvalidRequest(why.into())) else {
        return empty(status);
    };
    json(status, pieces::body(body))
}

/// The protocol's reply as one JSON object.
pub(super) fn reply(reply: Reply) -> Response {
    told(reply, |status, body| json(status, pieces::body(body)))
}

/// The protocol's reply for a client that takes only an event stream. In a session the event has an id, so that a client
/// that loses it can come back for it.
pub(super) fn streamed(reply: Reply, session: Option<&Session>) -> Response {
    told(reply, |status, body| {
        if !status.is_success() {
            return json(status, pieces::body(body));
        }
        let body = body.whole();
        let id = session.and_then(|session| session.keep_answer(&body)).map(|track| event_id(track, 0));
        stream(Body::from(event(id.as_deref(), &body)))
    })
}

fn told(reply: Reply, answer: impl FnOnce(StatusCode, Payload) -> Response) -> Response {
    match reply {
        Reply::Accepted => empty(StatusCode::ACCEPTED),
        Reply::Message { status, body, session, retry_after } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut response = answer(status, body);
            let headers = response.headers_mut();
            if let Some(session) = session.and_then(|id| HeaderValue::try_from(id).ok()) {
                headers.insert(SESSION, session);
            }
            if let Some(wait) = retry_after {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(whole_seconds(wait)));
            }
            if status == StatusCode::UNAUTHORIZED {
                let challenge = HeaderValue::from_static("Bearer realm=\"mcpd\"");
                headers.insert(header::WWW_AUTHENTICATE, challenge);
            }
            response
        }
    }
}

/// Whole seconds, rounded up: a client that waits that long finds a token.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs_f64().ceil() as u64).max(1)
}

/// An event stream.
pub(super) fn stream(body: Body) -> Response {
    let mut response = with_body(StatusCode::OK, Some(HeaderValue::from_static("text/event-stream")), body);
    // Proxies such as nginx would otherwise hold events back.
    let buffering = HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(buffering, HeaderValue::from_static("no"));
    response
}
