//! Every key in one ordered list: what is pressed where, what it does, and the words for it. Dispatch, the help pane and
//! the hints in the footer are all drawn from it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::{Pane, table::Step};

/// Where a key means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Context {
    /// Everywhere but over a secret.
    Always,
    /// In every pane.
    Anywhere,
    /// In every pane that is a table.
    Table,
    /// In one pane.
    In(Pane),
    /// While the daemon is away, before the pane's own keys.
    Away,
    /// While a filter is typed.
    Filter,
    /// In a form.
    Form,
    /// At a question.
    Question,
    /// Over details.
    Detail,
    /// Over a new secret.
    Secret,
}

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Quit,
    Help,
    NextPane,
    PreviousPane,
    Show(Pane),
    Step(Step),
    Filter,
    Clear,
    Open,
    NextColumn,
    PreviousColumn,
    Reverse,
    Pause,
    Level,
    Sessions,
    Close,
    Add,
    Rotate,
    Rename,
    Revoke,
    Remove,
    Test,
    Switch,
    Retry,
    Yes,
    No,
    Submit,
    NextField,
    PreviousField,
    Leave,
    Keep,
    Scroll(Step),
    Dismiss,
}

impl Action {
    /// Returns whether it is of no use while the daemon is away.
    pub(crate) fn needs_daemon(self) -> bool {
        match self {
            Self::Close | Self::Add | Self::Rotate | Self::Rename | Self::Revoke | Self::Remove => true,
            Self::Test | Self::Switch => true,
            Self::Quit | Self::Help | Self::NextPane | Self::PreviousPane | Self::Show(_) => false,
            Self::Step(_) | Self::Filter | Self::Clear | Self::Open | Self::Scroll(_) => false,
            Self::NextColumn | Self::PreviousColumn | Self::Reverse | Self::Pause | Self::Level => false,
            Self::Sessions | Self::Retry | Self::Yes | Self::No | Self::Submit | Self::NextField => false,
            Self::PreviousField | Self::Leave | Self::Keep | Self::Dismiss => false,
        }
    }
}

/// A key as it is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Press {
    code: KeyCode,
    ctrl: bool,
}

impl Press {
    /// Returns whether an event is this key. Shift is in the letter already.
    fn is(self, event: KeyEvent) -> bool {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        self.code == event.code && self.ctrl == ctrl && !event.modifiers.contains(KeyModifiers::ALT)
    }

    /// Returns its name.
    pub(crate) fn label(self) -> String {
        let renamed = [
            (KeyCode::Char(' '), "space"),
            (KeyCode::Up, "↑"),
            (KeyCode::Down, "↓"),
            (KeyCode::PageUp, "PgUp"),
            (KeyCode::PageDown, "PgDn"),
            (KeyCode::BackTab, "Shift-Tab"),
        ];
        let renamed = renamed.iter().find(|(code, _)| *code == self.code);
        let name = renamed.map_or_else(|| self.code.to_string(), |(_, name)| (*name).to_owned());
        let name = if self.ctrl { name.to_uppercase() } else { name };
        if self.ctrl { format!("Ctrl-{name}") } else { name }
    }
}

const fn char(char: char) -> Press {
    Press { code: KeyCode::Char(char), ctrl: false }
}

const fn ctrl(char: char) -> Press {
    Press { code: KeyCode::Char(char), ctrl: true }
}

const fn code(code: KeyCode) -> Press {
    Press { code, ctrl: false }
}

/// One line of the keymap.
pub(crate) struct Binding {
    /// Where it holds.
    pub(crate) context: Context,
    /// The keys that do it, all alike.
    pub(crate) keys: &'static [Press],
    /// What they do.
    pub(crate) action: Action,
    /// What they do, for people.
    pub(crate) words: &'static str,
    /// The same in a word or two for the footer; empty keeps it out of there.
    pub(crate) hint: &'static str,
}

macro_rules! keymap {
    ($( $context:expr => { $( [$($key:expr),+] $action:expr, $words:literal, $hint:literal; )+ } )+) => {
        &[ $( $( Binding {
            context: $context,
            keys: &[$($key),+],
            action: $action,
            words: $words,
            hint: $hint,
        }, )+ )+ ]
    };
}

