//! Reads the text of a `.env` file: names and values, and which lines are neither.

use std::collections::{HashMap, hash_map::Entry};

/// A file's variables, and what could not be read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Variables {
    /// Name and value in the order of the file; a later one of a name counts.
    all: Vec<(String, String)>,
    /// Where in it each name is.
    index: HashMap<String, usize>,
    /// Numbers of lines that are no variable and no comment.
    pub(super) unreadable: Vec<usize>,
}

impl Variables {
    /// Parses a file. Any text can be parsed; what makes no sense is reported by its line.
    pub(super) fn parse(text: &str) -> Self {
        let mut variables = Self::default();
        let mut cursor = Cursor { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 };
        while !cursor.rest.is_empty() {
            let line = cursor.line;
            match cursor.statement() {
                Statement::Nothing => {}
                Statement::Set(name, value) => variables.set(name, value),
                Statement::Unreadable => variables.unreadable.push(line),
            }
        }
        variables
    }

    fn set(&mut self, name: String, value: String) {
        match self.index.entry(name) {
            Entry::Occupied(known) => self.all[*known.get()].1 = value,
            Entry::Vacant(new) => {
                self.all.push((new.key().clone(), value));
                new.insert(self.all.len() - 1);
            }
        }
    }

    /// Returns a variable, its name as it stands here and its value; an empty value counts as not set.
    pub(super) fn get(&self, name: &str) -> Option<(&str, Option<&str>)> {
        let (name, value) = self.all.get(*self.index.get(name)?)?;
        Some((name, Some(value.trim()).filter(|value| !value.is_empty())))
    }

    /// Returns all names in the order of the file.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.all.iter().map(|(name, _)| name.as_str())
    }
}

enum Statement {
    Nothing,
    Set(String, String),
    Unreadable,
}

/// A place in the file.
struct Cursor<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Cursor<'a> {
    /// Reads one statement: a line, or several where a quoted value goes on.
    fn statement(&mut self) -> Statement {
        let head = self.peek_line();
        let trimmed = head.trim_start();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            self.skip_line();
            return Statement::Nothing;
        }
        let declared = trimmed.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t']));
        let declared = declared.map_or(trimmed, str::trim_start);
        let Some((name, value)) = declared.split_once('=').filter(|(name, _)| is_name(name.trim_end()))
        else {
            self.skip_line();
            return Statement::Unreadable;
        };
        let name = name.trim_end().to_owned();
        let value = value.trim_start_matches([' ', '\t']);
        self.advance(head.len() - value.len());
        match self.value() {
            Some(value) => Statement::Set(name, value),
            None => Statement::Unreadable,
        }
    }

    /// Reads a value and what is left of its line.
    fn value(&mut self) -> Option<String> {
        let value = match self.rest.chars().next() {
            Some('\'') => self.single_quoted(),
            Some('"') => self.double_quoted(),
            Some(_) | None => return Some(self.plain()),
        };
        // A quote that nobody closes would swallow the file: only its first line is given up.
        let tail = self.skip_line().trim_start();
        value.filter(|_| tail.is_empty() || tail.starts_with('#'))
    }

    /// Reads up to a comment, which needs a blank before it, or the line's end.
    fn plain(&mut self) -> String {
        let line = self.skip_line();
        let comment = line
            .char_indices()
            .find(|(at, char)| *char == '#' && (*at == 0 || line[..*at].ends_with([' ', '\t'])));
        line[..comment.map_or(line.len(), |(at, _)| at)].trim_end().to_owned()
    }

    fn single_quoted(&mut self) -> Option<String> {
        let inside = &self.rest[1..];
        let end = inside.find('\'')?;
        self.advance(end + 2);
        Some(inside[..end].to_owned())
    }

    fn double_quoted(&mut self) -> Option<String> {
        let inside = &self.rest[1..];
        let mut value = String::new();
        let mut chars = inside.char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                '"' => {
                    self.advance(at + 2);
                    return Some(value);
                }
                '\\' => match chars.next()?.1 {
                    'n' => value.push('\n'),
                    'r' => value.push('\r'),
                    't' => value.push('\t'),
                    // A line that goes on.
                    '\n' => {}
                    other @ ('"' | '\\' | '$' | '`') => value.push(other),
                    other => value.extend(['\\', other]),
                },
                other => value.push(other),
            }
        }
        None
    }

    fn peek_line(&self) -> &'a str {
        self.rest.split('\n').next().unwrap_or_default()
    }

    /// Goes past the end of the line and returns what was left of it.
    fn skip_line(&mut self) -> &'a str {
        let line = self.peek_line();
        self.advance((line.len() + 1).min(self.rest.len()));
        line.strip_suffix('\r').unwrap_or(line)
    }

    fn advance(&mut self, bytes: usize) {
        let (gone, rest) = self.rest.split_at(bytes);
        self.line += gone.matches('\n').count();
        self.rest = rest;
    }
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && chars.all(|char| char.is_ascii_alphanumeric() || char == '_' || char == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_reads(text: &str, expected: &[(&str, &str)], unreadable: &[usize]) {
        let variables = Variables::parse(text);
        let all: Vec<_> = variables.all.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!((all.as_slice(), variables.unreadable.as_slice()), (expected, unreadable), "{text:?}");
    }

    #[test]
    fn what_people_write_is_read() {
        assert_reads("A=1\nB = two words  \n", &[("A", "1"), ("B", "two words")], &[]);
        assert_reads("# c\n\n  # c\nexport A=1\nexport\tB=2\n", &[("A", "1"), ("B", "2")], &[]);
        assert_reads("exported=1", &[("exported", "1")], &[]);
        assert_reads("A='one # two'\nB=\"one # two\" # c\n", &[("A", "one # two"), ("B", "one # two")], &[]);
        assert_reads("A=a#b # c\nB=# c\nC=\n", &[("A", "a#b"), ("B", ""), ("C", "")], &[]);
        assert_reads(r#"A="a\"b\\c\nd\x""#, &[("A", "a\"b\\c\nd\\x")], &[]);
        assert_reads("A=\"one\ntwo\"\nB=3", &[("A", "one\ntwo"), ("B", "3")], &[]);
        assert_reads("A=1\r\nB='2'\r\n", &[("A", "1"), ("B", "2")], &[]);
        assert_reads("\u{feff}A=1\nB=2\nA=3", &[("A", "3"), ("B", "2")], &[]);
    }

    #[test]
    fn many_names_take_no_time() {
        let text: String = (0..100_000).map(|number| format!("A{number}=1\n")).collect();
        let begin = std::time::Instant::now();
        assert_eq!(Variables::parse(&text).names().count(), 100_000);
        assert!(begin.elapsed().as_secs() < 10);
    }

    #[test]
    fn what_makes_no_sense_is_reported_by_its_line() {
        assert_reads("A\n=1\n1A=1\nB C=1\nD=1", &[("D", "1")], &[1, 2, 3, 4]);
        assert_reads("A='open\nB=1", &[("B", "1")], &[1]);
        assert_reads("A=\"open\nB=1", &[("B", "1")], &[1]);
        assert_reads("A='x' y\nB=1", &[("B", "1")], &[1]);
        assert_reads("A=\"x\ny\" z\nB=1\nC", &[("B", "1")], &[1, 4]);
        assert_reads("A=\"x\\", &[], &[1]);
    }
}
