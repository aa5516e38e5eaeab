//! The state of the dashboard, and `update`: what happens goes in, what is to be done comes out. No I/O and no clock
//! lives here: time comes in with messages.

mod act;
mod ask;
pub(crate) mod column;
pub(crate) mod detail;
pub(crate) mod form;
pub(crate) mod history;
mod input;
mod lists;
mod pane;
mod replies;
pub(crate) mod rows;
#[cfg(test)]
pub(crate) mod sample;
mod secret;
pub(crate) mod table;
mod tail;
#[cfg(test)]
mod tests;
pub(crate) mod time;

use std::collections::VecDeque;

use mcpd_ipc::{
    allow::{AllowEntry, AllowState},
    connections::ConnectionInfo,
    feed::{LogLine, RequestLine, Severity},
    keys::KeyInfo,
    sessions::SessionInfo,
    tools::ToolSummary,
};
use tui_input::Input;

pub(crate) use self::{
    ask::Question,
    pane::Pane,
    secret::Secret,
    tail::{Numbered, Tail},
};
use self::{
    detail::Detail,
    form::Form,
    history::History,
    lists::Lists,
    table::{Grid, Table},
};
use crate::{
    effect::Effect,
    keymap::Context,
    layout,
    msg::{FeedName, Msg, Why},
    theme::{Theme, Tone},
};

/// Requests that are kept.
pub(crate) const REQUESTS_KEPT: usize = 2_000;
/// Lines of the log that are kept.
pub(crate) const LOGS_KEPT: usize = 5_000;
/// How long a notice stays, in milliseconds, unless a key is pressed.
const NOTICE_STAYS: i64 = 15_000;

/// What stays the same for one run of the dashboard.
#[derive(Debug, Clone)]
pub(crate) struct Fixed {
    /// Colour or none.
    pub(crate) theme: Theme,
    /// Milliseconds between two fetches of a list.
    pub(crate) refresh: i64,
    /// How to start a daemon.
    pub(crate) start_hint: String,
}

/// Whether the daemon answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    /// It is being called for the first time.
    Calling,
    /// It answers.
    Here,
    /// It does not; the next try is at `until`.
    Away {
        /// Why.
        why: Why,
        /// Milliseconds since 1970.
        until: i64,
    },
}

/// What stands before a pane.
pub(crate) enum Popup {
    /// Something to fill in.
    Form(Form),
    /// Something to say yes or no to.
    Question(Question),
    /// Something to read.
    Detail(Detail),
}

/// What came of the last action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// How it is meant.
    pub(crate) tone: Tone,
    /// The sentence.
    pub(crate) words: String,
    since: i64,
}

/// The state of the dashboard.
pub(crate) struct App {
    /// What stays the same.
    pub(crate) fixed: Fixed,
    /// The time, milliseconds since 1970.
    pub(crate) now: i64,
    /// Columns and rows of the terminal.
    pub(crate) size: (u16, u16),
    /// The open pane.
    pub(crate) pane: Pane,
    /// Whether the daemon answers.
    pub(crate) link: Link,
    /// Whether it ever did.
    pub(crate) was_here: bool,
    /// When it came back, milliseconds since 1970.
    back_at: Option<i64>,
    /// What was seen of it.
    pub(crate) history: History,
    /// Requests as they are answered.
    pub(crate) requests: Tail<RequestLine>,
    /// The log.
    pub(crate) logs: Tail<LogLine>,
    /// The least severe level of the log that is shown.
    pub(crate) level: Severity,
    /// Feeds the daemon does not give.
    pub(crate) missing: Vec<(FeedName, Why)>,
    /// Open connections.
    pub(crate) connections: Table<ConnectionInfo>,
    /// Sessions.
    pub(crate) sessions: Table<SessionInfo>,
    /// Whether sessions are shown in place of connections.
    pub(crate) shows_sessions: bool,
    /// API keys.
    pub(crate) keys: Table<KeyInfo>,
    /// The allowlist.
    pub(crate) allow: Table<AllowEntry>,
    /// Which of its three states it is in, once known.
    pub(crate) allow_state: Option<AllowState>,
    /// The tools.
    pub(crate) tools: Table<ToolSummary>,
    /// When lists were fetched.
    pub(crate) lists: Lists,
    /// The first line of the help pane that is shown.
    pub(crate) help_offset: usize,
    /// The filter while it is typed.
    pub(crate) typing: Option<Input>,
    /// What stands before the pane.
    pub(crate) popup: Option<Popup>,
    /// Secrets nobody has confirmed to have kept.
    pub(crate) secrets: VecDeque<Secret>,
    /// What came of the last action.
    pub(crate) notice: Option<Notice>,
    /// Whether the screen is older than the state.
    pub(crate) is_dirty: bool,
}

impl App {
    /// Makes the state before anything happened.
    pub(crate) fn new(fixed: Fixed, size: (u16, u16), now: i64) -> Self {
        Self {
            fixed,
            now,
            size,
            pane: Pane::Overview,
            link: Link::Calling,
            was_here: false,
            back_at: None,
            history: History::default(),
            requests: Tail::new(REQUESTS_KEPT),
            logs: Tail::new(LOGS_KEPT),
            level: Severity::Trace,
            missing: Vec::new(),
            connections: Table::default(),
            sessions: Table::default(),
            shows_sessions: false,
            keys: Table::default(),
            allow: Table::default(),
            allow_state: None,
            tools: Table::default(),
            lists: Lists::default(),
            help_offset: 0,
            typing: None,
            popup: None,
            secrets: VecDeque::new(),
            notice: None,
            is_dirty: true,
        }
    }

