//! Texts of errors: what two occurrences of one error have in common, and the words they are compared by.

use std::{borrow::Cow, sync::LazyLock};

use regex::{Captures, Regex};
use sha2::{Digest, Sha256};

/// Bytes of a message that are looked at; a longer log says the same again.
const LOOKED_AT: usize = 16 << 10;

/// Fewest characters that make a run of hexadecimal digits a hash.
const HASH: usize = 7;

/// What varies between occurrences, in the order it is taken out, with what takes its place. Each form gives back what
/// stands before it as its first group.
const VARYING: [(&str, &str); 8] = [
    // Colours of a terminal.
    (r"()\x1b\[[0-9;]*[A-Za-z]", ""),
    (r"()\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?", " <time> "),
    (r"()\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?", " <time> "),
    (r"(?i)()\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", " <id> "),
    (r#"(?i)()\b[a-z][a-z0-9+.-]{1,20}://[^\s"'`<>]+"#, " <path> "),
    (r#"(?i)(^|[\s"'`(\[=:,])(?:[a-z]:)?(?:~|\.{1,2})?(?:[\\/][\w.@+-]+)+[\\/]?"#, "$1 <path> "),
    (r#"()\b[\w.@-]+(?:[\\/][\w.@+-]+)*[\\/][\w@+-]+\.[A-Za-z]\w{0,9}\b"#, " <path> "),
    (r"(?i)()\b0x[0-9a-f]+\b", " <hex> "),
];

/// What stands in place of what varies, as words of their own.
const MASKS: [&str; 6] = ["<time>", "<id>", "<path>", "<hex>", "<n>", "<text>"];

/// Values in quotes. A quote inside a word is an apostrophe.
const QUOTED: &str = r#"(^|[\s(\[{=:,])(?:"[^"\n]{0,200}"|'[^'\n]{0,200}'|`[^`\n]{0,200}`)"#;

/// Runs of hexadecimal digits, and numbers.
const FIGURES: &str = r"(?i)\b[0-9a-f]{7,}\b|\d+(?:[.,]\d+)*";

struct Forms {
    varying: Vec<(Regex, &'static str)>,
    quoted: Regex,
    figures: Regex,
}

static FORMS: LazyLock<Option<Forms>> = LazyLock::new(|| {
    let varying = VARYING.iter().map(|(form, mask)| Some((Regex::new(form).ok()?, *mask)));
    Some(Forms {
        varying: varying.collect::<Option<_>>()?,
        quoted: Regex::new(QUOTED).ok()?,
        figures: Regex::new(FIGURES).ok()?,
    })
});

/// Returns a message as its occurrences have it in common: numbers, hashes, paths, quoted values and times are alike,
/// and so are upper and lower case and all white space.
pub(super) fn normalised(message: &str) -> String {
    masked(message, true)
}

/// Returns the fingerprint of the normalised message.
pub(super) fn fingerprint(message: &str) -> Vec<u8> {
    Sha256::digest(normalised(message)).to_vec()
}

/// Returns the words by which a message is found again: normalised, but with what stands in quotes, since that is what
/// tells one missing module from another.
pub(super) fn words(message: &str) -> String {
    let masked = masked(message, false);
    let told = masked.split(' ').filter(|word| !MASKS.contains(word));
    told.collect::<Vec<_>>().join(" ")
}

/// Returns the same for each line that has any.
pub(super) fn words_by_line(message: &str) -> Vec<String> {
    message.lines().map(words).filter(|line| !line.trim().is_empty()).collect()
}

fn masked(message: &str, quotes: bool) -> String {
    let start = &message[..message.floor_char_boundary(LOOKED_AT)];
    let mut text = Cow::Borrowed(start);
    if let Some(forms) = FORMS.as_ref() {
        if quotes {
            text = Cow::Owned(forms.quoted.replace_all(&text, "$1 <text> ").into_owned());
        }
        for (form, mask) in &forms.varying {
            text = Cow::Owned(form.replace_all(&text, *mask).into_owned());
        }
        text = Cow::Owned(forms.figures.replace_all(&text, figure).into_owned());
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// A word of the letters a to f is no hash.
fn figure(found: &Captures<'_>) -> String {
    let text = &found[0];
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    match (digits, text.len() >= HASH && digits < text.len() && !text.contains(['.', ','])) {
        (0, _) => text.to_owned(),
        (_, true) => " <hex> ".to_owned(),
        (_, false) => " <n> ".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_is_sound() {
        assert!(FORMS.is_some());
    }

    #[test]
    fn occurrences_of_one_error_have_one_fingerprint() {
        for (one, other) in [
            ("Timeout after 3000ms at 2026-01-02T03:04:05.678Z", "timeout  after 12.5ms at 2027-11-30 23:59"),
            ("cannot open /home/me/a b", "cannot open /srv/x/y.txt b"),
            (r"cannot open C:\Users\me\a.txt", "cannot open ./b.txt"),
            ("Cannot find module 'react'", "Cannot find module \"vue\""),
            ("commit deadbeef1 is gone", "commit 0a1b2c3d4e5f is gone"),
            ("segfault at 0xDEAD", "segfault at 0x1"),
            (
                "job 0190163d-8694-739b-aea5-966c26f8ad91 failed",
                "job 11111111-2222-3333-4444-555555555555 failed",
            ),
            ("\u{1b}[31merror\u{1b}[0m: line 12", "error: line 7"),
            ("src/app/main.rs:12:5 mismatched types", "lib/x.rs:1:99 mismatched types"),
            ("GET https://a.example/x?y=1 gave 404", "GET http://b.example gave 500"),
        ] {
            assert_eq!(normalised(one), normalised(other));
            assert_eq!(fingerprint(one), fingerprint(other));
        }
    }

    #[test]
    fn different_errors_have_different_fingerprints() {
        for (one, other) in [
            ("cannot open the file", "cannot close the file"),
            ("can't read what isn't there", "can't write what isn't there"),
            ("read and/or write failed", "read failed"),
            ("a deadbed is a word", "a defaced is a word"),
            ("连接超时", "连接被拒绝"),
        ] {
            assert_ne!(fingerprint(one), fingerprint(other), "{one} / {other}");
        }
    }

    #[test]
    fn the_words_keep_what_is_quoted_and_leave_what_varies() {
        assert_eq!(
            words("Cannot find module 'react' at /srv/app line 12"),
            "cannot find module 'react' at line"
        );
        assert_ne!(words("module 'a' is gone"), words("module 'b' is gone"));
    }

    proptest! {
        #[test]
        fn any_text_is_normalised_without_a_fall(text in ".{0,256}") {
            prop_assert_eq!(fingerprint(&text), fingerprint(&text));
            prop_assert!(!words(&text).contains("<n>"));
        }
    }
}
