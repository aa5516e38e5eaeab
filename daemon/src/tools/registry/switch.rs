//! Switching tools off and on while the daemon runs: what operators say is written first, then in force, then told to
//! clients once; what the configuration leaves out changes with it.

use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::{Entry, Registry, list};
use crate::store::{Store, StoreError};

/// Whether clients may have a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// They may.
    Offered,
    /// An operator switched it off.
    Disabled,
    /// The configuration leaves its family out.
    LeftOut,
}

/// What an order to switch tools changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switched {
    /// The tools that were the other way before.
    pub changed: Vec<&'static str>,
    /// The tools that were so already.
    pub already: Vec<&'static str>,
}

/// Why tools were not switched; none of those named was.
#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    /// There are no tools of these names.
    #[error("there are no tools {0:?}")]
    Unknown(Vec<String>),
    /// It could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Registry {
    /// Switches off what operators switched off before this start. Nobody listens yet, so nobody is told.
    pub async fn restore(&self, store: &Store) -> Result<(), StoreError> {
        for name in store.tools().disabled().await? {
            // The name of a tool that this version does not have stays in the store for one that has it.
            if let Some(entry) = self.find(&name) {
                entry.disabled.store(true, Ordering::Relaxed);
            }
        }
        self.list_anew();
        Ok(())
    }

    /// Enables or disables tools, all of them or none. Clients hear of it once; calls that run go on.
    pub async fn switch(
        &self,
        store: &Store,
        names: &[String],
        enabled: bool,
    ) -> Result<Switched, SwitchError> {
        let (mut chosen, mut unknown) = (Vec::<&Entry>::new(), Vec::new());
        for name in names {
            match self.find(name) {
                Some(entry) if chosen.iter().any(|other| other.name == entry.name) => {}
                Some(entry) => chosen.push(entry),
                None => unknown.push(name.clone()),
            }
        }
        if !unknown.is_empty() {
            return Err(SwitchError::Unknown(unknown));
        }
        let _turn = self.switching.lock().await;
        // Also those that are so already: what is in force must be what is written.
        let written = chosen.iter().map(|entry| entry.name).collect();
        store.tools().switch(written, enabled).await?;
        let (already, changed): (Vec<_>, Vec<_>) =
            chosen.into_iter().partition(|entry| entry.is_enabled() == enabled);
        for entry in &changed {
            entry.disabled.store(!enabled, Ordering::Relaxed);
        }
        if changed.iter().any(|entry| !entry.is_left_out()) {
            self.list_anew();
            self.changes.send_modify(|count| *count += 1);
        }
        let names = |entries: Vec<&Entry>| entries.into_iter().map(|entry| entry.name).collect();
        Ok(Switched { changed: names(changed), already: names(already) })
    }

    /// Offers the tools of the families that a configuration names. Clients hear of it once, if it changes anything;
    /// calls that run go on.
    pub fn reload(&self, tools: &mcpd_config::Tools) {
        let mut changed = false;
        for entry in &self.entries {
            let left_out = !entry.family.is_offered(tools.families.as_deref());
            let was = entry.left_out.swap(left_out, Ordering::Relaxed);
            // What is disabled as well stays away either way.
            changed |= was != left_out && entry.is_enabled();
        }
        if changed {
            self.list_anew();
            self.changes.send_modify(|count| *count += 1);
        }
    }

    fn list_anew(&self) {
        // Made while nobody else can put another in its place: the last to come has seen what all before it switched.
        let mut full_list = self.full_list.write();
        *full_list = Bytes::from(list(self.all_offered()));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::watch;

    use super::*;
    use crate::{auth::Need, tools::Family};

    fn words(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[tokio::test]
    async fn a_switch_is_written_in_force_and_told_once() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("t.db"), 1).await.unwrap();
        let (_sender, config) = watch::channel(Arc::new(mcpd_config::Config::load(None, &[]).unwrap()));
        let build = || Registry::on(&store, &config);
        let registry = build();
        let (all, full) = (registry.len(), registry.full_list.read().clone());
        let mut changes = registry.changes();
        let unknown = registry.switch(&store, &words(&["create_todo", "x"]), false).await;
        assert!(matches!(unknown, Err(SwitchError::Unknown(names)) if names == ["x"]));
        assert_eq!((registry.len(), changes.has_changed().unwrap()), (all, false));

        let two = words(&["create_todo", "list_todos", "create_todo"]);
        let switched = registry.switch(&store, &two, false).await.unwrap();
        assert_eq!(switched.changed, ["create_todo", "list_todos"]);
        assert_eq!((registry.len(), *changes.borrow_and_update()), (all - 2, 1));
        assert!(matches!(registry.need("create_todo"), Need::NoSuchTool));
        let listed = registry.full_list.read().clone();
        assert!(!listed.windows(13).any(|part| part == b"\"create_todo\""), "{listed:?}");
        let again = registry.switch(&store, &two, false).await.unwrap();
        assert_eq!((again.changed.len(), again.already.len()), (0, 2));
        assert!(!changes.has_changed().unwrap());

        // Another version wrote the name of a tool that is not here.
        store.tools().switch(vec!["a_tool_to_come"], false).await.unwrap();
        let later = build();
        later.restore(&store).await.unwrap();
        assert_eq!((later.len(), later.full_list.read().clone()), (all - 2, listed));
        assert_eq!(*later.changes().borrow(), 0);
        later.switch(&store, &two, true).await.unwrap();
        assert_eq!((later.len(), later.full_list.read().clone()), (all, full));
        assert_eq!(store.tools().disabled().await.unwrap(), ["a_tool_to_come"]);
    }

    #[tokio::test]
    async fn what_cannot_be_written_does_not_take_effect() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("t.db"), 1).await.unwrap();
        let (_sender, config) = watch::channel(Arc::new(mcpd_config::Config::load(None, &[]).unwrap()));
        let registry = Registry::on(&store, &config);
        store.close().await;
        let refused = registry.switch(&store, &words(&["create_todo"]), false).await;
        assert!(matches!(refused, Err(SwitchError::Store(_))));
        assert_eq!(registry.standing("create_todo"), Some(Standing::Offered));
        assert_eq!(*registry.changes().borrow(), 0);
    }

    #[tokio::test]
    async fn a_family_that_is_left_out_is_as_if_it_were_not_there() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("t.db"), 1).await.unwrap();
        let of = |text: &str| {
            let file = format!("[tools]\n{text}");
            mcpd_config::Config::load(Some(("mcpd.toml".as_ref(), &file)), &[]).unwrap()
        };
        let (_sender, config) = watch::channel(Arc::new(of("families = [\"context\"]")));
        let registry = Registry::on(&store, &config);
        let mut changes = registry.changes();
        assert!(registry.summaries().iter().all(|tool| tool.left_out
            != (tool.family == Family::Context
                || cfg!(feature = "testing") && tool.family.as_str() == "fixture")));
        assert!(matches!(registry.need("store_memory"), Need::NoSuchTool));
        assert!(matches!(registry.need("create_todo"), Need::Tool { family: "context", .. }));
        let few = registry.full_list.read().clone();

        // Switched while it is left out: nobody is told, and it stays switched when the family comes back.
        registry.switch(&store, &words(&["store_memory"]), false).await.unwrap();
        registry.reload(&of("families = [\"context\"]").tools);
        assert!(!changes.has_changed().unwrap());
        registry.reload(&of("").tools);
        assert_eq!(*changes.borrow_and_update(), 1);
        assert_eq!(registry.standing("store_memory"), Some(Standing::Disabled));
        assert_eq!(registry.standing("retrieve_memory"), Some(Standing::Offered));
        registry.reload(&of("families = [\"context\"]").tools);
        assert_eq!((*changes.borrow_and_update(), registry.full_list.read().clone()), (2, few));
    }

    #[tokio::test]
    async fn every_shipped_family_can_be_named() {
        for family in Family::ALL {
            let named: mcpd_config::ToolFamily = family.as_str().parse().unwrap();
            assert!(family.is_offered(Some(&[named])) && !family.is_offered(Some(&[])), "{family:?}");
        }
    }
}
