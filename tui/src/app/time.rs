//! Times and lengths of time: as they are shown beside what `mcpd_ipc::text` has, and as they are typed.

use chrono::{DateTime, Utc};
use mcpd_ipc::text::relative;

/// Returns the time of day in UTC: `08:54:00`.
pub(crate) fn clock(at: i64) -> String {
    told(at, "%H:%M:%S")
}

/// Returns a time both ways to the millisecond: `2026-11-22 08:54:00.120 UTC (3m ago)`.
pub(crate) fn moment(at: i64, now: i64) -> String {
    format!("{} ({})", told(at, "%Y-%m-%d %H:%M:%S%.3f UTC"), relative(at, now))
}

fn told(at: i64, form: &str) -> String {
    DateTime::<Utc>::from_timestamp_millis(at).map_or_else(|| "-".into(), |at| at.format(form).to_string())
}

/// Parses a length of time such as `90d`, `1h 30m`, `1.5y`, in seconds, rounded up, as the command line does.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let parsed = humantime::parse_duration(text.trim());
    let length =
        parsed.map_err(|_| format!("{text:?} is no length of time; write 30s, 5m, 24h, 90d or 1y"))?;
    Ok(length.as_secs() + u64::from(length.subsec_nanos() > 0))
}

#[cfg(test)]
mod tests {
    use mcpd_ipc::text::date;

    use super::*;

    #[test]
    fn times_are_shown_in_utc() {
        let at = 1_795_338_000_120;
        assert_eq!(moment(at, at), "2026-11-22 09:00:00.120 UTC (now)");
        let cases = [
            (0, "1970-01-01 00:00 UTC"),
            (1_795_338_000_000, "2026-11-22 09:00 UTC"),
            (951_782_400_000, "2000-02-29 00:00 UTC"),
            (4_107_542_399_000, "2100-02-28 23:59 UTC"),
            (-1, "1969-12-31 23:59 UTC"),
        ];
        for (at, shown) in cases {
            assert!(date(at, at).starts_with(shown), "{}", date(at, at));
        }
        assert!(date(1_795_338_000_000, 1_795_338_180_000).ends_with("(3m ago)"));
    }

    #[test]
    fn lengths_of_time_are_typed_with_units() {
        let cases = [
            ("90d", 7_776_000),
            ("24h", 86_400),
            ("1h 30m", 5_400),
            (" 5m ", 300),
            ("0s", 0),
            ("0", 0),
            ("2w", 1_209_600),
            ("1y", 31_557_600),
            ("1M", 2_630_016),
            ("2months", 5_260_032),
            ("500ms", 1),
            ("1500ms", 2),
            ("1s 1ns", 2),
            ("5 m", 300),
            ("1y2w3d 4h5min 6sec", 33_041_106),
            ("1.5h", 5_400),
            ("0.25 d", 21_600),
        ];
        for (text, parsed) in cases {
            assert_eq!(seconds(text), Ok(parsed), "{text}");
        }
        let wrong = [
            "",
            "soon",
            "90",
            "d",
            "5mm",
            "1h,2m",
            "1.2.3s",
            "1.s",
            ".5s",
            "-1s",
            "+1s",
            "1会",
            "1Y",
            "99999999999999999999d",
            "9999999999999999w",
        ];
        for wrong in wrong {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
