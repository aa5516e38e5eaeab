//! From the text of one file to its facts: one walk over its syntax tree, in which the grammar of the language says what
//! each kind of node means.

mod grammar;
mod measure;
mod path;
mod visit;

use std::{
    collections::HashMap,
    ops::ControlFlow,
    time::{Duration, Instant},
};

use thiserror::Error;
use tree_sitter::{ParseOptions, ParseState, Tree};

pub(crate) use grammar::{Grammar, Handler, Modules};
pub(crate) use measure::hash as word_hash;
pub use measure::likeness;
pub(crate) use visit::{Def, MOST_MENTIONS, Visit};

use crate::{Facts, Language, languages};
use grammar::Compiled;

/// Longest line on average of a file that a person wrote, in bytes; beyond it is a bundle or data.
const LONG_LINES: usize = 2_000;
/// Smallest file that is judged by its lines.
const JUDGED: usize = 32 << 10;

/// Why a file has no facts.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    /// Somebody said stop.
    #[error("stopped")]
    Stopped,
    /// It took too long.
    #[error("it took longer than {} s to parse", .0.as_secs())]
    TooLong(Duration),
    /// It holds zero bytes.
    #[error("it is no text")]
    Binary,
    /// Its lines are so long that nobody wrote it.
    #[error("it is minified or generated: its lines have {0} bytes on average")]
    Minified(usize),
    /// The grammar does not load.
    #[error("the grammar of {} does not load", .0.as_str())]
    Grammar(Language),
}

/// Reads files. One of them serves one thread.
#[derive(Default)]
pub struct Extractor {
    parsers: HashMap<Language, (tree_sitter::Parser, Compiled)>,
}

/// How long one file may take, and who may say stop.
#[derive(Clone, Copy)]
pub struct Patience<'a> {
    /// Time for one file.
    pub file: Duration,
    /// Asked now and then; `true` ends it.
    pub stop: &'a (dyn Fn() -> bool + Sync),
}

impl Patience<'_> {
    /// Waits as long as it takes.
    pub const ENDLESS: Patience<'static> = Patience { file: Duration::MAX, stop: &|| false };
}

/// The patience with one file, and since when it has been tried.
#[derive(Clone, Copy)]
pub(crate) struct Clock<'a> {
    patience: Patience<'a>,
    began: Instant,
}

impl<'a> Clock<'a> {
    fn start(patience: Patience<'a>) -> Self {
        Self { patience, began: Instant::now() }
    }

    /// Refuses to go on when there is no patience left.
    fn check(self) -> Result<(), Unread> {
        if (self.patience.stop)() {
            return Err(Unread::Stopped);
        }
        if self.began.elapsed() > self.patience.file {
            return Err(Unread::TooLong(self.patience.file));
        }
        Ok(())
    }
}

impl Extractor {
    /// Returns what a file says. `path` gives its name to what a language names after its file.
    pub fn read(
        &mut self,
        language: Language,
        path: &str,
        text: &[u8],
        patience: Patience<'_>,
    ) -> Result<Facts, Unread> {
        check_text(text)?;
        let language = language.refined(path, text);
        let clock = Clock::start(patience);
        let mut visit = Visit::new(path, text);
        if language == Language::Vue {
            languages::vue::read(self, &mut visit, clock)?;
        } else {
            self.walk(language, &mut visit, &[], clock)?;
        }
        Ok(visit.finish())
    }

    /// Parses a file and does nothing with it: what everything else is measured against.
    pub fn parse_only(&mut self, language: Language, path: &str, text: &[u8]) -> Result<(), Unread> {
        check_text(text)?;
        let language = language.refined(path, text);
        self.parse(language, text, &[], Clock::start(Patience::ENDLESS)).map(drop)
    }

    /// Walks the parts of a text that are of one language, all of it when `ranges` is empty.
    pub(crate) fn walk(
        &mut self,
        language: Language,
        visit: &mut Visit<'_>,
        ranges: &[tree_sitter::Range],
        clock: Clock<'_>,
    ) -> Result<(), Unread> {
        let tree = self.parse(language, visit.source(), ranges, clock)?;
        self.show(language, visit, &tree)
    }

    /// Walks a tree that is there.
    pub(crate) fn show(
        &mut self,
        language: Language,
        visit: &mut Visit<'_>,
        tree: &Tree,
    ) -> Result<(), Unread> {
        let (_, compiled) = self.parser(language)?;
        visit.tree(tree, compiled);
        Ok(())
    }

    /// Parses parts of a text.
    pub(crate) fn parse(
        &mut self,
        language: Language,
        text: &[u8],
        ranges: &[tree_sitter::Range],
        clock: Clock<'_>,
    ) -> Result<Tree, Unread> {
        let (parser, _) = self.parser(language)?;
        parser.reset();
        parser.set_included_ranges(ranges).map_err(|_| Unread::Grammar(language))?;
        let mut why = Unread::Grammar(language);
        let mut watch = |_: &ParseState| match clock.check() {
            Ok(()) => ControlFlow::Continue(()),
            Err(unread) => {
                why = unread;
                ControlFlow::Break(())
            }
        };
        let options = ParseOptions::new().progress_callback(&mut watch);
        let tree =
            parser.parse_with_options(&mut |at, _| text.get(at..).unwrap_or_default(), None, Some(options));
        tree.ok_or(why)
    }

    fn parser(&mut self, language: Language) -> Result<&mut (tree_sitter::Parser, Compiled), Unread> {
        use std::collections::hash_map::Entry;
        Ok(match self.parsers.entry(language) {
            Entry::Occupied(there) => there.into_mut(),
            Entry::Vacant(free) => {
                let grammar = languages::grammar(language);
                let parsed_by = (grammar.language)();
                let mut parser = tree_sitter::Parser::new();
                parser.set_language(&parsed_by).map_err(|_| Unread::Grammar(language))?;
                free.insert((parser, Compiled::new(grammar, &parsed_by)))
            }
        })
    }
}

fn check_text(text: &[u8]) -> Result<(), Unread> {
    if text.contains(&0) {
        return Err(Unread::Binary);
    }
    if text.len() > JUDGED {
        let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
        if text.len() / lines > LONG_LINES {
            return Err(Unread::Minified(text.len() / lines));
        }
    }
    Ok(())
}
