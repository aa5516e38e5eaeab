//! A daemon on another machine: the same commands as over the socket, each a POST to its `/push` with a key.
//!
//! What is sent is somebody's code and a secret, so nothing of it is followed elsewhere: no redirect, no proxy.

mod key;
mod refusal;
mod roots;

use std::{net::IpAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderValue, Request as HttpRequest, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
    uri::Scheme,
};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use mcpd_ipc::{Command, FRAME_LIMIT, Request};
use rustls::{ClientConfig, RootCertStore, crypto::ring};
use tokio::time::{sleep, timeout};

pub(super) use self::key::read as read_key;
use self::refusal::Refusal;
use crate::{
    daemon::PROGRAM,
    error::{Error, Kind},
};

/// The longest answer that is read, in bytes: as long as over the socket.
const LARGEST: usize = FRAME_LIMIT * 16;

/// How long one command waits in all for a daemon that asks to be asked later.
const PATIENCE: Duration = Duration::from_secs(60);

/// Another machine's daemon.
pub(super) struct Remote {
    uri: Uri,
    /// Scheme, host and port, as errors name it.
    place: String,
    authorization: Option<HeaderValue>,
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    /// How long it may take to answer.
    patience: Duration,
}

/// Where a daemon is: what somebody typed, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address(Uri);

impl std::str::FromStr for Address {
    type Err = String;

    /// Parses `http://192.168.3.5:8765`; with `/mcp` behind it, as `status` shows it, it is the same.
    fn from_str(typed: &str) -> Result<Self, String> {
        let uri: Uri = typed.parse().map_err(|_| "is no address; write http://HOST:PORT or https://HOST")?;
        if uri.scheme() != Some(&Scheme::HTTP) && uri.scheme() != Some(&Scheme::HTTPS) {
            return Err("must begin with http:// or https://".into());
        }
        let authority = uri.authority().filter(|authority| !authority.host().is_empty());
        let authority = authority.ok_or("names no host")?;
        if authority.as_str().contains('@') {
            return Err("names a user; a key belongs into the file of --key-file".into());
        }
        if uri.query().is_some() {
            return Err("has a question mark in it; name the daemon's address alone".into());
        }
        let base = uri.path().trim_end_matches('/');
        let base = base.strip_suffix("/mcp").unwrap_or(base);
        let builder = Uri::builder().scheme(uri.scheme_str().unwrap_or("http")).authority(authority.clone());
        builder.path_and_query(format!("{base}/push")).build().map(Self).map_err(|error| error.to_string())
    }
}

impl Address {
    /// Returns scheme, host and port.
    fn place(&self) -> String {
        let authority = self.0.authority().map(ToString::to_string).unwrap_or_default();
        format!("{}://{authority}", self.0.scheme_str().unwrap_or("http"))
    }

    /// Returns whether others on the way can read what is sent.
    pub(super) fn is_readable(&self) -> bool {
        let host = self.0.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let is_here = host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        self.0.scheme() != Some(&Scheme::HTTPS) && !is_here
    }
}

impl Remote {
    /// Makes ready to call; nothing is sent yet. `timeout` is for connecting, `patience` for an answer.
    pub(super) fn new(
        address: &Address,
        key: Option<&str>,
        timeout: Duration,
        patience: Duration,
    ) -> Result<Self, Error> {
        // Reading the authorities takes some milliseconds, so only for an address that needs them.
        let is_secure = address.0.scheme() == Some(&Scheme::HTTPS);
        let roots = if is_secure { roots::system()? } else { RootCertStore::empty() };
        let setup = |error| Error::new(Kind::Failed, "TLS cannot be set up").because(error);
        let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(setup)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(timeout));
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        let client = Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        let authorization = key.map(key::header).transpose()?;
        Ok(Self { uri: address.0.clone(), place: address.place(), authorization, client, patience })
    }

    /// Gives one command and returns the reply; waits where the daemon asks to, for a minute at most.
    pub(super) async fn call<C: Command>(&self, command: C) -> Result<C::Reply, Error> {
        let request: Request = command.into();
        let body = serde_json::to_vec(&request).map_err(|error| {
            Error::new(Kind::Failed, "the command could not be written as JSON").because(error)
        })?;
        let body = Bytes::from(body);
        let mut left = PATIENCE;
        loop {
            let late = |_| self.late();
            match timeout(self.patience, self.once(body.clone())).await.map_err(late)?? {
                Ok(reply) => {
                    return serde_json::from_slice(&reply).map_err(|error| {
                        let message = format!("{} does not answer like a daemon", self.place);
                        Error::new(Kind::Failed, message).because(error)
                    });
                }
                Err(refusal) => match refusal.wait.filter(|wait| *wait <= left) {
                    Some(wait) => {
                        left -= wait;
                        sleep(wait).await;
                    }
                    None => return Err(refusal.error),
                },
            }
        }
    }

    /// Asks once; returns the body of a success, or what was said instead.
    async fn once(&self, body: Bytes) -> Result<Result<Bytes, Refusal>, Error> {
        let mut request = HttpRequest::post(self.uri.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, PROGRAM);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let request = request
            .body(Full::new(body))
            .map_err(|error| Error::new(Kind::Failed, "the request could not be made").because(error))?;
        let response = self.client.request(request).await;
        let response = response.map_err(|error| refusal::unsent(&error, error.is_connect(), &self.place))?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, LARGEST).collect().await;
        let body = body.map(|body| body.to_bytes());
        if !head.status.is_success() {
            // The status speaks even when its text does not arrive.
            let body = body.unwrap_or_default();
            return Ok(Err(Refusal::read(&self.place, head.status, &head.headers, &body)));
        }
        body.map(Ok).map_err(|source| {
            let message = format!("the answer of {} broke off", self.place);
            Error { source: Some(source), ..Error::new(Kind::Failed, message) }
        })
    }

    fn late(&self) -> Error {
        let limit = humantime::format_duration(self.patience);
        Error::new(Kind::Failed, format!("{} did not answer within {limit}", self.place))
            .hint("`--timeout 5m` waits longer")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_it_is_copied() {
        let cases = [
            ("http://192.168.3.5:8765", "http://192.168.3.5:8765/push", true),
            ("http://192.168.3.5:8765/mcp", "http://192.168.3.5:8765/push", true),
            ("http://127.0.0.1:8765/", "http://127.0.0.1:8765/push", false),
            ("http://[::1]:8765/mcp/", "http://[::1]:8765/push", false),
            ("http://localhost", "http://localhost/push", false),
            ("http://localhost.example", "http://localhost.example/push", true),
            ("https://mcp.example/team/", "https://mcp.example/team/push", false),
        ];
        for (typed, uri, is_readable) in cases {
            let address: Address = typed.parse().unwrap();
            assert_eq!(
                (address.0.to_string().as_str(), address.is_readable()),
                (uri, is_readable),
                "{typed}"
            );
        }
        for typed in [
            "",
            "example.org:80",
            "/mcp",
            "ftp://x",
            "http://",
            "http://u:p@h",
            "http://h/?k=v",
            "http://a b",
        ] {
            assert!(typed.parse::<Address>().is_err(), "{typed}");
        }
    }
}
