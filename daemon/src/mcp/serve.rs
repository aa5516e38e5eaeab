//! What each method does, in the words of its era.

use std::{borrow::Cow, sync::Arc};

use futures::FutureExt;
use serde::Deserialize;
use serde_json::value::RawValue;

#[cfg(feature = "testing")]
use super::fixtures;
use super::{
    Ask, Id, Origin, Revision, RpcError, Session,
    dispatch::{Done, Mcp, exchange, read},
    envelope::Envelope,
    era::{Given, MODERN, Meta, no_such_level},
    error::shortened,
    exchange::Exchange,
    methods::{Legacy, Modern, Shared},
    resources::{Address, only_page},
    results::{self, Caching, Shape},
    session::{Abilities, Opening},
};
use crate::{auth::Need, guard::Trace, tools::LogLevel};

/// Longest client name kept, in characters.
const CLIENT_NAME: usize = 64;

/// One request with what was read of it.
pub(super) struct Request<'a> {
    pub(super) ask: &'a Ask<'a>,
    pub(super) envelope: &'a Envelope<'a>,
    pub(super) given: &'a Given<'a>,
    pub(super) meta: &'a Meta<'a>,
    pub(super) id: &'a Id,
    /// The legacy session it belongs to.
    pub(super) session: Option<&'a Arc<Session>>,
    pub(super) shape: Shape,
}

/// Parameters of `initialize`.
#[derive(Deserialize)]
struct Initialize<'a> {
    #[serde(borrow, rename = "protocolVersion")]
    version: Cow<'a, str>,
    #[serde(borrow)]
    capabilities: Option<&'a RawValue>,
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

impl<'a> Request<'a> {
    /// Returns the string that a parameter must be.
    pub(super) fn text(raw: Option<&'a RawValue>, name: &str) -> Result<Cow<'a, str>, RpcError> {
        let raw = raw.ok_or_else(|| RpcError::InvalidParams(format!("{name} is missing")))?;
        text(raw, name)
    }

    /// Returns where what is under way is noted.
    pub(super) fn exchange(&self) -> Option<&'a Exchange> {
        exchange(self.ask, self.session)
    }

    /// Returns the page that is asked for.
    fn cursor(&self) -> Result<Option<Cow<'a, str>>, RpcError> {
        self.given.cursor.map(|raw| text(raw, "cursor")).transpose()
    }

    /// Checks the header that mirrors what a modern request is about.
    pub(super) fn check_name(&self, name: &str) -> Result<(), RpcError> {
        match (&self.ask.origin, self.shape) {
            (Origin::Http(head), Shape::Modern) => head.check_name(name),
            (Origin::Http(_), Shape::Legacy) | (Origin::Stream(_), _) => Ok(()),
        }
    }
}

/// A string as serde reads it, borrowed when it has no escapes.
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn text<'a>(raw: &'a RawValue, name: &str) -> Result<Cow<'a, str>, RpcError> {
    let text: Result<Text<'a>, _> = serde_json::from_str(raw.get());
    text.map(|text| text.0).map_err(|_| RpcError::InvalidParams(format!("{name} must be a string")))
}

impl Mcp {
    /// Serves a request of 2026-07-28: nothing is remembered from one to the next.
    pub(super) async fn modern(&self, request: &Request<'_>) -> Result<Done, RpcError> {
        let Request { ask, envelope, meta, .. } = request;
        let version = meta.version.as_deref().unwrap_or_default();
        if let Origin::Http(head) = &ask.origin {
            head.check(version, &envelope.method)?;
        }
        if version != MODERN {
            return Err(RpcError::UnsupportedVersion(shortened(version)));
        }
        if let Some(client) = meta.client {
            client_name(client)?;
        }
        match Modern::read(&envelope.method).ok_or(RpcError::MethodNotFound { modern: true })? {
            Modern::Discover => Ok(Done::plain(results::discover())),
            Modern::Listen => self.listen(ask, request.id, envelope.params).boxed().await,
            Modern::Shared(method) => self.shared(request, method).await,
        }
    }

    /// Serves a request of an older revision, in its session or in none.
    pub(super) async fn legacy(&self, request: &Request<'_>) -> Result<Done, RpcError> {
        let Request { ask, envelope, session, .. } = request;
        match Legacy::read(&envelope.method).ok_or(RpcError::MethodNotFound { modern: false })? {
            Legacy::Initialize => self.initialize(ask, envelope).boxed().await,
            Legacy::Ping => Ok(Done::plain(results::EMPTY)),
            Legacy::SetLevel => {
                let wanted: SetLevel<'_> = read(envelope.params)?;
                let session = session.ok_or(RpcError::SessionRequired)?;
                let level = LogLevel::read(&wanted.level).ok_or_else(|| no_such_level(&wanted.level))?;
                session.set_level(level);
                self.sessions.keep(session).boxed().await;
                Ok(Done::plain(results::EMPTY))
            }
            Legacy::Subscribe => {
                let _place = self.reading(request)?;
                let (session, uri) = Self::subscription(request)?;
                #[cfg(feature = "testing")]
                if fixtures::owns(&uri) {
                    return Ok(Done::plain(results::EMPTY));
                }
                let address = self.library.locate(&ask.visitor.principal, &uri, false).boxed().await?;
                let uri = address.uri();
                if !session.subscribe(&uri) {
                    return Err(RpcError::InvalidParams(
                        "this session subscribed to as many as it may".into(),
                    ));
                }
                self.news.listen_for(session, &uri);
                self.sessions.keep(session).boxed().await;
                Ok(Done::plain(results::EMPTY))
            }
            Legacy::Unsubscribe => {
                let _place = self.reading(request)?;
                let (session, uri) = Self::subscription(request)?;
                let uri = Address::read(&uri).map_or(uri.into_owned(), |address| address.uri());
                session.unsubscribe(&uri);
                self.news.forget(session, &uri);
                self.sessions.keep(session).boxed().await;
                Ok(Done::plain(results::EMPTY))
            }
            Legacy::Shared(method) => self.shared(request, method).await,
        }
    }

