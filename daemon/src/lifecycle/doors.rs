//! The doors, bound before anything is announced: a daemon that cannot open one fails while nobody relies on it.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use mcpd_config::Config;
use tokio::net::{TcpListener, TcpSocket};

use super::{Boot, LifeError};
use crate::{
    control::{Admins, Socket},
    tls::TlsPort,
};

/// Connections that wait in the system to be accepted; the system may make it fewer. Beyond it they are lost in a way
/// that a silent client never learns of, so it is what a flood may bring between two looks at the queue.
const BACKLOG: u32 = 4096;

/// Every bound door.
pub(super) struct Doors {
    /// The MCP address; absent where no port is opened.
    pub(super) endpoint: Option<TcpListener>,
    /// The address for Prometheus.
    pub(super) figures: Option<TcpListener>,
    /// The operators' socket.
    pub(super) socket: Socket,
    /// Where it is.
    pub(super) socket_path: PathBuf,
    /// For whom it is besides us and root.
    pub(super) admins: Admins,
}

impl Doors {
    /// Binds them all.
    pub(super) async fn bind(config: &Config, boot: &Boot) -> Result<Self, LifeError> {
        let endpoint = config.server.http.then_some(config.server.listen);
        let endpoint = listen(endpoint)?;
        let figures = listen(config.telemetry.listen)?;
        let admins = Admins::find(config.control.group.as_deref())?;
        let (socket, socket_path) = operators_door(config, boot, &admins).await?;
        Ok(Self { endpoint, figures, socket, socket_path, admins })
    }

    /// Returns where this machine reaches the endpoint: a daemon that listens everywhere, at its loopback address.
    pub(super) fn address(&self) -> Result<Option<SocketAddr>, LifeError> {
        let Some(endpoint) = &self.endpoint else { return Ok(None) };
        let mut address = endpoint.local_addr()?;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        Ok(Some(address))
    }

    /// Returns the endpoint's URL.
    pub(super) fn url(&self, tls: Option<&TlsPort>) -> Result<Option<String>, LifeError> {
        let Some(address) = self.address()? else { return Ok(None) };
        Ok(Some(match tls {
            None => format!("http://{address}/mcp"),
            Some(tls) => format!("https://{}/mcp", certified(address, &tls.in_force().certificate.hosts())),
        }))
    }

    /// Returns where figures are read without a key.
    pub(super) fn figures_address(&self) -> Option<String> {
        self.figures.as_ref()?.local_addr().ok().map(|address| address.to_string())
    }
}

/// Names an address as its certificate does, or else nobody could check it.
fn certified(address: SocketAddr, hosts: &[String]) -> String {
    let named = |name: &str| hosts.iter().any(|host| host == name);
    if named(&address.ip().to_string()) {
        return address.to_string();
    }
    // That name leads to this machine alone.
    let local = address.ip().is_loopback();
    let mut others = hosts.iter().map(String::as_str).filter(|host| *host != "localhost");
    let host = if local && named("localhost") { Some("localhost") } else { others.next() };
    match host {
        None => address.to_string(),
        Some(host) if host.contains(':') => format!("[{host}]:{}", address.port()),
        Some(host) => format!("{host}:{}", address.port()),
    }
}

/// Binds the named socket, or the default one. The user's runtime directory is one for all their daemons, and not always
/// usable (after `su`, say): what does not work there is bound in the state directory.
async fn operators_door(
    config: &Config,
    boot: &Boot,
    admins: &Admins,
) -> Result<(Socket, PathBuf), LifeError> {
    if let Some(named) = &config.control.socket {
        return Ok((Socket::bind(named, admins).await?, named.clone()));
    }
    let own = boot.place.own_socket();
    let default = boot.place.default_socket(boot.runtime_dir.as_deref());
    if default != own {
        match Socket::bind(&default, admins).await {
            Ok(socket) => return Ok((socket, default)),
            Err(error) => tracing::info!(%error, "the control socket is put into the state directory"),
        }
    }
    Ok((Socket::bind(&own, admins).await?, own))
}

fn listen(address: Option<SocketAddr>) -> Result<Option<TcpListener>, LifeError> {
    let Some(address) = address else { return Ok(None) };
    let bound = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // A restart must not wait for connections of the daemon before.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bound().map(Some).map_err(|source| LifeError::Listen { address, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_named_as_its_certificate_names_it() {
        let named = |address: &str, hosts: &[&str]| {
            let hosts: Vec<String> = hosts.iter().map(ToString::to_string).collect();
            certified(address.parse().unwrap(), &hosts)
        };
        assert_eq!(named("127.0.0.1:8765", &["mcp.lan", "127.0.0.1"]), "127.0.0.1:8765");
        assert_eq!(named("127.0.0.1:8765", &["mcp.lan", "localhost"]), "localhost:8765");
        assert_eq!(named("192.168.3.5:8765", &["localhost", "mcp.lan"]), "mcp.lan:8765");
        assert_eq!(named("192.168.3.5:8765", &["mcp.lan"]), "mcp.lan:8765");
        assert_eq!(named("127.0.0.1:8765", &["fd00::1"]), "[fd00::1]:8765");
        assert_eq!(named("127.0.0.1:8765", &[]), "127.0.0.1:8765");
    }
}
