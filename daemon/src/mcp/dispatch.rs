//! The dispatcher: one message in, one reply out, the same behind every transport.

use std::{borrow::Cow, sync::Arc, time::Instant};

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Id, Reply, Revision, RpcError, Session, Sessions,
    call::CallParams,
    envelope::{Envelope, Message},
    era::{self, Era, MODERN, Meta},
    headers::HttpHead,
    results::{self, Shape},
};
use crate::{
    auth::Need,
    guard::{Guard, Visitor},
    telemetry::{Outcome, Recorder, RequestFinished},
    tools::{Answer, Registry},
};

/// Longest client name kept, in characters.
const CLIENT_NAME: usize = 64;

/// The protocol, over a guard and a registry.
pub struct Mcp {
    pub(super) guard: Arc<Guard>,
    pub(super) registry: Arc<Registry>,
    sessions: Arc<Sessions>,
    recorder: Arc<Recorder>,
}

/// One message and where it came from.
pub struct Ask<'a> {
    /// Our id of the request, for the log.
    pub request: &'a str,
    /// Who asks.
    pub visitor: &'a Visitor,
    /// What carried it.
    pub origin: Origin<'a>,
    /// The bytes.
    pub body: &'a [u8],
}

/// What carried a message, as far as the protocol cares.
pub enum Origin<'a> {
    /// A POST with these headers.
    Http(HttpHead<'a>),
    /// A stream of its own, which remembers the session that `initialize` opened on it.
    Stream(&'a Mutex<Option<Arc<Session>>>),
}

/// A result with what must be told beside it.
struct Done {
    result: String,
    outcome: Outcome,
    session: Option<String>,
}

impl Done {
    fn plain(result: impl Into<String>) -> Self {
        Self { result: result.into(), outcome: Outcome::Success, session: None }
    }
}

/// Parameters of `initialize`.
#[derive(Deserialize)]
struct Initialize<'a> {
    #[serde(borrow, rename = "protocolVersion")]
    version: Cow<'a, str>,
    #[serde(borrow, rename = "clientInfo")]
    client: Option<&'a RawValue>,
}

/// What clients call themselves.
#[derive(Deserialize)]
struct ClientInfo<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// Parameters of `logging/setLevel`.
#[derive(Deserialize)]
struct SetLevel<'a> {
    #[serde(borrow)]
    level: Cow<'a, str>,
}

impl Mcp {
    /// Makes the dispatcher.
    pub fn new(
        guard: Arc<Guard>,
        registry: Arc<Registry>,
        sessions: Arc<Sessions>,
        recorder: Arc<Recorder>,
    ) -> Self {
        Self { guard, registry, sessions, recorder }
    }

