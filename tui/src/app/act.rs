//! What each action does to the state, and what it asks for.

use mcpd_ipc::tools::{ToolsEnable, ToolsShow};

use super::{
    App, Link, Pane, Popup,
    ask::Question,
    detail::Detail,
    form::{Form, Said},
    rows::logs,
    table::{Grid, Step},
};
use crate::{
    effect::{Call, Effect},
    keymap::Action,
    layout,
    theme::Tone,
};

/// How long after the daemon came back keys that change something do nothing, in milliseconds.
const JUST_BACK: i64 = 500;

impl App {
    /// Does what a key or a click stands for.
    pub(super) fn act(&mut self, action: Action) -> Vec<Effect> {
        if action.needs_daemon() && self.is_just_back() {
            // It was pressed at a daemon that was away, and would have been refused then.
            self.notify(Tone::Odd, "the daemon came back just now: press it again");
            return vec![];
        }
        match action {
            Action::Quit => return vec![Effect::Quit],
            Action::Help => return self.show(Pane::Help),
            Action::NextPane => return self.show(self.pane.next()),
            Action::PreviousPane => return self.show(self.pane.previous()),
            Action::Show(pane) => return self.show(pane),
            Action::Sessions => {
                self.shows_sessions = !self.shows_sessions;
                return self.fetch();
            }
            Action::Retry => return self.retry(),
            Action::Yes => return self.answer(),
            Action::Submit => return self.submit(),
            Action::Dismiss => return self.dismiss(),
            Action::Switch => return self.switch(),
            Action::Open => return self.open(),
            Action::Close => self.ask(|app| match app.shows_sessions {
                true => app.sessions.selected().map(Question::end),
                false => app.connections.selected().map(Question::close),
            }),
            Action::Revoke => self.ask(|app| app.keys.selected().map(Question::revoke)),
            Action::Remove => self.ask(|app| app.allow.selected().map(Question::remove)),
            Action::Add if self.pane == Pane::Keys => self.fill(|_| Some(Form::add_key())),
            Action::Add => self.fill(|_| Some(Form::add_network())),
            Action::Test => self.fill(|_| Some(Form::test_address())),
            Action::Rotate => self.fill(|app| app.keys.selected().map(Form::rotate)),
            Action::Rename => self.fill(|app| app.keys.selected().map(Form::rename)),
            Action::Step(step) => self.step(step),
            Action::Scroll(step) => self.scroll(step),
            Action::Filter => self.typing = self.grid().map(|grid| grid.filter().to_owned().into()),
            Action::Keep => self.typing = None,
            Action::Clear => self.clear_filter(),
            Action::Leave if self.typing.is_some() => {
                self.typing = None;
                self.clear_filter();
            }
            Action::Leave | Action::No => self.popup = None,
            Action::NextColumn => self.with_grid(|grid| grid.turn_column(true)),
            Action::PreviousColumn => self.with_grid(|grid| grid.turn_column(false)),
            Action::Reverse => self.with_grid(|grid| grid.reverse()),
            Action::Pause if self.pane == Pane::Logs => self.logs.toggle_pause(),
            Action::Pause => self.requests.toggle_pause(),
            Action::Level => {
                self.level = logs::next(self.level);
                self.logs.table.set_floor(logs::weight(self.level));
            }
            Action::NextField => self.turn_field(true),
            Action::PreviousField => self.turn_field(false),
        }
        vec![]
    }

    /// Opens a pane.
    pub(super) fn show(&mut self, pane: Pane) -> Vec<Effect> {
        self.pane = pane;
        self.fetch()
    }

    fn retry(&mut self) -> Vec<Effect> {
        if let Link::Away { until, .. } = &mut self.link {
            *until = self.now;
        }
        vec![Effect::Retry]
    }

    fn with_grid(&mut self, change: impl FnOnce(&mut dyn Grid)) {
        if let Some(grid) = self.grid() {
            change(grid);
        }
    }

    fn clear_filter(&mut self) {
        self.with_grid(|grid| {
            if grid.filter().is_empty() {
                grid.unpick();
            } else {
                grid.set_filter(String::new());
            }
        });
    }

    /// Moves the selection, or the help.
    pub(super) fn step(&mut self, step: Step) {
        let body = layout::regions(self).body;
        if self.pane == Pane::Help {
            let last = layout::help_lines(body.width).len();
            self.help_offset = scrolled(self.help_offset, step, body.height.into(), last);
        }
        let height = usize::from(layout::table(body).rows.height);
        self.with_grid(|grid| grid.go(step, height));
    }

    /// Moves the text of the details.
    pub(super) fn scroll(&mut self, step: Step) {
        if let Some(Popup::Detail(detail)) = &mut self.popup {
            let area = layout::detail(detail, self.size);
            detail.scroll = scrolled(detail.scroll, step, area.height, area.lines.len());
        }
    }

