//! Finding definitions by what a person remembers of their names.

use super::{Graph, Node, explore::holds_folded};
use crate::facts::Kind;

/// How a name fits what was asked, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// It is the name, or the id, or the qualified name.
    Exact,
    /// It is the name but for upper and lower case.
    Case,
    /// The name begins so.
    Prefix,
    /// It is in the name.
    Part,
    /// Its letters are in the name, in this order.
    Letters,
}

impl Fit {
    /// Returns the word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Case => "case",
            Self::Prefix => "prefix",
            Self::Part => "part",
            Self::Letters => "letters",
        }
    }
}

/// Definitions that fit.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct FoundNodes {
    /// The best ones.
    pub nodes: Vec<(Node, Fit)>,
    /// How many there are in all.
    pub total: usize,
}

impl Graph {
    /// Returns the definitions whose names fit a text, best first: `save`, `Todo.save`, `src/todo.py`, an id.
    pub fn find(&self, text: &str, wanted: &dyn Fn(Kind) -> bool, limit: usize) -> FoundNodes {
        // Two: the total is of all that fit, and one would do with those of exactly that name.
        let mut found = self.at_least(text, wanted, limit.max(2));
        found.nodes.truncate(limit);
        found
    }

    /// Returns the best so many, and those after them that fit as well as the last.
    fn at_least(&self, text: &str, wanted: &dyn Fn(Kind) -> bool, count: usize) -> FoundNodes {
        let text = text.trim().trim_end_matches("()");
        let asked = text.replace("::", ".").replace('\\', ".").replace("->", ".");
        if let Some(node) = self.by_id(text).filter(|node| node.is_file() || wanted(self.kind(*node))) {
            return FoundNodes { nodes: vec![(node, Fit::Exact)], total: 1 };
        }
        let own = asked.rsplit(['.', '#', ':']).next().unwrap_or(&asked);
        let before = asked[..asked.len() - own.len()].trim_end_matches(['.', '#', ':']);
        let lower = own.to_lowercase();
        if lower.is_empty() {
            return FoundNodes::default();
        }
        let fits =
            |node: &&Node| wanted(self.kind(**node)) && (before.is_empty() || self.ends_with(**node, before));
        let exact = self.names.known(own).and_then(|name| self.definitions.get(&name)).into_iter().flatten();
        let mut found: Vec<(Node, Fit)> = exact.filter(fits).map(|node| (*node, Fit::Exact)).collect();
        // Who wants one has it, and nobody has to look through all names.
        if found.is_empty() || count != 1 {
            found.clear();
            for (name, nodes) in &self.definitions {
                let Some(fit) = fit(self.names.text(*name), own, &lower) else { continue };
                found.extend(nodes.iter().filter(fits).map(|node| (*node, fit)));
            }
        }
        let total = found.len();
        // What fits worse than enough others is not among the best: the dear part of the order is for those alone.
        found.sort_unstable_by_key(|(_, fit)| *fit);
        if let Some(worst) = found.get(count.saturating_sub(1)).map(|(_, fit)| *fit) {
            found.truncate(found.partition_point(|(_, fit)| *fit <= worst));
        }
        let key = |(node, fit): &(Node, Fit)| {
            let entity = self.entity(*node);
            let rank = entity.map_or(9, |entity| rank(entity.kind, entity.parent.is_some()));
            // What only declares comes after what defines, tests after what they test.
            let is_bare = entity.is_some_and(|entity| entity.kind.is_callable() && !entity.has_body);
            let name = self.name(*node).len();
            (*fit, self.is_test(node.file), is_bare, rank, name, self.path(*node).len(), *node)
        };
        found.sort_by_cached_key(key);
        FoundNodes { nodes: found, total }
    }

    /// Returns what a person means who names something exactly: several, when several have that name.
    pub fn named(&self, text: &str, wanted: &dyn Fn(Kind) -> bool) -> Vec<Node> {
        let found = self.at_least(text, wanted, 1);
        let best = found.nodes.first().map(|(_, fit)| *fit);
        let is_name = |fit: &Fit| Some(*fit) == best && *fit <= Fit::Case;
        let mut named: Vec<Node> =
            found.nodes.iter().take_while(|(_, fit)| is_name(fit)).map(|(node, _)| *node).collect();
        let has_body = |node: &Node| {
            self.entity(*node).is_none_or(|entity| entity.has_body || !entity.kind.is_callable())
        };
        if named.iter().any(has_body) {
            named.retain(has_body);
        }
        named
    }

    /// Answers whether what a node is part of ends with a path of names, its file's name and path included.
    fn ends_with(&self, node: Node, before: &str) -> bool {
        let Some(parent) = self.parent(node) else { return false };
        let path = self.path(node);
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem).replace('/', ".");
        let outer = if parent.is_file() { String::new() } else { self.qualified(parent) };
        let ends = |whole: &str| {
            whole.strip_suffix(before).is_some_and(|rest| rest.is_empty() || rest.ends_with(['.', '/']))
        };
        let joined = if outer.is_empty() { stem.clone() } else { format!("{stem}.{outer}") };
        ends(&outer) && !outer.is_empty() || ends(&joined) || before == path || ends(path)
    }

    /// Answers whether a file is one of tests.
    pub(crate) fn is_test(&self, place: u32) -> bool {
        self.file(place).is_some_and(|file| file.is_test)
    }
}

/// Answers whether a path is that of tests, by the customs of its language.
pub(super) fn is_of_tests(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    path.split('/').any(|part| matches!(part, "test" | "tests" | "__tests__" | "spec" | "testing"))
        || stem.starts_with("test_")
        || stem.ends_with("_test")
        || stem.ends_with("Test")
        || stem.ends_with("Tests")
        || name.contains(".test.")
        || name.contains(".spec.")
}

/// How a name fits what was asked; `lower` is that in lower case. Without a copy of the name: there are many.
fn fit(name: &str, asked: &str, lower: &str) -> Option<Fit> {
    if name == asked {
        return Some(Fit::Exact);
    }
    if name.len() < lower.len() {
        return None;
    }
    let begins =
        name.as_bytes().get(..lower.len()).is_some_and(|head| head.eq_ignore_ascii_case(lower.as_bytes()));
    if begins {
        return Some(if name.len() == lower.len() { Fit::Case } else { Fit::Prefix });
    }
    if holds_folded(name, lower) {
        return Some(Fit::Part);
    }
    // Few letters are in nearly every name.
    let starts_alike =
        || name.chars().next().map(|letter| letter.to_ascii_lowercase()) == lower.chars().next();
    if lower.chars().count() < 4 || !starts_alike() {
        return None;
    }
    let mut rest = name.chars().map(|letter| letter.to_ascii_lowercase());
    lower.chars().all(|letter| rest.any(|one| one == letter)).then_some(Fit::Letters)
}

fn rank(kind: Kind, is_member: bool) -> u8 {
    let own = match kind {
        Kind::Class
        | Kind::Struct
        | Kind::Interface
        | Kind::Trait
        | Kind::Protocol
        | Kind::Enum
        | Kind::Component
        | Kind::Function => 0,
        Kind::Method | Kind::Macro => 1,
        Kind::Type | Kind::Module => 2,
        Kind::Constant | Kind::Field | Kind::Variable => 3,
    };
    own * 2 + u8::from(is_member)
}
