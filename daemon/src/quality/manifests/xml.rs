//! Manifests in XML: `pom.xml`, `*.csproj`. What is looked for stands in few elements, so that they are found by their
//! marks; nothing is resolved and no entity is expanded.

use super::Declared;

/// Reads the dependencies of a `pom.xml`. One without a version has it from a parent or from the management section.
pub(super) fn maven(text: &str) -> Vec<Declared> {
    let text = without_comments(text);
    let managed = elements(&text, "dependencyManagement");
    let mut own = text.clone();
    for section in managed.iter().chain(&elements(&text, "build")) {
        own = own.replace(section, "");
    }
    let dependency = |one: String| {
        let name = format!("{}:{}", first(&one, "groupId")?, first(&one, "artifactId")?);
        let is_bounded = first(&one, "version")
            .is_none_or(|version| !matches!(version.as_str(), "LATEST" | "RELEASE" | "" | "[,)"));
        Some(Declared::new(name, is_bounded))
    };
    elements(&own, "dependency").into_iter().filter_map(dependency).collect()
}

/// Reads the packages of a project of .NET. One without a version has it from a central file.
pub(super) fn nuget(text: &str) -> Vec<Declared> {
    let text = without_comments(text);
    let references = text.split("<PackageReference").skip(1);
    let package = |rest: &str| {
        let tag = rest.split('>').next()?;
        let inside =
            if tag.ends_with('/') { "" } else { rest.split("</PackageReference").next().unwrap_or("") };
        let name = attribute(tag, "Include")?;
        let version = attribute(tag, "Version").or_else(|| first(inside, "Version"));
        Some(Declared::new(
            name,
            version.is_none_or(|version| !(version.is_empty() || version.starts_with('*'))),
        ))
    };
    references.filter_map(package).collect()
}

fn without_comments(text: &str) -> String {
    let mut parts = text.split("<!--");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once("-->").map_or("", |(_, rest)| rest));
    }
    plain
}

/// Returns the insides of all elements of a name.
fn elements(text: &str, name: &str) -> Vec<String> {
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    let inside = text.split(begin.as_str()).skip(1).filter_map(|rest| rest.split_once(end.as_str()));
    inside.map(|(inside, _)| inside.to_owned()).collect()
}

fn first(text: &str, name: &str) -> Option<String> {
    let (begin, end) = (format!("<{name}>"), format!("</{name}>"));
    let (inside, _) = text.split_once(begin.as_str())?.1.split_once(end.as_str())?;
    Some(inside.trim().to_owned())
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split_once(&format!("{name}=\""))?.1;
    Some(rest.split('"').next()?.to_owned())
}
