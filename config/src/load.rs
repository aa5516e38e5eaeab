//! Reading and layering: defaults < profile < file < environment < flags.
//!
//! Every value is tried alone upon the layers below it. So each mistake is found at its own place, however
//! many there are, and none hides another. A refused value leaves the one below in force, so that the
//! rules between keys can still be checked.

use std::path::Path;

use toml::de::DeTable;

use crate::complaint::Complaints;
use crate::draft::{Draft, Text};
use crate::layers::{Origin, Overrides};
use crate::reference;
use crate::tree::Config;
use crate::word::Profile;

impl Config {
    /// Reads, layers and checks a configuration; all that is wrong comes back at once.
    ///
    /// The file is its path, for complaints only, and its text. Of two layers the later [`Origin`] wins.
    ///
    /// # Errors
    /// Returns every mistake in the file and the layers, those of the file first and by line.
    pub fn load(file: Option<(&Path, &str)>, layers: &[(Origin, Overrides)]) -> Result<Self, Complaints> {
        let mut layers: Vec<&(Origin, Overrides)> = layers.iter().collect();
        layers.sort_by_key(|(origin, _)| *origin);
        let file = file.map(|(path, text)| Text { path: Some(path), text });

        let defaults = parse(Text::built_in(reference::REFERENCE))?;
        let written = file.map(parse).transpose()?.unwrap_or_default();
        let profile = match chosen(&layers, [&written, &defaults]) {
            Some(profile) => parse(Text::built_in(reference::profile(profile)))?,
            None => DeTable::new(),
        };

        let mut draft = Draft::new(defaults);
        draft.lay(Text::built_in(""), &profile);
        if let Some(file) = file {
            draft.lay(file, &written);
        }
        for (origin, overrides) in &layers {
            draft.lay_overrides(*origin, overrides);
        }
        draft.finish()
    }
}

/// Returns the profile of the topmost layer that names one; a name that is none is complained about later.
fn chosen(layers: &[&(Origin, Overrides)], tables: [&DeTable<'_>; 2]) -> Option<Profile> {
    let given = layers.iter().rev().filter_map(|(_, overrides)| overrides.profile.as_deref());
    let written = tables.into_iter().filter_map(|table| table.get("profile")?.get_ref().as_str());
    given.chain(written).find_map(|word| word.parse().ok())
}

fn parse(source: Text<'_>) -> Result<DeTable<'_>, Complaints> {
    match DeTable::parse(source.text) {
        Ok(table) => Ok(table.into_inner()),
        Err(error) => {
            let start = error.span().map_or(source.text.len(), |span| span.start);
            Err(Complaints::from(
                source.place(None, start).complain(format!("not TOML: {}", error.message())),
            ))
        }
    }
}
