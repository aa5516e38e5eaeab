//! `explain_module`: what one file is for, from facts.

use mcpd_codegraph::{Graph, Node, facts::Kind};
use schemars::JsonSchema;
use serde::Serialize;

use super::{Asking, FileArgs, file, fresh::Fresh, view::EntityView};
use crate::tools::{Call, Family, Tool, ToolError, tool::Effect};

/// Definitions of one kind that are shown.
const MOST: usize = 100;

/// Explains a file.
pub(super) struct ExplainModule(pub(super) Asking);

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    file_path: String,
    language: &'static str,
    /// what the file says of itself
    #[serde(skip_serializing_if = "Option::is_none")]
    module_doc: Option<String>,
    summary: Summary,
    /// types with their members
    classes: Vec<Type>,
    /// functions at the top of the file
    functions: Vec<EntityView>,
    /// constants and variables at the top of the file, by name
    constants: Vec<String>,
    imports: Vec<Imported>,
    /// files of the tree that refer to it
    imported_by: Vec<String>,
    /// what other files of the tree use of it, the most used first
    used_from_outside: Vec<Used>,
    /// the most complex of its functions, where one has more than 10 decisions
    #[serde(skip_serializing_if = "Option::is_none")]
    most_complex: Option<EntityView>,
    truncated: bool,
    freshness: Fresh,
}

#[derive(Serialize, JsonSchema)]
struct Summary {
    classes: usize,
    functions: usize,
    methods: usize,
    lines: u32,
}

#[derive(Serialize, JsonSchema)]
struct Type {
    #[serde(flatten)]
    entity: EntityView,
    /// what it inherits from or implements, as it is written
    bases: Vec<String>,
    methods: Vec<Member>,
    fields: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
struct Member {
    name: String,
    signature: String,
    line_number: u32,
}

#[derive(Serialize, JsonSchema)]
struct Imported {
    /// as it is written
    module: String,
    /// the file of the tree it means; absent for what is elsewhere
    #[serde(skip_serializing_if = "Option::is_none")]
    file_path: Option<String>,
    line: u32,
}

#[derive(Serialize, JsonSchema)]
struct Used {
    entity_id: String,
    uses: usize,
}

impl Tool for ExplainModule {
    const NAME: &'static str = "explain_module";
    const FAMILY: Family = Family::Code;
    const TITLE: &'static str = "Explain a module";
    const DESCRIPTION: &'static str = "Describe one source file: what it says of itself, its types and functions, what \
        it imports, who uses it, and what of it they use.";
    const EFFECT: Effect = Effect::Reads;
    type Args = FileArgs;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: FileArgs) -> Result<Output, ToolError> {
        self.0
            .ask(call, args.project_id, move |scene| {
                let graph = scene.graph;
                let node = file(graph, &args.file_path)?;
                let about = graph.file_facts(node);
                let all = graph.inside(node);
                let count = |wanted: &dyn Fn(Kind) -> bool| {
                    all.iter().filter(|one| wanted(graph.kind(**one))).count()
                };
                let top = graph.children(node);
                let of = |wanted: &dyn Fn(Kind) -> bool| -> Vec<Node> {
                    top.iter().copied().filter(|one| wanted(graph.kind(*one))).collect()
                };
                let (types, functions) = (of(&Kind::is_type), of(&Kind::is_callable));
                let constants = of(&|kind| matches!(kind, Kind::Constant | Kind::Variable));
                let complex =
                    all.iter().max_by_key(|one| graph.about(**one).metrics.map_or(0, |it| it.cyclomatic));
                let is_complex =
                    |one: &&Node| graph.about(**one).metrics.is_some_and(|it| it.cyclomatic > 10);
                let truncated = [&types, &functions, &constants].iter().any(|all| all.len() > MOST);
                Ok(Output {
                    file_path: graph.path(node).to_owned(),
                    language: about.language.as_str(),
                    module_doc: about.doc.map(str::to_owned),
                    summary: Summary {
                        classes: count(&Kind::is_type),
                        functions: count(&|kind| kind == Kind::Function),
                        methods: count(&|kind| kind == Kind::Method),
                        lines: about.lines,
                    },
                    classes: types.iter().take(MOST).map(|one| type_of(graph, *one)).collect(),
                    functions: functions.iter().take(MOST).map(|one| EntityView::of(graph, *one)).collect(),
                    constants: constants.iter().take(MOST).map(|one| graph.name(*one).to_owned()).collect(),
                    imports: graph
                        .imports(node)
                        .into_iter()
                        .take(MOST)
                        .map(|one| imported(graph, one))
                        .collect(),
                    imported_by: graph
                        .referring_files(node)
                        .iter()
                        .map(|one| graph.path(*one).to_owned())
                        .collect(),
                    used_from_outside: used(graph, node),
                    most_complex: complex.filter(is_complex).map(|one| EntityView::of(graph, *one)),
                    truncated,
                    freshness: scene.fresh.into(),
                })
            })
            .await
    }
}

fn type_of(graph: &Graph, node: Node) -> Type {
    let members = graph.children(node);
    let (methods, fields): (Vec<Node>, Vec<Node>) =
        members.into_iter().partition(|one| graph.kind(*one).is_callable());
    Type {
        entity: EntityView::of(graph, node),
        bases: graph.bases(node),
        methods: methods
            .iter()
            .take(MOST)
            .map(|one| {
                let about = graph.about(*one);
                let signature = about.signature.unwrap_or_default().to_owned();
                Member { name: graph.name(*one).to_owned(), signature, line_number: about.line }
            })
            .collect(),
        fields: fields.iter().take(MOST).map(|one| graph.name(*one).to_owned()).collect(),
    }
}

fn imported(graph: &Graph, import: mcpd_codegraph::Imported) -> Imported {
    let file_path = import.to.map(|to| graph.path(to).to_owned());
    Imported { module: import.written, file_path, line: import.line }
}

/// Counts what other files use of a file.
fn used(graph: &Graph, file: Node) -> Vec<Used> {
    let mut uses: std::collections::BTreeMap<Node, usize> = std::collections::BTreeMap::new();
    for tie in graph.ties_to(file, true) {
        if let Some(to) = tie.to.filter(|to| !to.is_file() && !graph.holds(file, tie.from)) {
            *uses.entry(to).or_default() += 1;
        }
    }
    let mut uses: Vec<(Node, usize)> = uses.into_iter().collect();
    uses.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(&other.0)));
    uses.into_iter().take(20).map(|(node, uses)| Used { entity_id: graph.id(node), uses }).collect()
}