/// The keymap. The order is that of the help pane and of the footer.
#[rustfmt::skip]
pub(crate) const KEYMAP: &[Binding] = keymap! {
    Context::In(Pane::Requests) => {
        [char(' ')]               Action::Pause,              "hold the list still, or let it go on", "pause";
    }
    Context::In(Pane::Connections) => {
        [char('x')]               Action::Close,              "close the selected connection or session", "close";
        [char('s')]               Action::Sessions,           "show sessions, or connections again", "";
    }
    Context::In(Pane::Keys) => {
        [char('a')]               Action::Add,                "issue a key", "add";
        [char('R')]               Action::Rotate,             "give the key a new secret", "rotate";
        [char('n')]               Action::Rename,             "give the key another name", "rename";
        [char('r'), char('x')]    Action::Revoke,             "revoke the key", "revoke";
    }
    Context::In(Pane::Allowlist) => {
        [char('a')]               Action::Add,                "add a network", "add";
        [char('x'), char('d')]    Action::Remove,             "remove the network", "remove";
        [char('t')]               Action::Test,               "test whether an address may connect", "test";
    }
    Context::In(Pane::Tools) => {
        [char('e'), char(' ')]    Action::Switch,             "enable or disable the tool", "enable/disable";
    }
    Context::In(Pane::Logs) => {
        [char(' ')]               Action::Pause,              "hold the log still, or let it go on", "pause";
        [char('l')]               Action::Level,              "show more levels; after trace, errors", "level";
    }
    Context::Table => {
        [code(KeyCode::Enter)]    Action::Open,               "show all about the selected row", "details";
        [char('/')]               Action::Filter,             "show only rows that contain a text", "filter";
        [char('<')]               Action::PreviousColumn,     "sort by the column before", "";
        [char('>')]               Action::NextColumn,         "sort by the next column", "";
        [char('o')]               Action::Reverse,            "turn the order around", "";
    }
    Context::Anywhere => {
        [code(KeyCode::Up), char('k')]         Action::Step(Step::Up),       "one row up", "";
        [code(KeyCode::Down), char('j')]       Action::Step(Step::Down),     "one row down", "";
        [code(KeyCode::PageUp)]                Action::Step(Step::PageUp),   "a page up", "";
        [code(KeyCode::PageDown)]              Action::Step(Step::PageDown), "a page down", "";
        [code(KeyCode::Home), char('g')]       Action::Step(Step::First),    "the first row", "";
        [code(KeyCode::End), char('G')]        Action::Step(Step::Last),     "the last row; live lists follow again", "";
        [code(KeyCode::Esc)]      Action::Clear,              "clear the filter, or the selection", "";
        [char('1')]               Action::Show(Pane::Overview),    "overview", "";
        [char('2')]               Action::Show(Pane::Requests),    "requests", "";
        [char('3')]               Action::Show(Pane::Connections), "connections and sessions", "";
        [char('4')]               Action::Show(Pane::Keys),        "API keys", "";
        [char('5')]               Action::Show(Pane::Allowlist),   "allowlist", "";
        [char('6')]               Action::Show(Pane::Tools),       "tools", "";
        [char('7')]               Action::Show(Pane::Logs),        "logs", "";
        [char('?'), char('8')]    Action::Help,               "this help", "help";
        [code(KeyCode::Tab)]      Action::NextPane,           "next pane", "";
        [code(KeyCode::BackTab)]  Action::PreviousPane,       "previous pane", "";
        [char('q')]               Action::Quit,               "quit", "quit";
    }
    Context::Always => {
        [ctrl('c')]               Action::Quit,               "quit", "";
    }
    Context::Away => {
        [code(KeyCode::Enter)]    Action::Retry,              "try the daemon now", "try now";
    }
    Context::Filter => {
        [code(KeyCode::Enter)]    Action::Keep,               "keep the filter", "keep";
        [code(KeyCode::Esc)]      Action::Leave,              "clear the filter", "clear";
    }
    Context::Form => {
        [code(KeyCode::Enter)]    Action::Submit,             "send the form", "send";
        [code(KeyCode::Tab), code(KeyCode::Down)]    Action::NextField,     "next field", "next field";
        [code(KeyCode::BackTab), code(KeyCode::Up)]  Action::PreviousField, "field before", "";
        [code(KeyCode::Esc)]      Action::Leave,              "leave without sending", "cancel";
    }
    Context::Question => {
        [char('y')]               Action::Yes,                "yes, do it", "yes";
        [char('n'), code(KeyCode::Esc), char('q')]   Action::No, "no, change nothing", "no";
    }
    Context::Detail => {
        [code(KeyCode::Esc), code(KeyCode::Enter), char('q')]  Action::Leave, "close the details", "close";
        [code(KeyCode::Up), char('k')]         Action::Scroll(Step::Up),       "scroll up", "";
        [code(KeyCode::Down), char('j')]       Action::Scroll(Step::Down),     "scroll down", "scroll";
        [code(KeyCode::PageUp)]                Action::Scroll(Step::PageUp),   "a page up", "";
        [code(KeyCode::PageDown), char(' ')]   Action::Scroll(Step::PageDown), "a page down", "";
        [code(KeyCode::Home), char('g')]       Action::Scroll(Step::First),    "the beginning", "";
        [code(KeyCode::End), char('G')]        Action::Scroll(Step::Last),     "the end", "";
    }
    Context::Secret => {
        [char('c')]               Action::Dismiss,            "close the secret for good", "close for good";
    }
};

