//! The registry as Prometheus text (exposition format 0.0.4).

use std::fmt::Write;

use metrics::Key;

use super::{Metric, ProcessUse, Recorder};

/// Returns every figure as Prometheus text, metrics in the order of their names.
pub fn prometheus(recorder: &Recorder) -> String {
    let totals = recorder.totals();
    let mut text = String::with_capacity(4096);
    single(&mut text, "mcp_uptime_seconds", "Seconds since the start.", recorder.uptime().as_secs_f64());
    let mean = totals.duration.mean / 1e3;
    single(&mut text, "mcp_response_time_avg", "Mean duration of requests in seconds.", mean);
    let process = ProcessUse::now();
    if let Some(bytes) = process.resident_bytes {
        single(&mut text, "process_resident_memory_bytes", "Memory the process holds.", bytes as f64);
    }
    let _ = writeln!(
        text,
        "# HELP process_cpu_seconds_total Processor time of the process.\n# TYPE process_cpu_seconds_total counter"
    );
    let _ = writeln!(text, "process_cpu_seconds_total {}", process.cpu_seconds);
    let mut lines = Vec::new();
    recorder.visit_numbers(|key, value, counter| {
        let kind = if counter { "counter" } else { "gauge" };
        lines.push((key.name().to_owned(), kind, format!("{}{} {value}\n", key.name(), labels(key, None))));
    });
    recorder.visit_durations(|key, durations| {
        let mut block = String::new();
        let name = key.name();
        for (edge, count) in durations.cumulative() {
            let labels = labels(key, Some(&edge.to_string()));
            let _ = writeln!(block, "{name}_bucket{labels} {count}");
        }
        let count = durations.summary().count;
        let _ = writeln!(block, "{name}_bucket{} {count}", labels(key, Some("+Inf")));
        let _ = writeln!(block, "{name}_sum{} {}", labels(key, None), durations.sum_seconds());
        let _ = writeln!(block, "{name}_count{} {count}", labels(key, None));
        lines.push((name.to_owned(), "histogram", block));
    });
    lines.sort();
    let mut last = String::new();
    for (name, kind, block) in lines {
        if name != last {
            let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} {kind}", help(&name));
            last = name;
        }
        text.push_str(&block);
    }
    text
}

fn single(text: &mut String, name: &str, help: &str, value: f64) {
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
}

fn help(name: &str) -> &'static str {
    Metric::ALL.into_iter().find(|metric| metric.name() == name).map_or("", Metric::help)
}

fn labels(key: &Key, edge: Option<&str>) -> String {
    let own = key.labels().map(|label| format!("{}=\"{}\"", label.key(), label.value()));
    let all: Vec<String> = own.chain(edge.map(|edge| format!("le=\"{edge}\""))).collect();
    if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_names_of_the_contract_are_there_and_agree_with_the_totals() {
        let recorder = Recorder::default();
        recorder.request(true, Duration::from_millis(2));
        recorder.request(false, Duration::from_millis(4));
        recorder.refusal("rate");
        recorder.tool("create_todo").record(false, Duration::from_millis(3));
        let _open = recorder.connection();
        let text = prometheus(&recorder);
        for line in [
            "mcp_requests_total 2",
            "mcp_requests_successful 1",
            "mcp_requests_failed 1",
            "mcp_active_connections 1",
            "mcp_response_time_avg 0.003",
            "mcp_refusals_total{reason=\"rate\"} 1",
            "mcp_tool_calls_total{tool=\"create_todo\"} 1",
            "mcp_tool_call_duration_seconds_count{tool=\"create_todo\"} 1",
            "mcp_tool_call_duration_seconds_bucket{tool=\"create_todo\",le=\"+Inf\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
        assert_eq!(recorder.totals().total, 2);
    }
}
