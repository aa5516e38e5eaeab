//! What a project depends on, as its manifests say: how much is declared, what of it without a bound on its version, and
//! whether a lock file says which versions are meant. Nothing is resolved, and no registry is asked.

mod gradle;
mod json;
mod lines;
mod toml;
mod xml;

use std::collections::BTreeSet;

use crate::code::{Beside, Wanted};

/// Unbounded dependencies that are named.
const NAMED: usize = 20;
/// Dependencies of one manifest that are counted.
const MOST: usize = 10_000;
/// Folders whose manifests are not those of the project.
const FOREIGN: [&str; 12] = [
    "node_modules",
    "vendor",
    "third_party",
    "testdata",
    "fixtures",
    "examples",
    "example",
    "tests",
    "test",
    "spec",
    "templates",
    "target",
];

/// A dependency that is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) name: String,
    /// Whether something bounds its version.
    pub(super) bounded: bool,
}

impl Declared {
    fn new(name: impl Into<String>, bounded: bool) -> Self {
        Self { name: name.into(), bounded }
    }
}

/// Kinds of manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Npm,
    Python,
    Requirements,
    Cargo,
    Go,
    Maven,
    Gradle,
    Ruby,
    Composer,
    Nuget,
}

impl Kind {
    fn of(path: &str) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if folder.split('/').any(|part| FOREIGN.contains(&part)) {
            return None;
        }
        match name {
            "package.json" => Some(Self::Npm),
            "pyproject.toml" => Some(Self::Python),
            "Cargo.toml" => Some(Self::Cargo),
            "go.mod" => Some(Self::Go),
            "pom.xml" => Some(Self::Maven),
            "build.gradle" | "build.gradle.kts" => Some(Self::Gradle),
            "Gemfile" => Some(Self::Ruby),
            "composer.json" => Some(Self::Composer),
            _ if name.ends_with(".csproj") || name.ends_with(".fsproj") => Some(Self::Nuget),
            _ if name.starts_with("requirements") && name.ends_with(".txt") => Some(Self::Requirements),
            _ => None,
        }
    }

    /// Returns the names of the files that fix its versions; none for what has no such thing.
    fn locks(self) -> &'static [&'static str] {
        match self {
            Self::Npm => &[
                "package-lock.json",
                "npm-shrinkwrap.json",
                "yarn.lock",
                "pnpm-lock.yaml",
                "bun.lock",
                "bun.lockb",
            ],
            Self::Python => &["poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"],
            Self::Cargo => &["Cargo.lock"],
            Self::Go => &["go.sum"],
            Self::Gradle => &["gradle.lockfile"],
            Self::Ruby => &["Gemfile.lock"],
            Self::Composer => &["composer.lock"],
            Self::Nuget => &["packages.lock.json"],
            Self::Requirements | Self::Maven => &[],
        }
    }

    fn declared(self, text: &str) -> Option<Vec<Declared>> {
        match self {
            Self::Npm => json::npm(text),
            Self::Composer => json::composer(text),
            Self::Python => toml::python(text),
            Self::Cargo => toml::cargo(text),
            Self::Requirements => Some(lines::requirements(text)),
            Self::Go => Some(lines::go(text)),
            Self::Ruby => Some(lines::ruby(text)),
            Self::Gradle => Some(gradle::declared(text)),
            Self::Maven => Some(xml::maven(text)),
            Self::Nuget => Some(xml::nuget(text)),
        }
    }
}

/// A manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    /// Its path.
    pub(super) path: String,
    /// Dependencies it declares.
    pub(super) declared: usize,
    /// Those of them without a bound on their version.
    pub(super) unbounded: usize,
    /// Whether its versions are fixed; nothing where there is no way to.
    pub(super) locked: Option<bool>,
}

/// What all manifests say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Dependencies {
    /// Each of them that could be read, by path.
    pub(super) manifests: Vec<Manifest>,
    /// Dependencies declared.
    pub(super) declared: usize,
    /// Those of them without a bound on their version.
    pub(super) unbounded: usize,
    /// The first of those, with their manifests.
    pub(super) names: Vec<String>,
    /// Manifests that declare something and whose versions can be fixed.
    pub(super) lockable: usize,
    /// Those of them whose versions are.
    pub(super) locked: usize,
    /// Manifests that are no text of their kind.
    pub(super) unreadable: usize,
}

/// Says what is wanted of the files beside the code.
pub(super) fn wanted(path: &str) -> Option<Wanted> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_lock = [
        Kind::Npm,
        Kind::Python,
        Kind::Cargo,
        Kind::Go,
        Kind::Gradle,
        Kind::Ruby,
        Kind::Composer,
        Kind::Nuget,
    ]
    .iter()
    .any(|kind| kind.locks().contains(&name));
    if Kind::of(path).is_some() {
        Some(Wanted::Content)
    } else if is_lock || is_readme(path) {
        Some(Wanted::Name)
    } else {
        None
    }
}

/// Answers whether a file is what people read first of the project.
fn is_readme(path: &str) -> bool {
    !path.contains('/') && path.to_ascii_lowercase().starts_with("readme")
}

/// Answers whether there is something people read first.
pub(super) fn has_readme(beside: &[Beside]) -> bool {
    beside.iter().any(|one| is_readme(&one.path))
}

/// Reads all manifests.
pub(super) fn read(beside: &[Beside]) -> Dependencies {
    let there: BTreeSet<&str> = beside.iter().map(|one| one.path.as_str()).collect();
    let mut all = Dependencies::default();
    for one in beside {
        let Some(kind) = Kind::of(&one.path) else { continue };
        let text = one.content.as_deref().and_then(|bytes| str::from_utf8(bytes).ok());
        let Some(mut declared) = text.and_then(|text| kind.declared(text.trim_start_matches('\u{feff}')))
        else {
            all.unreadable += 1;
            continue;
        };
        declared.truncate(MOST);
        let unbounded: Vec<&Declared> = declared.iter().filter(|one| !one.bounded).collect();
        let room = NAMED.saturating_sub(all.names.len());
        all.names.extend(
            unbounded.iter().take(room).map(|dependency| format!("{}: {}", one.path, dependency.name)),
        );
        let locked = match kind {
            // The list itself fixes them, where each has one version.
            Kind::Requirements => Some(unbounded.is_empty() && text.is_some_and(lines::is_pinned)),
            Kind::Maven => None,
            Kind::Npm
            | Kind::Python
            | Kind::Cargo
            | Kind::Go
            | Kind::Gradle
            | Kind::Ruby
            | Kind::Composer
            | Kind::Nuget => Some(is_locked(&there, &one.path, kind)),
        };
        all.declared += declared.len();
        all.unbounded += unbounded.len();
        if !declared.is_empty() {
            all.lockable += usize::from(locked.is_some());
            all.locked += usize::from(locked == Some(true));
        }
        all.manifests.push(Manifest {
            path: one.path.clone(),
            declared: declared.len(),
            unbounded: unbounded.len(),
            locked,
        });
    }
    all
}

/// Looks for a lock file beside a manifest and above it: parts of a workspace share one.
fn is_locked(there: &BTreeSet<&str>, path: &str, kind: Kind) -> bool {
    let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    loop {
        let has = |name: &&str| match folder {
            "" => there.contains(*name),
            _ => there.contains(&*format!("{folder}/{name}")),
        };
        if kind.locks().iter().any(has) {
            return true;
        }
        if folder.is_empty() {
            return false;
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

#[cfg(test)]
mod tests;
