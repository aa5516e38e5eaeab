//! Rust, Go, Java, TypeScript and C against Universal Ctags: sources of crates we depend on, and of `corpus/`.

use std::{
    collections::{BTreeMap, HashMap},
    io::Write,
    path::PathBuf,
    process::{Command, Stdio},
};

use mcpd_codegraph::{
    Facts, Language,
    facts::{Entity, Kind},
};

use crate::{
    Agreement, Fact,
    judged::{self, Context, JUDGED, Right},
    read_all, run, sources,
};

/// What is compared of one language.
struct Sources {
    language: Language,
    /// What ctags calls it.
    word: &'static str,
    /// Kinds it leaves out unless asked.
    asked: &'static str,
    extensions: &'static [&'static str],
    /// Crates whose sources are read.
    crates: &'static [&'static str],
    /// A kind of ctags in our words; nothing for what we do not have.
    theirs: fn(&str) -> Option<&'static str>,
    /// Differences in which ctags is right, as recorded.
    wrong: usize,
    /// Share of each kind that both find, as recorded in `TRUTH.md`, rounded down.
    least: &'static [(&'static str, f64)],
}

const INSTALL: &str = "install universal-ctags";

fn compare(sources: &Sources) {
    let version = run(Command::new("ctags").arg("--version"), INSTALL);
    assert!(version.starts_with("Universal Ctags"), "{INSTALL}: {version}");
    let files = sources::files(sources.crates, sources.extensions);
    let read = read_all(&files);
    let told = told_by_ctags(sources, &files);
    let mut ours: Vec<Fact> = Vec::new();
    for (file, facts) in read.iter().enumerate() {
        let Some((_, facts)) = facts.as_ref().filter(|(language, _)| *language == sources.language) else {
            continue;
        };
        for entity in &facts.entities {
            if let Some(kind) = our_kind(sources.language, facts, entity) {
                ours.push((file, kind.into(), facts.text(entity.name).into(), entity.line));
            }
        }
    }
    let places: HashMap<&str, usize> =
        files.iter().enumerate().map(|(index, path)| (path.to_str().unwrap(), index)).collect();
    let mut theirs: Vec<Fact> = Vec::new();
    for line in told.lines() {
        let [name, path, at, kind, ..] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line:?}") };
        let (file, at) = (places[path], at.trim_end_matches(";\"").parse().unwrap());
        // What we refused to read is nobody's.
        let is_read = read[file].as_ref().is_some_and(|(language, _)| *language == sources.language);
        // What has no name in the source was given one.
        if let Some(kind) = (sources.theirs)(kind).filter(|_| is_read && !name.starts_with("__anon")) {
            theirs.push((file, kind.into(), name.into(), at));
        }
    }
    if sources.language == Language::C {
        stop_with_ctags(&mut ours, &theirs);
    }
    judge(sources, &files, &read, &ours, &theirs);
}

/// Leaves out what stands behind the last thing ctags finds in a file: in sqlite3.c it stops after a tenth.
fn stop_with_ctags(ours: &mut Vec<Fact>, theirs: &[Fact]) {
    let mut last: HashMap<usize, u32> = HashMap::new();
    for (file, _, _, line) in theirs {
        let last = last.entry(*file).or_default();
        *last = (*last).max(*line);
    }
    let before = ours.len();
    ours.retain(|(file, _, _, line)| last.get(file).is_some_and(|last| line <= last));
    println!("\n{} of ours are behind the last line that ctags reads and not compared", before - ours.len());
}

