//! Words and figures for people, beside those every front end has: moments, stamps, durations typed and shown.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
pub(crate) use mcpd_ipc::text::{
    count, date, escape, escape_json, list_or, millis, percent, relative, relative_or, span,
};

/// Returns a moment as logs show it, to the millisecond.
pub(crate) fn moment(at: i64) -> Option<String> {
    let date = DateTime::<Utc>::from_timestamp_millis(at)?;
    Some(date.format("%Y-%m-%d %H:%M:%S%.3f").to_string())
}

/// Returns a moment as a column of its own; what does not say when has blanks there.
pub(crate) fn moment_column(at: Option<i64>) -> String {
    const WIDTH: usize = "2026-11-22 09:40:49.825".len();
    format!("{:WIDTH$}", at.and_then(moment).unwrap_or_default())
}

/// Returns a moment as names of files carry it: `20261122T090000Z`.
pub(crate) fn stamp(at: i64) -> String {
    let date = DateTime::<Utc>::from_timestamp_millis(at).unwrap_or_default();
    date.format("%Y%m%dT%H%M%SZ").to_string()
}

/// Returns whether this is such a moment, perhaps with a number after it: `20261122T090000Z-02`.
pub(crate) fn is_stamp(text: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (moment, number) = match text.split_once('-') {
        Some((moment, number)) => (moment, Some(number)),
        None => (text, None),
    };
    let halves = moment.strip_suffix('Z').and_then(|moment| moment.split_once('T'));
    halves.is_some_and(|(day, time)| is_number(day) && is_number(time)) && number.is_none_or(is_number)
}

/// Returns a number of bytes in the largest unit that leaves something before the point: `1.2 kB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if number < 1000 {
        return format!("{number} B");
    }
    // Tenths of the unit, cut rather than rounded: 999,999 bytes are 999.9 kB, not 1000.0.
    let mut tenths = number / 100;
    let mut unit = 0;
    while tenths >= 10_000 && unit + 1 < UNITS.len() {
        tenths /= 1000;
        unit += 1;
    }
    format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
}

/// Cells of a bar that shows how far something is.
const BAR: usize = 20;

/// Returns how far something is: `[#######.............]`.
pub(crate) fn bar(done: u64, all: u64) -> String {
    let filled = u128::from(done.min(all)) * BAR as u128;
    let filled = filled.checked_div(u128::from(all)).unwrap_or(BAR as u128) as usize;
    format!("[{}{}]", "#".repeat(filled), ".".repeat(BAR - filled))
}

/// Returns a moment as files write it, in milliseconds since 1970: RFC 3339, or a day, perhaps with a time, in UTC.
pub(crate) fn moment_of(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(moment.timestamp_millis());
    }
    const TIMES: [&str; 4] =
        ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"];
    let time = TIMES.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    time.or_else(day).map(|moment| moment.and_utc().timestamp_millis())
}

/// Returns `text` escaped line by line, but for the codes that only choose colours and weights.
///
/// What the command line parser writes has such codes between words that somebody typed.
pub(crate) fn escape_all_but_colour(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        let length = colour_code(rest).unwrap_or(0);
        let length = if length == 0 { char.len_utf8() } else { length };
        let (piece, after) = rest.split_at(length);
        if piece.len() > char.len_utf8() || char == '\n' {
            shown.push_str(piece);
        } else {
            shown.push_str(&escape(piece));
        }
        rest = after;
    }
    shown
}

/// Returns the length of the colour code that `text` begins with: `ESC [`, digits and semicolons, `m`.
fn colour_code(text: &str) -> Option<usize> {
    let inside = text.strip_prefix("\x1b[")?;
    let end = inside.find(|char: char| !char.is_ascii_digit() && char != ';')?;
    inside[end..].starts_with('m').then_some(end + 3)
}

/// Returns a duration in whole seconds, rounded up: the protocol knows nothing smaller.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

/// Parses a duration that must last.
pub(crate) fn positive_duration(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration.is_zero() { Err("must be longer than nothing".into()) } else { Ok(duration) }
}

/// Parses a duration such as `90d`, `5m`, `1h 30m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; write 30s, 5m, 24h or 90d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_cut_to_a_tenth_of_their_unit() {
        let cases = [
            (0, "0 B"),
            (999, "999 B"),
            (1000, "1.0 kB"),
            (1_250, "1.2 kB"),
            (999_999, "999.9 kB"),
            (1_000_000, "1.0 MB"),
            (52_428_800, "52.4 MB"),
            (u64::MAX, "18.4 EB"),
        ];
        for (number, shown) in cases {
            assert_eq!(bytes(number), shown);
        }
    }

    #[test]
    fn moments_are_told_to_the_millisecond() {
        assert_eq!(moment(1_795_338_049_825).as_deref(), Some("2026-11-22 09:00:49.825"));
        assert_eq!(stamp(1_795_338_049_825), "20261122T090049Z");
        assert_eq!(moment(i64::MAX), None);
    }

    #[test]
    fn bars_fill_up() {
        assert_eq!(bar(0, 3), "[....................]");
        assert_eq!(bar(1, 3), "[######..............]");
        assert_eq!(bar(5, 3), "[####################]");
        assert_eq!(bar(0, 0), "[####################]");
        assert_eq!(bar(u64::MAX, u64::MAX), bar(1, 1));
    }

    #[test]
    fn moments_are_read_as_files_write_them() {
        let told = [
            "2026-11-22T09:00:49.825Z",
            "2026-11-22T10:00:49.825+01:00",
            "2026-11-22 09:00:49.825",
            " 2026-11-22T09:00:49.825 ",
        ];
        assert_eq!(told.map(moment_of), [Some(1_795_338_049_825); 4]);
        assert_eq!(moment_of("2026-11-22 09:00"), Some(1_795_338_000_000));
        assert_eq!(moment_of("2026-11-22"), Some(1_795_305_600_000));
        assert_eq!(["", "soon", "2026-13-01", "22.11.2026"].map(moment_of), [None; 4]);
    }

    #[test]
    fn only_colours_pass() {
        assert_eq!(escape_all_but_colour("\x1b[1;31mred\x1b[0m\n"), "\x1b[1;31mred\x1b[0m\n");
        assert_eq!(
            escape_all_but_colour("\x1b[2J\x1b]0;t\x07\u{202e}é"),
            "\\u{1b}[2J\\u{1b}]0;t\\u{7}\\u{202e}é"
        );
        assert_eq!(escape_all_but_colour("\x1b[31"), "\\u{1b}[31");
    }

    #[test]
    fn durations_parse_and_round_up() {
        assert_eq!(duration("90d").map(whole_seconds), Ok(7_776_000));
        assert_eq!(duration("1h 30m").map(whole_seconds), Ok(5_400));
        assert_eq!(duration("500ms").map(whole_seconds), Ok(1));
        assert!(duration("soon").unwrap_err().contains("write 30s"));
        assert!(positive_duration("0s").is_err());
    }
}
