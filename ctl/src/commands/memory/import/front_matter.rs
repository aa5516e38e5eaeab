//! The front matter of a Markdown file: the few members that tell a memory something.
//!
//! A deliberately small reader, since the crates for YAML are unmaintained or bring a language we do not need: it takes
//! scalars, plain or in quotes and perhaps on several lines, and lists in brackets or one item a line. Whatever else
//! YAML can say (maps below a member, anchors, literal blocks) is left out, and nothing in it is an error.

use std::collections::BTreeMap;

use crate::text;

/// What is taken of a file's front matter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct FrontMatter {
    /// `title`.
    pub(super) title: Option<String>,
    /// `category`, else `type`.
    pub(super) category: Option<String>,
    /// `tags`, else `tag`.
    pub(super) tags: Vec<String>,
    /// `created`, else `created_at` or `date`; left out where it is no time.
    pub(super) created: Option<i64>,
}

/// What stands behind a name, before it is taken apart.
#[derive(Debug, Default)]
struct Member {
    scalar: String,
    items: Vec<String>,
}

impl FrontMatter {
    /// Returns the front matter of a text, and the text without it. Lines end in line feeds.
    pub(super) fn of(text: &str) -> (Self, &str) {
        let Some((front, body)) = parts(text) else { return (Self::default(), text) };
        let mut members = members(front);
        let mut first = |names: &[&str]| {
            let found = names.iter().find_map(|name| members.remove(*name));
            found.unwrap_or_default()
        };
        let front = Self {
            title: word(&first(&["title"]).scalar),
            category: word(&first(&["category"]).scalar).or_else(|| word(&first(&["type"]).scalar)),
            tags: tags(&first(&["tags", "tag"])),
            created: word(&first(&["created", "created_at", "date"]).scalar)
                .and_then(|at| text::moment_of(&at)),
        };
        (front, body)
    }
}

/// Cuts a text that begins with `---` at the line that ends its front matter.
fn parts(text: &str) -> Option<(&str, &str)> {
    let first = text.split_inclusive('\n').next().filter(|line| line.trim_end() == "---")?;
    let mut at = first.len();
    for line in text[at..].split_inclusive('\n') {
        if matches!(line.trim_end(), "---" | "...") {
            return Some((&text[first.len()..at], &text[at + line.len()..]));
        }
        at += line.len();
    }
    None
}

/// Returns what stands behind each name.
fn members(front: &str) -> BTreeMap<String, Member> {
    let mut members = BTreeMap::<String, Member>::new();
    let mut name = String::new();
    for line in front.lines() {
        let (content, is_inside) = (line.trim(), line.starts_with([' ', '\t']));
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let item = content.strip_prefix("- ").or((content == "-").then_some(""));
        match (item, content.split_once(':')) {
            // An item may stand as far to the left as the name it belongs to.
            (Some(item), _) => members.entry(name.clone()).or_default().items.push(item.trim().to_owned()),
            (None, Some((named, value))) if !is_inside => {
                name = named.trim().trim_matches(['"', '\'']).to_lowercase();
                let member = Member { scalar: value.trim().to_owned(), items: Vec::new() };
                members.insert(name.clone(), member);
            }
            // A line that goes on with the value before it, as writers break long ones.
            (None, _) => {
                let member = members.entry(name.clone()).or_default();
                if !member.scalar.is_empty() {
                    member.scalar.push(' ');
                    member.scalar.push_str(content);
                }
            }
        }
    }
    members
}

/// Returns the tags of a list, in whichever way it is written, each once and without the sign some put before it.
fn tags(member: &Member) -> Vec<String> {
    let scalar = uncommented(&member.scalar);
    let inside =
        scalar.strip_prefix('[').map(|rest| rest.rsplit_once(']').map_or(rest, |(inside, _)| inside));
    let mut listed = member.items.clone();
    listed.extend(separated(inside.unwrap_or(&scalar)));
    let mut tags = Vec::new();
    for tag in listed.iter().filter_map(|tag| word(tag.trim().trim_start_matches('#'))) {
        let tag = tag.trim_start_matches('#').trim().to_owned();
        if !tag.is_empty() && !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}

/// Cuts a text at its commas but for those in quotes.
fn separated(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut quote) = (Vec::new(), String::new(), None);
    for char in text.chars() {
        match (quote, char) {
            (None, ',') => parts.push(std::mem::take(&mut part)),
            (None, '"' | '\'') if part.trim().is_empty() => {
                quote = Some(char);
                part.push(char);
            }
            (Some(open), close) if open == close => {
                quote = None;
                part.push(char);
            }
            (None | Some(_), _) => part.push(char),
        }
    }
    parts.push(part);
    parts
}

