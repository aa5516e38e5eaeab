//! One line of our own log, read back: text or JSON, as it was configured when it was written.

use chrono::DateTime;
use mcpd_ipc::feed::{LogLine, Severity};
use serde_json::{Map, Value};

/// What is known from the lines before: a line that does not look like one belongs to the last that did.
#[derive(Debug, Default)]
pub(super) struct Reading {
    last: Option<(Severity, String)>,
}

/// Reads a line.
pub(super) fn read(text: &str, reading: &mut Reading) -> LogLine {
    let line = if text.starts_with('{') { json(text) } else { plain(text) };
    match line {
        Some(line) => {
            reading.last = Some((line.level, line.target.clone()));
            line
        }
        None => {
            let (level, target) = reading.last.clone().unwrap_or((Severity::Info, String::new()));
            LogLine { at: None, level, target, text: text.to_owned() }
        }
    }
}

/// `2026-11-22T09:40:49.825555Z  INFO mcpd::request: request method="ping"`
fn plain(text: &str) -> Option<LogLine> {
    let (time, rest) = text.split_once(' ')?;
    let at = millis(time)?;
    let (level, rest) = rest.trim_start().split_once(' ')?;
    let (target, text) = rest.split_once(": ")?;
    Some(LogLine { at: Some(at), level: severity(level)?, target: target.to_owned(), text: text.to_owned() })
}

fn json(text: &str) -> Option<LogLine> {
    let mut members: Map<String, Value> = serde_json::from_str(text).ok()?;
    let mut word = |name: &str| match members.remove(name) {
        Some(Value::String(word)) => Some(word),
        Some(other) => Some(other.to_string()),
        None => None,
    };
    let at = millis(&word("timestamp")?)?;
    let level = severity(&word("level")?)?;
    let target = word("target").unwrap_or_default();
    let message = word("message").unwrap_or_default();
    let fields = members.iter().map(|(name, value)| format!(" {name}={value}"));
    Some(LogLine { at: Some(at), level, target, text: fields.fold(message, |text, field| text + &field) })
}

fn millis(time: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(time).ok().map(|time| time.timestamp_millis())
}

fn severity(word: &str) -> Option<Severity> {
    match word {
        "TRACE" => Some(Severity::Trace),
        "DEBUG" => Some(Severity::Debug),
        "INFO" => Some(Severity::Info),
        "WARN" => Some(Severity::Warn),
        "ERROR" => Some(Severity::Error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_read_alike_and_what_follows_a_line_belongs_to_it() {
        let mut reading = Reading::default();
        let plain = read(
            r#"2026-11-22T09:40:49.825555Z  WARN mcpd::keys: key changed name="a: b" operator=7"#,
            &mut reading,
        );
        let json = read(
            r#"{"timestamp":"2026-11-22T09:40:49.825555Z","level":"WARN","message":"key changed","name":"a: b","operator":7,"target":"mcpd::keys"}"#,
            &mut reading,
        );
        assert_eq!(plain, json);
        assert_eq!((plain.at, plain.level), (Some(1_795_340_449_825), Severity::Warn));
        assert_eq!(plain.text, r#"key changed name="a: b" operator=7"#);
        let more = read("  {\"limits\" is odd", &mut reading);
        assert_eq!((more.at, more.level, more.target.as_str()), (None, Severity::Warn, "mcpd::keys"));
        for odd in ["", "{", "{}", "x y", "2026-11-22T09:40:49.825555Z", "2026-11-22T09:40:49Z LOUD x: y"] {
            assert_eq!(read(odd, &mut Reading::default()).at, None, "{odd}");
        }
    }
}
