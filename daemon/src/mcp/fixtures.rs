//! The resources and prompts the official conformance suite asks for. Only in the `testing` feature, never in the
//! shipped binary.

use serde_json::{Map, Value, json};

use super::{RpcError, serve::Request};
use crate::tools::{Call, Question, Wish};

/// One transparent pixel.
const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// What stands in the lists beside our own.
pub(super) fn listed(list: &str) -> Vec<Value> {
    let resource = |uri: &str, mime: &str| json!({ "uri": uri, "name": uri, "description": "A fixture of the suite.", "mimeType": mime });
    let prompt = |name: &str, arguments: &[&str]| {
        let argument = |name: &&str| json!({ "name": name, "description": "An argument.", "required": true });
        let arguments: Vec<Value> = arguments.iter().map(argument).collect();
        json!({ "name": name, "description": "A fixture of the suite.", "arguments": arguments })
    };
    match list {
        "resources" => vec![
            resource("test://static-text", "text/plain"),
            resource("test://static-binary", "image/png"),
            resource("test://watched-resource", "text/plain"),
        ],
        "resourceTemplates" => vec![json!({
            "uriTemplate": "test://template/{id}/data",
            "name": "template",
            "description": "A fixture of the suite.",
            "mimeType": "application/json",
        })],
        "prompts" => vec![
            prompt("test_simple_prompt", &[]),
            prompt("test_prompt_with_arguments", &["arg1", "arg2"]),
            prompt("test_prompt_with_embedded_resource", &["resourceUri"]),
            prompt("test_prompt_with_image", &[]),
            prompt("test_input_required_result_prompt", &[]),
        ],
        _ => Vec::new(),
    }
}

/// Answers whether a URI is a fixture's.
pub(super) fn owns(uri: &str) -> bool {
    uri.starts_with("test://")
}

/// Reads a fixture.
pub(super) fn read(uri: &str, modern: bool) -> Result<Value, RpcError> {
    let missing = || RpcError::ResourceNotFound { uri: uri.to_owned(), modern };
    let contents = match uri {
        "test://static-text" => {
            json!({ "uri": uri, "mimeType": "text/plain", "text": "This is the content of the static text resource." })
        }
        "test://static-binary" => json!({ "uri": uri, "mimeType": "image/png", "blob": PNG }),
        "test://watched-resource" => json!({ "uri": uri, "mimeType": "text/plain", "text": "watched" }),
        _ => {
            let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
            let id = id.ok_or_else(missing)?;
            let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            json!({ "uri": uri, "mimeType": "application/json", "text": data.to_string() })
        }
    };
    Ok(json!({ "contents": [contents] }))
}

/// Gets a fixture; `None` for a prompt that is none.
pub(super) async fn prompt(
    call: Call<'_>,
    name: &str,
    request: &Request<'_>,
) -> Option<Result<Value, RpcError>> {
    let arguments: Map<String, Value> =
        request.given.arguments.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
    let text = |text: &str| json!({ "role": "user", "content": { "type": "text", "text": text } });
    let messages = match name {
        "test_simple_prompt" => json!([text("This is a simple prompt for testing.")]),
        "test_prompt_with_arguments" => {
            let given = |name: &str| arguments.get(name).and_then(Value::as_str).unwrap_or_default();
            json!([text(&format!(
                "Prompt with arguments: arg1='{}', arg2='{}'",
                given("arg1"),
                given("arg2")
            ))])
        }
        "test_prompt_with_embedded_resource" => {
            let resource = json!({
                "uri": arguments.get("resourceUri"),
                "mimeType": "text/plain",
                "text": "Embedded resource content for testing.",
            });
            let embedded = json!({ "role": "user", "content": { "type": "resource", "resource": resource } });
            json!([embedded, text("Please process the embedded resource above.")])
        }
        "test_prompt_with_image" => {
            let image = json!({ "type": "image", "data": PNG, "mimeType": "image/png" });
            json!([{ "role": "user", "content": image }, text("Please analyze the image above.")])
        }
        "test_input_required_result_prompt" => {
            let schema = json!({ "type": "object", "properties": { "context": { "type": "string" } } });
            let params =
                json!({ "message": "What context should the prompt use?", "requestedSchema": schema });
            let question = Question { name: "user_context", wish: Wish::Elicitation, params };
            match call.ask(&[question]).await {
                Ok(answers) => json!([text(&format!("Use this context: {}", answers[0]["content"]))]),
                Err(_) => return Some(Err(RpcError::InvalidParams("the client cannot be asked".into()))),
            }
        }
        _ => return None,
    };
    Some(Ok(json!({ "messages": messages })))
}
