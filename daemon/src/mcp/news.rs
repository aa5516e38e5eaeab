//! What changed, told to the clients that asked to hear of it: sessions that subscribed to a resource, and modern
//! subscriptions. Each hears of a change once, however often it happened before they listened again.

use std::{
    collections::HashMap,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

use super::{
    resources::Address,
    session::{Session, Sessions},
    voice::notification,
};
use crate::{
    auth::{Need, Principal, Scope},
    store::Change,
};

/// A list that changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    /// The tools.
    Tools,
    /// The resources of a tenant.
    Resources,
}

impl List {
    fn method(self) -> &'static str {
        match self {
            Self::Tools => "notifications/tools/list_changed",
            Self::Resources => "notifications/resources/list_changed",
        }
    }
}

/// What one modern subscription asked for, as far as it is honoured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) tools: bool,
    pub(super) resources: bool,
    pub(super) uris: Vec<String>,
}

/// One piece of news for a modern subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    List(List),
    Resource(String),
}

impl Heard {
    /// Returns the notification, tagged with the subscription it belongs to.
    pub(super) fn message(&self, subscription: &serde_json::Value) -> Bytes {
        let tag = json!({ "io.modelcontextprotocol/subscriptionId": subscription });
        match self {
            Self::List(list) => notification(list.method(), &json!({ "_meta": tag })),
            Self::Resource(uri) => {
                notification("notifications/resources/updated", &json!({ "_meta": tag, "uri": uri }))
            }
        }
    }
}

/// One modern subscription.
#[derive(Debug)]
struct Subscription {
    tenant: String,
    wanted: Wanted,
    heard: Mutex<Vec<Heard>>,
    more: Notify,
}

impl Subscription {
    fn hear(&self, news: Heard) {
        let mut heard = self.heard.lock();
        if !heard.contains(&news) {
            heard.push(news);
            self.more.notify_one();
        }
    }
}

/// Who listens to a resource.
#[derive(Debug, Clone)]
enum Ear {
    Session(Weak<Session>),
    Subscription(Weak<Subscription>),
}

/// The news, and who hears them.
pub struct News {
    sessions: Arc<Sessions>,
    subscriptions: Mutex<HashMap<u64, Arc<Subscription>>>,
    /// Who listens to which resource of which tenant.
    ears: Mutex<HashMap<(String, String), Vec<Ear>>>,
    last: AtomicU64,
}

impl News {
    /// Makes the news for these sessions; those that subscribed before a restart are listened for again.
    pub fn new(sessions: Arc<Sessions>) -> Self {
        Self { sessions, subscriptions: Mutex::default(), ears: Mutex::default(), last: AtomicU64::new(0) }
    }

    /// Returns the legacy sessions.
    pub fn sessions(&self) -> &Arc<Sessions> {
        &self.sessions
    }

    /// Listens for the sessions that subscribed before a restart.
    pub fn resume(&self) {
        for session in self.sessions.subscribed() {
            session.subscriptions().iter().for_each(|uri| self.listen_for(&session, uri));
        }
    }

    /// Carries changes of the store and of the list of tools to who wants to hear of them, until `stop` fires.
    pub async fn carry(
        &self,
        mut changes: broadcast::Receiver<Change>,
        mut tools: watch::Receiver<u64>,
        stop: CancellationToken,
    ) {
        loop {
            let change = tokio::select! {
                change = changes.recv() => change,
                Ok(()) = tools.changed() => {
                    self.list_changed(None, List::Tools);
                    continue;
                }
                () = stop.cancelled() => return,
            };
            match change {
                Ok(change) => self.changed(&change),
                // What was missed is unknown, so everything counts as changed.
                Err(broadcast::error::RecvError::Lagged(_)) => self.all_changed(),
                Err(broadcast::error::RecvError::Closed) => return,
            }
        }
    }

    fn changed(&self, change: &Change) {
        if change.part == crate::store::Part::ProjectMade {
            self.list_changed(Some(&change.tenant), List::Resources);
        }
        for address in Address::touched(change) {
            self.resource_changed(&change.tenant, &address.uri());
        }
    }

    fn resource_changed(&self, tenant: &str, uri: &str) {
        let key = (tenant.to_owned(), uri.to_owned());
        let Some(ears) = self.ears.lock().get(&key).cloned() else { return };
        ears.iter().for_each(|ear| tell(ear, uri));
    }

    fn all_changed(&self) {
        self.list_changed(None, List::Resources);
        let ears = self.ears.lock().clone();
        for ((_, uri), ears) in &ears {
            ears.iter().for_each(|ear| tell(ear, uri));
        }
    }

