//! The keys that are taken: those the daemon will not refuse, and that are keys of an MCP server at all.

use std::collections::{HashMap, hash_map::Entry};

use serde::{Serialize, Serializer};

use super::plan::{Taken, items};

const KEYS: [&str; 4] = ["MCP_API_KEYS", "API_KEYS", "MCP_API_KEY", "API_KEY"];

/// How secrets begin that open something else: whoever finds one here may not make it a key of this server.
const STRANGERS: [(&str, &str); 7] = [
    ("sk-ant-", "Anthropic"),
    ("sk-proj-", "OpenAI"),
    ("AIza", "Google"),
    ("ghp_", "GitHub"),
    ("gsk_", "Groq"),
    ("xai-", "xAI"),
    ("hf_", "Hugging Face"),
];

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

/// Returns the keys, each once; says which are not taken, in words that do not repeat them.
pub(super) fn planned(taken: &mut Taken<'_>, refused: &mut Vec<String>) -> Vec<PlannedKey> {
    let (mut keys, mut index): (Vec<(Option<String>, String)>, _) = (Vec::new(), HashMap::new());
    let values: Vec<(&str, &str)> = KEYS.iter().filter_map(|name| taken.get(name)).collect();
    let all = values.into_iter().flat_map(|(variable, value)| {
        items(value).into_iter().enumerate().map(move |(index, item)| (variable, index + 1, item))
    });
    for (variable, number, item) in all {
        let (name, secret) = named(&item);
        if let Err(why) = check(&secret) {
            refused.push(format!("{variable}, item {number}: {why}"));
            continue;
        }
        match index.entry(secret.clone()) {
            // The same key twice; the time it had a name counts.
            Entry::Occupied(known) => {
                let known: usize = *known.get();
                keys[known].0 = keys[known].0.take().or(name);
            }
            Entry::Vacant(new) => {
                new.insert(keys.len());
                keys.push((name, secret));
            }
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

/// Says why a secret is not taken; what the daemon takes it for is decided in `daemon/src/auth/key.rs`.
fn check(secret: &str) -> Result<(), String> {
    if let Some((_, whose)) = STRANGERS.iter().find(|(begin, _)| secret.starts_with(begin)) {
        return Err(format!("it is a key of {whose}, not of an MCP server"));
    }
    if secret.starts_with("mcpd_sk_") {
        return Err("keys that an mcpd issued cannot be brought along; issue another".into());
    }
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a key is one word of visible ASCII characters".into());
    }
    if !(16..=256).contains(&secret.len()) {
        return Err(format!("it has {} characters, and a key has 16 to 256", secret.len()));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::{
        super::{dotenv::Variables, plan::Plan},
        *,
    };

    /// Returns a secret that is long enough.
    fn long(text: &str) -> String {
        text.replace("sk-", "sk-0123456789abcdef-")
    }

    fn plan(text: &str) -> Plan {
        Plan::of(&Variables::parse(text))
    }

    fn keys_of(text: &str) -> Vec<(String, String)> {
        let keys = plan(&long(text)).keys.into_iter();
        keys.map(|key| (key.name, key.secret.0.replace("0123456789abcdef-", ""))).collect()
    }

    #[test]
    fn keys_are_taken_by_their_own_names_only() {
        let told = keys_of("API_KEYS=laptop:sk-1, sk-2;ci:sk-3 sk-4\nMCP_API_KEY=sk-2\nAPI_KEY=named:sk-4\n");
        let told: Vec<_> = told.iter().map(|(name, secret)| (name.as_str(), secret.as_str())).collect();
        assert_eq!(told, [("laptop", "sk-1"), ("imported-1", "sk-2"), ("ci", "sk-3"), ("named", "sk-4")]);
        assert_eq!(keys_of("API_KEYS=[\"sk-1\", \"a:sk-2\"]").len(), 2);
        let told = keys_of("API_KEYS=sk-a b:sk-c");
        assert_eq!(told, [("imported-1".into(), "sk-a".into()), ("b".into(), "sk-c".into())]);
        let models = plan("OPENAI_API_KEY=sk-secret\nANTHROPIC_API_KEY=sk-secret\nAPI_KEY_HEADER=x\n");
        assert!(models.keys.is_empty());
        assert_eq!(models.untaken, ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "API_KEY_HEADER"]);
    }

    #[test]
    fn what_the_daemon_would_refuse_and_what_opens_something_else_is_not_planned() {
        let refused = |item: &str| {
            let plan = plan(&format!("API_KEYS=ci:0123456789abcdef,{item}\n"));
            assert!(plan.keys.len() == 1 && plan.untaken.is_empty(), "{item}");
            let told = plan.refused.join("; ");
            let why = told.strip_prefix("API_KEYS, item 2: ").unwrap();
            assert!(!why.contains("0123456789"), "{why}");
            why.to_owned()
        };
        for (begin, whose) in STRANGERS {
            let why = refused(&format!("{begin}0123456789abcdef"));
            assert_eq!(why, format!("it is a key of {whose}, not of an MCP server"));
        }
        assert_eq!(refused("x:sk-ant-0123456789"), "it is a key of Anthropic, not of an MCP server");
        assert!(refused("mcpd_sk_k7Qm2ZpXa91B_0123456789").starts_with("keys that an mcpd issued"));
        assert_eq!(refused("0123456789abcde"), "it has 15 characters, and a key has 16 to 256");
        assert_eq!(refused(&"x".repeat(257)), "it has 257 characters, and a key has 16 to 256");
        assert!(refused("schlüssel-0123456789").ends_with("visible ASCII characters"));
    }

    #[test]
    fn secrets_are_never_shown_whole() {
        let plan = plan("API_KEYS=sk-1234567890abcdef,short\n");
        let told = format!("{plan:?}{}", serde_json::to_string(&plan).unwrap());
        assert!(!told.contains("567890") && !told.contains("short"), "{told}");
        assert_eq!(plan.keys[0].secret.shown(), "sk-1… (19 characters)");
        assert_eq!(Secret("short".into()).shown(), "… (5 characters)");
    }
}
