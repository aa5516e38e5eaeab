//! The HTTP routes: which path is whose, CORS by exact origin, and the headers every answer has.

use std::{net::IpAddr, sync::Arc, time::Instant};

use axum::response::Response;
use futures::FutureExt;
use http::{HeaderValue, Method, Request, StatusCode, Uri, header, request::Parts};
use hyper::body::Incoming;
use mcpd_config::Config;
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

use super::{
    answers,
    body::Bodies,
    endpoint,
    head::Line,
    heads::Heads,
    observe, push,
    sse::{self, Talks},
    ws,
};
use crate::{
    auth::{Caller, Credentials},
    code::Code,
    guard::{Denied, Guard, Visitor},
    mcp::Mcp,
    telemetry::{self, Outcome, Recorder, RequestFinished, RequestId, RequestIds},
    tools::{Health, Registry},
};

/// What the routes use.
pub struct Http {
    pub(super) mcp: Arc<Mcp>,
    pub(super) guard: Arc<Guard>,
    pub(super) recorder: Arc<Recorder>,
    pub(super) config: watch::Receiver<Arc<Config>>,
    pub(super) health: Arc<Health>,
    pub(super) registry: Arc<Registry>,
    pub(super) code: Arc<Code>,
    /// Numbers requests.
    requests: RequestIds,
    /// The memory for large bodies.
    pub(super) bodies: Bodies,
    /// Streams of HTTP with server-sent events.
    pub(super) talks: Talks,
    /// Where what outlives a request runs.
    pub(super) tasks: TaskTracker,
}

/// What the routes are made of.
pub struct HttpParts {
    /// The protocol.
    pub mcp: Arc<Mcp>,
    /// Who lets requests in.
    pub guard: Arc<Guard>,
    /// The figures.
    pub recorder: Arc<Recorder>,
    /// The configuration in force.
    pub config: watch::Receiver<Arc<Config>>,
    /// How the daemon fares.
    pub health: Arc<Health>,
    /// The tools.
    pub registry: Arc<Registry>,
    /// The code of projects.
    pub code: Arc<Code>,
    /// Where what outlives a request runs.
    pub tasks: TaskTracker,
}

impl Http {
    /// Makes the routes.
    pub fn new(parts: HttpParts) -> Arc<Self> {
        let HttpParts { mcp, guard, recorder, config, health, registry, code, tasks } = parts;
        let bodies = Bodies::new(config.borrow().server.body_memory);
        let (requests, talks) = (RequestIds::default(), Talks::default());
        Arc::new(Self {
            mcp,
            guard,
            recorder,
            config,
            health,
            registry,
            code,
            requests,
            bodies,
            talks,
            tasks,
        })
    }

    /// Answers a request that came through a door.
    pub(super) async fn answer(self: Arc<Self>, side: Side, knock: Box<Knock>) -> Response {
        let edge = Edge::of(&self, &knock);
        let origin = knock.parts.headers.get(header::ORIGIN).cloned();
        let preflight = knock.parts.method == Method::OPTIONS && origin.is_some();
        let mut response = if preflight {
            preflight_answer(&self, &knock)
        } else {
            self.route(side, knock, edge.request).await
        };
        if response.extensions_mut().remove::<Counted>().is_none() {
            edge.count(&self.recorder, response.status());
        }
        finish(&self, &mut response, origin);
        response
    }

    /// Says which path is whose.
    async fn route(self: &Arc<Self>, side: Side, knock: Box<Knock>, id: RequestId) -> Response {
        // What is seldom asked is boxed: a request's future is as large as the largest of its branches, and is moved.
        match (side, knock.parts.uri.path()) {
            (Side::Endpoint, "/mcp" | "/") => endpoint::mcp(self, knock, id).await,
            (Side::Endpoint, "/sse") => sse::open(self, &knock),
            (Side::Endpoint, "/messages") => sse::message(self, knock).boxed().await,
            (Side::Endpoint, "/ws") => ws::upgrade(self, knock).boxed().await,
            (Side::Endpoint, "/push") => push::push(self, knock).boxed().await,
            (Side::Endpoint, "/stats") => observe::stats_route(self, &knock),
            (Side::Endpoint, "/metrics") => observe::metrics(self, &knock),
            (Side::Figures, "/metrics") => observe::open_metrics(self, &knock),
            (Side::Endpoint | Side::Figures, "/health") => observe::health(self, &knock).boxed().await,
            (Side::Endpoint | Side::Figures, "/ready") => observe::ready(self, &knock).boxed().await,
            (Side::Endpoint | Side::Figures, _) => observe::nothing(self, &knock),
        }
    }

