//! Times and lengths of time: as they are shown beside what `mcpd_ipc::text` has, and as they are typed.

use mcpd_ipc::text::relative;

/// Returns the time of day in UTC: `08:54:00`.
pub(crate) fn clock(at: i64) -> String {
    let seconds = at.div_euclid(1000).rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Returns a time both ways: `2026-11-22 08:54 UTC (3m ago)`.
pub(crate) fn date(at: i64, now: i64) -> String {
    let clock = clock(at);
    format!("{} {} UTC ({})", day(at), clock.get(..5).unwrap_or_default(), relative(at, now))
}

/// Returns a time both ways to the millisecond: `2026-11-22 08:54:00.120 UTC (3m ago)`.
pub(crate) fn moment(at: i64, now: i64) -> String {
    format!("{} {}.{:03} UTC ({})", day(at), clock(at), at.rem_euclid(1000), relative(at, now))
}

fn day(at: i64) -> String {
    let (year, month, day) = civil(at.div_euclid(86_400_000));
    format!("{year:04}-{month:02}-{day:02}")
}

/// Returns year, month and day of a number of days since 1970, in the Gregorian calendar.
fn civil(days: i64) -> (i64, i64, i64) {
    // Years begin in March here, so that the leap day is the last of its year; an era is 400 years.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year + i64::from(month <= 2);
    (year, month, day)
}

/// Parses a length of time such as `90d`, `24h`, `1h 30m`, in seconds.
pub(crate) fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no length of time; write 30s, 5m, 24h or 90d");
    let mut total = 0_u64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.find(|char: char| !char.is_ascii_digit()).ok_or_else(wrong)?;
        let (number, after) = rest.split_at(digits);
        let number: u64 = number.parse().map_err(|_| wrong())?;
        let mut chars = after.chars();
        let unit = match chars.next() {
            Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some('w') => 604_800,
            Some(_) | None => return Err(wrong()),
        };
        total = number.checked_mul(unit).and_then(|more| total.checked_add(more)).ok_or_else(wrong)?;
        rest = chars.as_str().trim_start();
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
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
            ("2w", 1_209_600),
        ];
        for (text, parsed) in cases {
            assert_eq!(seconds(text), Ok(parsed), "{text}");
        }
        for wrong in
            ["", "soon", "90", "d", "1y", "5 m", "-1s", "99999999999999999999d", "9999999999999999w", "1会"]
        {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
