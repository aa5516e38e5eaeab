//! The routes that tell how the daemon fares: `/health`, `/ready`, `/stats`, `/metrics`.

use std::{sync::Arc, time::Instant};

use axum::{
    extract::{Request, State},
    response::Response,
};
use http::StatusCode;
use serde_json::json;

use super::{
    answers,
    routes::{Http, Knock},
};
use crate::{
    auth::Scope,
    guard::Guard,
    store::Store,
    telemetry::{Recorder, prometheus},
    tools::{Registry, stats},
};

/// How the daemon fares, asked for on every door.
pub struct Health {
    /// The store every tool needs.
    pub store: Store,
    /// Whether it drains.
    pub guard: Arc<Guard>,
    /// How many tools there are, and their figures.
    pub registry: Arc<Registry>,
    /// Since when it is up.
    pub recorder: Arc<Recorder>,
}

impl Health {
    /// Returns `healthy`, `degraded` or `draining`, and why it is degraded.
    pub async fn status(&self) -> (&'static str, Option<String>) {
        if self.guard.draining().is_cancelled() {
            return ("draining", None);
        }
        match self.store.ping().await {
            Ok(()) => ("healthy", None),
            Err(error) => {
                tracing::warn!(%error, "the store does not answer");
                ("degraded", Some("the store does not answer".to_owned()))
            }
        }
    }
}

/// `/health`, for any allowed peer.
pub(super) async fn health(State(http): State<Arc<Http>>, request: Request) -> Response {
    if let Err(refusal) = glance(&http, request) {
        return *refusal;
    }
    let (status, reason) = http.health.status().await;
    let mut told = json!({
        "status": status,
        "uptime_seconds": http.recorder.uptime().as_secs(),
        "tools_count": http.health.registry.len(),
    });
    if let Some(reason) = reason {
        told["reason"] = reason.into();
    }
    answers::json(StatusCode::OK, told.to_string())
}

/// `/ready`, for any allowed peer: 200 when requests are served, 503 when not.
pub(super) async fn ready(State(http): State<Arc<Http>>, request: Request) -> Response {
    if let Err(refusal) = glance(&http, request) {
        return *refusal;
    }
    let (status, _) = http.health.status().await;
    let code = if status == "healthy" { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    answers::json(code, json!({ "ready": code == StatusCode::OK, "status": status }).to_string())
}

/// `/stats`, for a key with scope `metrics`.
pub(super) async fn stats_route(State(http): State<Arc<Http>>, request: Request) -> Response {
    if let Err(refusal) = metrics_only(&http, request) {
        return *refusal;
    }
    let report = stats(&http.recorder, &http.health.registry);
    match serde_json::to_string(&report) {
        Ok(body) => answers::json(StatusCode::OK, body),
        Err(_) => answers::empty(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// `/metrics`, for a key with scope `metrics`.
pub(super) async fn metrics(State(http): State<Arc<Http>>, request: Request) -> Response {
    if let Err(refusal) = metrics_only(&http, request) {
        return *refusal;
    }
    answers::text(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8", prometheus(&http.recorder))
}

/// Any other path: like everything else it tells a stranger nothing.
pub(super) async fn nothing(State(http): State<Arc<Http>>, request: Request) -> Response {
    let began = Instant::now();
    let (knock, _) = Knock::new(&http, request);
    let Some(knock) = knock else { return answers::empty(StatusCode::INTERNAL_SERVER_ERROR) };
    let caller = http.caller(&knock.line, &knock.parts);
    match http.recognise(&knock, &caller) {
        Ok(_) => answers::json(
            StatusCode::NOT_FOUND,
            json!({ "error": "not found", "hint": "the MCP endpoint is /mcp" }).to_string(),
        ),
        Err(denied) => http.refuse(&knock, began, &denied),
    }
}

fn glance(http: &Http, request: Request) -> Result<(), Box<Response>> {
    let (knock, _) = Knock::new(http, request);
    let knock = knock.ok_or_else(|| Box::new(answers::empty(StatusCode::INTERNAL_SERVER_ERROR)))?;
    let caller = http.caller(&knock.line, &knock.parts);
    http.guard.glance(&caller).map(drop).map_err(|denied| Box::new(answers::denied(&denied)))
}

fn metrics_only(http: &Http, request: Request) -> Result<(), Box<Response>> {
    let (knock, _) = Knock::new(http, request);
    let knock = knock.ok_or_else(|| Box::new(answers::empty(StatusCode::INTERNAL_SERVER_ERROR)))?;
    http.admit_plain(&knock, Scope::Metrics)
}
