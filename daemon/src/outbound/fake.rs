//! A site that does as a test tells it, on a port of its own.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
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

pub(crate) type Seen = Arc<Mutex<Vec<(Parts, Value)>>>;

/// A server on a port of its own, gone when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    /// Requests, each with its question.
    pub(crate) seen: Seen,
    connections: Arc<AtomicUsize>,
    task: Task,
}

pub(crate) struct Task(JoinHandle<()>);

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Server {
    /// Answers the request of that number, counted from 0.
    pub(crate) async fn new(
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
    pub(crate) async fn raw<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
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

    /// Stops, and returns the address where nothing listens any more.
    pub(crate) async fn stop(mut self) -> SocketAddr {
        self.task.0.abort();
        assert!((&mut self.task.0).await.unwrap_err().is_cancelled());
        self.address
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.lock().len()
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