fn judge(
    sources: &Sources,
    files: &[PathBuf],
    read: &[Option<(Language, Facts)>],
    ours: &[Fact],
    theirs: &[Fact],
) {
    let lines: usize = read.iter().flatten().map(|(_, facts)| facts.lines as usize).sum();
    println!("\n{}: {} files, {lines} lines", sources.word, files.len());
    let agreement = Agreement::of(ours, theirs);
    let context = Context::new(files, read, ours, theirs);
    let mut classes: BTreeMap<(&str, Right), usize> = BTreeMap::new();
    let mut wrong = 0;
    let mut unjudged: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut different: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    let sides = [(true, &agreement.only_ours), (false, &agreement.only_theirs)];
    for (is_ours, fact) in
        sides.into_iter().flat_map(|(side, facts)| facts.iter().map(move |fact| (side, fact)))
    {
        different.entry(&fact.1).or_default()[usize::from(!is_ours)] += 1;
        let fits = |one: &&judged::Judged| {
            one.language == sources.language
                && one.is_ours == is_ours
                && (one.fits)(&context, fact, context.instead(fact, is_ours))
        };
        match JUDGED.iter().find(fits) {
            Some(one) => {
                *classes.entry((one.name, one.right)).or_default() += 1;
                wrong += usize::from(one.right == Right::Ctags);
            }
            None => {
                let side = if is_ours { "only ours" } else { "only theirs" };
                let instead = context.instead(fact, is_ours).unwrap_or("nothing");
                let (file, line) = (files[fact.0].display(), context.line(fact).trim());
                let what = format!("{side}: {} where the other has {instead}", fact.1);
                unjudged.entry(what).or_default().push(format!("{} {file}:{} `{line}`", fact.2, fact.3));
            }
        }
    }
    let mut below = Vec::new();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for fact in ours {
        *kinds.entry(&fact.1).or_default() += 1;
    }
    for fact in theirs {
        kinds.entry(&fact.1).or_default();
    }
    for (kind, count) in &kinds {
        let [only_ours, only_theirs] = different.get(kind).copied().unwrap_or_default();
        let both = count - only_ours;
        let share = both as f64 / (both + only_ours + only_theirs) as f64;
        println!(
            "  {kind:<10} both {both:>6}  only ours {only_ours:>5}  only theirs {only_theirs:>5}  agree {share:.4}"
        );
        let least = sources.least.iter().find(|(one, _)| one == kind).map_or(1.0, |(_, least)| *least);
        if share < least {
            below.push(format!("{kind}: {share:.4} is below {least}"));
        }
    }
    for ((class, right), count) in classes {
        println!("  {count:>6} {class}: {right:?}");
    }
    let right = agreement.both as f64 / (agreement.both + wrong) as f64;
    println!(
        "  where we differ and ctags is right: {wrong}; share of what both find and where it is not: {right:.4}"
    );
    for (what, all) in &unjudged {
        println!("  {:>6} NOT JUDGED {what}", all.len());
        // Here and there rather than the first: one file often has many of a kind.
        for one in all.iter().step_by(all.len() / 8 + 1) {
            println!("           {one}");
        }
    }
    assert!(unjudged.is_empty(), "{}: differences of no kind that was judged", sources.word);
    assert!(wrong <= sources.wrong, "{}: ctags is right {wrong} times", sources.word);
    assert!(below.is_empty(), "{}: {below:#?}", sources.word);
}

/// Returns what an entity is in the words both sides share; nothing for what ctags does not have.
fn our_kind(language: Language, facts: &Facts, entity: &Entity) -> Option<&'static str> {
    let parent = entity.parent.map(|parent| facts.entities[parent as usize].kind);
    let is_variant = parent == Some(Kind::Enum) && entity.kind == Kind::Constant;
    Some(match entity.kind {
        Kind::Module if language == Language::Java => return None,
        // A stand-in for a type of elsewhere is no definition.
        Kind::Type if !entity.has_body && language == Language::Go => return None,
        Kind::Type if language == Language::Rust && is_implementation(&entity.signature) => return None,
        Kind::Constant if is_variant && !entity.signature.contains("const ") => "variant",
        Kind::Constant if entity.signature.starts_with('#') => "macro",
        Kind::Constant
            if language == Language::C && entity.signature.starts_with(facts.text(entity.name)) =>
        {
            "variant"
        }
        // Whether it is constant is a word of its type.
        Kind::Constant if language == Language::C => "variable",
        Kind::Constant if language == Language::Java => "field",
        // It has one word for both, but for what an interface asks for.
        Kind::Method if language == Language::Go && entity.has_body => "function",
        Kind::Module
        | Kind::Class
        | Kind::Struct
        | Kind::Interface
        | Kind::Trait
        | Kind::Protocol
        | Kind::Enum
        | Kind::Type
        | Kind::Function
        | Kind::Method
        | Kind::Field
        | Kind::Constant
        | Kind::Variable
        | Kind::Macro
        | Kind::Component => entity.kind.as_str(),
    })
}

fn is_implementation(signature: &str) -> bool {
    signature.trim_start_matches("unsafe ").starts_with("impl")
}

