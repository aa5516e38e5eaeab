//! The life of a key, as operators lead it.

use ipnet::IpNet;
use mcpd_ipc::{
    Fault, FaultKind,
    keys::{
        KeyCreated, KeyInfo, KeyList, KeyRevoked, KeyRotated, KeyState, KeysAdd, KeysImport, KeysList,
        KeysRename, KeysRevoke, KeysRotate, KeysShow, RateNow, Shown,
    },
};

use super::{Hands, Operator, allow::parse_cidr, dispatch::internal};
use crate::{
    auth::{
        FAMILY, FOREIGN_LONGEST, FOREIGN_SHORTEST, ForeignText, KeyTerms, KeyringError, Principal, Scope,
        Secret, ToolPolicy,
    },
    telemetry::KeyChanged,
    tools::Family,
};

/// Longest name of a key or tenant, in characters.
const LONGEST_NAME: usize = 64;
/// How long the secret before a rotation goes on unless an operator says otherwise, in seconds: a day.
const GRACE: u64 = 24 * 60 * 60;

pub(super) async fn add(hands: &Hands, operator: Operator, ask: KeysAdd) -> Result<KeyCreated, Fault> {
    let terms = terms(hands, ask)?;
    let (principal, key) = hands.keys.add(terms).await.map_err(|error| fault(&error))?;
    changed("added", &principal, operator);
    Ok(KeyCreated { key: info(hands, &principal), secret: Shown::new(key.reveal()) })
}

pub(super) async fn import(hands: &Hands, operator: Operator, ask: KeysImport) -> Result<KeyInfo, Fault> {
    let secret = ForeignText::parse(&Secret::new(ask.secret.reveal())).ok_or_else(|| {
        usage(format!(
            "a secret to import is one word of {FOREIGN_SHORTEST} to {FOREIGN_LONGEST} visible ASCII characters, \
             and no key of mcpd"
        ))
    })?;
    let imported = hands.keys.import(&secret, terms(hands, ask.terms)?).await;
    let principal = imported.map_err(|error| fault(&error))?;
    changed("imported", &principal, operator);
    Ok(info(hands, &principal))
}

pub(super) async fn rotate(hands: &Hands, operator: Operator, ask: KeysRotate) -> Result<KeyRotated, Fault> {
    let grace = i64::try_from(ask.grace.unwrap_or(GRACE)).ok().and_then(|seconds| seconds.checked_mul(1000));
    let until = grace.and_then(|millis| crate::store::now().checked_add(millis));
    let until = until.ok_or_else(|| usage("the grace ends after the end of time".to_owned()))?;
    let rotated = hands.keys.rotate(&ask.key, until).await;
    let (principal, key) = rotated.map_err(|error| fault(&error))?;
    changed("rotated", &principal, operator);
    Ok(KeyRotated { key: info(hands, &principal), secret: Shown::new(key.reveal()) })
}

pub(super) async fn rename(hands: &Hands, operator: Operator, ask: KeysRename) -> Result<KeyInfo, Fault> {
    let name = word("name", ask.name)?;
    let renamed = hands.keys.rename(&ask.key, &name).await;
    let principal = renamed.map_err(|error| fault(&error))?;
    changed("renamed", &principal, operator);
    Ok(info(hands, &principal))
}

fn changed(change: &'static str, principal: &Principal, operator: Operator) {
    KeyChanged { change, id: &principal.label(), name: &principal.name(), operator: operator.uid }.emit();
}

pub(super) fn list(hands: &Hands, _: KeysList) -> Result<KeyList, Fault> {
    Ok(KeyList { keys: hands.keys.all().iter().map(|principal| info(hands, principal)).collect() })
}

pub(super) fn show(hands: &Hands, ask: KeysShow) -> Result<KeyInfo, Fault> {
    let found = hands.keys.find(&ask.key);
    found.map(|principal| info(hands, &principal)).ok_or_else(|| unknown(&ask.key))
}

pub(super) async fn revoke(hands: &Hands, operator: Operator, ask: KeysRevoke) -> Result<KeyRevoked, Fault> {
    let revoked = hands.keys.revoke(&ask.key).await;
    // Also when the store refused: in memory the key is revoked, and what it has open ends.
    let gone = hands.keys.find(&ask.key).filter(|principal| principal.revoked.is_cancelled());
    let sessions_closed = gone.map_or(0, |principal| {
        hands.guard.close_connections_of(&principal.id);
        hands.sessions.end_all_of(&principal.id)
    });
    let principal = revoked.map_err(|error| fault(&error))?;
    changed("revoked", &principal, operator);
    Ok(KeyRevoked { key: info(hands, &principal), sessions_closed })
}

fn unknown(key: &str) -> Fault {
    Fault::not_found("key", key).hint("mcpctl keys list shows them")
}

fn fault(error: &KeyringError) -> Fault {
    match error {
        KeyringError::NotFound(key) => unknown(key),
        KeyringError::NameTaken(name) => Fault::new(FaultKind::Conflict, error.to_string()).hint(format!(
            "choose another name, or revoke it first: mcpctl keys revoke {}",
            shell_word(name)
        )),
        KeyringError::AlreadyRevoked(_) | KeyringError::SecretTaken(_) | KeyringError::Expired(_) => {
            Fault::new(FaultKind::Conflict, error.to_string())
        }
        KeyringError::RevokedNotKept(cause) => {
            tracing::error!(%cause, "a revocation could not be written");
            Fault::new(FaultKind::Internal, error.to_string()).hint("revoke it again when the disk has room")
        }
        KeyringError::Store(cause) => internal(cause),
    }
}