/// Returns what a key does where the contexts hold, the first of them first.
pub(crate) fn lookup(contexts: &[Context], event: KeyEvent) -> Option<Action> {
    contexts.iter().find_map(|context| {
        let mut bindings = KEYMAP.iter().filter(|binding| binding.context == *context);
        bindings
            .find(|binding| binding.keys.iter().any(|press| press.is(event)))
            .map(|binding| binding.action)
    })
}

/// Returns the first key that does something where the contexts hold.
pub(crate) fn press_for(contexts: &[Context], action: Action) -> Option<Press> {
    let mut held =
        contexts.iter().flat_map(|context| KEYMAP.iter().filter(move |line| line.context == *context));
    held.find(|binding| binding.action == action).and_then(|binding| binding.keys.first().copied())
}

/// Returns the heading of a context in the help pane.
pub(crate) fn heading(context: Context) -> &'static str {
    match context {
        Context::Always => "Always",
        Context::Anywhere => "In every pane",
        Context::Table => "In every table",
        Context::In(pane) => pane.title(),
        Context::Away => "While the daemon is away",
        Context::Filter => "While a filter is typed",
        Context::Form => "In a form",
        Context::Question => "At a question",
        Context::Detail => "Over details",
        Context::Secret => "Over a new secret",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contexts that hold at the same time, so that a key in one must not be in another.
    fn together() -> Vec<Vec<Context>> {
        let panes =
            Pane::ALL.map(|pane| vec![Context::In(pane), Context::Table, Context::Anywhere, Context::Always]);
        let alone = [Context::Filter, Context::Form, Context::Question, Context::Detail];
        let alone = alone.map(|context| vec![context, Context::Always]);
        panes.into_iter().chain(alone).chain([vec![Context::Secret], vec![Context::Away]]).collect()
    }

    #[test]
    fn no_key_means_two_things_at_once() {
        for contexts in together() {
            let held = KEYMAP.iter().filter(|binding| contexts.contains(&binding.context));
            let keys: Vec<_> = held.flat_map(|binding| binding.keys).collect();
            for (index, key) in keys.iter().enumerate() {
                assert!(!keys[..index].contains(key), "{} twice in {contexts:?}", key.label());
            }
        }
    }

    #[test]
    fn every_binding_is_reached_and_has_words() {
        for binding in KEYMAP {
            assert!(!binding.words.is_empty());
            for press in binding.keys {
                let modifiers = if press.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
                let event = KeyEvent::new(press.code, modifiers);
                assert_eq!(lookup(&[binding.context], event), Some(binding.action), "{}", press.label());
            }
        }
    }

    #[test]
    fn keys_have_names() {
        let named = [char(' '), ctrl('c'), code(KeyCode::BackTab), code(KeyCode::PageUp), char('R')];
        assert_eq!(named.map(Press::label), ["space", "Ctrl-C", "Shift-Tab", "PgUp", "R"]);
    }
}
