//! For who measures and checks this crate: what it finds in files, and how fast, without a daemon.
//!
//! `codegraph facts FILE...` writes one JSON object for each definition and call; `codegraph parse DIR THREADS` parses
//! and does nothing else; `codegraph build DIR THREADS` makes the whole graph.

use std::{
    ops::ControlFlow,
    path::Path,
    process::ExitCode,
    time::{Duration, Instant},
};

use mcpd_codegraph::{
    Extractor, Graph, Language, Patience,
    facts::Relation,
    survey::{self, Hash, How, Seen, Source},
    tree::{Jail, Limits, Root, Stamp},
};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["facts", ref files @ ..] => files.iter().try_for_each(|file| facts(file)),
        ["parse", dir, threads] => measure(dir, threads, true),
        ["build", dir, threads] => measure(dir, threads, false),
        _ => Err("codegraph facts FILE... | parse DIR THREADS | build DIR THREADS".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&mut std::io::stderr(), &error);
            ExitCode::FAILURE
        }
    }
}

fn tell(to: &mut dyn std::io::Write, line: &str) {
    // Who reads may have gone.
    let _ = writeln!(to, "{line}");
}

fn facts(file: &str) -> Result<(), String> {
    let text = std::fs::read(file).map_err(|error| format!("{file}: {error}"))?;
    let language = Language::of_path(file).ok_or_else(|| format!("{file}: of no known language"))?;
    let facts = match Extractor::default().read(language, file, &text, Patience::ENDLESS) {
        Ok(facts) => facts,
        Err(why) => {
            tell(&mut std::io::stderr(), &format!("{file}: {why}"));
            return Ok(());
        }
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for entity in &facts.entities {
        let (kind, name, line) = (entity.kind.as_str(), facts.text(entity.name), entity.line);
        let (start, end) = (entity.start, entity.end);
        tell(&mut out, &format!("{file}\tdef\t{kind}\t{name}\t{line}\t{start}\t{end}"));
    }
    for one in facts.references.iter().filter(|one| one.relation == Relation::Calls) {
        tell(&mut out, &format!("{file}\tcall\t-\t{}\t{}", facts.text(one.name), one.line));
    }
    if facts.errors > 0 {
        tell(&mut out, &format!("{file}\terrors\t-\t{}\t{}", facts.errors, facts.first_error.unwrap_or(0)));
    }
    Ok(())
}

struct Disk {
    root: Root,
    parse_only: bool,
}

impl Source for Disk {
    fn read(&self, path: &str) -> Result<(Vec<u8>, Stamp), String> {
        let read = self.root.read(path, u64::MAX >> 1).map_err(|error| error.to_string())?;
        Ok((read.bytes, read.stamp))
    }

    fn knows(&self, _: &str, _: &Hash) -> bool {
        self.parse_only
    }
}

fn measure(dir: &str, threads: &str, parse_only: bool) -> Result<(), String> {
    let threads: usize = threads.parse().map_err(|_| format!("{threads} is no number"))?;
    let path = Path::new(dir).canonicalize().map_err(|error| format!("{dir}: {error}"))?;
    let jail = Jail::new(vec![path.clone()]);
    let root = jail.open(&path).map_err(|error| error.to_string())?;
    let limits = Limits { files: usize::MAX, file_bytes: 2 << 20, total_bytes: u64::MAX, depth: 64 };
    let wanted = |path: &str| Language::of_path(path).is_some();
    let began = Instant::now();
    let walk =
        root.walk(&limits, &wanted, &|_| ControlFlow::Continue(())).map_err(|error| error.to_string())?;
    let walked = began.elapsed();
    let paths: Vec<String> = walk.files.into_iter().map(|found| found.path).collect();
    let source = Disk { root, parse_only };
    let (mut graph, mut encoded_bytes, mut skipped) = (Graph::default(), 0, Vec::new());
    if parse_only {
        parse(&paths, &source, threads);
    } else {
        let how = How { threads, file: Duration::from_secs(10), stop: &|| false, yielding: false };
        let mut all = Vec::new();
        survey::survey(&paths, &source, how, &mut |seen| {
            match seen {
                Seen::Read { path, language, facts, encoded, .. } => {
                    encoded_bytes += encoded.len();
                    all.push((path, language, *facts));
                }
                Seen::Skipped { path, why } => skipped.push((path, why)),
                Seen::Known { .. } => {}
            }
            ControlFlow::Continue(())
        });
        let read = began.elapsed();
        for (path, language, facts) in all {
            graph.put(&path, language, facts);
        }
        let put = began.elapsed();
        graph.link(threads);
        let linked = began.elapsed();
        let totals = graph.totals();
        tell(
            &mut std::io::stdout(),
            &format!(
                "walk {walked:?} read {read:?} put {put:?} link {linked:?} bytes {encoded_bytes} graph {}",
                graph.bytes()
            ),
        );
        tell(
            &mut std::io::stdout(),
            &format!("{totals:?} entities {} links {}", totals.entities(), totals.links()),
        );
        for (path, why) in skipped.iter().take(10) {
            tell(&mut std::io::stdout(), &format!("skipped {path}: {why}"));
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    tell(&mut std::io::stdout(), &format!("{} files in {seconds:.3} s", paths.len()));
    Ok(())
}

fn parse(paths: &[String], source: &Disk, threads: usize) {
    let next = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut extractor = Extractor::default();
                while let Some(path) = paths.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed)) {
                    let (Ok((bytes, _)), Some(language)) = (source.read(path), Language::of_path(path))
                    else {
                        continue;
                    };
                    // What cannot be parsed is passed over, as elsewhere.
                    let _ = extractor.parse_only(language, path, &bytes);
                }
            });
        }
    });
}