    /// Returns the legacy sessions.
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }

    /// Answers whether later messages of the same stream must wait for this one: it opens the session they belong to.
    pub fn goes_first(&self, body: &[u8]) -> bool {
        Envelope::parse(body).is_ok_and(|envelope| envelope.method == "initialize")
    }

    /// Answers one message.
    pub async fn answer(&self, ask: &Ask<'_>) -> Reply {
        let began = Instant::now();
        let envelope = match Envelope::parse(ask.body) {
            Ok(envelope) => envelope,
            Err((id, error)) => {
                // Nonsense costs a token too.
                let error = self.guard.admit(ask.visitor, Need::Known).err().map_or(error, Into::into);
                self.finish(ask, "", None, End::failed(&error, began));
                return Reply::error(id.as_ref(), &error);
            }
        };
        match &envelope.message {
            Message::Request(id) => self.request(ask, id, &envelope, began).await,
            Message::Notification | Message::Response => match (self.take(ask), &ask.origin) {
                (Ok(()), _) => Reply::Accepted,
                (Err(error), origin) => {
                    let method = &envelope.method;
                    self.finish(ask, method, None, End::failed(&error, began));
                    // Whoever sends a notification wants no answer; only HTTP has a place to say it went wrong.
                    match origin {
                        Origin::Http(_) => Reply::error(None, &error),
                        Origin::Stream(_) => Reply::Accepted,
                    }
                }
            },
        }
    }

    /// Takes a message that wants no answer.
    fn take(&self, ask: &Ask<'_>) -> Result<(), RpcError> {
        self.guard.admit(ask.visitor, Need::Known)?;
        if let Origin::Http(head) = &ask.origin {
            check_version(head.version)?;
        }
        self.session(ask).map(drop)
    }

    async fn request(&self, ask: &Ask<'_>, id: &Id, envelope: &Envelope<'_>, began: Instant) -> Reply {
        let done = self.serve(ask, envelope).await;
        let tool = match envelope.method.as_ref() {
            "tools/call" => CallParams::read(envelope.params).ok().map(|call| call.name),
            _ => None,
        };
        // Only names of ours: a stranger's word never becomes a tool in the log.
        let tool = tool.as_deref().filter(|name| self.registry.published(name).is_some());
        match done {
            Ok(done) => {
                let end = End { outcome: done.outcome, status: 200, began };
                self.finish(ask, &envelope.method, tool, end);
                match Reply::result(id, &done.result) {
                    Reply::Message { status, body, retry_after, .. } => {
                        Reply::Message { status, body, retry_after, session: done.session }
                    }
                    Reply::Accepted => Reply::Accepted,
                }
            }
            Err(error) => {
                self.finish(ask, &envelope.method, tool, End::failed(&error, began));
                Reply::error(Some(id), &error)
            }
        }
    }

    async fn serve(&self, ask: &Ask<'_>, envelope: &Envelope<'_>) -> Result<Done, RpcError> {
        let header = match &ask.origin {
            Origin::Http(head) => head.version,
            Origin::Stream(_) => None,
        };
        match era::tell(&envelope.method, envelope.params, header)? {
            Era::Modern(meta) => self.modern(ask, envelope, &meta).await,
            Era::Legacy => self.legacy(ask, envelope, header).await,
        }
    }

    /// Serves a request of 2026-07-28: nothing is remembered from one to the next.
    async fn modern(
        &self,
        ask: &Ask<'_>,
        envelope: &Envelope<'_>,
        meta: &Meta<'_>,
    ) -> Result<Done, RpcError> {
        let version = meta.version.as_deref().unwrap_or_default();
        if let Origin::Http(head) = &ask.origin {
            head.check(version, &envelope.method)?;
        }
        if version != MODERN {
            return Err(RpcError::UnsupportedVersion(version.to_owned()));
        }
        if let Some(client) = meta.client {
            client_name(client)?;
        }
        match envelope.method.as_ref() {
            "server/discover" => {
                self.guard.admit(ask.visitor, Need::Known)?;
                Ok(Done::plain(results::discover()))
            }
            "tools/list" => self.tools_list(ask, Shape::Modern),
            "tools/call" => {
                let call = CallParams::read(envelope.params)?;
                if let Origin::Http(head) = &ask.origin {
                    head.check_name(&call.name)?;
                    self.check_params(head, &call)?;
                }
                let answer = self.call_tool(ask.visitor, &call).await?;
                check_capability(&answer, meta)?;
                Ok(called(Shape::Modern, &answer))
            }
            _ => self.unknown(ask, true),
        }
    }

    /// Serves a request of an older revision, in its session or in none.
    async fn legacy(
        &self,
        ask: &Ask<'_>,
        envelope: &Envelope<'_>,
        header: Option<&str>,
    ) -> Result<Done, RpcError> {
        if envelope.method == "initialize" {
            return self.initialize(ask, envelope);
        }
        check_version(header.filter(|version| *version != MODERN))?;
        let session = match self.session(ask) {
            Ok(session) => session,
            Err(error) => {
                // Guessing sessions costs a token too.
                self.guard.admit(ask.visitor, Need::Known)?;
                return Err(error);
            }
        };
        match envelope.method.as_ref() {
            "ping" => {
                self.guard.admit(ask.visitor, Need::Known)?;
                Ok(Done::plain(results::EMPTY))
            }
            "tools/list" => self.tools_list(ask, Shape::Legacy),
            "tools/call" => {
                let call = CallParams::read(envelope.params)?;
                let answer = self.call_tool(ask.visitor, &call).await?;
                Ok(called(Shape::Legacy, &answer))
            }
            "logging/setLevel" => {
                self.guard.admit(ask.visitor, Need::Known)?;
                let wanted: SetLevel<'_> = read(envelope.params)?;
                let session = session.ok_or(RpcError::SessionRequired)?;
                if !session.set_level(&wanted.level) {
                    return Err(RpcError::InvalidParams(format!("there is no log level {:?}", wanted.level)));
                }
                Ok(Done::plain(results::EMPTY))
            }
            _ => self.unknown(ask, false),
        }
    }

    fn initialize(&self, ask: &Ask<'_>, envelope: &Envelope<'_>) -> Result<Done, RpcError> {
        self.guard.admit(ask.visitor, Need::Known)?;
        let asked: Initialize<'_> = read(envelope.params)?;
        let client = asked.client.map(client_name).transpose()?.unwrap_or_default();
        let revision = Revision::negotiate(&asked.version);
        let opened = self.sessions.open(&ask.visitor.principal, revision, client);
        let session = opened.map_err(|denied| self.guard.refused(denied, ask.visitor.peer))?;
        let mut done = Done::plain(results::initialize(revision));
        match &ask.origin {
            Origin::Http(_) => done.session = Some(session.id.clone()),
            Origin::Stream(slot) => {
                // A second initialize on one stream begins anew.
                if let Some(earlier) = slot.lock().replace(session) {
                    self.sessions.end(&earlier.id);
                }
            }
        }
        Ok(done)
    }

    fn tools_list(&self, ask: &Ask<'_>, shape: Shape) -> Result<Done, RpcError> {
        let permit = self.guard.admit(ask.visitor, Need::Known)?;
        let tools = self.registry.list(permit.principal());
        Ok(Done::plain(results::tools_list(shape, &tools)))
    }

    fn unknown(&self, ask: &Ask<'_>, modern: bool) -> Result<Done, RpcError> {
        self.guard.admit(ask.visitor, Need::Known)?;
        Err(RpcError::MethodNotFound { modern })
    }

    /// Returns the session a legacy message belongs to; over HTTP one that names none is served without.
    fn session(&self, ask: &Ask<'_>) -> Result<Option<Arc<Session>>, RpcError> {
        match &ask.origin {
            Origin::Http(head) => head.session.map(|id| self.own_session(id, ask.visitor)).transpose(),
            Origin::Stream(slot) => Ok(slot.lock().clone()),
        }
    }

    /// Returns the visitor's own session of that id.
    pub fn own_session(&self, id: &str, visitor: &Visitor) -> Result<Arc<Session>, RpcError> {
        self.sessions.find(id, &visitor.principal.id).ok_or(RpcError::NoSession)
    }

    /// Counts and logs the end of a request. `tool` is a name of ours, never a stranger's word.
    fn finish(&self, ask: &Ask<'_>, method: &str, tool: Option<&str>, end: End) {
        let method: String = method.chars().take(64).collect();
        RequestFinished {
            request: ask.request,
            method: &method,
            tool,
            principal: Some(&ask.visitor.principal.name),
            peer: &ask.visitor.peer.to_string(),
            outcome: end.outcome,
            status: matches!(ask.origin, Origin::Http(_)).then_some(end.status),
            duration: end.began.elapsed(),
        }
        .emit(&self.recorder);
    }
}

