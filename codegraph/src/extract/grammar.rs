//! What a language says about its syntax: which kinds of nodes mean something, and what.

use tree_sitter::Node;

use super::Visit;

/// What to do where a node of a kind begins.
pub(crate) type Handler = for<'t, 'n> fn(&mut Visit<'t>, Node<'n>);

/// One language.
pub(crate) struct Grammar {
    /// The parser's tables.
    pub(crate) language: fn() -> tree_sitter::Language,
    /// What nodes mean, by their kind.
    pub(crate) handlers: &'static [(&'static str, Handler)],
    /// Kinds of nodes that decide and nest: conditions, loops, handlers of errors, arms.
    pub(crate) branches: &'static [&'static str],
    /// Kinds that decide and do not nest, operators such as `&&` among them; written as the grammar has them.
    pub(crate) decisions: &'static [&'static str],
    /// Kinds of comments.
    pub(crate) comments: &'static [&'static str],
    /// Kinds that may stand between a comment and what it is about.
    pub(crate) between: &'static [&'static str],
    /// Kinds of names and of literals, alike for who looks for clones.
    pub(crate) alike: &'static [&'static str],
    /// Whether the tokens below a node of this kind are left out: strings with parts.
    pub(crate) whole: &'static [&'static str],
    /// How its files find each other.
    pub(crate) modules: Modules,
    /// Whether a member is known by its name alone within its type.
    pub(crate) silent_self: bool,
}

/// How the files of a language name each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Modules {
    /// `a.b.c` is a path of folders and a file; leading dots climb (Python).
    Dotted,
    /// `./a/b` is a path beside the file, its ending left out (JavaScript and its kin).
    Relative,
    /// `crate.a.b`, `self.a`, `super.a`, or another crate (Rust).
    Crate,
    /// A path whose end is a folder; all its files are one (Go).
    Folder,
    /// A package and a name in it; files of one package see each other (Java, Kotlin, C#, PHP).
    Package,
    /// A file that is included; what it defines is known by its name alone (C, C++).
    Include,
    /// Everything of the project is known everywhere (Swift, Ruby).
    Project,
}

#[derive(Clone, Copy, Default)]
pub(super) struct Meaning {
    pub(super) handler: Option<Handler>,
    pub(super) branch: bool,
    pub(super) decision: bool,
    pub(super) comment: bool,
    pub(super) between: bool,
    pub(super) alike: bool,
    pub(super) whole: bool,
}

/// A grammar with its words turned into the numbers of its parser.
pub(crate) struct Compiled {
    meanings: Vec<Meaning>,
    /// Hash of each kind of token.
    hashes: Vec<u32>,
}

impl Compiled {
    pub(super) fn new(grammar: &Grammar, language: &tree_sitter::Language) -> Self {
        let count = language.node_kind_count();
        let mut meanings = vec![Meaning::default(); count];
        let mut hashes = Vec::with_capacity(count);
        // By the word of each number rather than the number of each word: several numbers may share a word.
        for (id, meaning) in meanings.iter_mut().enumerate() {
            let id = id as u16;
            let word = language.node_kind_for_id(id).unwrap_or_default();
            hashes.push(super::measure::hash(word.as_bytes()));
            let named = language.node_kind_is_named(id);
            let handler = grammar.handlers.iter().find(|(kind, _)| named && *kind == word);
            *meaning = Meaning {
                handler: handler.map(|(_, handler)| *handler),
                branch: named && grammar.branches.contains(&word),
                decision: grammar.decisions.contains(&word),
                comment: named && grammar.comments.contains(&word),
                between: named && grammar.between.contains(&word),
                alike: named && grammar.alike.contains(&word),
                whole: named && grammar.whole.contains(&word),
            };
        }
        Self { meanings, hashes }
    }

    pub(super) fn meaning(&self, kind: u16) -> Meaning {
        self.meanings.get(kind as usize).copied().unwrap_or_default()
    }

    pub(super) fn hash(&self, kind: u16) -> u32 {
        self.hashes.get(kind as usize).copied().unwrap_or_default()
    }
}
