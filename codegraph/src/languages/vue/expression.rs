//! What the expressions in a template call: names before a parenthesis, outside of strings. Not parsed, since each is a
//! fragment of its own and there may be thousands of them.

/// Words before a parenthesis that are no names.
const WORDS: [&str; 14] = [
    "if", "for", "while", "switch", "catch", "function", "return", "typeof", "await", "async", "new", "in",
    "of", "void",
];

/// Answers whether a text is a name, or names joined by dots.
pub(super) fn is_path(text: &str) -> bool {
    !text.is_empty() && text.split('.').all(|part| starts_name(part) && part.chars().all(is_of_name))
}

fn starts_name(text: &str) -> bool {
    text.starts_with(|first: char| is_of_name(first) && !first.is_ascii_digit())
}

fn is_of_name(character: char) -> bool {
    character == '_' || character == '$' || character.is_alphanumeric()
}

/// Returns what is called, as it is written, and how many lines below the first.
pub(super) fn called(text: &str) -> Vec<(&str, u32)> {
    let (mut found, mut row, mut rest) = (Vec::new(), 0, text);
    // The character before: `.` and `)` make what follows a member of something that is no name.
    let mut before = ' ';
    // Within `…${ }…`.
    let mut in_template = false;
    while let Some(first) = rest.chars().next() {
        if is_of_name(first) {
            let end = path_end(rest);
            let (path, after) = rest.split_at(end);
            if after.trim_start().starts_with('(')
                && starts_name(path)
                && before != '.'
                && !WORDS.contains(&path)
            {
                found.push((path, row));
            }
            (rest, before) = (after, ' ');
            continue;
        }
        rest = &rest[first.len_utf8()..];
        let skipped = match first {
            '\'' | '"' => string_end(rest, first),
            '`' => template_text(rest, &mut in_template),
            '}' if in_template => template_text(rest, &mut in_template),
            _ => 0,
        };
        row += rest[..skipped].matches('\n').count() as u32 + u32::from(first == '\n');
        rest = &rest[skipped..];
        if !first.is_whitespace() {
            before = first;
        }
    }
    found
}

/// Returns where names joined by `.` and `?.` end.
fn path_end(text: &str) -> usize {
    let mut end = 0;
    loop {
        let rest = &text[end..];
        let name = rest.find(|character| !is_of_name(character)).unwrap_or(rest.len());
        end += name;
        let rest = &text[end..];
        let joint = if rest.starts_with("?.") { 2 } else { usize::from(rest.starts_with('.')) };
        if joint == 0 || !rest[joint..].starts_with(is_of_name) {
            return end;
        }
        end += joint;
    }
}

fn string_end(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, character) in text.char_indices() {
        if character == quote && !is_escaped {
            return at + 1;
        }
        is_escaped = character == '\\' && !is_escaped;
    }
    text.len()
}

/// Skips the text of a template up to its end or to an expression in it.
fn template_text(text: &str, in_template: &mut bool) -> usize {
    let (end, expression) = (text.find('`'), text.find("${"));
    *in_template = expression.is_some_and(|at| end.is_none_or(|end| at < end));
    if *in_template { expression.map_or(0, |at| at + 2) } else { end.map_or(text.len(), |at| at + 1) }
}

#[cfg(test)]
mod tests {
    use super::{called, is_path};

    #[test]
    fn names_before_a_parenthesis_are_called() {
        let names = |text| called(text).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names("save(x) && list.map (f)"), ["save", "list.map"]);
        assert_eq!(names("() => store?.clear(todos)"), ["store?.clear"]);
        assert_eq!(names("if (a) { b(c(1)) } else async () => d"), ["b", "c"]);
        assert_eq!(names("a().b() + 1.f(x) + ''.g()"), ["a"]);
        assert_eq!(names("$emit('done', 'call(me)', \"it\\\"s(1)\")"), ["$emit"]);
        assert_eq!(names("`a(b) ${c(d)} e(f)` + g()"), ["c", "g"]);
        assert_eq!(names("'never closed f(x)"), [""; 0]);
        assert_eq!(called("a\n  && b()"), [("b", 1)]);
    }

    #[test]
    fn a_path_is_names_and_dots() {
        assert!(is_path("save") && is_path("store.clear") && is_path("$emit"));
        assert!(!is_path("") && !is_path("a.") && !is_path("1") && !is_path("a b") && !is_path("f()"));
    }
}
