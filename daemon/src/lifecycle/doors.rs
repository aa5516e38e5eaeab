//! The doors, bound before anything is announced: a daemon that cannot open one fails while nobody relies on it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use mcpd_config::Config;
use tokio::net::TcpListener;

use super::LifeError;
use crate::control::Socket;

/// Every bound door.
pub(super) struct Doors {
    /// The MCP address; absent where no port is opened.
    pub(super) endpoint: Option<TcpListener>,
    /// The address for Prometheus.
    pub(super) figures: Option<TcpListener>,
    /// The operators' socket.
    pub(super) socket: Socket,
}

impl Doors {
    /// Binds them all.
    pub(super) async fn bind(config: &Config, socket: &Path) -> Result<Self, LifeError> {
        let endpoint = config.server.http.then_some(config.server.listen);
        Ok(Self {
            endpoint: listen(endpoint).await?,
            figures: listen(config.telemetry.listen).await?,
            socket: Socket::bind(socket).await?,
        })
    }

    /// Returns the endpoint's URL; a daemon that listens everywhere is named by its loopback address.
    pub(super) fn url(&self) -> Result<Option<String>, LifeError> {
        let Some(endpoint) = &self.endpoint else { return Ok(None) };
        let mut address = endpoint.local_addr()?;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        Ok(Some(format!("http://{address}/mcp")))
    }

    /// Returns where figures are read without a key.
    pub(super) fn figures_address(&self) -> Option<String> {
        self.figures.as_ref()?.local_addr().ok().map(|address| address.to_string())
    }
}

async fn listen(address: Option<SocketAddr>) -> Result<Option<TcpListener>, LifeError> {
    let Some(address) = address else { return Ok(None) };
    let listener = TcpListener::bind(address).await;
    listener.map(Some).map_err(|source| LifeError::Listen { address, source })
}
