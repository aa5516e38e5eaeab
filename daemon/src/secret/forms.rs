//! What looks like a secret: forms that keys and passwords are issued in. A find is a suspicion, never a proof; what
//! has no form of its own is not found.

use std::sync::LazyLock;

use regex::RegexSet;

/// Each kind with the form it is recognised by.
const KINDS: [(&str, &str); 12] = [
    ("a private key", r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
    ("a key of mcpd", r"\bmcpd_sk_[A-Za-z0-9_-]{20,}"),
    ("an AWS access key", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"),
    ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("a Slack token", r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}"),
    ("an API key of a model provider", r"\bsk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{20,}"),
    ("a Google API key", r"\bAIza[A-Za-z0-9_-]{35}\b"),
    ("a Stripe key", r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    ("a JSON web token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ("a password in an address", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,64}:[^\s/@]{3,128}@[^\s/]"),
    (
        "a password",
        r#"(?i)(?:\b(?:password|passwd|secret|api[_-]?key|access[_-]?token)|密码|口令)["']?\s*[:=：]\s*["']?[a-z0-9!@#%^&()_+~/?|;-]{8,}"#,
    ),
];

static FORMS: LazyLock<Option<RegexSet>> =
    LazyLock::new(|| RegexSet::new(KINDS.iter().map(|(_, form)| form)).ok());

/// Returns what kind of secret a text seems to hold.
pub(crate) fn suspicion(text: &str) -> Option<&'static str> {
    let first = FORMS.as_ref()?.matches(text).iter().next()?;
    KINDS.get(first).map(|(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_sound() {
        assert!(FORMS.is_some());
    }

    #[test]
    fn issued_forms_are_suspected() {
        let long = "a1B2".repeat(12);
        for (text, kind) in [
            ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Blbn".to_owned(), "a private key"),
            (format!("use mcpd_sk_{long}"), "a key of mcpd"),
            ("AKIAIOSFODNN7EXAMPLE is the id".to_owned(), "an AWS access key"),
            (format!("token: ghp_{long}"), "a GitHub token"),
            (format!("glpat-{long}"), "a GitLab token"),
            ("xoxb-123456789012-abcdef".to_owned(), "a Slack token"),
            (format!("sk-ant-{long}"), "an API key of a model provider"),
            (format!("sk_live_{long}"), "a Stripe key"),
            ("postgres://app:hunter22@db/app".to_owned(), "a password in an address"),
            ("DB password = \"correcthorse\"".to_owned(), "a password"),
            ("数据库密码：Passw0rd2026".to_owned(), "a password"),
        ] {
            assert_eq!(suspicion(&text), Some(kind), "{text}");
        }
    }

    #[test]
    fn talk_about_secrets_is_none() {
        for text in [
            "passwords are hashed with argon2",
            "the api_key comes from the vault",
            "password: <ask the operator>",
            "set API_KEY=$TOKEN before you start",
            "see https://example.com/a:b@c",
            "sk-learn is a library",
            "密码策略：至少十二位",
        ] {
            assert_eq!(suspicion(text), None, "{text}");
        }
    }
}
