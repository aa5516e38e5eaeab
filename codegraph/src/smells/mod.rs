//! What is likely to cost whoever changes the code: one ordered table of detectors, a file for each noun. They look at
//! the graph alone, pass over tests and generated code, and name what they find by texts that hold no line number, so
//! that it is the same thing after code has moved.

mod circular;
mod classes;
mod clones;
mod dead;
mod functions;
mod looked;

pub use looked::Thresholds;

use crate::{Graph, Node};
use looked::Looked;

/// Most smells that are told of one graph.
const MOST: usize = 20_000;
/// Other nodes named of one smell.
const OTHERS: usize = 50;

/// What may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SmellKind {
    /// Files import each other in a circle.
    CircularDependency,
    /// A type does too much, and too much of others.
    GodClass,
    /// A type or file uses too many others.
    TightCoupling,
    /// Functions are copies of each other, but for names.
    DuplicateCode,
    /// A function is too long.
    LongFunction,
    /// A function has too many ways through it.
    HighComplexity,
    /// Decisions and loops stand too deep in one another.
    DeepNesting,
    /// A function takes too much.
    LongParameterList,
    /// Nothing uses it.
    DeadCode,
}

impl SmellKind {
    /// Every kind, in the order of the table.
    pub const ALL: [Self; 9] = [
        Self::CircularDependency,
        Self::GodClass,
        Self::TightCoupling,
        Self::DuplicateCode,
        Self::LongFunction,
        Self::HighComplexity,
        Self::DeepNesting,
        Self::LongParameterList,
        Self::DeadCode,
    ];

    /// Returns the word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CircularDependency => "circular_dependency",
            Self::GodClass => "god_class",
            Self::TightCoupling => "tight_coupling",
            Self::DuplicateCode => "duplicate_code",
            Self::LongFunction => "long_function",
            Self::HighComplexity => "high_complexity",
            Self::DeepNesting => "deep_nesting",
            Self::LongParameterList => "long_parameter_list",
            Self::DeadCode => "dead_code",
        }
    }

    /// Returns the kind of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Answers whether its file alone tells it: another that is not known changes nothing.
    pub fn is_local(self) -> bool {
        match self {
            Self::LongFunction | Self::HighComplexity | Self::DeepNesting | Self::LongParameterList => true,
            Self::CircularDependency
            | Self::GodClass
            | Self::TightCoupling
            | Self::DuplicateCode
            | Self::DeadCode => false,
        }
    }

    /// Returns what finds it.
    fn detector(self) -> Detector {
        match self {
            Self::CircularDependency => circular::circles,
            Self::GodClass => classes::gods,
            Self::TightCoupling => classes::couplings,
            Self::DuplicateCode => clones::duplicates,
            Self::LongFunction => functions::long,
            Self::HighComplexity => functions::complex,
            Self::DeepNesting => functions::nested,
            Self::LongParameterList => functions::greedy,
            Self::DeadCode => dead::unused,
        }
    }
}

/// What finds one kind.
type Detector = fn(&Looked<'_>) -> Vec<Smell>;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the words themselves")]
pub enum Severity {
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Medium, Self::Low];

    /// Returns the word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Returns the severity of that word.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == word)
    }

    /// Returns how bad it is that a measure is so far beyond its limit: 1.5 times is medium, twice high, three times
    /// critical.
    pub fn of(value: u32, limit: u32) -> Self {
        let (value, limit) = (u64::from(value), u64::from(limit.max(1)));
        if value >= 3 * limit {
            Self::Critical
        } else if value >= 2 * limit {
            Self::High
        } else if 2 * value >= 3 * limit {
            Self::Medium
        } else {
            Self::Low
        }
    }
}

/// Something measured, and how much of it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measure {
    /// What, with its unit.
    pub name: &'static str,
    /// How much there is.
    pub value: u32,
    /// The threshold.
    pub limit: u32,
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Smell {
    /// What it is.
    pub kind: SmellKind,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is.
    pub node: Node,
    /// What else is part of it.
    pub others: Vec<Node>,
    /// Names it among those of its kind: the same as long as what it is about keeps its name and place.
    pub key: String,
    /// What was measured; the first decided.
    pub measures: Vec<Measure>,
    /// How sure it is, in hundredths.
    pub confidence: u8,
    /// What is wrong, in one line.
    pub title: String,
    /// What to do about it.
    pub suggestion: &'static str,
}

/// What was found in a graph.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Smells {
    /// The worst first.
    pub found: Vec<Smell>,
    /// Whether there is more than is told.
    pub cut: bool,
}

impl Graph {
    /// Finds smells of some kinds.
    pub fn smells(&self, thresholds: &Thresholds, kinds: &[SmellKind]) -> Smells {
        let looked = Looked::new(self, thresholds);
        let mut found: Vec<Smell> = Vec::new();
        for kind in SmellKind::ALL.into_iter().filter(|kind| kinds.contains(kind)) {
            found.extend(kind.detector()(&looked));
        }
        let order = |smell: &Smell| (std::cmp::Reverse(smell.severity), smell.kind, smell.key.clone());
        found.sort_by_cached_key(order);
        // Two of one name are one for whoever keeps them.
        found.dedup_by(|later, first| later.kind == first.kind && later.key == first.key);
        let cut = found.len() > MOST;
        found.truncate(MOST);
        Smells { found, cut }
    }
}

/// Returns the first of many nodes.
fn some(nodes: impl IntoIterator<Item = Node>) -> Vec<Node> {
    nodes.into_iter().take(OTHERS).collect()
}

#[cfg(test)]
mod tests;
