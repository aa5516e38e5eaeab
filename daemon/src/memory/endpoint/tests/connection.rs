//! Endpoints that are silent, break off, are not there, or cannot be trusted.

use std::{sync::Arc, time::Duration};

use axum::body::Body;
use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::{RootCertStore, crypto::ring, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::{
    super::{Endpoint, WHAT},
    openai,
    server::{KEY, PLENTY, Server, bearer, embed},
    status,
};
use crate::outbound::{Site, SiteKey};

/// Makes an endpoint that is checked against these authorities.
fn with_roots(url: &str, key: Option<SiteKey>, roots: RootCertStore) -> Endpoint {
    Endpoint { site: Site::with_roots(WHAT, url, key, || Ok(roots)).unwrap(), model: "m".to_owned() }
}

/// Enough for a deadline to pass.
const LITTLE: Duration = Duration::from_millis(50);

#[tokio::test]
async fn silence_ends_with_the_deadline() {
    let silent = Server::raw(async |stream| {
        let _stream = stream;
        std::future::pending().await
    })
    .await;
    assert_eq!(silent.complaint(&["a text"], LITTLE).await, "HOST gave no answer within 50 ms");
    let stalled = Server::new(|_, _| {
        status(200, Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>()))
    })
    .await;
    assert_eq!(stalled.complaint(&["a text"], LITTLE).await, "HOST gave no answer within 50 ms");
    let endpoint = stalled.endpoint();
    let endless = embed(&endpoint, &["a text"], Duration::MAX);
    assert!(timeout(LITTLE, endless).await.is_err());
}

#[tokio::test]
async fn what_is_wrong_with_a_connection_is_told_apart() {
    let closing = Server::raw(async |mut stream| {
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await;
    let closed = "HOST closed the connection before its answer was complete";
    assert_eq!(closing.complaint(&["a text"], PLENTY).await, closed);
    assert_eq!(closing.connections(), 2, "it is tried once more");

    let short = Server::raw(async |mut stream| {
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{").await;
    })
    .await;
    assert_eq!(short.complaint(&["a text"], PLENTY).await, closed);

    let other = Server::raw(async |mut stream| {
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"\x15\x03\x01\x00\x02\x02\x46").await;
    })
    .await;
    let words = "HOST does not answer in HTTP; is the url https:// there?";
    assert_eq!(other.complaint(&["a text"], PLENTY).await, words);

    let gone = Server::new(|_, _| status(500, "")).await;
    let endpoint = gone.endpoint();
    let address = gone.stop().await;
    let error = embed(&endpoint, &["a text"], PLENTY).await.unwrap_err().to_string();
    assert_eq!(error, format!("{address} refuses the connection: nothing listens there"));

    // No name server is asked for a label of more than 63 letters.
    let name = "n".repeat(64);
    let nowhere = Endpoint::new(&format!("http://{name}.invalid:1/v1/embeddings"), "m", None).unwrap();
    let error = embed(&nowhere, &["a text"], PLENTY).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("{name}.invalid:1 cannot be reached: ")), "{error}");
}

/// Returns an authority, and the server's side of TLS with a certificate of it for that name.
fn certified(name: &str) -> (RootCertStore, Arc<rustls::ServerConfig>) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, format!("authority of {name}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(params.self_signed(&key).unwrap().der().clone()).unwrap();
    let authority = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    (roots, Arc::new(config))
}

#[tokio::test]
async fn a_certificate_is_checked() {
    let (roots, config) = certified("127.0.0.1");
    let (others, elsewhere) = certified("elsewhere.example");
    for (config, trusted, outcome) in [
        (config.clone(), roots, Ok(())),
        (
            config,
            others.clone(),
            Err("its certificate comes from an authority that this machine does not trust"),
        ),
        (
            elsewhere,
            others,
            Err(
                "invalid peer certificate: certificate not valid for name \"127.0.0.1\"; certificate is only valid for DnsName(\"elsewhere.example\")",
            ),
        ),
    ] {
        let server = Server::raw(move |stream| {
            let config = config.clone();
            async move {
                let Ok(mut stream) = tokio_rustls::TlsAcceptor::from(config).accept(stream).await else {
                    return;
                };
                let _ = stream.read(&mut [0; 1024]).await;
                let body = r#"{"data":[{"index":0,"embedding":[1,1]}]}"#;
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(head.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        })
        .await;
        let url = format!("https://{}/v1/embeddings", server.address);
        let endpoint = with_roots(&url, Some(bearer(KEY)), trusted);
        let answer = embed(&endpoint, &["a text"], PLENTY).await;
        match outcome {
            Ok(()) => assert_eq!(answer.unwrap()[0].len(), 2),
            Err(words) => {
                let words = format!("no secure connection to {}: {words}", server.address);
                assert_eq!(answer.unwrap_err().to_string(), words);
                assert_eq!(server.connections(), 1);
            }
        }
    }
}

#[tokio::test]
async fn the_scheme_of_the_other_kind_is_noticed() {
    let plain = Server::new(|_, question| openai(question)).await;
    let url = format!("https://{}/v1/embeddings", plain.address);
    let endpoint = with_roots(&url, None, RootCertStore::empty());
    let error = embed(&endpoint, &["a text"], PLENTY).await.unwrap_err().to_string();
    assert!(error.ends_with(": it does not speak TLS; is its url http://?"), "{error}");
}
