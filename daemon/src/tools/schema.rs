//! Published schemas: those of the Rust types, in the plain form that every client reads.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// Returns the schema of a tool's arguments: what it does not name is refused.
pub(super) fn input<T: JsonSchema>() -> Value {
    let mut schema = plain::<T>();
    drop_nulls(&mut schema);
    schema["additionalProperties"] = false.into();
    schema
}

/// Returns the schema of a tool's result: the fields of `T` when it succeeds, an error when it does not.
pub(super) fn output<T: JsonSchema>() -> Value {
    let mut schema = plain::<T>();
    let required = schema.get("required").cloned().unwrap_or_else(|| json!([]));
    schema["properties"]["success"] = json!({ "type": "boolean", "description": "whether the tool did it" });
    schema["properties"]["error"] = json!({
        "type": "object",
        "description": "why it did not, only when success is false",
        "properties": {
            "code": { "type": "string" },
            "message": { "type": "string" },
            "hint": { "type": "string", "description": "what to do next" },
        },
        "required": ["code", "message"],
    });
    schema["required"] = json!(["success"]);
    schema["if"] = json!({ "properties": { "success": { "const": true } } });
    schema["then"] = json!({ "required": required });
    schema["else"] = json!({ "required": ["error"] });
    schema
}

/// Returns what `tools/list` says of a result: its fields, and the types of those that have one only. Every client gets the list, and few read
/// more of this; the whole schema is in the reference of the tool.
pub(super) fn outline(result: &Value) -> Value {
    let member = |(name, schema): (&String, &Value)| {
        let mut plain = Map::new();
        if let Some(kind) = schema["type"].as_str() {
            plain.insert("type".into(), kind.into());
        }
        (name.clone(), Value::Object(plain))
    };
    let members: Map<String, Value> =
        result["properties"].as_object().into_iter().flatten().map(member).collect();
    json!({ "type": "object", "properties": members, "required": ["success"] })
}

fn plain<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    simplify(&mut schema);
    if let Value::Object(object) = &mut schema {
        object.remove("description");
        object.entry("properties").or_insert_with(|| json!({}));
    }
    schema
}

/// Takes out what Rust says and JSON does not need: titles and integer formats.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            // A member of that name below `properties` is an argument, and its schema is no string.
            for said in ["title", "format"] {
                if object.get(said).is_some_and(Value::is_string) {
                    object.remove(said);
                }
            }
            if object.get("default").is_some_and(Value::is_null) {
                object.remove("default");
            }
            object.values_mut().for_each(simplify);
        }
        Value::Array(items) => items.iter_mut().for_each(simplify),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Takes out `null` beside a type: an absent member says the same, and several clients do not read lists of types.
fn drop_nulls(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            drop_null(object);
            object.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn drop_null(object: &mut Map<String, Value>) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|choice| choice["type"] != "null");
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            object.remove("anyOf");
            for (key, value) in only {
                object.entry(key).or_insert(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Level {
        Low,
        High,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Args {
        /// which one
        name: String,
        title: String,
        level: Option<Level>,
        #[schemars(range(min = 1, max = 5))]
        count: Option<u8>,
    }

    #[test]
    fn optional_members_are_plain_types() {
        let schema = input::<Args>();
        assert_eq!(
            schema,
            json!({
                "type": "object",
                "properties": {
                    "name": { "type": "string", "description": "which one" },
                    "title": { "type": "string" },
                    "level": { "type": "string", "enum": ["low", "high"] },
                    "count": { "type": "integer", "minimum": 1, "maximum": 5 },
                },
                "required": ["name", "title"],
                "additionalProperties": false,
            })
        );
    }

    #[test]
    fn an_outline_has_every_field_and_no_more() {
        #[derive(JsonSchema)]
        #[expect(dead_code, reason = "only its schema is looked at")]
        struct Output {
            /// how many
            count: usize,
            rows: Vec<Args>,
            best: Option<Args>,
        }
        let properties = json!({
            "count": { "type": "integer" },
            "rows": { "type": "array" },
            // It may be null.
            "best": {},
            "success": { "type": "boolean" },
            "error": { "type": "object" },
        });
        let outline = outline(&output::<Output>());
        assert_eq!(outline, json!({ "type": "object", "properties": properties, "required": ["success"] }));
    }

    #[test]
    fn a_result_schema_accepts_success_and_failure_but_no_mix() {
        let validator = jsonschema::validator_for(&output::<Args>()).unwrap();
        assert!(validator.is_valid(&json!({ "success": true, "name": "x", "title": "y" })));
        assert!(!validator.is_valid(&json!({ "success": true })));
        let error = json!({ "code": "not_found", "message": "gone" });
        assert!(validator.is_valid(&json!({ "success": false, "error": error })));
        assert!(!validator.is_valid(&json!({ "success": false })));
    }
}
