//! `resources/read`: from a URI to Markdown.

use serde::Serialize;

use super::{Address, MARKDOWN, Place, decisions, memory, picture, todos};
use crate::{
    auth::Principal,
    mcp::{RpcError, library::Library},
    store::{StoreError, now},
    tools::gather,
};

/// Longest URI that is told back, in characters; the longest of ours is shorter.
const TOLD: usize = 2_048;

/// What a resource holds (MCP, `TextResourceContents`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::mcp) struct ResourceContents {
    pub(in crate::mcp) uri: String,
    pub(in crate::mcp) mime_type: &'static str,
    pub(in crate::mcp) text: String,
}

/// The result of `resources/read`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(in crate::mcp) struct ReadResult {
    pub(in crate::mcp) contents: [ResourceContents; 1],
}

impl Library {
    /// Reads a resource; one of another tenant, and one `who` may not read, sounds like none.
    pub(in crate::mcp) async fn read(
        &self,
        who: &Principal,
        uri: &str,
        modern: bool,
    ) -> Result<ReadResult, RpcError> {
        let address = address(who, uri, modern)?;
        match self.text(who, &address).await {
            Ok(text) => {
                let contents = ResourceContents { uri: uri.to_owned(), mime_type: MARKDOWN, text };
                Ok(ReadResult { contents: [contents] })
            }
            Err(StoreError::NotFound) => Err(missing(uri, modern)),
            Err(error) => Err(RpcError::internal(&error)),
        }
    }

    /// Returns the address of a resource that `who` may read and that is there, without reading it: what a subscription
    /// needs.
    pub(in crate::mcp) async fn locate(
        &self,
        who: &Principal,
        uri: &str,
        modern: bool,
    ) -> Result<Address, RpcError> {
        let address = address(who, uri, modern)?;
        let there = async {
            let project = self.store.projects().find(&who.tenant, &address.project).await?;
            match &address.place {
                Place::Context | Place::Decisions | Place::Todos => Ok(()),
                Place::Memory(id) => self.store.memories().get(&who.tenant, &project.id, id).await.map(drop),
            }
        };
        match there.await {
            Ok(()) => Ok(address),
            Err(StoreError::NotFound) => Err(missing(uri, modern)),
            Err(error) => Err(RpcError::internal(&error)),
        }
    }

    /// Writes the Markdown of a resource.
    pub(in crate::mcp) async fn text(
        &self,
        who: &Principal,
        address: &Address,
    ) -> Result<String, StoreError> {
        let project = self.store.projects().find(&who.tenant, &address.project).await?;
        match &address.place {
            Place::Context => {
                Ok(picture::render(&gather(&self.store, &self.memories, project).await?, now()))
            }
            Place::Decisions => {
                Ok(decisions::render(&project.name, &decisions::gather(&self.store, &project.id).await?))
            }
            Place::Todos => Ok(todos::render(&project.name, &todos::gather(&self.store, &project.id).await?)),
            Place::Memory(id) => {
                let found = self.store.memories().get(&who.tenant, &project.id, id).await?;
                Ok(memory::render(&project.name, &found))
            }
        }
    }
}

fn address(who: &Principal, uri: &str, modern: bool) -> Result<Address, RpcError> {
    let address = Address::read(uri).filter(|address| address.place.kind().open_to(who));
    address.ok_or_else(|| missing(uri, modern))
}

fn missing(uri: &str, modern: bool) -> RpcError {
    RpcError::ResourceNotFound { uri: uri.chars().take(TOLD).collect(), modern }
}
