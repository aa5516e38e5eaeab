//! `tools/call`: from raw parameters to an answer, through the guard.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{RpcError, dispatch::Mcp, envelope::Params, headers::HttpHead};
use crate::{
    guard::{Denied, Visitor},
    tools::Answer,
};

/// Parameters of `tools/call`.
#[derive(Deserialize)]
pub(super) struct CallParams<'a> {
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
}

impl<'a> CallParams<'a> {
    /// Decodes the parameters; the arguments stay raw for the tool.
    pub(super) fn read(params: Params<'a>) -> Result<Self, RpcError> {
        let raw = params.ok_or_else(|| RpcError::InvalidParams("tools/call needs a name".into()))?;
        let mut call: Self =
            serde_json::from_str(raw.get()).map_err(|error| RpcError::InvalidParams(error.to_string()))?;
        call.arguments = call.arguments.filter(|arguments| arguments.get() != "null");
        if call.arguments.is_some_and(|arguments| !arguments.get().starts_with('{')) {
            return Err(RpcError::InvalidParams("arguments must be an object".into()));
        }
        Ok(call)
    }
}

impl Mcp {
    /// Calls a tool for a visitor.
    pub(super) async fn call_tool(
        &self,
        visitor: &Visitor,
        call: &CallParams<'_>,
    ) -> Result<Answer, RpcError> {
        let admitted = self.guard.admit(visitor, self.registry.need(&call.name));
        let permit = admitted.map_err(|denied| {
            // Forbidden and unknown sound the same, so that nobody can ask which tools others have.
            if denied == Denied::Forbidden {
                return RpcError::UnknownTool(call.name.chars().take(128).collect());
            }
            denied.into()
        })?;
        Ok(self.registry.call(&permit, &call.name, call.arguments).await)
    }

    /// Checks the headers that mirror arguments, where the tool's schema marks any.
    pub(super) fn check_params(&self, head: &HttpHead<'_>, call: &CallParams<'_>) -> Result<(), RpcError> {
        let marked = self.registry.header_params(&call.name);
        if marked.is_empty() {
            return Ok(());
        }
        let given: serde_json::Map<String, serde_json::Value> = call
            .arguments
            .map(|arguments| serde_json::from_str(arguments.get()))
            .transpose()
            .map_err(|error| RpcError::InvalidParams(error.to_string()))?
            .unwrap_or_default();
        for (argument, header) in marked {
            let value = given.get(argument).filter(|value| !value.is_null());
            let value = value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            head.check_param(header, value.as_deref())?;
        }
        Ok(())
    }
}
