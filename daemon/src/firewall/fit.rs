//! How the features of an operation fit a pattern, key by key, and in which words that is told.

use std::collections::BTreeSet;

use super::{
    glob::Glob,
    pattern::{Features, quoted},
    version::{Range, Version},
};

/// Longest value shown, in characters.
const SHOWN: usize = 80;

/// How a value fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// It is the same.
    Exact,
    /// It differs in upper and lower case alone.
    Case,
    /// The version is in the range.
    Range,
    /// The wildcards match.
    Wildcard,
}

/// How a key of a pattern fared.
#[derive(Debug, Clone, PartialEq, Eq)]
enum KeyFit<'a> {
    /// A value fits: what was wanted, and what was there.
    Fits(How, &'a str, &'a str),
    /// The key is there, with other values.
    Differs(&'a BTreeSet<String>, &'a BTreeSet<String>),
    /// The key is not there.
    Unsaid(&'a BTreeSet<String>),
}

/// How a whole pattern fared. It borrows: of thousands that are compared few are told of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Fit<'a> {
    keys: Vec<(&'a str, KeyFit<'a>)>,
}

impl<'a> Fit<'a> {
    /// Compares an operation with a pattern.
    pub(super) fn of(pattern: &'a Features, params: &'a Features) -> Self {
        let key = |(key, wanted): (&'a String, &'a BTreeSet<String>)| {
            let fit = match params.get(key) {
                Some(there) => compare(wanted, there),
                None => KeyFit::Unsaid(wanted),
            };
            (key.as_str(), fit)
        };
        Self { keys: pattern.iter().map(key).collect() }
    }

    /// Returns the share of the keys that fit, 0..1; a pattern without keys is not explained by anything.
    pub(super) fn share(&self) -> f64 {
        let fitting = self.keys.iter().filter(|(_, fit)| matches!(fit, KeyFit::Fits(..))).count();
        fitting as f64 / self.keys.len().max(1) as f64
    }

    /// Answers whether every key fits, and there is one.
    pub(super) fn is_whole(&self) -> bool {
        !self.keys.is_empty() && self.keys.iter().all(|(_, fit)| matches!(fit, KeyFit::Fits(..)))
    }

    /// Answers whether a key is there with another value: the operation is then another one, as far as that goes.
    pub(super) fn differs(&self) -> bool {
        self.keys.iter().any(|(_, fit)| matches!(fit, KeyFit::Differs(..)))
    }

    /// Returns the number of keys.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Says for each key how it fared.
    pub(super) fn why(&self) -> Vec<String> {
        let told = |(key, fit): &(&str, KeyFit<'_>)| match fit {
            KeyFit::Fits(how, wanted, there) => {
                let (wanted, there) = (shown(wanted), shown(there));
                match how {
                    How::Exact => format!("{key}: {there} is the same"),
                    How::Case => format!("{key}: {there} is {wanted} but for upper and lower case"),
                    How::Wildcard => format!("{key}: {there} matches {wanted}"),
                    How::Range => format!("{key}: {there} is in the range {wanted}"),
                }
            }
            KeyFit::Differs(wanted, there) => format!("{key}: {} is not {}", listed(there), listed(wanted)),
            KeyFit::Unsaid(wanted) => format!("{key}: not said, known for {}", listed(wanted)),
        };
        self.keys.iter().map(told).collect()
    }
}

/// Returns how a kind of operation fits that of an error, which may hold wildcards.
pub(super) fn fit_type(wanted: &str, there: &str) -> Option<How> {
    if wanted == there {
        return Some(How::Exact);
    }
    // Both are in lower case, so that only wildcards are left.
    let glob = Glob::is_wild(wanted).then(|| Glob::new(wanted)).flatten();
    glob.filter(|glob| glob.matches(there)).map(|_| How::Wildcard)
}

/// Compares what is there with the alternatives; the best fit is told.
fn compare<'a>(wanted: &'a BTreeSet<String>, there: &'a BTreeSet<String>) -> KeyFit<'a> {
    let mut best: Option<(How, &str, &str)> = None;
    // What is the same needs no comparing.
    if let Some(same) = wanted.intersection(there).next() {
        return KeyFit::Fits(How::Exact, same, same);
    }
    for alternative in wanted {
        let ready = Ready::new(alternative);
        for value in there {
            let fit = ready.how(value).map(|how| (how, alternative.as_str(), value.as_str()));
            best = match (best, fit) {
                (Some(best), Some(fit)) if fit.0 >= best.0 => Some(best),
                (_, Some(fit)) => Some(fit),
                (best, None) => best,
            };
        }
    }
    match best {
        Some((how, wanted, there)) => KeyFit::Fits(how, wanted, there),
        None => KeyFit::Differs(wanted, there),
    }
}

