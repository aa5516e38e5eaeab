//! Someone the daemon knows, with all they may do.

use std::{
    net::IpAddr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use ipnet::IpNet;
use mcpd_config::Rate;
use parking_lot::RwLock;
use tokio_util::sync::CancellationToken;

use super::{ForeignText, Need, Scope};
use crate::{
    store::{KeyRow, StoreError},
    telemetry::{KeyMeter, Recorder},
};

/// Tells principals apart; sessions and limits hang on it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PrincipalId {
    /// An API key by its public id.
    Key(String),
    /// A user of this machine behind a local stream.
    Local(u32),
    /// Anyone, where keys are switched off.
    Anonymous,
}

/// What stands before the name of a family in the tool lists of a key. No tool's name has a colon, so that none is ever
/// taken for a family.
pub const FAMILY: &str = "family:";

/// Which tools a key may call, within its scopes. A list holds names of tools, and names of families behind [`FAMILY`]:
/// these stand for every tool of the family, also for those to come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolPolicy {
    /// Only these; empty means all.
    pub allow: Vec<String>,
    /// Never these.
    pub deny: Vec<String>,
}

impl ToolPolicy {
    /// Answers whether the policy lets a tool of a family through.
    pub fn permits(&self, tool: &str, family: &str) -> bool {
        let names = |word: &String| word.strip_prefix(FAMILY).map_or(word == tool, |named| named == family);
        let listed = |list: &[String]| list.iter().any(names);
        (self.allow.is_empty() || listed(&self.allow)) && !listed(&self.deny)
    }

    /// Answers whether the policy lets every tool through.
    pub fn is_open(&self) -> bool {
        self.allow.is_empty() && self.deny.is_empty()
    }
}

/// Someone the daemon knows.
#[derive(Debug)]
pub struct Principal {
    /// Tells it from others.
    pub id: PrincipalId,
    /// Name for people.
    name: RwLock<Arc<str>>,
    /// Whose data it sees.
    pub tenant: String,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Which tools it may call.
    pub tools: ToolPolicy,
    /// Networks it may come from; empty means any.
    pub cidrs: Vec<IpNet>,
    /// Own rate.
    pub rate: Option<Rate>,
    /// Own limit of connections.
    pub connections: Option<u32>,
    /// When it was issued, UTC milliseconds.
    pub created_at: i64,
    /// When it expires, UTC milliseconds.
    pub expires_at: Option<i64>,
    /// Its counters, once it has called.
    meter: OnceLock<KeyMeter>,
    /// Whether the store knows that it was revoked.
    pub(super) revocation_kept: AtomicBool,
    /// When it was revoked, or zero.
    pub(super) revoked_at: AtomicI64,
    /// When it was last used, or zero.
    pub(super) last_used_at: AtomicI64,
    /// Fires when it is revoked; streams, sessions and running calls watch it.
    pub revoked: CancellationToken,
}

impl Principal {
    /// Returns the principal behind a local stream: the person at the machine may do everything.
    pub fn local(uid: u32) -> Self {
        Self::builtin(PrincipalId::Local(uid), "local")
    }

    /// Returns the principal of a key as kept.
    pub(super) fn of_key(row: KeyRow) -> Result<Self, StoreError> {
        let corrupt = |what| move |_| StoreError::Corrupt(what);
        let scopes = row.scopes.iter().map(|text| text.parse()).collect::<Result<_, String>>();
        let cidrs = row.cidrs.iter().map(|text| text.parse()).collect::<Result<_, _>>();
        let rate = row.rate.as_deref().map(str::parse).transpose();
        let principal = Self {
            tenant: row.tenant,
            scopes: scopes.map_err(corrupt("the scopes of a key"))?,
            tools: ToolPolicy { allow: row.tools, deny: row.deny_tools },
            cidrs: cidrs.map_err(|_: ipnet::AddrParseError| StoreError::Corrupt("the networks of a key"))?,
            rate: rate.map_err(|_| StoreError::Corrupt("the rate of a key"))?,
            connections: row.connections,
            created_at: row.created_at,
            expires_at: row.expires_at,
            revocation_kept: row.revoked_at.is_some().into(),
            revoked_at: row.revoked_at.unwrap_or(0).into(),
            last_used_at: row.last_used_at.unwrap_or(0).into(),
            ..Self::builtin(PrincipalId::Key(row.id), &row.name)
        };
        if row.revoked_at.is_some() {
            principal.revoked.cancel();
        }
        Ok(principal)
    }

    /// Returns the principal everyone is where keys are switched off.
    pub fn anonymous() -> Self {
        Self::builtin(PrincipalId::Anonymous, "anonymous")
    }

