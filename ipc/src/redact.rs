//! What looks like a secret: forms that keys and passwords are issued in. A find is a suspicion, never a proof; what
//! has no form of its own is not found.
//!
//! Texts that leave the daemon for people, its log and a bundle for a maintainer, pass [`redacted`] as a backstop: what
//! is a secret has a type that cannot be printed, and no line is written with one in mind.

use std::{borrow::Cow, sync::LazyLock};

use regex::bytes;

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
        r#"(?i)(?:\b(?:password|passwd|secret|api[_-]?key|access[_-]?token)|(?u:密码|口令))["']?\s*(?:[:=]|(?u:：))\s*["']?[a-z0-9!@#%^&()_+~/?|;-]{8,}"#,
    ),
];

static FORMS: LazyLock<Option<bytes::RegexSet>> =
    LazyLock::new(|| bytes::RegexSet::new(KINDS.iter().map(|(_, form)| in_bytes(form))).ok());

/// Words that a password is named with.
macro_rules! name {
    () => {
        r"(?:(?i:pass(?:word|wd|phrase|code)|secret|token|(?:api|secret|private|auth|access)[_-]?key)|(?u:密码|口令))"
    };
}

/// What stands between a name and its value, on one line.
macro_rules! is {
    () => {
        r"[ \t]*(?:=>|:=|[:=]|(?u:：))[ \t]*"
    };
}

/// Where a word begins: also after an escape of JSON, whose letter would be taken for a part of it.
macro_rules! begin {
    () => {
        r"(?:\b|(?P<keep>\\[nrt]))"
    };
}

/// What may stand in a password without quotes.
macro_rules! bare {
    () => {
        r"[A-Za-z0-9!@#$%^&*()_+~/?|;.-]{5,}"
    };
}

/// How a value in quotes begins: not with what follows a quote that closes.
macro_rules! first {
    () => {
        r#"[^"'\\\s,:;}\])]"#
    };
}

/// A begin, and a body that ends with an end; without one what is surely a body. Neither takes a quote, nor a line feed
/// that nothing of the key follows.
const PEM: &str = concat!(
    r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----",
    r#"(?:(?:(?:\r?\n|\\+[nr])+[A-Z][A-Za-z-]{1,20}: [^"'\\{}\r\n]{1,100})*"#,
    r"(?:\s|\\+[nr]|[A-Za-z0-9+/=])*-----END [A-Z0-9 ]*-----",
    r"|(?:(?:\s|\\+[nr])*[A-Za-z0-9+/=]{16,})*)"
);