    fn list_changed(&self, tenant: Option<&str>, list: List) {
        let may = |who: &Principal| {
            let reads = list == List::Tools || who.may(Need::Scope(Scope::Read));
            reads && tenant.is_none_or(|tenant| who.tenant == tenant)
        };
        self.sessions.tell_all(may, &notification(list.method(), &json!({})));
        for subscription in self.subscriptions.lock().values() {
            let wanted = match list {
                List::Tools => subscription.wanted.tools,
                List::Resources => subscription.wanted.resources,
            };
            if wanted && tenant.is_none_or(|tenant| tenant == subscription.tenant) {
                subscription.hear(Heard::List(list));
            }
        }
    }

    /// Tells a session from now on when a resource changes.
    pub(super) fn listen_for(&self, session: &Arc<Session>, uri: &str) {
        self.forget(session, uri);
        let ear = Ear::Session(Arc::downgrade(session));
        self.add(&session.principal.tenant, uri, ear);
    }

    /// Tells a session no more when a resource changes.
    pub(super) fn forget(&self, session: &Arc<Session>, uri: &str) {
        let own = Arc::downgrade(session);
        self.drop_ears(&session.principal.tenant, uri, |ear| match ear {
            Ear::Session(session) => session.ptr_eq(&own),
            Ear::Subscription(_) => false,
        });
    }

    fn add(&self, tenant: &str, uri: &str, ear: Ear) {
        let key = (tenant.to_owned(), uri.to_owned());
        self.ears.lock().entry(key).or_default().push(ear);
    }

    fn drop_ears(&self, tenant: &str, uri: &str, gone: impl Fn(&Ear) -> bool) {
        let key = (tenant.to_owned(), uri.to_owned());
        let mut ears = self.ears.lock();
        if let Some(own) = ears.get_mut(&key) {
            own.retain(|ear| !gone(ear) && is_alive(ear));
            if own.is_empty() {
                ears.remove(&key);
            }
        }
    }

    /// Forgets sessions that ended without a word.
    pub fn sweep(&self) {
        let mut ears = self.ears.lock();
        ears.retain(|_, own| {
            own.retain(is_alive);
            !own.is_empty()
        });
        ears.shrink_to_fit();
    }

    /// Subscribes until the value is dropped.
    pub(super) fn subscribe(&self, tenant: &str, wanted: Wanted) -> Subscribed<'_> {
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        let subscription = Arc::new(Subscription {
            tenant: tenant.to_owned(),
            wanted,
            heard: Mutex::default(),
            more: Notify::new(),
        });
        for uri in &subscription.wanted.uris {
            self.add(tenant, uri, Ear::Subscription(Arc::downgrade(&subscription)));
        }
        self.subscriptions.lock().insert(number, Arc::clone(&subscription));
        Subscribed { news: self, number, subscription }
    }
}

fn is_alive(ear: &Ear) -> bool {
    match ear {
        Ear::Session(session) => session.upgrade().is_some_and(|session| !session.ended.is_cancelled()),
        Ear::Subscription(subscription) => subscription.strong_count() > 0,
    }
}

fn tell(ear: &Ear, uri: &str) {
    match ear {
        Ear::Session(session) => {
            if let Some(session) = session.upgrade() {
                session.tell(&notification("notifications/resources/updated", &json!({ "uri": uri })));
            }
        }
        Ear::Subscription(subscription) => {
            if let Some(subscription) = subscription.upgrade() {
                subscription.hear(Heard::Resource(uri.to_owned()));
            }
        }
    }
}

/// A subscription while somebody holds it.
pub(super) struct Subscribed<'a> {
    news: &'a News,
    number: u64,
    subscription: Arc<Subscription>,
}

impl Subscribed<'_> {
    /// Returns the next piece of news.
    pub(super) async fn next(&self) -> Heard {
        loop {
            {
                let mut heard = self.subscription.heard.lock();
                if !heard.is_empty() {
                    return heard.remove(0);
                }
            }
            self.subscription.more.notified().await;
        }
    }
}

impl Drop for Subscribed<'_> {
    fn drop(&mut self) {
        self.news.subscriptions.lock().remove(&self.number);
        let own = Arc::downgrade(&self.subscription);
        for uri in &self.subscription.wanted.uris {
            self.news.drop_ears(&self.subscription.tenant, uri, |ear| match ear {
                Ear::Subscription(other) => other.ptr_eq(&own),
                Ear::Session(_) => false,
            });
        }
    }
}