/// How a request ended.
struct End {
    outcome: Outcome,
    status: u16,
    began: Instant,
}

impl End {
    fn failed(error: &RpcError, began: Instant) -> Self {
        let refused = matches!(error, RpcError::Denied(_));
        let outcome = if refused { Outcome::Refused } else { Outcome::ProtocolError };
        Self { outcome, status: error.status(), began }
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

fn called(shape: Shape, answer: &Answer) -> Done {
    let outcome = if answer.is_error() { Outcome::ToolError } else { Outcome::Success };
    Done { result: results::tools_call(shape, answer), outcome, session: None }
}

fn read<'a, T: Deserialize<'a>>(params: Option<&'a RawValue>) -> Result<T, RpcError> {
    let text = params.map_or("{}", RawValue::get);
    serde_json::from_str(text).map_err(|error| RpcError::InvalidParams(error.to_string()))
}

fn client_name(info: &RawValue) -> Result<String, RpcError> {
    let info: ClientInfo<'_> = serde_json::from_str(info.get())
        .map_err(|error| RpcError::InvalidParams(format!("clientInfo: {error}")))?;
    Ok(info.name.chars().take(CLIENT_NAME).collect())
}

/// A tool of the suite asks for a capability; none of the shipped ones does.
#[cfg(feature = "testing")]
fn check_capability(answer: &Answer, meta: &Meta<'_>) -> Result<(), RpcError> {
    let Answer::NeedsCapability(name) = answer else { return Ok(()) };
    let declared = meta.capabilities.map_or("{}", RawValue::get);
    let declared: serde_json::Value = serde_json::from_str(declared).unwrap_or_default();
    if declared.get(*name).is_some() { Ok(()) } else { Err(RpcError::MissingCapability(name)) }
}

#[cfg(not(feature = "testing"))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as with the fixtures")]
fn check_capability(_: &Answer, _: &Meta<'_>) -> Result<(), RpcError> {
    Ok(())
}
