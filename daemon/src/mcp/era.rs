//! Revisions of the protocol, and how a request says which it speaks.
//!
//! Modern requests (2026-07-28) carry everything in `_meta` and are served statelessly; legacy ones begin a session
//! with `initialize` (MCP 2026-07-28, Versioning: Backward Compatibility).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{RpcError, envelope::Params, error::shortened};
use crate::tools::LogLevel;

/// Longest progress token, in bytes as written: it is repeated in every message.
const TOKEN: usize = 256;

/// The modern revision.
pub const MODERN: &str = "2026-07-28";

/// A legacy revision, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revision {
    /// HTTP with server-sent events, and no header that names the revision.
    V2024_11_05,
    /// The first with Streamable HTTP; the only one with batches.
    V2025_03_26,
    /// Structured content, the version header.
    V2025_06_18,
    /// The last with `initialize`.
    V2025_11_25,
}

impl Revision {
    const ALL: [Self; 4] = [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25];

    /// Returns the date that names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
        }
    }

    /// Returns the revision of that date.
    pub fn read(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|revision| revision.as_str() == text)
    }

    /// Answers `initialize`: the revision asked for if it is spoken, else the newest legacy one. A client that asks for
    /// a modern revision this way is answered in the newest it can negotiate.
    pub fn negotiate(asked: &str) -> Self {
        Self::read(asked).unwrap_or(Self::V2025_11_25)
    }
}

/// The parameters that several methods share, read in one pass and left raw for the method that owns them.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Given<'a> {
    #[serde(borrow, rename = "_meta")]
    meta: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) uri: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) cursor: Option<&'a RawValue>,
    #[serde(borrow, rename = "inputResponses")]
    pub(super) responses: Option<&'a RawValue>,
    #[serde(borrow, rename = "requestState")]
    pub(super) state: Option<&'a RawValue>,
}

impl<'a> Given<'a> {
    /// Reads the parameters of a request.
    pub(super) fn read(params: Params<'a>) -> Result<Self, RpcError> {
        let Some(params) = params else { return Ok(Self::default()) };
        serde_json::from_str(params.get()).map_err(|error| RpcError::InvalidParams(error.to_string()))
    }

    /// Reads the metadata.
    pub(super) fn meta(&self) -> Result<Meta<'a>, RpcError> {
        let Some(meta) = self.meta else { return Ok(Meta::default()) };
        serde_json::from_str(meta.get()).map_err(|_| {
            RpcError::InvalidParams("_meta must be an object with members of the right types".into())
        })
    }
}

/// The `_meta` of a request.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Meta<'a> {
    #[serde(borrow, rename = "io.modelcontextprotocol/protocolVersion")]
    pub(super) version: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientCapabilities")]
    pub(super) capabilities: Option<&'a RawValue>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientInfo")]
    pub(super) client: Option<&'a RawValue>,
    #[serde(borrow, rename = "io.modelcontextprotocol/logLevel")]
    log_level: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "progressToken")]
    progress_token: Option<&'a RawValue>,
}

impl<'a> Meta<'a> {
    /// Returns the least severe level of log that this request wants to hear.
    pub(super) fn log_level(&self) -> Result<Option<LogLevel>, RpcError> {
        let Some(word) = &self.log_level else { return Ok(None) };
        LogLevel::read(word).map(Some).ok_or_else(|| no_such_level(word))
    }

    /// Returns what the client names the progress of this request by: a string or an integer.
    pub(super) fn progress_token(&self) -> Result<Option<&'a RawValue>, RpcError> {
        let is_token = |raw: &&RawValue| {
            let text = raw.get();
            text.len() <= TOKEN && (text.starts_with('"') || text.parse::<i64>().is_ok())
        };
        match self.progress_token {
            Some(token) if !is_token(&token) => Err(RpcError::InvalidParams(format!(
                "progressToken must be a string of at most {TOKEN} bytes or an integer"
            ))),
            token => Ok(token),
        }
    }
}

/// The error for a word that is no level of log.
pub(super) fn no_such_level(word: &str) -> RpcError {
    RpcError::InvalidParams(format!("there is no log level {:?}", shortened(word)))
}

/// Methods only modern clients know.
const MODERN_METHODS: [&str; 2] = ["server/discover", "subscriptions/listen"];

/// Tells whether a request is to be served statelessly. `header` is `MCP-Protocol-Version` over HTTP.
pub(super) fn is_modern(method: &str, meta: &Meta<'_>, header: Option<&str>) -> Result<bool, RpcError> {
    let must_be_modern =
        (header == Some(MODERN) && method != "initialize") || MODERN_METHODS.contains(&method);
    if meta.version.is_none() && !must_be_modern {
        return Ok(false);
    }
    if meta.version.is_none() {
        return Err(RpcError::InvalidMeta("io.modelcontextprotocol/protocolVersion"));
    }
    if !meta.capabilities.is_some_and(|raw| raw.get().starts_with('{')) {
        return Err(RpcError::InvalidMeta("io.modelcontextprotocol/clientCapabilities"));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn era(method: &str, params: &str, header: Option<&str>) -> Result<bool, i64> {
        let raw: &RawValue = serde_json::from_str(params).unwrap();
        let meta = Given::read(Some(raw)).and_then(|given| given.meta());
        meta.and_then(|meta| is_modern(method, &meta, header)).map_err(|error| error.code())
    }

    const FULL: &str = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",
        "io.modelcontextprotocol/clientCapabilities":{}}}"#;

    #[test]
    fn metadata_makes_a_request_modern() {
        assert_eq!(era("tools/list", FULL, None), Ok(true));
        assert_eq!(era("initialize", FULL, None), Ok(true));
        assert_eq!(era("tools/list", "{}", None), Ok(false));
        assert_eq!(era("tools/list", r#"{"_meta":{"progressToken":1}}"#, Some("2025-11-25")), Ok(false));
    }

    #[test]
    fn a_modern_request_without_its_metadata_is_malformed() {
        assert_eq!(era("tools/list", "{}", Some(MODERN)), Err(-32602));
        assert_eq!(era("server/discover", "{}", None), Err(-32602));
        let bare = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}"#;
        assert_eq!(era("tools/list", bare, None), Err(-32602));
    }

    #[test]
    fn initialize_is_legacy_whatever_the_header_says() {
        assert_eq!(era("initialize", r#"{"protocolVersion":"2026-07-28"}"#, Some(MODERN)), Ok(false));
        assert_eq!(Revision::negotiate("2026-07-28"), Revision::V2025_11_25);
        assert_eq!(Revision::negotiate("2025-03-26"), Revision::V2025_03_26);
        assert_eq!(Revision::negotiate("2024-11-05"), Revision::V2024_11_05);
    }
}
