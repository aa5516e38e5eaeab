//! A server that does as a test tells it, on a port of its own.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{body::to_bytes, extract::Request, response::Response};
use http::request::Parts;
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    task::{JoinHandle, JoinSet},
};

use super::super::{Endpoint, EndpointError};
use crate::outbound::SiteKey;

/// Enough for any answer that comes at all.
pub(super) const PLENTY: Duration = Duration::from_secs(30);
pub(super) const KEY: &str = "sk-test-0123456789abcdef";

pub(super) type Seen = Arc<Mutex<Vec<(Parts, Value)>>>;

/// A server on a port of its own, gone when dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// Requests, each with its question.
    pub(super) seen: Seen,
    connections: Arc<AtomicUsize>,
    task: Task,
}

pub(super) struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Server {
    /// Answers the request of that number, counted from 0.
    pub(super) async fn new(
        answer: impl Fn(usize, &Value) -> Response + Clone + Send + Sync + 'static,
    ) -> Self {
        let seen = Seen::default();
        let kept = seen.clone();
        let app = axum::Router::new().fallback(async move |request: Request| {
            let (parts, body) = request.into_parts();
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let body = serde_json::from_slice(&body).unwrap_or_default();
            let number = kept.lock().len();
            let response = answer(number, &body);
            kept.lock().push((parts, body));
            response
        });
        let http = Self::raw(move |stream| {
            let service = TowerToHyperService::new(app.clone());
            async move {
                // A client that has heard enough hangs up: no matter here.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            }
        });
        Self { seen, ..http.await }
    }

    /// Does with each connection what `serve` does.
    pub(super) async fn raw<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = connections.clone();
        let task = tokio::spawn(async move {
            let mut served = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                served.spawn(serve(stream));
            }
        });
        Self { address, seen: Seen::default(), connections, task: Task(task) }
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        let url = format!("http://{}/v1/embeddings", self.address);
        Endpoint::new(&url, "bge-m3", Some(SiteKey::bearer(KEY))).unwrap()
    }

    pub(super) async fn ask(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EndpointError> {
        embed(&self.endpoint(), texts, PLENTY).await
    }

    /// The words of the error, with the port as `PORT`.
    pub(super) async fn complaint(&self, texts: &[&str], deadline: Duration) -> String {
        let error = embed(&self.endpoint(), texts, deadline).await.unwrap_err().to_string();
        error.replace(&self.address.to_string(), "HOST")
    }

    /// Stops, and returns the address where nothing listens any more.
    pub(super) async fn stop(mut self) -> SocketAddr {
        self.task.0.abort();
        assert!((&mut self.task.0).await.unwrap_err().is_cancelled());
        self.address
    }

    pub(super) fn requests(&self) -> usize {
        self.seen.lock().len()
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub(super) async fn embed(
    endpoint: &Endpoint,
    texts: &[&str],
    deadline: Duration,
) -> Result<Vec<Vec<f32>>, EndpointError> {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    endpoint.embed(&texts, deadline).await
}
