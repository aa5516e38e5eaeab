//! Components of Vue: the file with `tree-sitter-vue-next`, its scripts as the JavaScript or TypeScript they are.

mod expression;

use tree_sitter::{Node, Range, Tree};

use super::javascript::unquoted;
use crate::{
    Language,
    extract::{Clock, Def, Extractor, Grammar, Modules, Unread, Visit},
    facts::{Kind, Relation},
};

pub(crate) static GRAMMAR: Grammar = Grammar {
    language: || tree_sitter_vue_next::LANGUAGE.into(),
    handlers: &[
        ("document", component),
        ("script_element", script),
        ("style_element", style),
        ("start_tag", tag),
        ("self_closing_tag", tag),
        ("directive_attribute", directive),
        ("interpolation", interpolation),
    ],
    branches: &[],
    decisions: &[],
    comments: &["comment"],
    between: &[],
    alike: &[],
    whole: &[],
    modules: Modules::Relative,
    silent_self: false,
};

/// Reads the template, then each script at the lines where it stands.
pub(crate) fn read(extractor: &mut Extractor, visit: &mut Visit<'_>, clock: Clock<'_>) -> Result<(), Unread> {
    let tree = extractor.parse(Language::Vue, visit.source(), &[], clock)?;
    extractor.show(Language::Vue, visit, &tree)?;
    for (language, range) in scripts(visit, &tree) {
        extractor.walk(language, visit, &[range], clock)?;
    }
    // Methods of a component are functions of its file.
    visit.own_is_file();
    Ok(())
}

/// Returns where scripts stand and what they are written in.
fn scripts(visit: &Visit<'_>, tree: &Tree) -> Vec<(Language, Range)> {
    let mut cursor = tree.walk();
    let mut found = Vec::new();
    // Scripts stand at the top.
    if !cursor.goto_first_child() {
        return found;
    }
    loop {
        let node = cursor.node();
        if node.kind() == "script_element" {
            let mut children = node.walk();
            if let Some(text) = node.named_children(&mut children).find(|child| child.kind() == "raw_text") {
                let language = match attribute(visit, node, "lang").as_deref() {
                    Some("ts" | "typescript") => Language::TypeScript,
                    Some("tsx") => Language::Tsx,
                    _ => Language::JavaScript,
                };
                found.push((language, text.range()));
            }
        }
        if !cursor.goto_next_sibling() {
            return found;
        }
    }
}

/// Returns an attribute of an element that is no directive.
fn attribute(visit: &Visit<'_>, element: Node<'_>, name: &str) -> Option<String> {
    let mut cursor = element.walk();
    let tag = element.named_children(&mut cursor).find(|child| child.kind() == "start_tag")?;
    let mut cursor = tag.walk();
    let wanted = tag.named_children(&mut cursor).find(|child| {
        child.kind() == "attribute" && child.named_child(0).is_some_and(|own| visit.text(own) == name)
    })?;
    wanted.named_child(1).map(|value| unquoted(&visit.text(value)).to_owned())
}

/// The file is a component of its name; the comment it begins with is about both.
fn component(visit: &mut Visit<'_>, node: Node<'_>) {
    let doc = node.named_child(0).filter(|first| first.kind() == "comment").map(|first| {
        let text = visit.text(first);
        let text = text.trim_start_matches("<!--").trim_end_matches("-->");
        text.lines().map(str::trim).collect::<Vec<_>>().join("\n").trim().to_owned()
    });
    if let Some(doc) = &doc {
        visit.file_doc(doc);
    }
    let signature = Some(visit.file_name().to_owned());
    let name = pascal(visit.stem());
    visit.define(node, Def { doc, signature, body: Some(node), ..Def::new(Kind::Component, name) });
}

/// What stands in it is read as what it is; a file it names is imported.
fn script(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(path) = attribute(visit, node, "src") {
        visit.import(&path, None, None, node.start_position().row as u32 + 1);
    }
    visit.skip();
}

fn style(visit: &mut Visit<'_>, _: Node<'_>) {
    visit.skip();
}

/// A tag with a capital or a dash is a component, by the style guide of Vue.
fn tag(visit: &mut Visit<'_>, node: Node<'_>) {
    let Some(name) = node.named_child(0).filter(|child| child.kind() == "tag_name") else { return };
    let text = visit.text(name);
    if text.starts_with(char::is_uppercase) || text.contains('-') {
        let from = visit.scope();
        visit.refer_text(Relation::Uses, from, &pascal(&text), name.start_position().row as u32 + 1);
    }
}

fn directive(visit: &mut Visit<'_>, node: Node<'_>) {
    let (mut is_event, mut is_kind, mut value) = (false, false, None);
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        match child.kind() {
            "@" => is_event = true,
            "directive_name" => is_event = visit.text(child) == "v-on",
            "directive_value" => is_kind = !is_event && visit.text(child) == "is",
            "quoted_attribute_value" => value = child.named_child(0),
            "attribute_value" => value = Some(child),
            _ => {}
        }
    }
    let Some(value) = value else { return };
    let text = visit.text(value);
    let plain = text.trim();
    let line = value.start_position().row as u32 + 1;
    // `@click="save"` gives a function, `:is="Panel"` a component.
    if expression::is_path(plain) && (is_event || is_kind && plain.starts_with(char::is_uppercase)) {
        let relation = if is_event { Relation::Calls } else { Relation::Uses };
        visit.refer_text(relation, visit.scope(), plain, line);
    } else {
        calls(visit, &text, line);
    }
}

fn interpolation(visit: &mut Visit<'_>, node: Node<'_>) {
    if let Some(text) = node.named_child(0) {
        calls(visit, &visit.text(text), text.start_position().row as u32 + 1);
    }
}

fn calls(visit: &mut Visit<'_>, text: &str, line: u32) {
    for (path, row) in expression::called(text) {
        visit.refer_text(Relation::Calls, visit.scope(), path, line + row);
    }
}

/// Returns a name as components are written: `base-button` as `BaseButton`.
fn pascal(name: &str) -> String {
    let mut pascal = String::with_capacity(name.len());
    for part in name.split(['-', '_']) {
        let mut characters = part.chars();
        pascal.extend(characters.next().into_iter().flat_map(char::to_uppercase));
        pascal.push_str(characters.as_str());
    }
    pascal
}

#[cfg(test)]
mod tests {
    use super::pascal;

    #[test]
    fn a_component_is_written_with_capitals() {
        assert_eq!(pascal("base-button"), "BaseButton");
        assert_eq!(pascal("TodoItem"), "TodoItem");
        assert_eq!(pascal("index"), "Index");
        assert_eq!(pascal("-"), "");
    }
}
