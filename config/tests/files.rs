//! Every mistake has a file and its exact complaints; every example is without one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

use mcpd_config::Config;

fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == ending));
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Loads a file under its bare name, so that complaints do not depend on where the repository lies.
fn complaints(path: &Path) -> String {
    let name = Path::new(path.file_name().unwrap());
    let text = fs::read_to_string(path).unwrap();
    match Config::load(Some((name, &text)), &[]) {
        Ok(_) => "no complaint\n".to_owned(),
        Err(complaints) => format!("{complaints}\n"),
    }
}

#[test]
fn every_mistake_gets_its_complaints() {
    let mut wrong = Vec::new();
    for path in files("invalid", "toml") {
        let said = complaints(&path);
        match fs::read_to_string(path.with_extension("expected")) {
            Ok(expected) if expected == said => {}
            Ok(expected) => wrong.push(format!("{}\n  expected:\n{expected}  said:\n{said}", path.display())),
            Err(_) => {
                wrong.push(format!("{} has no expectation beside it; it says:\n{said}", path.display()))
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_expectation_has_its_file() {
    for path in files("invalid", "expected") {
        assert!(path.with_extension("toml").exists(), "{}", path.display());
    }
}

#[test]
fn every_example_is_without_complaint() {
    for path in files("examples", "toml") {
        if let Err(complaints) = Config::check_file(&path) {
            panic!("{complaints}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_a_complaint() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("absent.toml");
    let complaints = Config::check_file(&path).unwrap_err();
    assert_eq!(complaints.0.len(), 1);
    assert_eq!(complaints.0[0].file.as_deref(), Some(path.as_path()));
    assert!(complaints.0[0].reason.starts_with("cannot be read: "), "{complaints}");

    fs::write(&path, [0x66, 0xff, 0xfe]).unwrap();
    assert!(Config::check_file(&path).is_err());
}
