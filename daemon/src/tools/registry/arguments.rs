//! Arguments of a call, held against the published schema of their tool.

use std::{borrow::Cow, sync::LazyLock};

use serde_json::{Value, json, value::RawValue};

use super::{Arguments, Entry};
use crate::tools::{Code, ToolError, text::shortened};

/// Mistakes in arguments told at a time.
const COMPLAINTS: usize = 5;
/// Longest of them, in characters.
const COMPLAINT: usize = 240;

impl Entry {
    /// Checks arguments against the published schema. A member that is `null` counts as absent.
    pub(super) fn check<'a>(&self, args: Option<&'a Arguments>) -> Result<Cow<'a, RawValue>, ToolError> {
        let args = if let Some(args) = args { args } else { no_arguments() };
        let invalid = |reason: String| {
            ToolError::new(Code::InvalidArguments, reason)
                .hint(format!("see the inputSchema of {} in tools/list", self.name))
        };
        let mut value: Value =
            serde_json::from_str(args.get()).map_err(|error| invalid(error.to_string()))?;
        if let Value::Object(members) = &mut value {
            members.retain(|_, member| !member.is_null());
            for (former, name) in self.aliases {
                if !members.contains_key(*name)
                    && let Some(member) = members.remove(*former)
                {
                    members.insert((*name).to_owned(), member);
                }
            }
        }
        if !self.validator.is_valid(&value) {
            return Err(invalid(self.complaints(&value)));
        }
        // The text as it came, not the value: duplicate keys must not pass as their last one. Only `3.0`, which JSON
        // Schema takes for an integer and Rust does not, is written anew.
        if !make_integral(&mut value) {
            return Ok(Cow::Borrowed(args));
        }
        RawValue::from_string(value.to_string()).map(Cow::Owned).map_err(|error| invalid(error.to_string()))
    }

    /// Says what is wrong with arguments, with the paths.
    fn complaints(&self, value: &Value) -> String {
        let complaints = self.validator.iter_errors(value).take(COMPLAINTS).map(|error| {
            let path = error.instance_path().to_string();
            let path = path.trim_start_matches('/').replace('/', ".");
            let complaint = if path.is_empty() { error.to_string() } else { format!("{path}: {error}") };
            // It quotes what was sent; a long value is not sent back whole.
            shortened(complaint, COMPLAINT)
        });
        complaints.collect::<Vec<_>>().join("; ")
    }
}

/// What a call without arguments has.
fn no_arguments() -> &'static RawValue {
    static NONE: LazyLock<Box<RawValue>> =
        LazyLock::new(|| serde_json::value::to_raw_value(&json!({})).unwrap_or_default());
    &NONE
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
