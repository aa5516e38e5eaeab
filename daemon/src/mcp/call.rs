//! `tools/call` and `prompts/get`: from raw parameters to an answer, through the guard, with a voice towards the client.

use std::borrow::Cow;

use serde_json::{Map, Value, value::RawValue};

use super::{
    Origin, RpcError,
    dispatch::{Done, Mcp},
    error::shortened,
    headers::HttpHead,
    prompts::Arguments,
    results::{self, Shape},
    rounds::{Rounds, request_name},
    serve::Request,
    session::Abilities,
    voice::{Listener, Speaker},
};
use crate::{guard::Denied, telemetry::Outcome};

/// What of a call its answers of earlier rounds are sealed to.
struct Subject<'a> {
    method: &'static str,
    name: &'a str,
    arguments: Option<&'a RawValue>,
}

impl Mcp {
    pub(super) async fn tools_call(&self, request: &Request<'_>) -> Result<Done, RpcError> {
        let name = Request::text(request.given.name, "name")?;
        let arguments = request.given.arguments;
        if arguments.is_some_and(|arguments| !arguments.get().starts_with('{')) {
            return Err(RpcError::InvalidParams("arguments must be an object".into()));
        }
        request.check_name(&name)?;
        if let (Origin::Http(head), Shape::Modern) = (&request.ask.origin, request.shape) {
            self.check_params(head, &name, arguments)?;
        }
        let permit = self.guard.admit(request.ask.visitor, self.registry.need(&name)).map_err(|denied| {
            // Forbidden and unknown sound the same, so that nobody can ask which tools others have.
            if denied == Denied::Forbidden {
                return RpcError::UnknownTool(shortened(&name));
            }
            denied.into()
        })?;
        let subject = Subject { method: "tools/call", name: &name, arguments };
        let speaker = self.speaker(request, &subject)?;
        let answer = self.registry.call(&permit, &speaker, &name, arguments).await;
        if answer.is_error()
            && let Some(ended) = self.ended_for_input(request, &subject, &speaker)
        {
            return ended;
        }
        let outcome = if answer.is_error() { Outcome::ToolError } else { Outcome::Success };
        let result = results::tools_call(request.shape, &answer);
        Ok(Done { result: result.into(), outcome, tool: self.registry.known(&name), session: None })
    }

    pub(super) async fn prompts_get(&self, request: &Request<'_>) -> Result<Done, RpcError> {
        let name = Request::text(request.given.name, "name")?;
        request.check_name(&name)?;
        let _place = self.reading(request)?;
        let subject = Subject { method: "prompts/get", name: &name, arguments: request.given.arguments };
        let speaker = self.speaker(request, &subject)?;
        #[cfg(feature = "testing")]
        {
            let call = crate::tools::Call::new(&request.ask.visitor.principal, &speaker);
            match super::fixtures::prompt(call, &name, request).await {
                Some(Ok(prompt)) => return results::object(request.shape, &prompt, results::Caching::None),
                Some(Err(error)) => {
                    return self.ended_for_input(request, &subject, &speaker).unwrap_or(Err(error));
                }
                None => {}
            }
        }
        let arguments = match request.given.arguments {
            Some(raw) => serde_json::from_str(raw.get())
                .map_err(|error| RpcError::InvalidParams(format!("arguments: {error}")))?,
            None => Arguments::new(),
        };
        let got = self.library.prompt(&request.ask.visitor.principal, &name, &arguments).await;
        match got {
            Ok(prompt) => results::object(request.shape, &prompt, results::Caching::None),
            Err(error) => self.ended_for_input(request, &subject, &speaker).unwrap_or(Err(error)),
        }
    }

    /// Makes the voice of a call: how its client hears of it, and how it can be asked.
    fn speaker<'r>(&self, request: &Request<'r>, subject: &Subject<'_>) -> Result<Speaker<'r>, RpcError> {
        let token = request.meta.progress_token()?;
        let outlet = request.ask.outlet;
        match request.shape {
            Shape::Modern => {
                let given = match (request.given.state, request.given.responses) {
                    (None, None) => Map::new(),
                    (state, brought) => {
                        let who = &request.ask.visitor.principal;
                        self.seal.open(who, &subject.sealed_name(), state, brought)?
                    }
                };
                let rounds = Rounds::new(Abilities::declared(request.meta.capabilities)?, given);
                Ok(Speaker::new(outlet, token, request.meta.log_level()?, Listener::Rounds(rounds)))
            }
            Shape::Legacy => {
                let level = request.session.map(|session| session.level());
                let listener = match (request.session, request.exchange()) {
                    (Some(session), Some(exchange)) => Listener::Session(exchange, session.abilities),
                    (None, _) | (_, None) => Listener::Nobody,
                };
                Ok(Speaker::new(outlet, token, level, listener))
            }
        }
    }

    /// Returns how a call ended that could not go on without its client: with what is wanted of it, or with what it
    /// cannot do.
    fn ended_for_input(
        &self,
        request: &Request<'_>,
        subject: &Subject<'_>,
        speaker: &Speaker<'_>,
    ) -> Option<Result<Done, RpcError>> {
        let Listener::Rounds(rounds) = &speaker.listener else { return None };
        if let Some(wish) = rounds.unable() {
            return Some(Err(RpcError::MissingCapability(wish.capability())));
        }
        let wanted = rounds.wanted()?;
        let state = self.seal.close(&request.ask.visitor.principal, &subject.sealed_name(), rounds);
        let tool = self.registry.known(subject.name).filter(|_| subject.method == "tools/call");
        let result = results::input_required(&wanted, &state);
        Some(Ok(Done { result: result.into(), outcome: Outcome::Success, tool, session: None }))
    }

    /// Checks the headers that mirror arguments, where the tool's schema marks any.
    fn check_params(
        &self,
        head: &HttpHead<'_>,
        name: &str,
        arguments: Option<&RawValue>,
    ) -> Result<(), RpcError> {
        let marked = self.registry.header_params(name);
        if marked.is_empty() {
            return Ok(());
        }
        let given: Map<String, Value> = arguments
            .map(|arguments| serde_json::from_str(arguments.get()))
            .transpose()
            .map_err(|error| RpcError::InvalidParams(error.to_string()))?
            .unwrap_or_default();
        for (argument, header) in marked {
            let value = given.get(argument).filter(|value| !value.is_null());
            let value = value.map(|value| match value.as_str() {
                Some(text) => Cow::Borrowed(text),
                None => Cow::Owned(value.to_string()),
            });
            head.check_param(header, value.as_deref())?;
        }
        Ok(())
    }
}

impl Subject<'_> {
    fn sealed_name(&self) -> String {
        request_name(self.method, self.name, self.arguments)
    }
}
