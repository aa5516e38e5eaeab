//! Keys, mouse and pasted text: which action they stand for here.

use crossterm::event::{Event, KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use tui_input::{Input, InputRequest, backend::crossterm::EventHandler};

use super::{App, Popup, form::Said, table::Step};
use crate::{
    effect::Effect,
    keymap::{self, Action},
    layout::{self, Target},
};

/// Lines one turn of the wheel moves.
const WHEEL: usize = 3;
/// Most characters a line of input takes.
const LONGEST: usize = 500;

/// Handles a key.
pub(super) fn key(app: &mut App, event: KeyEvent) -> Vec<Effect> {
    if event.kind == KeyEventKind::Release {
        return vec![];
    }
    if app.holds_keys() {
        // What was typed before the secret could be seen was not meant for it.
        return vec![];
    }
    app.is_dirty = true;
    app.notice = None;
    if layout::is_too_small(app.size) {
        // Nothing can be seen, so nothing may happen but leaving.
        let leaves = keymap::lookup(&app.contexts(), event) == Some(Action::Quit);
        return if leaves { vec![Effect::Quit] } else { vec![] };
    }
    if let Some(action) = keymap::lookup(&app.contexts(), event) {
        return app.act(action);
    }
    write(app, |input| {
        input.handle_event(&Event::Key(event));
    });
    vec![]
}

/// Handles pasted text: it goes into a line of input or nowhere, so that it cannot press keys.
pub(super) fn paste(app: &mut App, text: &str) -> Vec<Effect> {
    app.is_dirty = true;
    write(app, |input| {
        for char in text.trim().chars().map(|char| if char.is_control() { ' ' } else { char }).take(LONGEST) {
            input.handle(InputRequest::InsertChar(char));
        }
    });
    vec![]
}

/// Changes the line of input that is open, if any.
fn write(app: &mut App, change: impl FnOnce(&mut Input)) {
    if !app.secrets.is_empty() {
        return;
    }
    if let Some(Popup::Form(form)) = &mut app.popup {
        if !form.is_sending() {
            change(&mut form.fields[form.focus].input);
            form.said = Said::Nothing;
        }
        return;
    }
    if app.popup.is_none()
        && let Some(input) = &mut app.typing
    {
        change(input);
        let filter = input.value().to_owned();
        if let Some(grid) = app.grid() {
            grid.set_filter(filter);
        }
    }
}

/// Handles the mouse.
pub(super) fn mouse(app: &mut App, event: MouseEvent) -> Vec<Effect> {
    let step = match event.kind {
        MouseEventKind::Down(MouseButton::Left) => return click(app, event.column, event.row),
        MouseEventKind::ScrollUp => Step::Up,
        MouseEventKind::ScrollDown => Step::Down,
        MouseEventKind::Down(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Up(_)
        | MouseEventKind::Drag(_)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => return vec![],
    };
    app.is_dirty = true;
    for _ in 0..WHEEL {
        match app.popup {
            Some(Popup::Detail(_)) => app.scroll(step),
            Some(Popup::Form(_) | Popup::Question(_)) => {}
            None => app.step(step),
        }
    }
    vec![]
}

fn click(app: &mut App, x: u16, y: u16) -> Vec<Effect> {
    if app.popup.is_some() || !app.secrets.is_empty() || layout::is_too_small(app.size) {
        return vec![];
    }
    app.is_dirty = true;
    let Some(target) = layout::hit(app, x, y) else { return vec![] };
    app.typing = None;
    match target {
        Target::Tab(pane) => app.show(pane),
        Target::Heading(column) => {
            if let Some(grid) = app.grid() {
                grid.sort_by(column);
            }
            vec![]
        }
        Target::Line(line) => {
            if let Some(grid) = app.grid() {
                grid.pick(line);
            }
            vec![]
        }
    }
}
