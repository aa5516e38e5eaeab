//! Known errors: record what failed and what helped, and ask before it fails again.

mod error_firewall_check;
mod error_firewall_query;
mod error_firewall_record;
mod error_firewall_stats;
mod view;

use std::sync::Arc;

use mcpd_config::Config;
use tokio::sync::watch;

use super::{
    Code, ToolError,
    params::ProjectId,
    registry::{BadSchema, Building},
};
use crate::{
    auth::Principal,
    firewall::{Firewall, FirewallError, Whose},
    store::Store,
};

/// Adds the family.
pub(super) fn register(
    registry: &mut Building<'_>,
    store: &Store,
    config: &watch::Receiver<Arc<Config>>,
) -> Result<(), BadSchema> {
    let firewall = Arc::new(Firewall::new(store.clone(), config.clone()));
    let asked = || Asking { store: store.clone(), firewall: Arc::clone(&firewall) };
    registry.add(error_firewall_record::ErrorFirewallRecord { firewall: Arc::clone(&firewall) })?;
    registry.add(error_firewall_check::ErrorFirewallCheck(asked()))?;
    registry.add(error_firewall_query::ErrorFirewallQuery(asked()))?;
    registry.add(error_firewall_stats::ErrorFirewallStats(asked()))
}

/// Where the known errors are asked.
struct Asking {
    store: Store,
    firewall: Arc<Firewall>,
}

impl Asking {
    /// Returns whose errors a call sees: the project's and the shared ones, or these alone.
    async fn whose(&self, who: &Principal, project: Option<&ProjectId>) -> Result<Whose, ToolError> {
        let project = match project {
            Some(project) => Some(project.find(&self.store, who).await?.id),
            None => None,
        };
        Ok(Whose { tenant: who.tenant.clone(), project })
    }
}

impl From<FirewallError> for ToolError {
    fn from(error: FirewallError) -> Self {
        let words = error.to_string();
        match error {
            FirewallError::Features { .. } => Self::new(Code::InvalidArguments, words)
                .hint("name only the few features that make the operation fail"),
            FirewallError::Secret { .. } => {
                Self::new(Code::Refused, words).hint("write where the secret is kept, not the secret itself")
            }
            FirewallError::UnknownSession(_) => Self::new(Code::NotFound, words)
                .hint("start_dev_session returns the id of a session; it must be one of project_id"),
            FirewallError::UnknownError(_) => Self::new(Code::NotFound, words).hint(
                "error_firewall_query lists the errors with their ids; leave project_id out, or name its own",
            ),
            FirewallError::Store(error) => error.into(),
            FirewallError::Unfinished(error) => Self::internal(&error),
        }
    }
}