/// Returns a scalar without its quotes or the remark behind it; nothing where it says nothing.
fn word(scalar: &str) -> Option<String> {
    let scalar = scalar.trim();
    let word = match scalar.chars().next()? {
        '\'' => scalar[1..].rsplit_once('\'').map_or(&scalar[1..], |(inside, _)| inside).replace("''", "'"),
        '"' => unescaped(scalar[1..].rsplit_once('"').map_or(&scalar[1..], |(inside, _)| inside)),
        // What these begin is no scalar.
        '|' | '>' | '&' | '*' | '{' | '[' => return None,
        _ => uncommented(scalar),
    };
    let word = word.trim();
    let says_nothing = word.is_empty() || matches!(word, "~" | "null" | "Null" | "NULL");
    (!says_nothing).then(|| word.to_owned())
}

/// Returns a text without the remark that ` #` begins.
fn uncommented(text: &str) -> String {
    let end = text.find(" #").filter(|_| !text.starts_with(['"', '\'', '['])).unwrap_or(text.len());
    text[..end].trim().to_owned()
}

/// Returns what stands between double quotes with its escapes resolved; one that is not known stays as it is.
fn unescaped(text: &str) -> String {
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, escape)) = rest.split_once('\\') {
        plain.push_str(before);
        let Some(kind) = escape.chars().next() else {
            plain.push('\\');
            return plain;
        };
        rest = &escape[kind.len_utf8()..];
        let digits = match kind {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'n' | 't' | '"' | '\\' | '/' | ' ' => {
                plain.push(match kind {
                    'n' => '\n',
                    't' => '\t',
                    other => other,
                });
                continue;
            }
            other => {
                plain.extend(['\\', other]);
                continue;
            }
        };
        let code = rest.get(..digits).and_then(|code| u32::from_str_radix(code, 16).ok());
        match code.and_then(char::from_u32) {
            Some(char) => {
                plain.push(char);
                rest = &rest[digits..];
            }
            None => plain.extend(['\\', kind]),
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn front(text: &str) -> FrontMatter {
        let whole = format!("---\n{text}\n---\nbody\n");
        let (front, body) = FrontMatter::of(&whole);
        assert_eq!(body, "body\n");
        front
    }

    #[test]
    fn members_are_read_as_basic_memory_and_obsidian_write_them() {
        let basic = front(
            "title: 'Coffee: how it''s made'\ntype: note\npermalink: coffee/brewing\ntags:\n- brewing\n- '#coffee'\n\
             created: '2025-02-01T09:30:00Z'",
        );
        assert_eq!(basic.title.as_deref(), Some("Coffee: how it's made"));
        assert_eq!(basic.category.as_deref(), Some("note"));
        assert_eq!(basic.tags, ["brewing", "coffee"]);
        assert_eq!(basic.created, Some(1_738_402_200_000));
        let obsidian = front(
            "aliases: [x]\nTitle: \"A \\\"quoted\\\" caf\\u00e9\" \ntags: [one, \"two, three\", '#four', one] # ours\n\
             date: 2025-02-01 # a day\ncategory: decision\ntype: note\nmeta:\n  title: not this\n  tags:\n",
        );
        assert_eq!(obsidian.title.as_deref(), Some("A \"quoted\" café"));
        assert_eq!(obsidian.category.as_deref(), Some("decision"));
        assert_eq!(obsidian.tags, ["one", "two, three", "four"]);
        assert_eq!(obsidian.created, Some(1_738_368_000_000));
    }

    #[test]
    fn what_it_does_not_know_is_left_out() {
        let odd =
            front("just words\ntitle: |\n  a block\ntags:\ntype: {a: b}\ncreated: soon\n? x\n\t- y\n: z");
        assert_eq!(odd, FrontMatter::default());
        assert_eq!(front("title: ~\ntype: null\ntags: a, b c").tags, ["a", "b c"]);
        assert_eq!(front("title: a long one\n  goes on").title.as_deref(), Some("a long one goes on"));
        for text in ["", "---", "---\ntitle: never ends\n", "--- \nx", "-----\n---\n", "words\n---\nx\n---\n"]
        {
            assert_eq!(FrontMatter::of(text), (FrontMatter::default(), text));
        }
        assert_eq!(FrontMatter::of("---\n---\nbody").1, "body");
        assert_eq!(FrontMatter::of("---\ntitle: x\n...\nbody").1, "body");
    }

    #[test]
    fn escapes_are_resolved_where_they_are_known() {
        assert_eq!(unescaped(r#"a\"b\\c\n\x41\u4f1a\U0001F600"#), "a\"b\\c\nA会😀");
        assert_eq!(unescaped(r"\q\x4\uzzzz\"), r"\q\x4\uzzzz\");
    }
}
