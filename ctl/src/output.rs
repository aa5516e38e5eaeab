//! The only way out: pages for people, JSON for programs, one line that is rewritten while something takes its time.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    error::{Ended, Error, Kind},
    page::{Look, Page},
    paint::When,
    surroundings::Terminal,
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
    stdout: End,
    stderr: End,
    /// How replies are shown.
    pub(crate) format: Format,
    /// Whether a line of progress stands on stderr.
    has_progress: bool,
}

/// One end, and how it shows a page.
struct End {
    writer: Box<dyn Write>,
    look: Look,
    is_terminal: bool,
}

impl End {
    fn new(writer: Box<dyn Write>) -> Self {
        Self { writer, look: Look::default(), is_terminal: false }
    }

    fn learn(&mut self, is_terminal: bool, terminal: Terminal, when: When) {
        let colour = match when {
            When::Auto => is_terminal && !terminal.no_color,
            When::Always => true,
            When::Never => false,
        };
        self.look = Look { width: terminal.width.filter(|_| is_terminal), colour };
        self.is_terminal = is_terminal;
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.writer.write_all(bytes)?;
        self.writer.flush()
    }
}

impl Output {
    /// Makes an output that writes to the two given ends.
    pub fn new(stdout: Box<dyn Write>, stderr: Box<dyn Write>) -> Self {
        Self { stdout: End::new(stdout), stderr: End::new(stderr), format: Format::Text, has_progress: false }
    }

    /// Makes an output that writes to the process's own ends.
    pub fn standard() -> Self {
        Self::new(Box::new(io::stdout()), Box::new(io::stderr()))
    }

    /// Takes note of which ends are terminals, and whether to use colours there.
    pub(crate) fn learn(&mut self, terminal: Terminal, when: When) {
        self.stdout.learn(terminal.stdout, terminal, when);
        self.stderr.learn(terminal.stderr, terminal, when);
    }

    /// Returns whether colours are shown on stdout.
    pub(crate) fn has_colour(&self) -> bool {
        self.stdout.look.colour
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
        let json = serde_json::to_string_pretty(reply).map_err(not_json)?;
        self.bytes(format!("{}\n", text::escape_json(&json)).as_bytes())
    }

    /// Shows JSON on one line of stdout.
    pub(crate) fn json_line<R: Serialize>(&mut self, reply: &R) -> Result<(), Error> {
        let json = serde_json::to_string(reply).map_err(not_json)?;
        self.bytes(format!("{}\n", text::escape_json(&json)).as_bytes())
    }

    /// Shows a page on stdout.
    pub(crate) fn page(&mut self, page: &Page) -> Result<(), Error> {
        self.bytes(page.render(self.stdout.look).as_bytes())
    }

    /// Writes to stdout what this program itself made: completions, manuals.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.progress_over();
        Ok(self.stdout.write(bytes)?)
    }

    /// Shows a page on stderr, for people only; programs asked for JSON and get nothing here.
    pub(crate) fn note(&mut self, page: &Page) {
        match self.format {
            Format::Json => {}
            Format::Text => self.aside(page),
        }
    }

    /// Shows a page on stderr. When that fails there is nobody left to tell.
    pub(crate) fn aside(&mut self, page: &Page) {
        self.aside_bytes(page.render(self.stderr.look).as_bytes());
    }

    /// Asks on stderr; the answer is typed on the same line.
    pub(crate) fn ask(&mut self, question: &str) {
        self.aside_bytes(format!("{} ", text::escape(question)).as_bytes());
    }

    /// Shows an error with its causes and hints on stderr.
    pub(crate) fn complain(&mut self, error: &Error) {
        if error.kind != Kind::ReaderGone {
            self.aside(&Page::of_error(error));
        }
    }

    /// Shows what the command line parser has to say: help and version on stdout, complaints on stderr.
    pub(crate) fn parser_said(&mut self, answer: &clap::Error, example: &str) -> Result<Ended, Error> {
        let shown = |look: Look, text: clap::builder::StyledStr| {
            let text = if look.colour { text.ansi().to_string() } else { text.to_string() };
            text::escape_all_but_colour(&text)
        };
        if answer.use_stderr() {
            let complaint = shown(self.stderr.look, answer.render());
            self.aside_bytes(format!("{complaint}{}", text::escape_all_but_colour(example)).as_bytes());
            return Err(Error::new(Kind::Usage, "wrong usage"));
        }
        self.bytes(shown(self.stdout.look, answer.render()).as_bytes()).map(|()| Ended::Done)
    }

    /// Shows how far something is, on one line of a terminal's stderr that the next call rewrites.
    pub(crate) fn progress(&mut self, line: &str) {
        if self.stderr.is_terminal && self.format == Format::Text {
            let width = usize::from(self.stderr.look.width.unwrap_or(80)).saturating_sub(1);
            let line: String = text::escape(line).chars().take(width).collect();
            self.has_progress = true;
            let _ = self.stderr.write(format!("\r\x1b[K{line}").as_bytes());
        }
    }

    /// Takes the line of progress away.
    pub(crate) fn progress_over(&mut self) {
        if std::mem::take(&mut self.has_progress) {
            let _ = self.stderr.write(b"\r\x1b[K");
        }
    }

    fn aside_bytes(&mut self, bytes: &[u8]) {
        self.progress_over();
        let _ = self.stderr.write(bytes);
    }
}

fn not_json(error: serde_json::Error) -> Error {
    Error::new(Kind::Failed, "the reply could not be written as JSON").because(error)
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use super::*;

    /// A writer whose text can be read afterwards.
    #[derive(Clone, Default)]
    struct Shared(Rc<RefCell<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn progress_stands_on_one_line_until_something_else_is_said() {
        let stderr = Shared::default();
        let mut out = Output::new(Box::new(io::sink()), Box::new(stderr.clone()));
        out.progress("nobody sees this");
        out.learn(Terminal { stderr: true, width: Some(12), ..Terminal::default() }, When::Never);
        out.progress("3 of 3\n left, and more");
        out.progress("2 of 3");
        out.note(&Page::of("done"));
        out.progress_over();
        out.format = Format::Json;
        out.progress("programs see this neither");
        let said = String::from_utf8(stderr.0.borrow().clone()).unwrap();
        assert_eq!(said, "\r\x1b[K3 of 3\\u{a}\r\x1b[K2 of 3\r\x1b[Kdone\n");
    }
}
