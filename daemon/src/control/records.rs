//! What of a command goes into the audit: before it is obeyed, that it was asked for, and then how it ended. A command
//! that changes something is not obeyed when the first cannot be recorded.

use mcpd_ipc::{Access, Fault, FaultKind, Outcome, Request, redact::redacted};
use serde_json::Value;

use super::Operator;
use crate::audit::{Audit, AuditError, Deed, Fate};

/// Members of commands that are recorded. What is not named here, secrets and contents above all, is not.
const MEMBERS: [&str; 27] = [
    "action",
    "actor",
    "address",
    "after",
    "cidr",
    "cidrs",
    "connections",
    "deadline",
    "deny_tools",
    "expires_in",
    "file",
    "grace",
    "id",
    "ids",
    "key",
    "level",
    "name",
    "network",
    "now",
    "on",
    "overwrite",
    "path",
    "project",
    "rate",
    "scopes",
    "tenant",
    "tools",
];

/// Longest value, in characters.
const LONGEST_WORD: usize = 120;
/// Values of a list that are told.
const MOST: usize = 20;
/// Longest subject, in characters.
const LONGEST: usize = 1000;

/// How a command is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// On the disk before it is obeyed, and again when it has ended.
    Twice,
    /// On the disk before it is obeyed, and within a second when it has ended: the daemon may be gone before a reply
    /// that waits for the disk.
    Ending,
    /// Within a second.
    Once,
    /// Not at all: it is asked again and again, and tells nothing of anybody.
    Never,
}

/// The records of one command.
pub(super) struct Records<'a> {
    audit: &'a Audit,
    deed: Deed,
    way: Way,
}

impl<'a> Records<'a> {
    pub(super) fn of(audit: &'a Audit, operator: Operator, request: &Request) -> Self {
        let subject = Some(subject(request)).filter(|subject| !subject.is_empty());
        let (actor, action) = (operator.to_string(), words(request.name()).into());
        let deed = Deed { actor, action, subject, fate: Fate::Done, why: None, answers: None };
        Self { audit, deed, way: way(request) }
    }

    /// Records that the command may not be given.
    pub(super) fn denied(self, why: &str) {
        self.audit.note(Deed { fate: Fate::Denied, why: Some(why.to_owned()), ..self.deed });
    }

    /// Records that the command was given, and returns the number of the record.
    pub(super) async fn begin(&self) -> Result<Option<u64>, Fault> {
        match self.way {
            Way::Twice | Way::Ending => {}
            Way::Once | Way::Never => return Ok(None),
        }
        let recorded = self.audit.record(Deed { fate: Fate::Asked, ..self.deed.clone() }).await;
        recorded.map(Some).map_err(|error| unrecorded(&error))
    }

    /// Records how it ended.
    pub(super) async fn end(self, asked: Option<u64>, outcome: &Outcome<Value>) {
        let (fate, why) = match outcome {
            Outcome::Ok(reply) => (Fate::Done, reply.pointer("/key/id").and_then(Value::as_str).map(of_key)),
            Outcome::Err(fault) => (Fate::Failed, Some(fault.message.clone())),
        };
        let deed = Deed { fate, why, answers: asked, ..self.deed };
        match self.way {
            Way::Never => {}
            Way::Once | Way::Ending => self.audit.note(deed),
            Way::Twice => {
                if let Err(error) = self.audit.record(deed.clone()).await {
                    tracing::error!(%error, asked, "how a command ended is recorded when the audit can be written");
                    self.audit.note(deed);
                }
            }
        }
    }
}

/// Returns a command as it is typed: `KeysAdd` is `keys add`.
fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 2);
    for letter in name.chars() {
        if letter.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(letter.to_lowercase());
    }
    words
}

fn of_key(id: &str) -> String {
    format!("key {id}")
}

