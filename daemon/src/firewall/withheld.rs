//! What the log of checks does not keep: values that look like secrets, or stand under a key that names one.

use std::collections::HashSet;

use mcpd_ipc::redact::suspicion;

use super::pattern::Features;

/// What stands in the log instead.
const WITHHELD: &str = "(withheld)";

/// Words of keys whose values are secrets.
const NAMES: [&str; 14] = [
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "credential",
    "authorization",
    "privatekey",
    "cookie",
    "passphrase",
    "accesskey",
    "signingkey",
    "bearer",
    "passcode",
];

/// Names that stand for a secret only as a word of their own: they are part of many others.
const WORDS: [&str; 5] = ["pwd", "pass", "auth", "pin", "otp"];

/// Returns the features as the log keeps them.
pub(super) fn without_secrets(params: &Features) -> Features {
    // A list is kept as a set: which value follows `--password` is not known any more, so that none is kept.
    let flagged: HashSet<&String> = params
        .iter()
        .filter(|(_, values)| values.iter().any(|value| is_flag(value)))
        .map(|(key, _)| key)
        .collect();
    params.with(|key, value| {
        let is_flagged = flagged.iter().any(|one| one.as_str() == key);
        (is_flagged || names_secret(key) || suspicion(value).is_some()).then(|| WITHHELD.to_owned())
    })
}

/// Answers whether a value is a flag that takes a secret, or an assignment of one.
fn is_flag(value: &str) -> bool {
    let mut words = value.split_whitespace();
    words.any(|word| match word.split_once('=') {
        Some((name, _)) => names_secret(name),
        None => word.starts_with('-') && names_secret(word),
    })
}

fn names_secret(name: &str) -> bool {
    let lower = name.to_lowercase();
    let plain: String = lower.chars().filter(|letter| letter.is_alphanumeric()).collect();
    let mut words = lower.split(|letter: char| !letter.is_alphanumeric());
    NAMES.iter().any(|name| plain.contains(name)) || words.any(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::firewall::pattern::PARAMS;

    #[test]
    fn secrets_are_withheld_and_the_rest_is_kept() {
        let params = json!({ "command": ["deploy", "--key=AKIAIOSFODNN7EXAMPLE"], "db": { "PASSWORD": "x" },
                             "api-key": "short", "X-Auth-Token": 7, "user": "me",
                             "url": "postgres://app:hunter22@db/app" });
        let kept = without_secrets(&Features::of(params.as_object().unwrap(), PARAMS).unwrap()).text();
        for secret in ["AKIA", "short", "hunter22", "\"x\"", "\"7\""] {
            assert!(!kept.contains(secret), "{kept}");
        }
        assert!(kept.contains("\"deploy\"") && kept.contains("\"user\":\"me\""), "{kept}");
        assert!(kept.contains("\"db.password\":\"(withheld)\""), "{kept}");
        let params = json!({ "pwd": "hunter2xx", "auth": "abc123xyz", "access_key": "zzz", "line": "run pin=4711",
                             "args": ["--password", "s3cretvalue"], "author": "me", "spin": "fast" });
        let kept = without_secrets(&Features::of(params.as_object().unwrap(), PARAMS).unwrap()).text();
        for secret in ["hunter2xx", "abc123xyz", "zzz", "s3cretvalue", "4711"] {
            assert!(!kept.contains(secret), "{kept}");
        }
        assert!(kept.contains("\"author\":\"me\"") && kept.contains("\"spin\":\"fast\""), "{kept}");
    }
}
