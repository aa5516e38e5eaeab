//! Durations, written as in `30s`, `5m`, `24h`, `30d`.

use std::time::Duration;

use serde::Deserializer;

use crate::written::Written;

const FORM: &str = "a duration in quotes, for example \"30s\"";

/// Longest duration: more would overflow instants and dates where it is added to now.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 24 * 60 * 60);

/// Reads a duration; zero is one.
pub(crate) fn any<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    input.deserialize_str(Written { form: FORM, read })
}

/// Reads a duration above zero.
pub(crate) fn positive<'de, D: Deserializer<'de>>(input: D) -> Result<Duration, D::Error> {
    input.deserialize_str(Written {
        form: FORM,
        read: |written| match read(written)? {
            Duration::ZERO => Err(format!("{written:?} is too short; it must be more than zero")),
            duration => Ok(duration),
        },
    })
}

fn read(written: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(written).map_err(|_| {
        format!("{written:?} is not a duration; write it with its unit, for example 30s, 5m, 24h or 30d")
    })?;
    if duration > LONGEST {
        return Err(format!("{written:?} is too long; at most 100 years"));
    }
    Ok(duration)
}
