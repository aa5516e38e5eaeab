//! Authorities, certificates in files, and a client that speaks TLS.

use std::{
    net::SocketAddr,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::TokioExecutor,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Daemon, ROOMY, home, in_time};

/// Somebody who issues certificates.
pub struct Authority {
    der: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key, as files hold them.
pub struct Issued {
    pub certificate: String,
    pub key: String,
    pub der: CertificateDer<'static>,
    key_der: Vec<u8>,
}

pub fn pem(kind: &str, der: &[u8]) -> String {
    let lines: Vec<String> = BASE64_STANDARD
        .encode(der)
        .as_bytes()
        .chunks(64)
        .map(|line| String::from_utf8(line.to_vec()).unwrap())
        .collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().clone();
        Self { der, issuer: Issuer::new(params, key) }
    }

    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    /// Issues a certificate for these names.
    pub fn issue(&self, names: &[&str]) -> Issued {
        self.issue_with(names, |_| {})
    }

    /// Issues a certificate after changing what is in it.
    pub fn issue_with(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &self.issuer).unwrap().der().clone();
        let key_der = key.serialize_der();
        Issued { certificate: pem("CERTIFICATE", &der), key: pem("PRIVATE KEY", &key_der), der, key_der }
    }

    /// Returns how a client speaks that believes this authority, and shows a certificate or none.
    pub fn client(&self, shows: Option<&Issued>) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.der.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        match shows {
            None => config.with_no_client_auth(),
            Some(issued) => {
                let key = PrivateKeyDer::Pkcs8(issued.key_der.clone().into());
                config.with_client_auth_cert(vec![issued.der.clone()], key).unwrap()
            }
        }
    }

    /// Shakes hands.
    pub async fn connect(&self, address: SocketAddr) -> std::io::Result<TlsStream<TcpStream>> {
        self.connect_as(address, None).await
    }

    /// Shakes hands, and shows a certificate if there is one.
    pub async fn connect_as(
        &self,
        address: SocketAddr,
        shows: Option<&Issued>,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::from(address.ip());
        TlsConnector::from(Arc::new(self.client(shows))).connect(name, stream).await
    }

    /// Returns the certificate that is shown to a new connection.
    pub async fn shown(&self, address: SocketAddr) -> CertificateDer<'static> {
        let stream = in_time(self.connect(address)).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    }
}

/// The files of `[tls]`.
pub struct Files(tempfile::TempDir);

impl Files {
    pub fn new(issued: &Issued) -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.put(issued);
        files
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Puts a certificate and its key in place, each at once, as whoever renews them does.
    pub fn put(&self, issued: &Issued) {
        self.write("chain.pem", &issued.certificate, 0o644);
        self.write("key.pem", &issued.key, 0o600);
    }

    pub fn write(&self, name: &str, text: &str, mode: u32) -> PathBuf {
        let (path, part) = (self.path(name), self.path("part"));
        std::fs::write(&part, text).unwrap();
        set_mode(&part, mode);
        std::fs::rename(&part, &path).unwrap();
        path
    }

    /// Returns the section that names them, with more in it.
    pub fn section(&self, more: &str) -> String {
        let (chain, key) = (self.path("chain.pem"), self.path("key.pem"));
        format!("[tls]\ncertificate = {chain:?}\nkey = {key:?}\n{more}\n")
    }

    /// Returns the same with the authority of clients.
    pub fn asking(&self, authority: &Authority, more: &str) -> String {
        let path = self.write("clients.pem", &authority.pem(), 0o644);
        self.section(&format!("client_ca = {path:?}\n{more}"))
    }

    /// Starts a daemon with them.
    pub fn start(&self) -> Daemon {
        Daemon::start_in(home(&format!("{ROOMY}{}", self.section(""))), &[])
    }
}

pub fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// A client over TLS. Clones share connections.
#[derive(Clone)]
pub struct Client {
    pool: Pool<HttpsConnector<HttpConnector>, Full<Bytes>>,
    base: String,
    authorization: Option<String>,
}

impl Client {
    /// Makes one with connections of its own.
    pub fn new(daemon: &Daemon, tls: ClientConfig, key: Option<&str>) -> Self {
        let connector = HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http1().build();
        let pool = Pool::builder(TokioExecutor::new()).build(connector);
        Self { pool, base: daemon.base.clone(), authorization: key.map(|key| format!("Bearer {key}")) }
    }

    /// Sends any request.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: String,
    ) -> Result<http::Response<Incoming>, String> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.base))
            .header("content-type", "application/json")
            .header("accept", "application/json, text/event-stream");
        if let Some(authorization) = &self.authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(Full::from(body)).unwrap();
        in_time(self.pool.request(request)).await.map_err(|error| format!("{error:?}"))
    }

    /// Asks, and returns status and body.
    pub async fn ask(&self, method: &str, params: Value) -> Result<(u16, Value), String> {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let response = self.send("POST", "/mcp", body.to_string()).await?;
        let status = response.status().as_u16();
        let body = in_time(response.into_body().collect()).await.map_err(|error| error.to_string())?;
        Ok((status, serde_json::from_slice(&body.to_bytes()).unwrap_or(Value::Null)))
    }

    /// Pings and returns the status.
    pub async fn ping(&self) -> Result<u16, String> {
        Ok(self.ask("ping", json!({})).await?.0)
    }

    /// Opens a stream and waits for its first event.
    pub async fn stream(&self) -> Incoming {
        let response = self.send("GET", "/sse", String::new()).await.unwrap();
        assert_eq!(response.status(), 200);
        let mut body = response.into_body();
        let first = in_time(body.frame()).await.unwrap().unwrap().into_data().unwrap();
        assert!(first.starts_with(b"event: endpoint\n"));
        body
    }
}

/// Reads a stream to its end; the error is a connection that broke off.
pub async fn to_the_end(stream: Incoming) -> Result<(), hyper::Error> {
    in_time(stream.collect()).await.map(drop)
}
