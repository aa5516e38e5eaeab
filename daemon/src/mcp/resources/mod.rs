//! Resources: what a tenant's projects hold, as Markdown under a URI.

mod cursor;
mod decisions;
mod memory;
mod picture;
mod read;
#[cfg(test)]
mod tests;
mod todos;
mod uri;

use serde::Serialize;

pub(super) use self::{
    cursor::only_page,
    read::ResourceContents,
    uri::{Address, Kind, Place},
};
use super::{
    RpcError,
    library::{Library, may_see},
};
pub(super) use crate::tools::markdown::{line, quoted};
use crate::{auth::Principal, store::ProjectSummary, tools::time};

/// Projects on one page of the list.
const PAGE: usize = 100;

/// The MIME type of every resource.
pub(super) const MARKDOWN: &str = "text/markdown";

/// A resource (MCP, `Resource`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Resource {
    pub(super) uri: String,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) description: &'static str,
    pub(super) mime_type: &'static str,
    pub(super) annotations: Annotations,
}

/// A template of URIs (MCP, `ResourceTemplate`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResourceTemplate {
    pub(super) uri_template: &'static str,
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) mime_type: &'static str,
    pub(super) annotations: Annotations,
}

/// Hints for clients (MCP, `Annotations`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Annotations {
    pub(super) audience: [&'static str; 2],
    pub(super) priority: f64,
    /// Where it is known without reading the resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_modified: Option<String>,
}

/// A page of `resources/list`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ResourcePage {
    pub(super) resources: Vec<Resource>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next_cursor: Option<String>,
}

/// The page of `resources/templates/list`: there is only one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TemplatePage {
    pub(super) resource_templates: Vec<ResourceTemplate>,
}

impl Kind {
    /// The kinds every project has one of.
    const LISTED: [Self; 3] = [Self::Context, Self::Decisions, Self::Todos];

    /// Answers whether `who` may know of resources of this kind.
    pub(super) fn open_to(self, who: &Principal) -> bool {
        may_see(who, self.tool(), self.family())
    }

    fn name(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Decisions => "decisions",
            Self::Todos => "todos",
            Self::Memory => "memory",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Context => "Project context",
            Self::Decisions => "Design decisions",
            Self::Todos => "Todos",
            Self::Memory => "Memory",
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Context => {
                "Everything needed to resume work on the project: the last session, the next todo, recent decisions, \
                 unresolved issues, important notes, relevant memories."
            }
            Self::Decisions => {
                "The project's design decisions in force with their reasons, newest first, and those they took the \
                 place of."
            }
            Self::Todos => "The project's todos by status, with their priorities and what they wait for.",
            Self::Memory => "One memory of the project whole, with its level, tags and dates.",
        }
    }

    fn annotations(self, last_modified: Option<i64>) -> Annotations {
        let priority = match self {
            Self::Context => 0.9,
            Self::Decisions => 0.6,
            Self::Todos => 0.7,
            Self::Memory => 0.5,
        };
        Annotations {
            audience: ["user", "assistant"],
            priority,
            last_modified: last_modified.map(time::text),
        }
    }

    fn place(self) -> Option<Place> {
        match self {
            Self::Context => Some(Place::Context),
            Self::Decisions => Some(Place::Decisions),
            Self::Todos => Some(Place::Todos),
            Self::Memory => None,
        }
    }

    fn resource(self, project: &ProjectSummary) -> Option<Resource> {
        let address = Address::new(&project.name, self.place()?);
        let last_modified = if self == Self::Decisions { project.decided_at } else { None };
        Some(Resource {
            uri: address.uri(),
            name: format!("{}/{}", line(&project.name), self.name()),
            title: format!("{} of {}", self.title(), line(&project.name)),
            description: self.description(),
            mime_type: MARKDOWN,
            annotations: self.annotations(last_modified),
        })
    }
}

impl Library {
    /// Returns a page of the resources `who` may read: those of one project after the other, by name.
    pub(super) async fn resources(
        &self,
        who: &Principal,
        cursor: Option<&str>,
    ) -> Result<ResourcePage, RpcError> {
        let after = cursor.map(cursor::read).transpose()?;
        // One more than is shown tells whether a page follows.
        let found = self.store.projects().after(&who.tenant, after.as_deref(), PAGE as i64 + 1).await;
        let mut projects = found.map_err(|error| RpcError::internal(&error))?;
        let more = projects.len() > PAGE;
        projects.truncate(PAGE);
        let kinds: Vec<Kind> = Kind::LISTED.into_iter().filter(|kind| kind.open_to(who)).collect();
        // A cursor names a project, and who may read nothing of any learns no names.
        let more = more && !kinds.is_empty();
        let next_cursor = projects.last().filter(|_| more).map(|last| cursor::behind(&last.name));
        let of = |project| kinds.iter().filter_map(move |kind: &Kind| kind.resource(project));
        Ok(ResourcePage { resources: projects.iter().flat_map(of).collect(), next_cursor })
    }

    /// Returns the templates `who` may read from.
    pub(super) fn templates(&self, who: &Principal, cursor: Option<&str>) -> Result<TemplatePage, RpcError> {
        only_page(cursor)?;
        let open = Kind::ALL.into_iter().filter(|kind| kind.open_to(who));
        let template = |kind: Kind| ResourceTemplate {
            uri_template: kind.template(),
            name: kind.name(),
            title: kind.title(),
            description: kind.description(),
            mime_type: MARKDOWN,
            annotations: kind.annotations(None),
        };
        Ok(TemplatePage { resource_templates: open.map(template).collect() })
    }
}
