//! Figures as an eye takes them in at a glance; those that both front ends show alike are in `mcpd_ipc::text`.

use crate::app::rows::grouped;

/// Returns a rate per second without its unit: `0`, `0.3`, `23.4`, `1,204`.
pub(super) fn rate(rate: f64) -> String {
    match rate {
        0.0 => "0".into(),
        rate if rate < 99.95 => format!("{rate:.1}"),
        rate => grouped(rate.round() as u64),
    }
}

/// Returns an amount for the axis of a chart: `0`, `0.5`, `20`, `1.5k`.
pub(super) fn short(amount: f64) -> String {
    let trimmed = |amount: f64| {
        let shown = format!("{amount:.1}");
        shown.strip_suffix(".0").map_or(shown.clone(), str::to_owned)
    };
    match amount {
        amount if amount < 1_000.0 => trimmed(amount),
        amount if amount < 1e6 => format!("{}k", trimmed(amount / 1e3)),
        amount => format!("{}M", trimmed(amount / 1e6)),
    }
}

/// Returns a duration in milliseconds for the axis of a chart: `0`, `250µs`, `20ms`, `1.5s`.
pub(super) fn short_millis(ms: f64) -> String {
    match ms {
        0.0 => "0".into(),
        ms if ms < 1.0 => format!("{:.0}µs", ms * 1e3),
        ms if ms < 1e3 => format!("{}ms", short(ms)),
        ms => format!("{}s", short(ms / 1e3)),
    }
}

/// Returns the smallest of 1, 2, 5, 10, 20, … times a power of ten that is not less than `most`.
pub(super) fn ceiling(most: f64, least: f64) -> f64 {
    let most = most.max(least);
    let power = 10_f64.powf(most.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * power);
    steps.into_iter().find(|step| *step >= most * 0.999_999).unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_at_a_glance() {
        assert_eq!([0.0, 0.3, 23.44, 1_203.6].map(rate), ["0", "0.3", "23.4", "1,204"]);
        assert_eq!([0.0, 0.5, 20.0, 1_500.0, 2e6].map(short), ["0", "0.5", "20", "1.5k", "2M"]);
        assert_eq!(
            [0.0, 0.25, 20.0, 2.5, 1_500.0].map(short_millis),
            ["0", "250µs", "20ms", "2.5ms", "1.5s"]
        );
        let tops = [0.0, 0.7, 1.0, 1.1, 4.0, 34.0, 100.0, 730.0].map(|most| ceiling(most, 1.0));
        assert_eq!(tops, [1.0, 1.0, 1.0, 2.0, 5.0, 50.0, 100.0, 1_000.0]);
        assert_eq!(ceiling(0.03, 0.01), 0.05);
    }
}