    fn turn_field(&mut self, forward: bool) {
        if let Some(Popup::Form(form)) = &mut self.popup {
            form.turn(forward);
        }
    }

    /// Returns whether something can be changed now, and says so if not.
    fn may_act(&mut self) -> bool {
        let words = match self.link {
            Link::Here => return true,
            Link::Calling => "the daemon has not answered yet",
            Link::Away { .. } => "the daemon is away: nothing can be changed now",
        };
        self.notify(Tone::Odd, words);
        false
    }

    fn is_just_back(&self) -> bool {
        self.back_at.is_some_and(|at| (0..JUST_BACK).contains(&(self.now - at)))
    }

    /// Returns whether the visible rows are those of the daemon that answers now, and says so if not.
    fn knows_rows(&mut self) -> bool {
        let is_old = self.visible_list().is_some_and(|listed| self.lists.is_old(listed));
        if is_old {
            self.notify(Tone::Odd, "the list is from before the daemon went away: wait for the new one");
        }
        !is_old
    }

    /// Takes a question away that is about a daemon which is not there any more.
    pub(super) fn drop_question(&mut self, because: &str) {
        if let Some(Popup::Question(_)) = self.popup {
            self.popup = None;
            self.notify(Tone::Odd, format!("the question was dropped: {because}"));
        }
    }

    fn ask(&mut self, question: impl FnOnce(&Self) -> Option<Question>) {
        if self.may_act() && self.knows_rows() {
            self.popup = question(self).map(Popup::Question);
        }
    }

    fn fill(&mut self, form: impl FnOnce(&Self) -> Option<Form>) {
        if self.may_act() {
            self.popup = form(self).map(Popup::Form);
        }
    }

    fn answer(&mut self) -> Vec<Effect> {
        if !self.may_act() {
            self.popup = None;
            return vec![];
        }
        match self.popup.take() {
            Some(Popup::Question(question)) => vec![Effect::Call(Box::new(question.call))],
            Some(Popup::Form(_) | Popup::Detail(_)) | None => vec![],
        }
    }

    fn submit(&mut self) -> Vec<Effect> {
        let is_here = self.is_here();
        let Some(Popup::Form(form)) = &mut self.popup else { return vec![] };
        // A second Enter while the first is under way must not issue a second key.
        if form.is_sending() {
            return vec![];
        }
        if !is_here {
            form.said = Said::Wrong("the daemon is away: try again when it is back".into());
            return vec![];
        }
        form.submit().map(|call| Effect::Call(Box::new(call))).into_iter().collect()
    }

    fn switch(&mut self) -> Vec<Effect> {
        if !self.may_act() || !self.knows_rows() {
            return vec![];
        }
        match self.tools.selected() {
            Some(tool) if tool.enabled => {
                self.popup = Some(Popup::Question(Question::disable(tool)));
                vec![]
            }
            Some(tool) => {
                let names = vec![tool.name.clone()];
                vec![Effect::Call(Box::new(Call::Enable(ToolsEnable { names })))]
            }
            None => vec![],
        }
    }

    /// Opens the details of the selected row; those of a tool have to be fetched.
    pub(super) fn open(&mut self) -> Vec<Effect> {
        let now = self.now;
        let detail = match self.pane {
            Pane::Overview | Pane::Help => None,
            Pane::Requests => self.requests.table.selected().map(|row| Detail::request(row, now)),
            Pane::Connections if self.shows_sessions => {
                self.sessions.selected().map(|row| Detail::session(row, now))
            }
            Pane::Connections => self.connections.selected().map(|row| Detail::connection(row, now)),
            Pane::Keys => self.keys.selected().map(|row| Detail::key(row, now)),
            Pane::Allowlist => self.allow.selected().map(Detail::network),
            Pane::Logs => self.logs.table.selected().map(|row| Detail::log(row, now)),
            Pane::Tools => {
                let name = self.tools.selected().map(|tool| tool.name.clone());
                let asked = name.filter(|_| self.may_act()).map(|name| Call::Tool(ToolsShow { name }));
                return asked.map(|call| Effect::Call(Box::new(call))).into_iter().collect();
            }
        };
        match (detail, self.pane) {
            (Some(detail), _) => self.popup = Some(Popup::Detail(detail)),
            (None, Pane::Requests | Pane::Logs) => self.notify(Tone::Quiet, "choose a row first: press ↑"),
            (None, _) => {}
        }
        vec![]
    }
}

/// Returns the first line after a step through `lines` of which `height` are seen.
fn scrolled(from: usize, step: Step, height: usize, lines: usize) -> usize {
    let last = lines.saturating_sub(height);
    let page = height.max(2) - 1;
    let to = match step {
        Step::Up => from.saturating_sub(1),
        Step::Down => from + 1,
        Step::PageUp => from.saturating_sub(page),
        Step::PageDown => from + page,
        Step::First => 0,
        Step::Last => last,
    };
    to.min(last)
}
