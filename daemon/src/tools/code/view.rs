//! Definitions as the tools show them.

use mcpd_codegraph::{Graph, Node, facts::Visibility};
use schemars::JsonSchema;
use serde::Serialize;

use crate::code::Scene;

/// Lines of source shown of one definition.
const LINES: u32 = 200;

/// A definition, or a file as a whole.
#[derive(Serialize, JsonSchema)]
pub(super) struct EntityView {
    /// names it in every tool of the family; the same from run to run
    pub(super) entity_id: String,
    name: String,
    qualified_name: String,
    /// module, class, struct, interface, trait, protocol, enum, type, function, method, field, constant, variable,
    /// macro or component
    #[serde(rename = "type")]
    kind: &'static str,
    file_path: String,
    line_number: u32,
    end_line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    docstring: Option<String>,
    /// absent for public
    #[serde(skip_serializing_if = "Option::is_none")]
    visibility: Option<&'static str>,
    /// decisions plus one, for what runs
    #[serde(skip_serializing_if = "Option::is_none")]
    cyclomatic: Option<u32>,
    /// the lines themselves, where they were asked for
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl EntityView {
    /// Shows a node without its source.
    pub(super) fn of(graph: &Graph, node: Node) -> Self {
        let about = graph.about(node);
        Self {
            entity_id: graph.id(node),
            name: graph.name(node).to_owned(),
            qualified_name: graph.qualified(node),
            kind: graph.kind(node).as_str(),
            file_path: graph.path(node).to_owned(),
            line_number: about.line,
            end_line: about.end,
            signature: about.signature.map(str::to_owned),
            docstring: about.doc.map(str::to_owned),
            visibility: about.visibility.filter(|it| *it != Visibility::Public).map(Visibility::as_str),
            cyclomatic: about.metrics.map(|metrics| metrics.cyclomatic),
            source: None,
        }
    }

    /// Adds a text as its lines.
    pub(super) fn showing(mut self, source: Option<String>) -> Self {
        self.source = source;
        self
    }

    /// Adds the lines.
    pub(super) fn with_source(self, scene: &Scene<'_>, node: Node) -> Self {
        self.showing(source(scene, node, LINES))
    }
}

/// Returns the lines of a definition, so many of them.
pub(in crate::tools) fn source(scene: &Scene<'_>, node: Node, most: u32) -> Option<String> {
    let about = scene.graph.about(node);
    let last = about.end.min(about.start.saturating_add(most - 1));
    let mut text = scene.lines(scene.graph.path(node), about.start, last)?;
    if last < about.end {
        text.push_str(&format!("\n… {} more lines", about.end - last));
    }
    Some(text)
}

/// A node in few words.
#[derive(Serialize, JsonSchema)]
pub(in crate::tools) struct Brief {
    entity_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<String>,
    line_number: u32,
}

impl Brief {
    /// Shows a node in few words.
    pub(in crate::tools) fn of(graph: &Graph, node: Node) -> Self {
        let about = graph.about(node);
        let signature = about.signature.map(str::to_owned);
        Self { entity_id: graph.id(node), signature, line_number: about.line }
    }

    /// Returns it as one line.
    pub(in crate::tools) fn line(&self) -> String {
        let signature = self.signature.as_deref().unwrap_or_default();
        format!("{} (line {}) {signature}", self.entity_id, self.line_number)
    }
}

/// Writes a confidence in hundredths as a share.
pub(super) fn share(confidence: u8) -> f64 {
    f64::from(confidence) / 100.0
}
