//! Forms: fields to fill in, and the command that comes of them. What a field holds is checked here as far as it can be
//! without the daemon; the rest is the daemon's to refuse, and is shown in the form.

use mcpd_ipc::{
    allow::{AllowAdd, AllowTest},
    keys::{KeyInfo, KeysAdd, KeysRename, KeysRotate},
};
use tui_input::Input;

use super::time::seconds;
use crate::effect::Call;

/// What a form is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Issuing a key.
    AddKey,
    /// Giving a key of this id a new secret.
    RotateKey(String),
    /// Giving a key of this id another name.
    RenameKey(String),
    /// Adding a network to the allowlist.
    AddNetwork,
    /// Asking whether an address would be let in.
    TestAddress,
}

/// One field.
pub(crate) struct Field {
    /// Its name.
    pub(crate) label: &'static str,
    /// What may be written into it.
    pub(crate) help: &'static str,
    /// What is written into it.
    pub(crate) input: Input,
}

/// What a form says below its fields.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Said {
    /// Nothing yet.
    Nothing,
    /// It was sent as this, and nothing came back yet.
    Sending(Box<Call>),
    /// What is wrong.
    Wrong(String),
    /// What the daemon answered, where the form stays open for the next question.
    Answer(String),
}

/// Fields to fill in.
pub(crate) struct Form {
    /// What it is for.
    pub(crate) purpose: Purpose,
    /// What stands above it.
    pub(crate) title: String,
    /// Its fields.
    pub(crate) fields: Vec<Field>,
    /// The field that is typed into.
    pub(crate) focus: usize,
    /// What it says below its fields.
    pub(crate) said: Said,
}

fn field(label: &'static str, help: &'static str) -> Field {
    Field { label, help, input: Input::default() }
}

impl Form {
    fn new(purpose: Purpose, title: impl Into<String>, fields: Vec<Field>) -> Self {
        Self { purpose, title: title.into(), fields, focus: 0, said: Said::Nothing }
    }

    /// Makes the form that issues a key.
    pub(crate) fn add_key() -> Self {
        let fields = vec![
            field("name", "for people, unique among living keys"),
            field("scopes", "read, write, metrics; empty: read and write"),
            field("tools", "tools it may call, or family:NAME; empty: all its scopes allow"),
            field("denied tools", "tools it may not call, or family:NAME"),
            field("networks", "10.0.0.0/8; empty: any the allowlist lets in"),
            field("rate", "100/60s; empty: as configured"),
            field("connections", "at a time; empty: as configured"),
            field("expires", "90d, 24h; empty: never"),
            field("tenant", "whose data it sees; empty: default"),
        ];
        Self::new(Purpose::AddKey, "Issue a key", fields)
    }

    /// Makes the form that gives a key a new secret.
    pub(crate) fn rotate(key: &KeyInfo) -> Self {
        let grace = Field {
            input: Input::new("24h".into()),
            ..field("grace", "how long the secret before goes on; 0s ends it at once")
        };
        Self::new(Purpose::RotateKey(key.id.clone()), format!("Rotate key {}", key.name), vec![grace])
    }

    /// Makes the form that gives a key another name.
    pub(crate) fn rename(key: &KeyInfo) -> Self {
        let name = Field { input: Input::new(key.name.clone()), ..field("name", "unique among living keys") };
        Self::new(Purpose::RenameKey(key.id.clone()), format!("Rename key {}", key.name), vec![name])
    }

    /// Makes the form that adds a network.
    pub(crate) fn add_network() -> Self {
        let network = field("network", "192.168.3.0/24, 10.1.2.3, fd00::/8");
        Self::new(Purpose::AddNetwork, "Let a network in", vec![network])
    }

    /// Makes the form that tests an address.
    pub(crate) fn test_address() -> Self {
        let address = field("address", "192.168.3.7, fd00::1");
        Self::new(Purpose::TestAddress, "Would it be let in?", vec![address])
    }

    /// Moves to the next field or the one before, round and round.
    pub(crate) fn turn(&mut self, forward: bool) {
        let count = self.fields.len();
        self.focus = (self.focus + if forward { 1 } else { count - 1 }) % count;
    }

    /// Returns whether it was sent and waits for its answer.
    pub(crate) fn is_sending(&self) -> bool {
        matches!(self.said, Said::Sending(_))
    }

    fn value(&self, label: &str) -> &str {
        let field = self.fields.iter().find(|field| field.label == label);
        field.map_or("", |field| field.input.value().trim())
    }

    fn some(&self, label: &str) -> Option<String> {
        Some(self.value(label).to_owned()).filter(|value| !value.is_empty())
    }

