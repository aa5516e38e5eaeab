//! The MCP endpoint over Streamable HTTP: POST, GET and DELETE on `/mcp` and `/`.

use std::sync::Arc;

use axum::response::Response;
use futures::{FutureExt, future::BoxFuture};
use http::{HeaderValue, Method, StatusCode, header};
use tokio_util::task::TaskTracker;

use super::{
    answers,
    body::{self, Taken},
    feed::{Call, Ends, Feed, Source},
    head,
    heads::{Accepts, Heads, media_type},
    routes::{Counted, Http, Knock},
};
use crate::{
    guard::Visitor,
    mcp::{Ask, Lazy, MODERN, Mcp, Origin, Outlet, Reply, RpcError, Session, Track},
    telemetry::RequestId,
};

/// Answers a request to the endpoint.
pub(super) async fn mcp(http: &Arc<Http>, knock: Box<Knock>, id: RequestId) -> Response {
    let heads = Heads::read(&knock.parts.headers);
    // Nothing is read, and nothing about methods is told, before it is known who asks.
    let visitor = match http.recognise_by(&knock, &heads) {
        Ok(visitor) => visitor,
        Err(denied) => return answers::denied(&denied),
    };
    match knock.parts.method {
        Method::POST => {
            let accepts = match check_content(&heads) {
                Ok(accepts) => accepts,
                Err(response) => return *response,
            };
            let announced = body::announced(heads.content_length.first());
            let session = named_session(http, &heads, &visitor);
            post(http, knock, id, Poster { visitor, accepts, announced, session }).await
        }
        Method::GET => get(http, &heads, &visitor),
        Method::DELETE => delete(http, &heads, &visitor).boxed().await,
        _ => method_not_allowed("POST, GET, DELETE"),
    }
}

/// Who posts, and what it takes as an answer.
struct Poster {
    visitor: Visitor,
    accepts: Accepts,
    /// Bytes that it says its body has.
    announced: Option<usize>,
    /// The legacy session it names, if that is its own.
    session: Option<Arc<Session>>,
}

/// Returns the legacy session that is named. Whether it must be there is the protocol's to say.
fn named_session(http: &Http, heads: &Heads<'_>, visitor: &Visitor) -> Option<Arc<Session>> {
    let named = heads.session.first()?;
    (heads.version.first() != Some(MODERN)).then(|| http.mcp.own_session(named, visitor).ok())?
}

async fn post(http: &Arc<Http>, mut knock: Box<Knock>, id: RequestId, poster: Poster) -> Response {
    let Poster { visitor, accepts, announced, session } = poster;
    let body = match body::read(http, &mut knock.body, announced, visitor.peer).await {
        Ok(body) => body,
        Err(response) => return *response,
    };
    let lazy = accepts.stream.then(Arc::<Lazy>::default);
    let outlet = lazy.as_ref().map_or(Outlet::Closed, |lazy| Outlet::Lazy(Arc::clone(lazy)));
    let post = Post { knock, id, visitor, body, outlet };
    post.respond(http, accepts, session, lazy).await
}

/// One message that was posted, with all that it is answered from.
struct Post {
    knock: Box<Knock>,
    id: RequestId,
    visitor: Visitor,
    body: Taken,
    outlet: Outlet,
}

impl Post {
    /// Answers with one JSON object, or with a stream once there is something to say before the answer.
    async fn respond(
        self,
        http: &Arc<Http>,
        accepts: Accepts,
        session: Option<Arc<Session>>,
        lazy: Option<Arc<Lazy>>,
    ) -> Response {
        let who = self.visitor.recognised();
        let mcp = Arc::clone(&http.mcp);
        let answering = async move { self.answer(&mcp).await };
        let answering: BoxFuture<'static, Reply> = Box::pin(answering);
        let goes_on = session.is_some().then(|| http.tasks.clone());
        let mut running = Running { answering: Some(answering), goes_on };
        let messages = match lazy.as_ref() {
            None => Err(running.answer().await),
            Some(lazy) => tokio::select! {
                biased;
                reply = running.answer() => Err(reply),
                messages = lazy.opened() => Ok(messages),
            },
        };
        let mut response = match (messages, running.answering.take(), session, lazy) {
            (Ok(messages), Some(answering), session, Some(lazy)) => {
                let call = Call::new(answering, messages);
                let ends = Ends::default();
                let feed = match session.and_then(|session| Some((session.answer_stream()?, session))) {
                    // A session's call goes on without its client, who may come back for the rest.
                    Some((track, session)) => {
                        let reader = track.reader();
                        http.tasks.spawn(drive(call, track, lazy));
                        let feed = Feed::new(Source::Track(reader), &who, ends, ());
                        if session.primes() { feed.primed() } else { feed }
                    }
                    None => Feed::new(Source::Call(call), &who, ends, ()),
                };
                answers::stream(feed.body())
            }
            (Err(reply), _, session, _) if !accepts.json => answers::streamed(reply, session.as_deref()),
            (Err(reply), ..) => answers::reply(reply),
            (Ok(_), None, ..) | (Ok(_), _, _, None) => answers::empty(StatusCode::INTERNAL_SERVER_ERROR),
        };
        response.extensions_mut().insert(Counted);
        response
    }