fn unrecorded(error: &AuditError) -> Fault {
    Fault::new(FaultKind::Refused, format!("{error}; nothing was changed")).hint(
        "what operators order is refused until it can be recorded: look at disk and folder, mcpctl doctor",
    )
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what is not an exception is told by reading or writing")]
fn way(request: &Request) -> Way {
    match request {
        Request::Status(_) | Request::Stats(_) | Request::ProjectsAnalysis(_) => Way::Never,
        // Who follows asks twice a second; that they began to is recorded.
        Request::AuditTail(ask) if ask.after > 0 => Way::Never,
        Request::Restore(_) | Request::Drain(_) | Request::Shutdown(_) => Way::Ending,
        // Pieces of something whose beginning and end are recorded twice.
        Request::PushOffer(_) | Request::PushFiles(_) => Way::Once,
        _ if request.access() == Access::Write => Way::Twice,
        _ => Way::Once,
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "these alone are too large to be looked through")]
fn subject(request: &Request) -> String {
    let text = match request {
        Request::MemoryImport(ask) => format!("project={} memories={}", ask.project, ask.entries.len()),
        Request::ToolsCall(ask) => format!("tool={}", ask.name),
        Request::PushOffer(_) | Request::PushFiles(_) => String::new(),
        other => serde_json::to_value(other).map(|value| members(&value["args"])).unwrap_or_default(),
    };
    text.chars().take(LONGEST).collect()
}

/// Writes what is recorded of a command's arguments.
fn members(arguments: &Value) -> String {
    let mut said = Vec::new();
    for (name, value) in arguments.as_object().into_iter().flatten() {
        let text = match value {
            Value::Object(_) if name == "terms" => {
                said.push(members(value));
                continue;
            }
            Value::Null | Value::Object(_) => continue,
            Value::Array(items) if items.is_empty() => continue,
            Value::Array(items) => {
                let more =
                    if items.len() > MOST { format!(",… {} in all", items.len()) } else { String::new() };
                items.iter().take(MOST).map(word).collect::<Vec<_>>().join(",") + &more
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => word(value),
        };
        if MEMBERS.contains(&name.as_str()) {
            said.push(format!("{name}={text}"));
        }
    }
    said.join(" ")
}

/// Writes one value, without what looks like a secret and so that it cannot pose as another member.
fn word(value: &Value) -> String {
    let Some(text) = value.as_str() else { return value.to_string() };
    let clean = redacted(text.as_bytes());
    let mut word: String = String::from_utf8_lossy(&clean).chars().take(LONGEST_WORD + 1).collect();
    if word.chars().count() > LONGEST_WORD {
        word.pop();
        word.push('…');
    }
    let plain = !word.is_empty()
        && !word.contains(|letter: char| letter.is_whitespace() || "=,\"\\".contains(letter));
    if plain { word } else { format!("{word:?}") }
}

#[cfg(test)]
mod tests {
    use mcpd_ipc::keys::{KeysAdd, KeysImport, Shown};

    use super::*;

    #[test]
    fn a_command_is_told_without_its_secrets() {
        let terms = KeysAdd {
            name: "old laptop".into(),
            scopes: vec!["read".into(), "write".into()],
            tools: vec![],
            deny_tools: vec!["family:code".into()],
            cidrs: vec!["10.0.0.0/8".into()],
            rate: Some("5/60s".into()),
            connections: None,
            expires_in: Some(60),
            tenant: None,
        };
        let request: Request =
            KeysImport { terms: terms.clone(), secret: Shown::new("sk-0123456789abcdef") }.into();
        assert_eq!(
            subject(&request),
            "name=\"old laptop\" scopes=read,write deny_tools=family:code cidrs=10.0.0.0/8 rate=5/60s expires_in=60"
        );
        let forged =
            KeysAdd { name: "x scopes=write".into(), cidrs: vec!["::1/128".into(); 30], ..terms.clone() };
        let said = subject(&KeysImport { terms: forged, secret: Shown::new("") }.into());
        assert!(
            said.starts_with("name=\"x scopes=write\" scopes=read,write ") && said.contains("… 30 in all"),
            "{said}"
        );
        assert!(said.ends_with("expires_in=60"), "{said}");
        assert_eq!((words(request.name()).as_str(), way(&request)), ("keys import", Way::Twice));
    }
}
