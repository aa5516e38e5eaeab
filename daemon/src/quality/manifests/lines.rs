//! Manifests line by line: `requirements.txt`, `go.mod`, `Gemfile`.

use super::Declared;

/// Reads the dependencies of a `requirements.txt`.
pub(super) fn requirements(text: &str) -> Vec<Declared> {
    text.lines().filter_map(requirement).collect()
}

/// Reads one requirement (PEP 508): `name[extra] >= 1, < 2; marker`.
pub(super) fn requirement(line: &str) -> Option<Declared> {
    let line = line.split(" #").next().unwrap_or(line).trim();
    if line.is_empty() || line.starts_with(['#', '-', '.', '/']) {
        return None;
    }
    let line = line.split(';').next().unwrap_or(line);
    let end = line
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
        .unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    let is_bounded = rest.contains(['=', '<', '>', '~', '!'])
        // A package by its address is bounded where the address names a version of it.
        || rest.rsplit_once('@').is_some_and(|(_, at)| !at.contains("://") || at.ends_with(".whl") || at.ends_with(".gz"))
            && rest.contains("://");
    (!name.is_empty()).then(|| Declared::new(name, is_bounded))
}

/// Answers whether every requirement names one version.
pub(super) fn is_pinned(text: &str) -> bool {
    let own = text.lines().filter(|line| requirement(line).is_some());
    own.into_iter().all(|line| line.contains("==") || line.contains("://"))
}

/// Reads the dependencies of a `go.mod`: each has a version, those that come with others are left out.
pub(super) fn go(text: &str) -> Vec<Declared> {
    let mut declared = Vec::new();
    let mut is_inside = false;
    for line in text.lines().map(str::trim) {
        let one = match line.strip_prefix("require") {
            Some(rest) if rest.trim_start().starts_with('(') => {
                is_inside = true;
                continue;
            }
            Some(rest) if rest.starts_with(char::is_whitespace) => rest.trim(),
            Some(_) | None if is_inside => line,
            Some(_) | None => continue,
        };
        if one.starts_with(')') {
            is_inside = false;
            continue;
        }
        let mut words = one.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next())
            && !one.ends_with("// indirect")
            && !name.starts_with("//")
        {
            declared.push(Declared::new(name, version.starts_with('v')));
        }
    }
    declared
}

/// Reads the dependencies of a `Gemfile`.
pub(super) fn ruby(text: &str) -> Vec<Declared> {
    let quoted = |part: &str| {
        let part = part.trim();
        let quote = part.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        part[1..].split(quote).next().map(str::to_owned)
    };
    let gem = |line: &str| {
        let rest = line.trim().strip_prefix("gem").filter(|rest| rest.starts_with([' ', '(']))?;
        let mut parts = rest.trim_start_matches(['(', ' ']).split(',');
        let name = quoted(parts.next()?)?;
        let rest: Vec<&str> = parts.collect();
        // What lies in the same tree has the version of the tree.
        if rest.iter().any(|part| part.trim_start().starts_with("path:")) {
            return None;
        }
        let is_fixed = |part: &&str| ["tag:", "ref:"].iter().any(|key| part.trim_start().starts_with(key));
        let has_version = rest.iter().any(|part| {
            quoted(part).is_some_and(|version| version.chars().any(|letter| letter.is_ascii_digit()))
        });
        Some(Declared::new(name, has_version || rest.iter().any(is_fixed)))
    };
    text.lines().filter_map(gem).collect()
}