    fn needed(&self, label: &'static str) -> Result<String, Wrong> {
        self.some(label).ok_or_else(|| Wrong { label, words: format!("{label} is missing") })
    }

    fn list(&self, label: &str) -> Vec<String> {
        let words = self.value(label).split(|char: char| char == ',' || char.is_whitespace());
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
    }

    fn period(&self, label: &'static str) -> Result<Option<u64>, Wrong> {
        let parsed = self.some(label).map(|text| seconds(&text)).transpose();
        parsed.map_err(|words| Wrong { label, words: format!("{label}: {words}") })
    }

    /// Returns the command that comes of the fields, or moves to the one that is wrong and says why.
    pub(crate) fn submit(&mut self) -> Option<Call> {
        match self.call() {
            Ok(call) => {
                self.said = Said::Sending(Box::new(call.clone()));
                Some(call)
            }
            Err(Wrong { label, words }) => {
                self.focus = self.fields.iter().position(|field| field.label == label).unwrap_or(self.focus);
                self.said = Said::Wrong(words);
                None
            }
        }
    }

    fn call(&self) -> Result<Call, Wrong> {
        match &self.purpose {
            Purpose::AddKey => self.key().map(Call::AddKey),
            Purpose::RotateKey(id) => {
                Ok(Call::RotateKey(KeysRotate { key: id.clone(), grace: self.period("grace")? }))
            }
            Purpose::RenameKey(id) => {
                Ok(Call::RenameKey(KeysRename { key: id.clone(), name: self.needed("name")? }))
            }
            Purpose::AddNetwork => Ok(Call::AddNetwork(AllowAdd { cidr: self.needed("network")? })),
            Purpose::TestAddress => Ok(Call::TestAddress(AllowTest { address: self.needed("address")? })),
        }
    }

    fn key(&self) -> Result<KeysAdd, Wrong> {
        let wrong = |label, words: &str| Wrong { label, words: format!("{label}: {words}") };
        let connections =
            self.some("connections").map(|text| text.parse::<u32>().ok().filter(|count| *count > 0));
        if connections == Some(None) {
            return Err(wrong("connections", "write a number from 1"));
        }
        let expires_in = self.period("expires")?;
        if expires_in == Some(0) {
            return Err(wrong("expires", "must be longer than nothing"));
        }
        Ok(KeysAdd {
            name: self.needed("name")?,
            scopes: self.list("scopes"),
            tools: self.list("tools"),
            deny_tools: self.list("denied tools"),
            cidrs: self.list("networks"),
            rate: self.some("rate"),
            connections: connections.flatten(),
            expires_in,
            tenant: self.some("tenant"),
        })
    }
}

/// A field that does not hold what it should.
struct Wrong {
    label: &'static str,
    words: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(form: &mut Form, values: &[(&str, &str)]) {
        for (label, value) in values {
            let field = form.fields.iter_mut().find(|field| field.label == *label).unwrap();
            field.input = Input::new((*value).to_owned());
        }
    }

    #[test]
    fn a_form_becomes_a_command() {
        let mut form = Form::add_key();
        let values = [
            ("name", " ci "),
            ("scopes", "read,  metrics"),
            ("networks", "10.0.0.0/8 fd00::/8"),
            ("rate", "100/60s"),
            ("connections", "4"),
            ("expires", "90d"),
        ];
        fill(&mut form, &values);
        let Some(Call::AddKey(key)) = form.submit() else { panic!() };
        assert_eq!((key.name.as_str(), key.connections, key.expires_in), ("ci", Some(4), Some(7_776_000)));
        assert_eq!(
            (key.scopes, key.cidrs),
            (vec!["read".into(), "metrics".into()], vec!["10.0.0.0/8".into(), "fd00::/8".into()])
        );
        assert_eq!((key.tools.len(), key.tenant, key.rate), (0, None, Some("100/60s".into())));
        assert!(form.is_sending());
    }

    #[test]
    fn what_is_wrong_is_said_at_its_field() {
        let cases = [
            (vec![], "name is missing", 0),
            (vec![("name", "x"), ("connections", "0")], "connections: write a number from 1", 6),
            (vec![("name", "x"), ("connections", "many")], "connections: write a number from 1", 6),
            (vec![("name", "x"), ("expires", "0d")], "expires: must be longer than nothing", 7),
            (
                vec![("name", "x"), ("expires", "soon")],
                "expires: \"soon\" is no length of time; write 30s, 5m, 24h, 90d or 1y",
                7,
            ),
        ];
        for (values, words, focus) in cases {
            let mut form = Form::add_key();
            fill(&mut form, &values);
            assert!(form.submit().is_none());
            assert_eq!((form.said, form.focus), (Said::Wrong(words.into()), focus));
        }
    }
}