/// A value of a pattern, made ready to be compared.
struct Ready<'a> {
    text: &'a str,
    lower: String,
    glob: Option<Glob>,
    range: Option<Range>,
}

impl<'a> Ready<'a> {
    fn new(text: &'a str) -> Self {
        let glob = Glob::is_wild(text).then(|| Glob::new(text)).flatten();
        Self { text, lower: text.to_lowercase(), glob, range: Range::read(text) }
    }

    fn how(&self, there: &str) -> Option<How> {
        if self.text == there {
            return Some(How::Exact);
        }
        if self.lower == there.to_lowercase() {
            return Some(How::Case);
        }
        let version = self.range.as_ref().and_then(|range| Some((range, Version::read(there)?)));
        if version.is_some_and(|(range, version)| range.holds(&version)) {
            return Some(How::Range);
        }
        self.glob.as_ref().filter(|glob| glob.matches(there)).map(|_| How::Wildcard)
    }
}

fn listed(values: &BTreeSet<String>) -> String {
    let few: Vec<String> = values.iter().take(3).map(|value| shown(value)).collect();
    let more = if values.len() > few.len() { " or others" } else { "" };
    format!("{}{more}", few.join(" or "))
}

fn shown(value: &str) -> String {
    quoted(value, SHOWN)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::firewall::pattern::{PARAMS, PATTERN};

    /// Compares two objects: share, whether it is whole, whether a key differs, and why.
    fn fit(pattern: &Value, params: &Value) -> (f64, bool, bool, Vec<String>) {
        let pattern = Features::of(pattern.as_object().unwrap(), PATTERN).unwrap();
        let params = Features::of(params.as_object().unwrap(), PARAMS).unwrap();
        let fit = Fit::of(&pattern, &params);
        (fit.share(), fit.is_whole(), fit.differs(), fit.why())
    }

    #[test]
    fn each_key_says_how_it_fared() {
        let pattern = json!({ "package": "React", "version": ">=18 <19", "flags": ["--force", "--legacy*"],
                              "manager": "npm", "os": "linux", "node": "20" });
        let params = json!({ "package": "react", "version": "18.2.0", "flags": ["-D", "--legacy-peer-deps"],
                             "manager": "npm", "os": "darwin" });
        let (share, whole, differs, why) = fit(&pattern, &params);
        assert_eq!(
            why,
            [
                r#"flags: "--legacy-peer-deps" matches "--legacy*""#,
                r#"manager: "npm" is the same"#,
                r#"node: not said, known for "20""#,
                r#"os: "darwin" is not "linux""#,
                r#"package: "react" is "React" but for upper and lower case"#,
                r#"version: "18.2.0" is in the range ">=18 <19""#,
            ]
        );
        assert!((share - 4.0 / 6.0).abs() < 1e-9 && !whole && differs);
    }

    #[test]
    fn a_pattern_without_keys_matches_nothing() {
        let (share, whole, ..) = fit(&json!({}), &json!({ "a": 1 }));
        assert!(!whole && share == 0.0);
    }

    #[test]
    fn kinds_are_compared_with_wildcards() {
        assert_eq!(fit_type("npm_*", "npm_install"), Some(How::Wildcard));
        assert_eq!(fit_type("npm_install", "npm_install"), Some(How::Exact));
        assert_eq!(fit_type("npm", "npm_install"), None);
    }

    #[test]
    fn the_worst_pattern_that_is_allowed_is_compared_in_no_time() {
        let wild: Vec<String> = (0..16).map(|number| format!("{}b{number}", "*a?".repeat(80))).collect();
        let began = Instant::now();
        assert!(fit(&json!({ "a": wild }), &json!({ "a": "a".repeat(16_000) })).2);
        assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    }

    proptest! {
        #[test]
        fn an_operation_fits_the_pattern_made_of_it(members in proptest::collection::hash_map("[a-z]{1,5}", "[a-z0-9.]{0,8}", 1..6)) {
            let value = Value::Object(members.into_iter().map(|(key, value)| (key, Value::from(value))).collect());
            prop_assert!(fit(&value, &value).1);
        }
    }
}
