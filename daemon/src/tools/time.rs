//! Times as callers see them: RFC 3339 in UTC.

use chrono::{DateTime, SecondsFormat, Utc};

/// Writes UTC milliseconds as `2026-11-22T08:26:23.000Z`.
pub(crate) fn text(millis: i64) -> String {
    let time = DateTime::<Utc>::from_timestamp_millis(millis).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Writes a time that may be absent.
pub(super) fn text_of(millis: Option<i64>) -> Option<String> {
    millis.map(text)
}
