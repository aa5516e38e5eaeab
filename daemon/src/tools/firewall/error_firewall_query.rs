//! `error_firewall_query`: looks known errors up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Asking, view::ErrorView};
use crate::{
    firewall::Whole,
    store::Page,
    tools::{Call, Family, Tool, ToolError, params::ProjectId, tool::Effect},
};

/// Errors returned when nobody asks for another number.
const MANY: u16 = 20;

/// Looks errors up.
pub(super) struct ErrorFirewallQuery(pub(super) Asking);

#[derive(Deserialize, JsonSchema)]
pub(super) struct Args {
    /// one error with everything known of it; the other filters do not count then
    #[schemars(length(min = 1, max = 64))]
    error_id: Option<String>,
    /// only types that hold this; * and ? match whole types
    #[schemars(length(min = 1, max = 128), regex(pattern = r"\S"))]
    error_type: Option<String>,
    /// words of scene or message; best first, else the last seen first
    #[schemars(length(min = 1, max = 8192), regex(pattern = r"\S"))]
    text: Option<String>,
    /// this project's errors and the shared ones; without it the shared ones alone
    project_id: Option<ProjectId>,
    /// errors returned at most, 20 when absent
    #[schemars(range(min = 1, max = 200))]
    limit: Option<u16>,
    /// errors left out before the first, to read on
    #[schemars(range(max = 4294967295_u32))]
    offset: Option<u32>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Output {
    /// errors returned
    count: usize,
    /// errors that fit
    total: i64,
    errors: Vec<ErrorView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_offset: Option<i64>,
}

impl Tool for ErrorFirewallQuery {
    const NAME: &'static str = "error_firewall_query";
    const FAMILY: Family = Family::Firewall;
    const TITLE: &'static str = "Look up known errors";
    const DESCRIPTION: &'static str = "Look up recorded errors: one by its id with its pattern, message, all solutions \
        and recent checks, or a list by type and by words of the scene or message.";
    const EFFECT: Effect = Effect::Reads;
    type Args = Args;
    type Output = Output;

    async fn call(&self, call: Call<'_>, args: Args) -> Result<Output, ToolError> {
        let whose = self.0.whose(call.who, args.project_id.as_ref()).await?;
        if let Some(id) = &args.error_id {
            let Whole { error, solutions, checks } = self.0.firewall.get(&whose, id).await?;
            let errors = vec![ErrorView::whole(error, solutions, checks)];
            return Ok(Output { count: 1, total: 1, errors, next_offset: None });
        }
        let page = Page { limit: args.limit.unwrap_or(MANY).into(), offset: args.offset.unwrap_or(0).into() };
        let (kind, text) = (args.error_type.as_deref(), args.text.as_deref());
        let (errors, total) = self.0.firewall.list(&whose, kind, text, page).await?;
        let end = page.offset + errors.len() as i64;
        Ok(Output {
            count: errors.len(),
            total,
            next_offset: (!errors.is_empty() && end < total).then_some(end),
            errors: errors.into_iter().map(Into::into).collect(),
        })
    }
}
