//! The only way out: pages of escaped lines and plain tables for people, JSON for programs.

use std::{
    fmt::{self, Display, Formatter},
    io::{self, Write},
};

use comfy_table::{CellAlignment, presets};
use serde::Serialize;

use crate::{
    error::{Ended, Error, Kind},
    text,
};

/// How replies are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: the daemon's reply as pretty JSON.
    Json,
}

/// Where the program's words go.
pub struct Output {
    stdout: Box<dyn Write>,
    stderr: Box<dyn Write>,
    /// How replies are shown.
    pub(crate) format: Format,
}

impl Output {
    /// Makes an output that writes to the two given ends.
    pub fn new(stdout: Box<dyn Write>, stderr: Box<dyn Write>) -> Self {
        Self { stdout, stderr, format: Format::Text }
    }

    /// Makes an output that writes to the process's own ends.
    pub fn standard() -> Self {
        Self::new(Box::new(io::stdout()), Box::new(io::stderr()))
    }

    /// Shows a reply on stdout: as JSON, or as the page `text` makes of it.
    pub(crate) fn show<R: Serialize>(
        &mut self,
        reply: &R,
        text: impl FnOnce(&R) -> Page,
    ) -> Result<(), Error> {
        match self.format {
            Format::Json => self.json(reply),
            Format::Text => self.page(&text(reply)),
        }
    }

    /// Shows JSON on stdout.
    pub(crate) fn json<R: Serialize>(&mut self, reply: &R) -> Result<(), Error> {
        let json = serde_json::to_string_pretty(reply).map_err(|error| {
            Error::new(Kind::Failed, "the reply could not be written as JSON").because(error)
        })?;
        self.bytes(format!("{}\n", text::escape_json(&json)).as_bytes())
    }

    /// Shows a page on stdout.
    pub(crate) fn page(&mut self, page: &Page) -> Result<(), Error> {
        self.bytes(page.0.as_bytes())
    }

    /// Writes to stdout what this program itself made: completions, manuals.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stdout.write_all(bytes)?;
        Ok(self.stdout.flush()?)
    }

    /// Shows a page on stderr, for people only; programs asked for JSON and get nothing here.
    pub(crate) fn note(&mut self, page: &Page) {
        match self.format {
            Format::Json => {}
            Format::Text => self.aside(page),
        }
    }

    /// Shows an error with its causes and hints on stderr.
    pub(crate) fn complain(&mut self, error: &Error) {
        if error.kind != Kind::ReaderGone {
            self.aside(&Page::of_error(error));
        }
    }

    /// Shows what the command line parser has to say: help and version on stdout, complaints on stderr.
    pub(crate) fn parser_said(&mut self, answer: &clap::Error) -> Result<Ended, Error> {
        let page = Page::default().text(&answer.render().to_string(), "");
        if answer.use_stderr() {
            self.aside(&page);
            return Err(Error::new(Kind::Usage, "wrong usage"));
        }
        self.page(&page).map(|()| Ended::Done)
    }

    /// Writes to stderr. When that fails there is nobody left to tell.
    fn aside(&mut self, page: &Page) {
        let _ = self.stderr.write_all(page.0.as_bytes()).and_then(|()| self.stderr.flush());
    }
}

/// Text for people, built line by line. Whatever goes in is escaped, so nothing unescaped comes out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub(crate) struct Page(String);

impl Page {
    /// Starts a page with one line.
    pub(crate) fn of(line: impl AsRef<str>) -> Self {
        Self::default().line(line)
    }

    /// Adds one line.
    pub(crate) fn line(mut self, line: impl AsRef<str>) -> Self {
        self.0.push_str(&text::escape(line.as_ref()));
        self.0.push('\n');
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

    /// Adds a table; it ends its own lines.
    pub(crate) fn table(mut self, table: Table) -> Self {
        self.0.push_str(&table.to_string());
        self
    }

    /// Says what went wrong, why, and what to type next.
    fn of_error(error: &Error) -> Self {
        let mut message = format!("error: {error}");
        let mut cause = std::error::Error::source(error);
        while let Some(source) = cause {
            message = format!("{message}: {source}");
            cause = source.source();
        }
        // Later lines are indented: a message that brings its own line breaks cannot pose as a hint.
        let mut lines = message.lines();
        let mut page = Self::of(lines.next().unwrap_or_default());
        for line in lines {
            page = page.line(format!("  {line}").trim_end());
        }
        error.hints.iter().fold(page, |page, hint| page.line(format!("hint: {hint}")))
    }
}

/// A table without borders; cells are escaped on the way in.
pub(crate) struct Table(comfy_table::Table);

impl Table {
    /// Makes a table with a line of headings.
    pub(crate) fn new<const N: usize>(headings: [&str; N]) -> Self {
        let mut table = Self::bare();
        table.0.set_header(headings);
        table
    }

    /// Makes a table of names and values without headings.
    pub(crate) fn fields<const N: usize>(fields: [(&str, String); N]) -> Self {
        fields.into_iter().fold(Self::bare(), |table, (name, value)| table.row([name.to_owned(), value]))
    }

    fn bare() -> Self {
        let mut table = comfy_table::Table::new();
        table.load_preset(presets::NOTHING);
        Self(table)
    }

    /// Adds a row.
    pub(crate) fn row<const N: usize>(mut self, cells: [String; N]) -> Self {
        self.0.add_row(cells.map(|cell| text::escape(&cell).into_owned()));
        self
    }

    /// Aligns the numbered columns to the right, as figures stand.
    pub(crate) fn figures(mut self, columns: &[usize]) -> Self {
        for column in self.0.column_iter_mut() {
            if columns.contains(&column.index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        self
    }
}

impl Display for Table {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut table = self.0.clone();
        for column in table.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table.trim_fmt().lines().try_for_each(|line| writeln!(formatter, "{}", line.trim_end()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_their_headings_and_cells_cannot_break_out() {
        let table = Table::new(["NAME", "CALLS"])
            .row(["会话".into(), "7".into()])
            .row(["evil\x1b[2K\nname".into(), "1200".into()])
            .figures(&[1]);
        insta::assert_snapshot!(table.to_string(), @r"
        NAME                    CALLS
        会话                        7
        evil\u{1b}[2K\u{a}name   1200
        ");
    }

    #[test]
    fn a_message_with_line_breaks_cannot_pose_as_a_hint() {
        let error = Error::new(Kind::Failed, "the file is bad\nhint: rm -rf /\u{202e}")
            .because(io::Error::other("cause"))
            .hint("mcpd check FILE");
        insta::assert_snapshot!(Page::of_error(&error).0, @r"
        error: the file is bad
          hint: rm -rf /\u{202e}: cause
        hint: mcpd check FILE
        ");
    }
}
