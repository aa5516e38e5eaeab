//! A configuration in the making: the layers laid so far, where their values stand, what was refused.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use crate::change::{SETTINGS, keys};
use crate::check::rules;
use crate::complaint::{Complaint, Complaints};
use crate::layers::{Origin, Overrides};
use crate::nearest::nearest;
use crate::tree::Config;

/// A text of settings; without a path it is one of ours.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) path: Option<&'a Path>,
    pub(crate) text: &'a str,
}

impl<'a> Text<'a> {
    pub(crate) fn built_in(text: &'a str) -> Self {
        Self { path: None, text }
    }

    /// Returns the place of a key whose bytes begin at `start`.
    pub(crate) fn place(&self, key: Option<&str>, start: usize) -> Place {
        let before = self.text.bytes().take(start);
        Place {
            file: self.path.map(Path::to_owned),
            line: self.path.map(|_| 1 + before.filter(|byte| *byte == b'\n').count()),
            name: key.map(str::to_owned),
        }
    }
}

/// Where something was written.
#[derive(Clone)]
pub(crate) struct Place {
    file: Option<PathBuf>,
    line: Option<usize>,
    /// The key, or the variable or flag.
    name: Option<String>,
}

impl Place {
    pub(crate) fn complain(self, reason: String) -> Complaint {
        Complaint { file: self.file, line: self.line, key: self.name, reason }
    }
}

/// The layers so far, where users wrote their values, and what was wrong with them.
pub(crate) struct Draft<'a> {
    table: DeTable<'a>,
    socket: Option<PathBuf>,
    places: BTreeMap<&'static str, Place>,
    refused: BTreeSet<&'static str>,
    complaints: Vec<Complaint>,
}

impl<'a> Draft<'a> {
    /// Begins with the defaults, which are complete.
    pub(crate) fn new(defaults: DeTable<'a>) -> Self {
        Self {
            table: defaults,
            socket: None,
            places: BTreeMap::new(),
            refused: BTreeSet::new(),
            complaints: Vec::new(),
        }
    }

    /// Lays a table upon the draft, value by value.
    pub(crate) fn lay(&mut self, source: Text<'_>, table: &DeTable<'a>) {
        for (name, value) in table {
            let (key, start) = (name.get_ref().as_ref(), name.span().start);
            if !keys().any(|known| section_of(known) == Some(key)) {
                self.set(source, None, name, value);
            } else if let DeValue::Table(section) = value.get_ref() {
                for (name, value) in section {
                    self.set(source, Some(key), name, value);
                }
            } else {
                let reason = format!("is a section; write [{key}] on a line of its own and its keys below");
                self.complaints.push(source.place(Some(key), start).complain(reason));
            }
        }
    }

    /// Lays what the environment or the flags say upon the draft.
    pub(crate) fn lay_overrides(&mut self, origin: Origin, overrides: &'a Overrides) {
        for given in overrides.given(origin) {
            let value = Spanned::new(0..0, DeValue::String(given.value.into()));
            let place = Place { file: None, line: None, name: Some(given.name.to_owned()) };
            self.put(given.key, &value, |_| place.clone());
        }
        if let Some(socket) = &overrides.socket {
            self.socket = Some(socket.clone());
        }
    }

    fn set(
        &mut self,
        source: Text<'_>,
        section: Option<&str>,
        name: &Spanned<toml::de::DeString<'a>>,
        value: &Spanned<DeValue<'a>>,
    ) {
        let key = match section {
            Some(section) => format!("{section}.{}", name.get_ref()),
            None => name.get_ref().to_string(),
        };
        // A quoted name with a dot in it is one odd name, not a path into a section.
        let dotted = name.get_ref().contains('.');
        match SETTINGS.iter().find(|setting| setting.key == key && !dotted) {
            Some(setting) => self.put(setting.key, value, |start| source.place(Some(setting.key), start)),
            None => self
                .complaints
                .push(source.place(Some(&key), name.span().start).complain(unknown(section, name.get_ref()))),
        }
    }

    /// Takes a value, or refuses it with a complaint for each fault.
    fn put(&mut self, key: &'static str, value: &Spanned<DeValue<'a>>, place: impl Fn(usize) -> Place) {
        let faults = self.faults(key, value);
        if faults.is_empty() {
            put(&mut self.table, key, value.clone());
            let place = place(value.span().start);
            self.places.insert(key, place);
            return;
        }
        self.refused.insert(key);
        self.complaints.extend(faults.into_iter().map(|(span, reason)| place(span.start).complain(reason)));
    }

