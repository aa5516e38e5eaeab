//! What stands in the tables, one file per noun: the columns and the words in them.

pub(crate) mod allow;
pub(crate) mod connections;
pub(crate) mod keys;
pub(crate) mod logs;
pub(crate) mod requests;
pub(crate) mod sessions;
pub(crate) mod tools;

use mcpd_ipc::text::relative;

/// Returns an age in one unit: `41s`, `3h`.
fn age(since: i64, now: i64) -> String {
    let words = relative(since.min(now), now);
    words.strip_suffix(" ago").map_or(words.clone(), str::to_owned)
}

/// Returns a number in groups of three digits: `1,204,331`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// Returns an amount of memory or traffic in three digits: `812 B`, `1.2 MB`.
pub(crate) fn bytes(bytes: u64) -> String {
    let mut amount = bytes as f64;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if amount < 999.5 {
            let decimals = usize::from(unit != "B" && amount < 9.95);
            return format!("{amount:.decimals$} {unit}");
        }
        amount /= 1000.0;
    }
    format!("{amount:.0} PB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_three_digits_at_most() {
        let shown = [0, 999, 1_000, 9_960, 124_500, 999_600, 48_000_000, 7_200_000_000].map(bytes);
        assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "10 kB", "124 kB", "1.0 MB", "48 MB", "7.2 GB"]);
        assert_eq!([0, 999, 1_000, 1_204_331].map(grouped), ["0", "999", "1,000", "1,204,331"]);
        assert_eq!(age(1_000, 42_000), "41s");
        assert_eq!(age(9_000, 1_000), "now");
    }
}
