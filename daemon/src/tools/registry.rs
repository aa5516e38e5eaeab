//! The ordered registry. Its list is what clients see, in this order, and its call is the only way to a tool: it takes
//! a permit, which only the guard makes.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use futures::FutureExt;
use jsonschema::Validator;
use mcpd_config::Config;
use serde_json::{Value, json, value::RawValue};
use tokio::sync::watch;

use super::{
    Answer, Code, Family, Tool, ToolError, context, memory, schema,
    tool::{AnyTool, Effect},
};
use crate::{
    auth::{Need, Principal, Scope},
    guard::Permit,
    store::Store,
    telemetry::{CallFinished, Recorder, Summary, ToolMeter},
};

/// Mistakes in arguments told at a time.
const COMPLAINTS: usize = 5;
/// Longest of them, in characters.
const COMPLAINT: usize = 240;

/// Arguments of a call as they came.
pub type Arguments = RawValue;

/// Every tool, in the order clients see them.
pub struct Registry {
    entries: Vec<Entry>,
    by_name: HashMap<&'static str, usize>,
    /// The array of `tools/list` with every tool, serialised once.
    full_list: Bytes,
    config: watch::Receiver<Arc<Config>>,
}

struct Entry {
    name: &'static str,
    family: Family,
    title: &'static str,
    scope: Scope,
    /// The tool's object in `tools/list`.
    published: String,
    validator: Validator,
    /// Arguments mirrored in a header, with the header's name (`x-mcp-header` of MCP 2026-07-28).
    header_params: Vec<(String, String)>,
    meter: ToolMeter,
    tool: Box<dyn AnyTool>,
}

/// A tool with its figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Summarised {
    /// Its name.
    pub name: &'static str,
    /// Its family.
    pub family: Family,
    /// Title for people.
    pub title: &'static str,
    /// Whether it only reads.
    pub read_only: bool,
    /// Calls finished.
    pub calls: u64,
    /// Of these, how many failed.
    pub errors: u64,
    /// How long they took.
    pub duration: Summary,
}

impl Registry {
    /// Builds every tool with what it uses.
    pub fn new(
        store: &Store,
        config: watch::Receiver<Arc<Config>>,
        recorder: &Recorder,
    ) -> Result<Self, BadSchema> {
        let mut building = Building { entries: Vec::new(), recorder };
        memory::register(&mut building, store, &config)?;
        context::register(&mut building, store)?;
        #[cfg(feature = "testing")]
        super::fixtures::register(&mut building)?;
        let entries = building.entries;
        let by_name = entries.iter().enumerate().map(|(index, entry)| (entry.name, index)).collect();
        let full_list = Bytes::from(list(entries.iter()));
        Ok(Self { entries, by_name, full_list, config })
    }

    /// Returns what a call of `name` needs; an unknown name needs what nobody has.
    pub fn need<'n>(&self, name: &'n str) -> Need<'n> {
        self.find(name).map_or(Need::NoSuchTool, |entry| Need::Tool(name, entry.scope))
    }

    /// Returns the array of tools `who` may call, in the fixed order.
    pub fn list(&self, who: &Principal) -> Bytes {
        let may = |entry: &&Entry| who.may(Need::Tool(entry.name, entry.scope));
        if who.tools.is_open() && self.entries.iter().all(|entry| may(&entry)) {
            return self.full_list.clone();
        }
        Bytes::from(list(self.entries.iter().filter(may)))
    }

    /// Returns how many tools there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there are no tools.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns every tool with its figures.
    pub fn summaries(&self) -> Vec<Summarised> {
        let summary = |entry: &Entry| {
            let (calls, errors, duration) = entry.meter.read();
            let read_only = entry.scope == Scope::Read;
            let Entry { name, family, title, .. } = *entry;
            Summarised { name, family, title, read_only, calls, errors, duration }
        };
        self.entries.iter().map(summary).collect()
    }

    /// Returns our own word for a tool of that name.
    pub fn known(&self, name: &str) -> Option<&'static str> {
        self.find(name).map(|entry| entry.name)
    }

    /// Returns the object `tools/list` publishes for a tool.
    pub fn published(&self, name: &str) -> Option<&str> {
        self.find(name).map(|entry| entry.published.as_str())
    }

    /// Returns the arguments of a tool that a header mirrors, with the header's name. No shipped tool marks any.
    pub fn header_params(&self, name: &str) -> &[(String, String)] {
        self.find(name).map_or(&[], |entry| entry.header_params.as_slice())
    }

    /// Calls a tool under a permit. Every end is an answer: a panic, a revoked key and a passed deadline too.
    pub async fn call(&self, permit: &Permit, name: &str, args: Option<&Arguments>) -> Answer {
        let Some(entry) = self.find(name) else {
            // The guard lets nobody near an unknown name; should it, the caller hears what it would hear there.
            return ToolError::not_found("tool", name, "tools/list names the tools").into();
        };
        let began = Instant::now();
        let deadline = self.config.borrow().server.call_deadline;
        let answer = self.bounded(entry, permit, args, deadline).await;
        let failed = answer.is_error();
        CallFinished { meter: &entry.meter, failed, duration: began.elapsed() }.emit();
        answer
    }

    async fn bounded(
        &self,
        entry: &Entry,
        permit: &Permit,
        args: Option<&Arguments>,
        deadline: Duration,
    ) -> Answer {
        let checked = match entry.check(args) {
            Ok(checked) => checked,
            Err(error) => return error.into(),
        };
        let who = permit.principal();
        let call = AssertUnwindSafe(entry.tool.run(who, &checked)).catch_unwind();
        tokio::select! {
            ran = tokio::time::timeout(deadline, call) => match ran {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => ToolError::internal(&Panicked(entry.name)).into(),
                Err(_) => ToolError::new(
                    Code::DeadlineExceeded,
                    format!("the call took longer than the {}s that calls may take; what it was writing may have been written", deadline.as_secs_f64()),
                )
                .hint("ask for less, or have the operator raise server.call_deadline")
                .into(),
            },
            () = who.revoked.cancelled() => {
                ToolError::new(Code::Conflict, "the key of this call was revoked while it ran; what it was writing may have been written").into()
            }
        }
    }

    fn find(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).map(|index| &self.entries[*index])
    }
}

