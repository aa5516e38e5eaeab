//! The JSON in a model's words. Models are told to write nothing else, and some wrap it in a fence or begin with a
//! sentence all the same.

use serde_json::Value;

/// Braces that are tried as the beginning of the object.
const TRIES: usize = 32;

/// Longest complaint about an answer, in characters.
const COMPLAINT: usize = 200;

/// Longest name of a model, in characters.
const NAME: usize = 128;

/// Answers whether a text may be shown as the name of a model.
pub(crate) fn is_name(text: &str) -> bool {
    text.chars().count() <= NAME && !text.chars().any(char::is_control)
}

/// Why a model's words are not what was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unusable {
    /// There is no JSON object in them.
    #[error("it has no JSON object")]
    NoObject,
    /// The object is not of the shape that was asked for.
    #[error("it is not of the shape that was asked for ({0})")]
    Shape(String),
    /// The object contradicts itself or the facts.
    #[error("{0}")]
    Wrong(String),
}

impl Unusable {
    /// Makes a complaint about the shape, cut: it names places, and a shape may be deep.
    pub(crate) fn shape(complaint: &str) -> Self {
        Self::Shape(complaint.chars().filter(|one| !one.is_control()).take(COMPLAINT).collect())
    }
}

/// Returns the first whole JSON object in a text.
pub(crate) fn json_in(text: &str) -> Result<Value, Unusable> {
    // A try may read the whole text before it fails: their number is bounded.
    let starts = text.match_indices('{').take(TRIES).map(|(start, _)| start);
    for start in starts {
        let mut values = serde_json::Deserializer::from_str(&text[start..]).into_iter::<Value>();
        if let Some(Ok(value @ Value::Object(_))) = values.next() {
            return Ok(value);
        }
    }
    Err(Unusable::NoObject)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_is_found_among_words() {
        let wanted = json!({ "a": "}{" });
        for text in [
            r#"{"a":"}{"}"#,
            "```json\n{\"a\": \"}{\"}\n```",
            "Here it is, {as you asked}:\n{\"a\": \"}{\"}\nAnything else?",
            "\u{feff} {\"a\":\"}{\"} {\"b\":1}",
        ] {
            assert_eq!(json_in(text).unwrap(), wanted, "{text}");
        }
        for text in ["", "no", "[1]", "{", "{\"a\":", "{'a': 1}"] {
            assert_eq!(json_in(text), Err(Unusable::NoObject), "{text}");
        }
        assert_eq!(json_in(&"{".repeat(1 << 20)), Err(Unusable::NoObject));
    }
}
