//! What people see of an import: the plan before it, the report after it.

use std::path::Path;

use mcpd_ipc::life::StatusReport;

use super::{Import, Outcome, Step};
use crate::{commands::reload, daemon::Daemon, page::Page, paint::Tone, table::Table};

/// Says what would be done.
pub(super) fn plan(import: &Import, file: &Path, status: &StatusReport) -> Page {
    let plan = &import.plan;
    let mut page = Page::of(format!("taken from {}:", file.display()));
    if plan.is_empty() {
        page = page.line("  nothing");
    }
    if !plan.keys.is_empty() {
        let headings = Table::new(["KEY", "SECRET"]);
        let keys =
            plan.keys.iter().fold(headings, |table, key| table.row([key.name.clone(), key.secret.shown()]));
        page = page.gap().table(keys);
    }
    if !plan.allow.is_empty() {
        let networks =
            plan.allow.iter().fold(Table::new(["NETWORK"]), |table, cidr| table.row([cidr.clone()]));
        page = page.gap().table(networks);
    }
    if !import.settings.is_empty() {
        let headings = Table::new(["SETTING", "NOW", "THEN"]);
        let settings = import.settings.iter().fold(headings, |table, setting| {
            let before = setting.before.clone().unwrap_or_else(|| "not written".into());
            table.row([setting.key.into(), before, setting.after.clone()])
        });
        page = page.gap().table(settings);
        page = page.line(format!("in {}", status.config_file.as_deref().unwrap_or_default()));
    }
    if import.is_written_already() {
        page = page.gap().line("host, port and limits are written so already");
    }
    left_out(import, page)
}

/// Says what is left out, and why.
fn left_out(import: &Import, page: Page) -> Page {
    let plan = &import.plan;
    let mut lines = Vec::new();
    if let Some(address) = &import.beyond_loopback {
        lines.push(format!(
            "listening on {address}: that is beyond this machine, and the daemon refuses it without TLS. Name certificate \
             and key in [tls] of its configuration, or write server.plaintext_lan = true there, then import again"
        ));
    }
    if import.no_config_file {
        lines.push(
            "host, port and limits: this daemon has read no configuration file to put them into".into(),
        );
    }
    lines.extend(plan.refused.iter().cloned());
    if !plan.untaken.is_empty() {
        lines.push(format!("unknown here: {}", plan.untaken.join(", ")));
    }
    if !plan.unreadable_lines.is_empty() {
        let numbers: Vec<_> = plan.unreadable_lines.iter().map(usize::to_string).collect();
        lines.push(format!("not written as NAME=value: line {}", numbers.join(", ")));
    }
    if lines.is_empty() {
        return page;
    }
    lines.iter().fold(page.gap().line("not taken:"), |page, line| page.line(format!("  {line}")))
}

/// Says what was done.
pub(super) fn done(import: &Import, daemon: &Daemon) -> Page {
    let Some(done) = &import.done else { return Page::default() };
    let page = done.keys.iter().fold(Page::default().gap(), |page, step| add(page, "key", step));
    let page = done.allow.iter().fold(page, |page, step| add(page, "network", step));
    match &done.config {
        Some(stored) => page
            .line(format!(
                "wrote {}; as it was it is kept as {}",
                stored.file.display(),
                stored.backup.display()
            ))
            .page(reload::page(&stored.reload, daemon)),
        None => page,
    }
}

fn add(page: Page, what: &str, step: &Step) -> Page {
    let (tone, word) = match step.outcome {
        Outcome::Added => (Tone::Good, "added"),
        Outcome::AlreadyThere => (Tone::Heading, "there already"),
        Outcome::Refused => (Tone::Bad, "refused"),
    };
    let because = step.because.as_ref().map(|because| format!(": {because}")).unwrap_or_default();
    page.toned(&format!("{what} {} ", step.name), tone, word, &because)
}
