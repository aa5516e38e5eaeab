//! Expressions that name something, as a receiver and a name: `os.path.join`, `self.x`, `Type::new`, `p->next`.

use crate::facts::Receiver;

/// Longest expression that is taken for a path, in bytes.
const LONGEST: usize = 200;

/// A path taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path<'t> {
    pub(super) before: Vec<&'t str>,
    pub(super) last: &'t str,
}

impl<'t> Path<'t> {
    /// Takes a path apart; nothing if the text is anything else than names and what joins them.
    pub(super) fn read(text: &'t str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let mut parts = Vec::new();
        let mut rest = text.trim();
        rest = rest.trim_start_matches("::").trim_start_matches('\\');
        loop {
            let end = rest.find(|c: char| !is_of_name(c)).unwrap_or(rest.len());
            if end == 0 {
                return None;
            }
            parts.push(&rest[..end]);
            rest = rest[end..].trim_start();
            if rest.is_empty() {
                break;
            }
            rest = ["?->", "?.", "!.", "::", "->", ".", "\\", "#"]
                .iter()
                .find_map(|joint| rest.strip_prefix(joint))?
                .trim_start();
        }
        let last = parts.pop()?;
        Some(Self { before: parts, last })
    }

    /// Returns what stands before the name, its path joined by dots; `own` and `above` are the language's words.
    pub(super) fn joined(&self) -> Option<String> {
        (!self.before.is_empty()).then(|| self.before.join("."))
    }
}

/// Words for the object or type that code is part of.
const OWN: [&str; 6] = ["self", "this", "Self", "cls", "$this", "static"];
/// Words for what that inherits from.
const ABOVE: [&str; 3] = ["super", "base", "parent"];

/// What a list of parts before a name stands for.
pub(super) fn standing(before: &[&str]) -> Option<Receiver> {
    match before {
        [] => Some(Receiver::None),
        [one] if OWN.contains(one) => Some(Receiver::Own),
        [one] if ABOVE.contains(one) => Some(Receiver::Super),
        _ => None,
    }
}

fn is_of_name(character: char) -> bool {
    character == '_' || character == '$' || character == '@' || character.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_names_and_joints() {
        let path = Path::read("os.path.join").unwrap();
        assert_eq!((path.joined().as_deref(), path.last), (Some("os.path"), "join"));
        assert_eq!(Path::read("std::mem::take").unwrap().before, ["std", "mem"]);
        assert_eq!(Path::read("$this->store").unwrap().before, ["$this"]);
        assert_eq!(Path::read("f").unwrap().before, [""; 0]);
        for none in ["f(x).y", "a[0].b", "", ".", "a..b", "1 + 2", "a.b."] {
            assert_eq!(Path::read(none), None, "{none}");
        }
    }
}
