//! What looks like a secret: forms that keys and passwords are issued in. A find is a suspicion, never a proof; what
//! has no form of its own is not found.
//!
//! Texts that leave the daemon for people, its log and a bundle for a maintainer, pass [`redacted`] as a backstop: what
//! is a secret has a type that cannot be printed, and no line is written with one in mind.

use std::{borrow::Cow, sync::LazyLock};

use regex::{RegexSet, bytes};

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

/// What is taken out of texts: the forms above with all that belongs to them, and further ones that are no suspicion in
/// what people write. What the groups `keep` and `after` find stays.
const TAKEN: [&str; 15] = [
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----[^-]*(?:-----END [A-Z0-9 ]*-----)?",
    // The id of a key is public.
    r"(?P<keep>\bmcpd_sk_(?:[A-Za-z0-9-]{12}_)?)[A-Za-z0-9_-]{6,}",
    // The same in hexadecimal, and in base 64 wherever it begins.
    r"(?i:6d6370645f736b5f)[0-9A-Fa-f]{12,}|(?:bWNwZF9za1|1jcGRfc2tf|tY3BkX3NrX)[A-Za-z0-9+/_=-]{8,}",
    r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})",
    r"\bglpat-[A-Za-z0-9_-]{20,}",
    r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    r"\bsk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{16,}",
    r"\bAIza[A-Za-z0-9_-]{35}\b",
    r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,}",
    r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    r"(?P<keep>\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,64}:)[^\s/@]{1,256}(?P<after>@)",
    r"(?i)(?P<keep>\b(?:bearer|basic)\s+)[A-Za-z0-9._~+/=-]{8,}",
    r#"(?i)(?P<keep>\bmcpd\.key\.|[?&](?:token|key|api_key|access_token)=)[^\s&"'#]+"#,
    r#"(?i)(?P<keep>(?:\b(?:[a-z0-9]+[_-])*(?:password|passwd|secret|api[_-]?key|access[_-]?token|token)|密码|口令)\\?["']?\s*[:=：]\s*\\?["']?)[a-z0-9!@#%^&)_+~/?|;.-][a-z0-9!@#%^&()_+~/?|;.-]{5,}"#,
];

/// What stands in their place.
const MARK: &[u8] = b"(redacted)";

static SECRETS: LazyLock<Vec<bytes::Regex>> =
    LazyLock::new(|| TAKEN.iter().filter_map(|form| bytes::Regex::new(form).ok()).collect());

static ANY: LazyLock<Option<bytes::RegexSet>> = LazyLock::new(|| bytes::RegexSet::new(TAKEN).ok());

/// Returns a text, or lines of bytes, without what looks like a secret.
pub fn redacted(text: &[u8]) -> Cow<'_, [u8]> {
    // Nearly every text has none, and one look says so.
    let Some(found) = ANY.as_ref().map(|any| any.matches(text)).filter(|found| found.matched_any()) else {
        return Cow::Borrowed(text);
    };
    let mut clean = text.to_vec();
    for form in found.iter().filter_map(|form| SECRETS.get(form)) {
        let without = form.replace_all(&clean, |caught: &bytes::Captures<'_>| {
            let kept = |name| caught.name(name).map_or(&b""[..], |kept| kept.as_bytes());
            [kept("keep"), MARK, kept("after")].concat()
        });
        if let Cow::Owned(without) = without {
            clean = without;
        }
    }
    Cow::Owned(clean)
}

/// Returns what kind of secret a text seems to hold.
pub fn suspicion(text: &str) -> Option<&'static str> {
    let first = FORMS.as_ref()?.matches(text).iter().next()?;
    KINDS.get(first).map(|(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_sound() {
        assert!(FORMS.is_some() && ANY.is_some());
        assert_eq!(SECRETS.len(), TAKEN.len());
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

    #[test]
    fn texts_lose_their_secrets_and_nothing_else() {
        let key = "mcpd_sk_7dT0qWmX2bLr_ThisIsNotAKeyButItIsAsLongAsOneWouldBe00000h4Kx2Q";
        let clean = |text: &str| String::from_utf8(redacted(text.as_bytes()).into_owned()).unwrap();
        for (text, left) in [
            (format!("key {key} is unknown"), "key mcpd_sk_7dT0qWmX2bLr_(redacted) is unknown"),
            (
                format!("hex {}", key.bytes().map(|byte| format!("{byte:02x}")).collect::<String>()),
                "hex (redacted)",
            ),
            ("x bWNwZF9za183ZFQwcVdtWDJiTHI y".to_owned(), "x (redacted) y"),
            ("GET /ws?token=abc123&x=1".to_owned(), "GET /ws?token=(redacted)&x=1"),
            ("authorization: Bearer abcdefgh.ijkl".to_owned(), "authorization: Bearer (redacted)"),
            ("at http://ada:hunter22@proxy:8080/".to_owned(), "at http://ada:(redacted)@proxy:8080/"),
            (
                "\"db_password\": \"correct-horse\", \"user\": \"ada\"".to_owned(),
                "\"db_password\": \"(redacted)\", \"user\": \"ada\"",
            ),
            (
                "detail=\"{\\\"token\\\":\\\"0123456789\\\"}\"".to_owned(),
                "detail=\"{\\\"token\\\":\\\"(redacted)\\\"}\"",
            ),
            (
                "-----BEGIN PRIVATE KEY-----\nMIIB\nAAAA\n-----END PRIVATE KEY-----\nafter".to_owned(),
                "(redacted)\nafter",
            ),
        ] {
            assert_eq!(clean(&text), left, "{text}");
        }
        for text in [
            "refused reason=\"credentials\" peer=\"192.168.3.7\" detail=\"wrong secret\"",
            "key changed change=\"added\" id=\"7dT0qWmX2bLr\" name=\"laptop\" operator=1000",
            "ready url=\"http://127.0.0.1:8765/mcp\" socket=/run/user/1000/mcpd/mcpd.sock",
            "tokens: 12 of 300",
            "密码策略：至少十二位",
        ] {
            assert!(matches!(redacted(text.as_bytes()), Cow::Borrowed(_)), "{text}");
        }
    }
}
