//! Differences that somebody looked at, by kind: who is right, and why, is in `codegraph/TRUTH.md` under the same name.

use std::{collections::HashMap, path::PathBuf};

use mcpd_codegraph::{
    Facts, Language,
    facts::{Entity, Kind},
};

use crate::Fact;

/// A kind of difference that was judged.
pub(super) struct Judged {
    pub(super) language: Language,
    /// Whether only we find it.
    pub(super) is_ours: bool,
    pub(super) right: Right,
    pub(super) name: &'static str,
    /// Told too what the other side takes it for.
    pub(super) fits: Fits,
}

/// Who is right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Right {
    We,
    Ctags,
    /// It is a matter of words or of choice.
    Both,
}

/// What stands around a difference.
pub(super) struct Context<'a> {
    texts: Vec<Vec<String>>,
    read: &'a [Option<(Language, Facts)>],
    ours: HashMap<(usize, &'a str, u32), Vec<&'a str>>,
    theirs: HashMap<(usize, &'a str, u32), Vec<&'a str>>,
}

impl<'a> Context<'a> {
    pub(super) fn new(
        files: &[PathBuf],
        read: &'a [Option<(Language, Facts)>],
        ours: &'a [Fact],
        theirs: &'a [Fact],
    ) -> Self {
        let text = |path: &PathBuf| -> Vec<String> {
            String::from_utf8_lossy(&std::fs::read(path).unwrap()).lines().map(str::to_owned).collect()
        };
        let index = |facts: &'a [Fact]| {
            let mut index: HashMap<_, Vec<&str>> = HashMap::new();
            for (file, kind, name, line) in facts {
                index.entry((*file, name.as_str(), *line)).or_default().push(kind.as_str());
            }
            index
        };
        let texts = files.iter().map(text).collect();
        Self { texts, read, ours: index(ours), theirs: index(theirs) }
    }

    /// Returns what the other side takes something of that name at that line for.
    pub(super) fn instead(&self, fact: &Fact, is_ours: bool) -> Option<&str> {
        let other = if is_ours { &self.theirs } else { &self.ours };
        other.get(&(fact.0, fact.2.as_str(), fact.3)).and_then(|kinds| kinds.first()).copied()
    }

    fn facts(&self, fact: &Fact) -> &Facts {
        &self.read[fact.0].as_ref().expect("only what was read is compared").1
    }

    /// Returns the kind of what our entity at a fact is a member of.
    fn parent(&self, fact: &Fact) -> Option<Kind> {
        let facts = self.facts(fact);
        let mut entities = facts.entities.iter();
        let own = entities.find(|one| one.line == fact.3 && facts.text(one.name) == fact.2)?;
        own.parent.map(|parent| facts.entities[parent as usize].kind)
    }

    /// Answers whether a fact stands in a function.
    fn is_local(&self, fact: &Fact) -> bool {
        let is_around = |one: &&Entity| one.kind.is_callable() && one.line < fact.3 && fact.3 <= one.end;
        self.facts(fact).entities.iter().any(|one| is_around(&one))
    }

    /// Answers whether we have a type of the name of a fact in its file.
    fn has_type(&self, fact: &Fact) -> bool {
        let facts = self.facts(fact);
        facts.entities.iter().any(|one| one.kind.is_type() && facts.text(one.name) == fact.2)
    }

    /// Answers whether the line of a fact of C shows that it is what we say.
    fn is_plain(&self, fact: &Fact) -> bool {
        let (line, name) = (self.line(fact).trim(), fact.2.as_str());
        match &*fact.1 {
            // With a type before it, else it is a macro that is called; and these are words of C++.
            "function" => {
                let is_word = matches!(name, "new" | "delete" | "operator" | "noexcept");
                !is_word && !line.starts_with(name) && line.contains(&format!("{name}("))
            }
            "macro" => line
                .trim_start_matches(['#', ' '])
                .strip_prefix("define")
                .is_some_and(|rest| rest.trim_start().starts_with(name)),
            "struct" | "enum" | "type" => line.contains(name),
            "variable" => false,
            _ => line.contains(&format!("{name};")),
        }
    }

    /// Answers whether the file of a fact has places that we could not parse.
    fn has_errors(&self, fact: &Fact) -> bool {
        self.facts(fact).errors > 0
    }

    /// Returns the line of a fact.
    pub(super) fn line(&self, fact: &Fact) -> &str {
        self.texts[fact.0].get(fact.3 as usize - 1).map_or("", String::as_str)
    }
}

