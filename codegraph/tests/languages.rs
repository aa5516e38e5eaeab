//! One file of each language, and the graph it is expected to give.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{fmt::Write, fs, path::Path};

use mcpd_codegraph::{
    Extractor, Facts, Language, Patience,
    facts::{Entity, Receiver},
};

/// Writes facts down so that a person can check them against the file.
fn told(facts: &Facts) -> String {
    let mut out = String::new();
    let name = |name| facts.text(name);
    let whose = |entity: Option<u32>| entity.map_or("(file)".to_owned(), |entity| qualified(facts, entity));
    writeln!(out, "lines {}, errors {}", facts.lines, facts.errors).unwrap();
    if let Some(package) = facts.package {
        writeln!(out, "package {}", name(package)).unwrap();
    }
    if let Some(doc) = &facts.doc {
        writeln!(out, "doc {doc:?}").unwrap();
    }
    writeln!(out, "\n# definitions").unwrap();
    for (index, entity) in facts.entities.iter().enumerate() {
        let Entity { kind, line, start, end, visibility, signature, doc, metrics, .. } = entity;
        let kind = kind.as_str();
        let visibility = visibility.as_str();
        writeln!(
            out,
            "{kind} {} :{line} {start}-{end} {visibility} `{signature}`",
            qualified(facts, index as u32)
        )
        .unwrap();
        if let Some(doc) = doc {
            writeln!(out, "    doc {doc:?}").unwrap();
        }
        if let Some(metrics) = metrics {
            let (cyclomatic, nesting, parameters) = (metrics.cyclomatic, metrics.nesting, metrics.parameters);
            writeln!(out, "    cyclomatic {cyclomatic}, nesting {nesting}, parameters {parameters}").unwrap();
        }
    }
    writeln!(out, "\n# imports").unwrap();
    for import in &facts.imports {
        let item = import.item.map_or("-", name);
        let alias = import.alias.map_or("-", name);
        let glob = if import.glob { " all" } else { "" };
        let glob = if import.idle { format!("{glob} idle") } else { glob.to_owned() };
        writeln!(out, ":{} {:?} item {item} as {alias}{glob}", import.line, name(import.module)).unwrap();
    }
    writeln!(out, "\n# references").unwrap();
    for one in &facts.references {
        let receiver = match one.receiver {
            Receiver::None => String::new(),
            Receiver::Own => "<own>.".to_owned(),
            Receiver::Super => "<super>.".to_owned(),
            Receiver::Path(path) => format!("{}.", name(path)),
            Receiver::Value => "<value>.".to_owned(),
        };
        let (relation, from) = (one.relation.as_str(), whose(one.from));
        writeln!(out, ":{} {from} {relation} {receiver}{}", one.line, name(one.name)).unwrap();
    }
    writeln!(out, "\n# types of variables").unwrap();
    for one in &facts.bindings {
        writeln!(out, "{}: {} is {}", whose(one.scope), name(one.variable), name(one.type_name)).unwrap();
    }
    for marker in &facts.markers {
        writeln!(out, "marked :{} {}", marker.line, marker.mark.as_str()).unwrap();
    }
    out
}

fn qualified(facts: &Facts, entity: u32) -> String {
    let entity = &facts.entities[entity as usize];
    let own = facts.text(entity.name);
    match entity.parent {
        Some(parent) => format!("{}.{own}", qualified(facts, parent)),
        None => own.to_owned(),
    }
}

/// Every folder of a language has a `fixture` file.
fn fixtures() -> Vec<(Language, String, Vec<u8>)> {
    let languages = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/languages");
    let mut all = Vec::new();
    for folder in fs::read_dir(languages).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
        for file in fs::read_dir(folder.path()).unwrap().map(Result::unwrap) {
            let name = file.file_name().into_string().unwrap();
            if name.starts_with("fixture.") {
                let language = Language::of_path(&name).expect("a fixture has the ending of a language");
                all.push((language, name, fs::read(file.path()).unwrap()));
            }
        }
    }
    all.sort_by_key(|(language, ..)| *language);
    all
}

#[test]
fn every_language_gives_the_graph_it_should() {
    let fixtures = fixtures();
    let mut extractor = Extractor::default();
    for (language, name, text) in &fixtures {
        let facts = extractor.read(*language, name, text, Patience::ENDLESS).unwrap();
        assert_eq!(Facts::decode(&facts.encode()).as_ref(), Some(&facts), "{name} is kept as it is");
        insta::assert_snapshot!(format!("{}_{}", language.as_str(), name.replace('.', "_")), told(&facts));
    }
}

#[test]
fn what_comments_mark_is_counted_in_every_language() {
    let mut extractor = Extractor::default();
    for language in Language::ALL {
        let comment = match language {
            Language::Python | Language::Ruby => "# TODO one\nx = 1 # FIXME(me): two\n# todo, TODOS\n",
            Language::Vue => "<script>\n// TODO one\n/* a\n   FIXME two */\nlet todo = 'TODO'\n</script>\n",
            Language::Php => "<?php\n// TODO one\n/* a\n * FIXME two */\n$todo = 'TODO';\n",
            Language::JavaScript
            | Language::TypeScript
            | Language::Tsx
            | Language::Java
            | Language::Swift
            | Language::Rust
            | Language::Go
            | Language::C
            | Language::Cpp
            | Language::CSharp
            | Language::Kotlin => "// TODO one\n/* a\n * FIXME two */\n",
        };
        let path = format!("a.{}", language.extensions()[0]);
        let facts = extractor.read(language, &path, comment.as_bytes(), Patience::ENDLESS).unwrap();
        let marks: Vec<&str> = facts.markers.iter().map(|marker| marker.mark.as_str()).collect();
        assert_eq!(marks, ["TODO", "FIXME"], "{}", language.as_str());
        let second = comment.lines().position(|line| line.contains("FIXME")).unwrap() as u32 + 1;
        assert_eq!(facts.markers[1].line, second, "{}", language.as_str());
    }
}

#[test]
fn every_language_has_a_fixture() {
    let fixtures = fixtures();
    for language in Language::ALL {
        assert!(fixtures.iter().any(|(one, ..)| *one == language), "{} has none", language.as_str());
    }
}
