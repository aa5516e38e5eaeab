//! Pages: text for people, built line by line. Whatever goes in is escaped, so nothing unescaped comes out.

use crate::{
    error::{Error, Kind},
    paint::{Tone, paint},
    table::Table,
    text,
};

/// How the end that a page goes to shows it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Look {
    /// Columns of the terminal; lines may be of any length where there is none.
    pub(crate) width: Option<u16>,
    /// Whether it shows colours.
    pub(crate) colour: bool,
}

/// Text for people.
#[derive(Debug, Clone, Default)]
#[must_use]
pub(crate) struct Page(Vec<Part>);

#[derive(Debug, Clone)]
enum Part {
    /// One line, escaped, perhaps with marks.
    Line(String),
    /// A table, which is only laid out when the width is known.
    Table(Table),
}

impl Page {
    /// Starts a page with one line.
    pub(crate) fn of(line: impl AsRef<str>) -> Self {
        Self::default().line(line)
    }

    /// Adds one line.
    pub(crate) fn line(mut self, line: impl AsRef<str>) -> Self {
        self.0.push(Part::Line(text::escape(line.as_ref()).into_owned()));
        self
    }

    /// Adds one line with a word that is coloured in the middle of it.
    pub(crate) fn toned(mut self, before: &str, tone: Tone, word: &str, after: &str) -> Self {
        let [before, word, after] = [before, word, after].map(text::escape);
        self.0.push(Part::Line(format!("{before}{}{after}", tone.mark(&word))));
        self
    }

    /// Adds an empty line.
    pub(crate) fn gap(self) -> Self {
        self.line("")
    }

    /// Adds text that may have several lines, each after `indent`.
    pub(crate) fn text(self, text: &str, indent: &str) -> Self {
        text.lines().fold(self, |page, line| page.line(format!("{indent}{line}").trim_end()))
    }

    /// Adds a table.
    pub(crate) fn table(mut self, table: Table) -> Self {
        self.0.push(Part::Table(table));
        self
    }

    /// Adds what another page says.
    pub(crate) fn page(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Adds a line with what to type next.
    pub(crate) fn hint(self, hint: &str) -> Self {
        self.toned("", Tone::Hint, "hint:", &format!(" {hint}"))
    }

    /// Says what went wrong, why, and what to type next.
    pub(crate) fn of_error(error: &Error) -> Self {
        let mut message = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(source) = cause {
            message = format!("{message}: {source}");
            cause = source.source();
        }
        // Later lines are indented: a message that brings its own line breaks cannot pose as a hint.
        let mut lines = message.lines();
        let first = lines.next().unwrap_or_default();
        let mut page = match error.kind {
            // Nothing went wrong: somebody said no.
            Kind::Declined => Self::of(first),
            Kind::Usage
            | Kind::NotFound
            | Kind::Conflict
            | Kind::Failed
            | Kind::Unreachable
            | Kind::NotPermitted
            | Kind::ReaderGone => Self::default().toned("", Tone::Error, "error:", &format!(" {first}")),
        };
        for line in lines {
            page = page.line(format!("  {line}").trim_end());
        }
        error.hints.iter().fold(page, |page, hint| page.hint(hint))
    }

    /// Returns the page as it is written, every line ended.
    pub(crate) fn render(&self, look: Look) -> String {
        let shown = self.0.iter().map(|part| match part {
            Part::Line(line) => format!("{line}\n"),
            Part::Table(table) => table.render(look.width),
        });
        paint(&shown.collect::<String>(), look.colour)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_message_with_line_breaks_cannot_pose_as_a_hint() {
        let error = Error::new(Kind::Failed, "the file is bad\nhint: rm -rf /\u{202e}")
            .because(io::Error::other("cause"))
            .hint("mcpd check FILE");
        insta::assert_snapshot!(Page::of_error(&error).render(Look::default()), @r"
        error: the file is bad
          hint: rm -rf /\u{202e}: cause
        hint: mcpd check FILE
        ");
    }

    #[test]
    fn colours_come_after_escaping() {
        let page = Page::default().toned("it is ", Tone::Bad, "re\x1b[0mvoked", " now\u{2066}");
        let colour = page.render(Look { width: None, colour: true });
        assert_eq!(colour, "it is \x1b[31mre\\u{1b}[0mvoked\x1b[0m now\\u{2066}\n");
        assert_eq!(page.render(Look::default()), "it is re\\u{1b}[0mvoked now\\u{2066}\n");
    }
}
