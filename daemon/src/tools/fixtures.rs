//! The tools the official conformance suite calls. Only in the `testing` feature, never in the shipped binary.

use futures::{FutureExt, future::BoxFuture};
use serde_json::{Value, json, value::RawValue};

use super::{
    Answer,
    registry::{BadSchema, Building},
    tool::AnyTool,
};
use crate::auth::Principal;

/// One transparent pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
/// One sample of silence.
const WAV: &str = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

/// Always gives the same answer.
struct Fixed(Answer);

impl AnyTool for Fixed {
    fn run<'a>(&'a self, _: &'a Principal, _: &'a RawValue) -> BoxFuture<'a, Answer> {
        std::future::ready(self.0.clone()).boxed()
    }
}

/// Adds the fixtures.
pub(super) fn register(registry: &mut Building<'_>) -> Result<(), BadSchema> {
    let plain = json!({ "type": "object" });
    let text = |text: &str| json!({ "type": "text", "text": text });
    let image = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
    let resource = |uri: &str, mime: &str, text: &str| json!({ "type": "resource", "resource": { "uri": uri, "mimeType": mime, "text": text } });
    let embedded =
        resource("test://embedded-resource", "text/plain", "This is an embedded resource content.");
    let mixed =
        resource("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#);
    let simple = text("This is a simple text response for testing.");
    let audio = json!({ "type": "audio", "data": WAV, "mimeType": "audio/wav" });
    let several = json!([text("Multiple content types test:"), image, mixed]);
    let failure = text("This tool intentionally returns an error for testing");
    let header = json!({
        "type": "object",
        "properties": { "region": { "type": "string", "x-mcp-header": "Region" } },
        "required": ["region"],
    });
    for (name, input, blocks, is_error) in [
        ("test_simple_text", &plain, json!([simple]), false),
        ("test_image_content", &plain, json!([image]), false),
        ("test_audio_content", &plain, json!([audio]), false),
        ("test_embedded_resource", &plain, json!([embedded]), false),
        ("test_multiple_content_types", &plain, several, false),
        ("test_error_handling", &plain, json!([failure]), true),
        ("json_schema_2020_12_tool", &schema_2020_12(), json!([simple]), false),
        ("test_header_param", &header, json!([simple]), false),
    ] {
        add(registry, name, input, Answer::Blocks { json: blocks.to_string(), is_error })?;
    }
    add(registry, "test_missing_capability", &plain, Answer::NeedsCapability("sampling"))
}

fn add(
    registry: &mut Building<'_>,
    name: &'static str,
    input: &Value,
    answer: Answer,
) -> Result<(), BadSchema> {
    let published =
        json!({ "name": name, "description": "A fixture of the conformance suite.", "inputSchema": input });
    registry.add_raw(name, &published, Box::new(Fixed(answer)))
}

/// A schema with every keyword the suite wants listed unchanged.
fn schema_2020_12() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": { "address": {
            "$anchor": "addressDef",
            "type": "object",
            "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
        } },
        "properties": {
            "name": { "type": "string" },
            "address": { "$ref": "#/$defs/address" },
            "contactMethod": { "type": "string", "enum": ["phone", "email"] },
            "phone": { "type": "string" },
            "email": { "type": "string" },
        },
        "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
        "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
        "then": { "required": ["phone"] },
        "else": { "required": ["email"] },
        "additionalProperties": false,
    })
}
