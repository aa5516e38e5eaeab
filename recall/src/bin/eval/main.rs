//! Measures retrieval on sets of documents and judged questions, for each way of searching:
//! `cargo run --release -p mcpd-recall --bin eval -- FOLDER [--model FILE]`.
//!
//! A set is a JSON file: `documents`, each with `id` and `text`, and `queries`, each with `query` and the ids `relevant`.

mod calibrate;
mod sets;
mod ways;

use std::{
    error::Error,
    io::{Write as _, stdout},
    path::{Path, PathBuf},
    process::ExitCode,
};

use mcpd_recall::Encoder;
use sets::{Indexed, Set, index, read};
use ways::ways;

/// Answers looked at for each question.
pub(crate) const DEEPEST: usize = 10;

/// Sums over questions.
#[derive(Default, Clone, Copy)]
struct Figures {
    five: f64,
    ten: f64,
    reciprocal: f64,
    questions: usize,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "eval: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = arguments.next().ok_or("usage: eval FOLDER [--model FILE]")?;
    let model = match (arguments.next(), arguments.next()) {
        (Some(flag), Some(file)) if flag == "--model" => Some(Encoder::read(Path::new(&file))?),
        (None, _) => None,
        _ => return Err("usage: eval FOLDER [--model FILE]".into()),
    };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    let mut sets = Vec::new();
    for file in &files {
        let mut set = read(file)?;
        let indexed = index(&mut set, model.as_ref());
        sets.push((set, indexed));
    }
    report(&sets, model.is_some())?;
    calibrate::report(&sets, model.is_some())?;
    Ok(())
}

fn measure(set: &Set, answers: &[Vec<usize>]) -> Figures {
    let mut figures = Figures::default();
    for (question, answer) in set.questions.iter().zip(answers) {
        let within = |depth: usize| {
            let found =
                question.relevant.iter().filter(|one| answer.iter().take(depth).any(|place| place == *one));
            found.count() as f64 / question.relevant.len().max(1) as f64
        };
        figures.five += within(5);
        figures.ten += within(DEEPEST);
        let first = answer.iter().position(|place| question.relevant.contains(place));
        figures.reciprocal += first.map_or(0.0, |rank| 1.0 / (rank + 1) as f64);
        figures.questions += 1;
    }
    figures
}

fn report(sets: &[(Set, Indexed)], with_model: bool) -> std::io::Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "| way | set | questions | recall@5 | recall@10 | MRR@10 |\n|---|---|---|---|---|---|")?;
    for (name, way) in ways(with_model) {
        let mut conversations = Figures::default();
        for (set, indexed) in sets {
            let figures = measure(set, &way(set, indexed));
            row(&mut out, name, &set.name, figures)?;
            if set.name.starts_with("locomo") {
                conversations.five += figures.five;
                conversations.ten += figures.ten;
                conversations.reciprocal += figures.reciprocal;
                conversations.questions += figures.questions;
            }
        }
        if conversations.questions > 0 {
            row(&mut out, name, "locomo, all", conversations)?;
        }
    }
    Ok(())
}

fn row(out: &mut impl std::io::Write, way: &str, set: &str, figures: Figures) -> std::io::Result<()> {
    let count = figures.questions.max(1) as f64;
    let (five, ten, reciprocal) = (figures.five / count, figures.ten / count, figures.reciprocal / count);
    writeln!(out, "| {way} | {set} | {} | {five:.4} | {ten:.4} | {reciprocal:.4} |", figures.questions)
}
