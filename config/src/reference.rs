//! The texts compiled in: the annotated reference, which is the default, and the profiles upon it.

use crate::word::Profile;

/// The annotated reference: every key, its meaning and its default.
pub const REFERENCE: &str = include_str!("../mcpd.toml");

/// Returns what a profile sets differently.
pub(crate) fn profile(profile: Profile) -> &'static str {
    match profile {
        Profile::Unified => include_str!("../profiles/unified.toml"),
        Profile::Simple => include_str!("../profiles/simple.toml"),
        Profile::Enterprise => include_str!("../profiles/enterprise.toml"),
    }
}

/// Returns the reference with every setting commented out: the file to write on a first run.
///
/// A plain copy would be a trap: what stands in the file beats the profile and outlives the defaults.
#[must_use]
pub fn starter() -> String {
    let mut text = String::with_capacity(REFERENCE.len() + 256);
    for line in REFERENCE.lines() {
        if !(line.is_empty() || line.starts_with('#') || line.starts_with('[')) {
            text.push_str("# ");
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}
