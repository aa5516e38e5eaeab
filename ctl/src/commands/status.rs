//! `mcpctl status`: what the daemon is, where it listens and how it fares.

use mcpd_ipc::life::{Status, StatusReport};

use crate::{
    daemon::Daemon,
    error::{Ended, Error},
    output::Output,
    page::Page,
    paint::Tone,
    table::Table,
    text,
};

pub(crate) async fn run(daemon: &Daemon, out: &mut Output) -> Result<Ended, Error> {
    let report = daemon.call(Status {}).await?;
    out.show(&report, page)?;
    Ok(Ended::Done)
}

fn page(report: &StatusReport) -> Page {
    let because = report.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
    let fields = [
        ("url", report.url.clone().unwrap_or_else(|| "none: this daemon serves no HTTP".into())),
        ("profile", report.profile.clone()),
        ("config", report.config_file.clone().unwrap_or_else(|| "none read: defaults".into())),
        ("state", report.state_dir.clone()),
        ("socket", report.socket.clone()),
        ("tools", report.tools.to_string()),
        ("keys", format!("{} active", report.active_keys)),
        ("connections", report.connections.to_string()),
        ("sessions", report.sessions.to_string()),
        ("in flight", text::count(report.calls_in_flight, "call")),
    ];
    // What a later daemon may call itself is not good before somebody has looked.
    let tone = if report.status == "healthy" { Tone::Good } else { Tone::Warning };
    Page::default()
        .toned(&format!("mcpd {} is ", report.version), tone, &report.status, &because)
        .line(format!("up {}, process {}", text::span(report.uptime_seconds), report.pid))
        .gap()
        .table(Table::fields(fields))
}
