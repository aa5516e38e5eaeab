//! `find_entity`: finds definitions by their names.

use mcpd_codegraph::facts::Kind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asking, fresh::Fresh, view::EntityView};
use crate::tools::{Call, Family, Tool, ToolError, params::ProjectId, tool::Effect};

/// Definitions returned when nobody asks for another number.
const MANY: u16 = 20;

/// Finds definitions.
pub(super) struct FindEntity(pub(super) Asking);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// id of the project
    project_id: ProjectId,
    /// name or part of it; Type.method, path and entity_id work too
    #[serde(alias = "name")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"\S"))]
    entity_name: String,
    /// restrict to one kind; all = no restriction. class means every type: struct, interface, trait, enum …
    #[serde(default)]
    entity_type: EntityType,
    /// definitions returned at most, 20 when absent
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// whether the source lines come along, at most 200 of each
    include_source: Option<bool>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum EntityType {
    Class,
    Function,
    Method,
    #[default]
    All,
}

impl EntityType {
    fn fits(self, kind: Kind) -> bool {
        match self {
            Self::Class => kind.is_type(),
            Self::Function => matches!(kind, Kind::Function | Kind::Macro),
            Self::Method => kind == Kind::Method,
            Self::All => true,
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// definitions returned
    count: usize,
    /// definitions that fit
    total: usize,
    /// best first: exact names, then beginnings, parts, and letters in order
    entities: Vec<Found>,
    truncated: bool,
    freshness: Fresh,
}

#[derive(Serialize, JsonSchema)]
struct Found {
    #[serde(flatten)]
    entity: EntityView,
    /// how the name fits: exact, case, prefix, part or letters
    fit: &'static str,
}

impl Tool for FindEntity {
    const NAME: &'static str = "find_entity";
    const FAMILY: Family = Family::Code;
    const TITLE: &'static str = "Find a definition";
    const DESCRIPTION: &'static str = "Find where a class, function, method or other definition of the project's code \
        is, by its name or a part of it: file, line, signature, documentation, and its source when asked for.";
    const EFFECT: Effect = Effect::Reads;
    const ALIASES: &'static [(&'static str, &'static str)] = &[("name", "entity_name")];
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let limit = usize::from(args.limit.unwrap_or(MANY));
        let with_source = args.include_source.unwrap_or(false);
        self.0
            .ask(call, args.project_id, move |scene| {
                let found = scene.graph.find(&args.entity_name, &|kind| args.entity_type.fits(kind), limit);
                let view = |(node, fit): &(mcpd_codegraph::Node, mcpd_codegraph::Fit)| {
                    let entity = EntityView::of(scene.graph, *node);
                    let entity = if with_source { entity.with_source(scene, *node) } else { entity };
                    Found { entity, fit: fit.as_str() }
                };
                let entities: Vec<Found> = found.nodes.iter().map(view).collect();
                Ok(Output {
                    count: entities.len(),
                    total: found.total,
                    truncated: found.total > entities.len(),
                    entities,
                    freshness: scene.fresh.into(),
                })
            })
            .await
    }
}
