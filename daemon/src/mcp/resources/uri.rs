//! The addresses of resources: `mcpd://{project}/context` and its sisters, in both directions.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{
    store::{Change, Part},
    tools::Family,
};

const SCHEME: &str = "mcpd://";

/// What simple expansion of RFC 6570 encodes: all but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The kinds of resources, in the order clients see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::mcp) enum Kind {
    /// Everything needed to resume work.
    Context,
    /// The design decisions.
    Decisions,
    /// The todos.
    Todos,
    /// One memory.
    Memory,
}

/// A place in a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mcp) enum Place {
    /// Everything needed to resume work.
    Context,
    /// The design decisions.
    Decisions,
    /// The todos.
    Todos,
    /// The memory of that id.
    Memory(String),
}

/// The address of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::mcp) struct Address {
    /// The caller's `project_id`.
    pub(in crate::mcp) project: String,
    /// Where in it.
    pub(in crate::mcp) place: Place,
}

impl Kind {
    /// Every kind.
    pub(in crate::mcp) const ALL: [Self; 4] = [Self::Context, Self::Decisions, Self::Todos, Self::Memory];

    /// Returns the URI template.
    pub(in crate::mcp) fn template(self) -> &'static str {
        match self {
            Self::Context => "mcpd://{project}/context",
            Self::Decisions => "mcpd://{project}/decisions",
            Self::Todos => "mcpd://{project}/todos",
            Self::Memory => "mcpd://{project}/memories/{id}",
        }
    }

    /// Returns the tool that gives the same data: who may not call it may not read the resource.
    pub(in crate::mcp) fn tool(self) -> &'static str {
        match self {
            Self::Context => "get_project_context",
            Self::Decisions => "list_design_decisions",
            Self::Todos => "list_todos",
            Self::Memory => "retrieve_memory",
        }
    }

    /// Returns the family of that tool.
    pub(in crate::mcp) fn family(self) -> Family {
        match self {
            Self::Context | Self::Decisions | Self::Todos => Family::Context,
            Self::Memory => Family::Memory,
        }
    }
}

impl Place {
    /// Returns the kind of resource that is there.
    pub(in crate::mcp) fn kind(&self) -> Kind {
        match self {
            Self::Context => Kind::Context,
            Self::Decisions => Kind::Decisions,
            Self::Todos => Kind::Todos,
            Self::Memory(_) => Kind::Memory,
        }
    }
}

impl Address {
    /// Makes an address.
    pub(in crate::mcp) fn new(project: &str, place: Place) -> Self {
        Self { project: project.to_owned(), place }
    }

    /// Reads a URI as [`Self::uri`] writes it, hexadecimal digits in either case; anything else is none of ours.
    pub(in crate::mcp) fn read(uri: &str) -> Option<Self> {
        let mut segments = uri.strip_prefix(SCHEME)?.split('/');
        let project = decode(segments.next()?)?;
        let place = match (segments.next()?, segments.next(), segments.next()) {
            ("context", None, None) => Place::Context,
            ("decisions", None, None) => Place::Decisions,
            ("todos", None, None) => Place::Todos,
            ("memories", Some(id), None) => Place::Memory(decode(id)?),
            _ => return None,
        };
        Some(Self { project, place })
    }

    /// Writes the URI.
    pub(in crate::mcp) fn uri(&self) -> String {
        let project = utf8_percent_encode(&self.project, RESERVED);
        match &self.place {
            Place::Context => format!("{SCHEME}{project}/context"),
            Place::Decisions => format!("{SCHEME}{project}/decisions"),
            Place::Todos => format!("{SCHEME}{project}/todos"),
            Place::Memory(id) => {
                format!("{SCHEME}{project}/memories/{}", utf8_percent_encode(id, RESERVED))
            }
        }
    }

    /// Returns the addresses of what a change touches; a subscriber of any of them, in the tenant of the change, is to
    /// be told. A new project changes the list of resources instead.
    pub(in crate::mcp) fn touched(change: &Change) -> Vec<Self> {
        let own = match &change.part {
            Part::Memories(id) => Some(Place::Memory(id.clone())),
            Part::Todos => Some(Place::Todos),
            Part::Decisions => Some(Place::Decisions),
            Part::Notes | Part::Sessions => None,
            Part::ProjectMade => return Vec::new(),
        };
        let places = std::iter::once(Place::Context).chain(own);
        places.map(|place| Self::new(&change.project, place)).collect()
    }
}

/// Decodes one segment: unreserved characters and percent-encoded UTF-8, nothing else, and not nothing.
fn decode(segment: &str) -> Option<String> {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let sound = match byte {
            b'%' => {
                bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())
                    && bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())
            }
            b'-' | b'.' | b'_' | b'~' => true,
            other => other.is_ascii_alphanumeric(),
        };
        if !sound {
            return None;
        }
    }
    let decoded = percent_decode_str(segment).decode_utf8().ok()?;
    (!decoded.is_empty()).then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read_again(project in "(?s).{1,128}", id in "(?s).{1,64}", kind in 0..4usize) {
            let place = [Place::Context, Place::Decisions, Place::Todos, Place::Memory(id)][kind].clone();
            let address = Address::new(&project, place);
            let uri = address.uri();
            prop_assert!(uri.bytes().all(|byte| byte.is_ascii_graphic()));
            prop_assert_eq!(Address::read(&uri), Some(address));
        }

        #[test]
        fn what_is_read_is_written_and_read_the_same(
            uri in "mcpd://[a-z%2fF./-]{1,12}/(context|memories/[a-z0-9%]{1,6})",
        ) {
            if let Some(address) = Address::read(&uri) {
                prop_assert_eq!(Address::read(&address.uri()), Some(address));
            }
        }
    }

    #[test]
    fn only_our_shapes_are_read() {
        let address = Address::read("mcpd://a%2fb%20%E7%BB%93/todos").unwrap();
        assert_eq!(address, Address::new("a/b 结", Place::Todos));
        assert_eq!(address.uri(), "mcpd://a%2Fb%20%E7%BB%93/todos");
        for other in [
            "",
            "mcpd://",
            "mcpd:///context",
            "mcpd://p",
            "mcpd://p/",
            "mcpd://p/context/",
            "mcpd://p/context?x=1",
            "mcpd://p/context#top",
            "mcpd://p/notes",
            "mcpd://p/memories",
            "mcpd://p/memories/",
            "mcpd://p/memories/a/b",
            "mcpd://p%2/context",
            "mcpd://p%zz/context",
            "mcpd://%ff/context",
            "mcpd://p+q/context",
            "mcpd://结/context",
            "MCPD://p/context",
            "file:///etc/passwd",
        ] {
            assert_eq!(Address::read(other), None, "{other}");
        }
    }

    #[test]
    fn a_change_touches_its_part_and_the_context() {
        let uris = |part| {
            let change = Change { tenant: "t".into(), project: "p q".into(), part };
            Address::touched(&change).iter().map(Address::uri).collect::<Vec<_>>()
        };
        assert_eq!(uris(Part::Todos), ["mcpd://p%20q/context", "mcpd://p%20q/todos"]);
        assert_eq!(uris(Part::Memories("7".into())), ["mcpd://p%20q/context", "mcpd://p%20q/memories/7"]);
        assert_eq!(uris(Part::Notes), ["mcpd://p%20q/context"]);
        assert!(uris(Part::ProjectMade).is_empty());
    }
}
