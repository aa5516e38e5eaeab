//! Words and figures as both front ends show them: what a terminal may see, times, lists, durations, shares.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

/// Returns `text` with control and bidirectional characters shown as `\u{..}`.
///
/// Names and messages come from clients: one that moves the cursor or turns the line around could forge what an
/// operator reads.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_dangerous) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for char in text.chars() {
        if is_dangerous(char) { shown.extend(char.escape_unicode()) } else { shown.push(char) }
    }
    Cow::Owned(shown)
}

/// Returns JSON text with the same characters as JSON escapes, so that it reads back unchanged.
///
/// `serde_json` escapes what JSON demands, which leaves DEL, C1 and bidirectional characters in strings; outside
/// strings the only control character it writes is the line feed.
pub fn escape_json(json: &str) -> String {
    let mut shown = String::with_capacity(json.len());
    for char in json.chars() {
        if char != '\n' && is_dangerous(char) {
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                shown.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            shown.push(char);
        }
    }
    shown
}

/// Returns whether a character acts on a terminal instead of being shown.
fn is_dangerous(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{61c}' | '\u{200e}' | '\u{200f}'     // marks
            | '\u{2028}' | '\u{2029}'               // line and paragraph separator
            | '\u{202a}'..='\u{202e}'               // embeddings and overrides
            | '\u{2066}'..='\u{2069}') // isolates
}

/// Returns how long ago or how far ahead `at` is; both are milliseconds since 1970.
pub fn relative(at: i64, now: i64) -> String {
    let seconds = at.abs_diff(now) / 1000;
    let amount = match seconds {
        0 => return "now".into(),
        1..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..63_072_000 => format!("{}d", seconds / 86_400),
        63_072_000.. => format!("{}y", seconds / 31_536_000),
    };
    if at < now { format!("{amount} ago") } else { format!("in {amount}") }
}

/// Returns [`relative`] or what to say when there is no such time.
pub fn relative_or(at: Option<i64>, now: i64, otherwise: &str) -> String {
    at.map_or_else(|| otherwise.into(), |at| relative(at, now))
}

/// Returns a time both ways: `2026-11-22 08:54 UTC (3m ago)`.
pub fn date(at: i64, now: i64) -> String {
    let relative = relative(at, now);
    match DateTime::<Utc>::from_timestamp_millis(at) {
        Some(date) => format!("{} ({relative})", date.format("%Y-%m-%d %H:%M UTC")),
        None => relative,
    }
}

/// Returns a list as one text, or what to say when it is empty.
pub fn list_or(items: &[String], otherwise: &str) -> String {
    if items.is_empty() { otherwise.into() } else { items.join(", ") }
}

/// Returns a length of time in its two largest units.
pub fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

/// Returns a duration given in milliseconds with as many digits as mean something.
pub fn millis(ms: f64) -> String {
    match ms {
        ms if ms < 1.0 => format!("{ms:.2}ms"),
        ms if ms < 100.0 => format!("{ms:.1}ms"),
        ms if ms < 1000.0 => format!("{ms:.0}ms"),
        ms => format!("{:.1}s", ms / 1000.0),
    }
}

/// Returns a share as a percentage, cut rather than rounded: one failure in a million is not 100%.
pub fn percent(share: f64) -> String {
    // The small addend undoes binary fractions such as 0.9995 * 10000 = 9994.999….
    format!("{:.2}%", (share * 10_000.0 + 1e-6).floor() / 100.0)
}

/// Returns `1 session`, `2 sessions`.
pub fn count(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown_instead() {
        assert_eq!(escape("laptop 会话 é"), "laptop 会话 é");
        assert!(matches!(escape("plain"), Cow::Borrowed(_)));
        assert_eq!(escape("a\x1b[31mred"), "a\\u{1b}[31mred");
        assert_eq!(escape("one\ntwo\tthree\r"), "one\\u{a}two\\u{9}three\\u{d}");
        assert_eq!(escape("\u{9b}31m\u{7f}"), "\\u{9b}31m\\u{7f}");
        assert_eq!(escape("abc\u{202e}fed\u{2066}\u{200f}"), "abc\\u{202e}fed\\u{2066}\\u{200f}");
    }

    #[test]
    fn escaped_json_reads_back_unchanged() {
        let said = serde_json::json!({"name": "a\x1b\u{9b}\u{202e}\u{7f}\n会"});
        let shown = escape_json(&serde_json::to_string_pretty(&said).unwrap());
        assert!(!shown.chars().any(|char| char != '\n' && is_dangerous(char)), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), said);
    }

    #[test]
    fn times_are_relative_to_now() {
        let now = 1_800_000_000_000;
        let cases = [
            (-999, "now"),
            (-1_000, "1s ago"),
            (-59_999, "59s ago"),
            (-180_000, "3m ago"),
            (-7_200_000, "2h ago"),
            (7_776_000_000 - 1, "in 89d"),
            (-86_400_000 * 729, "729d ago"),
            (86_400_000 * 730, "in 2y"),
        ];
        for (offset, shown) in cases {
            assert_eq!(relative(now + offset, now), shown);
        }
        assert_eq!(relative(i64::MIN, i64::MAX), "584942417y ago");
    }

    #[test]
    fn dates_are_told_both_ways() {
        let now = 1_800_000_000_000;
        assert_eq!(relative_or(None, now, "never"), "never");
        assert_eq!(date(now - 180_000, now), "2027-01-15 07:57 UTC (3m ago)");
        assert_eq!(date(i64::MAX, now), format!("in {}y", (i64::MAX - now) / 1000 / 31_536_000));
    }

    #[test]
    fn lengths_show_their_two_largest_units() {
        let shown = [0, 59, 60, 3_599, 3_600, 86_399, 90_000].map(span);
        assert_eq!(shown, ["0s", "59s", "1m 0s", "59m 59s", "1h 0m", "23h 59m", "1d 1h"]);
    }

    #[test]
    fn figures_keep_the_digits_that_matter() {
        assert_eq!(
            [0.0, 0.421, 1.25, 99.9, 250.4, 1500.0].map(millis),
            ["0.00ms", "0.42ms", "1.2ms", "99.9ms", "250ms", "1.5s"]
        );
        assert_eq!([1.0, 0.9995, 0.999_999, 0.0].map(percent), ["100.00%", "99.95%", "99.99%", "0.00%"]);
        assert_eq!([count(0, "session"), count(1, "session")], ["0 sessions", "1 session"]);
    }
}
