//! Calls in the arguments of macros, of which the parser makes no more than tokens: a name before `(` is called, one
//! before `!` is a macro, unless what stands around says that something is defined or matched.

use tree_sitter::Node;

use crate::{extract::Visit, facts::Relation};

/// Words before `(` that call nothing; the parser takes them for names here.
const WORDS: [&str; 10] = ["in", "else", "move", "dyn", "ref", "extern", "yield", "Fn", "FnMut", "FnOnce"];

/// Reads the tokens of a macro's arguments; a stack, since they may nest as deep as a stranger likes.
pub(super) fn read(visit: &mut Visit<'_>, arguments: Node<'_>) {
    let mut open = vec![arguments];
    let mut cursor = arguments.walk();
    while let Some(tree) = open.pop() {
        let first = open.len();
        let mut so_far = SoFar::default();
        let mut tokens = tree.children(&mut cursor).peekable();
        while let Some(token) = tokens.next() {
            if token.kind() != "token_tree" {
                so_far.token(visit, token);
            } else if so_far.tree(visit, token, tokens.peek()) {
                open.push(token);
            }
        }
        // The next one to be read is the first one written.
        open[first..].reverse();
    }
}

/// What the token before was.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Last {
    /// The last name of a path.
    Name,
    /// What joins names: `.`, `::`.
    Joint,
    /// `!` behind a name.
    Bang,
    /// `>`, which may end `<T as Trait>`.
    Angle,
    /// What makes a name that follows one that is not called: `fn`, `struct`, `#`.
    Mark,
    #[default]
    Other,
}

/// What has been read of one list of tokens, as far as it matters for what follows.
#[derive(Default)]
struct SoFar<'n> {
    last: Last,
    /// The names that stand joined right before.
    path: Vec<Node<'n>>,
    /// Whether something without a name stands before the path: `f().`, `x?.`.
    of_value: bool,
    /// Whether a `.` is in the path, which no pattern has.
    has_dot: bool,
    /// Angles open in `::<…>`.
    angles: usize,
    /// Whether what stands here is computed, not matched: behind `=`, `=>` and `if`.
    computes: bool,
}

impl<'n> SoFar<'n> {
    fn token(&mut self, visit: &Visit<'_>, token: Node<'n>) {
        let kind = token.kind();
        if self.angles > 0 {
            self.in_angles(kind);
            return;
        }
        match kind {
            "=" | "=>" | "if" => self.computes = true,
            "let" | "," | ";" => self.computes = false,
            _ => {}
        }
        self.last = match (kind, self.last) {
            ("identifier", _) if WORDS.contains(&&*visit.short_text(token)) => Last::Other,
            ("identifier" | "self" | "super" | "crate" | "primitive_type", last) => {
                if last != Last::Joint {
                    self.begin(false);
                }
                self.path.push(token);
                if last == Last::Mark { Last::Other } else { Last::Name }
            }
            ("integer_literal", Last::Joint) => {
                self.path.push(token);
                Last::Name
            }
            ("." | "::", last) => {
                if last != Last::Name {
                    self.begin(kind == "." || last == Last::Angle);
                }
                self.has_dot |= kind == ".";
                Last::Joint
            }
            ("<", Last::Joint) => {
                self.angles = 1;
                Last::Joint
            }
            ("!", Last::Name) => Last::Bang,
            (">", _) => Last::Angle,
            ("fn" | "struct" | "#", _) | ("!", Last::Mark) => Last::Mark,
            _ => Last::Other,
        };
    }

    /// Notes what is called with the tree that follows. Answers whether there may be calls in it.
    fn tree(&mut self, visit: &mut Visit<'_>, tree: Node<'n>, next: Option<&Node<'n>>) -> bool {
        let bracket = tree.child(0).map_or("", |bracket| bracket.kind());
        let is_matched = bracket == "("
            && !(self.computes || self.has_dot || self.of_value)
            && next.is_some_and(|next| matches!(next.kind(), "=" | "=>" | "if"));
        let last = std::mem::replace(&mut self.last, Last::Other);
        // The name is taken off the path: what is before it is what has it.
        let calls = last == Last::Bang || last == Last::Name && bracket == "(" && !is_matched;
        if calls && let Some(name) = self.path.pop() {
            match self.path[..] {
                _ if self.of_value => {
                    visit.refer_behind(Relation::Calls, "()", &visit.text(name), line_of(name))
                }
                [] => visit.refer(Relation::Calls, name),
                [object] => visit.refer_member(Relation::Calls, object, name),
                [..] => {
                    let before: Vec<_> = self.path.iter().map(|part| visit.text(*part)).collect();
                    visit.refer_behind(Relation::Calls, &before.join("."), &visit.text(name), line_of(name));
                }
            }
        }
        self.begin(false);
        if bracket == "{" {
            self.computes = false;
        }
        // What stands behind `#` is an attribute.
        !is_matched && last != Last::Mark
    }

    /// Begins a path.
    fn begin(&mut self, of_value: bool) {
        self.path.clear();
        self.of_value = of_value;
        self.has_dot = false;
    }

    /// Skips what stands in `::<…>`; the path goes on behind it.
    fn in_angles(&mut self, kind: &str) {
        match kind {
            "<" => self.angles += 1,
            ">" => self.angles -= 1,
            ">>" => self.angles = self.angles.saturating_sub(2),
            _ => {}
        }
        if self.angles == 0 {
            self.last = Last::Name;
        }
    }
}

fn line_of(node: Node<'_>) -> u32 {
    node.start_position().row as u32 + 1
}
