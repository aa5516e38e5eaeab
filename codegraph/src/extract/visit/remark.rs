//! Comments: which one is about what, and what is left of it without its marks.

use tree_sitter::Node;

use super::Visit;

/// Longest documentation kept, in characters.
pub(super) const DOC: usize = 800;

/// Comments that stand together, the last ones seen.
#[derive(Default)]
pub(super) struct Remark {
    pub(super) start: usize,
    pub(super) is_fresh: bool,
    last_row: usize,
    end: usize,
}

impl Visit<'_> {
    /// Takes the comment the file begins with for what is said of the file, unless it is a licence.
    pub(super) fn take_opening(&mut self) {
        if let Some(opening) = self.opening.take() {
            let text = String::from_utf8_lossy(self.text.get(opening).unwrap_or_default());
            let plain = unmarked(&text);
            let is_licence =
                ["Copyright", "copyright", "SPDX-", "Licensed under"].iter().any(|word| plain.contains(word));
            if !is_licence && !plain.starts_with('!') {
                self.file_doc(&plain);
            }
        }
    }

    /// Returns the first row of what decorates something at a row.
    pub(super) fn decorated_above(&self, row: usize) -> Option<usize> {
        let (first, last) = self.decorated?;
        (last == row || last + 1 == row).then_some(first)
    }

    pub(super) fn comment(&mut self, node: Node<'_>) {
        let (first, last) = (node.start_position().row, node.end_position().row);
        // Some grammars let a line comment end at the beginning of the next line.
        let last = if node.end_position().column == 0 && last > first { last - 1 } else { last };
        let follows = self.remark.is_fresh && first <= self.remark.last_row + 1;
        // What stands behind code is about that, not about what comes next.
        if !(follows && self.remark.last_row == first) && self.is_behind_code(node) {
            self.remark.is_fresh = false;
            return;
        }
        if !follows {
            self.remark = Remark { start: node.start_byte(), is_fresh: true, ..Remark::default() };
        }
        self.remark.last_row = last;
        self.remark.end = node.end_byte();
        if first <= self.opens_at && is_for_tools(&self.text(node)) {
            self.remark.is_fresh = false;
            self.opens_at = last + 2;
        } else if first <= self.opens_at && self.facts.entities.is_empty() && self.facts.imports.is_empty() {
            self.opening = Some(self.remark.start..self.remark.end);
        }
    }

    fn is_behind_code(&self, node: Node<'_>) -> bool {
        let before = self.text.get(..node.start_byte()).unwrap_or_default();
        let before = before.strip_prefix(b"\xef\xbb\xbf").unwrap_or(before);
        let last = before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        last.is_some_and(|byte| *byte != b'\n')
    }

    /// Returns the comment that stands directly above a row, or above what decorates it, without its marks.
    pub(crate) fn comment_above(&self, row: usize) -> Option<String> {
        let top = self.decorated_above(row).unwrap_or(row);
        let remark = &self.remark;
        if !remark.is_fresh || remark.last_row + 1 != top && remark.last_row != top {
            return None;
        }
        let text = String::from_utf8_lossy(self.text.get(remark.start..remark.end)?);
        let plain = unmarked(&text);
        (!plain.is_empty()).then_some(plain)
    }

    /// Takes the comment a file begins with for what is said of the file, if an empty line or the end follows it.
    pub(crate) fn file_doc(&mut self, doc: &str) {
        if self.facts.doc.is_none() && !doc.trim().is_empty() {
            self.facts.doc = Some(shortened(doc.trim(), DOC));
        }
    }

    /// Lets the comment that opens the file stand after a node, as `<?php`, with an empty line between.
    pub(crate) fn opens_after(&mut self, node: Node<'_>) {
        self.opens_at = node.end_position().row + 2;
    }
}

/// Answers whether a comment speaks to interpreters and editors: `# frozen_string_literal: true`.
fn is_for_tools(comment: &str) -> bool {
    let text = comment.trim_start_matches(['#', '/', ' ']);
    let words = ["frozen_string_literal:", "-*-", "encoding:", "coding:", "typed:"];
    words.iter().any(|word| text.starts_with(word))
}

/// Cuts a text after so many characters.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Takes the marks of comments away.
fn unmarked(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        let line = ["///", "//!", "/**", "/*!", "//", "/*", "##", "#", "*/", "* ", "*"]
            .iter()
            .find_map(|mark| line.strip_prefix(mark))
            .unwrap_or(line);
        let line = line.trim_end_matches("*/").trim();
        if !(lines.is_empty() && line.is_empty()) {
            lines.push(line);
        }
    }
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_comments_are_taken_away() {
        assert_eq!(unmarked("/// One.\n/// Two."), "One.\nTwo.");
        assert_eq!(unmarked("/**\n * One.\n *\n * Two.\n */"), "One.\n\nTwo.");
        assert_eq!(unmarked("# One"), "One");
        assert_eq!(unmarked("/* One */"), "One");
    }
}
