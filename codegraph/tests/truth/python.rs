//! Python against its own parser, on its standard library.

use std::{path::PathBuf, process::Command, time::Instant};

use mcpd_codegraph::facts::{Kind, Relation};

use crate::{Agreement, Fact, folder, read_all, run};

/// Fewest files that say anything.
const FEWEST: usize = 400;

#[test]
fn python_is_read_as_python_reads_it() {
    let began = Instant::now();
    let told = run(Command::new("python3").arg(folder().join("ast_facts.py")), "install python3");
    let (files, theirs) = parsed(&told);
    assert!(files.len() >= FEWEST, "the standard library has {} files only", files.len());
    let read = read_all(&files);
    let mut ours: Vec<Fact> = Vec::new();
    let mut unread = Vec::new();
    for (file, facts) in read.iter().enumerate() {
        let Some((_, facts)) = facts else {
            unread.push(&files[file]);
            continue;
        };
        for entity in &facts.entities {
            if matches!(entity.kind, Kind::Class | Kind::Function | Kind::Method) {
                ours.push((file, "definition".into(), facts.text(entity.name).into(), entity.line));
            }
        }
        for one in facts.references.iter().filter(|one| one.relation == Relation::Calls) {
            ours.push((file, "call".into(), facts.text(one.name).into(), one.line));
        }
    }
    println!("{} files in {:?}; not read: {unread:?}", files.len(), began.elapsed());
    for (what, least) in [("definition", 0.99), ("call", 0.97)] {
        let of =
            |facts: &[Fact]| -> Vec<Fact> { facts.iter().filter(|fact| fact.1 == what).cloned().collect() };
        let agreement = Agreement::of(&of(&ours), &of(&theirs));
        let (precision, recall) = (agreement.precision(), agreement.recall());
        println!("{what}: {} agree, precision {precision:.5}, recall {recall:.5}", agreement.both);
        let first = |facts: &[Fact]| -> Vec<String> {
            let shown = facts
                .iter()
                .take(20)
                .map(|(file, _, name, line)| format!("{}:{line} {name}", files[*file].display()));
            shown.collect()
        };
        println!("  only ours {:#?}", first(&agreement.only_ours));
        println!("  only theirs {:#?}", first(&agreement.only_theirs));
        assert!(precision >= least && recall >= least, "{what}: precision {precision}, recall {recall}");
    }
}

fn parsed(told: &str) -> (Vec<PathBuf>, Vec<Fact>) {
    let (mut files, mut facts) = (Vec::new(), Vec::new());
    for line in told.lines() {
        let [what, name, at] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line:?}") };
        if what == "file" {
            files.push(PathBuf::from(name));
        } else {
            facts.push((files.len() - 1, what.to_owned(), name.to_owned(), at.parse().unwrap()));
        }
    }
    (files, facts)
}
