//! Argument types that several tools share; their bounds are in the published schema.

use schemars::JsonSchema;
use serde::Deserialize;

use super::ToolError;
use crate::{
    auth::Principal,
    store::{Owner, Page, ProjectRow, Store, StoreError},
};

/// Rows a list returns when nobody asks for another number.
const PAGE: u16 = 50;

/// Identifier of the project the record belongs to, chosen by the caller; the project is made on first use.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub(super) struct ProjectId(
    #[schemars(length(min = 1, max = 128), regex(pattern = r"\S"))] pub(super) String,
);

impl ProjectId {
    /// Returns the project, or the error that says it has never been used.
    pub(super) async fn find(&self, store: &Store, who: &Principal) -> Result<ProjectRow, ToolError> {
        match store.projects().find(&who.tenant, &self.0).await {
            Err(StoreError::NotFound) => Err(ToolError::unknown_project(&self.0)),
            other => Ok(other?),
        }
    }
}

/// Returns whose data a write of `who` is.
pub(super) fn owner(who: &Principal) -> Owner {
    Owner { tenant: who.tenant.clone(), author: who.author() }
}

/// Leaves out what was named before.
pub(super) fn unique(ids: Option<Vec<String>>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let mut ids = ids.unwrap_or_default();
    ids.retain(|id| seen.insert(id.clone()));
    ids
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
pub(super) struct Paging {
    /// rows returned at most, 50 when absent
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u16>,
    /// rows left out before the first, to read on
    #[schemars(range(max = 4294967295_u32))]
    offset: Option<u32>,
}

impl Paging {
    pub(super) fn page(self) -> Page {
        Page { limit: self.limit.unwrap_or(PAGE).into(), offset: self.offset.unwrap_or(0).into() }
    }

    /// Returns the offset of the next page, if rows are left after `returned` of `total`.
    pub(super) fn next(self, returned: usize, total: i64) -> Option<i64> {
        let end = self.page().offset + returned as i64;
        (returned > 0 && end < total).then_some(end)
    }
}
