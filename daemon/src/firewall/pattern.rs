//! Features of an operation in one canonical form, whatever the order, the spelling of keys and the nesting they came
//! in: an error's pattern, and the parameters that are compared with it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{FirewallError, glob, version::Range};

/// Longest key shown, in characters.
const SHOWN: usize = 64;

/// How much features may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// The argument, for complaints.
    what: &'static str,
    keys: usize,
    /// Values of all keys together.
    values: usize,
    /// Keys and values together, in bytes.
    bytes: usize,
    /// Whether wildcards and ranges mean something here.
    is_pattern: bool,
}

/// What a pattern may hold.
pub(super) const PATTERN: Bounds =
    Bounds { what: "error_pattern", keys: 32, values: 64, bytes: 4 << 10, is_pattern: true };

/// What parameters may hold.
pub(super) const PARAMS: Bounds =
    Bounds { what: "operation_params", keys: 256, values: 1024, bytes: 16 << 10, is_pattern: false };

/// Objects within objects.
const DEPTH: usize = 8;

/// Values with wildcards or ranges in one pattern: each is compared with every value of its key.
const WILD: usize = 16;

/// Features in canonical form: lower-case keys, nested ones joined by dots, each with its values as text, a set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Features(BTreeMap<String, BTreeSet<String>>);

impl Features {
    /// Brings features into canonical form, or says why they have none.
    pub(super) fn of(object: &Map<String, Value>, bounds: Bounds) -> Result<Self, FirewallError> {
        let mut features = Self::default();
        features.take("", object, 1, bounds)?;
        features.check(bounds)?;
        Ok(features)
    }

    /// Returns the canonical form as JSON: a key with one value has a text, one with several a list.
    pub(super) fn text(&self) -> String {
        self.json().to_string()
    }

    /// Reads what `text` wrote; what cannot be read has no features.
    pub(super) fn read(text: &str) -> Self {
        let object: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
        let values = |value: Value| match value {
            Value::Array(items) => items.iter().map(scalar).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                BTreeSet::from([scalar(&value)])
            }
        };
        Self(object.into_iter().map(|(key, value)| (key, values(value))).collect())
    }

    /// Returns the canonical form with every value changed that `change` has another for.
    pub(super) fn with(&self, change: impl Fn(&str, &str) -> Option<String>) -> Self {
        let changed = self.iter().map(|(key, values)| {
            let values = values.iter().map(|value| change(key, value).unwrap_or_else(|| value.clone()));
            (key.clone(), values.collect())
        });
        Self(changed.collect())
    }

    /// Returns the keys in order, each with its values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&String, &BTreeSet<String>)> {
        self.0.iter()
    }

    /// Returns the values of a key.
    pub(super) fn get(&self, key: &str) -> Option<&BTreeSet<String>> {
        self.0.get(key)
    }

    /// Returns the number of keys.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Answers whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns keys and values together, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.iter().map(|(key, values)| key.len() + values.iter().map(String::len).sum::<usize>()).sum()
    }

    fn json(&self) -> Value {
        let members = self.iter().map(|(key, values)| {
            let value = match (values.len(), values.first()) {
                (1, Some(only)) => Value::from(only.as_str()),
                _ => values.iter().map(String::as_str).collect(),
            };
            (key.clone(), value)
        });
        Value::Object(members.collect())
    }

    fn take(
        &mut self,
        prefix: &str,
        object: &Map<String, Value>,
        depth: usize,
        bounds: Bounds,
    ) -> Result<(), FirewallError> {
        if depth > DEPTH {
            return Err(bounds.refuse(format!("objects within objects go {DEPTH} deep at most")));
        }
        for (name, value) in object {
            let name = name.trim().to_lowercase();
            if name.is_empty() {
                return Err(bounds.refuse("a key is empty".to_owned()));
            }
            let key = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
            match value {
                Value::Object(inner) if !inner.is_empty() => self.take(&key, inner, depth + 1, bounds)?,
                Value::Array(items) if !items.is_empty() => {
                    if let Some(Value::Object(_) | Value::Array(_)) =
                        items.iter().find(|item| !is_scalar(item))
                    {
                        return Err(bounds.refuse(format!(
                            "{}: a list holds texts, numbers and booleans",
                            quoted(&key, SHOWN)
                        )));
                    }
                    self.put(key, items.iter().map(scalar).collect(), bounds)?;
                }
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_) => self.put(key, BTreeSet::from([scalar(value)]), bounds)?,
            }
        }
        Ok(())
    }

    fn put(&mut self, key: String, values: BTreeSet<String>, bounds: Bounds) -> Result<(), FirewallError> {
        if self.0.contains_key(&key) {
            let reason = format!("two keys come to {}, which has one meaning only", quoted(&key, SHOWN));
            return Err(bounds.refuse(reason));
        }
        self.0.insert(key, values);
        if self.len() > bounds.keys {
            return Err(bounds.refuse(format!("it has more than {} keys", bounds.keys)));
        }
        Ok(())
    }

    fn check(&self, bounds: Bounds) -> Result<(), FirewallError> {
        let values = || self.iter().flat_map(|(_, values)| values);
        if values().count() > bounds.values {
            return Err(bounds.refuse(format!("it has more than {} values", bounds.values)));
        }
        let bytes = self.bytes();
        if bytes > bounds.bytes {
            return Err(bounds.refuse(format!("it has {bytes} bytes, and {} are compared", bounds.bytes)));
        }
        if !bounds.is_pattern {
            return Ok(());
        }
        if values().any(|value| glob::Glob::is_wild(value) && glob::Glob::new(value).is_none()) {
            let reason = format!("a value with wildcards has {} characters besides * at most", glob::LONGEST);
            return Err(bounds.refuse(reason));
        }
        let is_wild = |value: &&String| glob::Glob::is_wild(value) || Range::read(value).is_some();
        if values().filter(is_wild).count() > WILD {
            return Err(bounds.refuse(format!("more than {WILD} of its values have wildcards or ranges")));
        }
        Ok(())
    }
}

