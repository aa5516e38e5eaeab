//! A client's file: one entry of it is read, set or removed, and everything else stays as it is, comments included.

use std::path::Path;

use jsonc_parser::{
    ParseOptions,
    cst::{CstInputValue, CstNode, CstObject, CstRootNode},
};
use serde_json::{Map, Value};
use toml_edit::{DocumentMut, InlineTable, Item, Table, TableLike};

use super::client::{Client, Syntax};
use crate::{
    error::{Error, Kind},
    text_form::TextForm,
};

/// A parsed file, and where in it the servers stand.
pub(super) struct Document {
    section: &'static str,
    form: TextForm,
    tree: Tree,
}

enum Tree {
    Json(CstRootNode),
    Toml(Box<DocumentMut>),
}

/// Comments and trailing commas are what people write into such files; anything looser is a mistake.
const JSON: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

impl Document {
    /// Parses a client's file; one that is absent or blank counts as one without servers.
    pub(super) fn parse(client: Client, path: &Path, text: Option<&str>) -> Result<Self, Error> {
        let (form, text) = TextForm::of(text.unwrap_or_default());
        let text = Some(text).filter(|text| !text.trim().is_empty());
        let tree = match client.syntax() {
            Syntax::Json => {
                let text = text.unwrap_or("{}\n");
                Tree::Json(CstRootNode::parse(text, &JSON).map_err(|error| {
                    let line = line_of(text, error.range().start);
                    unreadable(path, line, &error.kind().to_string())
                })?)
            }
            Syntax::Toml => {
                let text = text.unwrap_or_default();
                Tree::Toml(Box::new(text.parse().map_err(|error: toml_edit::TomlError| {
                    let line = line_of(text, error.span().map_or(0, |span| span.start));
                    unreadable(path, line, error.message())
                })?))
            }
        };
        let document = Self { section: client.section(), form, tree };
        document.check_shape().map_err(|what| {
            let message = format!("{}: {what}; the file is left as it is", path.display());
            Error::new(Kind::Failed, message).hint("put it right, or name another with --file")
        })?;
        Ok(document)
    }

    /// Returns the entry of a server.
    pub(super) fn get(&self, name: &str) -> Option<Value> {
        match &self.tree {
            Tree::Json(root) => {
                json_value(&root.object_value()?.object_value(self.section)?.get(name)?.value()?)
            }
            Tree::Toml(document) => toml_value(document.get(self.section)?.as_table_like()?.get(name)?),
        }
    }

    /// Sets the entry of a server.
    pub(super) fn set(&mut self, name: &str, entry: &Value) {
        match &mut self.tree {
            Tree::Json(root) => {
                let servers = root.object_value_or_set().object_value_or_set(self.section);
                match servers.get(name) {
                    Some(property) => property.set_value(json_input(entry)),
                    None => drop(servers.append(name, json_input(entry))),
                }
            }
            Tree::Toml(document) => {
                let servers = document.entry(self.section).or_insert_with(|| {
                    let mut servers = Table::new();
                    servers.set_implicit(true);
                    Item::Table(servers)
                });
                if let Some(inline) = servers.as_inline_table_mut() {
                    inline.insert(name, toml_inline(entry));
                } else if let Some(table) = servers.as_table_mut() {
                    let mut item = toml_table(entry);
                    // Where the entry stood, and what was written above it, stays.
                    if let Some((old, new)) =
                        table.get(name).and_then(Item::as_table).zip(item.as_table_mut())
                    {
                        *new.decor_mut() = old.decor().clone();
                        new.set_position(old.position());
                    }
                    table.insert(name, item);
                }
            }
        }
    }

    /// Removes the entry of a server.
    pub(super) fn remove(&mut self, name: &str) {
        match &mut self.tree {
            Tree::Json(root) => {
                let servers = root.object_value().and_then(|root| root.object_value(self.section));
                if let Some(property) = servers.and_then(|servers: CstObject| servers.get(name)) {
                    property.remove();
                }
            }
            Tree::Toml(document) => {
                let servers = document.get_mut(self.section).and_then(Item::as_table_like_mut);
                if let Some(servers) = servers {
                    servers.remove(name);
                }
            }
        }
    }

    /// Sets the entry, or removes it when there shall be none.
    pub(super) fn put(&mut self, name: &str, entry: Option<&Value>) {
        match entry {
            Some(entry) => self.set(name, entry),
            None => self.remove(name),
        }
    }

