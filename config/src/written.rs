//! Values that the file writes as strings, plain texts and paths among them, and lists of values.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a string and turns it into a value; anything else is refused with the expected form named.
pub(crate) struct Written<T> {
    /// What is expected, for "invalid type: ..., expected FORM".
    pub(crate) form: &'static str,
    /// The value, or the reason why the string is none.
    pub(crate) read: fn(&str) -> Result<T, String>,
}

impl<T> Visitor<'_> for Written<T> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.form)
    }

    fn visit_str<E: Error>(self, written: &str) -> Result<T, E> {
        (self.read)(written).map_err(E::custom)
    }
}

/// Reads a path; an empty one is a mistake, not "here".
pub(crate) fn path<'de, D: Deserializer<'de>>(input: D) -> Result<Option<PathBuf>, D::Error> {
    input.deserialize_str(Written {
        form: "a path in quotes",
        read: |written| match written {
            "" => Err("is empty; leave the key out for the default".to_owned()),
            path => Ok(Some(PathBuf::from(path))),
        },
    })
}

/// Reads a list of folders, each by its whole path.
pub(crate) fn folders<'de, D: Deserializer<'de>>(input: D) -> Result<Option<Vec<PathBuf>>, D::Error> {
    let folders: Vec<PathBuf> = list(input)?;
    match folders.iter().find(|folder| !folder.is_absolute()) {
        Some(folder) => Err(D::Error::custom(format!("{folder:?} is no whole path; begin it with /"))),
        None => Ok(Some(folders)),
    }
}

/// Reads a text that says something.
pub(crate) fn text<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    input.deserialize_str(Written {
        form: "a text in quotes",
        read: |written| match written.trim() {
            "" => Err("is empty".to_owned()),
            text => Ok(text.to_owned()),
        },
    })
}

/// Reads a text that may be left out.
pub(crate) fn some_text<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    text(input).map(Some)
}

/// Reads a list of values that may be left out.
pub(crate) fn some_list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    input: D,
) -> Result<Option<Vec<T>>, D::Error> {
    list(input).map(Some)
}

/// Reads a list of values.
pub(crate) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(input: D) -> Result<Vec<T>, D::Error> {
    input.deserialize_seq(List(PhantomData))
}

struct List<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
    type Value = Vec<T>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a list in brackets")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(list)
    }
}
