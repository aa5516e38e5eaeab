//! What the log of checks does not keep: values that look like secrets, or stand under a key that names one.

use super::pattern::Features;
use crate::memory::suspicion;

/// What stands in the log instead.
const WITHHELD: &str = "(withheld)";

/// Words of keys whose values are secrets.
const NAMES: [&str; 9] = [
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "credential",
    "authorization",
    "privatekey",
    "cookie",
];

/// Returns the features as the log keeps them.
pub(super) fn without_secrets(params: &Features) -> Features {
    params.with(|key, value| is_secret(key, value).then(|| WITHHELD.to_owned()))
}

fn is_secret(key: &str, value: &str) -> bool {
    let plain: String = key.chars().filter(|letter| letter.is_alphanumeric()).collect();
    NAMES.iter().any(|name| plain.contains(name)) || suspicion(value).is_some()
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
    }
}