    /// Returns what is wrong with a value; of a list, what is wrong with each of its items.
    fn faults(&self, key: &str, value: &Spanned<DeValue<'a>>) -> Vec<(Range<usize>, String)> {
        let DeValue::Array(items) = value.get_ref() else {
            return self.fault(key, value.clone()).into_iter().collect();
        };
        if let Some(fault) = self.fault(key, Spanned::new(value.span(), DeValue::Array(DeArray::new()))) {
            return vec![fault];
        }
        let alone = |item: &Spanned<DeValue<'a>>| {
            let mut list = DeArray::new();
            list.push(item.clone());
            Spanned::new(value.span(), DeValue::Array(list))
        };
        let faults = items.iter().filter_map(|item| {
            let (span, reason) = self.fault(key, alone(item))?;
            // What is wrong with an item as a whole is told of the list it was tried in.
            Some((if span == value.span() { item.span() } else { span }, reason))
        });
        faults.collect()
    }

    /// Tries one value upon what lies below, which is known to be good.
    fn fault(&self, key: &str, value: Spanned<DeValue<'a>>) -> Option<(Range<usize>, String)> {
        let span = value.span();
        let mut table = self.table.clone();
        put(&mut table, key, value);
        let error = read(table).err()?;
        Some((error.span().unwrap_or(span), error.message().to_owned()))
    }

    /// Returns the configuration, if nothing was wrong and no rule between keys is broken.
    pub(crate) fn finish(mut self) -> Result<Config, Complaints> {
        let config = match read(self.table) {
            Ok(mut config) => {
                config.control.socket = self.socket.or(config.control.socket);
                Some(config)
            }
            Err(error) => {
                self.complaints.push(Complaint {
                    file: None,
                    line: None,
                    key: None,
                    reason: error.message().to_owned(),
                });
                None
            }
        };
        for broken in config.iter().flat_map(rules) {
            // A rule about a refused value would only repeat the complaint about it.
            if broken.reads.iter().any(|key| self.refused.contains(key)) {
                continue;
            }
            let Some(key) = broken.reads.first() else {
                continue;
            };
            let default = || Place { file: None, line: None, name: Some((*key).to_owned()) };
            let place =
                broken.reads.iter().find_map(|key| self.places.get(key)).cloned().unwrap_or_else(default);
            self.complaints.push(place.complain(broken.reason));
        }
        match config {
            Some(config) if self.complaints.is_empty() => Ok(config),
            Some(_) | None => {
                self.complaints.sort_by_key(|complaint| (complaint.file.is_none(), complaint.line));
                Err(Complaints(self.complaints))
            }
        }
    }
}

fn read(table: DeTable<'_>) -> Result<Config, toml::de::Error> {
    Config::deserialize(Deserializer::from(Spanned::new(0..0, table)))
}

fn section_of(key: &str) -> Option<&str> {
    key.split_once('.').map(|(section, _)| section)
}

/// Writes a value at its dotted key; a section that is missing is begun.
fn put<'a>(table: &mut DeTable<'a>, key: &str, value: Spanned<DeValue<'a>>) {
    let Some((section, name)) = key.split_once('.') else {
        table.insert(Spanned::new(0..0, key.to_owned().into()), value);
        return;
    };
    let inner = table
        .entry(Spanned::new(0..0, section.to_owned().into()))
        .or_insert_with(|| Spanned::new(0..0, DeValue::Table(DeTable::new())));
    if let DeValue::Table(inner) = inner.get_mut() {
        inner.insert(Spanned::new(0..0, name.to_owned().into()), value);
    }
}

/// Says that there is no such key, and which one may have been meant.
fn unknown(section: Option<&str>, name: &str) -> String {
    if name.contains('.') {
        return "unknown key; quotes make it one name, leave them out to name a section".to_owned();
    }
    let elsewhere = keys().find(|key| key.rsplit('.').next() == Some(name));
    let near = match section {
        Some(section) => {
            let siblings = keys().filter_map(|key| key.strip_prefix(section)?.strip_prefix('.'));
            nearest(name, siblings).map(|near| format!("{section}.{near}"))
        }
        None => nearest(name, keys().map(|key| section_of(key).unwrap_or(key))).map(str::to_owned),
    };
    match near.or(elsewhere.map(str::to_owned)) {
        Some(meant) => format!("unknown key; did you mean {meant}?"),
        None => "unknown key".to_owned(),
    }
}
