//! The registry while families add their tools.

use std::sync::atomic::AtomicBool;

use jsonschema::Validator;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::{Cost, Entry};
#[cfg(feature = "testing")]
use crate::tools::tool::AnyTool;
use crate::{
    auth::Scope,
    memory::estimated_tokens,
    telemetry::Recorder,
    tools::{Family, Tool, schema, tool::Effect},
};

/// A tool's own schema is no schema: a mistake of ours, found at the start.
#[derive(Debug, thiserror::Error)]
#[error("a schema of the tool {tool} is not valid: {reason}")]
pub struct BadSchema {
    tool: &'static str,
    reason: String,
}

impl BadSchema {
    /// Names the tool and what is wrong with its schema.
    pub(in crate::tools) fn new(tool: &'static str, reason: &str) -> Self {
        Self { tool, reason: reason.to_owned() }
    }
}

fn validator(tool: &'static str, schema: &Value) -> Result<Validator, BadSchema> {
    jsonschema::validator_for(schema).map_err(|error| BadSchema::new(tool, &error.to_string()))
}

/// Estimates what a tool costs. The rule is that of memories: schemas in JSON come to 4.3 characters a token (o200k_base,
/// over all our tools), so that it counts them eight hundredths too dear.
fn cost(published: &Value, input: &Value) -> Cost {
    let tokens = |value: &Value| estimated_tokens(&value.to_string()).unsigned_abs();
    Cost { whole: tokens(published), input: tokens(input) }
}

/// The registry while families add their tools.
pub(in crate::tools) struct Building<'a> {
    entries: Vec<Entry>,
    recorder: &'a Recorder,
    #[cfg_attr(
        not(feature = "testing"),
        expect(dead_code, reason = "a fixture of the suite changes the list")
    )]
    changes: &'a watch::Sender<u64>,
}

impl<'a> Building<'a> {
    /// Begins without a tool.
    pub(super) fn new(recorder: &'a Recorder, changes: &'a watch::Sender<u64>) -> Self {
        Self { entries: Vec::new(), recorder, changes }
    }

    /// Returns the tools in the order they were added.
    pub(super) fn entries(self) -> Vec<Entry> {
        self.entries
    }

    /// Returns what counts changes of the list.
    #[cfg(feature = "testing")]
    pub(in crate::tools) fn changes(&self) -> &watch::Sender<u64> {
        self.changes
    }

    /// Adds a tool after those added before.
    pub(in crate::tools) fn add<T: Tool>(&mut self, tool: T) -> Result<(), BadSchema> {
        let input = schema::input::<T::Args>();
        let reads = T::EFFECT == Effect::Reads;
        let output = schema::output::<T::Output>();
        let mut object = json!({
            "name": T::NAME,
            "title": T::TITLE,
            "description": T::DESCRIPTION,
            "inputSchema": &input,
            "outputSchema": schema::outline(&output),
            "annotations": {
                "readOnlyHint": reads,
                "destructiveHint": false,
                "idempotentHint": T::EFFECT != Effect::Adds,
                // Its prompts may leave the machine.
                "openWorldHint": T::FAMILY == Family::Ai,
            },
        });
        let shown = json!({ "name": T::NAME, "description": T::DESCRIPTION, "inputSchema": &input });
        let cost = cost(&object, &shown);
        let published = object.to_string();
        object["outputSchema"] = output;
        self.entries.push(Entry {
            cost,
            name: T::NAME,
            family: T::FAMILY,
            title: T::TITLE,
            scope: if reads { Scope::Read } else { Scope::Write },
            published,
            reference: object.to_string(),
            header_params: Vec::new(),
            aliases: T::ALIASES,
            validator: validator(T::NAME, &input)?,
            meter: self.recorder.tool(T::NAME),
            tool: Box::new(tool),
            disabled: AtomicBool::new(false),
            left_out: AtomicBool::new(false),
        });
        Ok(())
    }

    /// Adds a tool that speaks in content blocks, published as it says itself.
    #[cfg(feature = "testing")]
    pub(in crate::tools) fn add_raw(
        &mut self,
        name: &'static str,
        published: &Value,
        tool: Box<dyn AnyTool>,
    ) -> Result<(), BadSchema> {
        self.entries.push(Entry {
            cost: cost(published, published),
            name,
            family: Family::Fixture,
            title: name,
            scope: Scope::Read,
            published: published.to_string(),
            reference: published.to_string(),
            header_params: header_params(&published["inputSchema"]),
            aliases: &[],
            validator: validator(name, &published["inputSchema"])?,
            meter: self.recorder.tool(name),
            tool,
            disabled: AtomicBool::new(false),
            left_out: AtomicBool::new(false),
        });
        Ok(())
    }
}

#[cfg(feature = "testing")]
fn header_params(input: &Value) -> Vec<(String, String)> {
    let properties = input["properties"].as_object().into_iter().flatten();
    let marked = properties.filter_map(|(name, schema)| {
        schema["x-mcp-header"].as_str().map(|header| (name.clone(), header.to_owned()))
    });
    marked.collect()
}