    /// Returns whether the daemon answers.
    pub(crate) fn is_here(&self) -> bool {
        self.link == Link::Here
    }

    /// Returns where keys mean something now, the first before the others.
    pub(crate) fn contexts(&self) -> Vec<Context> {
        if !self.secrets.is_empty() {
            return vec![Context::Secret];
        }
        let upper = match (&self.popup, &self.typing) {
            (Some(Popup::Form(_)), _) => Some(Context::Form),
            (Some(Popup::Question(_)), _) => Some(Context::Question),
            (Some(Popup::Detail(_)), _) => Some(Context::Detail),
            (None, Some(_)) => Some(Context::Filter),
            (None, None) => None,
        };
        if let Some(upper) = upper {
            return vec![upper, Context::Always];
        }
        let away = match self.link {
            Link::Away { .. } => Some(Context::Away),
            Link::Calling | Link::Here => None,
        };
        let table = self.pane.is_table().then_some(Context::Table);
        let pane = [Some(Context::In(self.pane)), table, Some(Context::Anywhere), Some(Context::Always)];
        away.into_iter().chain(pane.into_iter().flatten()).collect()
    }

    /// Returns the table of the open pane.
    pub(crate) fn grid(&mut self) -> Option<&mut dyn Grid> {
        match self.pane {
            Pane::Overview | Pane::Help => None,
            Pane::Requests => Some(&mut self.requests.table),
            Pane::Connections if self.shows_sessions => Some(&mut self.sessions),
            Pane::Connections => Some(&mut self.connections),
            Pane::Keys => Some(&mut self.keys),
            Pane::Allowlist => Some(&mut self.allow),
            Pane::Tools => Some(&mut self.tools),
            Pane::Logs => Some(&mut self.logs.table),
        }
    }

    /// Brings what is visible up to date with what is known. Called before drawing, not at each message: a thousand
    /// requests a second are sorted and filtered once for the eye that sees them.
    pub(crate) fn settle(&mut self) {
        let regions = layout::regions(self);
        let height = usize::from(layout::table(regions.body).rows.height);
        let now = self.now;
        if let Some(grid) = self.grid() {
            grid.settle(height, now);
        }
        let lines = layout::help_lines(regions.body.width).len();
        self.help_offset = self.help_offset.min(lines.saturating_sub(regions.body.height.into()));
        if let Some(Popup::Detail(detail)) = &mut self.popup {
            let area = layout::detail(detail, self.size);
            detail.scroll = detail.scroll.min(area.lines.len().saturating_sub(area.height));
        }
    }

    /// Says what came of an action.
    fn notify(&mut self, tone: Tone, words: impl Into<String>) {
        self.notice = Some(Notice { tone, words: words.into(), since: self.now });
    }
}

/// Takes what happened into the state and returns what is to be done.
pub(crate) fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    match msg {
        Msg::Key(event) => input::key(app, event),
        Msg::Mouse(event) => input::mouse(app, event),
        Msg::Paste(text) => input::paste(app, &text),
        Msg::Resize(width, height) => {
            app.size = (width, height);
            app.is_dirty = true;
            vec![]
        }
        Msg::Now(now) => {
            app.now = now;
            vec![]
        }
        Msg::Drawn(width, height) => {
            app.drawn((width, height));
            vec![]
        }
        Msg::Tick(now) => tick(app, now),
        Msg::Connected => {
            if let Link::Away { .. } = app.link {
                app.back_at = Some(app.now);
            }
            app.link = Link::Here;
            app.was_here = true;
            app.missing.clear();
            // Each feed begins with the whole. Requests are not repeated, so those that were seen stay.
            app.logs.begin_anew();
            app.lists.forget();
            app.is_dirty = true;
            app.fetch()
        }
        Msg::Away { why, until } => {
            app.link = Link::Away { why, until };
            app.history.interrupt();
            app.lists.forget();
            // Numbers of connections begin anew with the daemon: a yes could close somebody else's.
            app.drop_question("the daemon went away");
            app.is_dirty = true;
            vec![]
        }
        Msg::Picture(picture) => {
            app.now = app.now.max(picture.at);
            if app.history.picture().is_some_and(|known| known.status.instance != picture.status.instance) {
                app.drop_question("another daemon answers now");
            }
            app.history.take(picture);
            app.is_dirty = true;
            vec![]
        }
        Msg::Requests(batch) => {
            app.requests.take(batch.skipped, batch.requests);
            app.is_dirty |= app.pane == Pane::Requests;
            vec![]
        }
        Msg::Logs(batch) => {
            app.logs.take(batch.skipped, batch.lines);
            app.is_dirty |= app.pane == Pane::Logs;
            vec![]
        }
        Msg::NoFeed(feed, why) => {
            app.missing.retain(|(missing, _)| *missing != feed);
            app.missing.push((feed, why));
            app.is_dirty = true;
            vec![]
        }
        Msg::Done(reply) => replies::done(app, *reply),
        Msg::Failed(call, why) => replies::failed(app, &call, why),
        Msg::Hangup => vec![Effect::Quit],
    }
}

fn tick(app: &mut App, now: i64) -> Vec<Effect> {
    app.now = now;
    app.is_dirty = true;
    if app.notice.as_ref().is_some_and(|notice| now - notice.since > NOTICE_STAYS) {
        app.notice = None;
    }
    app.fetch()
}
