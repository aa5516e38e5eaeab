//! What is taken from the variables, decided before anything is done.

use serde::{Serialize, Serializer};

use super::{dotenv::Variables, settings::Settings};

const KEYS: [&str; 4] = ["MCP_API_KEYS", "API_KEYS", "MCP_API_KEY", "API_KEY"];
const ALLOWLIST: [&str; 5] = ["ALLOWED_IPS", "IP_WHITELIST", "IP_ALLOWLIST", "ALLOWED_NETWORKS", "ALLOWLIST"];

/// Everything that is taken, and everything that is not.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Plan {
    /// Keys, those of the lists first.
    pub(super) keys: Vec<PlannedKey>,
    /// Networks for the allowlist.
    pub(super) allow: Vec<String>,
    /// What goes into the daemon's configuration file.
    pub(super) settings: Settings,
    /// Values that make no sense, in words that do not repeat them.
    pub(super) refused: Vec<String>,
    /// Names of variables that mean nothing here; never their values.
    pub(super) untaken: Vec<String>,
    /// Numbers of lines that could not be read.
    pub(super) unreadable_lines: Vec<usize>,
}

/// A key to import.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PlannedKey {
    /// The name it will have.
    pub(super) name: String,
    /// Its number, where the file gives it no name.
    #[serde(skip)]
    number: Option<usize>,
    /// Its secret, of which only the beginning and the length are ever shown.
    #[serde(serialize_with = "shown")]
    pub(super) secret: Secret,
}

impl PlannedKey {
    /// Returns the names it may have when its own is taken: the next numbers; none where the file gives it one.
    pub(super) fn other_names(&self) -> impl Iterator<Item = String> {
        let numbers = self.number.map(|number| number + 1..number + 1000);
        numbers.into_iter().flatten().map(numbered)
    }
}

/// A secret on its way from the file to the daemon.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

impl Secret {
    /// Returns the secret, for the one place that sends it.
    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns what may be shown: `sk-1… (48 characters)`. Of a short one, nothing.
    pub(super) fn shown(&self) -> String {
        let length = self.0.chars().count();
        let begin: String = if length >= 12 { self.0.chars().take(4).collect() } else { String::new() };
        format!("{begin}… ({length} characters)")
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.shown())
    }
}

fn shown<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&secret.shown())
}

impl Plan {
    /// Decides what to take.
    pub(super) fn of(variables: &Variables) -> Self {
        let mut plan = Self { unreadable_lines: variables.unreadable.clone(), ..Self::default() };
        let mut taken = Taken { variables, names: Vec::new() };
        plan.keys = keys(&mut taken);
        plan.allow = networks(&mut taken);
        (plan.settings, plan.refused) = Settings::of(&mut taken);
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
    fn get(&mut self, name: &str) -> Option<(&'v str, &'v str)> {
        let variables = self.variables;
        let known = variables.names().find(|known| *known == name)?;
        // An empty one has nothing to take and is nothing left out either.
        self.names.push(known);
        variables.get(name).map(|value| (known, value))
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

fn keys(taken: &mut Taken<'_>) -> Vec<PlannedKey> {
    let values: Vec<&str> = KEYS.iter().filter_map(|name| taken.get(name)).map(|(_, value)| value).collect();
    let mut keys: Vec<(Option<String>, String)> = Vec::new();
    for item in values.into_iter().flat_map(items) {
        let (name, secret) = named(&item);
        match keys.iter_mut().find(|(_, known)| *known == secret) {
            // The same key twice; the time it had a name counts.
            Some((known, _)) => *known = known.take().or(name),
            None => keys.push((name, secret)),
        }
    }
    let mut unnamed = 0;
    let planned = keys.into_iter().map(|(name, secret)| {
        let number = name.is_none().then(|| {
            unnamed += 1;
            unnamed
        });
        let name = name.or(number.map(numbered)).unwrap_or_default();
        PlannedKey { name, number, secret: Secret(secret) }
    });
    planned.collect()
}

fn numbered(number: usize) -> String {
    format!("imported-{number}")
}

/// Splits `name:secret`; what stands before the colon must look like a name.
fn named(item: &str) -> (Option<String>, String) {
    let is_name = |text: &str| {
        !text.is_empty() && text.chars().all(|char| char.is_ascii_alphanumeric() || "-_.@".contains(char))
    };
    match item.split_once(':') {
        Some((name, secret)) if is_name(name) && !secret.is_empty() => (Some(name.into()), secret.into()),
        Some(_) | None => (None, item.into()),
    }
}

fn networks(taken: &mut Taken<'_>) -> Vec<String> {
    let mut networks = Vec::new();
    for name in ALLOWLIST {
        for name in [format!("MCP_{name}"), name.to_owned()] {
            let found = taken.get(&name).map(|(_, value)| items(value)).unwrap_or_default();
            for network in found.into_iter().filter(|network| !networks.contains(network)).collect::<Vec<_>>()
            {
                networks.push(network);
            }
        }
    }
    networks
}

/// Splits a list: a JSON array of texts, or items between commas, semicolons and blanks.
fn items(value: &str) -> Vec<String> {
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

    fn keys_of(text: &str) -> Vec<(String, String)> {
        plan(text).keys.into_iter().map(|key| (key.name, key.secret.0)).collect()
    }

    #[test]
    fn keys_are_taken_by_their_own_names_only() {
        let told = keys_of("API_KEYS=laptop:sk-1, sk-2;ci:sk-3 sk-4\nMCP_API_KEY=sk-2\nAPI_KEY=named:sk-4\n");
        let told: Vec<_> = told.iter().map(|(name, secret)| (name.as_str(), secret.as_str())).collect();
        assert_eq!(told, [("laptop", "sk-1"), ("imported-1", "sk-2"), ("ci", "sk-3"), ("named", "sk-4")]);
        assert_eq!(keys_of("API_KEYS=[\"sk-1\", \"a:sk-2\"]").len(), 2);
        assert_eq!(keys_of("API_KEYS=a b:c"), [("imported-1".into(), "a".into()), ("b".into(), "c".into())]);
        assert_eq!(keys_of("API_KEY=https://x:y").len(), 1);
        let models = plan("OPENAI_API_KEY=sk-secret\nANTHROPIC_API_KEY=sk-secret\nAPI_KEY_HEADER=x\n");
        assert!(models.keys.is_empty());
        assert_eq!(models.untaken, ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "API_KEY_HEADER"]);
    }

    #[test]
    fn secrets_are_never_shown_whole() {
        let plan = plan("API_KEYS=sk-1234567890abcdef,short\n");
        let told = format!("{plan:?}{}", serde_json::to_string(&plan).unwrap());
        assert!(!told.contains("567890") && !told.contains("short"), "{told}");
        assert_eq!(plan.keys[0].secret.shown(), "sk-1… (19 characters)");
        assert_eq!(plan.keys[1].secret.shown(), "… (5 characters)");
    }

    #[test]
    fn networks_come_once() {
        let plan = plan("ALLOWED_IPS=10.0.0.0/8,127.0.0.1\nMCP_IP_WHITELIST='127.0.0.1 192.168.3.0/24'\n");
        assert_eq!(plan.allow, ["10.0.0.0/8", "127.0.0.1", "192.168.3.0/24"]);
        assert!(plan.untaken.is_empty());
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
