//! Strings that are kept once and named by number.

use std::{collections::HashMap, sync::Arc};

use crate::facts::Name;

/// All strings of a graph.
#[derive(Debug, Default)]
pub(crate) struct Names {
    numbers: HashMap<Arc<str>, Name>,
    texts: Vec<Arc<str>>,
    bytes: usize,
}

impl Names {
    /// Returns the number of a text, a new one if it has none.
    pub(crate) fn of(&mut self, text: &str) -> Name {
        if let Some(name) = self.numbers.get(text) {
            return *name;
        }
        let (name, kept): (Name, Arc<str>) = (Name(self.texts.len() as u32), text.into());
        self.bytes += text.len() + 64;
        self.texts.push(Arc::clone(&kept));
        self.numbers.insert(kept, name);
        name
    }

    /// Returns the number of a text that has one.
    pub(crate) fn known(&self, text: &str) -> Option<Name> {
        self.numbers.get(text).copied()
    }

    /// Returns the text of a number.
    pub(crate) fn text(&self, name: Name) -> &str {
        self.texts.get(name.0 as usize).map_or("", |text| text)
    }

    /// Estimates the bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}
