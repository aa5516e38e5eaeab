//! What can be read off a signature, a documentation or a few lines of source without understanding them.

/// Lines that are told of one function.
const TOLD: usize = 12;
/// Longest line, in characters.
const LINE: usize = 160;

/// Returns what a signature declares between its parentheses, as it is written; receivers are left out.
pub(super) fn parameters(signature: &str, name: &str) -> Vec<String> {
    let after = signature.find(name).map_or(signature, |at| &signature[at + name.len()..]);
    let Some(open) = opening(after) else { return Vec::new() };
    let mut parts = vec![String::new()];
    let (mut depth, mut quote, mut before) = (0_usize, None, ' ');
    for character in after[open + 1..].chars() {
        match (quote, character) {
            (Some(end), _) if character == end => quote = None,
            (Some(_), _) => {}
            // Of Rust's lifetimes, which have no second one, nothing is split off: a quote counts behind `=` only.
            (None, '"' | '\'' | '`') if before == '=' || before == '(' && character != '\'' => {
                quote = Some(character);
            }
            (None, '(' | '[' | '{' | '<') => depth += 1,
            (None, ')') if depth == 0 => break,
            (None, '>') if before == '-' || before == '=' => {}
            (None, ')' | ']' | '}' | '>') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            (None, _) => {}
        }
        if !character.is_whitespace() {
            before = character;
        }
        if let Some(part) = parts.last_mut() {
            part.push(character);
        }
    }
    let is_receiver = |part: &str| {
        matches!(part, "self" | "&self" | "&mut self" | "mut self" | "this" | "cls" | "/" | "*" | "void")
    };
    parts
        .iter()
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty() && !is_receiver(part))
        .collect()
}

/// Returns the place of the parenthesis that opens the parameters: the first one outside of type parameters.
fn opening(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        match character {
            '<' => depth += 1,
            '>' if before != '-' && before != '=' => depth = depth.saturating_sub(1),
            '(' if depth == 0 => return Some(at),
            _ => {}
        }
        before = character;
    }
    None
}

/// Returns the first sentence of a documentation.
pub(super) fn first_sentence(doc: &str) -> String {
    let plain = doc.trim().trim_start_matches(['"', '\'', '/', '*', '#', '!', ' ']);
    let paragraph = plain.split("\n\n").next().unwrap_or_default();
    let flat = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
    let end = flat.find(". ").map_or(flat.len(), |at| at + 1);
    flat[..end].chars().take(300).collect()
}

/// Returns the lines of a source that raise, give up, check or catch: where its edge cases stand. `first` is the number
/// of the first line.
pub(super) fn edges(source: &str, first: u32) -> Vec<String> {
    let numbered = (first..).zip(source.lines().map(str::trim));
    let told = numbered.filter(|(_, line)| is_edge(line)).take(TOLD);
    told.map(|(number, line)| format!("line {number}: {}", line.chars().take(LINE).collect::<String>()))
        .collect()
}

fn is_edge(line: &str) -> bool {
    const BEGINS: [&str; 12] = [
        "raise",
        "throw ",
        "throw\t",
        "assert",
        "except",
        "panic!(",
        "panic(",
        "return Err(",
        "return None",
        "return null",
        "return nil",
        "return undefined",
    ];
    const HOLDS: [&str; 7] =
        ["} catch", " catch (", " throw ", ".unwrap()", ".expect(", ".ok_or", "err != nil"];
    let is_comment = ["//", "#", "*", "\"\"\""].iter().any(|begin| line.starts_with(begin));
    !is_comment
        && (BEGINS.iter().any(|begin| line.starts_with(begin))
            || HOLDS.iter().any(|part| line.contains(part)))
}

/// Returns the items of a list in a text: lines that begin with a dash, a star, a box or a number.
pub(super) fn items(text: &str) -> Vec<String> {
    let item = |line: &str| {
        let line = line.trim();
        let digits = line.chars().take_while(char::is_ascii_digit).count();
        let rest = match line.chars().next()? {
            '-' | '*' | '•' => line[line.chars().next().map_or(0, char::len_utf8)..].strip_prefix(' ')?,
            '0'..='9' if digits < 4 => line[digits..].strip_prefix(['.', ')'])?.strip_prefix(' ')?,
            _ => return None,
        };
        let rest = rest.trim().trim_start_matches("[ ]").trim_start_matches("[x]").trim();
        (!rest.is_empty()).then(|| rest.chars().take(LINE).collect())
    };
    text.lines().filter_map(item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_in_every_manner_of_writing_them() {
        for (signature, name, wanted) in [
            (
                "def put(self, key: str, value=\"a,b\", *rest) -> None",
                "put",
                &["key: str", "value=\"a,b\"", "*rest"][..],
            ),
            (
                "pub fn get<T: Fn(u8) -> u8>(&self, f: T, at: (u8, &'a str)) -> Option<u8>",
                "get",
                &["f: T", "at: (u8, &'a str)"],
            ),
            (
                "public Map<String, List<K>> of(Map<String, K> all, int... more) throws E",
                "of",
                &["Map<String, K> all", "int... more"],
            ),
            (
                "func (s *Store) Put(key string, f func(int) error) error",
                "Put",
                &["key string", "f func(int) error"],
            ),
            (
                "const put = async ({ key, value }, done = () => {}) =>",
                "put",
                &["{ key, value }", "done = () => {}"],
            ),
            ("fn main()", "main", &[]),
            ("int main(void)", "main", &[]),
            ("type Id = string", "Id", &[]),
        ] {
            assert_eq!(parameters(signature, name), wanted, "{signature}");
        }
    }

    #[test]
    fn edges_are_lines_with_their_numbers() {
        let source = "def get(key):\n    # raise nothing\n    if key is None:\n        raise KeyError(key)\n    return None\n    x = y";
        assert_eq!(edges(source, 10), ["line 13: raise KeyError(key)", "line 14: return None"]);
        assert_eq!(edges("let x = y.unwrap();\n} catch (e) {", 1).len(), 2);
        assert_eq!(edges(&"raise X\n".repeat(50), 1).len(), TOLD);
    }

    #[test]
    fn a_first_sentence_is_one() {
        assert_eq!(first_sentence("\"\"\"Keeps things. And\nmore."), "Keeps things.");
        assert_eq!(first_sentence("/// Version 1.2\n/// of it\n\nmore"), "Version 1.2 /// of it");
        assert_eq!(first_sentence(""), "");
    }

    #[test]
    fn items_of_lists_are_found() {
        let text = "Do this:\n- one\n * [ ] two\n3. three\n4) four\n-- no\n2026-11 no\n5.no\n- ";
        assert_eq!(items(text), ["one", "two", "three", "four"]);
    }
}