/// Checks what an operator asks for; every mistake is a sentence that says what would be right.
fn terms(hands: &Hands, ask: KeysAdd) -> Result<KeyTerms, Fault> {
    let name = word("name", ask.name)?;
    let tenant = word("tenant", ask.tenant.unwrap_or_else(|| "default".to_owned()))?;
    let scopes: Vec<Scope> = if ask.scopes.is_empty() {
        vec![Scope::Read, Scope::Write]
    } else {
        ask.scopes.iter().map(|scope| scope.parse().map_err(usage)).collect::<Result<_, _>>()?
    };
    for tool in ask.tools.iter().chain(&ask.deny_tools) {
        check_tool(hands, tool)?;
    }
    let cidrs: Vec<IpNet> = ask.cidrs.iter().map(|cidr| parse_cidr(cidr)).collect::<Result<_, Fault>>()?;
    let rate = ask.rate.map(|rate| rate.parse()).transpose();
    let rate = rate.map_err(|error: mcpd_config::RateError| usage(error.to_string()))?;
    let expires_at = ask.expires_in.map(expiry).transpose()?;
    if ask.connections == Some(0) {
        return Err(usage("a key needs at least one connection".to_owned()));
    }
    let tools = ToolPolicy { allow: ask.tools, deny: ask.deny_tools };
    Ok(KeyTerms { name, tenant, scopes, tools, cidrs, rate, connections: ask.connections, expires_at })
}

/// Checks a word of a key's tool lists: the name of a tool, or of a family behind `family:`.
fn check_tool(hands: &Hands, word: &str) -> Result<(), Fault> {
    let families = Family::ALL.map(Family::as_str);
    let tools = hands.registry.summaries();
    let (known, near) = match word.strip_prefix(FAMILY) {
        Some(family) => (families.contains(&family), mcpd_config::nearest(family, families.into_iter())),
        // Who writes the bare name of a family means the family.
        None if families.contains(&word) => (false, Some(word)),
        None => {
            let names = || tools.iter().map(|tool| tool.name);
            (names().any(|name| name == word), mcpd_config::nearest(word, names()))
        }
    };
    if known {
        return Ok(());
    }
    let family = word.strip_prefix(FAMILY);
    let fault = Fault::not_found(family.map_or("tool", |_| "family of tools"), family.unwrap_or(word));
    let is_family = |near: &str| family.is_some() || families.contains(&near);
    Err(match near {
        Some(near) if is_family(near) => fault.hint(format!("did you mean {FAMILY}{near}?")),
        Some(near) => fault.hint(format!("did you mean {near}? mcpctl tools list shows them")),
        None => fault.hint("mcpctl tools list shows them; family:NAME stands for all tools of a family"),
    })
}

fn usage(message: String) -> Fault {
    Fault::new(FaultKind::Usage, message)
}

/// Quotes a word for the shell, since people paste hints.
fn shell_word(word: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Names are shown in logs and tables: no control characters, no edges of white space, not too long.
pub(super) fn word(what: &str, text: String) -> Result<String, Fault> {
    let sound = !text.is_empty()
        && text.trim() == text
        && text.chars().count() <= LONGEST_NAME
        && !text.chars().any(char::is_control);
    let rule = format!("a {what} has 1 to {LONGEST_NAME} printable characters, and no space at its ends");
    if sound { Ok(text) } else { Err(usage(rule)) }
}

fn expiry(seconds: u64) -> Result<i64, Fault> {
    let wrong = || usage("the key would expire at once or after the end of time".to_owned());
    let millis = i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(1000));
    let end = millis.filter(|millis| *millis > 0).and_then(|millis| crate::store::now().checked_add(millis));
    end.ok_or_else(wrong)
}

fn info(hands: &Hands, principal: &Principal) -> KeyInfo {
    let now = crate::store::now();
    let state = if principal.revoked.is_cancelled() {
        KeyState::Revoked
    } else if principal.expired(now) {
        KeyState::Expired
    } else {
        KeyState::Active
    };
    let rate = hands.guard.rate_now(&principal.id);
    KeyInfo {
        id: principal.label(),
        name: principal.name().to_string(),
        tenant: principal.tenant.clone(),
        state,
        scopes: principal.scopes.iter().map(ToString::to_string).collect(),
        tools: principal.tools.allow.clone(),
        deny_tools: principal.tools.deny.clone(),
        cidrs: principal.cidrs.iter().map(ToString::to_string).collect(),
        rate: principal.rate.map(|rate| rate.to_string()),
        connections: principal.connections,
        created_at: principal.created_at,
        expires_at: principal.expires_at,
        last_used_at: principal.last_used_at(),
        imported: principal.is_imported(),
        old_secret_until: hands.keys.old_secret_until(&principal.label()),
        requests: principal.requests(),
        rate_now: rate.map(|(used, burst)| RateNow { used, burst }),
    }
}