fn told_by_ctags(sources: &Sources, files: &[PathBuf]) -> String {
    let mut command = Command::new("ctags");
    command.arg("--options=NONE");
    command.arg(format!("--language-force={}", sources.word));
    if !sources.asked.is_empty() {
        command.arg(format!("--kinds-{}={}", sources.word, sources.asked));
    }
    command.args(["--sort=no", "--excmd=number", "--fields=K"]);
    command.args(["-f", "-", "-L", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{INSTALL}: {error}"));
    let mut into = child.stdin.take().unwrap();
    let list: String = files.iter().map(|path| format!("{}\n", path.display())).collect();
    let writer = std::thread::spawn(move || into.write_all(list.as_bytes()));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(output.status.success(), "{command:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn rust_is_read_as_ctags_reads_it() {
    compare(&Sources {
        language: Language::Rust,
        word: "Rust",
        asked: "",
        extensions: &["rs"],
        crates: &["tokio", "serde_core", "syn", "clap_builder", "regex-automata", "hyper", "ratatui-core"],
        theirs: |kind| {
            Some(match kind {
                "module" => "module",
                "struct" => "struct",
                "interface" => "trait",
                "enum" => "enum",
                "typedef" => "type",
                "function" => "function",
                "method" => "method",
                "field" => "field",
                "enumerator" => "variant",
                "variable" => "constant",
                "macro" => "macro",
                "implementation" => return None,
                other => panic!("{other}"),
            })
        },
        wrong: 0,
        least: &[
            ("constant", 0.116),
            ("field", 0.912),
            ("function", 0.901),
            ("method", 0.953),
            ("module", 0.354),
            ("type", 0.956),
            ("variant", 0.965),
        ],
    });
}

#[test]
fn c_is_read_as_ctags_reads_it() {
    compare(&Sources {
        language: Language::C,
        word: "C",
        asked: "+px",
        extensions: &["c", "h"],
        crates: &["tree-sitter", "libsqlite3-sys", "libmimalloc-sys", "ring"],
        theirs: |kind| {
            Some(match kind {
                "struct" | "union" => "struct",
                "enum" => "enum",
                "typedef" => "type",
                "function" | "prototype" => "function",
                "member" => "field",
                "enumerator" => "variant",
                "variable" | "externvar" => "variable",
                "macro" => "macro",
                "header" => return None,
                other => panic!("{other}"),
            })
        },
        wrong: 899,
        least: &[
            ("enum", 0.724),
            ("field", 0.915),
            ("function", 0.854),
            ("macro", 0.981),
            ("struct", 0.826),
            ("type", 0.799),
            ("variable", 0.586),
            ("variant", 0.951),
        ],
    });
}

#[test]
fn go_is_read_as_ctags_reads_it() {
    compare(&Sources {
        language: Language::Go,
        word: "Go",
        asked: "",
        extensions: &["go"],
        crates: &[],
        theirs: |kind| {
            Some(match kind {
                "struct" => "struct",
                "interface" => "interface",
                "type" | "talias" => "type",
                "func" => "function",
                "methodSpec" => "method",
                "member" => "field",
                "const" => "constant",
                "var" => "variable",
                "package" | "packageName" | "anonMember" | "unknown" => return None,
                other => panic!("{other}"),
            })
        },
        wrong: 0,
        least: &[("constant", 0.87), ("field", 0.75), ("struct", 0.57), ("type", 0.75)],
    });
}

#[test]
fn java_is_read_as_ctags_reads_it() {
    compare(&Sources {
        language: Language::Java,
        word: "Java",
        asked: "",
        extensions: &["java"],
        crates: &[],
        theirs: |kind| {
            Some(match kind {
                "class" => "class",
                "interface" | "annotation" => "interface",
                "enum" => "enum",
                "enumConstant" => "variant",
                "field" => "field",
                "method" => "method",
                "package" => return None,
                other => panic!("{other}"),
            })
        },
        wrong: 0,
        least: &[("function", 0.0), ("method", 0.95)],
    });
}

#[test]
fn typescript_is_read_as_ctags_reads_it() {
    compare(&Sources {
        language: Language::TypeScript,
        word: "TypeScript",
        asked: "",
        extensions: &["ts"],
        crates: &[],
        theirs: |kind| {
            Some(match kind {
                "class" => "class",
                "interface" => "interface",
                "enum" => "enum",
                "enumerator" => "variant",
                "alias" => "type",
                "function" | "generator" => "function",
                "method" => "method",
                "property" => "field",
                "constant" => "constant",
                "variable" => "variable",
                "namespace" => "module",
                other => panic!("{other}"),
            })
        },
        wrong: 0,
        least: &[
            ("class", 0.75),
            ("constant", 0.12),
            ("field", 0.7),
            ("function", 0.42),
            ("method", 0.15),
            ("variable", 0.4),
        ],
    });
}
