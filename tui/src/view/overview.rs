//! The overview: what the daemon does now and did in the last ten minutes.

use mcpd_ipc::{
    feed::Picture,
    life::StatsReport,
    text::{count, millis, percent},
};
use ratatui::layout::Rect;

use super::{
    canvas::Canvas,
    chart,
    figures::{rate, short},
};
use crate::{
    app::{
        App,
        history::Rates,
        rows::{bytes, grouped},
    },
    theme::Tone,
};

/// Lines of figures above the charts.
const FIGURES: u16 = 4;
/// Cells of the name of a line of figures.
const NAME: u16 = 10;

/// Draws the pane.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    let inner = Rect { x: body.x + 1, width: body.width.saturating_sub(2), ..body };
    let Some(picture) = app.history.picture() else {
        canvas.put((inner.x, inner.y + 1), inner.width, "The daemon has not said anything yet.", Tone::Quiet);
        return;
    };
    let rates = app.history.rates();
    figures(canvas, inner, picture, rates);
    let rest = inner.height.saturating_sub(FIGURES + 1);
    let charts = (rest * 3 / 5).max(9).min(rest);
    let half = (inner.width - 2) / 2;
    let left = Rect { y: inner.y + FIGURES + 1, width: half, height: charts, ..inner };
    chart::rate(canvas, left, &app.history);
    chart::latency(canvas, Rect { x: inner.right() - half, ..left }, &app.history);
    let lists = Rect { y: left.bottom() + 1, height: rest.saturating_sub(charts + 1), ..inner };
    tops(canvas, lists, picture, rates);
}

fn figures(canvas: &mut Canvas<'_>, area: Rect, picture: &Picture, rates: Option<&Rates>) {
    let stats = &picture.stats;
    let now = |words: Option<String>| words.unwrap_or_else(|| "-".into());
    let requests_now = now(rates.map(|rates| format!("{}/s", rate(rates.requests))));
    let success_now = now(rates.map(|rates| rates.success.map_or_else(|| "no requests".into(), percent)));
    let cpu = rates.map(|rates| format!("{:.1}%", rates.cpu * 100.0));
    let memory = stats.process.resident_bytes.map_or_else(|| "unknown".into(), bytes);
    let (latency, mean) = latency(stats);
    let strong = Tone::Strong;
    let quiet = Tone::Quiet;
    let success_tone = if stats.success_rate < 0.95 { Tone::Odd } else { Tone::Strong };
    let lines: [(&str, Vec<(String, Tone)>); FIGURES as usize] = [
        (
            "requests",
            vec![
                (requests_now, strong),
                (
                    format!(
                        "  {} since the start, {} failed",
                        grouped(stats.total_requests),
                        grouped(stats.failed_requests)
                    ),
                    quiet,
                ),
            ],
        ),
        (
            "success",
            vec![
                (success_now, strong),
                (" now  ".into(), quiet),
                (percent(stats.success_rate), success_tone),
                (" since the start".into(), quiet),
            ],
        ),
        ("latency", vec![(latency, strong), (mean, quiet)]),
        (
            "load",
            vec![
                (count(stats.active_connections, "connection"), strong),
                (format!("  {}", count(picture.status.sessions as u64, "session")), strong),
                (format!("  {} in flight", stats.calls_in_flight), strong),
                (format!("  memory {memory}  cpu {}", now(cpu)), strong),
                ((if area.width < 100 { "" } else { " of a core" }).into(), quiet),
            ],
        ),
    ];
    for (row, (name, runs)) in lines.iter().enumerate() {
        let y = area.y + row as u16;
        canvas.put((area.x, y), NAME, name, quiet);
        let rest = Rect { x: area.x + NAME, y, width: area.width.saturating_sub(NAME), height: 1 };
        canvas.runs(rest, runs);
    }
}

/// Returns percentiles and mean since the start; of nothing there are none.
fn latency(stats: &StatsReport) -> (String, String) {
    if stats.total_requests == 0 {
        return ("-".into(), String::new());
    }
    let percentiles =
        format!("p50 {}  p95 {}  p99 {}", millis(stats.p50), millis(stats.p95), millis(stats.p99));
    (percentiles, format!("  mean {}, since the start", millis(stats.avg_response_time)))
}

/// One of the lists at the bottom.
struct Top<'a> {
    title: &'a str,
    /// What is counted.
    unit: &'a str,
    empty: &'a str,
    /// Name, how many since the start, how many a second now.
    rows: Vec<(&'a str, u64, Option<f64>)>,
    has_rates: bool,
}

fn tops(canvas: &mut Canvas<'_>, area: Rect, picture: &Picture, rates: Option<&Rates>) {
    let mut tools: Vec<_> = picture.stats.tools.iter().collect();
    tools.sort_by_key(|(_, tool)| std::cmp::Reverse(tool.calls));
    let tools = tools.into_iter().map(|(name, tool)| {
        let now = rates.and_then(|rates| rates.tools.get(name).copied());
        (name.as_str(), tool.calls, now)
    });
    let keys = picture.stats.keys.iter().map(|key| {
        let now = rates.and_then(|rates| rates.keys.get(&key.id).copied());
        (key.name.as_str(), key.requests, now)
    });
    let mut refusals: Vec<_> =
        picture.stats.refusals.iter().map(|(why, times)| (why.as_str(), *times, None)).collect();
    refusals.retain(|(_, times, _)| *times > 0);
    refusals.sort_by_key(|(_, times, _)| std::cmp::Reverse(*times));
    let widths = [area.width * 38 / 100, area.width * 33 / 100];
    let third = area.width.saturating_sub(widths[0] + widths[1] + 4);
    let lists = [
        (
            Top { title: "Tools", unit: "calls", empty: "none yet", rows: tools.collect(), has_rates: true },
            widths[0],
        ),
        (
            Top { title: "Keys", unit: "requests", empty: "none yet", rows: keys.collect(), has_rates: true },
            widths[1],
        ),
        (Top { title: "Refused", unit: "times", empty: "nothing", rows: refusals, has_rates: false }, third),
    ];
    let mut x = area.x;
    for (list, width) in lists {
        top(canvas, Rect { x, width, ..area }, &list);
        x += width + 2;
    }
}

fn top(canvas: &mut Canvas<'_>, area: Rect, list: &Top<'_>) {
    if area.height == 0 {
        return;
    }
    let (total, now) = (8, if list.has_rates { 6 } else { 0 });
    let name = area.width.saturating_sub(total + now);
    canvas.put((area.x, area.y), name, list.title, Tone::Strong);
    canvas.right((area.x + name, area.y), total, list.unit, Tone::Quiet);
    if list.has_rates {
        canvas.right((area.x + name + total, area.y), now, "now/s", Tone::Quiet);
    }
    if list.rows.is_empty() {
        canvas.put((area.x, area.y + 1), area.width, list.empty, Tone::Quiet);
    }
    let rows = list.rows.iter().take(usize::from(area.height - 1));
    for (row, (words, amount, rate_now)) in rows.enumerate() {
        let y = area.y + 1 + row as u16;
        canvas.put((area.x, y), name, words, Tone::Plain);
        canvas.right((area.x + name, y), total, &short_total(*amount), Tone::Plain);
        if list.has_rates {
            let words = rate_now.map_or_else(|| "-".into(), rate);
            canvas.right((area.x + name + total, y), now, &words, Tone::Plain);
        }
    }
}

/// Returns an amount in full while it is short enough for its column.
fn short_total(amount: u64) -> String {
    if amount < 1_000_000 { grouped(amount) } else { short(amount as f64) }
}
