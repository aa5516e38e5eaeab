//! Manifests in JSON: `package.json`, `composer.json`.

use serde_json::Value;

use super::Declared;

/// Reads the dependencies of a `package.json`.
pub(super) fn npm(text: &str) -> Option<Vec<Declared>> {
    let whole: Value = serde_json::from_str(text).ok()?;
    whole.as_object()?;
    let sections = ["dependencies", "devDependencies", "optionalDependencies"];
    let all = sections.iter().filter_map(|section| whole[section].as_object()).flatten();
    // What lies in the same tree has the version of the tree.
    let elsewhere = all.filter(|(_, version)| {
        let version = version.as_str().unwrap_or_default();
        !["workspace:", "file:", "link:", "portal:"].iter().any(|own| version.starts_with(own))
    });
    let declared =
        elsewhere.map(|(name, version)| Declared::new(name, version.as_str().is_some_and(npm_bounds)));
    Some(declared.collect())
}

fn npm_bounds(version: &str) -> bool {
    let version = version.trim();
    let is_repository = version.contains("://") || version.starts_with("git") || version.contains('/');
    match version {
        "" | "*" | "x" | "X" | "latest" | "next" => false,
        _ if version.starts_with("npm:") => {
            version.rsplit_once('@').is_some_and(|(_, bound)| npm_bounds(bound))
        }
        _ if is_repository => version.contains('#') || version.ends_with(".tgz"),
        _ => true,
    }
}

/// Reads the dependencies of a `composer.json`.
pub(super) fn composer(text: &str) -> Option<Vec<Declared>> {
    let whole: Value = serde_json::from_str(text).ok()?;
    whole.as_object()?;
    let all = ["require", "require-dev"].iter().filter_map(|section| whole[section].as_object()).flatten();
    // The interpreter and its extensions are not packages.
    let packages = all.filter(|(name, _)| name.contains('/'));
    let bounds = |version: &Value| {
        let version = version.as_str().unwrap_or_default().trim();
        !(version.is_empty() || version == "*" || version.starts_with("dev-") || version.starts_with('@'))
    };
    Some(packages.map(|(name, version)| Declared::new(name, bounds(version))).collect())
}