    /// Reads the head of a request.
    pub(super) fn caller<'a>(&self, knock: &'a Knock, heads: &Heads<'a>) -> Caller<'a> {
        knock.line.caller(&knock.parts.uri, heads, self.guard.peers().header())
    }

    /// Recognises a caller and notes it on its connection.
    pub(super) fn recognise(&self, knock: &Knock) -> Result<Visitor, Denied> {
        self.recognise_by(knock, &Heads::read(&knock.parts.headers))
    }

    /// The same, where the headers have been found already.
    pub(super) fn recognise_by(&self, knock: &Knock, heads: &Heads<'_>) -> Result<Visitor, Denied> {
        let caller = self.caller(knock, heads);
        let visitor = self.guard.recognise(&caller)?;
        if let (Credentials::Bearer(_), Some(shown)) = (&caller.credentials, heads.authorization.bytes()) {
            knock.line.known.note(shown, visitor.recognised());
        }
        self.guard.attach(&knock.line.place, &visitor)?;
        Ok(visitor)
    }
}

/// Which of the daemon's addresses was knocked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// That for MCP.
    Endpoint,
    /// That for Prometheus: figures for allowed peers, no key, nothing else.
    Figures,
}

/// A request before it is known who sends it.
pub(super) struct Knock {
    /// The connection.
    pub(super) line: Arc<Line>,
    /// The head.
    pub(super) parts: Parts,
    /// The body, not yet read.
    pub(super) body: Incoming,
}

impl Knock {
    /// Takes a request apart. Boxed: it is handed from future to future, and each would hold it whole.
    pub(super) fn new(line: Arc<Line>, request: Request<Incoming>) -> Box<Self> {
        let (parts, body) = request.into_parts();
        Box::new(Self { line, parts, body })
    }
}

/// Marks an answer that the protocol has counted and logged itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counted;

/// Adds what every answer has.
fn finish(http: &Http, response: &mut Response, origin: Option<HeaderValue>) {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    let Some(origin) = origin else { return };
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    let allowed = origin.to_str().is_ok_and(|text| http.guard.hosts().is_allowed_origin(text));
    if allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        let exposed = HeaderValue::from_static("mcp-session-id, retry-after, www-authenticate");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    }
}

/// A request that the edge answers, as it is counted.
struct Edge {
    request: RequestId,
    target: Uri,
    peer: IpAddr,
    began: Instant,
}

impl Edge {
    fn of(http: &Http, knock: &Knock) -> Self {
        Self {
            request: http.requests.next(),
            target: knock.parts.uri.clone(),
            peer: knock.line.peer,
            began: Instant::now(),
        }
    }

    /// Counts the answer. Probes and scrapes that went well would only drown the requests.
    fn count(&self, recorder: &Recorder, status: StatusCode) {
        // The path alone: a query may hold a key.
        let path = self.target.path();
        let endpoint = matches!(path, "/mcp" | "/" | "/push");
        if !endpoint && (status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS) {
            return;
        }
        let outcome = match status.as_u16() {
            200..=299 => Outcome::Success,
            401 | 403 | 429 | 503 => Outcome::Refused,
            _ => Outcome::ProtocolError,
        };
        RequestFinished {
            request: self.request,
            method: logged(path),
            tool: None,
            principal: None,
            key: None,
            peer: telemetry::Origin::Ip(self.peer),
            outcome,
            status: Some(status.as_u16()),
            duration: self.began.elapsed(),
        }
        .emit(recorder);
    }
}

/// Paths that are somebody's, on one side or the other.
const PATHS: [&str; 10] =
    ["/mcp", "/", "/sse", "/messages", "/ws", "/push", "/stats", "/metrics", "/health", "/ready"];

/// Returns a path as the log names it: any other may be anything, a key for one.
fn logged(path: &str) -> &str {
    if PATHS.contains(&path) { path } else { "unknown path" }
}

/// A preflight carries no key: it passes Host and peers, and learns nothing but what its own origin may send.
fn preflight_answer(http: &Http, knock: &Knock) -> Response {
    if let Err(denied) = http.guard.glance(&http.caller(knock, &Heads::read(&knock.parts.headers))) {
        return answers::denied(&denied);
    }
    let mut response = answers::empty(StatusCode::NO_CONTENT);
    let headers = response.headers_mut();
    let allowed = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, DELETE"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type, accept, last-event-id, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    for (name, value) in allowed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}
