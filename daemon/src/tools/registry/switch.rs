//! Switching tools off and on while the daemon runs: written first, then in force, then told to clients once.

use std::sync::atomic::Ordering;

use bytes::Bytes;

use super::{Entry, Registry, list};
use crate::store::{Store, StoreError};

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
        if !changed.is_empty() {
            self.list_anew();
            self.changes.send_modify(|count| *count += 1);
        }
        let names = |entries: Vec<&Entry>| entries.into_iter().map(|entry| entry.name).collect();
        Ok(Switched { changed: names(changed), already: names(already) })
    }

    fn list_anew(&self) {
        let anew = Bytes::from(list(self.enabled()));
        *self.full_list.write() = anew;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::watch;

    use super::*;
    use crate::auth::Need;

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
        assert_eq!(registry.is_enabled("create_todo"), Some(true));
        assert_eq!(*registry.changes().borrow(), 0);
    }
}