pub(super) const JUDGED: &[Judged] = &[
    ours(Language::Rust, Right::We, "ctags has no constants", |context, fact, _| {
        fact.1 == "constant" && context.line(fact).contains("const ")
    }),
    ours(Language::Rust, Right::We, "ctags has no fields of variants", |context, fact, _| {
        fact.1 == "field" && context.parent(fact) == Some(Kind::Enum)
    }),
    ours(Language::Rust, Right::We, "ctags takes methods for functions", |_, fact, instead| {
        fact.1 == "method" && instead == Some("function")
    }),
    theirs(Language::Rust, Right::We, "ctags takes methods for functions", |_, fact, instead| {
        fact.1 == "function" && instead == Some("method")
    }),
    ours(Language::Rust, Right::We, "ctags loses its place", |context, fact, instead| {
        instead.is_none() && context.line(fact).contains(&format!("fn {}", fact.2))
    }),
    theirs(Language::Rust, Right::Both, "a module in a file of its own is that file", |context, fact, _| {
        fact.1 == "module" && context.line(fact).trim_end().ends_with(';')
    }),
    theirs(
        Language::Rust,
        Right::Both,
        "what is local to a function is nobody else's",
        |context, fact, _| context.is_local(fact),
    ),
    theirs(Language::Rust, Right::We, "ctags takes a lifetime for a variable", |context, fact, _| {
        fact.1 == "constant" && context.line(fact).contains(&format!("'static {}", fact.2))
    }),
    ours(Language::C, Right::Both, "a type without a tag has the name of its typedef", |_, fact, instead| {
        matches!(&*fact.1, "struct" | "enum") && instead == Some("type")
    }),
    theirs(
        Language::C,
        Right::Both,
        "a type without a tag has the name of its typedef",
        |_, fact, instead| fact.1 == "type" && matches!(instead, Some("struct" | "enum")),
    ),
    theirs(
        Language::C,
        Right::Both,
        "a typedef of the name of its tag says nothing new",
        |context, fact, _| fact.1 == "type" && context.has_type(fact),
    ),
    theirs(Language::C, Right::Both, "what is local to a function is nobody else's", |context, fact, _| {
        context.is_local(fact)
    }),
    ours(Language::C, Right::We, "ctags misses what stands among macros", |context, fact, instead| {
        instead.is_none() && context.is_plain(fact)
    }),
    ours(Language::C, Right::Ctags, "macros that stand for syntax mislead us", |context, fact, _| {
        context.has_errors(fact)
    }),
    theirs(Language::C, Right::Ctags, "macros that stand for syntax mislead us", |context, fact, _| {
        context.has_errors(fact)
    }),
    ours(
        Language::C,
        Right::We,
        "ctags misses what a macro or a specifier stands before",
        |context, fact, instead| {
            matches!(&*fact.1, "field" | "variable") && instead.is_none() && !context.has_errors(fact)
        },
    ),
    theirs(Language::C, Right::We, "a macro that is called is no prototype", |context, fact, instead| {
        instead.is_none() && context.line(fact).trim().starts_with(&format!("{}(", fact.2))
    }),
    ours(Language::Go, Right::We, "ctags does not know type parameters", |_, fact, instead| {
        fact.1 == "struct" && instead == Some("type")
    }),
    theirs(Language::Go, Right::We, "ctags does not know type parameters", |_, fact, instead| {
        fact.1 == "type" && instead == Some("struct")
    }),
    ours(Language::Go, Right::We, "ctags does not know type parameters", |context, fact, instead| {
        fact.1 == "field" && instead.is_none() && context.parent(fact) == Some(Kind::Struct)
    }),
    ours(Language::Go, Right::We, "ctags has no types of functions", |context, fact, _| {
        fact.1 == "struct" && context.is_local(fact)
    }),
    theirs(Language::Go, Right::We, "a blank is no name", |_, fact, _| fact.2 == "_"),
    ours(Language::Java, Right::We, "ctags does not read types without a name", |context, fact, instead| {
        matches!(&*fact.1, "function" | "method") && instead.is_none() && context.line(fact).contains(&fact.2)
    }),
    ours(Language::TypeScript, Right::Both, "a constant that holds a function is one", |_, fact, instead| {
        fact.1 == "function" && instead == Some("constant") || fact.1 == "method" && instead == Some("field")
    }),
    theirs(
        Language::TypeScript,
        Right::Both,
        "a constant that holds a function is one",
        |_, fact, instead| {
            fact.1 == "constant" && instead == Some("function")
                || fact.1 == "field" && instead == Some("method")
        },
    ),
    ours(Language::TypeScript, Right::Both, "a constant is in capitals by custom", |_, fact, instead| {
        fact.1 == "variable" && instead == Some("constant")
    }),
    theirs(Language::TypeScript, Right::Both, "a constant is in capitals by custom", |_, fact, instead| {
        fact.1 == "constant" && instead == Some("variable")
    }),
    theirs(
        Language::TypeScript,
        Right::Both,
        "what is local to a function is nobody else's",
        |context, fact, _| context.is_local(fact),
    ),
    ours(Language::TypeScript, Right::We, "ctags loses its place", |context, fact, instead| {
        instead.is_none() && context.line(fact).contains(&fact.2)
    }),
];

type Fits = fn(&Context<'_>, &Fact, Option<&str>) -> bool;

const fn ours(language: Language, right: Right, name: &'static str, fits: Fits) -> Judged {
    Judged { language, is_ours: true, right, name, fits }
}

const fn theirs(language: Language, right: Right, name: &'static str, fits: Fits) -> Judged {
    Judged { language, is_ours: false, right, name, fits }
}
