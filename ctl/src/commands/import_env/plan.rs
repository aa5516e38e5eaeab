//! What is taken from the variables, decided before anything is done.

use serde::Serialize;

use super::{
    dotenv::Variables,
    networks,
    secrets::{self, PlannedKey},
    settings::Settings,
};

/// Everything that is taken, and everything that is not.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Plan {
    /// Keys, those of the lists first.
    pub(super) keys: Vec<PlannedKey>,
    /// Networks for the allowlist.
    pub(super) allow: Vec<String>,
    /// What goes into the daemon's configuration file.
    pub(super) settings: Settings,
    /// Values that make no sense or that the daemon would refuse, in words that do not repeat them.
    pub(super) refused: Vec<String>,
    /// Names of variables that mean nothing here; never their values.
    pub(super) untaken: Vec<String>,
    /// Numbers of lines that could not be read.
    pub(super) unreadable_lines: Vec<usize>,
}

impl Plan {
    /// Decides what to take.
    pub(super) fn of(variables: &Variables) -> Self {
        let mut plan = Self { unreadable_lines: variables.unreadable.clone(), ..Self::default() };
        let mut taken = Taken { variables, names: Vec::new() };
        plan.keys = secrets::planned(&mut taken, &mut plan.refused);
        plan.allow = networks::planned(&mut taken, &mut plan.refused);
        plan.settings = Settings::of(&mut taken, &mut plan.refused);
        let untaken = variables.names().filter(|name| !taken.names.contains(name));
        plan.untaken = untaken.map(str::to_owned).collect();
        plan
    }

    /// Returns whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.allow.is_empty() && self.settings.is_empty()
    }
}

/// The variables, and which of them something was made of.
pub(super) struct Taken<'v> {
    variables: &'v Variables,
    names: Vec<&'v str>,
}

impl<'v> Taken<'v> {
    pub(super) fn get(&mut self, name: &str) -> Option<(&'v str, &'v str)> {
        let (known, value) = self.variables.get(name)?;
        // An empty one has nothing to take and is nothing left out either.
        self.names.push(known);
        value.map(|value| (known, value))
    }

    /// Returns the first variable that is set. The others of the list are as good as taken: it wins over them.
    pub(super) fn first(&mut self, names: &[&str]) -> Option<(&'v str, &'v str)> {
        let all: Vec<_> = names.iter().filter_map(|name| self.get(name)).collect();
        all.into_iter().next()
    }

    /// Returns a variable with or without the prefix `MCP_`.
    pub(super) fn either(&mut self, name: &str) -> Option<(&'v str, &'v str)> {
        self.first(&[&format!("MCP_{name}"), name])
    }
}

/// Splits a list: a JSON array of texts, or items between commas, semicolons and blanks.
pub(super) fn items(value: &str) -> Vec<String> {
    if let Ok(items) = serde_json::from_str::<Vec<String>>(value) {
        return items.into_iter().filter(|item| !item.is_empty()).collect();
    }
    let parts = value.split(|char: char| ",;".contains(char) || char.is_whitespace());
    parts.filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(text: &str) -> Plan {
        Plan::of(&Variables::parse(text))
    }

    #[test]
    fn no_text_makes_it_panic() {
        // A small generator of our own: every text of the pieces that mean something somewhere.
        const PIECES: [&str; 24] = [
            "API_KEYS",
            "HOST",
            "PORT",
            "RATE_LIMIT",
            "RATE_LIMIT_WINDOW",
            "MAX_CONNECTIONS",
            "ALLOWED_IPS",
            "=",
            "'",
            "\"",
            "\\",
            "\n",
            "\r",
            "#",
            " ",
            ":",
            "/",
            "[",
            "]",
            ",",
            "export ",
            "é",
            "\u{feff}",
            "9999999999999",
        ];
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state % below as u64).unwrap()
        };
        for _ in 0..20_000 {
            let length = next(24);
            let text: String = (0..length).map(|_| PIECES[next(PIECES.len())]).collect();
            let plan = plan(&text);
            assert!(
                plan.unreadable_lines.iter().all(|line| *line <= text.matches('\n').count() + 1),
                "{text:?}"
            );
        }
    }
}
