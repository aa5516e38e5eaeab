//! `build.gradle`, in Groovy or Kotlin: dependencies that are written as `group:name:version`.

use super::Declared;

/// Words that declare a dependency.
const WORDS: [&str; 12] = [
    "implementation",
    "api",
    "compileOnly",
    "runtimeOnly",
    "testImplementation",
    "testRuntimeOnly",
    "testCompileOnly",
    "annotationProcessor",
    "kapt",
    "ksp",
    "compile",
    "testCompile",
];

/// Reads the dependencies. Those of a catalog or of another project are declared elsewhere.
pub(super) fn declared(text: &str) -> Vec<Declared> {
    text.lines().filter_map(one).collect()
}

fn one(line: &str) -> Option<Declared> {
    let line = line.trim();
    let end = line.find([' ', '('])?;
    if !WORDS.contains(&&line[..end]) {
        return None;
    }
    let quote = line.find(['"', '\''])?;
    let mark = line[quote..].chars().next()?;
    let written = line[quote + 1..].split(mark).next()?;
    let parts: Vec<&str> = written.split(':').collect();
    let is_bounded = match parts[..] {
        ["", ..] => return None,
        [_, _, version, ..] => !version.contains('+') && !version.starts_with("latest."),
        // Its version comes from a platform.
        [_, _] => true,
        [_] | [] => return None,
    };
    Some(Declared::new(parts[..2].join(":"), is_bounded))
}
