//! The routes that tell how the daemon fares: `/health`, `/ready`, `/stats`, `/metrics`. The guard comes before the
//! method: who may not ask does not learn what could be asked.

use axum::response::Response;
use http::{HeaderValue, Method, StatusCode, header};
use serde_json::json;

use super::{
    answers,
    heads::Heads,
    routes::{Http, Knock},
};
use crate::{
    auth::{Need, Scope},
    guard::Denied,
    telemetry::prometheus,
    tools::stats,
};

/// `/health`, for any allowed peer.
pub(super) async fn health(http: &Http, knock: &Knock) -> Response {
    if let Err(refusal) = let_in(http, knock, Door::Peer) {
        return *refusal;
    }
    let condition = http.health.condition().await;
    let mut told = json!({
        "status": condition.as_str(),
        "uptime_seconds": http.recorder.uptime().as_secs(),
        "tools_count": http.registry.len(),
    });
    if let Some(reason) = condition.reason() {
        told["reason"] = reason.into();
    }
    answers::json(StatusCode::OK, told.to_string())
}

/// `/ready`, for any allowed peer: 200 when requests are served, 503 when not.
pub(super) async fn ready(http: &Http, knock: &Knock) -> Response {
    if let Err(refusal) = let_in(http, knock, Door::Peer) {
        return *refusal;
    }
    let condition = http.health.condition().await;
    let ready = condition.is_ready();
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answers::json(code, json!({ "ready": ready, "status": condition.as_str() }).to_string())
}

/// `/stats`, for a key with scope `metrics`.
pub(super) fn stats_route(http: &Http, knock: &Knock) -> Response {
    if let Err(refusal) = let_in(http, knock, Door::Metrics) {
        return *refusal;
    }
    match serde_json::to_string(&stats(&http.recorder, &http.registry, &http.guard)) {
        Ok(body) => answers::json(StatusCode::OK, body),
        Err(_) => answers::empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// `/metrics`, for a key with scope `metrics`.
pub(super) fn metrics(http: &Http, knock: &Knock) -> Response {
    if let Err(refusal) = let_in(http, knock, Door::Metrics) {
        return *refusal;
    }
    figures(http)
}

/// `/metrics` on its own address, for any allowed peer.
pub(super) fn open_metrics(http: &Http, knock: &Knock) -> Response {
    if let Err(refusal) = let_in(http, knock, Door::Peer) {
        return *refusal;
    }
    figures(http)
}

fn figures(http: &Http) -> Response {
    answers::text(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", prometheus(&http.recorder))
}

/// Any other path: like everything else it tells a stranger nothing.
pub(super) fn nothing(http: &Http, knock: &Knock) -> Response {
    match let_in(http, knock, Door::Key) {
        Ok(()) => answers::json(
            StatusCode::NOT_FOUND,
            json!({ "error": "not found", "hint": "the MCP endpoint is /mcp" }).to_string(),
        ),
        Err(refusal) => *refusal,
    }
}

/// Who may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Any allowed peer.
    Peer,
    /// Any key, with any method.
    Key,
    /// A key with scope `metrics`.
    Metrics,
}

fn let_in(http: &Http, knock: &Knock, door: Door) -> Result<(), Box<Response>> {
    let admitted: Result<(), Denied> = match door {
        Door::Peer => http.guard.glance(&http.caller(knock, &Heads::read(&knock.parts.headers))).map(drop),
        Door::Key => http.recognise(knock).and_then(|visitor| http.guard.enter(&visitor)),
        Door::Metrics => http.recognise(knock).and_then(|visitor| {
            http.guard.enter(&visitor)?;
            http.guard.admit(&visitor, Need::Scope(Scope::Metrics)).map(drop)
        }),
    };
    admitted.map_err(|denied| Box::new(answers::denied(&denied)))?;
    if door != Door::Key && !matches!(knock.parts.method, Method::GET | Method::HEAD) {
        let mut response = answers::empty(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return Err(Box::new(response));
    }
    Ok(())
}
