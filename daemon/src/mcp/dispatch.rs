//! The dispatcher: one message or batch in, one reply out, the same behind every transport.

use std::{
    borrow::Cow,
    sync::{Arc, atomic::AtomicUsize},
    time::Instant,
};

use bytes::Bytes;
use futures::FutureExt;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio_util::sync::CancellationToken;

use super::{
    Outlet, Reply, Revision, RpcError, Session, Sessions,
    end::{End, Gone},
    envelope::{Envelope, Id, Message},
    era::{self, Given, MODERN},
    exchange::Exchange,
    headers::HttpHead,
    library::Library,
    methods,
    news::News,
    results::{Shape, WholeList},
    rounds::Seal,
    serve::{Request, note_client},
};
use crate::{
    guard::{Guard, Trace, Visitor},
    telemetry::{CallAudited, Outcome, Recorder, RequestFinished, RequestId},
    tools::Registry,
};

/// The protocol, over a guard and a registry.
pub struct Mcp {
    pub(super) guard: Arc<Guard>,
    pub(super) registry: Arc<Registry>,
    pub(super) sessions: Arc<Sessions>,
    pub(super) news: Arc<News>,
    pub(super) library: Library,
    pub(super) seal: Seal,
    pub(super) whole_list: WholeList,
    pub(super) recorder: Arc<Recorder>,
}

/// One message and where it came from.
pub struct Ask<'a> {
    /// Our id of the request, for the log.
    pub request: RequestId,
    /// Who asks.
    pub visitor: &'a Visitor,
    /// What carried it.
    pub origin: Origin<'a>,
    /// What operators see of its connection.
    pub trace: &'a Trace,
    /// Where messages go that are not the answer.
    pub outlet: &'a Outlet,
    /// The bytes.
    pub body: &'a [u8],
}

/// What carried a message, as far as the protocol cares.
pub enum Origin<'a> {
    /// A POST with these headers.
    Http(HttpHead<'a>),
    /// A stream of its own.
    Stream(&'a Line),
}

/// What the protocol remembers of a stream that carries both directions.
#[derive(Debug, Default)]
pub struct Line {
    /// The session that `initialize` opened on it.
    pub session: Mutex<Option<Arc<Session>>>,
    /// Requests under way in either direction.
    pub exchange: Exchange,
    /// Subscriptions open on it.
    pub(super) subscriptions: AtomicUsize,
    /// Fires when its client has said its last: what it asked is answered, and subscriptions end.
    pub hushed: CancellationToken,
}

/// A result with what must be told beside it.
pub(super) struct Done {
    pub(super) result: Bytes,
    pub(super) outcome: Outcome,
    /// The tool called, for the log; the registry knows it, so it is no stranger's word.
    pub(super) tool: Option<&'static str>,
    pub(super) session: Option<String>,
}

impl Done {
    pub(super) fn plain(result: impl Into<Bytes>) -> Self {
        Self { result: result.into(), outcome: Outcome::Success, tool: None, session: None }
    }
}

/// Parameters of `notifications/cancelled`.
#[derive(Deserialize)]
struct Cancelled<'a> {
    #[serde(borrow, rename = "requestId")]
    request: Option<&'a RawValue>,
}

impl Mcp {
    /// Makes the dispatcher.
    pub fn new(
        guard: Arc<Guard>,
        registry: Arc<Registry>,
        news: Arc<News>,
        library: Library,
        recorder: Arc<Recorder>,
    ) -> Self {
        let sessions = Arc::clone(news.sessions());
        Self {
            guard,
            registry,
            sessions,
            news,
            library,
            seal: Seal::default(),
            whole_list: WholeList::default(),
            recorder,
        }
    }

