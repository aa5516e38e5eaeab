//! Texts as callers see them: as long as they are worth.

/// Cuts a text after a number of characters, and shows by `…` that something is missing.
pub(super) fn shortened(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_counted_not_bytes_and_only_a_cut_shows() {
        assert_eq!(shortened("äöü".to_owned(), 3), "äöü");
        assert_eq!(shortened("äöüß".to_owned(), 3), "äöü…");
        assert_eq!(shortened(String::new(), 0), "");
    }
}
