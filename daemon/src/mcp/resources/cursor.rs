//! Cursors of lists: where the next page begins, opaque to clients, and refused when they are not ours.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::mcp::RpcError;

/// Raised when the meaning changes, so that an old cursor is refused instead of misread.
const VERSION: &str = "1:";

/// Writes the cursor of the page behind `last`.
pub(super) fn behind(last: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{VERSION}{last}"))
}

/// Reads a cursor.
pub(super) fn read(cursor: &str) -> Result<String, RpcError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let last = text.as_deref().and_then(|text| text.strip_prefix(VERSION)).filter(|last| !last.is_empty());
    last.map(str::to_owned).ok_or_else(foreign)
}

/// Checks the cursor of a list that has one page.
pub(in crate::mcp) fn only_page(cursor: Option<&str>) -> Result<(), RpcError> {
    cursor.map_or(Ok(()), |_| Err(foreign()))
}

fn foreign() -> RpcError {
    RpcError::InvalidParams("the cursor is none that this list returned".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_cursors_are_read() {
        assert_eq!(read(&behind("ü/\n")).unwrap(), "ü/\n");
        for foreign in ["", "x", "MTo", "Mjph", "not base64!", "MTr_"] {
            assert!(read(foreign).is_err(), "{foreign}");
        }
        assert!(only_page(None).is_ok() && only_page(Some("")).is_err());
    }
}
