//! What the tests ask of the server, and how.

use std::time::Duration;

use super::super::{Endpoint, EndpointError};
pub(super) use crate::outbound::fake::Server;
use crate::outbound::{KeyText, SiteKey};

/// Enough for any answer that comes at all.
pub(super) const PLENTY: Duration = Duration::from_secs(30);
pub(super) const KEY: &str = "sk-test-0123456789abcdef";

/// Wraps a key.
pub(super) fn bearer(key: &str) -> SiteKey {
    SiteKey::bearer(KeyText::new(key.to_owned()))
}

impl Server {
    pub(super) fn endpoint(&self) -> Endpoint {
        let url = format!("http://{}/v1/embeddings", self.address);
        Endpoint::new(&url, "bge-m3", Some(bearer(KEY))).unwrap()
    }

    pub(super) async fn ask(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EndpointError> {
        embed(&self.endpoint(), texts, PLENTY).await
    }

    /// The words of the error, with the port as `PORT`.
    pub(super) async fn complaint(&self, texts: &[&str], deadline: Duration) -> String {
        let error = embed(&self.endpoint(), texts, deadline).await.unwrap_err().to_string();
        error.replace(&self.address.to_string(), "HOST")
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