    async fn answer(&self, mcp: &Mcp) -> Reply {
        let origin = Origin::Http(head::protocol(&self.knock.parts.headers));
        let Self { id, visitor, outlet, body, .. } = self;
        let trace = self.knock.line.place.trace();
        mcp.answer(&Ask { request: *id, visitor, origin, trace, outlet, body }).await
    }
}

/// A message while it is answered. In a legacy session a client that hangs up does not cancel what it asked for (MCP
/// 2025-11-25, Sending Messages): it goes on by itself then.
struct Running {
    answering: Option<BoxFuture<'static, Reply>>,
    goes_on: Option<TaskTracker>,
}

impl Running {
    async fn answer(&mut self) -> Reply {
        let Some(answering) = self.answering.as_mut() else { return Reply::Accepted };
        let reply = answering.await;
        self.answering = None;
        reply
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let (Some(answering), Some(tasks)) = (self.answering.take(), &self.goes_on) {
            tasks.spawn(answering);
        }
    }
}

/// Puts what a call says onto its session's stream, until its answer.
async fn drive(mut call: Call, track: Arc<Track>, lazy: Arc<Lazy>) {
    loop {
        tokio::select! {
            biased;
            () = lazy.hung_up() => track.hang_up(),
            message = call.next() => match message {
                Some(message) => track.push(message),
                None => return track.end(),
            },
        }
    }
}

/// Opens the stream on which a legacy session hears what the server says on its own, or goes on with one that broke.
fn get(http: &Http, heads: &Heads<'_>, visitor: &Visitor) -> Response {
    if heads.version.first() == Some(MODERN) {
        return method_not_allowed("POST");
    }
    // Here a client without the header is taken for a person with a browser, who would wait in vain.
    let accepts = heads.accepts();
    if !accepts.told || !accepts.stream {
        let why = "a GET opens an event stream: send Accept: text/event-stream";
        return answers::invalid(StatusCode::NOT_ACCEPTABLE, why);
    }
    let session = match session_of(http, heads, visitor) {
        Ok(session) => session,
        Err(error) => return answers::reply(Reply::error(None, &error)),
    };
    let last = heads.last_event.first();
    let Some(reader) = session.listen(last) else {
        return answers::invalid(StatusCode::BAD_REQUEST, "this session speaks on its own stream");
    };
    let primes = reader.begins() && session.primes();
    let (ended, replaced) = (session.ended.clone(), visitor.lease.over().clone());
    let mut ends = Ends { ended, replaced, ..Ends::default() };
    if !reader.answers() {
        ends.draining = http.guard.draining().clone();
    }
    let feed = Feed::new(Source::Track(reader), &visitor.recognised(), ends, ());
    answers::stream(if primes { feed.primed() } else { feed.greeting() }.body())
}

async fn delete(http: &Http, heads: &Heads<'_>, visitor: &Visitor) -> Response {
    if heads.version.first() == Some(MODERN) {
        return method_not_allowed("POST");
    }
    match session_of(http, heads, visitor) {
        Ok(session) => {
            http.mcp.sessions().end_now(&session.id).await;
            answers::empty(StatusCode::NO_CONTENT)
        }
        Err(error) => answers::reply(Reply::error(None, &error)),
    }
}

fn session_of(http: &Http, heads: &Heads<'_>, visitor: &Visitor) -> Result<Arc<Session>, RpcError> {
    http.guard.enter(visitor)?;
    crate::mcp::check_version(heads.version.first())?;
    let id = heads.session.text().map_err(|()| RpcError::SessionRequired)?;
    http.mcp.own_session(id.ok_or(RpcError::SessionRequired)?, visitor)
}

fn method_not_allowed(allowed: &'static str) -> Response {
    let mut response = answers::empty(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Checks that a posted body says it is plain JSON.
pub(super) fn check_json(heads: &Heads<'_>) -> Result<(), Box<Response>> {
    let refuse = |why| Err(Box::new(answers::invalid(StatusCode::UNSUPPORTED_MEDIA_TYPE, why)));
    let kind = heads.content_type.first().map(media_type);
    if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
        return refuse("send Content-Type: application/json");
    }
    if heads.content_encoding.is_there() {
        return refuse("an encoded body is not taken: send it plain");
    }
    Ok(())
}

fn check_content(heads: &Heads<'_>) -> Result<Accepts, Box<Response>> {
    check_json(heads)?;
    let accepts = heads.accepts();
    if !accepts.json && !accepts.stream {
        return Err(Box::new(answers::invalid(
            StatusCode::NOT_ACCEPTABLE,
            "the answer is JSON or an event stream: send Accept: application/json, text/event-stream",
        )));
    }
    Ok(accepts)
}