/// What is taken out of texts: the forms above with all that belongs to them, and further ones that are no suspicion in
/// what people write. What the groups `keep` and `after` find stays. A line of JSON stays one: no form takes a quote, half
/// an escape, or a number that has no quotes.
const TAKEN: [&str; 31] = [
    PEM,
    // The id of a key is public.
    r"(?P<keep>(?:\b|\\[nrt])mcpd_sk_(?:[A-Za-z0-9-]{12}_)?)[A-Za-z0-9_-]{6,}",
    // The same in hexadecimal, and in base 64 wherever it begins.
    r"(?i:6d6370645f736b5f)[0-9A-Fa-f]{12,}|(?:bWNwZF9za1|1jcGRfc2tf|tY3BkX3NrX)[A-Za-z0-9+/_=-]{8,}",
    concat!(begin!(), r"(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    concat!(begin!(), r"(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})"),
    concat!(begin!(), r"glpat-[A-Za-z0-9_-]{20,}"),
    concat!(begin!(), r"xox[abeoprs]-[A-Za-z0-9-]{10,}"),
    concat!(begin!(), r"sk-(?:ant-|proj-|or-)?[A-Za-z0-9_-]{16,}"),
    concat!(begin!(), r"AIza[A-Za-z0-9_-]{35}\b"),
    concat!(begin!(), r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,}"),
    concat!(begin!(), r"(?:hf|npm)_[A-Za-z0-9]{30,}"),
    concat!(begin!(), r"ya29\.[A-Za-z0-9_-]{20,}"),
    concat!(begin!(), r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"),
    concat!(begin!(), r"eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    // To the last @ before a blank or a quote; digits and a slash are a port and a path.
    concat!(
        r#"(?P<keep>(?:\b|\\[nrt])[a-z][a-z0-9+.-]{1,20}://[^\s/:@\["'\\]*:)"#,
        r#"(?:[0-9]*(?:[^\s0-9/"'\\]|\\[^\s"'])(?:[^\s"'\\]|\\[^\s"'])*|[0-9]+)(?P<after>@)"#
    ),
    r"(?i)(?P<keep>(?:\b|\\[nrt])(?:bearer|basic)[ \t]+)[a-z0-9._~+/=-]{8,}",
    r#"(?i)(?P<keep>\bmcpd\.key\.|[?&](?:token|key|api_key|access_token)=)[^\s&"'#\\]+"#,
    // Headers: to the end of the line or the quote.
    r#"(?i)(?P<keep>cookie(?:\\*["'])?[ \t]*[:=][ \t]*(?:\\*["'])?)[a-z0-9_.%$-]+=[^"'\\\r\n]+"#,
    r#"(?i)(?P<keep>mcp-session-id[ \t]*[:=][ \t]*(?:\\*["'])?)[a-z0-9._~+/=-]{8,}"#,
    r#"(?i)(?P<keep>mcp-session-id\\*["'][ \t]*[:=][ \t]*\\*["'])[a-z0-9._~+/=-]{8,}"#,
    // A value in quotes goes to the one that closes it: in JSON, and in JSON within JSON.
    concat!("(?P<keep>", name!(), "\"", is!(), r#"")(?:[^"\\\r\n]|\\[^\r\n]){6,}(?P<after>")"#),
    concat!(
        "(?P<keep>",
        name!(),
        r#"\\""#,
        is!(),
        r#"\\")(?:[^"\\\r\n]|\\\\(?:\\["\\]|[^"\\\r\n])){6,}(?P<after>\\")"#
    ),
    concat!("(?P<keep>", name!(), is!(), "\")", first!(), r#"(?:[^"\\\r\n]|\\[^\r\n]){5,}(?P<after>")"#),
    concat!(
        "(?P<keep>",
        name!(),
        is!(),
        r#"\\")"#,
        first!(),
        r#"(?:[^"\\\r\n]|\\\\(?:\\["\\]|[^"\\\r\n])){5,}(?P<after>\\")"#
    ),
    concat!(
        "(?P<keep>",
        name!(),
        r#"(?:\\{2,}")?"#,
        is!(),
        r#"\\{2,}")"#,
        first!(),
        r#"[^"\\\r\n]{5,}(?P<after>\\{2,}")"#
    ),
    concat!("(?P<keep>", name!(), "'?", is!(), "')", first!(), r#"[^"'\\\r\n]{5,}(?P<after>')"#),
    // The rest: without quotes, or with one that is not closed.
    concat!("(?P<keep>", name!(), is!(), r#"(?:\\*["'])?)[A-Za-z0-9!@#$%^&*)_+~/?|;.-]"#, bare!()),
    concat!("(?P<keep>", name!(), r#"\\*["']"#, is!(), r#"\\*["'])[A-Za-z0-9!@#$%^&*)_+~/?|;.-]"#, bare!()),
    concat!("(?P<keep>", name!(), r#"\\*["']"#, is!(), r")[A-Za-z!@#$%^&*_+~/?|]", bare!()),
    // A path is where somebody works.
    concat!(r"(?P<keep>(?i:pwd)", is!(), r#"(?:\\*["'])?)[A-Za-z0-9!@#$%^&*_+?|;-]"#, bare!()),
    concat!(r#"(?P<keep>(?i:pwd)\\*["']"#, is!(), r#"\\*["'])[A-Za-z0-9!@#$%^&*_+?|;-]"#, bare!()),
];

/// Reads a form in bytes: with the borders of Unicode's words one letter beyond ASCII takes the search off its fast path.
fn in_bytes(form: &str) -> String {
    format!("(?-u){form}")
}

/// What stands in their place.
const MARK: &[u8] = b"(redacted)";

static SECRETS: LazyLock<Vec<bytes::Regex>> =
    LazyLock::new(|| TAKEN.iter().filter_map(|form| bytes::Regex::new(&in_bytes(form)).ok()).collect());

static ANY: LazyLock<Option<bytes::RegexSet>> =
    LazyLock::new(|| bytes::RegexSet::new(TAKEN.iter().map(|form| in_bytes(form))).ok());

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
    let first = FORMS.as_ref()?.matches(text.as_bytes()).iter().next()?;
    KINDS.get(first).map(|(kind, _)| *kind)
}

#[cfg(test)]
mod tests;