impl Bounds {
    fn refuse(&self, reason: String) -> FirewallError {
        FirewallError::Features { what: self.what, reason }
    }
}

/// Returns a kind of operation in one form: lower case, its words joined by underscores.
pub(super) fn operation_type(text: &str) -> String {
    let words = text.split(|letter: char| letter.is_whitespace() || letter == '-' || letter == '_');
    let words: Vec<String> = words.filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    words.join("_")
}

fn is_scalar(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// Returns a value as text: `18` and `"18"` are one, and so are an empty object and its text.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            value.to_string()
        }
    }
}

/// Returns a key or a value as it is told, quoted and cut after a number of characters.
pub(super) fn quoted(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of(value: &Value, bounds: Bounds) -> Result<Features, FirewallError> {
        Features::of(value.as_object().unwrap(), bounds)
    }

    fn canonical(value: &Value) -> String {
        of(value, PATTERN).unwrap().text()
    }

    fn refused(value: &Value) -> String {
        of(value, PATTERN).unwrap_err().to_string()
    }

    #[test]
    fn what_means_the_same_is_written_the_same() {
        let one = json!({ " Package ": " react ", "version": 18, "env": { "CI": true, "node": { "major": 20 } },
                          "flags": ["-f", "-a", "-f"] });
        let other = json!({ "flags": ["-a", "-f"], "env": { "node": { "MAJOR": "20" }, "ci": "true" },
                            "VERSION": "18", "package": ["react"] });
        assert_eq!(canonical(&one), canonical(&other));
        assert_eq!(
            canonical(&one),
            r#"{"env.ci":"true","env.node.major":"20","flags":["-a","-f"],"package":"react","version":"18"}"#
        );
        assert_eq!(canonical(&json!({})), "{}");
        assert_eq!(canonical(&json!({ "a": {}, "b": [], "c": null })), r#"{"a":"{}","b":"[]","c":"null"}"#);
        assert_ne!(canonical(&json!({ "package": "React" })), canonical(&json!({ "package": "react" })));
    }

    #[test]
    fn what_cannot_be_compared_is_refused_with_the_reason() {
        let deep = (0..DEPTH).fold(json!({ "a": 1 }), |inner, _| json!({ "a": inner }));
        let many: Map<String, Value> = (0..33).map(|key| (format!("k{key}"), json!(1))).collect();
        let wild: Map<String, Value> = (0..17).map(|key| (format!("k{key}"), json!("a*"))).collect();
        for (value, told) in [
            (deep, "8 deep"),
            (Value::Object(many), "more than 32 keys"),
            (Value::Object(wild), "more than 16 of its values"),
            (json!({ "a": "x".repeat(5000) }), "bytes"),
            (json!({ "a": "x*".repeat(300) }), "255 characters"),
            (json!({ "a": (0..65).collect::<Vec<_>>() }), "more than 64 values"),
            (json!({ "A": 1, "a ": 2 }), "two keys come to \"a\""),
            (json!({ "a.b": 1, "a": { "b": 2 } }), "two keys come to \"a.b\""),
            (json!({ " ": 1 }), "a key is empty"),
            (json!({ "a": [[1]] }), "a list holds"),
        ] {
            let said = refused(&value);
            assert!(said.starts_with("error_pattern: ") && said.contains(told), "{said}");
        }
        assert!(of(&json!({ "a": "x*".repeat(200) }), PARAMS).is_ok(), "wildcards mean nothing there");
    }

    #[test]
    fn kinds_of_operations_have_one_form() {
        for text in ["npm_install", " NPM  install ", "npm-install", "npm__install"] {
            assert_eq!(operation_type(text), "npm_install");
        }
        assert_eq!(operation_type("npm-*"), "npm_*");
        assert_eq!(operation_type(" - "), "");
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[a-zA-Z*. ]{0,6}".prop_map(Value::from),
            Just(Value::Null),
        ];
        let list = proptest::collection::vec(leaf.clone(), 0..4).prop_map(Value::from);
        prop_oneof![leaf, list].prop_recursive(3, 16, 4, |inner| {
            proptest::collection::hash_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect()))
        })
    }

    proptest! {
        #[test]
        fn the_order_of_keys_means_nothing_and_canonical_stays_canonical(
            members in proptest::collection::vec(("[a-zA-Z ]{1,5}", values()), 0..6),
        ) {
            let forth: Map<String, Value> = members.iter().cloned().collect();
            let back: Map<String, Value> = forth.clone().into_iter().rev().collect();
            let (Ok(one), Ok(other)) = (Features::of(&forth, PATTERN), Features::of(&back, PATTERN)) else {
                return Ok(());
            };
            prop_assert_eq!(&one, &other);
            let again: Map<String, Value> = serde_json::from_str(&one.text()).unwrap();
            prop_assert_eq!(&Features::of(&again, PATTERN).unwrap(), &one);
            prop_assert_eq!(&Features::read(&one.text()), &one);
        }
    }
}
