//! What a text file looks like beside its words: the mark some editors put first, and how its lines end.

/// The mark at the very beginning that some editors write, and that parsers take for a mistake.
const BOM: char = '\u{feff}';

/// The form of a text, to give what is written in its place the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct TextForm {
    has_mark: bool,
    /// Whether most lines end as on Windows.
    has_returns: bool,
}

impl TextForm {
    /// Returns the form of a text, and the text without its mark.
    pub(crate) fn of(text: &str) -> (Self, &str) {
        let (has_mark, text) = match text.strip_prefix(BOM) {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (returns, lines) = (text.matches("\r\n").count(), text.matches('\n').count());
        (Self { has_mark, has_returns: returns * 2 > lines }, text)
    }

    /// Gives the mark back to a text whose lines end as they shall.
    pub(crate) fn mark(self, text: &str) -> String {
        if self.has_mark { format!("{BOM}{text}") } else { text.to_owned() }
    }

    /// Gives mark and line ends to a text.
    pub(crate) fn apply(self, text: &str) -> String {
        let text = text.replace("\r\n", "\n");
        self.mark(&if self.has_returns { text.replace('\n', "\r\n") } else { text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_kept() {
        for text in ["", "a\nb\n", "a\r\nb\r\n", "\u{feff}a\r\nb", "\u{feff}", "\u{feff}a\nb"] {
            let (form, rest) = TextForm::of(text);
            assert!(!rest.starts_with(BOM), "{text:?}");
            assert_eq!(form.apply(&rest.replace("\r\n", "\n")), text, "{text:?}");
            assert_eq!(form.mark(rest), text, "{text:?}");
        }
    }

    #[test]
    fn most_lines_decide() {
        assert_eq!(TextForm::of("a\r\nb\r\nc\n").0.apply("x\ny\r\n"), "x\r\ny\r\n");
        assert_eq!(TextForm::of("a\r\nb\nc\n").0.apply("x\ny\r\n"), "x\ny\n");
    }
}
