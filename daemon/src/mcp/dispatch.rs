//! The dispatcher: one message in, one reply out, the same behind every transport.

use std::{borrow::Cow, sync::Arc, time::Instant};

use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Reply, Revision, RpcError, Session, Sessions,
    call::CallParams,
    end::{End, Gone},
    envelope::{Envelope, Message},
    era::{self, Era, MODERN, Meta},
    headers::HttpHead,
    methods::{Legacy, Modern},
    results::{self, Shape},
};
use crate::{
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
    /// The tool called, for the log; the registry knows it, so it is no stranger's word.
    tool: Option<String>,
    session: Option<String>,
}

impl Done {
    fn plain(result: impl Into<String>) -> Self {
        Self { result: result.into(), outcome: Outcome::Success, tool: None, session: None }
    }

    fn called(shape: Shape, call: &CallParams<'_>, answer: &Answer) -> Self {
        let outcome = if answer.is_error() { Outcome::ToolError } else { Outcome::Success };
        let result = results::tools_call(shape, answer);
        Self { result, outcome, tool: Some(call.name.to_string()), session: None }
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
        // Every message costs, nonsense too; but it is read first, so that a refusal carries its id.
        let parsed = Envelope::parse(ask.body);
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
            Message::Request(_) => {
                let mut gone = Gone::watch(self, ask, &envelope, began);
                let done = match entered {
                    Ok(()) => self.serve(ask, &envelope).await,
                    Err(error) => Err(error),
                };
                gone.answered();
                self.reply(ask, &envelope, done, began)
            }
            Message::Notification | Message::Response => match entered.and_then(|()| self.take(ask)) {
                Ok(()) => Reply::Accepted,
                Err(error) => self.ignore(ask, &envelope, &error, began),
            },
        }
    }

    /// Takes a message that wants no answer.
    fn take(&self, ask: &Ask<'_>) -> Result<(), RpcError> {
        if let Origin::Http(head) = &ask.origin {
            check_version(head.version)?;
        }
        self.session(ask).map(drop)
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
                self.finish(ask, &envelope.method, done.tool.as_deref(), end);
                Reply::result(envelope.id(), &done.result, done.session)
            }
            Err(error) => {
                self.finish(ask, &envelope.method, self.tool(envelope), End::failed(&error, began));
                Reply::error(envelope.id(), &error)
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
        match Modern::read(&envelope.method).ok_or(RpcError::MethodNotFound { modern: true })? {
            Modern::Discover => Ok(Done::plain(results::discover())),
            Modern::ToolsList => Ok(self.tools_list(ask, Shape::Modern)),
            Modern::ToolsCall => {
                let call = CallParams::read(envelope.params)?;
                if let Origin::Http(head) = &ask.origin {
                    head.check_name(&call.name)?;
                    self.check_params(head, &call)?;
                }
                let answer = self.call_tool(ask.visitor, &call).await?;
                check_capability(&answer, meta)?;
                Ok(Done::called(Shape::Modern, &call, &answer))
            }
        }
    }

    /// Serves a request of an older revision, in its session or in none.
    async fn legacy(
        &self,
        ask: &Ask<'_>,
        envelope: &Envelope<'_>,
        header: Option<&str>,
    ) -> Result<Done, RpcError> {
        let method = Legacy::read(&envelope.method);
        // `initialize` begins anew: its version stands in the body, and a session it names is none of its own.
        let session = if method == Some(Legacy::Initialize) {
            None
        } else {
            check_version(header.filter(|version| *version != MODERN))?;
            self.session(ask)?
        };
        match method.ok_or(RpcError::MethodNotFound { modern: false })? {
            Legacy::Initialize => self.initialize(ask, envelope),
            Legacy::Ping => Ok(Done::plain(results::EMPTY)),
            Legacy::ToolsList => Ok(self.tools_list(ask, Shape::Legacy)),
            Legacy::ToolsCall => {
                let call = CallParams::read(envelope.params)?;
                let answer = self.call_tool(ask.visitor, &call).await?;
                Ok(Done::called(Shape::Legacy, &call, &answer))
            }
            Legacy::SetLevel => {
                let wanted: SetLevel<'_> = read(envelope.params)?;
                let session = session.ok_or(RpcError::SessionRequired)?;
                if !session.set_level(&wanted.level) {
                    return Err(RpcError::InvalidParams(format!("there is no log level {:?}", wanted.level)));
                }
                Ok(Done::plain(results::EMPTY))
            }
        }
    }

    fn initialize(&self, ask: &Ask<'_>, envelope: &Envelope<'_>) -> Result<Done, RpcError> {
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

    fn tools_list(&self, ask: &Ask<'_>, shape: Shape) -> Done {
        let tools = self.registry.list(&ask.visitor.principal);
        Done::plain(results::tools_list(shape, &tools))
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

    /// Returns the tool a request is about, if it is one of ours: a stranger's word never becomes a tool in the log.
    pub(super) fn tool(&self, envelope: &Envelope<'_>) -> Option<&'static str> {
        let call = CallParams::read(envelope.params).ok().filter(|_| envelope.method == "tools/call")?;
        self.registry.known(&call.name)
    }

    /// Counts and logs the end of a request. `tool` is a name of ours, never a stranger's word.
    pub(super) fn finish(&self, ask: &Ask<'_>, method: &str, tool: Option<&str>, end: End) {
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
