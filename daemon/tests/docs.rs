//! The pages: both READMEs say the same, and what pages link to or name is there. What the READMEs are held to is named
//! by its section, so that who changes one knows what to change in the other.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

fn read(page: &Path) -> String {
    std::fs::read_to_string(page).unwrap_or_else(|error| panic!("{}: {error}", page.display()))
}

/// One heading and what stands below it.
#[derive(Default)]
struct Section {
    level: usize,
    title: String,
    /// Blocks of code, byte for byte.
    blocks: Vec<String>,
    /// Everything else.
    prose: String,
}

fn sections(text: &str) -> Vec<Section> {
    let mut all = vec![Section::default()];
    let mut block: Option<String> = None;
    for line in text.split_inclusive('\n') {
        let fence = line.trim_start().starts_with("```");
        let now = all.last_mut().unwrap();
        match &mut block {
            Some(open) => {
                open.push_str(line);
                if fence {
                    now.blocks.extend(block.take());
                }
            }
            None if fence => block = Some(line.to_owned()),
            None if line.starts_with('#') => {
                let level = line.bytes().take_while(|byte| *byte == b'#').count();
                let title = line[level..].trim().to_owned();
                all.push(Section { level, title, ..Section::default() });
            }
            None => now.prose.push_str(line),
        }
    }
    assert!(block.is_none(), "a block of code is not closed");
    all
}

/// Returns what stands between two marks on a line, wherever it does.
fn between<'a>(text: &'a str, open: &'a str, close: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().flat_map(move |line| {
        line.split(open).skip(1).filter_map(move |rest| Some(rest.split_once(close)?.0))
    })
}

fn links(text: &str) -> Vec<&str> {
    between(text, "](", ")").collect()
}

/// Returns what is set as code within the lines.
fn codes(text: &str) -> Vec<&str> {
    // A line may be broken within one.
    text.split('`').skip(1).step_by(2).collect()
}

fn numbers(text: &str) -> Vec<&str> {
    let parts = text.split(|char: char| !(char.is_ascii_digit() || ",.-".contains(char)));
    parts.map(|part| part.trim_matches([',', '.', '-'])).filter(|part| !part.is_empty()).collect()
}

#[test]
fn both_readmes_say_the_same() {
    let (english, chinese) = (read(&root().join("README.md")), read(&root().join("README.zh-CN.md")));
    let (english, chinese) = (sections(&english), sections(&chinese));
    let heads = |all: &[Section]| all.iter().map(|one| one.level).collect::<Vec<_>>();
    let titles = |all: &[Section]| all.iter().map(|one| one.title.clone()).collect::<Vec<_>>();
    assert_eq!(
        heads(&english),
        heads(&chinese),
        "the headings differ:\n{:#?}\n{:#?}",
        titles(&english),
        titles(&chinese)
    );
    let mut differ = Vec::new();
    for (one, other) in english.iter().zip(&chinese) {
        let place = format!("{:?} / {:?}", one.title, other.title);
        if one.blocks.len() != other.blocks.len() {
            differ.push(format!("{place}: {} blocks of code and {}", one.blocks.len(), other.blocks.len()));
        }
        for (number, (block, same)) in one.blocks.iter().zip(&other.blocks).enumerate() {
            if block != same {
                differ.push(format!("{place}: block {} differs:\n{block}---\n{same}", number + 1));
            }
        }
        for (what, of) in
            [("links", links as fn(&str) -> Vec<&str>), ("words in code", codes), ("numbers", numbers)]
        {
            let mine =
                of(&one.prose).into_iter().filter(|word| !word.starts_with("README")).map(|word| (word, 1));
            let theirs = of(&other.prose)
                .into_iter()
                .filter(|word| !word.starts_with("README"))
                .map(|word| (word, -1));
            let mut count = BTreeMap::new();
            mine.chain(theirs).for_each(|(word, by)| *count.entry(word).or_insert(0) += by);
            let wrong: Vec<_> = count.into_iter().filter(|(_, by)| *by != 0).collect();
            if !wrong.is_empty() {
                differ.push(format!(
                    "{place}: {what} in README.md alone (> 0) or in the other (< 0): {wrong:?}"
                ));
            }
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(|name| root().join(name))
        .into();
    for folder in ["docs", "docs/decisions"] {
        let found = std::fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
        pages.extend(found.filter(|path| path.extension().is_some_and(|end| end == "md")));
    }
    pages
}

/// Returns the name a heading is linked by.
fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|char| char.is_alphanumeric() || " -_".contains(*char));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[test]
fn every_link_leads_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = read(&page);
        for section in sections(&text) {
            for link in links(&section.prose).into_iter().filter(|link| !link.contains("://")) {
                let (file, heading) =
                    link.split_once('#').map_or((link, None), |(file, head)| (file, Some(head)));
                let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
                let leads = target.exists()
                    && heading.is_none_or(|head| {
                        sections(&read(&target)).iter().any(|section| anchor(&section.title) == head)
                    });
                if !leads {
                    broken.push(format!("{}: {link}", page.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_test_and_source_that_security_names_is_there() {
    let text = read(&root().join("docs/security.md"));
    let mut missing = Vec::new();
    let paths = codes(&text).into_iter().filter(|code| code.contains('/') && !code.contains([' ', ':']));
    for path in paths.filter(|path| path.ends_with(".rs") || path.ends_with('/')) {
        if !root().join(path).exists() && !root().join("daemon/src").join(path).exists() {
            missing.push(path);
        }
    }
    let rows = text.lines().filter(|line| line.starts_with("| ") && line.matches(" | ").count() == 3);
    let shown = rows.filter(|row| !row.starts_with("| Against")).all(|row| {
        let last = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        codes(last).iter().any(|path| path.contains(".rs") || path.ends_with('/'))
    });
    assert!(missing.is_empty() && shown, "{missing:#?}; each row names what shows it: {shown}");
}
