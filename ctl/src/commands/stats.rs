//! `mcpctl stats`: the figures of `/stats`.

use mcpd_ipc::life::{Stats, StatsReport};

use crate::{
    daemon::Daemon,
    error::{Ended, Error},
    output::Output,
    page::Page,
    table::Table,
    text::{bytes, count, millis, percent, span},
};

pub(crate) async fn run(daemon: &Daemon, out: &mut Output) -> Result<Ended, Error> {
    let report = daemon.call(Stats {}).await?;
    out.show(&report, page)?;
    Ok(Ended::Done)
}

fn page(report: &StatsReport) -> Page {
    let latency = format!(
        "mean {}, p50 {}, p95 {}, p99 {}",
        millis(report.avg_response_time),
        millis(report.p50),
        millis(report.p95),
        millis(report.p99)
    );
    let fields = [
        ("uptime", span(report.uptime_seconds)),
        ("requests", format!("{}, {} failed", report.total_requests, report.failed_requests)),
        ("success", percent(report.success_rate)),
        ("duration", latency),
        ("connections", report.active_connections.to_string()),
        ("in flight", count(report.calls_in_flight, "call")),
        ("memory", report.process.resident_bytes.map_or_else(|| "not told by the system".into(), bytes)),
        ("processor", format!("{:.1}s of all threads", report.process.cpu_seconds)),
    ];
    let mut page = Page::default().table(Table::fields(fields));
    if !report.refusals.is_empty() {
        let refusals =
            report.refusals.iter().fold(Table::new(["REFUSED", "TIMES"]), |table, (why, times)| {
                table.row([why.clone(), times.to_string()])
            });
        page = page.gap().table(refusals.figures(&[1]));
    }
    if !report.tools.is_empty() {
        let headings = Table::new(["TOOL", "CALLS", "ERRORS", "MEAN", "P50", "P95", "P99"]);
        let tools = report.tools.iter().fold(headings, |table, (name, tool)| {
            let [mean, p50, p95, p99] = [tool.avg, tool.p50, tool.p95, tool.p99].map(millis);
            table.row([name.clone(), tool.calls.to_string(), tool.errors.to_string(), mean, p50, p95, p99])
        });
        page = page.gap().table(tools.figures(&[1, 2, 3, 4, 5, 6]));
    }
    if !report.keys.is_empty() {
        let headings = Table::new(["KEY", "ID", "REQUESTS", "FAILED"]);
        let keys = report.keys.iter().fold(headings, |table, key| {
            table.row([key.name.clone(), key.id.clone(), key.requests.to_string(), key.failed.to_string()])
        });
        page = page.gap().table(keys.figures(&[2, 3]));
    }
    page
}
