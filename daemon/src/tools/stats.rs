//! The figures of `/stats`, which `mcpctl stats` shows too: requests of the recorder, calls of the registry.

use std::collections::BTreeMap;

use mcpd_ipc::life::{KeyStats, ProcessStats, StatsReport, ToolStats};

use super::Registry;
use crate::{
    guard::Guard,
    telemetry::{ProcessUse, Recorder, Summary},
};

/// Keys that are listed, busiest first.
const KEYS: usize = 20;

/// Collects the figures of `/stats`, which `mcpctl stats` shows too.
pub fn stats(recorder: &Recorder, registry: &Registry, guard: &Guard) -> StatsReport {
    let totals = recorder.totals();
    let Summary { mean, p50, p95, p99, .. } = totals.duration;
    let called = registry.summaries().into_iter().filter(|tool| tool.calls > 0);
    let tools: BTreeMap<String, ToolStats> = called
        .map(|tool| {
            let Summary { mean, p50, p95, p99, .. } = tool.duration;
            let stats = ToolStats { calls: tool.calls, errors: tool.errors, avg: mean, p50, p95, p99 };
            (tool.name.to_owned(), stats)
        })
        .collect();
    let rate = if totals.total == 0 { 1.0 } else { totals.successful as f64 / totals.total as f64 };
    StatsReport {
        uptime_seconds: recorder.uptime().as_secs(),
        total_requests: totals.total,
        successful_requests: totals.successful,
        failed_requests: totals.failed,
        success_rate: rate,
        avg_response_time: mean,
        p50,
        p95,
        p99,
        active_connections: totals.connections,
        calls_in_flight: totals.calls,
        refusals: recorder.refusals().into_iter().collect(),
        tools,
        keys: busiest(recorder, guard),
        process: process(),
    }
}

fn busiest(recorder: &Recorder, guard: &Guard) -> Vec<KeyStats> {
    let named = |totals: crate::telemetry::KeyTotals| KeyStats {
        name: guard.name_of(&totals.id),
        id: totals.id,
        requests: totals.requests,
        failed: totals.failed,
    };
    recorder.busiest_keys(KEYS).into_iter().map(named).collect()
}

fn process() -> ProcessStats {
    let ProcessUse { resident_bytes, cpu_seconds } = ProcessUse::now();
    ProcessStats { resident_bytes, cpu_seconds }
}
