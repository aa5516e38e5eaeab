//! Paths as others have to read them: whole, and in UTF-8.

use std::path::Path;

use crate::error::{Error, Kind};

/// Returns the path as somebody who starts elsewhere, a client or the daemon, has to have it.
pub(super) fn absolute(path: &Path) -> Result<String, Error> {
    utf8(&std::path::absolute(path).unwrap_or_else(|_| path.to_owned()))
}

/// Returns the path as text.
pub(super) fn utf8(path: &Path) -> Result<String, Error> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| Error::new(Kind::Failed, format!("the path {} is not UTF-8", path.display())))
}
