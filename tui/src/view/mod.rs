//! What the dashboard looks like: a function of the state, which it does not change. One file per pane.

mod allow;
mod canvas;
mod chart;
mod connections;
mod figures;
mod form;
mod help;
mod keys;
mod logs;
mod overview;
mod popup;
mod requests;
mod table;
#[cfg(test)]
mod tests;
mod tools;

use mcpd_ipc::text::span;
use ratatui::{Frame, layout::Rect};

use self::canvas::{Canvas, cells};
use crate::{
    app::{App, Link, Pane, Popup},
    keymap::{Context, KEYMAP},
    layout,
    theme::Tone,
};

/// Draws the whole screen.
pub(crate) fn draw(app: &App, frame: &mut Frame<'_>) {
    let area = frame.area();
    let mut canvas = Canvas::new(frame.buffer_mut(), app.fixed.theme);
    let canvas = &mut canvas;
    let size = (area.width, area.height);
    if !layout::fits(app, size) {
        for (y, line) in area.rows().map(|row| row.y).zip(layout::too_small_lines(app, size)) {
            canvas.put((area.x, y), area.width, &line, Tone::Plain);
        }
        return;
    }
    let regions = layout::regions(app);
    canvas.is_old = !app.is_here();
    header(canvas, regions.header, app);
    canvas.is_old = false;
    tabs(canvas, regions.tabs, app.pane);
    banner(canvas, regions.banner, app);
    canvas.is_old = !app.is_here();
    pane(canvas, regions.body, app);
    canvas.is_old = false;
    footer(canvas, regions.footer, app);
    match &app.popup {
        Some(Popup::Form(form)) => form::draw(canvas, app.size, form),
        Some(Popup::Question(question)) => popup::question(canvas, app.size, question),
        Some(Popup::Detail(detail)) => popup::detail(canvas, app.size, detail),
        None => {}
    }
    if let Some(secret) = app.secrets.front() {
        popup::secret(canvas, app, secret);
    }
}

fn pane(canvas: &mut Canvas<'_>, body: Rect, app: &App) {
    match app.pane {
        Pane::Overview => overview::draw(canvas, body, app),
        Pane::Requests => requests::draw(canvas, body, app),
        Pane::Connections => connections::draw(canvas, body, app),
        Pane::Keys => keys::draw(canvas, body, app),
        Pane::Allowlist => allow::draw(canvas, body, app),
        Pane::Tools => tools::draw(canvas, body, app),
        Pane::Logs => logs::draw(canvas, body, app),
        Pane::Help => help::draw(canvas, body, app),
    }
}

/// Draws what the daemon is and how it fares.
fn header(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let Some(picture) = app.history.picture() else {
        let words = if app.link == Link::Calling { "mcpd  calling the daemon" } else { "mcpd" };
        canvas.runs(area, &[(words, Tone::Quiet)]);
        return;
    };
    let status = &picture.status;
    let (word, tone) = match (app.is_here(), status.status.as_str()) {
        (false, _) => ("away", Tone::Bad),
        (true, "healthy") => ("healthy", Tone::Good),
        (true, "draining") => ("draining", Tone::Odd),
        (true, other) => (other, Tone::Bad),
    };
    let url = status.url.as_deref().unwrap_or("no HTTP");
    let mut runs = vec![
        (format!("mcpd {}", status.version), Tone::Strong),
        ("  ".into(), Tone::Plain),
        (word.to_owned(), tone),
    ];
    if let Some(reason) = status.reason.as_ref().filter(|_| app.is_here()) {
        runs.push((format!(": {reason}"), tone));
    }
    runs.push((format!("  {}  {url}", status.profile), Tone::Plain));
    let uptime = format!("up {}", span(status.uptime_seconds));
    let room = area.width.saturating_sub(cells(&uptime) + 2);
    canvas.runs(Rect { width: room, ..area }, &runs);
    canvas.right((area.x, area.y), area.width, &uptime, Tone::Plain);
}

fn tabs(canvas: &mut Canvas<'_>, area: Rect, open: Pane) {
    for (index, (pane, tab)) in layout::tabs(area).into_iter().enumerate() {
        let number = (index + 1).to_string();
        canvas.runs(tab, &[(number.as_str(), Tone::Key), (" ", Tone::Plain), (pane.title(), Tone::Plain)]);
        if pane == open {
            let style = canvas.theme().selected();
            canvas.fill(tab, style);
        }
    }
}

fn banner(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let style = canvas.theme().banner();
    canvas.fill(area, style);
    for (row, line) in layout::banner_lines(app).iter().enumerate() {
        canvas.styled((area.x + 1, area.y + row as u16), area.width.saturating_sub(2), line, style);
    }
}

/// Draws the last line: the filter while it is typed, what came of the last action, or which keys mean something.
fn footer(canvas: &mut Canvas<'_>, area: Rect, app: &App) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    if let Some(input) = app.typing.as_ref().filter(|_| app.popup.is_none()) {
        let x = canvas.runs(area, &[("/", Tone::Key)]);
        let room = area.right().saturating_sub(x + 30);
        form::line(canvas, Rect { x, width: room, ..area }, input, true);
        hints(canvas, Rect { x: x + room + 2, width: 28, ..area }, &[Context::Filter]);
        return;
    }
    if let Some(notice) = &app.notice {
        for (row, line) in layout::notice_lines(app).iter().enumerate() {
            canvas.put((area.x, area.y + row as u16), area.width, line, notice.tone);
        }
    } else if app.popup.is_none() && app.secrets.is_empty() {
        // What stands before the pane shows its own keys.
        hints(canvas, area, &app.contexts());
    }
}

/// Draws which keys mean something, the first contexts first.
fn hints(canvas: &mut Canvas<'_>, area: Rect, contexts: &[Context]) {
    let mut taken = Vec::new();
    let mut x = area.x;
    let held = contexts.iter().flat_map(|context| KEYMAP.iter().filter(move |line| line.context == *context));
    for binding in held {
        let Some(press) = binding.keys.iter().find(|press| !taken.contains(press)) else { continue };
        taken.extend(binding.keys);
        let is_idle = contexts.contains(&Context::Away) && binding.action.needs_daemon();
        if binding.hint.is_empty() || is_idle {
            continue;
        }
        let (label, words) = (press.label(), format!(" {}", binding.hint));
        let width = cells(&label) + cells(&words);
        if x + width > area.right() {
            break;
        }
        x = canvas.runs(Rect { x, width, ..area }, &[(label, Tone::Key), (words, Tone::Quiet)]) + 2;
    }
}
