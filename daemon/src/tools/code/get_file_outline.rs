//! `get_file_outline`: what a file defines, one line each.

use mcpd_codegraph::{Graph, Node, facts::Kind};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Asking, FileArgs, file, fresh::Fresh};
use crate::tools::{Call, Family, Tool, ToolError, tool::Effect};

/// Definitions of one outline.
const MOST: usize = 1_000;

/// Outlines a file.
pub(super) struct GetFileOutline(pub(super) Asking);

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    file_path: String,
    language: &'static str,
    lines: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    module_doc: Option<String>,
    /// in the order of the text; depth says what is inside what
    outline: Vec<Line>,
    truncated: bool,
    freshness: Fresh,
}

#[derive(Serialize, JsonSchema)]
struct Line {
    /// 0 at the top of the file
    depth: usize,
    #[serde(rename = "type")]
    kind: &'static str,
    name: String,
    signature: String,
    line_number: u32,
    end_line: u32,
}

impl Tool for GetFileOutline {
    const NAME: &'static str = "get_file_outline";
    const FAMILY: Family = Family::Code;
    const TITLE: &'static str = "Outline a file";
    const DESCRIPTION: &'static str = "Outline a source file without reading it: every class, function, method and \
        constant with its signature and lines, in the order of the text.";
    const EFFECT: Effect = Effect::Reads;
    type Args = FileArgs;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: FileArgs) -> Result<Output, ToolError> {
        self.0
            .ask(call, args.project_id, move |scene| {
                let graph = scene.graph;
                let node = file(graph, &args.file_path)?;
                let about = graph.file_facts(node);
                let mut outline = Vec::new();
                outline_of(graph, node, &mut outline);
                let truncated = outline.len() > MOST;
                outline.truncate(MOST);
                Ok(Output {
                    file_path: graph.path(node).to_owned(),
                    language: about.language.as_str(),
                    lines: about.lines,
                    module_doc: about.doc.map(str::to_owned),
                    outline,
                    truncated,
                    freshness: scene.fresh.into(),
                })
            })
            .await
    }
}

/// Goes through a file with a stack of its own: definitions may nest as deep as a stranger likes.
fn outline_of(graph: &Graph, file: Node, outline: &mut Vec<Line>) {
    let mut open: Vec<(Node, usize)> = graph.children(file).into_iter().rev().map(|node| (node, 0)).collect();
    while let Some((node, depth)) = open.pop() {
        if outline.len() > MOST {
            return;
        }
        let about = graph.about(node);
        let kind: Kind = graph.kind(node);
        outline.push(Line {
            depth,
            kind: kind.as_str(),
            name: graph.name(node).to_owned(),
            signature: about.signature.unwrap_or_default().to_owned(),
            line_number: about.line,
            end_line: about.end,
        });
        open.extend(graph.children(node).into_iter().rev().map(|inner| (inner, depth + 1)));
    }
}
