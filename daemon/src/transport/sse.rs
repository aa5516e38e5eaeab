//! HTTP with server-sent events, the transport of 2024-11-05: `GET /sse` opens a stream and names where to post, each
//! message posted there is answered on the stream.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use dashmap::DashMap;
use http::{HeaderValue, Method, StatusCode, header};
use rand::Rng;

use super::{
    answers, body,
    feed::{Ends, Feed, Source},
    heads::Heads,
    routes::{Counted, Http, Knock},
    talk::Talk,
};
use crate::{
    auth::PrincipalId,
    mcp::{Envelope, Reply, RpcError},
};

/// The open streams, by the id their messages are posted with.
#[derive(Default)]
pub(super) struct Talks(DashMap<String, Arc<Talk>>);

impl Talks {
    /// Returns the stream of that id if it is the principal's own.
    fn find(&self, id: &str, principal: &PrincipalId) -> Option<Arc<Talk>> {
        let talk = self.0.get(id)?;
        (talk.visitor().principal.id == *principal).then(|| Arc::clone(&talk))
    }
}

/// Answers `/sse`.
pub(super) fn open(http: &Arc<Http>, knock: &Knock) -> Response {
    let visitor = match http.recognise(knock) {
        Ok(visitor) => visitor,
        Err(denied) => return answers::denied(&denied),
    };
    if knock.parts.method != Method::GET {
        return only("GET");
    }
    if let Err(denied) = http.guard.enter(&visitor) {
        return answers::denied(&denied);
    }
    knock.line.place.becomes("sse");
    let known = visitor.recognised();
    let (talk, said) = Talk::begin(Arc::clone(&http.mcp), visitor, Arc::clone(knock.line.place.trace()));
    let mut random = [0u8; 16];
    rand::rng().fill_bytes(&mut random);
    let id: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    http.talks.0.insert(id.clone(), Arc::clone(&talk));
    let endpoint = format!("event: endpoint\ndata: /messages?session_id={id}\n\n");
    // A drain lets what runs be answered on the stream before it ends.
    let (draining, ending) = (http.guard.draining().clone(), Arc::clone(&talk));
    http.tasks.spawn(async move {
        tokio::select! { () = draining.cancelled() => ending.finish().await, () = ending.done().cancelled() => {} }
    });
    let (ended, replaced) = (known.principal.revoked.clone(), known.lease.over().clone());
    let ends = Ends { ended, replaced, ..Ends::default() };
    let held = Leaver { http: Arc::clone(http), id, talk };
    let feed = Feed::new(Source::Talk(said), &known, ends, held).beginning(Bytes::from(endpoint));
    answers::stream(feed.body())
}

/// Answers `/messages`: takes one message for a stream.
pub(super) async fn message(http: &Http, mut knock: Box<Knock>) -> Response {
    let visitor = match http.recognise(&knock) {
        Ok(visitor) => visitor,
        Err(denied) => return answers::denied(&denied),
    };
    if knock.parts.method != Method::POST {
        return only("POST");
    }
    if let Err(response) = super::endpoint::check_json(&Heads::read(&knock.parts.headers)) {
        return *response;
    }
    let named = knock.parts.uri.query().and_then(session_id);
    let Some(talk) = named.and_then(|id| http.talks.find(id, &visitor.principal.id)) else {
        // As dear as a call, so that guessing is.
        let refused = http.guard.enter(&visitor).err().map(RpcError::from);
        return answers::reply(Reply::error(None, &refused.unwrap_or(RpcError::NoSession)));
    };
    let announced = body::announced(Heads::read(&knock.parts.headers).content_length.first());
    let body = match body::read(http, &mut knock.body, announced, visitor.peer).await {
        Ok(body) => body,
        Err(response) => return *response,
    };
    let unreadable = match Envelope::split(&body) {
        Some(batch) => batch.err().map(|error| (None, error)),
        None => Envelope::parse(&body).err(),
    };
    if let Some((id, error)) = unreadable {
        let error = http.guard.enter(&visitor).err().map_or(error, RpcError::from);
        return answers::reply(Reply::error(id.as_ref(), &error));
    }
    talk.hear(talk.seat().await, body).await;
    let mut response = answers::empty(StatusCode::ACCEPTED);
    response.extensions_mut().insert(Counted);
    response
}

/// Returns the stream that a query names.
fn session_id(query: &str) -> Option<&str> {
    query.split('&').find_map(|part| part.strip_prefix("session_id="))
}

fn only(allowed: &'static str) -> Response {
    let mut response = answers::empty(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// Ends a conversation when its stream is gone: nobody can hear its answers any more.
struct Leaver {
    http: Arc<Http>,
    id: String,
    talk: Arc<Talk>,
}

impl Drop for Leaver {
    fn drop(&mut self) {
        self.http.talks.0.remove(&self.id);
        self.talk.abandon();
        let talk = Arc::clone(&self.talk);
        self.http.tasks.spawn(async move { talk.finish().await });
    }
}