    /// Serves what every revision has.
    async fn shared(&self, request: &Request<'_>, method: Shared) -> Result<Done, RpcError> {
        let who = &request.ask.visitor.principal;
        let shape = request.shape;
        match method {
            Shared::ToolsList => {
                only_page(request.cursor()?.as_deref())?;
                let result = match self.registry.whole_list(who) {
                    Some(whole) => self.whole_list.result(shape, &whole),
                    None => results::tools_list(shape, &self.registry.list(who)),
                };
                Ok(Done::plain(result))
            }
            Shared::ToolsCall => self.tools_call(request).await,
            Shared::ResourcesList => {
                let cursor = request.cursor()?;
                let _place = self.reading(request)?;
                let page = self.library.resources(who, cursor.as_deref()).boxed().await?;
                results::object(shape, &page, Caching::List)
            }
            Shared::ResourceTemplatesList => {
                let page = self.library.templates(who, request.cursor()?.as_deref())?;
                results::object(shape, &page, Caching::List)
            }
            Shared::ResourcesRead => {
                let uri = Request::text(request.given.uri, "uri")?;
                request.check_name(&uri)?;
                let _place = self.reading(request)?;
                #[cfg(feature = "testing")]
                if fixtures::owns(&uri) {
                    let read = fixtures::read(&uri, shape == Shape::Modern)?;
                    return results::object(shape, &read, Caching::Moment);
                }
                let read = self.library.read(who, &uri, shape == Shape::Modern).boxed().await?;
                results::object(shape, &read, Caching::Moment)
            }
            Shared::PromptsList => {
                let page = self.library.prompts(who, request.cursor()?.as_deref())?;
                results::object(shape, &page, Caching::List)
            }
            Shared::PromptsGet => self.prompts_get(request).boxed().await,
            Shared::Complete => {
                let _place = self.reading(request)?;
                #[cfg(feature = "testing")]
                if request.envelope.params.is_some_and(|raw| raw.get().contains("test_")) {
                    let none = serde_json::json!({ "completion": { "values": ["paris"], "total": 1, "hasMore": false } });
                    return results::object(shape, &none, Caching::None);
                }
                let completion = self.library.complete(who, request.envelope.params).boxed().await?;
                results::object(shape, &completion, Caching::None)
            }
        }
    }

    /// Takes a slot for reading from the library. What the principal may not read is not there for it, so only lists of
    /// nothing come from one without the scope: it is admitted as anyone is.
    pub(super) fn reading(&self, request: &Request<'_>) -> Result<impl Sized + use<>, RpcError> {
        Ok(self.guard.admit(request.ask.visitor, Need::Nothing)?)
    }

    fn subscription<'r>(request: &Request<'r>) -> Result<(&'r Arc<Session>, Cow<'r, str>), RpcError> {
        let session = request.session.ok_or(RpcError::SessionRequired)?;
        let uri = Request::text(request.given.uri, "uri")?;
        Ok((session, uri))
    }

    async fn initialize(&self, ask: &Ask<'_>, envelope: &Envelope<'_>) -> Result<Done, RpcError> {
        let asked: Initialize<'_> = read(envelope.params)?;
        let client = asked.client.map(client_name).transpose()?.unwrap_or_default();
        let revision = Revision::negotiate(&asked.version);
        let principal = &ask.visitor.principal;
        let abilities = Abilities::declared(asked.capabilities)?;
        let stream = match &ask.origin {
            Origin::Http(_) => None,
            Origin::Stream(_) => ask.outlet.stream(),
        };
        ask.trace.name(&client);
        let opened = self.sessions.open(Opening { principal, revision, client, abilities, stream });
        let session = opened.map_err(|denied| self.guard.refused(denied, ask.visitor.peer))?;
        let mut done = Done::plain(results::initialize(revision));
        match &ask.origin {
            Origin::Http(_) => {
                // Before the client learns of it: a daemon that is killed now knows it when it is back.
                self.sessions.keep(&session).await;
                done.session = Some(session.id.clone());
            }
            Origin::Stream(line) => {
                // A second initialize on one stream begins anew.
                if let Some(earlier) = line.session.lock().replace(session) {
                    self.sessions.end(&earlier.id);
                }
            }
        }
        Ok(done)
    }
}

pub(super) fn client_name(info: &RawValue) -> Result<String, RpcError> {
    let info: ClientInfo<'_> = serde_json::from_str(info.get())
        .map_err(|error| RpcError::InvalidParams(format!("clientInfo: {error}")))?;
    Ok(info.name.chars().take(CLIENT_NAME).collect())
}

/// Notes what the client calls itself: modern ones say it in each request, others said it when they opened the session.
pub(super) fn note_client(trace: &Trace, meta: &Meta<'_>, session: Option<&Session>) {
    if let Some(name) = meta.client.and_then(|info| client_name(info).ok()) {
        trace.name(&name);
    } else if let Some(session) = session {
        trace.name(&session.client);
    }
}
