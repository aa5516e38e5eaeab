//! `mcpctl reload`: loads the configuration again.

use mcpd_ipc::life::{Reload, ReloadReport};

use crate::{
    daemon::Daemon,
    error::{Ended, Error},
    output::Output,
    page::Page,
};

pub(crate) async fn run(daemon: &Daemon, out: &mut Output) -> Result<Ended, Error> {
    let report = daemon.call(Reload {}).await?;
    out.show(&report, |report| page(report, daemon))?;
    Ok(Ended::Done)
}

pub(super) fn page(report: &ReloadReport, daemon: &Daemon) -> Page {
    let section = |page: Page, title: &str, keys: &[String]| match keys {
        [] => page,
        keys => keys.iter().fold(page.line(title), |page, key| page.line(format!("  {key}"))),
    };
    if report.live.is_empty() && report.restart.is_empty() {
        return Page::of("nothing has changed");
    }
    let page = section(Page::default(), "in force now:", &report.live);
    let drain = daemon.line("drain");
    section(page, &format!("in force after a restart ({drain}, then start mcpd again):"), &report.restart)
}
