//! Colours: what a piece of text means, marked inside pages and turned into terminal codes at the way out.
//!
//! The marks are characters that `text::escape` never lets through, so nothing from outside can set one, and they take
//! no room, so tables count columns as if they were not there.

use clap::{
    ValueEnum,
    builder::{
        Styles,
        styling::{AnsiColor, Reset, Style},
    },
};

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum When {
    // No doc comments: clap would stretch the help over two lines per flag to show them.
    #[default]
    Auto,
    Always,
    Never,
}

/// What a piece of text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// The heading of a column.
    Heading,
    /// As it should be.
    Good,
    /// To be looked at.
    Warning,
    /// Broken, refused or over.
    Bad,
    /// The word before an error.
    Error,
    /// The word before what to type next.
    Hint,
}

/// Every tone, to find the one a mark stands for.
const TONES: [Tone; 6] = [Tone::Heading, Tone::Good, Tone::Warning, Tone::Bad, Tone::Error, Tone::Hint];

/// Ends what a mark begins.
const END: char = '\u{2069}';

impl Tone {
    /// Returns `text` marked; it has to be escaped already.
    pub(crate) fn mark(self, text: &str) -> String {
        format!("{}{text}{END}", self.begin())
    }

    fn begin(self) -> char {
        match self {
            Self::Heading => '\u{2066}',
            Self::Good => '\u{2067}',
            Self::Warning => '\u{2068}',
            Self::Bad => '\u{202a}',
            Self::Error => '\u{202b}',
            Self::Hint => '\u{202d}',
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Heading => Style::new().bold(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Error => AnsiColor::Red.on_default().bold(),
            Self::Hint => AnsiColor::Cyan.on_default(),
        }
    }
}

/// Returns `text` with its marks as terminal codes, or without them.
pub(crate) fn paint(text: &str, with_colour: bool) -> String {
    let mut painted = String::with_capacity(text.len());
    for char in text.chars() {
        match TONES.into_iter().find(|tone| tone.begin() == char) {
            Some(tone) if with_colour => painted.push_str(&tone.style().render().to_string()),
            None if char == END && with_colour => painted.push_str(&Reset.render().to_string()),
            None if char != END => painted.push(char),
            Some(_) | None => {}
        }
    }
    painted
}

/// Returns how help and the complaints of the command line parser look.
pub(crate) fn styles() -> Styles {
    Styles::plain()
        .header(Tone::Heading.style())
        .usage(Tone::Heading.style())
        .literal(Tone::Hint.style())
        .error(Tone::Error.style())
        .valid(Tone::Good.style())
        .invalid(Tone::Warning.style())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    #[test]
    fn marks_take_no_room_and_cannot_come_from_outside() {
        for tone in TONES {
            let marked = tone.mark("ok");
            assert_eq!(paint(&marked, false), "ok");
            assert!(paint(&marked, true).starts_with("\x1b["), "{tone:?}");
            assert!(paint(&marked, true).ends_with("ok\x1b[0m"), "{tone:?}");
            assert_eq!(paint(&text::escape(&marked), false), text::escape(&marked), "{tone:?}");
        }
    }
}