    /// Returns the legacy sessions.
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }

    /// Answers whether a message of a stream is to be served before the next is read: it opens the session that later
    /// ones belong to, or it is short and may be about one that runs.
    pub fn goes_first(&self, body: &[u8]) -> bool {
        // Most messages are neither, and need not be parsed twice to see it.
        let may_be = memchr::memmem::find(body, b"\"initialize\"").is_some()
            || memchr::memmem::find(body, b"\"notifications").is_some()
            || memchr::memmem::find(body, b"\"method\"").is_none();
        may_be
            && Envelope::parse(body).is_ok_and(|envelope| match envelope.message {
                Message::Request(_) => envelope.method == "initialize",
                Message::Notification | Message::Response(_) => true,
            })
    }

    /// Answers one message, or a batch.
    pub async fn answer(&self, ask: &Ask<'_>) -> Reply {
        match Envelope::split(ask.body) {
            None => self.one(ask, ask.body).await,
            Some(batch) => self.batch(ask, batch).boxed().await,
        }
    }

    pub(super) async fn one(&self, ask: &Ask<'_>, body: &[u8]) -> Reply {
        let began = Instant::now();
        // Every message costs, nonsense too; but it is read first, so that a refusal carries its id.
        let parsed = Envelope::parse(body);
        let entered = self.guard.enter(ask.visitor).map_err(RpcError::from);
        let envelope = match parsed {
            Ok(envelope) => envelope,
            Err((id, error)) => {
                let error = entered.err().unwrap_or(error);
                self.finish(ask, "", None, End::failed(&error, began));
                return Reply::error(id.as_ref(), &error);
            }
        };
        match &envelope.message {
            Message::Request(id) => {
                let mut gone = Gone::watch(self, ask, &envelope, began);
                let done = match entered {
                    Ok(()) => self.serve(ask, &envelope, id).await,
                    Err(error) => Err(error),
                };
                gone.answered();
                self.reply(ask, &envelope, done, began)
            }
            Message::Notification | Message::Response(_) => {
                match entered.and_then(|()| self.take(ask, &envelope)) {
                    Ok(()) => Reply::Accepted,
                    Err(error) => self.ignore(ask, &envelope, &error, began),
                }
            }
        }
    }

    /// Takes a message that wants no answer.
    fn take(&self, ask: &Ask<'_>, envelope: &Envelope<'_>) -> Result<(), RpcError> {
        if let Origin::Http(head) = &ask.origin {
            head.check_form()?;
            check_version(head.version)?;
        }
        let session = self.session(ask)?;
        let Some(exchange) = exchange(ask, session.as_ref()) else { return Ok(()) };
        match (&envelope.message, envelope.answer) {
            (Message::Response(id), Some(answer)) => exchange.answered(id, answer),
            (Message::Notification, _) if envelope.method == "notifications/cancelled" => {
                // One that names nothing, or nothing that runs, is late or mistaken, and has no effect.
                let cancelled = read::<Cancelled<'_>>(envelope.params).ok();
                if let Some(id) = cancelled.and_then(|one| one.request).and_then(|raw| Id::read(raw).ok()) {
                    exchange.cancel(&id);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Whoever sends a notification wants no answer; only HTTP has a place to say that it went wrong.
    fn ignore(&self, ask: &Ask<'_>, envelope: &Envelope<'_>, error: &RpcError, began: Instant) -> Reply {
        self.finish(ask, &envelope.method, None, End::failed(error, began));
        match ask.origin {
            Origin::Http(_) => Reply::error(None, error),
            Origin::Stream(_) => Reply::Accepted,
        }
    }

    fn reply(
        &self,
        ask: &Ask<'_>,
        envelope: &Envelope<'_>,
        done: Result<Done, RpcError>,
        began: Instant,
    ) -> Reply {
        match done {
            Ok(done) => {
                let end = End { outcome: done.outcome, status: 200, began };
                self.finish(ask, &envelope.method, done.tool, end);
                Reply::result(envelope.id(), done.result, done.session)
            }
            Err(error) => {
                self.finish(ask, &envelope.method, self.tool(envelope), End::failed(&error, began));
                // Who cancelled a request waits for no answer to it.
                if error == RpcError::Cancelled {
                    Reply::Accepted
                } else {
                    Reply::error(envelope.id(), &error)
                }
            }
        }
    }

    async fn serve(&self, ask: &Ask<'_>, envelope: &Envelope<'_>, id: &Id) -> Result<Done, RpcError> {
        let header = match &ask.origin {
            Origin::Http(head) => {
                head.check_form()?;
                head.version
            }
            Origin::Stream(_) => None,
        };
        let given = Given::read(envelope.params)?;
        let meta = given.meta()?;
        let modern = era::is_modern(&envelope.method, &meta, header)?;
        // `initialize` begins anew: a session it names is none of its own.
        let alone = modern || envelope.method == "initialize";
        if !alone {
            check_version(header.filter(|version| *version != MODERN))?;
        }
        let session = if alone { None } else { self.session(ask)? };
        if !ask.trace.is_named() {
            note_client(ask.trace, &meta, session.as_deref());
        }
        let under_way = exchange(ask, session.as_ref()).map(|exchange| exchange.begin(id));
        let shape = if modern { Shape::Modern } else { Shape::Legacy };
        let session = session.as_ref();
        let request = Request { ask, envelope, given: &given, meta: &meta, id, session, shape };
        let served = async {
            match shape {
                Shape::Modern => self.modern(&request).await,
                Shape::Legacy => self.legacy(&request).await,
            }
        };
        match &under_way {
            // `initialize` cannot be cancelled.
            Some(under_way) if envelope.method != "initialize" => tokio::select! {
                biased;
                () = under_way.cancelled.cancelled() => Err(RpcError::Cancelled),
                served = served => served,
            },
            _ => served.await,
        }
    }

    /// Returns the session a legacy message belongs to; over HTTP one that names none is served without.
    pub(super) fn session(&self, ask: &Ask<'_>) -> Result<Option<Arc<Session>>, RpcError> {
        match &ask.origin {
            Origin::Http(head) => head.session.map(|id| self.own_session(id, ask.visitor)).transpose(),
            // One that an operator ended is gone; its client may initialize again.
            Origin::Stream(line) => match line.session.lock().clone() {
                Some(session) if session.ended.is_cancelled() => Err(RpcError::NoSession),
                session => Ok(session),
            },
        }
    }

    /// Returns the visitor's own session of that id.
    pub fn own_session(&self, id: &str, visitor: &Visitor) -> Result<Arc<Session>, RpcError> {
        self.sessions.find(id, &visitor.principal.id).ok_or(RpcError::NoSession)
    }

    /// Returns the tool a request is about, if it is one of ours: a stranger's word never becomes a tool in the log.
    pub(super) fn tool(&self, envelope: &Envelope<'_>) -> Option<&'static str> {
        let given = Given::read(envelope.params).ok().filter(|_| envelope.method == "tools/call")?;
        let name: Cow<'_, str> = serde_json::from_str(given.name?.get()).ok()?;
        self.registry.known(&name)
    }

    /// Counts, logs and, if wanted, records the end of a request. `tool` is a name of ours, never a stranger's word.
    pub(super) fn finish(&self, ask: &Ask<'_>, method: &str, tool: Option<&str>, end: End) {
        let principal = &ask.visitor.principal;
        let heard = |tool: &&str| self.recorder.audit().hears(|| self.registry.need(tool).writes());
        if let Some(tool) = tool.filter(heard) {
            CallAudited { who: principal.author(), tool, outcome: end.outcome }.emit(&self.recorder);
        }
        RequestFinished {
            request: ask.request,
            method: methods::logged(method),
            tool,
            principal: Some(&principal.name()),
            key: Some(principal.meter(&self.recorder)),
            peer: ask.visitor.peer.into(),
            outcome: end.outcome,
            status: matches!(ask.origin, Origin::Http(_)).then_some(end.status),
            duration: end.began.elapsed(),
        }
        .emit(&self.recorder);
    }
}

/// Returns where requests under way are noted: on their stream, or in their session. A request over HTTP without a
/// session stands for itself.
pub(super) fn exchange<'a>(ask: &'a Ask<'_>, session: Option<&'a Arc<Session>>) -> Option<&'a Exchange> {
    match &ask.origin {
        Origin::Stream(line) => Some(&line.exchange),
        Origin::Http(_) => session.map(|session| &session.exchange),
    }
}

/// Checks the version header of a message that carries no `_meta`: absent, a revision we speak, or 400.
pub fn check_version(header: Option<&str>) -> Result<(), RpcError> {
    match header {
        Some(other) if other != MODERN && Revision::read(other).is_none() => {
            let why = format!("MCP-Protocol-Version {other:?} is not a version this server speaks");
            Err(RpcError::InvalidRequest(why.into()))
        }
        _ => Ok(()),
    }
}

/// Decodes the parameters of a method.
pub(super) fn read<'a, T: Deserialize<'a>>(params: Option<&'a RawValue>) -> Result<T, RpcError> {
    let text = params.map_or("{}", RawValue::get);
    serde_json::from_str(text).map_err(|error| RpcError::InvalidParams(error.to_string()))
}
