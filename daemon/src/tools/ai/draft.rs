//! What a model is asked for: a type, whose schema it is told and whose rules its answer must keep.

use std::marker::PhantomData;

use jsonschema::Validator;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    ai::{Shape, Unusable, json_in},
    tools::{registry::BadSchema, schema},
};

/// What a model is asked for.
pub(super) trait Draft: DeserializeOwned + JsonSchema + Send {
    /// Says what contradicts itself, beyond what the schema can say.
    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

/// The shape of a draft.
pub(super) struct Shaped<T> {
    schema: Value,
    validator: Validator,
    of: PhantomData<fn() -> T>,
}

impl<T: Draft> Shaped<T> {
    /// Makes the shape; `tool` names it where it is none.
    pub(super) fn new(tool: &'static str) -> Result<Self, BadSchema> {
        let mut schema = schema::input::<T>();
        // Models add members now and then; what was not asked for is passed over.
        if let Value::Object(members) = &mut schema {
            members.remove("additionalProperties");
        }
        let validator =
            jsonschema::validator_for(&schema).map_err(|error| BadSchema::new(tool, &error.to_string()))?;
        Ok(Self { schema, validator, of: PhantomData })
    }

    /// Returns the shape for a prompt.
    pub(super) fn told(&self) -> Shape<'_> {
        Shape { schema: &self.schema }
    }

    /// Reads a draft out of a model's words.
    pub(super) fn read(&self, words: &str) -> Result<T, Unusable> {
        let value = json_in(words)?;
        if let Some(error) = self.validator.iter_errors(&value).next() {
            // The place and the rule, not what stands there: those are a stranger's words, and may be anything.
            let (place, rule) = (error.instance_path().to_string(), error.schema_path().to_string());
            return Err(Unusable::shape(&format!("{place} breaks {rule}")));
        }
        let draft: T =
            serde_json::from_value(value).map_err(|_| Unusable::shape("a number out of its range"))?;
        draft.check().map_err(Unusable::Wrong)?;
        Ok(draft)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, JsonSchema)]
    struct Two {
        #[schemars(length(min = 1, max = 10))]
        one: String,
        other: u8,
    }

    impl Draft for Two {
        fn check(&self) -> Result<(), String> {
            if self.other == 7 { Err("7 is taken".into()) } else { Ok(()) }
        }
    }

    #[test]
    fn words_become_a_draft_or_a_complaint() {
        let shape = Shaped::<Two>::new("a tool").unwrap();
        let read = |words: &str| shape.read(words).map_err(|error| error.to_string());
        assert_eq!(read(r#"{"one": "x", "other": 1, "more": true}"#).unwrap().one, "x");
        for (words, complaint) in [
            ("no", "it has no JSON object"),
            (r#"{"one": "", "other": 1}"#, "/one breaks /properties/one/minLength"),
            (r#"{"one": "x"}"#, " breaks /required"),
            (r#"{"one": "x", "other": 300}"#, "/other breaks"),
            (r#"{"one": ["sk-key-0123"], "other": 1}"#, "/one breaks /properties/one/type)"),
            (r#"{"one": "x", "other": 7}"#, "7 is taken"),
        ] {
            let error = read(words).unwrap_err();
            assert!(error.contains(complaint), "{words}: {error}");
        }
        let long = format!(r#"{{"one": "{}\n", "other": 1}}"#, "x".repeat(9_000));
        assert!(read(&long).unwrap_err().chars().count() < 300);
    }
}
