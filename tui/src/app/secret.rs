//! A new secret: shown whole, once, and closed by its own key only when somebody can have seen it.

use mcpd_ipc::keys::Shown;

use super::App;
use crate::{effect::Effect, layout};

/// How long a secret stands on the screen before its key closes it, in milliseconds: what was typed ahead is over then.
const UNCLOSED: i64 = 1_000;

/// A secret on the screen, this once. Its `Debug` hides it.
#[derive(Debug)]
pub(crate) struct Secret {
    /// Name of the key.
    pub(crate) name: String,
    /// Its public id.
    pub(crate) id: String,
    /// The whole secret.
    pub(crate) secret: Shown,
    /// What became of the secret before, where there was one.
    pub(crate) before: Option<String>,
    /// When it was drawn at first, milliseconds since 1970.
    pub(super) drawn_at: Option<i64>,
}

impl Secret {
    /// Returns whether its key closes it at a time.
    pub(crate) fn may_close(&self, now: i64) -> bool {
        // A clock that was set back must not keep it on the screen for hours.
        self.drawn_at.is_some_and(|at| !(0..UNCLOSED).contains(&(now - at)))
    }
}

impl App {
    /// Returns whether a secret is there that nothing may be pressed on yet.
    pub(super) fn holds_keys(&self) -> bool {
        self.secrets.front().is_some_and(|secret| !secret.may_close(self.now))
    }

    /// Notes that a screen of a size was drawn.
    pub(super) fn drawn(&mut self, size: (u16, u16)) {
        let is_shown = layout::fits(self, size);
        if let Some(secret) = self.secrets.front_mut().filter(|_| is_shown) {
            secret.drawn_at.get_or_insert(self.now);
        }
    }

    /// Closes the secret for good, and gives the mouse back after the last.
    pub(super) fn dismiss(&mut self) -> Vec<Effect> {
        if self.holds_keys() {
            return vec![];
        }
        self.secrets.pop_front();
        if self.secrets.is_empty() { vec![Effect::Mouse(true)] } else { vec![] }
    }
}
