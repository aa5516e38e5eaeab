//! The headers a modern request mirrors its body in, and the check that both say the same
//! (MCP 2026-07-28, Streamable HTTP: Server Validation).

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName};

use super::{RpcError, error::shortened};

/// The headers of a POST that the protocol looks at, borrowed.
pub struct HttpHead<'a> {
    /// `MCP-Protocol-Version`.
    pub version: Option<&'a str>,
    /// `Mcp-Method`.
    pub method: Option<&'a str>,
    /// `Mcp-Name`.
    pub name: Option<&'a str>,
    /// `Mcp-Session-Id`.
    pub session: Option<&'a str>,
    /// One of these that occurs twice, or is no plain text.
    pub malformed: Option<&'static str>,
    /// All of them, where `Mcp-Param-{name}` is looked up.
    pub all: &'a HeaderMap,
}

impl HttpHead<'_> {
    /// Checks that each header could be read.
    pub(super) fn check_form(&self) -> Result<(), RpcError> {
        match self.malformed {
            None => Ok(()),
            Some(name) => {
                let why = format!("the {name} header occurs twice or is not plain text");
                Err(RpcError::HeaderMismatch(why))
            }
        }
    }

    /// Checks the two headers of every modern request.
    pub(crate) fn check(&self, version: &str, method: &str) -> Result<(), RpcError> {
        agree("MCP-Protocol-Version", self.version, version)?;
        agree("Mcp-Method", self.method, method)
    }

    /// Checks the header that mirrors `params.name` or `params.uri`.
    pub(crate) fn check_name(&self, body: &str) -> Result<(), RpcError> {
        let decoded = self.name.map(|shown| decode("Mcp-Name", shown)).transpose()?;
        agree("Mcp-Name", decoded.as_deref(), body)
    }

    /// Checks the header that mirrors an argument; an argument that is absent has none.
    pub(crate) fn check_param(&self, name: &str, body: Option<&str>) -> Result<(), RpcError> {
        let header = format!("Mcp-Param-{name}");
        let shown = self.param(&header).map_err(|()| malformed(&header))?;
        let decoded = shown.map(|shown| decode(&header, shown)).transpose()?;
        match body {
            Some(body) if same(decoded.as_deref(), body) => Ok(()),
            Some(body) => agree(&header, decoded.as_deref(), body),
            None => Ok(()),
        }
    }
}

impl<'a> HttpHead<'a> {
    /// Looks up a header that may occur once; the error is one that occurs twice or is no plain text.
    fn param(&self, header: &str) -> Result<Option<&'a str>, ()> {
        let mut values = self.all.get_all(HeaderName::try_from(header).map_err(drop)?).iter();
        let first = values.next().map(|value| value.to_str().map_err(drop)).transpose()?;
        if values.next().is_some() { Err(()) } else { Ok(first) }
    }
}

fn agree(header: &str, shown: Option<&str>, body: &str) -> Result<(), RpcError> {
    match shown {
        Some(shown) if shown == body => Ok(()),
        Some(shown) => Err(RpcError::HeaderMismatch(format!(
            "{header} header value {:?} does not match body value {:?}",
            shortened(shown),
            shortened(body)
        ))),
        None => Err(RpcError::HeaderMismatch(format!("the {header} header is missing"))),
    }
}

/// Numbers are compared as numbers: `42.0` is `42`. Beyond what a double holds exactly two of them would be the same that
/// are not, so those are compared as written.
fn same(shown: Option<&str>, body: &str) -> bool {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let Some(shown) = shown else { return false };
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.abs() < EXACT);
    shown == body || number(shown).is_some_and(|shown| Some(shown) == number(body))
}

fn malformed(header: &str) -> RpcError {
    RpcError::HeaderMismatch(format!("the {header} header is malformed"))
}

/// Decodes `=?base64?…?=`; anything else is meant as it stands.
fn decode<'a>(header: &str, shown: &'a str) -> Result<Cow<'a, str>, RpcError> {
    let inner = shown.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?="));
    let Some(inner) = inner else { return Ok(Cow::Borrowed(shown)) };
    let bytes = STANDARD.decode(inner).map_err(|_| malformed(header))?;
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| malformed(header))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(shown: Option<&str>, body: &str) -> Result<(), RpcError> {
        let all = HeaderMap::new();
        let head =
            HttpHead { version: None, method: None, name: shown, session: None, malformed: None, all: &all };
        head.check_name(body)
    }

    #[test]
    fn a_name_is_decoded_before_it_is_compared() {
        assert_eq!(name(Some("store_memory"), "store_memory"), Ok(()));
        assert_eq!(name(Some("=?base64?5LiW55WM?="), "世界"), Ok(()));
        for (shown, body) in [
            (None, "a"),
            (Some("b"), "a"),
            (Some("A"), "a"),
            (Some("=?base64?!!?="), "!!"),
            (Some("=?base64?YQ?="), "a"),
            (Some("YQ=="), "a"),
        ] {
            assert_eq!(name(shown, body).unwrap_err().code(), -32020, "{shown:?}");
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(same(Some("42.0"), "42"));
        assert!(!same(Some("42"), "43"));
        assert!(!same(Some("NaN"), "NaNa"));
        assert!(same(Some("9007199254740993"), "9007199254740993"));
        assert!(!same(Some("9007199254740993"), "9007199254740992"));
    }
}
