//! Revisions of the protocol, and how a request says which it speaks.
//!
//! Modern requests (2026-07-28) carry everything in `_meta` and are served statelessly; legacy ones begin a session
//! with `initialize` (MCP 2026-07-28, Versioning: Backward Compatibility).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{RpcError, envelope::Params};

/// The modern revision.
pub const MODERN: &str = "2026-07-28";

/// A legacy revision, oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revision {
    /// The first with Streamable HTTP.
    V2025_03_26,
    /// Structured content, the version header.
    V2025_06_18,
    /// The last with `initialize`.
    V2025_11_25,
}

impl Revision {
    const ALL: [Self; 3] = [Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25];

    /// Returns the date that names it.
    pub fn as_str(self) -> &'static str {
        match self {
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

/// The `_meta` of a modern request.
#[derive(Debug, Deserialize)]
pub(super) struct Meta<'a> {
    #[serde(borrow, rename = "io.modelcontextprotocol/protocolVersion")]
    pub(super) version: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientCapabilities")]
    pub(super) capabilities: Option<&'a RawValue>,
    #[serde(borrow, rename = "io.modelcontextprotocol/clientInfo")]
    pub(super) client: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WithMeta<'a> {
    #[serde(borrow, rename = "_meta")]
    meta: Option<&'a RawValue>,
}

/// How a request is to be served.
#[derive(Debug)]
pub(super) enum Era<'a> {
    /// Statelessly, with this metadata.
    Modern(Meta<'a>),
    /// Under a session or none.
    Legacy,
}

/// Methods only modern clients know.
const MODERN_METHODS: [&str; 2] = ["server/discover", "subscriptions/listen"];

/// Tells the era of a request. `header` is `MCP-Protocol-Version` over HTTP.
pub(super) fn tell<'a>(method: &str, params: Params<'a>, header: Option<&str>) -> Result<Era<'a>, RpcError> {
    let meta = meta(params)?;
    let says_modern = meta.as_ref().is_some_and(|meta| meta.version.is_some());
    let must_be_modern =
        (header == Some(MODERN) && method != "initialize") || MODERN_METHODS.contains(&method);
    if !says_modern && !must_be_modern {
        return Ok(Era::Legacy);
    }
    let meta = meta.ok_or(RpcError::InvalidMeta("io.modelcontextprotocol/protocolVersion"))?;
    if meta.version.is_none() {
        return Err(RpcError::InvalidMeta("io.modelcontextprotocol/protocolVersion"));
    }
    if !meta.capabilities.is_some_and(|raw| raw.get().starts_with('{')) {
        return Err(RpcError::InvalidMeta("io.modelcontextprotocol/clientCapabilities"));
    }
    Ok(Era::Modern(meta))
}

fn meta(params: Params<'_>) -> Result<Option<Meta<'_>>, RpcError> {
    let Some(params) = params.filter(|params| params.get().starts_with('{')) else { return Ok(None) };
    let invalid = |error: serde_json::Error| RpcError::InvalidParams(error.to_string());
    let outer: WithMeta<'_> = serde_json::from_str(params.get()).map_err(invalid)?;
    let Some(meta) = outer.meta else { return Ok(None) };
    let malformed =
        |_| RpcError::InvalidParams("_meta must be an object with members of the right types".into());
    serde_json::from_str(meta.get()).map(Some).map_err(malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn era(method: &str, params: &str, header: Option<&str>) -> Result<bool, i64> {
        let raw: &RawValue = serde_json::from_str(params).unwrap();
        match tell(method, Some(raw), header) {
            Ok(Era::Modern(_)) => Ok(true),
            Ok(Era::Legacy) => Ok(false),
            Err(error) => Err(error.code()),
        }
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
        assert_eq!(Revision::negotiate("2024-11-05"), Revision::V2025_11_25);
    }
}
