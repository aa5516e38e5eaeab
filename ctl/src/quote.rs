//! Lines to paste into a shell: words quoted where needed, never where not.

/// Returns `text` as one word of a POSIX shell.
pub(crate) fn word(text: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "_-./:=@%+,".contains(char);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Returns `text` as one word in double quotes, as manuals write headers, unless the shell would expand something.
pub(crate) fn phrase(text: &str) -> String {
    if text.contains(['"', '$', '`', '\\', '!']) { word(text) } else { format!("\"{text}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_needed() {
        assert_eq!(word("http://127.0.0.1:8765/mcp"), "http://127.0.0.1:8765/mcp");
        assert_eq!(word("http://[::1]:8765/mcp"), "'http://[::1]:8765/mcp'");
        assert_eq!(word("/srv/my team"), "'/srv/my team'");
        assert_eq!(word("it's; rm -rf ~"), r"'it'\''s; rm -rf ~'");
        assert_eq!(word(""), "''");
    }

    #[test]
    fn phrases_stand_in_double_quotes_unless_the_shell_would_expand_them() {
        assert_eq!(phrase("Authorization: Bearer YOUR_KEY"), "\"Authorization: Bearer YOUR_KEY\"");
        assert_eq!(phrase("Authorization: Bearer $(id)"), "'Authorization: Bearer $(id)'");
    }
}