/// A tool that panicked, for the log.
#[derive(Debug, thiserror::Error)]
#[error("the tool {0} panicked")]
struct Panicked(&'static str);

impl Entry {
    /// Checks arguments against the published schema. A member that is `null` counts as absent.
    fn check(&self, args: Option<&Arguments>) -> Result<Box<RawValue>, ToolError> {
        let text = args.map_or("{}", RawValue::get);
        let invalid = |reason: String| {
            ToolError::new(Code::InvalidArguments, reason)
                .hint(format!("see the inputSchema of {} in tools/list", self.name))
        };
        let mut value: Value = serde_json::from_str(text).map_err(|error| invalid(error.to_string()))?;
        if let Value::Object(members) = &mut value {
            members.retain(|_, member| !member.is_null());
        }
        let complaints: Vec<String> = self
            .validator
            .iter_errors(&value)
            .take(COMPLAINTS)
            .map(|error| {
                let path = error.instance_path().to_string();
                let path = path.trim_start_matches('/').replace('/', ".");
                let told = if path.is_empty() { error.to_string() } else { format!("{path}: {error}") };
                shortened(told)
            })
            .collect();
        if !complaints.is_empty() {
            return Err(invalid(complaints.join("; ")));
        }
        // The text as it came, not the value: duplicate keys must not pass as their last one. Only `3.0`, which JSON
        // Schema takes for an integer and Rust does not, is written anew.
        let text = if make_integral(&mut value) { value.to_string() } else { text.to_owned() };
        RawValue::from_string(text).map_err(|error| invalid(error.to_string()))
    }
}

/// Turns whole numbers written with a fraction into integers, and answers whether there were any.
fn make_integral(value: &mut Value) -> bool {
    match value {
        Value::Number(number) => {
            let whole = number.as_f64().filter(|_| number.is_f64()).filter(|whole| whole.fract() == 0.0);
            let whole = whole.filter(|whole| whole.abs() < 9e15);
            whole.inspect(|whole| *value = Value::from(*whole as i64)).is_some()
        }
        Value::Array(items) => items.iter_mut().fold(false, |any, item| make_integral(item) | any),
        Value::Object(members) => members.values_mut().fold(false, |any, member| make_integral(member) | any),
        Value::Null | Value::Bool(_) | Value::String(_) => false,
    }
}

/// Errors quote what was sent; a long value is not sent back whole.
fn shortened(mut text: String) -> String {
    if let Some((cut, _)) = text.char_indices().nth(COMPLAINT) {
        text.truncate(cut);
        text.push('…');
    }
    text
}

fn list<'e>(entries: impl Iterator<Item = &'e Entry>) -> String {
    let objects: Vec<&str> = entries.map(|entry| entry.published.as_str()).collect();
    format!("[{}]", objects.join(","))
}

/// A tool's own schema is no schema: a mistake of ours, found at the start.
#[derive(Debug, thiserror::Error)]
#[error("the input schema of the tool {tool} is not valid: {reason}")]
pub struct BadSchema {
    tool: &'static str,
    reason: String,
}

fn validator(tool: &'static str, schema: &Value) -> Result<Validator, BadSchema> {
    jsonschema::validator_for(schema).map_err(|error| BadSchema { tool, reason: error.to_string() })
}

/// The registry while families add their tools.
pub(super) struct Building<'a> {
    entries: Vec<Entry>,
    recorder: &'a Recorder,
}

impl Building<'_> {
    /// Adds a tool after those added before.
    pub(super) fn add<T: Tool>(&mut self, tool: T) -> Result<(), BadSchema> {
        let input = schema::input::<T::Args>();
        let reads = T::EFFECT == Effect::Reads;
        let published = json!({
            "name": T::NAME,
            "title": T::TITLE,
            "description": T::DESCRIPTION,
            "inputSchema": &input,
            "outputSchema": schema::output::<T::Output>(),
            "annotations": {
                "title": T::TITLE,
                "readOnlyHint": reads,
                "destructiveHint": false,
                "idempotentHint": T::EFFECT != Effect::Adds,
                "openWorldHint": false,
            },
        });
        self.entries.push(Entry {
            name: T::NAME,
            family: T::FAMILY,
            title: T::TITLE,
            scope: if reads { Scope::Read } else { Scope::Write },
            published: published.to_string(),
            header_params: Vec::new(),
            validator: validator(T::NAME, &input)?,
            meter: self.recorder.tool(T::NAME),
            tool: Box::new(tool),
        });
        Ok(())
    }

    /// Adds a tool that speaks in content blocks, published as it says itself.
    #[cfg(feature = "testing")]
    pub(super) fn add_raw(
        &mut self,
        name: &'static str,
        published: &Value,
        tool: Box<dyn AnyTool>,
    ) -> Result<(), BadSchema> {
        self.entries.push(Entry {
            name,
            family: Family::Fixture,
            title: name,
            scope: Scope::Read,
            published: published.to_string(),
            header_params: header_params(&published["inputSchema"]),
            validator: validator(name, &published["inputSchema"])?,
            meter: self.recorder.tool(name),
            tool,
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