    /// Returns whether the file holds nothing but, at most, a section without servers.
    pub(super) fn is_bare(&self) -> bool {
        match &self.tree {
            Tree::Json(root) => match json_value(&root.clone().into()) {
                Some(Value::Object(all)) => self.is_bare_object(&all),
                Some(
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_),
                )
                | None => false,
            },
            Tree::Toml(document) => document.to_string().trim().is_empty(),
        }
    }

    fn is_bare_object(&self, all: &Map<String, Value>) -> bool {
        all.iter().all(|(name, value)| name == self.section && *value == Value::Object(Map::new()))
    }

    /// Says what is in the way of an entry.
    fn check_shape(&self) -> Result<(), String> {
        let wrong = || Err(format!("{:?} is not a list of servers by name", self.section));
        match &self.tree {
            Tree::Json(root) => {
                let Some(object) = root.object_value() else { return Err("it is no object".into()) };
                let section = object.get(self.section);
                if section.is_some_and(|section| section.object_value().is_none()) { wrong() } else { Ok(()) }
            }
            Tree::Toml(document) => {
                let section = document.get(self.section);
                if section.is_some_and(|section| !section.is_table_like()) { wrong() } else { Ok(()) }
            }
        }
    }
}

impl std::fmt::Display for Document {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.tree {
            Tree::Json(root) => formatter.write_str(&self.form.mark(&root.to_string())),
            // This tree forgets how lines ended; the other one writes new lines like those around them.
            Tree::Toml(document) => formatter.write_str(&self.form.apply(&document.to_string())),
        }
    }
}

fn unreadable(path: &Path, line: usize, why: &str) -> Error {
    let why = why.lines().next().unwrap_or_default();
    let message = format!("{}:{line}: {why}; the file is left as it is", path.display());
    Error::new(Kind::Failed, message).hint("put it right, or name another with --file")
}

/// Returns the number of the line that holds a byte.
fn line_of(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}

fn json_value(node: &CstNode) -> Option<Value> {
    if let Some(root) = node.as_root_node() {
        return json_value(&root.value()?);
    }
    if let Some(object) = node.as_object() {
        let properties = object.properties().into_iter();
        let pairs =
            properties.map(|property| Some((property.decoded_name()?, json_value(&property.value()?)?)));
        return pairs.collect::<Option<Map<_, _>>>().map(Value::Object);
    }
    if let Some(array) = node.as_array() {
        return array.elements().iter().map(json_value).collect::<Option<_>>().map(Value::Array);
    }
    if let Some(text) = node.as_string_lit() {
        return text.decoded_value().ok().map(Value::String);
    }
    // Numbers and words are written alike in plain JSON.
    serde_json::from_str(&node.to_string()).ok()
}

fn json_input(value: &Value) -> CstInputValue {
    match value {
        Value::Null => CstInputValue::Null,
        Value::Bool(flag) => CstInputValue::Bool(*flag),
        Value::Number(number) => CstInputValue::Number(number.to_string()),
        Value::String(text) => CstInputValue::String(text.clone()),
        Value::Array(items) => CstInputValue::Array(items.iter().map(json_input).collect()),
        Value::Object(pairs) => CstInputValue::Object(
            pairs.iter().map(|(name, value)| (name.clone(), json_input(value))).collect(),
        ),
    }
}

fn toml_value(item: &Item) -> Option<Value> {
    if let Some(table) = item.as_table_like() {
        return Some(toml_object(table));
    }
    if let Some(tables) = item.as_array_of_tables() {
        return Some(tables.iter().map(|table| toml_object(table)).collect());
    }
    match item.as_value()? {
        toml_edit::Value::String(text) => Some(Value::String(text.value().clone())),
        toml_edit::Value::Integer(number) => Some((*number.value()).into()),
        toml_edit::Value::Float(number) => Some((*number.value()).into()),
        toml_edit::Value::Boolean(flag) => Some((*flag.value()).into()),
        toml_edit::Value::Datetime(date) => Some(date.value().to_string().into()),
        toml_edit::Value::Array(items) => items
            .iter()
            .map(|value| toml_value(&Item::Value(value.clone())))
            .collect::<Option<_>>()
            .map(Value::Array),
        toml_edit::Value::InlineTable(table) => Some(toml_object(table)),
    }
}

fn toml_object(table: &dyn TableLike) -> Value {
    let pairs = table.iter().filter_map(|(name, item)| Some((name.to_owned(), toml_value(item)?)));
    Value::Object(pairs.collect())
}

/// Returns an entry as a table of its own; what is inside it stands on one line each.
fn toml_table(value: &Value) -> Item {
    let Value::Object(pairs) = value else { return Item::Value(toml_inline(value)) };
    Item::Table(pairs.iter().map(|(name, value)| (name.as_str(), toml_inline(value))).collect())
}

fn toml_inline(value: &Value) -> toml_edit::Value {
    match value {
        // TOML has no null; no entry here holds one.
        Value::Null => "".into(),
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => items.iter().map(toml_inline).collect::<toml_edit::Array>().into(),
        Value::Object(pairs) => {
            let pairs = pairs.iter().map(|(name, value)| (name.as_str(), toml_inline(value)));
            pairs.collect::<InlineTable>().into()
        }
    }
}
