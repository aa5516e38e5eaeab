//! `subscriptions/listen`: one request that stays open and hears of what changes (MCP 2026-07-28, Subscriptions).

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use tokio_util::sync::CancellationToken;

use super::{
    Id, Line, Origin, RpcError,
    dispatch::{Ask, Done, Mcp},
    news::Wanted,
    resources::Address,
    session::SUBSCRIPTIONS,
    voice::notification,
};
use crate::{
    auth::{Need, Principal, Scope, Unrecognised},
    guard::Denied,
};

/// Longest a subscription stays open; its client opens another.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Subscriptions that one stream may carry at a time.
const ON_ONE_STREAM: usize = 16;

/// Longest message that opens a subscription, in bytes: it is held for as long as that is open.
const MESSAGE: usize = 64 * 1024;

/// Parameters of `subscriptions/listen`.
#[derive(Deserialize)]
struct Params {
    notifications: Filter,
}

/// What a client wants to hear of.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Filter {
    #[serde(default)]
    tools_list_changed: bool,
    #[serde(default)]
    resources_list_changed: bool,
    #[serde(default)]
    resource_subscriptions: Vec<String>,
}

impl Filter {
    /// Returns what of it is honoured: of resources only what there can be and `who` may read.
    fn honoured(self, who: &Principal) -> Result<Wanted, RpcError> {
        if self.resource_subscriptions.len() > SUBSCRIPTIONS {
            let why = format!("a subscription names at most {SUBSCRIPTIONS} resources");
            return Err(RpcError::InvalidParams(why));
        }
        let addresses = self.resource_subscriptions.iter().filter_map(|uri| Address::read(uri));
        let open = addresses.filter(|address| address.place.kind().open_to(who));
        // As news spell them: a client hears of what it is told is honoured.
        let mut uris: Vec<String> = open.map(|address| address.uri()).collect();
        uris.sort();
        uris.dedup();
        Ok(Wanted {
            tools: self.tools_list_changed,
            resources: self.resources_list_changed && who.may(Need::Scope(Scope::Read)),
            uris,
        })
    }
}

impl Mcp {
    /// Tells the client what changes until it leaves, its key ends, or the daemon drains.
    pub(super) async fn listen(
        &self,
        ask: &Ask<'_>,
        id: &Id,
        params: Option<&RawValue>,
    ) -> Result<Done, RpcError> {
        if ask.body.len() > MESSAGE {
            let why = format!("a message that opens a subscription has at most {MESSAGE} bytes");
            return Err(RpcError::InvalidParams(why));
        }
        let params: Params = super::dispatch::read(params)?;
        if !ask.outlet.is_open() {
            let why = "a subscription is an event stream: send Accept: application/json, text/event-stream";
            return Err(RpcError::InvalidRequest(why.into()));
        }
        let (_open, hushed) = match &ask.origin {
            Origin::Http(_) => (None, CancellationToken::new()),
            Origin::Stream(line) => (Some(Open::on(line)?), line.hushed.clone()),
        };
        let who = &ask.visitor.principal;
        let wanted = params.notifications.honoured(who)?;
        let own: Value = serde_json::from_str(id.as_json()).unwrap_or_default();
        let tag = json!({ "io.modelcontextprotocol/subscriptionId": own });
        let subscribed = self.news.subscribe(&who.tenant, wanted.clone());
        let acknowledged = json!({ "_meta": tag, "notifications": told(&wanted) });
        let mut heard =
            ask.outlet.send(notification("notifications/subscriptions/acknowledged", &acknowledged)).await;

        let expired = who.time_left().map(|left| tokio::time::sleep(left.min(LONGEST)));
        let mut expired = std::pin::pin!(async {
            match expired {
                Some(expired) => expired.await,
                None => std::future::pending().await,
            }
        });
        let mut longest = std::pin::pin!(tokio::time::sleep(LONGEST));
        while heard {
            let news = tokio::select! {
                biased;
                () = who.revoked.cancelled() => return Err(unrecognised(Unrecognised::Revoked)),
                () = ask.visitor.lease.over().cancelled() => return Err(unrecognised(Unrecognised::Replaced)),
                () = expired.as_mut() => return Err(unrecognised(Unrecognised::Expired)),
                news = subscribed.next() => news,
                () = self.guard.draining().cancelled() => break,
                () = hushed.cancelled() => break,
                () = longest.as_mut() => break,
            };
            heard = ask.outlet.send(news.message(&own)).await;
        }
        // A graceful end is the answer to the request that began it.
        Ok(Done::plain(json!({ "resultType": "complete", "_meta": tag }).to_string()))
    }
}

/// A subscription counted on its stream: each holds a place that requests need.
struct Open<'a>(&'a AtomicUsize);

impl<'a> Open<'a> {
    fn on(line: &'a Line) -> Result<Self, RpcError> {
        let open = Self(&line.subscriptions);
        if line.subscriptions.fetch_add(1, Ordering::Relaxed) >= ON_ONE_STREAM {
            let why = format!("a stream carries at most {ON_ONE_STREAM} subscriptions");
            return Err(RpcError::InvalidRequest(why.into()));
        }
        Ok(open)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn unrecognised(why: Unrecognised) -> RpcError {
    RpcError::Denied(Denied::Unauthenticated(why))
}

/// The filter as it is acknowledged: what is not honoured is left out.
fn told(wanted: &Wanted) -> Value {
    let mut told = json!({});
    if wanted.tools {
        told["toolsListChanged"] = true.into();
    }
    if wanted.resources {
        told["resourcesListChanged"] = true.into();
    }
    if !wanted.uris.is_empty() {
        told["resourceSubscriptions"] = wanted.uris.clone().into();
    }
    told
}