    fn builtin(id: PrincipalId, name: &str) -> Self {
        Self {
            id,
            name: RwLock::new(name.into()),
            tenant: "default".to_owned(),
            scopes: Scope::ALL.to_vec(),
            tools: ToolPolicy::default(),
            cidrs: Vec::new(),
            rate: None,
            connections: None,
            created_at: 0,
            expires_at: None,
            meter: OnceLock::new(),
            revocation_kept: AtomicBool::new(false),
            revoked_at: AtomicI64::new(0),
            last_used_at: AtomicI64::new(0),
            revoked: CancellationToken::new(),
        }
    }

    /// Returns its name for people.
    pub fn name(&self) -> Arc<str> {
        Arc::clone(&self.name.read())
    }

    pub(super) fn set_name(&self, name: &str) {
        *self.name.write() = name.into();
    }

    /// Returns its counters in a registry.
    pub fn meter(&self, recorder: &Recorder) -> &KeyMeter {
        self.meter.get_or_init(|| recorder.key(&self.label()))
    }

    /// Returns how many requests it made since the daemon's start.
    pub fn requests(&self) -> u64 {
        self.meter.get().map_or(0, KeyMeter::requests)
    }

    /// Returns what names it in figures: the public id of a key, which no caller chooses.
    pub fn label(&self) -> String {
        match &self.id {
            PrincipalId::Key(id) => id.clone(),
            PrincipalId::Local(_) | PrincipalId::Anonymous => self.author(),
        }
    }

    /// Answers whether it was brought along from another deployment.
    pub fn is_imported(&self) -> bool {
        matches!(&self.id, PrincipalId::Key(id) if ForeignText::has_id(id))
    }

    /// Answers whether it may do what a request needs.
    pub fn may(&self, need: Need<'_>) -> bool {
        match need {
            Need::Nothing => true,
            Need::Scope(scope) => self.scopes.contains(&scope),
            Need::Tool { name, family, scope } => {
                self.scopes.contains(&scope) && self.tools.permits(name, family)
            }
            Need::NoSuchTool => false,
        }
    }

    /// Answers whether it may come from `address`.
    pub fn may_come_from(&self, address: IpAddr) -> bool {
        self.cidrs.is_empty() || self.cidrs.iter().any(|net| net.contains(&address))
    }

    /// Answers whether it has expired at `now`, UTC milliseconds.
    pub fn expired(&self, now: i64) -> bool {
        self.expires_at.is_some_and(|end| end <= now)
    }

    /// Returns how long it is until it expires; none for one that does not.
    pub fn time_left(&self) -> Option<Duration> {
        let left = self.expires_at?.saturating_sub(crate::store::now()).max(0);
        Some(Duration::from_millis(left.unsigned_abs()))
    }

    /// Answers whether it was revoked. Cheaper than asking the token, for what asks at every request.
    pub fn is_revoked(&self) -> bool {
        self.revoked_at.load(Ordering::Relaxed) != 0
    }

    /// Returns when it was revoked.
    pub fn revoked_at(&self) -> Option<i64> {
        Some(self.revoked_at.load(Ordering::Relaxed)).filter(|at| *at != 0)
    }

    /// Answers whether the store knows of the revocation; if not, revoking again tries again.
    pub(super) fn revoked_kept(&self) -> bool {
        self.revocation_kept.load(Ordering::Relaxed)
    }

    /// Returns when it was last used.
    pub fn last_used_at(&self) -> Option<i64> {
        Some(self.last_used_at.load(Ordering::Relaxed)).filter(|at| *at != 0)
    }

    /// Returns the name kept as the author of what it writes: stable when the key is renamed.
    pub fn author(&self) -> String {
        match &self.id {
            PrincipalId::Key(id) => format!("key:{id}"),
            PrincipalId::Local(uid) => format!("local:{uid}"),
            PrincipalId::Anonymous => "anonymous".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_stands_for_its_tools_and_a_denied_tool_stays_denied() {
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let policy = |allow: &[&str], deny: &[&str]| ToolPolicy { allow: words(allow), deny: words(deny) };
        let memory = policy(&["family:memory", "list_todos"], &["store_memory"]);
        for (tool, family, may) in [
            ("retrieve_memory", "memory", true),
            ("a_tool_to_come", "memory", true),
            ("store_memory", "memory", false),
            ("list_todos", "context", true),
            ("create_todo", "context", false),
            ("memory", "code", false),
        ] {
            assert_eq!(memory.permits(tool, family), may, "{tool}");
        }
        let without = policy(&[], &["family:code"]);
        assert!(without.permits("list_todos", "context") && !without.permits("find_entity", "code"));
        assert!(!without.is_open() && policy(&[], &[]).is_open());
    }
}
