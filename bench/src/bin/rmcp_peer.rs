//! The peer: the smallest server the Rust SDK of MCP makes, with the tools mcpd lists. No keys, limits or logs.

use std::sync::Arc;

use axum::Router;
use mcpd_bench::{Failure, Flags, failed, serve};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ListToolsResult,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    },
    service::RequestContext,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};

/// The tools, and one answer for each of them.
#[derive(Clone)]
struct Peer {
    tools: Arc<[Tool]>,
}

impl ServerHandler for Peer {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.to_vec()))
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let text = ContentBlock::text("This is a simple text response for testing.");
        Ok(CallToolResult::success(vec![text]).into())
    }
}

fn main() -> Result<(), Failure> {
    let flags = Flags::read()?;
    let path = flags.path("tools")?;
    let text = std::fs::read(&path).map_err(failed("read", path.display()))?;
    let tools: Vec<Tool> = serde_json::from_slice(&text).map_err(failed("parse", path.display()))?;
    let peer = Peer { tools: tools.into() };
    let mut config = StreamableHttpServerConfig::default();
    config.legacy_session_mode = match flags.text("mode", "stateless").as_str() {
        "stateless" => false,
        "session" => true,
        other => return Err(format!("--mode {other:?} is neither stateless nor session").into()),
    };
    config.json_response = true;
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(move || Ok(peer.clone()), sessions, config);
    serve(&flags, Router::new().nest_service("/mcp", service))
}
